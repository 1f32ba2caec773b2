// SPDX-License-Identifier: Apache-2.0
// The layers of trained models as models of their own, so that each can be measured alone.
#ifndef NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_
#define NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ncx/package.h"
#include "host/tools/zoo.h"
#include "neuron/nrt.hpp"

namespace neuron::test {

struct SingleLayer {
  std::string name;  // "model: layer"
  ncx::PackageData package;
  uint64_t estimated_cycles = 0;
};

// Every engine layer of the model, compiled alone for `configuration`; layers that differ in
// nothing that decides cycles (kind, shapes, types) once. Errors of importing are returned; a layer
// that does not compile alone is left out.
Result<std::vector<SingleLayer>> SingleLayersOf(const tools::ZooModel& model,
                                                const std::string& configuration);

// Cycles of one execution on random inputs.
Result<uint64_t> MeasuredCycles(nrt::Runtime& runtime, const SingleLayer& layer);

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_COST_SINGLE_LAYERS_H_
