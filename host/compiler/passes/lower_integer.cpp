// SPDX-License-Identifier: Apache-2.0
// Operators on integers: QLinearConv and QLinearMatMul as dequantise, compute, quantise, which the
// later passes turn into one integer layer; ConvInteger and MatMulInteger as exact sums.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// Per-tensor quantisation from constant scale and zero-point operands.
std::optional<Quantization> PerTensor(Lowering& lowering, const HostNode& node, size_t scale,
                                      size_t zero) {
  const auto step = lowering.ScalarOf(node.inputs[scale]);
  const auto origin =
      Lowering::Has(node, zero) ? lowering.ScalarOf(node.inputs[zero]) : std::optional<float>(0.0F);
  if (!step || !origin || !std::isnormal(*step) || *step < 0.0F) {
    return std::nullopt;
  }
  return Quantization{{*step}, {static_cast<int32_t>(*origin)}, -1};
}

// Marks a stored tensor with its quantisation; false when it already has another one.
bool Mark(Lowering& lowering, ValueId id, const Quantization& quantization) {
  Value& value = lowering.layers().value(id);
  Value wanted = value;
  wanted.quantization = quantization;
  if (value.quantization && !SameQuantization(value, wanted)) {
    return false;
  }
  value.quantization = quantization;
  return true;
}

// The real value of 8-bit operand `index`; a refusal in `why` when its parameters do not allow it.
ValueId Dequantized(Lowering& lowering, const HostNode& node, size_t index, Refusal& why) {
  const TensorInfo& info = lowering.info(node.inputs[index]);
  const auto quantization = PerTensor(lowering, node, index + 1, index + 2);
  const ValueId id = lowering.ValueOf(node.inputs[index]);
  if (!quantization) {
    why = "the scale or zero-point of '" + node.inputs[index] + "' is computed or not one number";
  } else if (!Mark(lowering, id, *quantization)) {
    why = "'" + node.inputs[index] + "' is already quantised with another scale or zero-point";
  }
  return why ? kNoValue : lowering.EmitTemporary(node, {id}, UnaryLayer{}, info.shape);
}

// Stores the real value `y` as the node's output with scale operand `scale` and the zero-point
// after it.
Refusal FinishQuantized(Lowering& lowering, const HostNode& node, ValueId y, size_t scale) {
  const auto quantization = PerTensor(lowering, node, scale, scale + 1);
  if (!quantization) {
    return "its output's scale or zero-point is computed or not one number";
  }
  Mark(lowering, lowering.ValueOf(node.outputs[0]), *quantization);
  lowering.Emit(node, {y}, UnaryLayer{});
  return std::nullopt;
}

// Constant 8-bit weights with the scale and zero-point operands that follow them.
std::optional<Weights> StoredWeights(Lowering& lowering, const HostNode& node, size_t index,
                                     std::optional<size_t> scale, std::optional<size_t> zero) {
  const auto constant = lowering.ConstantOf(node.inputs[index]);
  if (!constant || !Is8Bit(constant->type)) {
    return std::nullopt;
  }
  Weights weights;
  weights.tensor = *constant;
  weights.quantized.emplace();
  weights.quantized->weight_scale = {1.0F};
  if (scale) {
    const auto scales = lowering.ConstantOf(node.inputs[*scale]);
    if (!scales) {
      return std::nullopt;
    }
    weights.quantized->weight_scale = scales->ToFloats();
  }
  if (zero && Lowering::Has(node, *zero)) {
    const auto zeros = lowering.ConstantOf(node.inputs[*zero]);
    const auto list = zeros ? zeros->ToInts() : std::vector<int64_t>();
    if (list.empty() ||
        !std::all_of(list.begin(), list.end(), [&](int64_t z) { return z == list[0]; })) {
      return std::nullopt;
    }
    weights.zero_point = static_cast<int32_t>(list[0]);
  }
  return weights;
}

MatrixLayer LinearOf(const Weights& weights) {
  MatrixLayer layer;
  layer.is_conv = false;
  layer.weight = Transposed(weights.tensor);
  layer.weight_zero_point = weights.zero_point;
  return layer;
}

