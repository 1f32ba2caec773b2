// SPDX-License-Identifier: Apache-2.0
// The passes of the compiler's front half over layers. Internal to the front half.
#ifndef NEURON_HOST_COMPILER_PASSES_PASSES_H_
#define NEURON_HOST_COMPILER_PASSES_PASSES_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/compiler/import/graph.h"
#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// What is known of a MatrixLayer's quantised weights while its input may still become integer.
// The layer's weight tensor holds the integers.
struct QuantizedWeights {
  std::vector<float> weight_scale;  // [M] or [1]
  std::vector<int32_t> bias;        // stored integers, or empty
  std::vector<float> bias_scale;    // [M] or [1]; empty: the layer's float bias counts
  bool is_integer = false;          // scale and bias_int of the layer are set
};

// A LayerGraph on its way through the passes. Layers may be in any executable order; unused values
// and layers without consumers may be left behind until Finish.
struct Module {
  LayerGraph graph;
  std::map<ValueId, QuantizedWeights> quantized;  // by the MatrixLayer's output
};

// Turns each node into layers on real values: QuantizeLinear and DequantizeLinear of computed
// tensors become plain UnaryLayers between a quantised and a float value. What no engine runs
// becomes a HostLayer; what the host cannot run either is an error.
// `longest_row`: ImportOptions.
Result<Module> LowerToLayers(const Graph& graph, int64_t longest_row);

// Removes layers that change nothing; turns transpositions that move only dimensions of size 1
// into reshapes; joins chains of reshapes and transpositions.
Status Simplify(Module& module);

// Makes layers integer: moves DequantizeLinear forward and QuantizeLinear backward over layers that
// only move elements, cancels pairs, lets layers read quantised values, gives matrix layers
// integer weights and biases.
Status Quantize(Module& module);

// Joins matrix, binary and unary layers with the activations, scales and biases that follow.
Status Fuse(Module& module);

// Lets layers write quantised values themselves.
Status FuseQuantization(Module& module);

// Drops dead layers and values, orders layers, counts multiply-accumulates and checks every
// invariant that layer_graph.h states.
Status Finish(Module& module);

// Stores the weights of float matrix layers as `type` (kBfloat16 or kFloat16), and so the float
// values that products and pools read or make, but for graph inputs and outputs, operands of host
// layers and what is tied to those by layers that only move elements. kUnsupported for a weight
// that `type` cannot hold.
Status AutoCast(LayerGraph& graph, ElementType type);

// Gives matrix layers the precision of the nodes that they were made from; those whose operands are
// not FP32 stay as they are. kNotFound names a node that has no matrix layer.
Status SetPrecision(LayerGraph& graph, const PrecisionChoice& choice);

// Whether a layer's operands, attributes and result fit one another as layer_graph.h says. A model
// that ONNX's own rules let through may still fail here: kInvalidArgument, naming the layer.
Status CheckLayer(const LayerGraph& graph, const Layer& layer);

struct LayerPass {
  const char* name;
  Status (*run)(Module&);
};

// In order: simplify, quantize, fuse, fuse-quantization, finish.
std::span<const LayerPass> LayerPasses();

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PASSES_PASSES_H_
