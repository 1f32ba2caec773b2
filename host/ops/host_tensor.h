// SPDX-License-Identifier: Apache-2.0
// A dense tensor in host memory and an ONNX operator in plain values: what the compiler folds and
// what the runtime executes in host segments. No ONNX or FlatBuffers type appears here, so that
// an application that links the runtime links neither.
#ifndef NEURON_HOST_OPS_HOST_TENSOR_H_
#define NEURON_HOST_OPS_HOST_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "host/ops/shared_bytes.h"

namespace neuron {

// Element types with the numbers of ONNX's TensorProto.DataType.
enum class ElementType : uint8_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kBfloat16 = 16,
};

// Bytes of one element; 0 for kUndefined.
size_t ElementBytes(ElementType type);
constexpr bool IsFloat(ElementType type) {
  return type == ElementType::kFloat32 || type == ElementType::kFloat64 ||
         type == ElementType::kFloat16 || type == ElementType::kBfloat16;
}
// int8 or uint8: what quantised tensors are made of.
constexpr bool Is8Bit(ElementType type) {
  return type == ElementType::kInt8 || type == ElementType::kUint8;
}
// "float32", "int8", ...: NumPy's names.
const char* ElementTypeName(ElementType type);

using Shape = std::vector<int64_t>;

// Elements of a shape; 1 for a scalar (empty shape).
int64_t ElementCount(std::span<const int64_t> shape);
// "[1, 3, 32, 32]"
std::string ShapeToString(std::span<const int64_t> shape);

// Row-major, owns its bytes. Invariant: data.size() = ElementCount(shape) * ElementBytes(type).
struct HostTensor {
  ElementType type = ElementType::kUndefined;
  Shape shape;
  SharedBytes data;

  HostTensor() = default;
  // Zero-filled.
  HostTensor(ElementType element_type, Shape tensor_shape)
      : type(element_type),
        shape(std::move(tensor_shape)),
        data(static_cast<size_t>(ElementCount(shape)) * ElementBytes(type)) {}

  int64_t elements() const { return ElementCount(shape); }
  template <typename T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(data.data()), data.size() / sizeof(T)};
  }
  template <typename T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
  }
  // Element `index` in row-major order as a double; any type but kUndefined.
  double ValueAt(int64_t index) const;
  // All elements as float (kFloat32 and every other type by conversion).
  std::vector<float> ToFloats() const;
  // All elements as int64; floats are truncated.
  std::vector<int64_t> ToInts() const;
};

template <typename T>
HostTensor MakeTensor(ElementType type, Shape shape, std::span<const T> values) {
  HostTensor tensor(type, std::move(shape));
  if (!tensor.data.empty()) {
    std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  }
  return tensor;
}

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                                    std::vector<float>, std::vector<std::string>, HostTensor>;

// One ONNX operator. Inputs and outputs are named by the graph that holds it; an absent optional
// input is an empty name.
struct HostNode {
  std::string name;  // as Netron shows it; never empty (made from the type and output if unnamed)
  std::string op_type;  // "Conv"
  std::string domain;   // "" for ai.onnx
  int opset = 13;       // version of the domain
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, AttributeValue> attributes;

  int64_t Int(const std::string& key, int64_t fallback) const;
  float Float(const std::string& key, float fallback) const;
  std::string String(const std::string& key, const std::string& fallback) const;
  std::vector<int64_t> Ints(const std::string& key, std::vector<int64_t> fallback = {}) const;
  bool Has(const std::string& key) const { return attributes.contains(key); }
};

}  // namespace neuron

#endif  // NEURON_HOST_OPS_HOST_TENSOR_H_
