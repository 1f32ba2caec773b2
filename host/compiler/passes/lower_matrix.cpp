// SPDX-License-Identifier: Apache-2.0
// Conv, Gemm and MatMul to matrix layers.
#include <algorithm>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// The integers, scales and zero-point behind a DequantizeLinear of a constant; nothing unless they
// suit an integer matrix layer whose rows lie along `row_axis` of the stored tensor.
std::optional<Weights> QuantizedConstant(Lowering& lowering, const std::string& name,
                                         size_t row_axis) {
  const HostNode* node = lowering.DequantizedConstant(name);
  if (node == nullptr) {
    return std::nullopt;
  }
  Weights weights;
  weights.tensor = *lowering.info(node->inputs[0]).constant;
  if (!Is8Bit(weights.tensor.type)) {
    return std::nullopt;
  }
  weights.quantized.emplace();
  weights.quantized->weight_scale = lowering.info(node->inputs[1]).constant->ToFloats();
  const auto rank = static_cast<int64_t>(weights.tensor.shape.size());
  const int64_t axis = node->Int("axis", 1);
  if (weights.quantized->weight_scale.size() != 1 &&
      (axis < 0 ? axis + rank : axis) != static_cast<int64_t>(row_axis)) {
    return std::nullopt;
  }
  if (Lowering::Has(*node, 2)) {
    const auto zeros = lowering.info(node->inputs[2]).constant->ToInts();
    if (!std::all_of(zeros.begin(), zeros.end(), [&](int64_t z) { return z == zeros[0]; })) {
      return std::nullopt;
    }
    weights.zero_point = static_cast<int32_t>(zeros[0]);
  }
  return weights;
}

void EmitMatrix(Lowering& lowering, const HostNode& node, ValueId input, MatrixLayer layer,
                std::optional<QuantizedWeights> quantized) {
  lowering.Emit(node, {input}, std::move(layer));
  if (quantized) {
    lowering.module().quantized[lowering.ValueOf(node.outputs[0])] = std::move(*quantized);
  }
}

Refusal LowerConv(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  auto weights = WeightsOf(lowering, node.inputs[1], 0);
  if (!weights) {
    return "its weights are computed; constant float32 or 8-bit weights run on the tensor engine";
  }
  const Shape& input = lowering.info(node.inputs[0]).shape;
  const Shape& output = lowering.info(node.outputs[0]).shape;
  const Shape& shape = weights->tensor.shape;
  const int64_t group = node.Int("group", 1);
  if (shape.size() != input.size() || shape.size() < 3 || group < 1 || shape[0] % group != 0 ||
      input[1] % group != 0 || shape[1] != input[1] / group) {
    return lowering.Invalid(node, "weights " + ShapeToString(shape) + " in " +
                                      std::to_string(group) + " groups do not fit the input " +
                                      ShapeToString(input));
  }
  const auto window = ReadWindow(node, input, output, {shape.begin() + 2, shape.end()});
  if (!window && input.size() <= 4) {
    return lowering.Invalid(node, "its strides, dilations or pads are not possible");
  }
  if (!window) {
    return "the tensor engine convolves over one or two spatial dimensions, not " +
           std::to_string(input.size() - 2);
  }
  MatrixLayer layer;
  layer.is_conv = true;
  layer.weight_zero_point = weights->zero_point;
  layer.weight = std::move(weights->tensor);
  if (layer.weight.shape.size() == 3) {
    layer.weight.shape.insert(layer.weight.shape.begin() + 2, 1);
  }
  layer.strides = window->strides;
  layer.dilations = window->dilations;
  layer.pads = window->pads;
  layer.group = group;
  if (Lowering::Has(node, 2)) {
    const auto bias = lowering.ConstantOf(node.inputs[2]);
    if (!bias) {
      return "its bias is computed; add it with an Add node instead";
    }
    layer.bias = bias->ToFloats();
    if (static_cast<int64_t>(layer.bias.size()) != layer.weight.shape[0]) {
      return lowering.Invalid(node, "the bias has " + std::to_string(layer.bias.size()) +
                                        " elements for " + std::to_string(layer.weight.shape[0]) +
                                        " channels");
    }
    if (weights->quantized) {
      TakeQuantizedBias(lowering, node.inputs[2], *weights->quantized);
    }
  }
  EmitMatrix(lowering, node, lowering.ValueOf(node.inputs[0]), std::move(layer),
             std::move(weights->quantized));
  return std::nullopt;
}

// The transposition of a computed matrix [A, B].
ValueId TransposedValue(Lowering& lowering, const HostNode& node, const std::string& name) {
  const Shape& shape = lowering.info(name).shape;
  return lowering.EmitTemporary(node, {lowering.ValueOf(name)}, TransposeLayer{{1, 0}},
                                {shape[1], shape[0]});
}

