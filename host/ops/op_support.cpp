// SPDX-License-Identifier: Apache-2.0
#include "host/ops/op_support.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "host/ops/evaluate.h"

namespace neuron::ops {
namespace {

template <typename T>
void Store(HostTensor& tensor, int64_t index, T value) {
  std::memcpy(tensor.data.data() + static_cast<size_t>(index) * sizeof(T), &value, sizeof(T));
}

template <typename T>
T SaturateTo(double value) {
  if (std::isnan(value)) {
    return 0;
  }
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
    return std::numeric_limits<T>::min();
  }
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(value);
}

uint16_t ToBfloat16(float value) {
  if (std::isnan(value)) {
    return 0x7FC0;
  }
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// Round to nearest even, subnormals kept. `value` is a double so that there is one rounding.
uint16_t ToHalf(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) {
    return 0x7E00;
  }
  if (magnitude == 0.0) {
    return sign;
  }
  if (std::isinf(value)) {
    return sign | 0x7C00;
  }
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude in [2^(exponent-1), 2^exponent)
  exponent = std::max(exponent - 1, -14);
  const auto significand =
      static_cast<int64_t>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  // A carry out of the significand moves into the exponent field by itself.
  const int64_t field = (static_cast<int64_t>(exponent + 14) << 10) + significand;
  return sign | static_cast<uint16_t>(std::min<int64_t>(field, 0x7C00));
}

}  // namespace

Status Call::Error(const std::string& what, StatusCode code) const {
  return Status(code, "node '" + node.name + "' (" + node.op_type + "): " + what);
}

Status Call::Need(size_t count) const {
  for (size_t i = 0; i < count; ++i) {
    if (!has(i)) {
      return Error("input " + std::to_string(i) + " is missing");
    }
  }
  return OkStatus();
}

Result<HostTensor> Allocate(const Call& call, ElementType type, Shape shape) {
  if (ElementBytes(type) == 0) {
    return call.Error("the element type is undefined");
  }
  for (const int64_t dim : shape) {
    if (dim < 0) {
      return call.Error("the result would have the shape " + ShapeToString(shape));
    }
  }
  if (ElementCount(shape) > kMaxTensorBytes / static_cast<int64_t>(ElementBytes(type))) {
    return call.Error("the result of shape " + ShapeToString(shape) + " is larger than " +
                          std::to_string(kMaxTensorBytes >> 20) + " MiB",
                      StatusCode::kResourceExhausted);
  }
  return HostTensor(type, std::move(shape));
}

Result<int64_t> NormalizeAxis(const Call& call, int64_t axis, size_t rank) {
  const auto limit = static_cast<int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    return call.Error("axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
                      std::to_string(rank));
  }
  return axis < 0 ? axis + limit : axis;
}

Result<std::vector<int64_t>> NormalizeAxes(const Call& call, std::vector<int64_t> axes,
                                           size_t rank) {
  for (int64_t& axis : axes) {
    NEURON_ASSIGN_OR_RETURN(axis, NormalizeAxis(call, axis, rank));
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    return call.Error("an axis is given twice");
  }
  return axes;
}

std::optional<std::vector<int64_t>> AttributeOrInput(const Call& call, const std::string& name,
                                                     size_t input_index) {
  if (call.node.Has(name)) {
    return call.node.Ints(name);
  }
  if (call.has(input_index)) {
    return call.in(input_index).ToInts();
  }
  return std::nullopt;
}

std::optional<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      return std::nullopt;
    }
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

std::vector<int64_t> RowMajorStrides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape[i];
  }
  return strides;
}

std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to) {
  const std::vector<int64_t> own = RowMajorStrides(from);
  std::vector<int64_t> strides(to.size(), 0);
  const size_t shift = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    strides[i + shift] = from[i] == 1 ? 0 : own[i];
  }
  return strides;
}

std::vector<double> ToDoubles(const HostTensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = tensor.ValueAt(static_cast<int64_t>(i));
  }
  return values;
}

void StoreDouble(HostTensor& tensor, int64_t index, double value) {
  switch (tensor.type) {
    case ElementType::kFloat32:
      return Store(tensor, index, static_cast<float>(value));
    case ElementType::kFloat64:
      return Store(tensor, index, value);
    case ElementType::kFloat16:
      return Store(tensor, index, ToHalf(value));
    case ElementType::kBfloat16:
      return Store(tensor, index, ToBfloat16(static_cast<float>(value)));
    case ElementType::kBool:
      return Store(tensor, index, static_cast<uint8_t>(value != 0.0));
    case ElementType::kUint8:
      return Store(tensor, index, SaturateTo<uint8_t>(value));
    case ElementType::kInt8:
      return Store(tensor, index, SaturateTo<int8_t>(value));
    case ElementType::kInt16:
      return Store(tensor, index, SaturateTo<int16_t>(value));
    case ElementType::kInt32:
      return Store(tensor, index, SaturateTo<int32_t>(value));
    case ElementType::kInt64:
      return Store(tensor, index, SaturateTo<int64_t>(value));
    case ElementType::kUndefined:
      return;
  }
}

void StoreInt(HostTensor& tensor, int64_t index, int64_t value) {
  switch (tensor.type) {
    case ElementType::kBool:
      return Store(tensor, index, static_cast<uint8_t>(value != 0));
    case ElementType::kUint8:
    case ElementType::kInt8:
      return Store(tensor, index, static_cast<uint8_t>(value));
    case ElementType::kInt16:
      return Store(tensor, index, static_cast<uint16_t>(value));
    case ElementType::kInt32:
      return Store(tensor, index, static_cast<uint32_t>(value));
    case ElementType::kInt64:
      return Store(tensor, index, value);
    default:
      return StoreDouble(tensor, index, static_cast<double>(value));
  }
}

Tensors One(HostTensor tensor) {
  Tensors result;
  result.push_back(std::move(tensor));
  return result;
}

}  // namespace neuron::ops
