// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/passes/passes.h"

namespace neuron::compiler {

void MakeAccurate(LayerGraph& graph) {
  for (Layer& layer : graph.layers) {
    auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix != nullptr && matrix->weight.type == ElementType::kFloat32 &&
        graph.value(layer.inputs[0]).type == ElementType::kFloat32) {
      matrix->accurate = true;
    }
  }
}

}  // namespace neuron::compiler
