// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

class Checker {
 public:
  Checker(const LayerGraph& graph, const Layer& layer) : graph_(graph), layer_(layer) {}

  Status Run() const {
    if (std::holds_alternative<HostLayer>(layer_.body)) {
      return OkStatus();
    }
    NEURON_RETURN_IF_ERROR(CheckOperands());
    return std::visit([this](const auto& body) { return Check(body); }, layer_.body);
  }

 private:
  Status Error(const std::string& what) const {
    return Status(StatusCode::kInvalidArgument, Describe(layer_) + ": " + what);
  }
  const Value& in(size_t index = 0) const { return graph_.value(layer_.inputs[index]); }
  const Value& out() const { return graph_.value(layer_.outputs[0]); }

  // Error unless the result is as large as `shape`.
  Status Expect(const Shape& shape) const {
    if (out().shape != shape) {
      return Error("the result has the shape " + ShapeToString(out().shape) + ", not " +
                   ShapeToString(shape));
    }
    return OkStatus();
  }

  // Where integers of more than 8 bits may occur: indices, and numbers being rounded.
  bool MayCount(const Value& value) const {
    const bool word = value.type == ElementType::kInt32;
    const bool index = word || value.type == ElementType::kInt64;
    return (word && (std::holds_alternative<UnaryLayer>(layer_.body) ||
                     std::holds_alternative<MatrixLayer>(layer_.body))) ||
           (index && (std::holds_alternative<GatherLayer>(layer_.body) ||
                      std::holds_alternative<ArgLayer>(layer_.body)));
  }

  // Layers that read or keep 8-bit integers as the numbers they are.
  bool TakesPlainIntegers() const {
    return IsMovement(layer_) || std::holds_alternative<UnaryLayer>(layer_.body) ||
           std::holds_alternative<GatherLayer>(layer_.body);
  }

  Status CheckValue(const Value& value) const {
    if (!IsStoredFloat(value.type) && value.type != ElementType::kBool && !Is8Bit(value.type) &&
        !MayCount(value)) {
      return Error("'" + value.name + "' is " + ElementTypeName(value.type) +
                   "; the engines work on float32, bfloat16, float16, int8 and uint8");
    }
    if (Is8Bit(value.type) && !value.quantization && !TakesPlainIntegers()) {
      return Error("'" + value.name +
                   "' is an integer tensor without a scale; quantise it with QuantizeLinear");
    }
    if (ElementCount(value.shape) < 1) {
      return Error("'" + value.name + "' of shape " + ShapeToString(value.shape) + " is empty");
    }
    return OkStatus();
  }

  Status CheckOperands() const {
    const bool pair = std::holds_alternative<BinaryLayer>(layer_.body) ||
                      std::holds_alternative<BatchMatmulLayer>(layer_.body) ||
                      std::holds_alternative<GatherLayer>(layer_.body);
    const size_t needed = std::holds_alternative<SelectLayer>(layer_.body) ? 3 : (pair ? 2 : 1);
    if (layer_.outputs.size() != 1 || layer_.inputs.size() < needed ||
        (layer_.inputs.size() > needed && !std::holds_alternative<ConcatLayer>(layer_.body))) {
      return Error("has " + std::to_string(layer_.inputs.size()) + " operands and " +
                   std::to_string(layer_.outputs.size()) + " results");
    }
    for (const auto* ids : {&layer_.inputs, &layer_.outputs}) {
      for (const ValueId id : *ids) {
        if (id == kNoValue) {
          return Error("an operand is missing");
        }
        NEURON_RETURN_IF_ERROR(CheckValue(graph_.value(id)));
      }
    }
    if (IsMovement(layer_)) {
      for (const ValueId id : layer_.inputs) {
        if (!SameQuantization(graph_.value(id), out())) {
          return Error("moves elements between different types or quantisations");
        }
      }
    }
    return OkStatus();
  }

  // [N, C, H, W] of a value that may be [N, C, W].
  static Shape Planar(Shape shape) {
    if (shape.size() == 3) {
      shape.insert(shape.begin() + 2, 1);
    }
    return shape;
  }

