// SPDX-License-Identifier: Apache-2.0
// The back half of the compiler: a layer graph becomes a kernel package for one configuration.
#ifndef NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_
#define NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_

#include "base/status.h"
#include "host/compiler/codegen/schedule.h"
#include "host/compiler/layer_graph.h"
#include "host/ncx/package.h"
#include "isa/cost/cost_model.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// Lays out, tiles, allocates, schedules and encodes. kResourceExhausted when on-chip memory does
// not suffice (the message names the tensors), kUnsupported for what the configuration cannot do.
// `cost` says what memory to plan for; `schedule` chooses among schedules with the same results.
Result<ncx::PackageData> GenerateCode(const LayerGraph& graph, const isa::Config& config,
                                      const isa::CostParameters& cost = {},
                                      const ScheduleOptions& schedule = {});

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_CODEGEN_H_
