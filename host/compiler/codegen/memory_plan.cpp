// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Buffers start at multiples of the widest memory beat, so that rows move whole beats.
constexpr int64_t kAlignment = 16;

// Times that share a list of what is alive then.
constexpr int kSpan = 64;
size_t SpanOf(int time) { return static_cast<size_t>(time / kSpan); }

// Units of kAlignment bytes, taken or free.
class UnitMap {
 public:
  explicit UnitMap(int64_t units)
      : units_(units), words_(static_cast<size_t>(CeilDiv(units, kWordBits))) {}

  // Units [low, high), those behind the end left out.
  void Take(int64_t low, int64_t high) {
    high = std::min(high, units_);
    while (low < high) {
      const int64_t bit = low % kWordBits;
      const int64_t count = std::min(kWordBits - bit, high - low);
      const uint64_t ones = ~uint64_t{0} >> (kWordBits - count);
      words_[static_cast<size_t>(low / kWordBits)] |= ones << bit;
      low += count;
    }
  }

  // The first of `count` free units that follow each other: the lowest, or the highest; -1: none.
  int64_t FindFree(int64_t count, bool from_top) const {
    int64_t best = -1;
    for (int64_t at = Next(0, false); at < units_ && (from_top || best < 0);) {
      const int64_t end = Next(at, true);
      if (end - at >= count) {
        best = from_top ? end - count : at;
      }
      at = Next(end, false);
    }
    return best;
  }

 private:
  static constexpr int64_t kWordBits = 64;

  // The first unit from `at` on that is taken, or free; the number of units for none.
  int64_t Next(int64_t at, bool taken) const {
    while (at < units_) {
      const uint64_t word = words_[static_cast<size_t>(at / kWordBits)];
      const uint64_t wanted = (taken ? word : ~word) >> (at % kWordBits);
      if (wanted != 0) {
        return std::min(at + std::countr_zero(wanted), units_);
      }
      at = (at / kWordBits + 1) * kWordBits;
    }
    return units_;
  }

  int64_t units_;
  std::vector<uint64_t> words_;
};

}  // namespace

BufferId MemoryPlan::Add(std::string name, int64_t bytes, std::string node) {
  Buffer buffer;
  buffer.name = std::move(name);
  buffer.node = std::move(node);
  buffer.bytes = AlignUp(std::max<int64_t>(bytes, 1), kAlignment);
  buffers_.push_back(std::move(buffer));
  return static_cast<BufferId>(buffers_.size()) - 1;
}

int64_t MemoryPlan::SlotBytes(int64_t bytes) const {
  constexpr int64_t kLarge = 8192;
  constexpr int64_t kStep = 512;
  return slots_ && bytes >= kLarge ? (bytes + kStep / 2 + kStep - 1) / kStep * kStep : bytes;
}

int64_t MemoryPlan::FindGap(int64_t bytes, int first, int last, bool from_top) const {
  UnitMap taken(capacity_ / kAlignment);
  for (size_t span = SpanOf(first); span < std::min(placed_.size(), SpanOf(last) + 1); ++span) {
    for (const BufferId id : placed_[span]) {
      const Buffer& other = buffer(id);
      const bool listed_before = span > SpanOf(first) && span > SpanOf(other.first);
      if (!listed_before && other.first <= last && first <= other.last) {
        taken.Take(other.offset / kAlignment,
                   CeilDiv(other.offset + SlotBytes(other.bytes), kAlignment));
      }
    }
  }
  const int64_t unit = taken.FindFree(CeilDiv(SlotBytes(bytes), kAlignment), from_top);
  return unit < 0 ? -1 : unit * kAlignment;
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
      fmt::format("{}SBUF holds {} bytes in each partition; '{}' needs {} bytes while these "
                  "are alive:{}\nuse a configuration with a larger SBUF, a smaller input "
                  "shape or a model with narrower layers",
                  wanted.node.empty() ? "" : wanted.node + ": ", capacity_, wanted.name,
                  wanted.bytes, others));
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
