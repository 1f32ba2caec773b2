// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/hazard.h"

#include <algorithm>
#include <iterator>

namespace neuron::compiler {
namespace {

constexpr int64_t kMaxRanges = 64;

bool IsDma(size_t queue) { return queue >= static_cast<size_t>(isa::Queue::kDma0); }

}  // namespace

std::vector<Interval> Footprint(int64_t base, std::span<const Dim> dims, int64_t element_bytes) {
  std::vector<Dim> sorted;
  for (Dim dim : dims) {
    if (dim.size <= 1 || dim.stride == 0) {
      continue;
    }
    if (dim.stride < 0) {
      base += (dim.size - 1) * dim.stride;
      dim.stride = -dim.stride;
    }
    sorted.push_back(dim);
  }
  std::ranges::sort(sorted, {}, &Dim::stride);

  int64_t length = element_bytes;
  std::vector<Dim> outer;
  int64_t ranges = 1;
  for (const Dim& dim : sorted) {
    if (outer.empty() && dim.stride <= length) {
      length += (dim.size - 1) * dim.stride;
    } else {
      outer.push_back(dim);
      ranges *= dim.size;
    }
  }
  while (ranges > kMaxRanges) {
    const Dim inner = outer.front();
    outer.erase(outer.begin());
    ranges /= inner.size;
    length += (inner.size - 1) * inner.stride;
  }

  std::vector<Interval> result = {{base, base + length}};
  for (const Dim& dim : outer) {
    const size_t count = result.size();
    for (int64_t i = 1; i < dim.size; ++i) {
      for (size_t k = 0; k < count; ++k) {
        result.push_back({result[k].low + i * dim.stride, result[k].high + i * dim.stride});
      }
    }
  }
  return result;
}

HazardTracker::CellMap& HazardTracker::Cells(const Access& access) {
  const uint64_t key = (static_cast<uint64_t>(access.space) << 32) | access.segment;
  return memories_[key];
}

void HazardTracker::SplitAt(CellMap& cells, int64_t address) {
  auto it = cells.upper_bound(address);
  if (it == cells.begin()) {
    return;
  }
  --it;
  if (it->first < address && address < it->second.high) {
    Cell right = it->second;
    it->second.high = address;
    cells.emplace(address, right);
  }
}

void HazardTracker::Cover(CellMap& cells, const Interval& range) {
  SplitAt(cells, range.low);
  SplitAt(cells, range.high);
  int64_t at = range.low;
  auto it = cells.lower_bound(range.low);
  while (at < range.high) {
    if (it != cells.end() && it->first == at) {
      at = it->second.high;
      ++it;
      continue;
    }
    const int64_t end = (it == cells.end()) ? range.high : std::min<int64_t>(range.high, it->first);
    Cell fresh;
    fresh.high = end;
    cells.emplace_hint(it, at, fresh);
    at = end;
  }
}

void HazardTracker::Write(CellMap& cells, const Interval& range, uint32_t queue, uint32_t count) {
  const auto first = cells.find(range.low);
  cells.erase(std::next(first), cells.lower_bound(range.high));
  first->second = {.high = range.high, .write_count = count, .write_queue = queue, .reads = {}};
}

QueueClock HazardTracker::Append(isa::Queue queue, std::span<const Access> accesses) {
  const auto self = static_cast<size_t>(queue);
  const uint32_t number = ++counts_[self];
  QueueClock needed{};
  auto need = [&](size_t other, uint32_t count) { needed[other] = std::max(needed[other], count); };

  for (const Access& access : accesses) {
    CellMap& cells = Cells(access);
    for (const Interval& range : access.ranges) {
      Cover(cells, range);
      for (auto it = cells.lower_bound(range.low); it != cells.end() && it->first < range.high;
           ++it) {
        Cell& cell = it->second;
        const bool own = cell.write_queue == self;
        if (cell.write_count != 0 && (!own || (IsDma(self) && !access.write))) {
          need(cell.write_queue, cell.write_count);
        }
        if (!access.write) {
          continue;
        }
        for (size_t other = 0; other < isa::kNumQueues; ++other) {
          if (other != self) {
            need(other, cell.reads[other]);
          }
        }
      }
    }
  }
  for (const Access& access : accesses) {
    CellMap& cells = Cells(access);
    for (const Interval& range : access.ranges) {
      Cover(cells, range);  // what was written before may have joined cells
      if (access.write) {
        Write(cells, range, static_cast<uint32_t>(self), number);
        continue;
      }
      for (auto it = cells.lower_bound(range.low); it != cells.end() && it->first < range.high;
           ++it) {
        it->second.reads[self] = number;
      }
    }
  }

  // Drop what this queue, or a queue it waits for, already knows to be finished.
  QueueClock known = known_[self].empty() ? QueueClock{} : known_[self].back();
  QueueClock waits{};
  auto implied_by_others = [&](size_t other) {
    for (size_t via = 0; via < isa::kNumQueues; ++via) {
      if (via == other || needed[via] == 0 || needed[via] <= known[via]) {
        continue;
      }
      if (known_[via][needed[via] - 1][other] >= needed[other]) {
        return true;
      }
    }
    return false;
  };
  for (size_t other = 0; other < isa::kNumQueues; ++other) {
    if (needed[other] > known[other] && !implied_by_others(other)) {
      waits[other] = needed[other];
    }
  }
  for (size_t other = 0; other < isa::kNumQueues; ++other) {
    if (waits[other] == 0) {
      continue;
    }
    known[other] = std::max(known[other], waits[other]);
    const QueueClock& theirs = known_[other][waits[other] - 1];
    for (size_t k = 0; k < isa::kNumQueues; ++k) {
      known[k] = std::max(known[k], theirs[k]);
    }
  }
  known_[self].push_back(known);
  return waits;
}

}  // namespace neuron::compiler
