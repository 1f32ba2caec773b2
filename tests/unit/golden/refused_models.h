// SPDX-License-Identifier: Apache-2.0
// Models that the compiler refuses, each for one reason that a user meets.
#ifndef NEURON_TESTS_UNIT_GOLDEN_REFUSED_MODELS_H_
#define NEURON_TESTS_UNIT_GOLDEN_REFUSED_MODELS_H_

#include <string>
#include <vector>

#include "host/compiler/compiler.h"

namespace neuron::compiler {

struct RefusedModel {
  std::string name;  // tests/unit/golden/NAME.txt holds the message
  CompileOptions options;
};

std::vector<RefusedModel> RefusedModels();

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_GOLDEN_REFUSED_MODELS_H_