  template <typename Window>
  Status CheckWindow(const Window& window, const std::array<int64_t, 2>& kernel,
                     int64_t channels) const {
    const Shape from = Planar(in().shape);
    const Shape to = Planar(out().shape);
    if (from.size() != 4 || to.size() != 4 || in().shape.size() != out().shape.size() ||
        to[0] != from[0] || to[1] != channels) {
      return Error("shapes " + ShapeToString(in().shape) + " and " + ShapeToString(out().shape) +
                   " do not fit");
    }
    for (size_t i = 0; i < 2; ++i) {
      const int64_t reach = (kernel[i] - 1) * window.dilations[i] + 1;
      const int64_t room = from[i + 2] + window.pads[i] + window.pads[i + 2] - reach;
      if (kernel[i] < 1 || window.strides[i] < 1 || window.dilations[i] < 1 || room < 0 ||
          window.pads[i] < 0 || window.pads[i + 2] < 0 ||
          room / window.strides[i] + 1 != to[i + 2]) {
        return Error("a window of size " + std::to_string(kernel[i]) + " does not lead from " +
                     ShapeToString(in().shape) + " to " + ShapeToString(out().shape));
      }
    }
    return OkStatus();
  }

  Status Check(const MatrixLayer& matrix) const {
    const Shape& weight = matrix.weight.shape;
    const auto filters = static_cast<size_t>(weight.empty() ? 0 : weight[0]);
    const auto fits = [&](const auto& list, bool one_allowed) {
      return list.empty() || list.size() == filters || (one_allowed && list.size() == 1);
    };
    const bool integer = !IsStoredFloat(matrix.weight.type);
    if (!fits(matrix.bias, false) || !fits(matrix.bias_int, false) || !fits(matrix.scale, true) ||
        matrix.scale.empty() == integer || matrix.weight.elements() < 1 ||
        integer != in().quantization.has_value() || (out().quantization.has_value() && !integer)) {
      return Error("weights " + ShapeToString(weight) +
                   ", bias, scale and operand types do not fit");
    }
    if (!matrix.is_conv) {
      Shape expected = in().shape;
      if (weight.size() != 2 || expected.empty() || expected.back() != weight[1]) {
        return Error("weights " + ShapeToString(weight) + " do not fit the input " +
                     ShapeToString(in().shape));
      }
      expected.back() = weight[0];
      return Expect(expected);
    }
    if (weight.size() != 4 || matrix.group < 1 || weight[0] % matrix.group != 0 ||
        in().shape.size() < 2 || in().shape[1] != weight[1] * matrix.group) {
      return Error("weights " + ShapeToString(weight) + " do not fit the input " +
                   ShapeToString(in().shape));
    }
    return CheckWindow(matrix, {weight[2], weight[3]}, weight[0]);
  }

  Status Check(const BatchMatmulLayer&) const {
    const Shape& a = in(0).shape;
    const Shape& b = in(1).shape;
    if (a.size() < 2 || b.size() != a.size() || a.back() != b[b.size() - 2]) {
      return Error("shapes " + ShapeToString(a) + " and " + ShapeToString(b) + " do not multiply");
    }
    const bool integer = in(0).quantization.has_value();
    if (integer != in(1).quantization.has_value() || (out().quantization && !integer)) {
      return Error("multiplies a float with an integer tensor; quantise both or neither");
    }
    Shape expected = a;
    expected.back() = b.back();
    for (size_t i = 0; i + 2 < a.size(); ++i) {
      if (a[i] != b[i] && a[i] != 1 && b[i] != 1) {
        return Error("shapes " + ShapeToString(a) + " and " + ShapeToString(b) +
                     " do not broadcast");
      }
      expected[i] = a[i] == 1 ? b[i] : a[i];
    }
    return Expect(expected);
  }

  // The operands broadcast to the result.
  Status CheckBroadcast() const {
    Shape expected;
    for (size_t operand = 0; operand < layer_.inputs.size(); ++operand) {
      const Shape& shape = in(operand).shape;
      if (shape.size() > expected.size()) {
        expected.insert(expected.begin(), shape.size() - expected.size(), 1);
      }
      for (size_t i = 0; i < shape.size(); ++i) {
        int64_t& size = expected[expected.size() - shape.size() + i];
        if (size != shape[i] && size != 1 && shape[i] != 1) {
          return Error("operand " + std::to_string(operand) + " of shape " + ShapeToString(shape) +
                       " does not broadcast with " + ShapeToString(in(0).shape));
        }
        size = size == 1 ? shape[i] : size;
      }
    }
    return Expect(expected);
  }

  Status Check(const BinaryLayer&) const { return CheckBroadcast(); }

