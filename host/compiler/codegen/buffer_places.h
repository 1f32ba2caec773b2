// SPDX-License-Identifier: Apache-2.0
// When each buffer of a planned program lives, where it lies, and when what fills it is loaded.
#ifndef NEURON_HOST_COMPILER_CODEGEN_BUFFER_PLACES_H_
#define NEURON_HOST_COMPILER_CODEGEN_BUFFER_PLACES_H_

#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/memory_plan.h"
#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {

// Loaded buffers that keep their bytes from one execution to the next. Those of a group are loaded
// with the same rows and share one place.
using PinnedGroups = std::vector<std::vector<BufferId>>;

// Gives every buffer its lifetime and place. Pinned buffers have theirs for themselves. Streamed
// loads go as early in the sequence as memory allows, in their own order, so that weights are on
// chip before their layer starts. Returns, for each operation, the position before which it is to
// be emitted. kResourceExhausted when something finds no place.
Result<std::vector<int>> PlanMemory(const std::vector<PlannedOp>& ops, MemoryPlan& memory,
                                    const PinnedGroups& pinned);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_BUFFER_PLACES_H_
