// SPDX-License-Identifier: Apache-2.0
// Element-by-element operators to unary and binary layers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

UnaryLayer WithFunction(Function function, float alpha = 0.0F) {
  UnaryLayer layer;
  layer.activation.function = function;
  layer.activation.alpha = alpha;
  return layer;
}

UnaryLayer WithClamps(float low, float high) {
  UnaryLayer layer;
  layer.activation.clamp_low = low;
  layer.activation.clamp_high = high;
  return layer;
}

UnaryLayer Affine(float scale, float bias) {
  UnaryLayer layer;
  layer.scale = {scale};
  layer.bias = {bias};
  return layer;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Refusal EmitUnary(Lowering& lowering, const HostNode& node, UnaryLayer layer) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

template <Function F>
Refusal LowerFunction(Lowering& lowering, const HostNode& node) {
  return EmitUnary(lowering, node, WithFunction(F));
}

Refusal LowerRelu(Lowering& lowering, const HostNode& node) {
  return EmitUnary(lowering, node, WithClamps(0.0F, kInfinity));
}

Refusal LowerLeakyRelu(Lowering& lowering, const HostNode& node) {
  return EmitUnary(lowering, node, WithFunction(Function::kLeaky, node.Float("alpha", 0.01F)));
}

Refusal LowerAbs(Lowering& lowering, const HostNode& node) {
  return EmitUnary(lowering, node, WithFunction(Function::kLeaky, -1.0F));
}

Refusal LowerNeg(Lowering& lowering, const HostNode& node) {
  return EmitUnary(lowering, node, Affine(-1.0F, 0.0F));
}

Refusal LowerHardSigmoid(Lowering& lowering, const HostNode& node) {
  UnaryLayer layer = Affine(node.Float("alpha", 0.2F), node.Float("beta", 0.5F));
  layer.activation.clamp_low = 0.0F;
  layer.activation.clamp_high = 1.0F;
  return EmitUnary(lowering, node, std::move(layer));
}

Refusal LowerHardSwish(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  UnaryLayer gate = Affine(1.0F / 6.0F, 0.5F);
  gate.activation.clamp_low = 0.0F;
  gate.activation.clamp_high = 1.0F;
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  const ValueId gated =
      lowering.EmitTemporary(node, {x}, gate, lowering.info(node.inputs[0]).shape);
  BinaryLayer product;
  product.op = BinaryOp::kMul;
  lowering.Emit(node, {x, gated}, product);
  return std::nullopt;
}

Refusal LowerIdentity(Lowering& lowering, const HostNode& node) {
  if (node.outputs.size() > 1 && !node.outputs[1].empty()) {
    return "its mask output is used";
  }
  if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
    return "it may drop elements at random: it has a training mode";
  }
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, ReshapeLayer{});
  return std::nullopt;
}

// How a constant operand spreads over a tensor: one element, or one for each index of `axis`.
struct Spread {
  std::vector<float> values;
  int axis = -1;
};

std::optional<Spread> SpreadOf(const HostTensor& constant, const Shape& shape) {
  Spread spread;
  spread.values = constant.ToFloats();
  if (spread.values.size() == 1) {
    return spread;
  }
  const size_t shift = shape.size() - std::min(shape.size(), constant.shape.size());
  for (size_t i = 0; i < constant.shape.size(); ++i) {
    if (constant.shape[i] == 1) {
      continue;
    }
    if (spread.axis >= 0 || i + shift >= shape.size() || constant.shape[i] != shape[i + shift]) {
      return std::nullopt;
    }
    spread.axis = static_cast<int>(i + shift);
  }
  return spread;
}

