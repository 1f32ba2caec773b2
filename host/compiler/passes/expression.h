// SPDX-License-Identifier: Apache-2.0
// Writing a node as an expression of layers: each call adds one layer that makes a new value.
#ifndef NEURON_HOST_COMPILER_PASSES_EXPRESSION_H_
#define NEURON_HOST_COMPILER_PASSES_EXPRESSION_H_

#include <limits>
#include <vector>

#include "host/compiler/passes/lowering.h"

namespace neuron::compiler {

inline constexpr float kNoLimit = std::numeric_limits<float>::infinity();

// Shapes and types follow from the operands. Later passes join what one engine pass can do.
class Expression {
 public:
  Expression(Lowering& lowering, const HostNode& node) : lowering_(lowering), node_(node) {}

  const Shape& shape(ValueId value) const;
  // Operand `index` of the node.
  ValueId Input(size_t index) const;
  ValueId Constant(Shape shape, const std::vector<float>& values);
  ValueId Truths(Shape shape, const std::vector<uint8_t>& values);

  ValueId Apply(Function function, ValueId x, float alpha = 0.0F);
  ValueId Activate(ValueId x, const Activation& activation);
  ValueId Affine(ValueId x, float scale, float bias);
  // One scale and bias for each index of `axis`.
  ValueId AffineAlong(ValueId x, int axis, std::vector<float> scale, std::vector<float> bias);
  ValueId Clamp(ValueId x, float low, float high);
  // Comparisons make kBool.
  ValueId Binary(BinaryOp op, ValueId a, ValueId b, Activation activation = {});
  ValueId BinaryNumber(BinaryOp op, ValueId a, float b);
  ValueId Select(ValueId condition, ValueId chosen, ValueId other);
  // To the nearest 32-bit integer, ties to even; saturates.
  ValueId ToInteger(ValueId x);
  // Integers and truth values as float32.
  ValueId ToFloat(ValueId x);
  // Keeps the reduced axes with one element. Of more elements than the longest row it is made in
  // steps: axis by axis from the last one, and one that is long by itself part by part, so that no
  // layer needs a whole row in one place.
  ValueId Reduce(ReduceOp op, ValueId x, std::vector<int> axes);
  // In the same way for axes longer than the longest row.
  ValueId Softmax(ValueId x, int axis);
  // x [..., K] times weight [M, K], plus bias [M] unless it is empty.
  ValueId Linear(ValueId x, const HostTensor& weight, std::vector<float> bias,
                 Activation activation = {});

  ValueId Reshape(ValueId x, Shape shape);
  ValueId Transpose(ValueId x, std::vector<int> perm);
  ValueId Take(ValueId x, int axis, std::vector<int64_t> indices);
  // `count` indices of one axis from `start` on.
  ValueId Slice(ValueId x, int axis, int64_t start, int64_t count);
  ValueId Concat(std::vector<ValueId> parts, int axis, bool interleaved = false);
  ValueId Expand(ValueId x, Shape shape);

  // Makes `result`, reshaped if need be, output `index` of the node.
  void Finish(ValueId result, size_t index = 0);

 private:
  ValueId ReduceInParts(ReduceOp op, ValueId x, int axis);
  ValueId Add(std::vector<ValueId> inputs, LayerBody body, Shape shape, ElementType type);

  Lowering& lowering_;
  const HostNode& node_;
};

// NumPy broadcasting of shapes that fit.
Shape BroadcastShape(const Shape& a, const Shape& b);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PASSES_EXPRESSION_H_
