// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/graph.h"

#include <set>
#include <sstream>

namespace neuron::compiler {
namespace {

std::string AttributeText(const AttributeValue& value) {
  std::ostringstream out;
  const auto list = [&out](const auto& values) {
    out << '[';
    for (size_t i = 0; i < values.size(); ++i) {
      out << (i == 0 ? "" : ", ") << values[i];
    }
    out << ']';
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, HostTensor>) {
          out << ElementTypeName(v.type) << ShapeToString(v.shape);
        } else if constexpr (std::is_same_v<T, std::string>) {
          out << '"' << v << '"';
        } else if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, float>) {
          out << v;
        } else {
          list(v);
        }
      },
      value);
  return out.str();
}

std::string TensorText(const Graph& graph, const std::string& name) {
  if (name.empty()) {
    return "-";
  }
  const auto it = graph.tensors.find(name);
  if (it == graph.tensors.end()) {
    return "%" + name;
  }
  return "%" + name + ":" + (it->second.constant ? "const " : "") +
         ElementTypeName(it->second.type) + ShapeToString(it->second.shape);
}

// Which node makes each tensor; an error when two do, or when one makes an input or initialiser.
Status MapProducers(const Graph& graph, std::map<std::string, size_t>& producers) {
  std::set<std::string> given;
  for (const DeclaredInput& input : graph.inputs) {
    if (!given.insert(input.name).second) {
      return Status(StatusCode::kDataCorrupt, "graph input '" + input.name + "' is declared twice");
    }
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs) {
      if (output.empty()) {
        continue;
      }
      if (given.contains(output) || graph.tensors.contains(output) ||
          !producers.emplace(output, i).second) {
        return Status(StatusCode::kDataCorrupt, Describe(graph.nodes[i]) + ": tensor '" + output +
                                                    "' is defined more than once");
      }
    }
  }
  return OkStatus();
}

Status CycleError(const Graph& graph, const std::vector<size_t>& waiting) {
  std::string names;
  size_t count = 0;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i] > 0 && ++count <= 4) {
      names += (names.empty() ? "" : ", ") + Describe(graph.nodes[i]);
    }
  }
  return Status(StatusCode::kDataCorrupt,
                "the graph has a cycle through " + names + (count > 4 ? " and others" : ""));
}

}  // namespace

std::string Describe(const HostNode& node) {
  return "node '" + node.name + "' (" + node.op_type + ")";
}

Status SortTopologically(Graph& graph) {
  std::map<std::string, size_t> producers;
  NEURON_RETURN_IF_ERROR(MapProducers(graph, producers));
  std::set<std::string> inputs;
  for (const DeclaredInput& input : graph.inputs) {
    inputs.insert(input.name);
  }
  const auto is_given = [&](const std::string& name) {
    return name.empty() || inputs.contains(name) || graph.tensors.contains(name);
  };
  std::vector<size_t> waiting(graph.nodes.size(), 0);
  std::vector<std::vector<size_t>> consumers(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& name : graph.nodes[i].inputs) {
      if (is_given(name)) {
        continue;
      }
      const auto it = producers.find(name);
      if (it == producers.end()) {
        return Status(StatusCode::kDataCorrupt,
                      Describe(graph.nodes[i]) + ": input '" + name +
                          "' is neither a graph input, an initialiser nor any node's output");
      }
      consumers[it->second].push_back(i);
      ++waiting[i];
    }
  }
  for (const std::string& output : graph.outputs) {
    if (output.empty() || (!is_given(output) && !producers.contains(output))) {
      return Status(StatusCode::kDataCorrupt, "nothing produces graph output '" + output + "'");
    }
  }
  std::set<size_t> ready;  // the lowest index first: keeps the model's order where it is legal
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i] == 0) {
      ready.insert(i);
    }
  }
  std::vector<HostNode> sorted;
  while (!ready.empty()) {
    const size_t i = *ready.begin();
    ready.erase(ready.begin());
    for (const size_t consumer : consumers[i]) {
      if (--waiting[consumer] == 0) {
        ready.insert(consumer);
      }
    }
    sorted.push_back(graph.nodes[i]);
  }
  if (sorted.size() != graph.nodes.size()) {
    return CycleError(graph, waiting);
  }
  graph.nodes = std::move(sorted);
  return OkStatus();
}

std::string ToText(const Graph& graph) {
  std::ostringstream out;
  out << "graph " << graph.name << '\n';
  for (const DeclaredInput& input : graph.inputs) {
    out << "  input " << TensorText(graph, input.name) << '\n';
  }
  for (const HostNode& node : graph.nodes) {
    out << "  ";
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      out << (i == 0 ? "" : ", ") << TensorText(graph, node.outputs[i]);
    }
    out << " = " << node.op_type << '(';
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      out << (i == 0 ? "" : ", ") << TensorText(graph, node.inputs[i]);
    }
    out << ')';
    for (const auto& [key, value] : node.attributes) {
      out << ' ' << key << '=' << AttributeText(value);
    }
    out << "  # " << node.name << '\n';
  }
  for (const std::string& output : graph.outputs) {
    out << "  output " << TensorText(graph, output) << '\n';
  }
  return out.str();
}

}  // namespace neuron::compiler