// x op c or c op x as scale and bias.
std::optional<UnaryLayer> AffineOf(BinaryOp op, Spread constant, bool constant_first) {
  UnaryLayer layer;
  layer.axis = constant.axis;
  const size_t count = constant.values.size();
  const auto map = [&](auto f) {
    std::transform(constant.values.begin(), constant.values.end(), constant.values.begin(), f);
  };
  switch (op) {
    case BinaryOp::kAdd:
      layer.bias = std::move(constant.values);
      layer.scale.assign(count, 1.0F);
      return layer;
    case BinaryOp::kSub:
      if (!constant_first) {
        map([](float c) { return -c; });
      }
      layer.bias = std::move(constant.values);
      layer.scale.assign(count, constant_first ? -1.0F : 1.0F);
      return layer;
    case BinaryOp::kDiv:
      if (constant_first ||
          std::any_of(constant.values.begin(), constant.values.end(),
                      [](float c) { return !std::isnormal(c) || !std::isnormal(1.0F / c); })) {
        return std::nullopt;
      }
      map([](float c) { return 1.0F / c; });
      [[fallthrough]];
    case BinaryOp::kMul:
      layer.scale = std::move(constant.values);
      layer.bias.assign(count, 0.0F);
      return layer;
    case BinaryOp::kMax:
    case BinaryOp::kMin:
      if (count != 1) {
        return std::nullopt;
      }
      return op == BinaryOp::kMax ? WithClamps(constant.values[0], kInfinity)
                                  : WithClamps(-kInfinity, constant.values[0]);
    default:
      return std::nullopt;
  }
}

// `a op b` into output 0, or into a new value of `shape`.
ValueId EmitBinary(Lowering& lowering, const HostNode& node, BinaryOp op, ValueId a, ValueId b,
                   const std::optional<Shape>& temporary = std::nullopt) {
  BinaryLayer layer;
  layer.op = op;
  if (temporary) {
    return lowering.EmitTemporary(node, {a, b}, layer, *temporary);
  }
  lowering.Emit(node, {a, b}, layer);
  return lowering.ValueOf(node.outputs[0]);
}

Refusal LowerBinaryPair(Lowering& lowering, const HostNode& node, BinaryOp op) {
  const Shape& shape = lowering.info(node.outputs[0]).shape;
  for (size_t i = 0; i < 2; ++i) {
    const auto constant = lowering.ConstantOf(node.inputs[i]);
    const std::string& other = node.inputs[1 - i];
    if (!constant || lowering.ConstantOf(other) || lowering.info(other).shape != shape) {
      continue;
    }
    const auto spread = SpreadOf(*constant, shape);
    if (auto layer = spread ? AffineOf(op, *spread, i == 0) : std::nullopt) {
      lowering.Emit(node, {lowering.ValueOf(other)}, std::move(*layer));
      return std::nullopt;
    }
  }
  EmitBinary(lowering, node, op, lowering.ValueOf(node.inputs[0]),
             lowering.ValueOf(node.inputs[1]));
  return std::nullopt;
}

template <BinaryOp Op>
Refusal LowerBinary(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  if (node.opset < 7 && node.Has("axis")) {
    return "it broadcasts along an axis as before operator set 7; convert the model to 7 or newer";
  }
  if (node.inputs.size() == 1) {
    lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, ReshapeLayer{});
    return std::nullopt;
  }
  if (node.inputs.size() == 2) {
    return LowerBinaryPair(lowering, node, Op);
  }
  ValueId left = lowering.ValueOf(node.inputs[0]);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const ValueId right = lowering.ValueOf(node.inputs[i]);
    const bool last = i + 1 == node.inputs.size();
    left = EmitBinary(lowering, node, Op, left, right,
                      last ? std::nullopt
                           : std::optional(BroadcastShape(lowering.layers().value(left).shape,
                                                          lowering.layers().value(right).shape)));
  }
  return std::nullopt;
}

