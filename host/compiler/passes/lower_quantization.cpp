// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear, DequantizeLinear and BatchNormalization: unary layers with parameters for each
// channel or tensor.
#include <algorithm>
#include <cmath>
#include <functional>

#include "host/compiler/passes/lowering.h"

namespace neuron::compiler {
namespace {

Refusal LowerBatchNormalization(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  std::vector<float> operands[4];  // scale, bias, mean, variance
  for (size_t i = 0; i < 4; ++i) {
    const auto constant = lowering.ConstantOf(node.inputs[i + 1]);
    if (!constant) {
      return "its parameters are computed";
    }
    operands[i] = constant->ToFloats();
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  for (const auto& operand : operands) {
    if (shape.size() < 2 || static_cast<int64_t>(operand.size()) != shape[1]) {
      return lowering.Invalid(
          node, "its parameters must have one element for each channel of " + ShapeToString(shape));
    }
  }
  UnaryLayer layer;
  layer.axis = 1;
  layer.scale.clear();
  layer.bias.clear();
  const double epsilon = node.Float("epsilon", 1e-5F);
  for (size_t c = 0; c < operands[0].size(); ++c) {
    const double scale = operands[0][c] / std::sqrt(operands[3][c] + epsilon);
    layer.scale.push_back(static_cast<float>(scale));
    layer.bias.push_back(static_cast<float>(operands[1][c] - operands[2][c] * scale));
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

// The quantisation that scale and zero-point operands describe; nothing when they are computed.
std::optional<Quantization> QuantizationOf(Lowering& lowering, const HostNode& node,
                                           const Shape& shape, ElementType stored_type) {
  const auto scale = lowering.info(node.inputs[1]).constant;
  if (!scale) {
    return std::nullopt;
  }
  Quantization result;
  result.scale = scale->ToFloats();
  result.zero_point.assign(result.scale.size(), 0);
  if (Lowering::Has(node, 2)) {
    const auto zero = lowering.info(node.inputs[2]).constant;
    if (!zero) {
      return std::nullopt;
    }
    const auto values = zero->ToInts();
    result.zero_point.assign(values.begin(), values.end());
    if (zero->type != stored_type) {
      lowering.Invalid(node, "its zero-point has another type than the quantised tensor");
      return std::nullopt;
    }
  }
  if (result.scale.size() > 1) {
    const auto axis = lowering.Axis(node, node.Int("axis", 1), shape.size());
    if (!axis || shape[*axis] != static_cast<int64_t>(result.scale.size())) {
      lowering.Invalid(node, "its scales do not fit the axis they are for");
      return std::nullopt;
    }
    result.axis = static_cast<int>(*axis);
  }
  const bool positive = std::all_of(result.scale.begin(), result.scale.end(),
                                    [](float s) { return std::isnormal(s) && s > 0.0F; });
  if (result.scale.empty() || result.zero_point.size() != result.scale.size() || !positive) {
    lowering.Invalid(node,
                     "its scale is not a positive number, or its zero-point has another size");
    return std::nullopt;
  }
  return result;
}

// Whether layers so far read the stored numbers themselves.
bool IsReadAsNumbers(const LayerGraph& graph, ValueId id) {
  return !graph.value(id).quantization &&
         std::ranges::any_of(graph.layers, [&](const Layer& layer) {
           return std::holds_alternative<UnaryLayer>(layer.body) && layer.inputs[0] == id;
         });
}

enum class Towards { kStored, kReal };

// A computed tensor is stored with one scale; those of its slices become factors of the layer that
// makes or reads it. A refusal where the zero-points differ: rounding to even depends on them.
Refusal TakeScales(Towards towards, Quantization& quantization, UnaryLayer& layer) {
  if (std::ranges::adjacent_find(quantization.zero_point, std::not_equal_to()) !=
      quantization.zero_point.end()) {
    return "the zero-points of a computed tensor differ from slice to slice";
  }
  layer.axis = quantization.axis;
  layer.scale = quantization.scale;
  if (towards == Towards::kStored) {
    for (float& scale : layer.scale) {
      scale = 1.0F / scale;
    }
  }
  quantization = {{1.0F}, {quantization.zero_point[0]}, -1};
  return std::nullopt;
}

Refusal LowerQuantization(Lowering& lowering, const HostNode& node, Towards towards,
                          const std::string& stored_name) {
  const TensorInfo& stored = lowering.info(stored_name);
  if (stored.type != ElementType::kInt8 && stored.type != ElementType::kUint8) {
    return std::string("only int8 and uint8 are quantised types here, not ") +
           ElementTypeName(stored.type);
  }
  auto quantization = QuantizationOf(lowering, node, stored.shape, stored.type);
  if (!quantization) {
    return "its scale or zero-point is computed";
  }
  UnaryLayer layer;
  if (quantization->scale.size() > 1 && !stored.constant) {
    if (auto refusal = TakeScales(towards, *quantization, layer)) {
      return refusal;
    }
  }
  const ValueId id = lowering.ValueOf(stored_name);
  Value& value = lowering.layers().value(id);
  Value wanted = value;
  wanted.quantization = quantization;
  if (value.quantization && !SameQuantization(value, wanted)) {
    return "'" + stored_name + "' is already quantised with another scale or zero-point";
  }
  if (IsReadAsNumbers(lowering.layers(), id)) {
    return "another node reads the steps of '" + stored_name + "' as numbers";
  }
  value.quantization = quantization;
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

Refusal LowerQuantizeLinear(Lowering& lowering, const HostNode& node) {
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return "its input is not float32";
  }
  return LowerQuantization(lowering, node, Towards::kStored, node.outputs[0]);
}

Refusal LowerDequantizeLinear(Lowering& lowering, const HostNode& node) {
  return LowerQuantization(lowering, node, Towards::kReal, node.inputs[0]);
}

}  // namespace

std::span<const OperatorRule> QuantizationRules() {
  static constexpr OperatorRule kRules[] = {
      {"QuantizeLinear", LowerQuantizeLinear},
      {"DequantizeLinear", LowerDequantizeLinear},
      {"BatchNormalization", LowerBatchNormalization},
  };
  return kRules;
}

}  // namespace neuron::compiler
