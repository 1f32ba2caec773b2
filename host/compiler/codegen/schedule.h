// SPDX-License-Identifier: Apache-2.0
// Other schedules of the same model. They differ in speed and in what runs beside what, never in a
// bit of the result; tests compare them.
#ifndef NEURON_HOST_COMPILER_CODEGEN_SCHEDULE_H_
#define NEURON_HOST_COMPILER_CODEGEN_SCHEDULE_H_

#include <cstdint>

#include "host/compiler/layer_graph.h"
#include "neuron/isa.h"

namespace neuron::compiler {

struct ScheduleOptions {
  bool serial = false;     // every instruction waits until the one before it has finished
  uint32_t shuffle = 0;    // seed of a random order of layers and of random places in SBUF; 0: none
  int64_t sbuf_bytes = 0;  // SBUF of a partition that may be used; 0: all
  int64_t tile_columns = 0;  // most output positions in one tile of a product; 0: as many as fit
};

// The configuration as these options let the code generator see it.
isa::Config Restricted(isa::Config config, const ScheduleOptions& options);

// The graph with its layers in a random order in which each comes after those that feed it.
LayerGraph Shuffled(LayerGraph graph, uint32_t seed);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_SCHEDULE_H_
