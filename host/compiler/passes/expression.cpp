// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/passes/expression.h"

#include <algorithm>
#include <utility>

namespace neuron::compiler {
namespace {

bool Compares(BinaryOp op) {
  return op == BinaryOp::kEqual || op == BinaryOp::kNotEqual || op == BinaryOp::kGreater ||
         op == BinaryOp::kGreaterOrEqual || op == BinaryOp::kLess || op == BinaryOp::kLessOrEqual;
}

}  // namespace

Shape BroadcastShape(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

const Shape& Expression::shape(ValueId value) const {
  return lowering_.layers().value(value).shape;
}

ValueId Expression::Input(size_t index) const { return lowering_.ValueOf(node_.inputs[index]); }

ValueId Expression::Add(std::vector<ValueId> inputs, LayerBody body, Shape shape,
                        ElementType type) {
  return lowering_.EmitTemporary(node_, std::move(inputs), std::move(body), std::move(shape), type);
}

ValueId Expression::Constant(Shape shape, const std::vector<float>& values) {
  return AddConstant(
      lowering_.layers(), node_.outputs[0] + ".constant",
      MakeTensor<float>(ElementType::kFloat32, std::move(shape), std::span<const float>(values)));
}

ValueId Expression::Truths(Shape shape, const std::vector<uint8_t>& values) {
  return AddConstant(
      lowering_.layers(), node_.outputs[0] + ".constant",
      MakeTensor<uint8_t>(ElementType::kBool, std::move(shape), std::span<const uint8_t>(values)));
}

ValueId Expression::Apply(Function function, ValueId x, float alpha) {
  Activation activation;
  activation.function = function;
  activation.alpha = alpha;
  return Activate(x, activation);
}

ValueId Expression::Activate(ValueId x, const Activation& activation) {
  UnaryLayer layer;
  layer.activation = activation;
  return Add({x}, layer, shape(x), ElementType::kFloat32);
}

ValueId Expression::Affine(ValueId x, float scale, float bias) {
  return AffineAlong(x, -1, {scale}, {bias});
}

ValueId Expression::AffineAlong(ValueId x, int axis, std::vector<float> scale,
                                std::vector<float> bias) {
  UnaryLayer layer;
  layer.axis = axis;
  layer.scale = std::move(scale);
  layer.bias = std::move(bias);
  return Add({x}, std::move(layer), shape(x), ElementType::kFloat32);
}

ValueId Expression::Clamp(ValueId x, float low, float high) {
  UnaryLayer layer;
  layer.activation.clamp_low = low;
  layer.activation.clamp_high = high;
  return Add({x}, layer, shape(x), ElementType::kFloat32);
}

ValueId Expression::Binary(BinaryOp op, ValueId a, ValueId b, Activation activation) {
  BinaryLayer layer;
  layer.op = op;
  layer.activation = activation;
  return Add({a, b}, layer, BroadcastShape(shape(a), shape(b)),
             Compares(op) ? ElementType::kBool : ElementType::kFloat32);
}

ValueId Expression::BinaryNumber(BinaryOp op, ValueId a, float b) {
  return Binary(op, a, Constant({}, {b}));
}

ValueId Expression::Select(ValueId condition, ValueId chosen, ValueId other) {
  const Shape wide = BroadcastShape(shape(condition), BroadcastShape(shape(chosen), shape(other)));
  return Add({condition, chosen, other}, SelectLayer{}, wide,
             lowering_.layers().value(chosen).type);
}

ValueId Expression::ToInteger(ValueId x) {
  return Add({x}, UnaryLayer{}, shape(x), ElementType::kInt32);
}

ValueId Expression::ToFloat(ValueId x) {
  return Add({x}, UnaryLayer{}, shape(x), ElementType::kFloat32);
}

ValueId Expression::Reduce(ReduceOp op, ValueId x, std::vector<int> axes) {
  Shape kept = shape(x);
  int64_t count = 1;
  for (const int axis : axes) {
    count *= std::exchange(kept[static_cast<size_t>(axis)], 1);
  }
  if (count > lowering_.longest_row()) {
    const int last = axes.back();
    axes.pop_back();
    return axes.empty() ? ReduceInParts(op, x, last) : Reduce(op, Reduce(op, x, {last}), axes);
  }
  return Add({x}, ReduceLayer{op, std::move(axes)}, std::move(kept), ElementType::kFloat32);
}

ValueId Expression::ReduceInParts(ReduceOp op, ValueId x, int axis) {
  const int64_t size = shape(x)[static_cast<size_t>(axis)];
  const bool adds = op == ReduceOp::kSum || op == ReduceOp::kMean;
  const BinaryOp join = adds                   ? BinaryOp::kAdd
                        : op == ReduceOp::kMax ? BinaryOp::kMax
                                               : BinaryOp::kMin;
  const int64_t most = lowering_.longest_row() / 2;
  ValueId result = kNoValue;
  for (int64_t start = 0; start < size; start += most) {
    const ValueId part = Reduce(adds ? ReduceOp::kSum : op,
                                Slice(x, axis, start, std::min(most, size - start)), {axis});
    result = start == 0 ? part : Binary(join, result, part);
  }
  return op == ReduceOp::kMean ? Affine(result, 1.0F / static_cast<float>(size), 0.0F) : result;
}

ValueId Expression::Softmax(ValueId x, int axis) {
  if (shape(x)[static_cast<size_t>(axis)] <= lowering_.longest_row()) {
    return Add({x}, SoftmaxLayer{axis}, shape(x), ElementType::kFloat32);
  }
  // With all rows on one axis they lie across partitions when they are loaded, each in one piece.
  const Shape whole = shape(x);
  const std::span<const int64_t> dims(whole);
  const auto at = static_cast<size_t>(axis);
  const int64_t outer = ElementCount(dims.first(at));
  const int64_t inner = ElementCount(dims.subspan(at + 1));
  x = Reshape(x, inner == 1 ? Shape{1, outer, dims[at]} : Shape{outer, dims[at], inner});
  axis = inner == 1 ? 2 : 1;
  const ValueId power = Binary(BinaryOp::kSub, x, Reduce(ReduceOp::kMax, x, {axis}),
                               Activation{.function = Function::kExp});
  const ValueId sum = Reduce(ReduceOp::kSum, power, {axis});
  return Reshape(Binary(BinaryOp::kMul, power, Apply(Function::kReciprocal, sum)), whole);
}

ValueId Expression::Linear(ValueId x, const HostTensor& weight, std::vector<float> bias,
                           Activation activation) {
  MatrixLayer layer;
  layer.is_conv = false;
  layer.weight = weight;
  layer.bias = std::move(bias);
  layer.activation = activation;
  Shape result = shape(x);
  result.back() = weight.shape[0];
  return Add({x}, std::move(layer), std::move(result), ElementType::kFloat32);
}

ValueId Expression::Reshape(ValueId x, Shape to) {
  return Add({x}, ReshapeLayer{}, std::move(to), lowering_.layers().value(x).type);
}

ValueId Expression::Transpose(ValueId x, std::vector<int> perm) {
  Shape to;
  for (const int axis : perm) {
    to.push_back(shape(x)[static_cast<size_t>(axis)]);
  }
  return Add({x}, TransposeLayer{std::move(perm)}, std::move(to), lowering_.layers().value(x).type);
}

ValueId Expression::Take(ValueId x, int axis, std::vector<int64_t> indices) {
  Shape to = shape(x);
  to[static_cast<size_t>(axis)] = static_cast<int64_t>(indices.size());
  return Add({x}, TakeLayer{axis, std::move(indices)}, std::move(to),
             lowering_.layers().value(x).type);
}

ValueId Expression::Slice(ValueId x, int axis, int64_t start, int64_t count) {
  SliceLayer layer;
  layer.starts.assign(shape(x).size(), 0);
  layer.steps.assign(shape(x).size(), 1);
  layer.starts[static_cast<size_t>(axis)] = start;
  Shape to = shape(x);
  to[static_cast<size_t>(axis)] = count;
  return Add({x}, std::move(layer), std::move(to), lowering_.layers().value(x).type);
}

ValueId Expression::Concat(std::vector<ValueId> parts, int axis, bool interleaved) {
  Shape to = shape(parts[0]);
  int64_t& size = to[static_cast<size_t>(axis)];
  size = 0;
  for (const ValueId part : parts) {
    size += shape(part)[static_cast<size_t>(axis)];
  }
  const ElementType type = lowering_.layers().value(parts[0]).type;
  return Add(std::move(parts), ConcatLayer{axis, interleaved}, std::move(to), type);
}

ValueId Expression::Expand(ValueId x, Shape to) {
  return Add({x}, ExpandLayer{}, std::move(to), lowering_.layers().value(x).type);
}

void Expression::Finish(ValueId result, size_t index) {
  lowering_.Emit(node_, {result}, ReshapeLayer{}, index);
}

}  // namespace neuron::compiler