// A bias that has one element, or one for each of the last axis's `columns`; nothing otherwise.
std::optional<std::vector<float>> RowBias(const HostTensor& tensor, int64_t columns, float beta) {
  if (tensor.elements() != 1 &&
      (tensor.elements() != columns || columns == 0 || tensor.shape.back() != columns)) {
    return std::nullopt;
  }
  std::vector<float> bias = tensor.ToFloats();
  bias.resize(static_cast<size_t>(columns), bias[0]);
  for (float& value : bias) {
    value *= beta;
  }
  return bias;
}

// Gemm with constant B. C is fused when it is a row, else added by a layer of its own.
Refusal LowerGemmConstant(Lowering& lowering, const HostNode& node, Weights weights) {
  const float alpha = node.Float("alpha", 1.0F);
  const float beta = node.Float("beta", 1.0F);
  MatrixLayer layer;
  layer.is_conv = false;
  layer.weight_zero_point = weights.zero_point;
  layer.weight =
      node.Int("transB", 0) != 0 ? std::move(weights.tensor) : Transposed(weights.tensor);
  if (weights.quantized) {
    for (float& scale : weights.quantized->weight_scale) {
      scale *= alpha;
    }
  } else if (alpha != 1.0F) {
    for (float& weight : layer.weight.as<float>()) {
      weight *= alpha;
    }
  }
  const ValueId input = node.Int("transA", 0) != 0 ? TransposedValue(lowering, node, node.inputs[0])
                                                   : lowering.ValueOf(node.inputs[0]);
  const Shape& shape = lowering.info(node.outputs[0]).shape;
  std::optional<std::vector<float>> bias;
  if (Lowering::Has(node, 2)) {
    if (const auto constant = lowering.ConstantOf(node.inputs[2])) {
      bias = RowBias(*constant, shape[1], beta);
    }
  }
  if (bias) {
    layer.bias = std::move(*bias);
    if (weights.quantized && beta == 1.0F) {
      TakeQuantizedBias(lowering, node.inputs[2], *weights.quantized);
    }
  }
  if (bias || !Lowering::Has(node, 2)) {
    EmitMatrix(lowering, node, input, std::move(layer), std::move(weights.quantized));
    return std::nullopt;
  }
  const ValueId product = lowering.EmitTemporary(node, {input}, std::move(layer), shape);
  if (weights.quantized) {
    lowering.module().quantized[product] = std::move(*weights.quantized);
  }
  ValueId addend = lowering.ValueOf(node.inputs[2]);
  if (beta != 1.0F) {
    UnaryLayer scaled;
    scaled.scale = {beta};
    addend = lowering.EmitTemporary(node, {addend}, scaled, lowering.info(node.inputs[2]).shape);
  }
  lowering.Emit(node, {product, addend}, BinaryLayer{});
  return std::nullopt;
}

Refusal LowerGemm(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& left = lowering.info(node.inputs[0]).shape;
  const Shape& right = lowering.info(node.inputs[1]).shape;
  if (left.size() != 2 || right.size() != 2 ||
      left[node.Int("transA", 0) != 0 ? 0 : 1] != right[node.Int("transB", 0) != 0 ? 1 : 0]) {
    return lowering.Invalid(node, "shapes " + ShapeToString(left) + " and " + ShapeToString(right) +
                                      " do not multiply");
  }
  if (auto weights = WeightsOf(lowering, node.inputs[1], node.Int("transB", 0) != 0 ? 0 : 1)) {
    return LowerGemmConstant(lowering, node, std::move(*weights));
  }
  const ValueId a = node.Int("transA", 0) != 0 ? TransposedValue(lowering, node, node.inputs[0])
                                               : lowering.ValueOf(node.inputs[0]);
  const ValueId b = node.Int("transB", 0) != 0 ? TransposedValue(lowering, node, node.inputs[1])
                                               : lowering.ValueOf(node.inputs[1]);
  const BatchMatmulLayer product{node.Float("alpha", 1.0F)};
  const float beta = node.Float("beta", 1.0F);
  if (!Lowering::Has(node, 2) || beta == 0.0F) {
    lowering.Emit(node, {a, b}, product);
    return std::nullopt;
  }
  Expression e(lowering, node);
  const ValueId sum =
      lowering.EmitTemporary(node, {a, b}, product, lowering.info(node.outputs[0]).shape);
  e.Finish(e.Binary(BinaryOp::kAdd, sum, e.Affine(e.Input(2), beta, 0.0F)));
  return std::nullopt;
}

