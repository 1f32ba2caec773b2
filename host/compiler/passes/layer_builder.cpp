// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/passes/layer_builder.h"

#include <algorithm>

namespace neuron::compiler {
namespace {

// min(max(x, low), high), as ScalarE does it.
float Clamp(float x, float low, float high) { return std::min(std::max(x, low), high); }

// Clamps `low`, `high` on the activation's own clamps.
void AddClamps(float low, float high, Activation& a) {
  a.clamp_low = Clamp(a.clamp_low, low, high);
  a.clamp_high = Clamp(a.clamp_high, low, high);
}

}  // namespace

ValueId AddValue(LayerGraph& graph, const std::string& name, ElementType type, Shape shape) {
  Value value;
  value.name = name;
  const auto taken = [&] {
    return std::any_of(graph.values.begin(), graph.values.end(),
                       [&](const Value& other) { return other.name == value.name; });
  };
  for (int i = 1; taken(); ++i) {
    value.name = name + "." + std::to_string(i);
  }
  value.type = type;
  value.shape = std::move(shape);
  graph.values.push_back(std::move(value));
  return static_cast<ValueId>(graph.values.size() - 1);
}

ValueId AddConstant(LayerGraph& graph, const std::string& name, HostTensor tensor) {
  const ValueId id = AddValue(graph, name, tensor.type, tensor.shape);
  graph.value(id).constant = std::move(tensor);
  return id;
}

Layer& AddLayer(LayerGraph& graph, const Layer& like, std::vector<ValueId> inputs,
                std::vector<ValueId> outputs, LayerBody body) {
  Layer layer;
  layer.name = like.name;
  layer.nodes = like.nodes;
  layer.inputs = std::move(inputs);
  layer.outputs = std::move(outputs);
  layer.body = std::move(body);
  graph.layers.push_back(std::move(layer));
  return graph.layers.back();
}

UseMap::UseMap(const LayerGraph& graph)
    : graph_(&graph), producers_(graph.values.size(), -1), consumers_(graph.values.size()) {
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const ValueId id : graph.layers[i].outputs) {
      if (id != kNoValue) {
        producers_[static_cast<size_t>(id)] = static_cast<int>(i);
      }
    }
    for (const ValueId id : graph.layers[i].inputs) {
      if (id != kNoValue) {
        consumers_[static_cast<size_t>(id)].push_back(static_cast<int>(i));
      }
    }
  }
}

int UseMap::OnlyConsumer(ValueId id) const {
  const auto& users = consumers(id);
  return users.size() == 1 && !graph_->value(id).is_output ? users[0] : -1;
}

void EraseLayers(LayerGraph& graph, const std::vector<bool>& dead) {
  std::vector<Layer> kept;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    if (i >= dead.size() || !dead[i]) {
      kept.push_back(std::move(graph.layers[i]));
    }
  }
  graph.layers = std::move(kept);
}

void ReplaceReads(LayerGraph& graph, ValueId from, ValueId to) {
  for (Layer& layer : graph.layers) {
    std::replace(layer.inputs.begin(), layer.inputs.end(), from, to);
  }
}

void MergeNodes(const Layer& from, Layer& to) {
  for (const std::string& node : from.nodes) {
    if (std::find(to.nodes.begin(), to.nodes.end(), node) == to.nodes.end()) {
      to.nodes.push_back(node);
    }
  }
}

bool IsTrivial(const Activation& activation) {
  return activation.function == Function::kIdentity && !HasClamps(activation);
}

bool IsTrivialAffine(const UnaryLayer& unary) {
  return unary.scale == std::vector<float>{1.0F} && unary.bias == std::vector<float>{0.0F};
}

bool IsQuantized(const LayerGraph& graph, ValueId id) {
  return graph.value(id).quantization.has_value();
}

bool SameQuantization(const Value& a, const Value& b) {
  if (a.type != b.type || a.quantization.has_value() != b.quantization.has_value()) {
    return false;
  }
  return !a.quantization || (a.quantization->scale == b.quantization->scale &&
                             a.quantization->zero_point == b.quantization->zero_point &&
                             a.quantization->axis == b.quantization->axis);
}

bool IsMovement(const Layer& layer) {
  return std::holds_alternative<ReshapeLayer>(layer.body) ||
         std::holds_alternative<TransposeLayer>(layer.body) ||
         std::holds_alternative<ConcatLayer>(layer.body) ||
         std::holds_alternative<SliceLayer>(layer.body) ||
         std::holds_alternative<TakeLayer>(layer.body) ||
         std::holds_alternative<ExpandLayer>(layer.body);
}

std::optional<Activation> Compose(const Activation& first, const Activation& second) {
  if (first.function == Function::kIdentity) {
    Activation result = second;
    // min(max(t, low), high) of the first, then of the second.
    result.clamp_low = Clamp(first.clamp_low, second.clamp_low, second.clamp_high);
    result.clamp_high = Clamp(first.clamp_high, second.clamp_low, second.clamp_high);
    return result;
  }
  if (second.function != Function::kIdentity) {
    return std::nullopt;
  }
  if (!HasClamps(second)) {
    return first;
  }
  if (first.function == Function::kLeaky && first.alpha > 0.0F) {
    // Clamping after a monotone function is clamping before it at the inverse's bounds.
    const auto inverse = [&](float y) { return y < 0.0F ? y / first.alpha : y; };
    Activation result = first;
    AddClamps(inverse(second.clamp_low), inverse(second.clamp_high), result);
    return result;
  }
  return std::nullopt;
}

}  // namespace neuron::compiler
