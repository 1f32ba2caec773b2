// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "host/compiler/passes/fuse_patterns.h"
#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

float At(const std::vector<float>& values, size_t index) {
  return values[values.size() == 1 ? 0 : index];
}

// The axis of the output along which a matrix layer's filters lie.
int FilterAxis(const LayerGraph& graph, const Layer& layer, const MatrixLayer& matrix) {
  return matrix.is_conv ? 1 : static_cast<int>(graph.value(layer.outputs[0]).shape.size()) - 1;
}

// Scale and bias after an integer matrix layer go into its scales and its bias, which is rounded to
// steps of the sums.
bool FoldIntegerAffine(const UnaryLayer& unary, MatrixLayer& matrix, QuantizedWeights& quantized) {
  constexpr double kLargest = 2147483647.0;
  const auto filters = static_cast<size_t>(matrix.weight.shape[0]);
  std::vector<float> scale(filters);
  std::vector<float> weight_scale(filters);
  std::vector<int32_t> bias(filters);
  for (size_t m = 0; m < filters; ++m) {
    const double old = matrix.bias_int.empty() ? 0 : matrix.bias_int[m];
    const double step = static_cast<double>(At(matrix.scale, m)) * At(unary.scale, m);
    const double sum = old + std::nearbyint(At(unary.bias, m) / step);
    if (!(std::fabs(sum) <= kLargest)) {
      return false;
    }
    scale[m] = static_cast<float>(step);
    weight_scale[m] = At(quantized.weight_scale, m) * At(unary.scale, m);
    bias[m] = static_cast<int32_t>(sum);
  }
  matrix.scale = std::move(scale);
  quantized.weight_scale = std::move(weight_scale);
  matrix.bias_int = std::move(bias);
  return true;
}

// Scale and bias after a matrix layer go into its weights and bias.
bool FoldAffine(Module& module, const Layer& layer, MatrixLayer& matrix, const UnaryLayer& unary) {
  const bool per_filter = unary.scale.size() > 1 || unary.bias.size() > 1;
  if (!IsTrivial(matrix.activation) ||
      (per_filter && unary.axis != FilterAxis(module.graph, layer, matrix))) {
    return false;
  }
  if (matrix.weight.type != ElementType::kFloat32) {
    const auto entry = module.quantized.find(layer.outputs[0]);
    return entry != module.quantized.end() && entry->second.is_integer &&
           FoldIntegerAffine(unary, matrix, entry->second);
  }
  const auto filters = static_cast<size_t>(matrix.weight.shape[0]);
  const std::span<float> weights = matrix.weight.as<float>();
  const size_t row = weights.size() / filters;
  matrix.bias.resize(filters, 0.0F);
  for (size_t m = 0; m < filters; ++m) {
    for (float& weight : weights.subspan(m * row, row)) {
      weight *= At(unary.scale, m);
    }
    matrix.bias[m] = matrix.bias[m] * At(unary.scale, m) + At(unary.bias, m);
  }
  return true;
}

bool JoinMatrix(Module& module, const Layer& layer, MatrixLayer& matrix, const UnaryLayer& unary) {
  // Weights that are integers but not yet joined with an integer input keep their scales apart.
  const auto composed = Compose(matrix.activation, unary.activation);
  if (!composed) {
    return false;
  }
  if (!IsTrivialAffine(unary) && !FoldAffine(module, layer, matrix, unary)) {
    return false;
  }
  matrix.activation = *composed;
  return true;
}

// A factor of a product of two computed tensors.
bool JoinBatchMatmul(BatchMatmulLayer& matmul, const UnaryLayer& unary) {
  if (unary.scale.size() != 1 || unary.bias != std::vector<float>{0.0F} ||
      !IsTrivial(unary.activation)) {
    return false;
  }
  matmul.alpha *= unary.scale[0];
  return true;
}

