// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/precision.h"

#include <algorithm>

#include "host/compiler/passes/passes.h"

namespace neuron::compiler {

std::string_view NameOf(Precision precision) {
  switch (precision) {
    case Precision::kFast:
      return "fast";
    case Precision::kActivations:
      return "activations";
    case Precision::kAccurate:
      break;
  }
  return "accurate";
}

std::optional<Precision> PrecisionNamed(std::string_view name) {
  const auto* found = std::ranges::find(kPrecisions, name, &NameOf);
  return found != kPrecisions.end() ? std::optional(*found) : std::nullopt;
}

Status SetPrecision(LayerGraph& graph, const PrecisionChoice& choice) {
  std::map<std::string, Precision> missing = choice.nodes;
  for (Layer& layer : graph.layers) {
    auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix == nullptr) {
      continue;
    }
    missing.erase(layer.name);
    if (matrix->weight.type == ElementType::kFloat32 &&
        graph.value(layer.inputs[0]).type == ElementType::kFloat32) {
      const auto named = choice.nodes.find(layer.name);
      matrix->precision = named != choice.nodes.end() ? named->second : choice.others;
    }
  }
  if (!missing.empty()) {
    return Status(StatusCode::kNotFound,
                  "node '" + missing.begin()->first +
                      "' has no product with constant weights that could be accurate: the model, "
                      "or a value that --constant fixes, is not that for which the nodes were "
                      "found; find them again with 'neuron tune'");
  }
  return OkStatus();
}

}  // namespace neuron::compiler