  Status Check(const SelectLayer&) const {
    for (const size_t operand : {1, 2}) {
      if (IsStoredFloat(in(operand).type) != IsStoredFloat(out().type)) {
        return Error("what it chooses from differs in type");
      }
    }
    if (in().type != ElementType::kBool) {
      return Error("its condition is not bool");
    }
    return CheckBroadcast();
  }

  Status Check(const ExpandLayer&) const {
    const Shape& from = in().shape;
    const Shape& to = out().shape;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from.size() > to.size() ||
          (from[from.size() - 1 - i] != 1 && from[from.size() - 1 - i] != to[to.size() - 1 - i])) {
        return Error(ShapeToString(from) + " does not expand to " + ShapeToString(to));
      }
    }
    return OkStatus();
  }

  Status Check(const TakeLayer& take) const {
    const auto axis = static_cast<size_t>(take.axis);
    if (take.axis < 0 || axis >= in().shape.size()) {
      return Error("axis " + std::to_string(take.axis) + " does not exist");
    }
    for (const int64_t index : take.indices) {
      if (index < 0 || index >= in().shape[axis]) {
        return Error("index " + std::to_string(index) + " is outside " + ShapeToString(in().shape));
      }
    }
    Shape expected = in().shape;
    expected[axis] = static_cast<int64_t>(take.indices.size());
    return Expect(expected);
  }

  Status Check(const GatherLayer&) const {
    const Shape& table = in(0).shape;
    if (table.empty() || in(0).type != out().type || !SameQuantization(in(0), out()) ||
        (in(1).type != ElementType::kInt64 && in(1).type != ElementType::kInt32)) {
      return Error("its table is a number, or its indices are not int32 or int64");
    }
    Shape expected = in(1).shape;
    expected.insert(expected.end(), table.begin() + 1, table.end());
    return Expect(expected);
  }

  Status Check(const ArgLayer& arg) const {
    const auto axis = static_cast<size_t>(arg.axis);
    if (arg.axis < 0 || axis >= in().shape.size() || out().type != ElementType::kInt64) {
      return Error("axis " + std::to_string(arg.axis) + " does not exist");
    }
    Shape expected = in().shape;
    expected[axis] = 1;
    if (out().shape == expected) {
      return OkStatus();
    }
    expected.erase(expected.begin() + arg.axis);
    return Expect(expected);
  }

  Status Check(const UnaryLayer& unary) const {
    for (const auto* list : {&unary.scale, &unary.bias}) {
      const bool along_axis =
          unary.axis >= 0 && static_cast<size_t>(unary.axis) < in().shape.size() &&
          static_cast<int64_t>(list->size()) == in().shape[static_cast<size_t>(unary.axis)];
      if (list->size() != 1 && !along_axis) {
        return Error(std::to_string(list->size()) + " scales or biases do not fit the input " +
                     ShapeToString(in().shape));
      }
    }
    return Expect(in().shape);
  }

  Status Check(const PoolLayer& pool) const {
    if (in().shape.size() < 2) {
      return Error("cannot pool a tensor of shape " + ShapeToString(in().shape));
    }
    return CheckWindow(pool, pool.kernel, in().shape[1]);
  }

  Status Check(const ReduceLayer& reduce) const {
    Shape kept = in().shape;
    Shape dropped;
    for (const int axis : reduce.axes) {
      if (axis < 0 || static_cast<size_t>(axis) >= kept.size()) {
        return Error("axis " + std::to_string(axis) + " does not exist");
      }
      kept[static_cast<size_t>(axis)] = 1;
    }
    for (size_t i = 0; i < kept.size(); ++i) {
      if (std::find(reduce.axes.begin(), reduce.axes.end(), static_cast<int>(i)) ==
          reduce.axes.end()) {
        dropped.push_back(kept[i]);
      }
    }
    return out().shape == kept ? OkStatus() : Expect(dropped);
  }

  Status Check(const SoftmaxLayer& softmax) const {
    if (softmax.axis < 0 || static_cast<size_t>(softmax.axis) >= in().shape.size()) {
      return Error("axis " + std::to_string(softmax.axis) + " does not exist");
    }
    return Expect(in().shape);
  }

  Status Check(const NormalizeLayer& normalize) const {
    const auto columns = static_cast<size_t>(in().shape.empty() ? 0 : in().shape.back());
    if (normalize.scale.size() != columns || normalize.bias.size() != columns) {
      return Error("needs one scale and one bias for each index of the last axis");
    }
    return Expect(in().shape);
  }

  Status Check(const ReshapeLayer&) const {
    if (ElementCount(in().shape) != ElementCount(out().shape)) {
      return Error("cannot reshape " + ShapeToString(in().shape) + " to " +
                   ShapeToString(out().shape));
    }
    return OkStatus();
  }

  Status Check(const TransposeLayer& transpose) const {
    Shape expected;
    for (const int axis : transpose.perm) {
      if (axis < 0 || static_cast<size_t>(axis) >= in().shape.size()) {
        return Error("axis " + std::to_string(axis) + " does not exist");
      }
      expected.push_back(in().shape[static_cast<size_t>(axis)]);
    }
    return Expect(expected);
  }

  // Each input has as many indices as positions of the output take one of it.
  Status CheckInterleaving(const ConcatLayer& concat, int64_t size) const {
    const auto inputs = static_cast<int64_t>(layer_.inputs.size());
    if (concat.first < 0 || concat.first >= inputs) {
      return Error("operand " + std::to_string(concat.first) + " cannot come first");
    }
    for (int64_t k = 0; k < inputs; ++k) {
      const int64_t position = (k - concat.first + inputs) % inputs;
      if (in(static_cast<size_t>(k)).shape[static_cast<size_t>(concat.axis)] !=
          (size - position + inputs - 1) / inputs) {
        return Error("operand " + std::to_string(k) + " does not interleave with the others");
      }
    }
    return OkStatus();
  }

  Status Check(const ConcatLayer& concat) const {
    const auto axis = static_cast<size_t>(concat.axis);
    if (concat.axis < 0 || axis >= in().shape.size()) {
      return Error("axis " + std::to_string(concat.axis) + " does not exist");
    }
    Shape expected = in().shape;
    for (size_t i = 1; i < layer_.inputs.size(); ++i) {
      Shape other = in(i).shape;
      if (other.size() != expected.size()) {
        return Error("operands differ in rank");
      }
      const int64_t size = other[axis];
      other[axis] = expected[axis];
      if (other != expected) {
        return Error("operands differ in more than the axis");
      }
      expected[axis] += size;
    }
    NEURON_RETURN_IF_ERROR(Expect(expected));
    return concat.interleaved ? CheckInterleaving(concat, expected[axis]) : OkStatus();
  }

  Status Check(const SliceLayer& slice) const {
    const Shape& from = in().shape;
    const Shape& to = out().shape;
    if (slice.starts.size() != from.size() || slice.steps.size() != from.size() ||
        to.size() != from.size()) {
      return Error("the slice does not name every axis");
    }
    for (size_t i = 0; i < from.size(); ++i) {
      const int64_t start = slice.starts[i];
      const int64_t step = slice.steps[i];
      const int64_t limit = step > 0 ? from[i] - 1 - start : start;
      const bool inside = start >= 0 && start < from[i];
      // Steps are compared by division, so that nothing overflows.
      const bool reaches = to[i] == 1 || (step != 0 && step > -from[i] && step < from[i] &&
                                          (to[i] - 1) <= limit / (step > 0 ? step : -step));
      if (!inside || !reaches) {
        return Error("the slice leaves the input " + ShapeToString(from));
      }
    }
    return OkStatus();
  }

  Status Check(const PadLayer& pad) const {
    Shape expected = in().shape;
    if (pad.low.size() != expected.size() || pad.high.size() != expected.size()) {
      return Error("the padding does not name every axis");
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      constexpr int64_t kLimit = int64_t{1} << 31;
      if (pad.low[i] < 0 || pad.high[i] < 0 || pad.low[i] > kLimit || pad.high[i] > kLimit) {
        return Error("a pad is out of range");
      }
      expected[i] += pad.low[i] + pad.high[i];
    }
    return Expect(expected);
  }

  Status Check(const StoreLayer& store) const {
    const Shape& piece = in().shape;
    const Shape& whole = out().shape;
    if (store.starts.size() != piece.size() || piece.size() != whole.size()) {
      return Error("the store does not name every axis");
    }
    for (size_t i = 0; i < piece.size(); ++i) {
      if (store.starts[i] < 0 || store.starts[i] > whole[i] - piece[i]) {
        return Error("the piece leaves the tensor " + ShapeToString(whole));
      }
    }
    return OkStatus();
  }

  Status Check(const HostLayer&) const { return OkStatus(); }

  const LayerGraph& graph_;
  const Layer& layer_;
};

}  // namespace

Status CheckLayer(const LayerGraph& graph, const Layer& layer) {
  return Checker(graph, layer).Run();
}

}  // namespace neuron::compiler
