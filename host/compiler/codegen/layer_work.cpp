// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/layer_work.h"

#include <algorithm>
#include <initializer_list>
#include <string>

namespace neuron::compiler {
namespace {

uint64_t Elements(const LayerGraph& graph, ValueId id) {
  return id == kNoValue ? 0 : static_cast<uint64_t>(ElementCount(graph.value(id).shape));
}

uint64_t Largest(const LayerGraph& graph, const std::vector<ValueId>& ids) {
  uint64_t largest = 0;
  for (const ValueId id : ids) {
    largest = std::max(largest, Elements(graph, id));
  }
  return largest;
}

bool IsAny(const std::string& op_type, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return op_type == name; });
}

// Every weight of a recurrent cell is used once for each row of each step.
uint64_t RecurrentOperations(const LayerGraph& graph, const Layer& layer) {
  const Shape& input = graph.value(layer.inputs[0]).shape;
  const auto rows = static_cast<uint64_t>(input[0] * input[1]);
  return 2 * rows * (Elements(graph, layer.inputs[1]) + Elements(graph, layer.inputs[2]));
}

// Multiply-accumulates for each result: the weights of one output channel, or the inner dimension.
uint64_t ContractionOperations(const LayerGraph& graph, const Layer& layer,
                               const std::string& op_type) {
  const Shape& left = graph.value(layer.inputs[0]).shape;
  const ValueId weights = layer.inputs[op_type == "QLinearConv" ? 3 : 1];
  const Shape& right = graph.value(weights).shape;
  const uint64_t results = Elements(graph, layer.outputs[0]);
  if (op_type == "ConvTranspose") {
    return 2 * Elements(graph, layer.inputs[0]) *
           (Elements(graph, weights) / static_cast<uint64_t>(right[0]));
  }
  if (op_type.find("Conv") != std::string::npos) {
    return 2 * results * (Elements(graph, weights) / static_cast<uint64_t>(right[0]));
  }
  return 2 * results * static_cast<uint64_t>(left.empty() ? 1 : left.back());
}

uint64_t HostOperations(const LayerGraph& graph, const Layer& layer, const HostNode& node) {
  const std::string& op = node.op_type;
  if (IsAny(op, {"GRU", "LSTM", "RNN"})) {
    return RecurrentOperations(graph, layer);
  }
  if (IsAny(op, {"Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "MatMul", "Gemm",
                 "MatMulInteger", "QLinearMatMul"})) {
    return ContractionOperations(graph, layer, op);
  }
  if (IsAny(op, {"Gather",    "Reshape",         "Transpose",    "Concat",         "Slice",
                 "Split",     "Squeeze",         "Pad",          "Unsqueeze",      "Flatten",
                 "Identity",  "Expand",          "Tile",         "GatherElements", "GatherND",
                 "ScatterND", "ScatterElements", "DepthToSpace", "SpaceToDepth",   "Shape"})) {
    return 0;
  }
  return std::max(Largest(graph, layer.inputs), Largest(graph, layer.outputs));
}

bool OnlyMoves(const Layer& layer) {
  return std::holds_alternative<ReshapeLayer>(layer.body) ||
         std::holds_alternative<TransposeLayer>(layer.body) ||
         std::holds_alternative<ConcatLayer>(layer.body) ||
         std::holds_alternative<SliceLayer>(layer.body) ||
         std::holds_alternative<PadLayer>(layer.body) ||
         std::holds_alternative<StoreLayer>(layer.body);
}

}  // namespace

uint64_t OperationsOf(const LayerGraph& graph, const Layer& layer) {
  if (layer.macs > 0) {
    return 2 * static_cast<uint64_t>(layer.macs);
  }
  if (const auto* host = std::get_if<HostLayer>(&layer.body)) {
    return HostOperations(graph, layer, host->node);
  }
  if (OnlyMoves(layer)) {
    return 0;
  }
  if (const auto* pool = std::get_if<PoolLayer>(&layer.body)) {
    const auto window = static_cast<uint64_t>(pool->kernel[0] * pool->kernel[1]);
    return Largest(graph, layer.outputs) * window;
  }
  if (std::holds_alternative<ReduceLayer>(layer.body)) {
    return Largest(graph, layer.inputs);
  }
  return Largest(graph, layer.outputs);
}

}  // namespace neuron::compiler
