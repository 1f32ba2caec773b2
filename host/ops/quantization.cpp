// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// Which entry of scale and zero-point belongs to each element: (index / inner) % count.
struct Groups {
  int64_t count = 1;
  int64_t inner = 1;
  int64_t of(int64_t index) const { return index / inner % count; }
};

Result<Groups> GroupsOf(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const Shape& shape = call.in(0).shape;
  Groups groups;
  groups.count = call.in(1).elements();
  if (call.in(1).shape.empty() || groups.count == 1) {
    groups.count = 1;
  } else {
    NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                            NormalizeAxis(call, call.node.Int("axis", 1), shape.size()));
    if (shape[static_cast<size_t>(axis)] != groups.count) {
      return call.Error("has " + std::to_string(groups.count) + " scales for an axis of size " +
                        std::to_string(shape[static_cast<size_t>(axis)]));
    }
    groups.inner =
        ElementCount(std::span<const int64_t>(shape).subspan(static_cast<size_t>(axis) + 1));
  }
  if (call.in(1).elements() < 1 || (call.has(2) && call.in(2).elements() != groups.count)) {
    return call.Error("scale and zero-point differ in size");
  }
  return groups;
}

Result<Tensors> QuantizeLinear(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(const Groups groups, GroupsOf(call));
  const ElementType type = call.has(2) ? call.in(2).type : ElementType::kUint8;
  if (type != ElementType::kUint8 && type != ElementType::kInt8) {
    return call.Error(std::string("cannot quantise to ") + ElementTypeName(type),
                      StatusCode::kUnsupported);
  }
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, type, x.shape));
  for (int64_t i = 0; i < x.elements(); ++i) {
    const int64_t group = groups.of(i);
    const double zero = call.has(2) ? call.in(2).ValueAt(group) : 0.0;
    // Divided in float, as the operator is defined on float operands.
    const float steps =
        static_cast<float>(x.ValueAt(i)) / static_cast<float>(call.in(1).ValueAt(group));
    StoreDouble(y, i, static_cast<double>(std::nearbyint(steps)) + zero);
  }
  return One(std::move(y));
}

Result<Tensors> DequantizeLinear(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(const Groups groups, GroupsOf(call));
  const HostTensor& x = call.in(0);
  if (IsFloat(x.type) || !IsFloat(call.in(1).type)) {
    return call.Error("needs an integer operand and a floating-point scale");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, call.in(1).type, x.shape));
  for (int64_t i = 0; i < x.elements(); ++i) {
    const int64_t group = groups.of(i);
    const double zero = call.has(2) ? call.in(2).ValueAt(group) : 0.0;
    StoreDouble(y, i, (x.ValueAt(i) - zero) * call.in(1).ValueAt(group));
  }
  return One(std::move(y));
}

Result<Tensors> DynamicQuantizeLinear(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  float low = 0.0F;
  float high = 0.0F;
  for (int64_t i = 0; i < x.elements(); ++i) {
    low = std::min(low, static_cast<float>(x.ValueAt(i)));
    high = std::max(high, static_cast<float>(x.ValueAt(i)));
  }
  const float scale = high > low ? (high - low) / 255.0F : 1.0F;
  const float zero = std::clamp(std::nearbyint(-low / scale), 0.0F, 255.0F);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, ElementType::kUint8, x.shape));
  for (int64_t i = 0; i < x.elements(); ++i) {
    StoreDouble(y, i, std::nearbyint(static_cast<float>(x.ValueAt(i)) / scale) + zero);
  }
  Tensors result = One(std::move(y));
  result.push_back(MakeTensor<float>(ElementType::kFloat32, {}, std::span(&scale, 1)));
  const auto stored = static_cast<uint8_t>(zero);
  result.push_back(MakeTensor<uint8_t>(ElementType::kUint8, {}, std::span(&stored, 1)));
  return result;
}

}  // namespace

std::span<const Operator> QuantizationOperators() {
  static constexpr Operator kOperators[] = {
      {"QuantizeLinear", QuantizeLinear},
      {"DequantizeLinear", DequantizeLinear},
      {"DynamicQuantizeLinear", DynamicQuantizeLinear},
  };
  return kOperators;
}

}  // namespace neuron::ops
