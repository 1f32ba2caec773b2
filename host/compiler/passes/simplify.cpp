// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <optional>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

// A transposition that keeps the order of all dimensions larger than 1.
bool MovesNothing(const TransposeLayer& layer, const Shape& input) {
  int last = -1;
  for (const int axis : layer.perm) {
    if (input[static_cast<size_t>(axis)] == 1) {
      continue;
    }
    if (axis < last) {
      return false;
    }
    last = axis;
  }
  return true;
}

// Changes neither the elements, nor the shape, nor the type of its input.
bool IsNoOp(const LayerGraph& graph, const Layer& layer) {
  if (layer.inputs.size() != 1 || layer.outputs.size() != 1) {
    return false;
  }
  const Value& in = graph.value(layer.inputs[0]);
  const Value& out = graph.value(layer.outputs[0]);
  if (in.shape != out.shape || !SameQuantization(in, out)) {
    return false;
  }
  if (const auto* unary = std::get_if<UnaryLayer>(&layer.body)) {
    return IsTrivialAffine(*unary) && IsTrivial(unary->activation);
  }
  if (const auto* slice = std::get_if<SliceLayer>(&layer.body)) {
    return std::all_of(slice->steps.begin(), slice->steps.end(), [](int64_t s) { return s == 1; });
  }
  if (const auto* pad = std::get_if<PadLayer>(&layer.body)) {
    return std::all_of(pad->low.begin(), pad->low.end(), [](int64_t n) { return n == 0; });
  }
  if (const auto* take = std::get_if<TakeLayer>(&layer.body)) {
    for (size_t i = 0; i < take->indices.size(); ++i) {
      if (take->indices[i] != static_cast<int64_t>(i)) {
        return false;
      }
    }
    return true;
  }
  return std::holds_alternative<ReshapeLayer>(layer.body) ||
         std::holds_alternative<ConcatLayer>(layer.body) ||
         std::holds_alternative<ExpandLayer>(layer.body);
}

// Reshape after reshape, transposition after transposition: one layer from the first's input.
void JoinChains(LayerGraph& graph) {
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    const bool reshape = std::holds_alternative<ReshapeLayer>(layer.body);
    auto* transpose = std::get_if<TransposeLayer>(&layer.body);
    if (!reshape && transpose == nullptr) {
      continue;
    }
    const int before = uses.producer(layer.inputs[0]);
    if (before < 0) {
      continue;
    }
    const Layer& first = graph.layers[static_cast<size_t>(before)];
    if (!SameQuantization(graph.value(first.inputs[0]), graph.value(layer.inputs[0]))) {
      continue;
    }
    if (reshape && std::holds_alternative<ReshapeLayer>(first.body)) {
      layer.inputs[0] = first.inputs[0];
      MergeNodes(first, layer);
    } else if (transpose != nullptr && std::holds_alternative<TransposeLayer>(first.body)) {
      const auto& inner = std::get<TransposeLayer>(first.body).perm;
      for (int& axis : transpose->perm) {
        axis = inner[static_cast<size_t>(axis)];
      }
      layer.inputs[0] = first.inputs[0];
      MergeNodes(first, layer);
    }
  }
}

// Removes no-ops. One that makes a graph output stays, unless its input can take the output's
// place.
bool RemoveNoOps(Module& module) {
  LayerGraph& graph = module.graph;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    Layer& layer = graph.layers[i];
    if (!IsNoOp(graph, layer)) {
      continue;
    }
    const ValueId in = layer.inputs[0];
    const ValueId out = layer.outputs[0];
    if (graph.value(out).is_output) {
      const UseMap uses(graph);
      const int producer = uses.producer(in);
      if (producer < 0 || graph.value(in).is_output) {
        continue;
      }
      std::vector<ValueId>& outputs = graph.layers[static_cast<size_t>(producer)].outputs;
      std::replace(outputs.begin(), outputs.end(), in, out);
      if (auto node = module.quantized.extract(in)) {
        node.key() = out;
        module.quantized.insert(std::move(node));
      }
      ReplaceReads(graph, in, out);
    } else {
      ReplaceReads(graph, out, in);
    }
    std::vector<bool> dead(graph.layers.size(), false);
    dead[i] = true;
    EraseLayers(graph, dead);
    return true;
  }
  return false;
}

// The one value that all elements of a float constant have.
std::optional<float> FillOf(const Value& value) {
  if (!value.constant.has_value() || value.type != ElementType::kFloat32) {
    return std::nullopt;
  }
  const auto elements = value.constant->as<float>();
  const bool uniform =
      std::ranges::all_of(elements, [&](float element) { return element == elements[0]; });
  return uniform && !elements.empty() ? std::optional(elements[0]) : std::nullopt;
}

// Joining a tensor with one constant value is padding it.
void PadInsteadOfConcat(LayerGraph& graph) {
  for (Layer& layer : graph.layers) {
    const auto* concat = std::get_if<ConcatLayer>(&layer.body);
    if (concat == nullptr || layer.inputs.size() != 2) {
      continue;
    }
    for (const size_t filled : {size_t{0}, size_t{1}}) {
      const Value& fill = graph.value(layer.inputs[filled]);
      const std::optional<float> value = FillOf(fill);
      if (!value.has_value() || graph.value(layer.inputs[1 - filled]).constant.has_value()) {
        continue;
      }
      PadLayer pad;
      pad.low.assign(fill.shape.size(), 0);
      pad.high = pad.low;
      const auto axis = static_cast<size_t>(concat->axis);
      (filled == 0 ? pad.low : pad.high)[axis] = fill.shape[axis];
      pad.value = *value;
      layer.inputs = {layer.inputs[1 - filled]};
      layer.body = std::move(pad);
      break;
    }
  }
}

}  // namespace

Status Simplify(Module& module) {
  PadInsteadOfConcat(module.graph);
  LayerGraph& graph = module.graph;
  for (Layer& layer : graph.layers) {
    const auto* transpose = std::get_if<TransposeLayer>(&layer.body);
    if (transpose != nullptr && MovesNothing(*transpose, graph.value(layer.inputs[0]).shape)) {
      layer.body = ReshapeLayer{};
    }
  }
  JoinChains(graph);
  for (Layer& layer : graph.layers) {
    const auto* transpose = std::get_if<TransposeLayer>(&layer.body);
    if (transpose != nullptr && MovesNothing(*transpose, graph.value(layer.inputs[0]).shape)) {
      layer.body = ReshapeLayer{};
    }
  }
  JoinChains(graph);
  while (RemoveNoOps(module)) {
  }
  return OkStatus();
}

}  // namespace neuron::compiler
