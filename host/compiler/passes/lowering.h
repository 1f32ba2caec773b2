// SPDX-License-Identifier: Apache-2.0
// The state of lowering nodes to layers, and the rules for each family of operators.
#ifndef NEURON_HOST_COMPILER_PASSES_LOWERING_H_
#define NEURON_HOST_COMPILER_PASSES_LOWERING_H_

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {

// Why no engine can run a node, and what would; nothing when it was lowered.
using Refusal = std::optional<std::string>;

class Lowering {
 public:
  Lowering(const Graph& graph, int64_t longest_row);

  const Graph& graph() const { return graph_; }
  // Elements of a row that one layer may work on (ImportOptions).
  int64_t longest_row() const { return longest_row_; }
  Module& module() { return module_; }
  LayerGraph& layers() { return module_.graph; }

  // The tensor of that name as the model has it.
  const TensorInfo& info(const std::string& name) const { return graph_.tensors.at(name); }
  // Whether optional input `index` of the node is there.
  static bool Has(const HostNode& node, size_t index) {
    return index < node.inputs.size() && !node.inputs[index].empty();
  }

  // The value for a tensor, made on first use; constants become constant values.
  ValueId ValueOf(const std::string& name);
  // A constant operand, also through DequantizeLinear of a constant (then as floats); null when it
  // is computed.
  std::shared_ptr<const HostTensor> ConstantOf(const std::string& name);
  // The DequantizeLinear node of constants that makes `name`, or null.
  const HostNode* DequantizedConstant(const std::string& name) const;
  // The only element of a constant operand.
  std::optional<float> ScalarOf(const std::string& name);

  // A layer for `node` that makes its output `output_index`.
  void Emit(const HostNode& node, std::vector<ValueId> inputs, LayerBody body,
            size_t output_index = 0);
  // A layer for `node` that makes a new value of its own name, which is returned.
  ValueId EmitTemporary(const HostNode& node, std::vector<ValueId> inputs, LayerBody body,
                        Shape shape, ElementType type = ElementType::kFloat32);

  // Fails for a tensor that is not float32.
  Refusal NeedFloats(const HostNode& node) const;

  // Records that the model itself is wrong, so that lowering stops with an error that names the
  // node.
  Refusal Invalid(const HostNode& node, const std::string& what);
  // Records that neither an engine nor the host can run this node, so that lowering stops.
  Refusal Unsupported(const HostNode& node, const std::string& what);
  const Status& error() const { return error_; }
  // `axis` counted from the front; nothing, and an error on record, when the rank has no such axis.
  std::optional<size_t> Axis(const HostNode& node, int64_t axis, size_t rank);

 private:
  Layer Source(const HostNode& node) const;

  const Graph& graph_;
  const int64_t longest_row_;
  Module module_;
  Status error_;
  int temporaries_ = 0;
  std::map<std::string, ValueId> ids_;
  std::map<std::string, const HostNode*> dequantized_constants_;
  std::map<std::string, std::shared_ptr<const HostTensor>> dequantized_values_;
};

using LoweringRule = Refusal (*)(Lowering&, const HostNode&);
struct OperatorRule {
  const char* op_type;
  LoweringRule lower;
};

std::span<const OperatorRule> MatrixRules();
std::span<const OperatorRule> ElementwiseRules();
std::span<const OperatorRule> QuantizationRules();
std::span<const OperatorRule> MovementRules();
std::span<const OperatorRule> WindowRules();
std::span<const OperatorRule> FunctionRules();
std::span<const OperatorRule> LogicRules();
std::span<const OperatorRule> NormalizationRules();
std::span<const OperatorRule> IndexRules();
std::span<const OperatorRule> ResizeRules();
std::span<const OperatorRule> TransposedRules();
std::span<const OperatorRule> RecurrentRules();
std::span<const OperatorRule> EinsumRules();
std::span<const OperatorRule> IntegerRules();

// A refusal unless the tensor has a type that engines move: float32, 8-bit integers, bool.
Refusal NeedMovable(const Lowering& lowering, const std::string& name);

// Weights of a matrix layer: float32, or stored integers with what is known of their scales.
struct Weights {
  HostTensor tensor;
  int32_t zero_point = 0;
  std::optional<QuantizedWeights> quantized;
};

// The constant operand `name` as weights whose output channels lie along `row_axis`; nothing when
// it is computed.
std::optional<Weights> WeightsOf(Lowering& lowering, const std::string& name, size_t row_axis);
// Bias integers with their scales, when the bias is a DequantizeLinear of INT32.
void TakeQuantizedBias(Lowering& lowering, const std::string& name, QuantizedWeights& quantized);
// The transposition of a constant matrix.
HostTensor Transposed(const HostTensor& matrix);

// Axes from the attribute or the constant input `index`, non-negative and sorted; nothing when they
// are computed or (with an error on record) do not exist. All axes when none are given.
std::optional<std::vector<int64_t>> AxesOf(Lowering& lowering, const HostNode& node, size_t index);

// Padding for [N, C, spatial...] nodes, one-dimensional data seen with a height of 1.
struct WindowAttributes {
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
};

// `kernel` is the spatial shape; pads follow from auto_pad and from ceil_mode (then they reach as
// far as the last window). Nothing unless there are one or two spatial dimensions.
std::optional<WindowAttributes> ReadWindow(const HostNode& node, const Shape& input,
                                           const Shape& output, const Shape& kernel);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PASSES_LOWERING_H_
