// SPDX-License-Identifier: Apache-2.0
#include "host/ops/host_tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace neuron {
namespace {

template <typename T>
T Load(const HostTensor& tensor, int64_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

float HalfToFloat(uint16_t half) {
  const uint32_t exponent = (half >> 10) & 0x1F;
  const uint32_t fraction = half & 0x3FF;
  float magnitude;
  if (exponent == 31) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude =
        std::ldexp(static_cast<float>(fraction + 1024), static_cast<int>(exponent) - 15 - 10);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

// Truncates toward zero; NaN is 0 and values outside int64 saturate.
int64_t Truncate(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  if (std::isnan(value)) {
    return 0;
  }
  if (value >= kLimit) {
    return std::numeric_limits<int64_t>::max();
  }
  if (value < -kLimit) {
    return std::numeric_limits<int64_t>::min();
  }
  return static_cast<int64_t>(value);
}

template <typename T>
T AttributeOr(const std::map<std::string, AttributeValue>& attributes, const std::string& key,
              T fallback) {
  const auto it = attributes.find(key);
  if (it == attributes.end()) {
    return fallback;
  }
  const T* value = std::get_if<T>(&it->second);
  return value == nullptr ? fallback : *value;
}

}  // namespace

size_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kUint8:
    case ElementType::kInt8:
    case ElementType::kBool:
      return 1;
    case ElementType::kInt16:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return 2;
    case ElementType::kFloat32:
    case ElementType::kInt32:
      return 4;
    case ElementType::kInt64:
    case ElementType::kFloat64:
      return 8;
    case ElementType::kUndefined:
      return 0;
  }
  return 0;
}

const char* ElementTypeName(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return "float32";
    case ElementType::kUint8:
      return "uint8";
    case ElementType::kInt8:
      return "int8";
    case ElementType::kInt16:
      return "int16";
    case ElementType::kInt32:
      return "int32";
    case ElementType::kInt64:
      return "int64";
    case ElementType::kBool:
      return "bool";
    case ElementType::kFloat16:
      return "float16";
    case ElementType::kFloat64:
      return "float64";
    case ElementType::kBfloat16:
      return "bfloat16";
    case ElementType::kUndefined:
      return "undefined";
  }
  return "undefined";
}

int64_t ElementCount(std::span<const int64_t> shape) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t count = 1;
  bool saturated = false;
  for (const int64_t dim : shape) {
    if (dim <= 0) {
      return 0;
    }
    if (count > kMax / dim) {
      saturated = true;
    } else {
      count *= dim;
    }
  }
  return saturated ? kMax : count;
}

std::string ShapeToString(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

double HostTensor::ValueAt(int64_t index) const {
  switch (type) {
    case ElementType::kFloat32:
      return Load<float>(*this, index);
    case ElementType::kFloat64:
      return Load<double>(*this, index);
    case ElementType::kFloat16:
      return HalfToFloat(Load<uint16_t>(*this, index));
    case ElementType::kBfloat16:
      return std::bit_cast<float>(static_cast<uint32_t>(Load<uint16_t>(*this, index)) << 16);
    case ElementType::kUint8:
    case ElementType::kBool:
      return Load<uint8_t>(*this, index);
    case ElementType::kInt8:
      return Load<int8_t>(*this, index);
    case ElementType::kInt16:
      return Load<int16_t>(*this, index);
    case ElementType::kInt32:
      return Load<int32_t>(*this, index);
    case ElementType::kInt64:
      return static_cast<double>(Load<int64_t>(*this, index));
    case ElementType::kUndefined:
      break;
  }
  return 0.0;
}

std::vector<float> HostTensor::ToFloats() const {
  std::vector<float> values(static_cast<size_t>(elements()));
  if (type == ElementType::kFloat32) {
    std::copy_n(as<float>().data(), values.size(), values.begin());
    return values;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(ValueAt(static_cast<int64_t>(i)));
  }
  return values;
}

std::vector<int64_t> HostTensor::ToInts() const {
  std::vector<int64_t> values(static_cast<size_t>(elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    values[i] =
        type == ElementType::kInt64 ? Load<int64_t>(*this, index) : Truncate(ValueAt(index));
  }
  return values;
}

int64_t HostNode::Int(const std::string& key, int64_t fallback) const {
  return AttributeOr<int64_t>(attributes, key, fallback);
}

float HostNode::Float(const std::string& key, float fallback) const {
  return AttributeOr<float>(attributes, key, fallback);
}

std::string HostNode::String(const std::string& key, const std::string& fallback) const {
  return AttributeOr<std::string>(attributes, key, fallback);
}

std::vector<int64_t> HostNode::Ints(const std::string& key, std::vector<int64_t> fallback) const {
  return AttributeOr<std::vector<int64_t>>(attributes, key, std::move(fallback));
}

}  // namespace neuron
