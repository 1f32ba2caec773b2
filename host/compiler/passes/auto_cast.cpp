// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/layer_builder.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

// Values that must be stored alike, because layers that only move elements connect them.
class StorageClasses {
 public:
  explicit StorageClasses(const LayerGraph& graph)
      : parent_(graph.values.size()), kept_(graph.values.size(), false) {
    std::iota(parent_.begin(), parent_.end(), ValueId{0});
    for (size_t id = 0; id < graph.values.size(); ++id) {
      const Value& value = graph.values[id];
      kept_[id] = value.type != ElementType::kFloat32 || value.constant.has_value() ||
                  value.is_input || value.is_output;
    }
    for (const Layer& layer : graph.layers) {
      if (std::holds_alternative<HostLayer>(layer.body)) {
        Keep(layer.inputs);
        Keep(layer.outputs);
      } else if (IsMovement(layer)) {
        for (const ValueId id : layer.inputs) {
          Join(id, layer.outputs[0]);
        }
      } else if (std::holds_alternative<GatherLayer>(layer.body)) {
        Join(layer.inputs[0], layer.outputs[0]);
      }
    }
  }

  // Whether the value's class is free to be stored as another type.
  bool Free(ValueId id) { return !kept_[static_cast<size_t>(Root(id))]; }

 private:
  ValueId Root(ValueId id) {
    while (parent_[static_cast<size_t>(id)] != id) {
      id = parent_[static_cast<size_t>(id)] =
          parent_[static_cast<size_t>(parent_[static_cast<size_t>(id)])];
    }
    return id;
  }
  void Join(ValueId a, ValueId b) {
    const ValueId from = Root(a);
    const ValueId to = Root(b);
    parent_[static_cast<size_t>(from)] = to;
    kept_[static_cast<size_t>(to)] =
        kept_[static_cast<size_t>(to)] || kept_[static_cast<size_t>(from)];
  }
  void Keep(const std::vector<ValueId>& ids) {
    for (const ValueId id : ids) {
      if (id != kNoValue) {
        kept_[static_cast<size_t>(Root(id))] = true;
      }
    }
  }

  std::vector<ValueId> parent_;
  std::vector<bool> kept_;
};

Status CastWeights(const Layer& layer, ElementType type, HostTensor& weight) {
  constexpr float kMaxHalf = 65504.0F;
  if (type == ElementType::kFloat16) {
    for (const float value : weight.as<float>()) {
      if (std::abs(value) > kMaxHalf) {
        return Status(StatusCode::kUnsupported,
                      "layer '" + layer.name + "' has the weight " + std::to_string(value) +
                          ", beyond float16's largest 65504; use --auto-cast bf16 or none");
      }
    }
  }
  HostNode cast;
  cast.name = layer.name;
  cast.op_type = "Cast";
  cast.inputs = {"weight"};
  cast.outputs = {"cast"};
  cast.attributes["to"] = static_cast<int64_t>(type);
  const HostTensor* operand = &weight;
  NEURON_ASSIGN_OR_RETURN(std::vector<HostTensor> result, Evaluate(cast, {&operand, 1}));
  weight = std::move(result[0]);
  return OkStatus();
}

}  // namespace

Status AutoCast(LayerGraph& graph, ElementType type) {
  StorageClasses classes(graph);
  for (size_t id = 0; id < graph.values.size(); ++id) {
    if (classes.Free(static_cast<ValueId>(id))) {
      graph.values[id].type = type;
    }
  }
  for (Layer& layer : graph.layers) {
    auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix != nullptr && matrix->weight.type == ElementType::kFloat32) {
      NEURON_RETURN_IF_ERROR(CastWeights(layer, type, matrix->weight));
    }
    NEURON_RETURN_IF_ERROR(CheckLayer(graph, layer));
  }
  return OkStatus();
}

}  // namespace neuron::compiler
