// SPDX-License-Identifier: Apache-2.0
// Operators of two or more operands with NumPy broadcasting.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

Status ShapesDoNotFit(const Call& call, const HostTensor& a, const HostTensor& b) {
  return call.Error("shapes " + ShapeToString(a.shape) + " and " + ShapeToString(b.shape) +
                    " do not broadcast");
}

// f(double, double) on floats and g(int64, int64) on integers; the result has `type`.
template <typename F, typename G>
Result<HostTensor> Combine(const Call& call, const HostTensor& a, const HostTensor& b,
                           ElementType type, F on_float, G on_int) {
  const auto shape = BroadcastShapes(a.shape, b.shape);
  if (!shape) {
    return ShapesDoNotFit(call, a, b);
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, type, *shape));
  const std::array strides = {BroadcastStrides(a.shape, *shape), BroadcastStrides(b.shape, *shape)};
  if (IsFloat(a.type) || IsFloat(b.type)) {
    ForEachIndex(*shape, strides, [&](int64_t i, const std::array<int64_t, 2>& at) {
      StoreDouble(y, i, on_float(a.ValueAt(at[0]), b.ValueAt(at[1])));
    });
  } else {
    const std::vector<int64_t> x = a.ToInts();
    const std::vector<int64_t> z = b.ToInts();
    ForEachIndex(*shape, strides, [&](int64_t i, const std::array<int64_t, 2>& at) {
      StoreInt(y, i, on_int(x[static_cast<size_t>(at[0])], z[static_cast<size_t>(at[1])]));
    });
  }
  return y;
}

// Before operator set 7 the second operand's axes lie along the first's from attribute `axis` on
// (PRelu: axis 1); this gives it the shape that broadcasts so.
Result<HostTensor> AlignedOperand(const Call& call) {
  HostTensor b = call.in(1);
  const Shape& shape = call.in(0).shape;
  if (call.node.opset >= 7 || b.shape.size() >= shape.size() || b.elements() == 1) {
    return b;
  }
  const auto rank = static_cast<int64_t>(b.shape.size());
  const auto last = static_cast<int64_t>(shape.size()) - rank;
  const int64_t axis = call.node.Int("axis", call.node.op_type == "PRelu" ? 1 : last);
  if (axis < 0 || axis > last) {
    return call.Error("attribute 'axis' does not suit the operands");
  }
  b.shape.resize(static_cast<size_t>(static_cast<int64_t>(shape.size()) - axis), 1);
  return b;
}

template <typename F, typename G>
Result<Tensors> Binary(const Call& call, F on_float, G on_int) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  if (call.in(0).type != call.in(1).type && call.node.op_type != "Pow") {
    return call.Error(std::string("operands are ") + ElementTypeName(call.in(0).type) + " and " +
                      ElementTypeName(call.in(1).type));
  }
  NEURON_ASSIGN_OR_RETURN(const HostTensor b, AlignedOperand(call));
  NEURON_ASSIGN_OR_RETURN(HostTensor y,
                          Combine(call, call.in(0), b, call.in(0).type, on_float, on_int));
  return One(std::move(y));
}

// Max, Min, Sum: any number of operands.
template <typename F, typename G>
Result<Tensors> Variadic(const Call& call, F on_float, G on_int) {
  NEURON_RETURN_IF_ERROR(call.Need(std::max<size_t>(1, call.inputs.size())));
  HostTensor y = call.in(0);
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    NEURON_ASSIGN_OR_RETURN(y, Combine(call, y, call.in(i), y.type, on_float, on_int));
  }
  return One(std::move(y));
}

template <typename F>
Result<Tensors> Compare(const Call& call, F test) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  NEURON_ASSIGN_OR_RETURN(HostTensor y,
                          Combine(call, call.in(0), call.in(1), ElementType::kBool, test, test));
  return One(std::move(y));
}

uint64_t U(int64_t value) { return static_cast<uint64_t>(value); }

Result<Tensors> Add(const Call& call) {
  return Binary(
      call, [](double a, double b) { return a + b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(U(a) + U(b)); });
}

Result<Tensors> Sub(const Call& call) {
  return Binary(
      call, [](double a, double b) { return a - b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(U(a) - U(b)); });
}

Result<Tensors> Mul(const Call& call) {
  return Binary(
      call, [](double a, double b) { return a * b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(U(a) * U(b)); });
}

bool HasZero(const HostTensor& tensor) {
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (tensor.ValueAt(i) == 0.0) {
      return true;
    }
  }
  return false;
}

Result<Tensors> Div(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  if (!IsFloat(call.in(0).type) && HasZero(call.in(1))) {
    return call.Error("integer division by zero");
  }
  return Binary(
      call, [](double a, double b) { return a / b; },
      [](int64_t a, int64_t b) { return b == -1 ? static_cast<int64_t>(-U(a)) : a / b; });
}

