// SPDX-License-Identifier: Apache-2.0
// The back half of the compiler: a layer graph becomes a kernel package for one configuration.
#ifndef NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_
#define NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_

#include <cstdint>
#include <limits>

#include "base/status.h"
#include "host/compiler/codegen/schedule.h"
#include "host/compiler/layer_graph.h"
#include "host/ncx/package.h"
#include "isa/cost/cost_model.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// Which constants stay in SBUF for the next execution: none, those that save it the most cycles of
// DRAM for their bytes, as many as pay, or all.
enum class ResidentConstants { kNone, kSome, kAll };

// What the plan trades for memory, and what it takes for given.
struct PlanOptions {
  // Layers with the same weights share one copy in SBUF when a layer's weights are no larger than
  // this, in bytes of a partition; larger ones are loaded for each layer.
  int64_t shared_weights = std::numeric_limits<int64_t>::max();
  isa::CostParameters cost;  // the memory to plan for
  ScheduleOptions schedule;  // which of many schedules with the same results
  ResidentConstants resident = ResidentConstants::kNone;
};

// Lays out, tiles, allocates, schedules and encodes. kResourceExhausted when on-chip memory does
// not suffice, for the model or for all of its constants beside the rest (the message names the
// tensors), kUnsupported for what the configuration cannot do.
Result<ncx::PackageData> GenerateCode(const LayerGraph& graph, const isa::Config& config,
                                      const PlanOptions& options = {});

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_
