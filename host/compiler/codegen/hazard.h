// SPDX-License-Identifier: Apache-2.0
// Which earlier instructions an instruction must wait for. The code generator emits instructions in
// one sequential order; the tracker remembers, byte by byte, who last wrote and who has read since,
// and turns every conflict between two queues into a wait on the other queue's progress semaphore
// (docs/isa.md section 1). Waits that an earlier wait already implies are left out.
#ifndef NEURON_HOST_COMPILER_CODEGEN_HAZARD_H_
#define NEURON_HOST_COMPILER_CODEGEN_HAZARD_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "neuron/isa.h"

namespace neuron::compiler {

// Half-open range of byte addresses.
struct Interval {
  int64_t low = 0;
  int64_t high = 0;
};

// One dimension of an access pattern: elements and bytes.
struct Dim {
  int64_t size = 1;
  int64_t stride = 0;
};

// The byte ranges that base + sum(i * stride) covers with elements of element_bytes. Exact where
// that needs at most 64 ranges, otherwise inner dimensions are widened to their hull.
std::vector<Interval> Footprint(int64_t base, std::span<const Dim> dims, int64_t element_bytes);

// One operand of an instruction. SBUF and PSUM addresses are the same in all partitions, so
// partitions are not told apart; that is conservative and never wrong.
struct Access {
  isa::Space space = isa::Space::kSbuf;
  uint32_t segment = 0;  // of DRAM
  bool write = false;
  std::vector<Interval> ranges;
};

// Instruction counts, one for each queue: "the first n instructions of queue q are finished".
using QueueClock = std::array<uint32_t, isa::kNumQueues>;

class HazardTracker {
 public:
  // Records an instruction about to be appended to `queue` and returns what it must wait for: for
  // each queue the count to reach, 0 where nothing is needed. Own-queue counts occur for DMA only.
  QueueClock Append(isa::Queue queue, std::span<const Access> accesses);

  // Instructions appended so far.
  uint32_t count(isa::Queue queue) const { return counts_[static_cast<size_t>(queue)]; }

 private:
  struct Cell {
    int64_t high = 0;
    uint32_t write_count = 0;  // 0: never written
    uint32_t write_queue = 0;
    QueueClock reads{};
  };
  using CellMap = std::map<int64_t, Cell>;  // by low address; cells do not overlap

  CellMap& Cells(const Access& access);
  static void SplitAt(CellMap& cells, int64_t address);
  static void Cover(CellMap& cells, const Interval& range);
  // Makes the range one cell that instruction `count` of `queue` has written.
  static void Write(CellMap& cells, const Interval& range, uint32_t queue, uint32_t count);

  std::map<uint64_t, CellMap> memories_;
  QueueClock counts_{};
  // known_[q][n - 1]: what is finished once instruction n of queue q has started.
  std::array<std::vector<QueueClock>, isa::kNumQueues> known_;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_HAZARD_H_
