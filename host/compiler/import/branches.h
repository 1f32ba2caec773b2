// SPDX-License-Identifier: Apache-2.0
// If nodes whose condition is known when the model is compiled.
#ifndef NEURON_HOST_COMPILER_IMPORT_BRANCHES_H_
#define NEURON_HOST_COMPILER_IMPORT_BRANCHES_H_

#include <vector>

#include "host/compiler/import/graph.h"

namespace neuron::compiler {

bool IsIf(const HostNode& node);

// The nodes that stand for an If node, in an executable order: those of the branch that its
// constant condition takes, their tensors renamed to be unique in `graph`, and an Identity for each
// output. The branch's initialisers join graph.tensors.
// kUnsupported when the condition is computed: the message names the graph inputs it depends on.
Result<std::vector<HostNode>> TakeBranch(const HostNode& node, Graph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_BRANCHES_H_