Result<Tensors> Mod(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  if (!IsFloat(call.in(0).type) && HasZero(call.in(1))) {
    return call.Error("integer division by zero");
  }
  const bool like_c = call.node.Int("fmod", 0) != 0;
  return Binary(
      call, [](double a, double b) { return std::fmod(a, b); },
      [like_c](int64_t a, int64_t b) {
        const int64_t r = b == -1 ? 0 : a % b;
        return !like_c && r != 0 && ((r < 0) != (b < 0)) ? r + b : r;
      });
}

// a to the power b, wrapping; a negative exponent gives 0 except for a = 1 and a = -1.
int64_t IntegerPower(int64_t a, int64_t b) {
  if (b < 0) {
    return a == 1 || (a == -1 && b % 2 == 0) ? 1 : (a == -1 ? -1 : 0);
  }
  uint64_t result = 1;
  for (uint64_t base = U(a); b > 0; b >>= 1, base *= base) {
    result *= (b & 1) != 0 ? base : 1;
  }
  return static_cast<int64_t>(result);
}

Result<Tensors> Pow(const Call& call) {
  return Binary(
      call, [](double a, double b) { return std::pow(a, b); }, IntegerPower);
}

Result<Tensors> PRelu(const Call& call) {
  return Binary(
      call, [](double a, double b) { return a < 0 ? a * b : a; },
      [](int64_t a, int64_t b) { return a < 0 ? static_cast<int64_t>(U(a) * U(b)) : a; });
}

Result<Tensors> Max(const Call& call) {
  return Variadic(
      call, [](double a, double b) { return std::isnan(a) || a > b ? a : b; },
      [](int64_t a, int64_t b) { return std::max(a, b); });
}

Result<Tensors> Min(const Call& call) {
  return Variadic(
      call, [](double a, double b) { return std::isnan(a) || a < b ? a : b; },
      [](int64_t a, int64_t b) { return std::min(a, b); });
}

Result<Tensors> Sum(const Call& call) {
  return Variadic(
      call, [](double a, double b) { return a + b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(U(a) + U(b)); });
}

Result<Tensors> Equal(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a == b; });
}
Result<Tensors> Less(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a < b; });
}
Result<Tensors> LessOrEqual(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a <= b; });
}
Result<Tensors> Greater(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a > b; });
}
Result<Tensors> GreaterOrEqual(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a >= b; });
}
Result<Tensors> And(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a != 0 && b != 0; });
}
Result<Tensors> Or(const Call& call) {
  return Compare(call, [](auto a, auto b) { return a != 0 || b != 0; });
}
Result<Tensors> Xor(const Call& call) {
  return Compare(call, [](auto a, auto b) { return (a != 0) != (b != 0); });
}

Result<Tensors> Where(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(3));
  const HostTensor& condition = call.in(0);
  const HostTensor& a = call.in(1);
  const HostTensor& b = call.in(2);
  const auto inner = BroadcastShapes(a.shape, b.shape);
  const auto shape = inner ? BroadcastShapes(condition.shape, *inner) : std::nullopt;
  if (!shape || a.type != b.type) {
    return ShapesDoNotFit(call, a, b);
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, a.type, *shape));
  const size_t bytes = ElementBytes(a.type);
  ForEachIndex<3>(*shape,
                  {BroadcastStrides(condition.shape, *shape), BroadcastStrides(a.shape, *shape),
                   BroadcastStrides(b.shape, *shape)},
                  [&](int64_t i, const std::array<int64_t, 3>& at) {
                    const bool first = condition.ValueAt(at[0]) != 0.0;
                    const std::byte* source =
                        first ? a.data.data() + static_cast<size_t>(at[1]) * bytes
                              : b.data.data() + static_cast<size_t>(at[2]) * bytes;
                    std::memcpy(y.data.data() + static_cast<size_t>(i) * bytes, source, bytes);
                  });
  return One(std::move(y));
}

}  // namespace

std::span<const Operator> BinaryOperators() {
  static constexpr Operator kOperators[] = {
      {"Add", Add},
      {"Sub", Sub},
      {"Mul", Mul},
      {"Div", Div},
      {"Mod", Mod},
      {"Pow", Pow},
      {"PRelu", PRelu},
      {"Max", Max},
      {"Min", Min},
      {"Sum", Sum},
      {"Equal", Equal},
      {"Less", Less},
      {"LessOrEqual", LessOrEqual},
      {"Greater", Greater},
      {"GreaterOrEqual", GreaterOrEqual},
      {"And", And},
      {"Or", Or},
      {"Xor", Xor},
      {"Where", Where},
  };
  return kOperators;
}

}  // namespace neuron::ops