// The convolution that a QLinearConv or ConvInteger node asks for; nothing when its window is not
// one over one or two dimensions that fits.
std::optional<MatrixLayer> ConvolutionOf(const Lowering& lowering, const HostNode& node,
                                         const Weights& weights) {
  const Shape& input = lowering.info(node.inputs[0]).shape;
  const Shape& shape = weights.tensor.shape;
  if (shape.size() != input.size() || shape.size() < 3) {
    return std::nullopt;
  }
  const auto window = ReadWindow(node, input, lowering.info(node.outputs[0]).shape,
                                 {shape.begin() + 2, shape.end()});
  if (!window) {
    return std::nullopt;
  }
  MatrixLayer layer;
  layer.weight = weights.tensor;
  layer.weight.shape = {shape[0], shape[1], window->kernel[0], window->kernel[1]};
  layer.weight_zero_point = weights.zero_point;
  layer.strides = window->strides;
  layer.dilations = window->dilations;
  layer.pads = window->pads;
  layer.group = node.Int("group", 1);
  return layer;
}

Refusal LowerQLinearConv(Lowering& lowering, const HostNode& node) {
  auto weights = StoredWeights(lowering, node, 3, 4, 5);
  if (!weights) {
    return lowering.Unsupported(node,
                                "its weights or their parameters are computed, or its "
                                "zero-points differ between channels");
  }
  auto layer = ConvolutionOf(lowering, node, *weights);
  Refusal why;
  const ValueId x = Dequantized(lowering, node, 0, why);
  if (why || !layer) {
    return lowering.Unsupported(node,
                                why.value_or("it convolves over other than one or two dimensions"));
  }
  if (Lowering::Has(node, 8)) {
    const auto bias = lowering.ConstantOf(node.inputs[8]);
    if (!bias || bias->type != ElementType::kInt32 || bias->elements() != layer->weight.shape[0]) {
      return lowering.Unsupported(node, "its bias is not a constant int32 for each output channel");
    }
    const float scale = *lowering.ScalarOf(node.inputs[1]);
    weights->quantized->bias.assign(bias->as<int32_t>().begin(), bias->as<int32_t>().end());
    for (const float weight_scale : weights->quantized->weight_scale) {
      weights->quantized->bias_scale.push_back(scale * weight_scale);
    }
    layer->bias.assign(static_cast<size_t>(bias->elements()), 0.0F);
  }
  const Shape shape = lowering.info(node.outputs[0]).shape;
  const ValueId y = lowering.EmitTemporary(node, {x}, std::move(*layer), shape);
  lowering.module().quantized[y] = std::move(*weights->quantized);
  return FinishQuantized(lowering, node, y, 6);
}

Refusal LowerQLinearMatMul(Lowering& lowering, const HostNode& node) {
  Refusal why;
  const ValueId a = Dequantized(lowering, node, 0, why);
  if (why) {
    return lowering.Unsupported(node, *why);
  }
  const Shape shape = lowering.info(node.outputs[0]).shape;
  const Shape& right = lowering.info(node.inputs[3]).shape;
  auto weights = right.size() == 2 ? StoredWeights(lowering, node, 3, 4, 5) : std::nullopt;
  if (weights && lowering.info(node.inputs[0]).shape.size() >= 2) {
    const ValueId y = lowering.EmitTemporary(node, {a}, LinearOf(*weights), shape);
    lowering.module().quantized[y] = std::move(*weights->quantized);
    return FinishQuantized(lowering, node, y, 6);
  }
  const ValueId b = Dequantized(lowering, node, 3, why);
  if (why || right.size() != shape.size() ||
      lowering.info(node.inputs[0]).shape.size() != shape.size()) {
    return lowering.Unsupported(node, why.value_or("its operands differ in rank"));
  }
  return FinishQuantized(lowering, node,
                         lowering.EmitTemporary(node, {a, b}, BatchMatmulLayer{}, shape), 6);
}

// The largest sum that a row of weights can make of 8-bit inputs; float32 holds it exactly below
// 2^24.
bool SumsAreExact(const MatrixLayer& layer) {
  constexpr int64_t kExact = int64_t{1} << 24;
  constexpr int64_t kLargestInput = 255;
  const std::vector<int64_t> weights = layer.weight.ToInts();
  const auto row = static_cast<size_t>(layer.weight.elements() / layer.weight.shape[0]);
  for (size_t at = 0; at < weights.size(); at += row) {
    int64_t sum = 0;
    for (size_t i = at; i < at + row; ++i) {
      sum += std::abs(weights[i] - layer.weight_zero_point);
    }
    if (sum * kLargestInput >= kExact) {
      return false;
    }
  }
  return true;
}

