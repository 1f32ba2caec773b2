// SPDX-License-Identifier: Apache-2.0
// What the operator implementations share: checked access to a node's operands, allocation with
// a limit, broadcasting, and conversion between element types. Internal to host/ops.
#ifndef NEURON_HOST_OPS_OP_SUPPORT_H_
#define NEURON_HOST_OPS_OP_SUPPORT_H_

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::ops {

using Tensors = std::vector<HostTensor>;

// One call of an operator: its node and operands.
struct Call {
  const HostNode& node;
  std::span<const HostTensor* const> inputs;

  // Whether optional input `index` is there.
  bool has(size_t index) const { return index < inputs.size() && inputs[index] != nullptr; }
  const HostTensor& in(size_t index) const { return *inputs[index]; }
  // kInvalidArgument (or `code`) with the node's name and operator before `what`.
  Status Error(const std::string& what, StatusCode code = StatusCode::kInvalidArgument) const;
  // Error unless inputs 0 .. count-1 are present.
  Status Need(size_t count) const;
};

using Implementation = Result<Tensors> (*)(const Call&);
struct Operator {
  const char* name;
  Implementation run;
};

// The operators of each file.
std::span<const Operator> UnaryOperators();
std::span<const Operator> BinaryOperators();
std::span<const Operator> ReductionOperators();
std::span<const Operator> ShapeOperators();
std::span<const Operator> MovementOperators();
std::span<const Operator> MatrixOperators();
std::span<const Operator> PoolingOperators();
std::span<const Operator> NormalizationOperators();
std::span<const Operator> QuantizationOperators();
std::span<const Operator> IntegerOperators();
std::span<const Operator> RecurrentOperators();
std::span<const Operator> ResizeOperators();
std::span<const Operator> EinsumOperators();
std::span<const Operator> NeighbourOperators();

// A zero-filled tensor; an error when a dimension is negative or the tensor exceeds
// kMaxTensorBytes.
Result<HostTensor> Allocate(const Call& call, ElementType type, Shape shape);

// `axis` counted from the front; an error when it is outside [-rank, rank).
Result<int64_t> NormalizeAxis(const Call& call, int64_t axis, size_t rank);
Result<std::vector<int64_t>> NormalizeAxes(const Call& call, std::vector<int64_t> axes,
                                           size_t rank);

// Axes from the attribute `name`, else from optional input `input_index`, else nothing.
std::optional<std::vector<int64_t>> AttributeOrInput(const Call& call, const std::string& name,
                                                     size_t input_index);

// NumPy broadcasting of two shapes; nothing when they do not fit.
std::optional<Shape> BroadcastShapes(const Shape& a, const Shape& b);
// Element strides of `from` seen as shape `to` (0 in broadcast dimensions).
std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to);
std::vector<int64_t> RowMajorStrides(const Shape& shape);

// Calls visit(linear output index, offset 0, offset 1, ...) for every index of `shape` in row-major
// order, the offsets following the given strides.
template <size_t N, typename Visit>
void ForEachIndex(const Shape& shape, const std::array<std::vector<int64_t>, N>& strides,
                  Visit visit) {
  const int64_t count = ElementCount(shape);
  std::vector<int64_t> index(shape.size(), 0);
  std::array<int64_t, N> offset{};
  for (int64_t linear = 0; linear < count; ++linear) {
    visit(linear, offset);
    for (size_t axis = shape.size(); axis-- > 0;) {
      for (size_t i = 0; i < N; ++i) {
        offset[i] += strides[i][axis];
      }
      if (++index[axis] < shape[axis]) {
        break;
      }
      for (size_t i = 0; i < N; ++i) {
        offset[i] -= strides[i][axis] * shape[axis];
      }
      index[axis] = 0;
    }
  }
}

// All elements as double / int64 (see HostTensor::ToInts).
std::vector<double> ToDoubles(const HostTensor& tensor);
// Stores with one rounding to the tensor's type; integers truncate and wrap as C++ casts of
// in-range values do, out-of-range values saturate, bool is value != 0.
void StoreDouble(HostTensor& tensor, int64_t index, double value);
// Stores the low bits; floats are converted, bool is value != 0.
void StoreInt(HostTensor& tensor, int64_t index, int64_t value);

Tensors One(HostTensor tensor);

}  // namespace neuron::ops

#endif  // NEURON_HOST_OPS_OP_SUPPORT_H_
