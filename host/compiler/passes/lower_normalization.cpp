// SPDX-License-Identifier: Apache-2.0
// Normalisations and the reductions that are made of several layers.
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// (x - mean) / sqrt(variance + epsilon) over `axes`.
ValueId Normalized(Expression& e, ValueId x, const std::vector<int>& axes, float epsilon) {
  const ValueId centered = e.Binary(BinaryOp::kSub, x, e.Reduce(ReduceOp::kMean, x, axes));
  const ValueId square = e.Binary(BinaryOp::kMul, centered, centered);
  const ValueId variance = e.Reduce(ReduceOp::kMean, square, axes);
  const ValueId inverse = e.Apply(Function::kRsqrt, e.Affine(variance, 1.0F, epsilon));
  return e.Binary(BinaryOp::kMul, centered, inverse);
}

// The same over rows of `row` elements each. With all of them on one axis they lie across
// partitions when they are loaded, each in one piece.
ValueId NormalizedRows(Expression& e, ValueId x, int64_t row, float epsilon) {
  const Shape whole = e.shape(x);
  const ValueId rows = e.Reshape(x, {1, ElementCount(whole) / row, row});
  return e.Reshape(Normalized(e, rows, {2}, epsilon), whole);
}

std::vector<int> AxesFrom(size_t first, size_t rank) {
  std::vector<int> axes(rank - first);
  std::iota(axes.begin(), axes.end(), static_cast<int>(first));
  return axes;
}

