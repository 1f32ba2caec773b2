// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/layer_builder.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

// Layers that read or make large tensors and gain from half the bytes. What only element-wise
// layers hand to one another keeps its digits.
bool WantsReduced(const Layer& layer) {
  return std::holds_alternative<MatrixLayer>(layer.body) ||
         std::holds_alternative<BatchMatmulLayer>(layer.body) ||
         std::holds_alternative<PoolLayer>(layer.body);
}

// Layers that hand on stored elements as they are.
bool KeepsStorage(const Layer& layer) {
  return IsMovement(layer) || std::holds_alternative<PadLayer>(layer.body) ||
         std::holds_alternative<GatherLayer>(layer.body) ||
         std::holds_alternative<SelectLayer>(layer.body);
}

// Values that must be stored alike, because layers that only move elements connect them.
class StorageClasses {
 public:
  explicit StorageClasses(const LayerGraph& graph)
      : parent_(graph.values.size()),
        kept_(graph.values.size(), false),
        wanted_(graph.values.size(), false) {
    std::iota(parent_.begin(), parent_.end(), ValueId{0});
    for (size_t id = 0; id < graph.values.size(); ++id) {
      const Value& value = graph.values[id];
      kept_[id] = value.type != ElementType::kFloat32 || value.constant.has_value() ||
                  value.is_input || value.is_output;
    }
    for (const Layer& layer : graph.layers) {
      if (WantsReduced(layer)) {
        Mark(layer.inputs, wanted_);
        Mark(layer.outputs, wanted_);
      } else if (std::holds_alternative<HostLayer>(layer.body)) {
        Mark(layer.inputs, kept_);
        Mark(layer.outputs, kept_);
      } else if (KeepsStorage(layer)) {
        for (const ValueId id : layer.inputs) {
          Join(id, layer.outputs[0]);
        }
      } else if (std::holds_alternative<GatherLayer>(layer.body)) {
        Join(layer.inputs[0], layer.outputs[0]);
      }
    }
  }

  // Whether the value's class is to be stored as another type.
  bool Free(ValueId id) {
    const auto root = static_cast<size_t>(Root(id));
    return wanted_[root] && !kept_[root];
  }

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
    for (std::vector<bool>* marks : {&kept_, &wanted_}) {
      (*marks)[static_cast<size_t>(to)] =
          (*marks)[static_cast<size_t>(to)] || (*marks)[static_cast<size_t>(from)];
    }
  }
  void Mark(const std::vector<ValueId>& ids, std::vector<bool>& marks) {
    for (const ValueId id : ids) {
      if (id != kNoValue) {
        marks[static_cast<size_t>(Root(id))] = true;
      }
    }
  }

  std::vector<ValueId> parent_;
  std::vector<bool> kept_;    // of the class's root: some value must keep its type
  std::vector<bool> wanted_;  // some layer gains
};

Status CastWeights(const Layer& layer, ElementType type, HostTensor& weight) {
  constexpr float kMaxHalf = 65504.0F;
  if (type == ElementType::kFloat16) {
    for (const float value : weight.as<float>()) {
      if (std::abs(value) > kMaxHalf) {
        return Status(StatusCode::kUnsupported,
                      Describe(layer) + " has the weight " + std::to_string(value) +
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
