// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/allocator.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace neuron::runtime {

Allocator::Allocator(uint64_t bytes) : free_bytes_(bytes / kAlignment * kAlignment) {
  if (free_bytes_ != 0) {
    free_.emplace(0, free_bytes_);
  }
}

uint64_t Allocator::RoundUp(uint64_t bytes) {
  return std::max<uint64_t>((bytes + kAlignment - 1) / kAlignment, 1) * kAlignment;
}

Result<uint64_t> Allocator::Allocate(uint64_t bytes) {
  const uint64_t size = RoundUp(bytes);
  const auto piece = std::find_if(free_.begin(), free_.end(), [&](const auto& candidate) {
    return bytes <= free_bytes_ && candidate.second >= size;
  });
  if (piece == free_.end()) {
    return Status(StatusCode::kResourceExhausted,
                  fmt::format("no {} bytes of device memory in one piece ({} bytes are free)",
                              bytes, free_bytes_));
  }
  const uint64_t address = piece->first;
  const uint64_t rest = piece->second - size;
  free_.erase(piece);
  if (rest != 0) {
    free_.emplace(address + size, rest);
  }
  used_.emplace(address, size);
  free_bytes_ -= size;
  return address;
}

void Allocator::Free(uint64_t address) {
  const auto used = used_.find(address);
  if (used == used_.end()) {
    return;
  }
  free_bytes_ += used->second;
  auto piece = free_.emplace(address, used->second).first;
  used_.erase(used);
  const auto next = std::next(piece);
  if (next != free_.end() && piece->first + piece->second == next->first) {
    piece->second += next->second;
    free_.erase(next);
  }
  if (piece != free_.begin()) {
    const auto previous = std::prev(piece);
    if (previous->first + previous->second == piece->first) {
      previous->second += piece->second;
      free_.erase(piece);
    }
  }
}

}  // namespace neuron::runtime