Refusal LowerLayerNormalization(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  if (node.outputs.size() > 1 &&
      std::any_of(node.outputs.begin() + 1, node.outputs.end(),
                  [](const std::string& name) { return !name.empty(); })) {
    return "its mean or deviation output is used";
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto axis = lowering.Axis(node, node.Int("axis", -1), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  const float epsilon = node.Float("epsilon", 1e-5F);
  const auto scale = lowering.ConstantOf(node.inputs[1]);
  const auto bias = Lowering::Has(node, 2) ? lowering.ConstantOf(node.inputs[2])
                                           : std::shared_ptr<const HostTensor>();
  const Shape last = {shape.back()};
  const bool has_bias = Lowering::Has(node, 2);
  // Wider rows are an expression of layers that can be cut along the row; a normalisation in one
  // piece has six of them in SBUF, a softmax two.
  const int64_t widest = lowering.longest_row() / 3;
  const bool fits = scale && scale->shape == last && (!has_bias || (bias && bias->shape == last));
  const std::vector<float> scales = fits ? scale->ToFloats() : std::vector<float>();
  const std::vector<float> biases =
      fits && has_bias ? bias->ToFloats() : std::vector<float>(scales.size());
  if (fits && *axis + 1 == shape.size() && shape.size() > 1 && shape.back() <= widest) {
    lowering.Emit(node, {lowering.ValueOf(node.inputs[0])},
                  NormalizeLayer{epsilon, scales, biases});
    return std::nullopt;
  }
  Expression e(lowering, node);
  const int64_t row = ElementCount(std::span<const int64_t>(shape).subspan(*axis));
  ValueId y = row > widest ? NormalizedRows(e, e.Input(0), row, epsilon)
                           : Normalized(e, e.Input(0), AxesFrom(*axis, shape.size()), epsilon);
  if (fits) {
    y = e.AffineAlong(y, static_cast<int>(shape.size()) - 1, scales, biases);
  } else {
    y = e.Binary(BinaryOp::kMul, y, e.Input(1));
    y = has_bias ? e.Binary(BinaryOp::kAdd, y, e.Input(2)) : y;
  }
  e.Finish(y);
  return std::nullopt;
}

// A parameter [C] seen beside [N, C, ...].
ValueId AlongChannels(Expression& e, size_t input, size_t rank) {
  Shape shape(rank - 1, 1);
  shape[0] = ElementCount(e.shape(e.Input(input)));
  return e.Reshape(e.Input(input), std::move(shape));
}

Refusal LowerInstanceNormalization(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  if (shape.size() < 3) {
    return lowering.Invalid(node, "its input has no spatial dimensions");
  }
  Expression e(lowering, node);
  ValueId y = Normalized(e, e.Input(0), AxesFrom(2, shape.size()), node.Float("epsilon", 1e-5F));
  const auto scale = lowering.ConstantOf(node.inputs[1]);
  const auto bias = lowering.ConstantOf(node.inputs[2]);
  const bool fits = scale && bias && scale->elements() == shape[1] && bias->elements() == shape[1];
  if (fits) {
    y = e.AffineAlong(y, 1, scale->ToFloats(), bias->ToFloats());
  } else {
    y = e.Binary(BinaryOp::kMul, y, AlongChannels(e, 1, shape.size()));
    y = e.Binary(BinaryOp::kAdd, y, AlongChannels(e, 2, shape.size()));
  }
  e.Finish(y);
  return std::nullopt;
}

// Each group of channels is normalised as one row.
Refusal LowerGroupNormalization(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const int64_t groups = node.Int("num_groups", 1);
  const auto scale = lowering.ConstantOf(node.inputs[1]);
  const auto bias = lowering.ConstantOf(node.inputs[2]);
  if (!scale || !bias) {
    return "its scale or bias is computed";
  }
  if (shape.size() < 2 || groups < 1 || shape[1] % groups != 0 ||
      scale->elements() != bias->elements() ||
      (scale->elements() != shape[1] && scale->elements() != groups)) {
    return lowering.Invalid(
        node, "its groups, scale or bias do not fit the channels of " + ShapeToString(shape));
  }
  const auto per_channel = [&](const HostTensor& tensor) {
    std::vector<float> values;
    for (int64_t c = 0; c < shape[1]; ++c) {
      const int64_t at = tensor.elements() == shape[1] ? c : c / (shape[1] / groups);
      values.push_back(static_cast<float>(tensor.ValueAt(at)));
    }
    return values;
  };
  Expression e(lowering, node);
  const ValueId rows =
      e.Reshape(e.Input(0), {shape[0], groups, ElementCount(shape) / (shape[0] * groups)});
  const ValueId y = e.Reshape(Normalized(e, rows, {2}, node.Float("epsilon", 1e-5F)), shape);
  e.Finish(e.AffineAlong(y, 1, per_channel(*scale), per_channel(*bias)));
  return std::nullopt;
}

Refusal LowerLogSoftmax(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const bool flat = node.opset < 13;  // normalises all axes from `axis` on together
  const auto axis = lowering.Axis(node, node.Int("axis", flat ? 1 : -1), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  const auto axes =
      flat ? AxesFrom(*axis, shape.size()) : std::vector<int>{static_cast<int>(*axis)};
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId below = e.Binary(BinaryOp::kSub, x, e.Reduce(ReduceOp::kMax, x, axes));
  const ValueId sum = e.Reduce(ReduceOp::kSum, e.Apply(Function::kExp, below), axes);
  e.Finish(e.Binary(BinaryOp::kSub, below, e.Apply(Function::kLog, sum)));
  return std::nullopt;
}

enum class Norm { kL1, kL2, kSumSquare, kLogSum, kLogSumExp };

ValueId Norms(Expression& e, Norm norm, ValueId x, const std::vector<int>& axes) {
  switch (norm) {
    case Norm::kL1:
      return e.Reduce(ReduceOp::kSum, e.Apply(Function::kLeaky, x, -1.0F), axes);
    case Norm::kL2:
      return e.Apply(Function::kSqrt,
                     e.Reduce(ReduceOp::kSum, e.Binary(BinaryOp::kMul, x, x), axes));
    case Norm::kSumSquare:
      return e.Reduce(ReduceOp::kSum, e.Binary(BinaryOp::kMul, x, x), axes);
    case Norm::kLogSum:
      return e.Apply(Function::kLog, e.Reduce(ReduceOp::kSum, x, axes));
    case Norm::kLogSumExp:
      break;
  }
  const ValueId top = e.Reduce(ReduceOp::kMax, x, axes);
  const ValueId powers = e.Apply(Function::kExp, e.Binary(BinaryOp::kSub, x, top));
  return e.Binary(BinaryOp::kAdd, e.Apply(Function::kLog, e.Reduce(ReduceOp::kSum, powers, axes)),
                  top);
}

template <Norm N>
Refusal LowerNorm(Lowering& lowering, const HostNode& node) {
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return lowering.NeedFloats(node);
  }
  const auto axes = AxesOf(lowering, node, 1);
  if (!axes || axes->empty()) {
    return "its axes are computed or none";
  }
  Expression e(lowering, node);
  e.Finish(Norms(e, N, e.Input(0), std::vector<int>(axes->begin(), axes->end())));
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> NormalizationRules() {
  static constexpr OperatorRule kRules[] = {
      {"LayerNormalization", LowerLayerNormalization},
      {"InstanceNormalization", LowerInstanceNormalization},
      {"GroupNormalization", LowerGroupNormalization},
      {"LogSoftmax", LowerLogSoftmax},
      {"ReduceL1", LowerNorm<Norm::kL1>},
      {"ReduceL2", LowerNorm<Norm::kL2>},
      {"ReduceSumSquare", LowerNorm<Norm::kSumSquare>},
      {"ReduceLogSum", LowerNorm<Norm::kLogSum>},
      {"ReduceLogSumExp", LowerNorm<Norm::kLogSumExp>},
  };
  return kRules;
}

}  // namespace neuron::compiler
