// SPDX-License-Identifier: Apache-2.0
// The layers of trained models as models of their own, so that each can be measured alone.
#ifndef NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_
#define NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/compiler/layer_graph.h"
#include "host/ncx/package.h"
#include "host/tools/zoo.h"
#include "neuron/isa.h"
#include "neuron/nrt.hpp"

namespace neuron::test {

struct SingleLayer {
  std::string name;  // "model: layer (kind)"
  compiler::LayerGraph graph;
};

// Every engine layer of the model; layers that differ in nothing that decides cycles (kind, shapes,
// types) once. Errors of importing are returned.
Result<std::vector<SingleLayer>> SingleLayersOf(const tools::ZooModel& model);

// Cycles that the layer takes at least: its multiply-accumulates, and its inputs and outputs
// through the memory port.
uint64_t LeastCycles(const SingleLayer& layer, const isa::Config& config);

// The layer as a program of its own, in parts where SBUF does not hold it.
Result<ncx::PackageData> CompileAlone(const SingleLayer& layer, const isa::Config& config);

// Cycles of one execution on random inputs.
Result<uint64_t> MeasuredCycles(nrt::Runtime& runtime, const ncx::PackageData& package);

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_
