// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace neuron::compiler {
namespace {

// Buffers start at multiples of the widest memory beat, so that rows move whole beats.
constexpr int64_t kAlignment = 16;

// Times that share a list of what is alive then.
constexpr int kSpan = 64;
size_t SpanOf(int time) { return static_cast<size_t>(time / kSpan); }

int64_t AlignUp(int64_t value) { return (value + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

BufferId MemoryPlan::Add(std::string name, int64_t bytes) {
  Buffer buffer;
  buffer.name = std::move(name);
  buffer.bytes = AlignUp(std::max<int64_t>(bytes, 1));
  buffers_.push_back(std::move(buffer));
  return static_cast<BufferId>(buffers_.size()) - 1;
}

int64_t MemoryPlan::SlotBytes(int64_t bytes) const {
  constexpr int64_t kLarge = 8192;
  constexpr int64_t kStep = 512;
  return slots_ && bytes >= kLarge ? (bytes + kStep / 2 + kStep - 1) / kStep * kStep : bytes;
}

int64_t MemoryPlan::FindGap(int64_t bytes, int first, int last, bool from_top) const {
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t span = SpanOf(first); span < std::min(placed_.size(), SpanOf(last) + 1); ++span) {
    for (const BufferId id : placed_[span]) {
      const Buffer& other = buffer(id);
      if (other.first <= last && first <= other.last) {
        taken.emplace_back(other.offset, other.offset + SlotBytes(other.bytes));
      }
    }
  }
  std::ranges::sort(taken);
  bytes = SlotBytes(bytes);
  int64_t best = -1;
  int64_t at = 0;
  for (const auto& [low, high] : taken) {
    if (low - at >= bytes) {
      if (!from_top) {
        return at;
      }
      best = low - bytes;
    }
    at = std::max(at, high);
  }
  if (capacity_ - at >= bytes) {
    best = from_top ? (capacity_ - bytes) / kAlignment * kAlignment : at;
  }
  return best;
}

void MemoryPlan::Occupy(BufferId id) {
  const Buffer& placed = buffer(id);
  placed_.resize(std::max(placed_.size(), SpanOf(placed.last) + 1));
  for (size_t span = SpanOf(placed.first); span <= SpanOf(placed.last); ++span) {
    placed_[span].push_back(id);
  }
}

Status MemoryPlan::OutOfMemory(BufferId id) {
  failed_ = id;
  const Buffer& wanted = buffer(id);
  std::set<const Buffer*> found;
  for (size_t span = SpanOf(wanted.first); span < std::min(placed_.size(), SpanOf(wanted.last) + 1);
       ++span) {
    for (const BufferId other_id : placed_[span]) {
      const Buffer& other = buffer(other_id);
      if (other.first <= wanted.last && wanted.first <= other.last) {
        found.insert(&other);
      }
    }
  }
  std::vector<const Buffer*> alive(found.begin(), found.end());
  std::ranges::sort(alive, [](const Buffer* a, const Buffer* b) { return a->bytes > b->bytes; });
  std::string others;
  constexpr size_t kMostNamed = 6;
  for (size_t i = 0; i < std::min(alive.size(), kMostNamed); ++i) {
    others += fmt::format("\n  {:>8} bytes  {}", alive[i]->bytes, alive[i]->name);
  }
  return Status(
      StatusCode::kResourceExhausted,
      fmt::format("SBUF holds {} bytes in each partition; '{}' needs {} bytes while these "
                  "are alive:{}\nuse a configuration with a larger SBUF, a smaller input "
                  "shape or a model with narrower layers",
                  capacity_, wanted.name, wanted.bytes, others));
}

Status MemoryPlan::Place(std::vector<BufferId> ids, Order order) {
  const auto earlier = [&](BufferId a, BufferId b) {
    const Buffer& x = buffer(a);
    const Buffer& y = buffer(b);
    if (order == Order::kBySize && x.bytes != y.bytes) {
      return x.bytes > y.bytes;
    }
    if (order == Order::kByLifetime && x.last - x.first != y.last - y.first) {
      return x.last - x.first > y.last - y.first;
    }
    return x.first != y.first ? x.first < y.first : x.bytes > y.bytes;
  };
  if (order != Order::kAsGiven) {
    std::ranges::sort(ids, earlier);
  }
  for (const BufferId id : ids) {
    Buffer& wanted = buffer(id);
    const bool from_top = shuffled_ && random_() % 2 == 1;
    wanted.offset = FindGap(wanted.bytes, wanted.first, wanted.last, from_top);
    if (wanted.offset < 0) {
      return OutOfMemory(id);
    }
    Occupy(id);
  }
  return OkStatus();
}

Result<int> MemoryPlan::PlaceEarly(BufferId id, int earliest) {
  Buffer& wanted = buffer(id);
  const auto gap_from = [&](int start) { return FindGap(wanted.bytes, start, wanted.last, true); };
  if (gap_from(wanted.first) < 0) {
    return OutOfMemory(id);
  }
  // What fits from some start on fits from every later one.
  int low = std::min(earliest, wanted.first);
  int high = wanted.first;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (gap_from(middle) >= 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  wanted.first = low;
  wanted.offset = gap_from(low);
  Occupy(id);
  return low;
}

}  // namespace neuron::compiler
