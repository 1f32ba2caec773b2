// SPDX-License-Identifier: Apache-2.0
// Makes a layer graph fit on-chip memory: tensors that are larger than SBUF, or that live while
// others need the room, go to DRAM, and the layers around them work on one part at a time. Layers
// whose parts match run part by part together, so that what lies between them never leaves SBUF.
// The result is a layer graph like any other and means the same, bit for bit.
#ifndef NEURON_HOST_COMPILER_TILE_TILE_H_
#define NEURON_HOST_COMPILER_TILE_TILE_H_

#include <cstdint>

#include "base/status.h"
#include "host/compiler/layer_graph.h"
#include "isa/cost/cost_model.h"
#include "neuron/isa.h"

namespace neuron::compiler {

struct TileOptions {
  int64_t budget = 0;             // bytes of SBUF in each partition that layers may count on
  int64_t shared_weights = 0;     // a layer's weights up to this size stay for all of its parts
  bool overlaps = true;           // room may go to loads and stores that go on beside computation
  size_t longest_run = 12;        // layers that are executed part by part together
  bool sections = false;          // whole sections are executed part by part, however long they are
  isa::CostParameters cost = {};  // of the memory that estimates are for
};

// Whether there are sections (sections.h) that do not fit the budget in whole layers.
bool HasSections(const LayerGraph& graph, const isa::Config& config, const TileOptions& options);

// kResourceExhausted when a layer does not fit even in its smallest parts; names it, its tensors
// and their sizes.
Result<LayerGraph> FitToMemory(const LayerGraph& graph, const isa::Config& config,
                               const TileOptions& options);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_TILE_H_
