// SPDX-License-Identifier: Apache-2.0
// State tensors: a graph input that takes its value from an output of the execution before.
#ifndef NEURON_HOST_COMPILER_STATES_H_
#define NEURON_HOST_COMPILER_STATES_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// A graph input and the output that becomes its next value, each by name or, where no tensor has
// that name, by position from 0.
struct StateNames {
  std::string input;
  std::string output;
};

// Adds one pair in the form of the command line's --state, "INPUT=OUTPUT" (the last equals sign
// counts). kInvalidArgument shows the form.
Status AddState(std::string_view text, std::vector<StateNames>& states);

// Sets graph.states. kInvalidArgument for a name that the graph has not (the message lists what it
// has), a pair of unequal types or shapes, and an input that is named twice.
Status PairStates(const std::vector<StateNames>& names, LayerGraph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_STATES_H_
