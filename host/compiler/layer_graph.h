// SPDX-License-Identifier: Apache-2.0
// The compiler's middle form: what the front half (import, fold, canonicalise, quantise, fuse)
// hands to the back half (lay out, tile, allocate, schedule, encode). Shapes are static, constants
// are folded, and each layer is one piece of work that an engine sequence can do.
#ifndef NEURON_HOST_COMPILER_LAYER_GRAPH_H_
#define NEURON_HOST_COMPILER_LAYER_GRAPH_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "host/compiler/precision.h"
#include "host/ops/host_tensor.h"

namespace neuron::compiler {

using ValueId = int32_t;
inline constexpr ValueId kNoValue = -1;

// real = (stored - zero_point) * scale, per tensor (axis = -1, one entry each) or per slice of
// `axis`. Source: ONNX QuantizeLinear.
struct Quantization {
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
  int axis = -1;
};

// A tensor between layers. `type` is what is stored: a QDQ network's activations are kInt8 or
// kUint8 with `quantization`. kBool is one byte, 0 or 1. kInt32 and kInt64 hold indices and rounded
// numbers; engines keep both as 32-bit integers.
struct Value {
  std::string name;
  ElementType type = ElementType::kFloat32;
  Shape shape;
  std::optional<Quantization> quantization;
  std::optional<HostTensor> constant;
  bool is_input = false;
  bool is_output = false;
  bool in_dram = false;  // lies in DRAM; written by StoreLayers (host/compiler/tile)
};

// Functions of ScalarE; the table ones take their segments from function_tables.h by this name.
enum class Function {
  kIdentity,
  kLeaky,
  kExp,
  kLog,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kSin,
  kSigmoid,
  kTanh,
  kGelu,
  kErf,
  kSilu,
  kSoftplus,
};

// y = function(min(max(t, clamp_low), clamp_high)): what ScalarE does after scale and bias.
struct Activation {
  Function function = Function::kIdentity;
  float alpha = 0.0F;  // kLeaky: slope below zero
  float clamp_low = -std::numeric_limits<float>::infinity();
  float clamp_high = std::numeric_limits<float>::infinity();

