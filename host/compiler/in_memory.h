// SPDX-License-Identifier: Apache-2.0
// The back half of the compiler for graphs of any size: those that SBUF does not hold go in parts.
#ifndef NEURON_HOST_COMPILER_IN_MEMORY_H_
#define NEURON_HOST_COMPILER_IN_MEMORY_H_

#include <optional>

#include "base/status.h"
#include "host/compiler/codegen/codegen.h"
#include "host/compiler/layer_graph.h"
#include "host/compiler/tile/tile.h"
#include "host/ncx/package.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// How a program was made of a graph.
struct Making {
  PlanOptions plan;
  std::optional<TileOptions> cut = {};  // none: from the graph as it is
};

// The graph as it is where memory allows, otherwise, or where a small graph is faster so, in parts.
// `making` says how to plan, and then how it was done. Errors are those of GenerateCode.
Result<ncx::PackageData> GenerateInMemory(const LayerGraph& graph, const isa::Config& config,
                                          Making& making);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IN_MEMORY_H_