// `value` with ones in front of its shape, up to `rank` dimensions.
ValueId WithRank(Expression& e, ValueId value, size_t rank) {
  Shape shape = e.shape(value);
  if (shape.size() == rank) {
    return value;
  }
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return e.Reshape(value, std::move(shape));
}

// Two computed operands, or a constant one with leading dimensions. Vectors become matrices of one
// row (a) or one column (b), and the result drops that dimension again.
Refusal LowerComputedMatMul(Lowering& lowering, const HostNode& node) {
  Expression e(lowering, node);
  ValueId a = e.Input(0);
  ValueId b = e.Input(1);
  if (e.shape(a).size() == 1) {
    a = e.Reshape(a, {1, e.shape(a)[0]});
  }
  if (e.shape(b).size() == 1) {
    b = e.Reshape(b, {e.shape(b)[0], 1});
  }
  const size_t rank = std::max(e.shape(a).size(), e.shape(b).size());
  a = WithRank(e, a, rank);
  b = WithRank(e, b, rank);
  Shape result = BroadcastShape({e.shape(a).begin(), e.shape(a).end() - 2},
                                {e.shape(b).begin(), e.shape(b).end() - 2});
  result.push_back(e.shape(a)[rank - 2]);
  result.push_back(e.shape(b).back());
  e.Finish(lowering.EmitTemporary(node, {a, b}, BatchMatmulLayer{}, std::move(result)));
  return std::nullopt;
}

Refusal LowerMatMul(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& a = lowering.info(node.inputs[0]).shape;
  const Shape& b = lowering.info(node.inputs[1]).shape;
  if (a.empty() || b.empty() || a.back() != b[b.size() == 1 ? 0 : b.size() - 2]) {
    return lowering.Invalid(
        node, "shapes " + ShapeToString(a) + " and " + ShapeToString(b) + " do not multiply");
  }
  const bool plain = a.size() >= 2 && b.size() >= 2 && a.size() >= b.size() &&
                     std::all_of(b.begin(), b.end() - 2, [](int64_t dim) { return dim == 1; });
  if (plain) {
    if (auto weights = WeightsOf(lowering, node.inputs[1], b.size() - 1)) {
      weights->tensor.shape = {b[b.size() - 2], b.back()};
      MatrixLayer layer;
      layer.is_conv = false;
      layer.weight_zero_point = weights->zero_point;
      layer.weight = Transposed(weights->tensor);
      EmitMatrix(lowering, node, lowering.ValueOf(node.inputs[0]), std::move(layer),
                 std::move(weights->quantized));
      return std::nullopt;
    }
  }
  return LowerComputedMatMul(lowering, node);
}

}  // namespace

std::optional<Weights> WeightsOf(Lowering& lowering, const std::string& name, size_t row_axis) {
  if (auto quantized = QuantizedConstant(lowering, name, row_axis)) {
    return quantized;
  }
  const auto constant = lowering.ConstantOf(name);
  if (!constant || constant->type != ElementType::kFloat32) {
    return std::nullopt;
  }
  return Weights{*constant, 0, std::nullopt};
}

void TakeQuantizedBias(Lowering& lowering, const std::string& name, QuantizedWeights& quantized) {
  const HostNode* node = lowering.DequantizedConstant(name);
  if (node == nullptr) {
    return;
  }
  const HostTensor& stored = *lowering.info(node->inputs[0]).constant;
  const bool shifted = Lowering::Has(*node, 2) && [&] {
    const auto zeros = lowering.info(node->inputs[2]).constant->ToInts();
    return std::any_of(zeros.begin(), zeros.end(), [](int64_t z) { return z != 0; });
  }();
  if (stored.type != ElementType::kInt32 || stored.shape.size() != 1 || shifted) {
    return;
  }
  quantized.bias.assign(stored.as<int32_t>().begin(), stored.as<int32_t>().end());
  quantized.bias_scale = lowering.info(node->inputs[1]).constant->ToFloats();
}

HostTensor Transposed(const HostTensor& matrix) {
  const int64_t rows = matrix.shape[0];
  const int64_t columns = matrix.shape[1];
  HostTensor result(matrix.type, {columns, rows});
  const size_t bytes = ElementBytes(matrix.type);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      std::memcpy(result.data.data() + static_cast<size_t>(c * rows + r) * bytes,
                  matrix.data.data() + static_cast<size_t>(r * columns + c) * bytes, bytes);
    }
  }
  return result;
}

std::span<const OperatorRule> MatrixRules() {
  static constexpr OperatorRule kRules[] = {
      {"Conv", LowerConv},
      {"Gemm", LowerGemm},
      {"MatMul", LowerMatMul},
  };
  return kRules;
}

}  // namespace neuron::compiler