// The sums of each row of weights, less the weights' zero-point.
std::vector<float> RowSums(const MatrixLayer& layer) {
  const std::vector<int64_t> weights = layer.weight.ToInts();
  const auto row = static_cast<size_t>(layer.weight.elements() / layer.weight.shape[0]);
  std::vector<float> sums;
  for (size_t at = 0; at < weights.size(); at += row) {
    int64_t sum = 0;
    for (size_t i = at; i < at + row; ++i) {
      sum += weights[i] - layer.weight_zero_point;
    }
    sums.push_back(static_cast<float>(sum));
  }
  return sums;
}

// Sums of (a - za) * (w - zw) as int32. A zero-point za that is computed is taken off afterwards:
// za times the row sums of w - zw.
Refusal EmitSums(Lowering& lowering, const HostNode& node, MatrixLayer layer, bool padded) {
  constexpr size_t kZero = 2;
  if (!SumsAreExact(layer)) {
    return lowering.Unsupported(node,
                                "its sums may exceed 2^24, beyond which the engines would "
                                "round them; use QLinear operators or QuantizeLinear");
  }
  const auto zero = Lowering::Has(node, kZero) ? lowering.ScalarOf(node.inputs[kZero])
                                               : std::optional<float>(0.0F);
  const bool one =
      !Lowering::Has(node, kZero) || ElementCount(lowering.info(node.inputs[kZero]).shape) == 1;
  if (!one || (!zero && (layer.is_conv || padded))) {
    return lowering.Unsupported(node, "its input's zero-point is not one constant");
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const Quantization plain{{1.0F}, {static_cast<int32_t>(zero.value_or(0.0F))}, -1};
  if (!Mark(lowering, x, plain)) {
    return lowering.Unsupported(node, "'" + node.inputs[0] + "' is already quantised otherwise");
  }
  const std::vector<float> sums = RowSums(layer);
  const Shape shape = lowering.info(node.outputs[0]).shape;
  const ValueId real =
      lowering.EmitTemporary(node, {x}, UnaryLayer{}, lowering.info(node.inputs[0]).shape);
  const ValueId product = lowering.EmitTemporary(node, {real}, std::move(layer), shape);
  lowering.module().quantized[product] = QuantizedWeights{{1.0F}, {}, {}, false};
  ValueId y = product;
  if (!zero) {
    const ValueId shift = e.Binary(BinaryOp::kMul, e.ToFloat(e.Input(kZero)),
                                   e.Constant({static_cast<int64_t>(sums.size())}, sums));
    y = e.Binary(BinaryOp::kSub, product, shift);
  }
  lowering.Emit(node, {y}, UnaryLayer{});
  return std::nullopt;
}

Refusal LowerMatMulInteger(Lowering& lowering, const HostNode& node) {
  const auto weights = StoredWeights(lowering, node, 1, std::nullopt, 3);
  if (!weights || weights->tensor.shape.size() != 2 ||
      lowering.info(node.inputs[0]).shape.size() < 2) {
    return lowering.Unsupported(node,
                                "its second operand is not a constant matrix with one zero-point");
  }
  return EmitSums(lowering, node, LinearOf(*weights), false);
}

Refusal LowerConvInteger(Lowering& lowering, const HostNode& node) {
  const auto weights = StoredWeights(lowering, node, 1, std::nullopt, 3);
  const auto layer = weights ? ConvolutionOf(lowering, node, *weights) : std::nullopt;
  if (!layer) {
    return lowering.Unsupported(node,
                                "its weights are computed, their zero-points differ, or it "
                                "convolves over other than one or two dimensions");
  }
  return EmitSums(lowering, node, *layer, true);
}

}  // namespace

std::span<const OperatorRule> IntegerRules() {
  static constexpr OperatorRule kRules[] = {
      {"QLinearConv", LowerQLinearConv},
      {"QLinearMatMul", LowerQLinearMatMul},
      {"ConvInteger", LowerConvInteger},
      {"MatMulInteger", LowerMatMulInteger},
  };
  return kRules;
}

}  // namespace neuron::compiler
