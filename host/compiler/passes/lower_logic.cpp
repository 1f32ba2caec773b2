// SPDX-License-Identifier: Apache-2.0
// Comparisons, truth values, selection and conversions. A truth value is one byte, 0 or 1.
#include <algorithm>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

Refusal NeedTypes(const Lowering& lowering, const std::vector<std::string>& names,
                  ElementType type) {
  for (const std::string& name : names) {
    if (lowering.info(name).type != type) {
      return std::string("the engines compute this on ") + ElementTypeName(type) + ", and '" +
             name + "' is " + ElementTypeName(lowering.info(name).type);
    }
  }
  return std::nullopt;
}

template <BinaryOp Op>
Refusal LowerComparison(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedTypes(lowering, node.inputs, ElementType::kFloat32)) {
    return refusal;
  }
  Expression e(lowering, node);
  e.Finish(e.Binary(Op, e.Input(0), e.Input(1)));
  return std::nullopt;
}

// And multiplies, Or takes the maximum, Xor compares: on 0 and 1.
template <BinaryOp Op>
Refusal LowerLogical(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedTypes(lowering, node.inputs, ElementType::kBool)) {
    return refusal;
  }
  BinaryLayer layer;
  layer.op = Op;
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0]), lowering.ValueOf(node.inputs[1])}, layer);
  return std::nullopt;
}

Refusal LowerNot(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedTypes(lowering, node.inputs, ElementType::kBool)) {
    return refusal;
  }
  UnaryLayer layer;
  layer.scale = {-1.0F};
  layer.bias = {1.0F};
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, layer);
  return std::nullopt;
}

Refusal LowerIsNaN(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedTypes(lowering, node.inputs, ElementType::kFloat32)) {
    return refusal;
  }
  Expression e(lowering, node);
  e.Finish(e.Binary(BinaryOp::kNotEqual, e.Input(0), e.Input(0)));
  return std::nullopt;
}

Refusal LowerWhere(Lowering& lowering, const HostNode& node) {
  const ElementType type = lowering.info(node.outputs[0]).type;
  if (type != ElementType::kFloat32 && type != ElementType::kBool) {
    return std::string("it chooses between ") + ElementTypeName(type) +
           "; the engines choose between float32 and bool";
  }
  Expression e(lowering, node);
  e.Finish(e.Select(e.Input(0), e.Input(1), e.Input(2)));
  return std::nullopt;
}

// 1 on and below (above) diagonal k of the last two dimensions of `shape`.
std::vector<uint8_t> Triangle(const Shape& shape, int64_t k, bool upper) {
  const int64_t rows = shape[shape.size() - 2];
  const int64_t columns = shape.back();
  std::vector<uint8_t> mask;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      mask.push_back((upper ? j - i >= k : j - i <= k) ? 1 : 0);
    }
  }
  return mask;
}

Refusal LowerTrilu(Lowering& lowering, const HostNode& node) {
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  if (auto refusal = NeedTypes(lowering, {node.inputs[0]}, ElementType::kFloat32)) {
    return refusal;
  }
  const auto k = Lowering::Has(node, 1) ? lowering.ScalarOf(node.inputs[1]) : 0.0F;
  if (!k || shape.size() < 2) {
    return "its diagonal is computed";
  }
  Expression e(lowering, node);
  const auto mask = Triangle(shape, static_cast<int64_t>(*k), node.Int("upper", 1) != 0);
  const ValueId kept = e.Truths({shape[shape.size() - 2], shape.back()}, mask);
  e.Finish(e.Select(kept, e.Input(0), e.Constant({}, {0.0F})));
  return std::nullopt;
}

bool IsOneOf(ElementType type, std::initializer_list<ElementType> list) {
  return std::find(list.begin(), list.end(), type) != list.end();
}

Refusal LowerCast(Lowering& lowering, const HostNode& node) {
  const ElementType from = lowering.info(node.inputs[0]).type;
  const ElementType to = lowering.info(node.outputs[0]).type;
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  if (from == to) {
    lowering.Emit(node, {x}, ReshapeLayer{});
    return std::nullopt;
  }
  if (from == ElementType::kFloat32 && to == ElementType::kBool) {
    Expression e(lowering, node);
    e.Finish(e.BinaryNumber(BinaryOp::kNotEqual, x, 0.0F));
    return std::nullopt;
  }
  if (to == ElementType::kFloat32 && IsOneOf(from, {ElementType::kBool, ElementType::kInt32,
                                                    ElementType::kInt8, ElementType::kUint8})) {
    if (lowering.layers().value(x).quantization) {
      return "it reads the steps of a quantised tensor as numbers";
    }
    lowering.Emit(node, {x}, UnaryLayer{});
    return std::nullopt;
  }
  return std::string("the engines do not convert ") + ElementTypeName(from) + " to " +
         ElementTypeName(to);
}

}  // namespace

std::span<const OperatorRule> LogicRules() {
  static constexpr OperatorRule kRules[] = {
      {"Equal", LowerComparison<BinaryOp::kEqual>},
      {"Greater", LowerComparison<BinaryOp::kGreater>},
      {"GreaterOrEqual", LowerComparison<BinaryOp::kGreaterOrEqual>},
      {"Less", LowerComparison<BinaryOp::kLess>},
      {"LessOrEqual", LowerComparison<BinaryOp::kLessOrEqual>},
      {"And", LowerLogical<BinaryOp::kMul>},
      {"Or", LowerLogical<BinaryOp::kMax>},
      {"Xor", LowerLogical<BinaryOp::kNotEqual>},
      {"Not", LowerNot},
      {"IsNaN", LowerIsNaN},
      {"Where", LowerWhere},
      {"Trilu", LowerTrilu},
      {"Cast", LowerCast},
  };
  return kRules;
}

}  // namespace neuron::compiler
