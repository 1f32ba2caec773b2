// SPDX-License-Identifier: Apache-2.0
// Functions of one variable that take several engine passes.
#include <cmath>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// gamma * (max(x, 0) + alpha * (exp(min(x, 0) / width) - 1)).
ValueId ExponentialUnit(Expression& e, ValueId x, float alpha, float gamma, float width) {
  const ValueId below = e.Affine(e.Clamp(x, -kNoLimit, 0.0F), 1.0F / width, 0.0F);
  const ValueId tail = e.Affine(e.Apply(Function::kExp, below), alpha * gamma, -alpha * gamma);
  const ValueId head = e.Clamp(x, 0.0F, kNoLimit);
  return e.Binary(BinaryOp::kAdd, gamma == 1.0F ? head : e.Affine(head, gamma, 0.0F), tail);
}

Refusal LowerElu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  e.Finish(ExponentialUnit(e, e.Input(0), node.Float("alpha", 1.0F), 1.0F, 1.0F));
  return std::nullopt;
}

Refusal LowerSelu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const float alpha = node.Float("alpha", 1.67326319217681884765625F);
  const float gamma = node.Float("gamma", 1.05070102214813232421875F);
  e.Finish(ExponentialUnit(e, e.Input(0), alpha, gamma, 1.0F));
  return std::nullopt;
}

Refusal LowerCelu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const float alpha = node.Float("alpha", 1.0F);
  if (alpha == 0.0F) {
    return lowering.Invalid(node, "its alpha is 0");
  }
  e.Finish(ExponentialUnit(e, e.Input(0), alpha, 1.0F, alpha));
  return std::nullopt;
}

// x * tanh(softplus(x)).
Refusal LowerMish(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId gate = e.Apply(Function::kTanh, e.Apply(Function::kSoftplus, x));
  e.Finish(e.Binary(BinaryOp::kMul, x, gate));
  return std::nullopt;
}

// x / (1 + |x|).
Refusal LowerSoftsign(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId below = e.Affine(e.Apply(Function::kLeaky, x, -1.0F), 1.0F, 1.0F);
  e.Finish(e.Binary(BinaryOp::kDiv, x, below));
  return std::nullopt;
}

// With tanh: x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3).
Refusal LowerGelu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  if (node.String("approximate", "none") == "none") {
    e.Finish(e.Apply(Function::kGelu, x));
    return std::nullopt;
  }
  constexpr float kSlope = 1.5957691216057308F;  // 2 sqrt(2 / pi)
  constexpr float kCubic = 0.044715F;
  const ValueId square = e.Binary(BinaryOp::kMul, x, x);
  const ValueId factor = e.Affine(square, kSlope * kCubic, kSlope);
  Activation sigmoid;
  sigmoid.function = Function::kSigmoid;
  e.Finish(e.Binary(BinaryOp::kMul, x, e.Binary(BinaryOp::kMul, x, factor, sigmoid)));
  return std::nullopt;
}

// max(x, 0) + slope * min(x, 0); one constant slope is a function of ScalarE.
Refusal LowerPRelu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  if (const auto slope = lowering.ScalarOf(node.inputs[1])) {
    e.Finish(e.Apply(Function::kLeaky, x, *slope));
    return std::nullopt;
  }
  const ValueId below = e.Binary(BinaryOp::kMul, e.Clamp(x, -kNoLimit, 0.0F), e.Input(1));
  e.Finish(e.Binary(BinaryOp::kAdd, e.Clamp(x, 0.0F, kNoLimit), below));
  return std::nullopt;
}

// Floats from 2^23 on, infinities and NaN are their own nearest integers.
ValueId KeepLarge(Expression& e, ValueId x, ValueId rounded) {
  constexpr float kAllIntegers = 8388608.0F;
  const ValueId magnitude = e.Apply(Function::kLeaky, x, -1.0F);
  return e.Select(e.BinaryNumber(BinaryOp::kLess, magnitude, kAllIntegers), rounded, x);
}

Refusal LowerRound(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  e.Finish(KeepLarge(e, x, e.ToFloat(e.ToInteger(x))));
  return std::nullopt;
}

// The nearest integer, less 1 where that lies above x (floor), or plus 1 where it lies below.
template <bool Down>
Refusal LowerFloor(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId nearest = e.ToFloat(e.ToInteger(x));
  const ValueId beyond =
      e.ToFloat(e.Binary(Down ? BinaryOp::kGreater : BinaryOp::kLess, nearest, x));
  const ValueId rounded = e.Binary(Down ? BinaryOp::kSub : BinaryOp::kAdd, nearest, beyond);
  e.Finish(KeepLarge(e, x, rounded));
  return std::nullopt;
}

Refusal LowerSign(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId above = e.ToFloat(e.BinaryNumber(BinaryOp::kGreater, x, 0.0F));
  const ValueId below = e.ToFloat(e.BinaryNumber(BinaryOp::kLess, x, 0.0F));
  e.Finish(e.Binary(BinaryOp::kSub, above, below));
  return std::nullopt;
}

// The sum of the operands over their number.
Refusal LowerMean(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  ValueId sum = e.Input(0);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    sum = e.Binary(BinaryOp::kAdd, sum, e.Input(i));
  }
  e.Finish(e.Affine(sum, 1.0F / static_cast<float>(node.inputs.size()), 0.0F));
  return std::nullopt;
}

// x where it is above alpha, else 0.
Refusal LowerThresholdedRelu(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const ValueId above = e.BinaryNumber(BinaryOp::kGreater, e.Input(0), node.Float("alpha", 1.0F));
  e.Finish(e.Select(above, e.Input(0), e.Constant({}, {0.0F})));
  return std::nullopt;
}

constexpr float kHalfPi = 1.57079632679489661923F;

Refusal LowerCos(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Expression e(lowering, node);
  e.Finish(e.Apply(Function::kSin, e.Affine(e.Input(0), 1.0F, kHalfPi)));
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> FunctionRules() {
  static constexpr OperatorRule kRules[] = {
      {"Elu", LowerElu},           {"Selu", LowerSelu},
      {"Celu", LowerCelu},         {"Mish", LowerMish},
      {"Softsign", LowerSoftsign}, {"Gelu", LowerGelu},
      {"PRelu", LowerPRelu},       {"Round", LowerRound},
      {"Floor", LowerFloor<true>}, {"Ceil", LowerFloor<false>},
      {"Sign", LowerSign},         {"Cos", LowerCos},
      {"Mean", LowerMean},         {"ThresholdedRelu", LowerThresholdedRelu},
  };
  return kRules;
}

}  // namespace neuron::compiler
