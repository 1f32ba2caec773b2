// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/branches.h"

#include <set>

namespace neuron::compiler {
namespace {

using Names = std::map<std::string, std::string>;

std::string Renamed(const Names& names, const std::string& name) {
  const auto it = names.find(name);
  return it == names.end() ? name : it->second;
}

void Rename(const Names& names, std::vector<std::string>& list) {
  for (std::string& name : list) {
    name = Renamed(names, name);
  }
}

// A branch nested in another one, reading the outer one's tensors under their new names.
std::shared_ptr<const Graph> WithRenamedReads(const std::shared_ptr<const Graph>& branch,
                                              const Names& names) {
  Graph result = *branch;
  for (DeclaredInput& input : result.inputs) {
    input.name = Renamed(names, input.name);
  }
  for (HostNode& node : result.nodes) {
    Rename(names, node.inputs);
  }
  Rename(names, result.outputs);
  for (auto& [output, nested] : result.branches) {
    nested.then_branch = WithRenamedReads(nested.then_branch, names);
    nested.else_branch = WithRenamedReads(nested.else_branch, names);
  }
  return std::make_shared<const Graph>(std::move(result));
}

// The graph inputs that `tensor` is computed from, quoted.
std::string InputsBehind(const Graph& graph, const std::string& tensor) {
  std::map<std::string, const HostNode*> producers;
  for (const HostNode& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      producers[output] = &node;
    }
  }
  std::set<std::string> seen;
  std::vector<std::string> pending = {tensor};
  std::string text;
  while (!pending.empty()) {
    const std::string name = pending.back();
    pending.pop_back();
    if (!seen.insert(name).second) {
      continue;
    }
    if (const auto it = producers.find(name); it != producers.end()) {
      pending.insert(pending.end(), it->second->inputs.begin(), it->second->inputs.end());
      continue;
    }
    for (const DeclaredInput& input : graph.inputs) {
      text += input.name == name ? (text.empty() ? "'" : ", '") + name + "'" : "";
    }
  }
  return text;
}

Status ComputedCondition(const HostNode& node, const Graph& graph) {
  const std::string inputs = InputsBehind(graph, node.inputs[0]);
  return Status(
      StatusCode::kUnsupported,
      Describe(node) + ": its condition '" + node.inputs[0] + "' is computed when the model runs" +
          (inputs.empty()
               ? std::string()
               : ", from input " + inputs + "; fix the input's value with --constant NAME=VALUE"));
}

}  // namespace

bool IsIf(const HostNode& node) { return node.domain.empty() && node.op_type == "If"; }

Result<std::vector<HostNode>> TakeBranch(const HostNode& node, Graph& graph) {
  const TensorInfo& condition = graph.tensors.at(node.inputs[0]);
  if (!condition.constant) {
    return ComputedCondition(node, graph);
  }
  if (condition.constant->elements() != 1) {
    return Status(StatusCode::kInvalidArgument, Describe(node) + ": its condition has the shape " +
                                                    ShapeToString(condition.shape) +
                                                    ", not one element");
  }
  const Branches branches = graph.branches.at(node.outputs[0]);
  const Graph& branch =
      condition.constant->ValueAt(0) != 0.0 ? *branches.then_branch : *branches.else_branch;
  Names names;
  const auto make_name = [&](const std::string& name) {
    names[name] = node.outputs[0] + "/" + name;
  };
  for (const auto& [name, info] : branch.tensors) {
    make_name(name);
    graph.tensors[names[name]] = info;
  }
  for (const HostNode& inner : branch.nodes) {
    for (const std::string& output : inner.outputs) {
      if (!output.empty()) {
        make_name(output);
      }
    }
  }
  std::vector<HostNode> nodes = branch.nodes;
  for (HostNode& inner : nodes) {
    Rename(names, inner.inputs);
    Rename(names, inner.outputs);
  }
  for (const auto& [output, nested] : branch.branches) {
    graph.branches[names.at(output)] = {WithRenamedReads(nested.then_branch, names),
                                        WithRenamedReads(nested.else_branch, names)};
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    HostNode& copy = nodes.emplace_back();
    copy.name = node.name;
    copy.op_type = "Identity";
    copy.opset = node.opset;
    copy.inputs = {Renamed(names, branch.outputs[i])};
    copy.outputs = {node.outputs[i]};
  }
  std::erase_if(
      nodes, [](const HostNode& inner) { return inner.outputs == std::vector<std::string>{""}; });
  return nodes;
}

}  // namespace neuron::compiler