bool JoinBinary(BinaryLayer& binary, const UnaryLayer& unary) {
  const auto composed = Compose(binary.activation, unary.activation);
  if (!IsTrivialAffine(unary) || !composed) {
    return false;
  }
  binary.activation = *composed;
  return true;
}

// Two unary layers: scale and bias multiply out when nothing lies between them.
bool JoinUnary(UnaryLayer& first, const UnaryLayer& second) {
  if (IsTrivialAffine(second)) {
    const auto composed = Compose(first.activation, second.activation);
    if (composed) {
      first.activation = *composed;
    }
    return composed.has_value();
  }
  if (!IsTrivial(first.activation)) {
    return false;
  }
  const bool first_wide = first.scale.size() > 1 || first.bias.size() > 1;
  const bool second_wide = second.scale.size() > 1 || second.bias.size() > 1;
  if (first_wide && second_wide && first.axis != second.axis) {
    return false;
  }
  const size_t count =
      std::max({first.scale.size(), first.bias.size(), second.scale.size(), second.bias.size()});
  UnaryLayer joined;
  joined.axis = first_wide ? first.axis : (second_wide ? second.axis : -1);
  joined.activation = second.activation;
  joined.scale.resize(count);
  joined.bias.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const double scale = At(second.scale, i);
    joined.scale[i] = static_cast<float>(At(first.scale, i) * scale);
    joined.bias[i] = static_cast<float>(At(first.bias, i) * scale + At(second.bias, i));
  }
  first = std::move(joined);
  return true;
}

// Whether `unary`, which follows `layer`, was taken into it.
bool Join(Module& module, Layer& layer, const UnaryLayer& unary) {
  if (auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return JoinMatrix(module, layer, *matrix, unary);
  }
  if (auto* matmul = std::get_if<BatchMatmulLayer>(&layer.body)) {
    return JoinBatchMatmul(*matmul, unary);
  }
  if (auto* binary = std::get_if<BinaryLayer>(&layer.body)) {
    return JoinBinary(*binary, unary);
  }
  if (auto* first = std::get_if<UnaryLayer>(&layer.body)) {
    return JoinUnary(*first, unary);
  }
  return false;
}

bool FuseOne(Module& module) {
  LayerGraph& graph = module.graph;
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    if (layer.outputs.size() != 1 || layer.outputs[0] == kNoValue) {
      continue;
    }
    const ValueId between = layer.outputs[0];
    const int next = uses.OnlyConsumer(between);
    if (next < 0 || IsQuantized(graph, between)) {
      continue;
    }
    const Layer& follower = graph.layers[static_cast<size_t>(next)];
    const auto* unary = std::get_if<UnaryLayer>(&follower.body);
    // On integers of 32 bits ScalarE adds a bias before it scales.
    const bool counts = graph.value(layer.inputs[0]).type == ElementType::kInt32;
    const bool rounds = unary != nullptr &&
                        graph.value(follower.outputs[0]).type != ElementType::kFloat32 &&
                        !std::holds_alternative<MatrixLayer>(layer.body);
    const bool floats = unary != nullptr && !counts && !rounds &&
                        !IsQuantized(graph, follower.outputs[0]) &&
                        graph.value(between).type == ElementType::kFloat32;
    if (!floats || !Join(module, layer, *unary)) {
      continue;
    }
    MergeNodes(follower, layer);
    layer.outputs[0] = follower.outputs[0];
    if (auto node = module.quantized.extract(between)) {
      node.key() = layer.outputs[0];
      module.quantized.insert(std::move(node));
    }
    std::vector<bool> dead(graph.layers.size(), false);
    dead[static_cast<size_t>(next)] = true;
    EraseLayers(graph, dead);
    return true;
  }
  return false;
}

}  // namespace

Status Fuse(Module& module) {
  while (FuseSilu(module.graph)) {
  }
  do {
    while (FuseOne(module)) {
    }
  } while (FuseGelu(module.graph));
  return OkStatus();
}

}  // namespace neuron::compiler
