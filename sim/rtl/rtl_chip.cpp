// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_chip.h"

namespace neuron::sim {

Result<bool> RtlChip::RunUntil(const std::function<bool()>& done, uint64_t max_cycles) {
  const uint64_t end = cycles() + max_cycles;
  while (!done()) {
    if (cycles() >= end) return false;
    NEURON_RETURN_IF_ERROR(Step(1));
  }
  return true;
}

namespace {

Status OutOfRange(isa::Space space, uint32_t partition, uint32_t address) {
  return Status(StatusCode::kInvalidArgument, std::string("no byte ") + std::to_string(address) +
                                                  " in partition " + std::to_string(partition) +
                                                  " of " + isa::Name(space));
}

}  // namespace

Status RtlChip::Peek(uint32_t core, isa::Space space, uint32_t partition, uint32_t address,
                     std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) {
    const uint32_t* word = MemoryWord(core, space, partition, address);
    if (word == nullptr) return OutOfRange(space, partition, address);
    byte = static_cast<std::byte>(*word >> (8 * (address % 4)));
    ++address;
  }
  return OkStatus();
}

Status RtlChip::Poke(uint32_t core, isa::Space space, uint32_t partition, uint32_t address,
                     std::span<const std::byte> bytes) {
  for (std::byte byte : bytes) {
    uint32_t* word = MemoryWord(core, space, partition, address);
    if (word == nullptr) return OutOfRange(space, partition, address);
    const uint32_t shift = 8 * (address % 4);
    *word = (*word & ~(0xFFu << shift)) | static_cast<uint32_t>(byte) << shift;
    ++address;
  }
  return OkStatus();
}

}  // namespace neuron::sim
