// SPDX-License-Identifier: Apache-2.0
// VectorE and ScalarE: execute one legal instruction on a core's memories.
#ifndef NEURON_SIM_FUNCTIONAL_LANE_ENGINES_H_
#define NEURON_SIM_FUNCTIONAL_LANE_ENGINES_H_

#include "sim/functional/core_state.h"

namespace neuron::sim {

void ExecuteVector(const isa::VectorInstruction& instruction, CoreState& state);
void ExecuteScalar(const isa::ScalarInstruction& instruction, CoreState& state);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_LANE_ENGINES_H_
