// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/states.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace neuron::compiler {
namespace {

std::string Describe(const Value& value) {
  return fmt::format("'{}' {} {}", value.name, ElementTypeName(value.type),
                     ShapeToString(value.shape));
}

// The position in `ids` of what `name` names.
Result<size_t> Find(const LayerGraph& graph, const std::vector<ValueId>& ids,
                    const std::string& name, const char* kind) {
  std::string known;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (graph.value(ids[i]).name == name) {
      return i;
    }
    known += fmt::format("\n  {:>3}  {}", i, Describe(graph.value(ids[i])));
  }
  size_t position = ids.size();
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
  if (error == std::errc() && end == name.data() + name.size() && position < ids.size()) {
    return position;
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("--state: the model has no {} '{}'; it has:{}", kind, name, known));
}

}  // namespace

Status AddState(std::string_view text, std::vector<StateNames>& states) {
  const size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("state '{}' is not of the form INPUT=OUTPUT (names, or positions from "
                    "0, as state=stateN or 2=1)",
                    text));
  }
  states.push_back({std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  return OkStatus();
}

Status PairStates(const std::vector<StateNames>& names, LayerGraph& graph) {
  for (const StateNames& pair : names) {
    NEURON_ASSIGN_OR_RETURN(const size_t input, Find(graph, graph.inputs, pair.input, "input"));
    NEURON_ASSIGN_OR_RETURN(const size_t output, Find(graph, graph.outputs, pair.output, "output"));
    const Value& from = graph.value(graph.outputs[output]);
    const Value& to = graph.value(graph.inputs[input]);
    if (from.type != to.type || from.shape != to.shape) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("--state {}={}: output {} cannot become input {}; a state's input "
                                "and output have one type and shape",
                                pair.input, pair.output, Describe(from), Describe(to)));
    }
    if (std::ranges::any_of(graph.states,
                            [&](const StatePair& other) { return other.input == input; })) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("--state {}={}: input '{}' is a state already; name it once",
                                pair.input, pair.output, to.name));
    }
    graph.states.push_back({input, output});
  }
  return OkStatus();
}

}  // namespace neuron::compiler
