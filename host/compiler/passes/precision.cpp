// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "host/compiler/passes/passes.h"

namespace neuron::compiler {

Status MakeAccurate(LayerGraph& graph, const std::vector<std::string>& nodes) {
  std::set<std::string> missing(nodes.begin(), nodes.end());
  for (Layer& layer : graph.layers) {
    auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    const bool wanted = nodes.empty() || std::ranges::find(nodes, layer.name) != nodes.end();
    if (matrix == nullptr || !wanted) {
      continue;
    }
    missing.erase(layer.name);
    matrix->accurate = matrix->weight.type == ElementType::kFloat32 &&
                       graph.value(layer.inputs[0]).type == ElementType::kFloat32;
  }
  if (!missing.empty()) {
    return Status(StatusCode::kNotFound,
                  "node '" + *missing.begin() +
                      "' has no product with constant weights that could be accurate: the model, "
                      "or a value that --constant fixes, is not that for which the nodes were "
                      "found; find them again with 'neuron tune'");
  }
  return OkStatus();
}

}  // namespace neuron::compiler
