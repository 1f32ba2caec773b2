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
    if (matrix != nullptr && wanted && matrix->weight.type == ElementType::kFloat32 &&
        graph.value(layer.inputs[0]).type == ElementType::kFloat32) {
      matrix->accurate = true;
      missing.erase(layer.name);
    }
  }
  if (!missing.empty()) {
    return Status(StatusCode::kNotFound,
                  "node '" + *missing.begin() +
                      "' has no product of FP32 values with constant weights that could be "
                      "accurate; use the names that Netron shows, of nodes whose weights the model "
                      "holds");
  }
  return OkStatus();
}

}  // namespace neuron::compiler
