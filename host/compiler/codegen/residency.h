// SPDX-License-Identifier: Apache-2.0
// Which of a program's constants could stay in SBUF from one execution to the next, what that is
// worth, and which operations a repeated execution then needs no more.
#ifndef NEURON_HOST_COMPILER_CODEGEN_RESIDENCY_H_
#define NEURON_HOST_COMPILER_CODEGEN_RESIDENCY_H_

#include <cstdint>
#include <vector>

#include "host/compiler/codegen/buffer_places.h"
#include "host/compiler/codegen/memory_plan.h"
#include "host/compiler/codegen/planner.h"
#include "host/ncx/package.h"

namespace neuron::compiler {

// Buffers that loads from the image fill with the same rows: one place in SBUF serves them all.
struct Constant {
  std::vector<BufferId> buffers;
  int64_t bytes = 0;         // of a partition
  int64_t loaded_bytes = 0;  // from DRAM, by all loads of one execution
  int64_t loads = 0;
};

// What a model waits for: bytes of DRAM, or the loads that DMA's queues check one after another.
enum class Saves { kBytes, kLoads };

// In the order of what each byte of a partition saves; equals as the program loads them. Function
// tables pass SBUF only on their way to ScalarE and are not among them.
std::vector<Constant> ConstantsOf(const std::vector<PlannedOp>& ops, const MemoryPlan& memory,
                                  Saves saves);

// The first of `constants` that fit into `bytes` of a partition, each if those before it leave
// room.
PinnedGroups Choose(const std::vector<Constant>& constants, int64_t bytes);

// Bytes of a partition that buffers other than constants leave free at all times, at best.
int64_t FreeBytes(const std::vector<PlannedOp>& ops, const MemoryPlan& memory,
                  const isa::Config& config);

// Which executions an operation is part of.
enum class Part {
  kAll,    // of every execution
  kFirst,  // of one that finds nothing in SBUF
  kNone    // of none: the place that its buffer shares is loaded already
};
std::vector<Part> PartsOf(const std::vector<PlannedOp>& ops, const PinnedGroups& pinned);

// The places of the pinned buffers, ascending, joined where they touch.
std::vector<ncx::SbufRange> RangesOf(const PinnedGroups& pinned, const MemoryPlan& memory);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_RESIDENCY_H_