  bool operator==(const Activation&) const = default;
};
bool HasClamps(const Activation& activation);

// Matrix products with constant weights.
//   conv:   x [N, C, H, W] (or [N, C, W] as H = 1), weight [M, C / group, KH, KW] -> [N, M, OH, OW]
//           1-D weights too have four dimensions, KH = 1; pads reach no farther than the last
//           window
//   linear: x [..., K], weight [M, K] (already transposed) -> [..., M]; kernel, pads unused
// Float: t = sum + bias, y = activation(t).
// Integer (x and weight 8-bit): acc = sum (x - zx) * (w - zw) + bias, exact INT32;
//   t = acc * scale[m] with scale[m] = sx * sw[m] / sy; y = activation(t), stored with the output's
//   zero-point, clamps in steps of y (already divided by sy). Where the output is float or the
//   function not linear: scale[m] = sx * sw[m], clamps and y real, y / sy is rounded once.
// FP32 layers of more than fast precision split their operands (docs/numerics.md section 4).
struct MatrixLayer {
  bool is_conv = true;
  HostTensor weight;              // kFloat32, kInt8 or kUint8
  int32_t weight_zero_point = 0;  // per tensor
  std::vector<float> bias;        // [M], float layers; empty: none
  std::vector<int32_t> bias_int;  // [M], integer layers; empty: none
  std::vector<float> scale;       // [M] or [1], integer layers
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
  int64_t group = 1;
  Activation activation;
  Precision precision = Precision::kFast;
};

// a [..., T, K] times b [..., K, M] -> [..., T, M], one rank, leading dimensions broadcast,
// times alpha. Operands
// are both float or both 8-bit with one scale each; of integers the sums are exact INT32, and the
// output may be 8-bit, too.
struct BatchMatmulLayer {
  float alpha = 1.0F;
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMax,
  kMin,
  kPow,
  kEqual,
  kGreater,
  kLess,
  kNotEqual,
  kGreaterOrEqual,
  kLessOrEqual,
};

// y = activation(a op b), a = inputs[0], b = inputs[1], NumPy broadcasting. Comparisons give 1 or
// 0; their output may be kBool. An operand with quantization counts as its real value; an output
// with quantization is rounded once. Constants are ordinary values with `constant`.
struct BinaryLayer {
  BinaryOp op = BinaryOp::kAdd;
  Activation activation;
};

// y = activation(x * scale + bias) on real values; also plain (re-, de-)quantisation and casts.
// scale and bias: one entry, or one for each index of `axis`.
struct UnaryLayer {
  std::vector<float> scale = {1.0F};
  std::vector<float> bias = {0.0F};
  int axis = -1;
  Activation activation;
};

enum class ReduceOp { kSum, kMean, kMax, kMin };

// Windows over the last two axes of [N, C, H, W] (H = 1 for 1-D).
struct PoolLayer {
  ReduceOp op = ReduceOp::kMax;  // kMax or kMean
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  bool count_include_pad = false;
};

// Reduction of `axes` (sorted, non-negative). The output's shape says whether they are kept.
struct ReduceLayer {
  ReduceOp op = ReduceOp::kSum;
  std::vector<int> axes;
};

struct SoftmaxLayer {
  int axis = -1;  // non-negative after import
};

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias along the last axis, on reals; one scale
// and one bias for each index of that axis. An output with quantization is rounded once.
struct NormalizeLayer {
  float epsilon = 0.0F;
  std::vector<float> scale;
  std::vector<float> bias;
};

// Same elements in the same row-major order: Reshape, Flatten, Squeeze, Unsqueeze, Identity.
struct ReshapeLayer {};

struct TransposeLayer {
  std::vector<int> perm;  // output axis i is input axis perm[i]
};

// The inputs one after the other along `axis`; or, interleaved, index i of input k at index
// i * inputs + (k - first) mod inputs of the output, so that input `first` comes first.
struct ConcatLayer {
  int axis = 0;
  bool interleaved = false;
  int first = 0;
};

// output[..., o, ...] = input[..., indices[o], ...] along `axis`.
struct TakeLayer {
  int axis = 0;
  std::vector<int64_t> indices;
};

// The input repeated to the output's shape (NumPy broadcasting).
struct ExpandLayer {};

// Rows of a table: output[i..., :] = inputs[0][inputs[1][i...], :]. The indices are kInt32 or
// kInt64; a negative one counts from the end, one outside the table is an error when the model
// runs.
struct GatherLayer {};

// output = inputs[0] != 0 ? inputs[1] : inputs[2], NumPy broadcasting; inputs[0] is kBool.
struct SelectLayer {};

// The index (kInt64) of the first largest or smallest element along `axis`. The output's shape says
// whether the axis is kept.
struct ArgLayer {
  bool smallest = false;
  int axis = 0;
};

// output[i...] = input[start + i * step ...] for every axis (all axes listed, steps may be
// negative).
struct SliceLayer {
  std::vector<int64_t> starts;
  std::vector<int64_t> steps;
};

// Constant padding; `value` in real units, `low`/`high` for every axis, non-negative.
struct PadLayer {
  std::vector<int64_t> low;
  std::vector<int64_t> high;
  float value = 0.0F;
};

// Writes the input to the output at `starts`; other StoreLayers write the rest. An output that is
// not `in_dram` lies in SBUF. Made by host/compiler/tile for tensors that are worked on in pieces.
// A piece that `overlaps` keeps its SBUF until the next piece is stored, so that the next one can
// be made meanwhile.
struct StoreLayer {
  std::vector<int64_t> starts;
  bool overlaps = false;
};

// What no engine runs: executed by the runtime on the host, and reported.
// Layer inputs and outputs are in the node's order, kNoValue for an absent optional one; their
// names may differ from the node's.
struct HostLayer {
  HostNode node;
  std::string reason;  // why no engine runs it, and what would
};

using LayerBody =
    std::variant<MatrixLayer, BatchMatmulLayer, BinaryLayer, UnaryLayer, PoolLayer, ReduceLayer,
                 SoftmaxLayer, NormalizeLayer, ReshapeLayer, TransposeLayer, ConcatLayer,
                 SliceLayer, PadLayer, StoreLayer, TakeLayer, ExpandLayer, GatherLayer, SelectLayer,
                 ArgLayer, HostLayer>;

struct Layer {
  std::string name;                // first source node, as Netron shows it
  std::vector<std::string> nodes;  // all ONNX nodes fused into this layer, "name (Op)"
  std::vector<ValueId> inputs;     // in the operator's order
  std::vector<ValueId> outputs;
  int64_t macs = 0;  // multiply-accumulates, for utilisation
  // Layers with one non-negative origin are pieces of one layer of the model; reports add them up.
  int origin = -1;
  // Weights that an earlier layer loaded are loaded again instead of staying in between.
  bool loads_weights_again = false;
  LayerBody body;
};

// The operator of the ONNX node that a layer is named after; "" when passes made the layer.
inline std::string OpTypeOf(const Layer& layer) {
  const std::string start = layer.name + " (";
  for (const std::string& node : layer.nodes) {
    if (node.starts_with(start) && node.ends_with(')')) {
      return node.substr(start.size(), node.size() - start.size() - 1);
    }
  }
  return "";
}

// "node 'name' (Op)", as errors name a layer.
inline std::string Describe(const Layer& layer) {
  const std::string op_type = OpTypeOf(layer);
  return "node '" + layer.name + "'" + (op_type.empty() ? "" : " (" + op_type + ")");
}

// A graph input that keeps its value on the device, and the output that becomes its next value.
// Positions in LayerGraph::inputs and outputs.
struct StatePair {
  size_t input = 0;
  size_t output = 0;
};

// Layers in an executable order. Values are named uniquely, except that an output may have the name
// of the input that it passes through. Graph inputs and outputs keep the model's order and names.
struct LayerGraph {
  std::string model_name;
  std::vector<Value> values;
  std::vector<Layer> layers;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<StatePair> states;  // of different inputs; equal types and shapes

  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
};

// Printable form for --dump-after: one line a layer with shapes, types, quantisation, attributes.
std::string ToText(const LayerGraph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_LAYER_GRAPH_H_