Refusal LowerPow(Lowering& lowering, const HostNode& node) {
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return lowering.NeedFloats(node);
  }
  const auto exponent = lowering.ScalarOf(node.inputs[1]);
  if (lowering.info(node.outputs[0]).shape != lowering.info(node.inputs[0]).shape) {
    return "its exponent enlarges the result";
  }
  if (!exponent || lowering.ConstantOf(node.inputs[0])) {
    return "its exponent is computed or differs between elements; a constant 2, 3, 0.5, 1, -0.5 or "
           "-1 runs on the engines";
  }
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  if (*exponent == 2.0F) {
    EmitBinary(lowering, node, BinaryOp::kMul, x, x);
  } else if (*exponent == 3.0F) {
    const ValueId square = EmitBinary(lowering, node, BinaryOp::kMul, x, x, shape);
    EmitBinary(lowering, node, BinaryOp::kMul, square, x);
  } else if (*exponent == 0.5F) {
    lowering.Emit(node, {x}, WithFunction(Function::kSqrt));
  } else if (*exponent == -0.5F) {
    lowering.Emit(node, {x}, WithFunction(Function::kRsqrt));
  } else if (*exponent == -1.0F) {
    lowering.Emit(node, {x}, WithFunction(Function::kReciprocal));
  } else if (*exponent == 1.0F) {
    lowering.Emit(node, {x}, ReshapeLayer{});
  } else {
    return "no engine raises to the power " + std::to_string(*exponent) +
           "; 2, 3, 0.5, 1, -0.5 and -1 do";
  }
  return std::nullopt;
}

Refusal LowerClip(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  Activation constant;
  constant.clamp_low = node.Float("min", -kInfinity);
  constant.clamp_high = node.Float("max", kInfinity);
  ValueId bounds[2] = {kNoValue, kNoValue};
  for (size_t i = 1; i <= 2; ++i) {
    if (!Lowering::Has(node, i)) {
      continue;
    }
    if (lowering.info(node.inputs[i]).type != ElementType::kFloat32 ||
        ElementCount(lowering.info(node.inputs[i]).shape) != 1) {
      return lowering.Invalid(node, "a bound must be one float32 number");
    }
    if (const auto value = lowering.ScalarOf(node.inputs[i])) {
      (i == 1 ? constant.clamp_low : constant.clamp_high) = *value;
    } else {
      bounds[i - 1] = lowering.ValueOf(node.inputs[i]);
    }
  }
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  if (bounds[0] == kNoValue && bounds[1] == kNoValue) {
    lowering.Emit(node, {x}, WithClamps(constant.clamp_low, constant.clamp_high));
    return std::nullopt;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  BinaryLayer low{BinaryOp::kMax, {}};
  BinaryLayer high{BinaryOp::kMin, {}};
  if (bounds[1] == kNoValue) {
    low.activation.clamp_high = constant.clamp_high;
    lowering.Emit(node, {x, bounds[0]}, low);
    return std::nullopt;
  }
  const ValueId raised =
      bounds[0] == kNoValue
          ? lowering.EmitTemporary(node, {x}, WithClamps(constant.clamp_low, kInfinity), shape)
          : lowering.EmitTemporary(node, {x, bounds[0]}, low, shape);
  lowering.Emit(node, {raised, bounds[1]}, high);
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> ElementwiseRules() {
  static constexpr OperatorRule kRules[] = {
      {"Relu", LowerRelu},
      {"LeakyRelu", LowerLeakyRelu},
      {"Abs", LowerAbs},
      {"Neg", LowerNeg},
      {"HardSigmoid", LowerHardSigmoid},
      {"HardSwish", LowerHardSwish},
      {"Exp", LowerFunction<Function::kExp>},
      {"Log", LowerFunction<Function::kLog>},
      {"Sqrt", LowerFunction<Function::kSqrt>},
      {"Reciprocal", LowerFunction<Function::kReciprocal>},
      {"Sin", LowerFunction<Function::kSin>},
      {"Sigmoid", LowerFunction<Function::kSigmoid>},
      {"Tanh", LowerFunction<Function::kTanh>},
      {"Erf", LowerFunction<Function::kErf>},
      {"Softplus", LowerFunction<Function::kSoftplus>},
      {"Identity", LowerIdentity},
      {"Dropout", LowerIdentity},
      {"Add", LowerBinary<BinaryOp::kAdd>},
      {"Sum", LowerBinary<BinaryOp::kAdd>},
      {"Sub", LowerBinary<BinaryOp::kSub>},
      {"Mul", LowerBinary<BinaryOp::kMul>},
      {"Div", LowerBinary<BinaryOp::kDiv>},
      {"Max", LowerBinary<BinaryOp::kMax>},
      {"Min", LowerBinary<BinaryOp::kMin>},
      {"Pow", LowerPow},
      {"Clip", LowerClip},
  };
  return kRules;
}

}  // namespace neuron::compiler
