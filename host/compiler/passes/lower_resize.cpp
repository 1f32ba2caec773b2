// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample, axis by axis: each output element is a weighted sum of input elements that
// are known when compiling (host/ops/resize_taps.h).
#include <algorithm>

#include "host/compiler/passes/expression.h"
#include "host/ops/resize_taps.h"

namespace neuron::compiler {
namespace {

// Scales, sizes and regions; nothing when one is computed.
std::optional<std::vector<const HostTensor*>> ConstantOperands(Lowering& lowering,
                                                               const HostNode& node) {
  std::vector<const HostTensor*> operands(node.inputs.size(), nullptr);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i].empty()) {
      const auto constant = lowering.ConstantOf(node.inputs[i]);
      if (!constant) {
        return std::nullopt;
      }
      operands[i] = constant.get();  // the graph keeps it
    }
  }
  return operands;
}

// Element `t` of every tap list, or weight 0 where a list is shorter.
ResizeTap TapAt(const std::vector<ResizeTap>& taps, size_t t) {
  return t < taps.size() ? taps[t] : ResizeTap{taps[0].index, 0.0};
}

// The sum over t of take(x, index t) * weight t along one axis.
ValueId Interpolated(Expression& e, ValueId x, size_t axis, const ResizeAxis& resized) {
  size_t most = 1;
  for (const auto& taps : resized.taps) {
    most = std::max(most, taps.size());
  }
  ValueId sum = kNoValue;
  for (size_t t = 0; t < most; ++t) {
    std::vector<int64_t> indices;
    std::vector<float> weights;
    for (const auto& taps : resized.taps) {
      indices.push_back(TapAt(taps, t).index);
      weights.push_back(static_cast<float>(TapAt(taps, t).weight));
    }
    ValueId part = e.Take(x, static_cast<int>(axis), std::move(indices));
    if (!std::all_of(weights.begin(), weights.end(), [](float w) { return w == 1.0F; })) {
      Shape along(e.shape(x).size() - axis, 1);
      along[0] = static_cast<int64_t>(weights.size());
      part = e.Binary(BinaryOp::kMul, part, e.Constant(std::move(along), weights));
    }
    sum = t == 0 ? part : e.Binary(BinaryOp::kAdd, sum, part);
  }
  return sum;
}

Refusal LowerResize(Lowering& lowering, const HostNode& node) {
  const auto operands = ConstantOperands(lowering, node);
  if (!operands) {
    return "its scales or sizes are computed";
  }
  const auto axes = ResizeAxes(node, lowering.info(node.inputs[0]).shape, *operands);
  if (!axes.ok()) {
    return axes.status().message();
  }
  bool moves_only = true;
  for (const ResizeAxis& axis : *axes) {
    for (const auto& taps : axis.taps) {
      if (taps.empty()) {
        return "some of its elements lie outside the input";
      }
      moves_only = moves_only && taps.size() == 1 && taps[0].weight == 1.0;
    }
  }
  const TensorInfo& input = lowering.info(node.inputs[0]);
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  if (!moves_only && input.type != ElementType::kFloat32) {
    return std::string("the engines interpolate float32, and its input is ") +
           ElementTypeName(input.type);
  }
  Expression e(lowering, node);
  ValueId x = e.Input(0);
  for (size_t axis = 0; axis < axes->size(); ++axis) {
    x = Interpolated(e, x, axis, (*axes)[axis]);
  }
  e.Finish(x);
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> ResizeRules() {
  static constexpr OperatorRule kRules[] = {{"Resize", LowerResize}, {"Upsample", LowerResize}};
  return kRules;
}

}  // namespace neuron::compiler
