// SPDX-License-Identifier: Apache-2.0
// The ONNX model as plain values, before it becomes layers: nodes in an executable order, tensors
// by name. Internal to the compiler's front half.
#ifndef NEURON_HOST_COMPILER_IMPORT_GRAPH_H_
#define NEURON_HOST_COMPILER_IMPORT_GRAPH_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::compiler {

// One dimension as the model declares it: a size, or -1 and perhaps a name.
struct DeclaredDimension {
  int64_t size = -1;
  std::string name;
};

// A graph input as the model declares it.
struct DeclaredInput {
  std::string name;
  ElementType type = ElementType::kUndefined;
  bool has_rank = false;
  std::vector<DeclaredDimension> dimensions;
};

struct TensorInfo {
  ElementType type = ElementType::kUndefined;
  Shape shape;
  std::shared_ptr<const HostTensor> constant;  // null: computed when the model runs
};

struct Graph;

// The bodies of an If node. Each is a graph whose `inputs` are the tensors of the enclosing graph
// that it reads; they follow the condition in the node's own inputs.
struct Branches {
  std::shared_ptr<const Graph> then_branch;
  std::shared_ptr<const Graph> else_branch;
};

struct Graph {
  std::string name;
  std::vector<HostNode> nodes;
  std::map<std::string, TensorInfo> tensors;  // filled by inference; initialisers from the start
  std::vector<DeclaredInput> inputs;          // without those that are initialisers
  std::vector<std::string> outputs;
  std::map<std::string, Branches> branches;  // of If nodes, by the node's first output
};

// "node 'name' (Op)"
std::string Describe(const HostNode& node);

// Orders the nodes so that each comes after those that feed it. Errors name a tensor that nothing
// produces, one that is produced twice, or the nodes of a cycle.
Status SortTopologically(Graph& graph);

// Printable form for --dump-after: one line a node.
std::string ToText(const Graph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_GRAPH_H_
