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

// Whether a stored tensor has no quantisation yet, or this one.
bool CanMark(Lowering& lowering, ValueId id, const Quantization& quantization) {
  const Value& value = lowering.layers().value(id);
  Value wanted = value;
  wanted.quantization = quantization;
  return !value.quantization || SameQuantization(value, wanted);
}

void Mark(Lowering& lowering, ValueId id, const Quantization& quantization) {
  lowering.layers().value(id).quantization = quantization;
}

// Why 8-bit operand `index` cannot be taken as a tensor of real values.
Refusal NotReal(Lowering& lowering, const HostNode& node, size_t index) {
  const auto quantization = PerTensor(lowering, node, index + 1, index + 2);
  if (!quantization) {
    return "the scale or zero-point of '" + node.inputs[index] + "' is computed or not one number";
  }
  if (!CanMark(lowering, lowering.ValueOf(node.inputs[index]), *quantization)) {
    return "'" + node.inputs[index] + "' is already quantised with another scale or zero-point";
  }
  return std::nullopt;
}

// The real value of an operand that NotReal says nothing against.
ValueId Dequantized(Lowering& lowering, const HostNode& node, size_t index) {
  const ValueId id = lowering.ValueOf(node.inputs[index]);
  Mark(lowering, id, *PerTensor(lowering, node, index + 1, index + 2));
  return lowering.EmitTemporary(node, {id}, UnaryLayer{}, lowering.info(node.inputs[index]).shape);
}

constexpr size_t kOutputScale = 6;  // of the QLinear operators; their zero-point follows

// Why the engines cannot take the node's first operand or store its output.
Refusal NotReal(Lowering& lowering, const HostNode& node) {
  if (!PerTensor(lowering, node, kOutputScale, kOutputScale + 1)) {
    return "its output's scale or zero-point is computed or not one number";
  }
  return NotReal(lowering, node, 0);
}

// Stores the real value `y` as the node's output.
void FinishQuantized(Lowering& lowering, const HostNode& node, ValueId y) {
  Mark(lowering, lowering.ValueOf(node.outputs[0]),
       *PerTensor(lowering, node, kOutputScale, kOutputScale + 1));
  lowering.Emit(node, {y}, UnaryLayer{});
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

// Adds the constant int32 bias of a QLinearConv; a refusal when it is computed.
Refusal TakeBias(Lowering& lowering, const HostNode& node, MatrixLayer& layer,
                 QuantizedWeights& quantized) {
  constexpr size_t kBias = 8;
  if (!Lowering::Has(node, kBias)) {
    return std::nullopt;
  }
  const auto bias = lowering.ConstantOf(node.inputs[kBias]);
  if (!bias) {
    return "its bias is computed";
  }
  if (bias->type != ElementType::kInt32 || bias->elements() != layer.weight.shape[0]) {
    return lowering.Invalid(node, "its bias is not an int32 for each output channel");
  }
  const float scale = *lowering.ScalarOf(node.inputs[1]);
  quantized.bias.assign(bias->as<int32_t>().begin(), bias->as<int32_t>().end());
  for (const float weight_scale : quantized.weight_scale) {
    quantized.bias_scale.push_back(scale * weight_scale);
  }
  layer.bias.assign(static_cast<size_t>(bias->elements()), 0.0F);
  return std::nullopt;
}

constexpr const char* kNoWeights =
    "its weights or their parameters are computed, or their zero-points differ between channels";
constexpr const char* kNoWindow = "the tensor engine convolves over one or two dimensions";

Refusal LowerQLinearConv(Lowering& lowering, const HostNode& node) {
  auto weights = StoredWeights(lowering, node, 3, 4, 5);
  if (!weights) {
    return kNoWeights;
  }
  auto layer = ConvolutionOf(lowering, node, *weights);
  if (!layer) {
    return kNoWindow;
  }
  if (auto refusal = NotReal(lowering, node)) {
    return refusal;
  }
  if (auto refusal = TakeBias(lowering, node, *layer, *weights->quantized)) {
    return refusal;
  }
  const Shape shape = lowering.info(node.outputs[0]).shape;
  const ValueId x = Dequantized(lowering, node, 0);
  const ValueId y = lowering.EmitTemporary(node, {x}, std::move(*layer), shape);
  lowering.module().quantized[y] = std::move(*weights->quantized);
  FinishQuantized(lowering, node, y);
  return std::nullopt;
}

Refusal LowerQLinearMatMul(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NotReal(lowering, node)) {
    return refusal;
  }
  const Shape shape = lowering.info(node.outputs[0]).shape;
  const Shape& left = lowering.info(node.inputs[0]).shape;
  const Shape& right = lowering.info(node.inputs[3]).shape;
  auto weights = right.size() == 2 ? StoredWeights(lowering, node, 3, 4, 5) : std::nullopt;
  if (weights && left.size() >= 2) {
    const ValueId a = Dequantized(lowering, node, 0);
    const ValueId y = lowering.EmitTemporary(node, {a}, LinearOf(*weights), shape);
    lowering.module().quantized[y] = std::move(*weights->quantized);
    FinishQuantized(lowering, node, y);
    return std::nullopt;
  }
  if (auto refusal = NotReal(lowering, node, 3)) {
    return refusal;
  }
  if (right.size() != shape.size() || left.size() != shape.size()) {
    return "its operands differ in rank";
  }
  const ValueId a = Dequantized(lowering, node, 0);
  const ValueId b = Dequantized(lowering, node, 3);
  FinishQuantized(lowering, node, lowering.EmitTemporary(node, {a, b}, BatchMatmulLayer{}, shape));
  return std::nullopt;
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
    return "its sums may exceed 2^24, beyond which the engines round them";
  }
  const auto zero = Lowering::Has(node, kZero) ? lowering.ScalarOf(node.inputs[kZero])
                                               : std::optional<float>(0.0F);
  const bool one =
      !Lowering::Has(node, kZero) || ElementCount(lowering.info(node.inputs[kZero]).shape) == 1;
  if (!one || (!zero && (layer.is_conv || padded))) {
    return "the zero-point of its input is not one constant";
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const Quantization plain{{1.0F}, {static_cast<int32_t>(zero.value_or(0.0F))}, -1};
  if (!CanMark(lowering, x, plain)) {
    return "'" + node.inputs[0] + "' is already quantised otherwise";
  }
  Mark(lowering, x, plain);
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
    return "its second operand is not a constant matrix with one zero-point";
  }
  return EmitSums(lowering, node, LinearOf(*weights), false);
}

Refusal LowerConvInteger(Lowering& lowering, const HostNode& node) {
  const auto weights = StoredWeights(lowering, node, 1, std::nullopt, 3);
  if (!weights) {
    return kNoWeights;
  }
  const auto layer = ConvolutionOf(lowering, node, *weights);
  return layer ? EmitSums(lowering, node, *layer, true) : kNoWindow;
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
