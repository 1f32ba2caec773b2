// SPDX-License-Identifier: Apache-2.0
// Making and rewriting layers: what lowering and the passes share.
#ifndef NEURON_HOST_COMPILER_PASSES_LAYER_BUILDER_H_
#define NEURON_HOST_COMPILER_PASSES_LAYER_BUILDER_H_

#include <optional>
#include <string>
#include <vector>

#include "host/compiler/passes/passes.h"

namespace neuron::compiler {

// Adds a value named `name`, or `name` with a number behind it if that is taken.
ValueId AddValue(LayerGraph& graph, const std::string& name, ElementType type, Shape shape);
ValueId AddConstant(LayerGraph& graph, const std::string& name, HostTensor tensor);

// A layer named after `like` (its name and nodes), appended to the graph.
Layer& AddLayer(LayerGraph& graph, const Layer& like, std::vector<ValueId> inputs,
                std::vector<ValueId> outputs, LayerBody body);

// Who makes and who reads each value, by index into graph.layers. Valid until layers change.
class UseMap {
 public:
  explicit UseMap(const LayerGraph& graph);
  // -1 for inputs and constants.
  int producer(ValueId id) const { return producers_[static_cast<size_t>(id)]; }
  const std::vector<int>& consumers(ValueId id) const {
    return consumers_[static_cast<size_t>(id)];
  }
  // The one layer that reads `id`, if it is neither read twice nor a graph output; else -1.
  int OnlyConsumer(ValueId id) const;

 private:
  const LayerGraph* graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> consumers_;
};

// Removes the layers marked in `dead` (indexed like graph.layers).
void EraseLayers(LayerGraph& graph, const std::vector<bool>& dead);

// Makes every reader of `from` read `to`.
void ReplaceReads(LayerGraph& graph, ValueId from, ValueId to);

// Appends `from`'s source nodes to `to`'s.
void MergeNodes(const Layer& from, Layer& to);

// The floats that engines read and store.
constexpr bool IsStoredFloat(ElementType type) {
  return IsFloat(type) && type != ElementType::kFloat64;
}

bool IsTrivial(const Activation& activation);
// scale 1, bias 0.
bool IsTrivialAffine(const UnaryLayer& unary);
bool IsQuantized(const LayerGraph& graph, ValueId id);
bool SameQuantization(const Value& a, const Value& b);

// A layer that only moves elements: Reshape, Transpose, Concat, Slice, Take, Expand.
bool IsMovement(const Layer& layer);

// `first`, then `second`, as one activation; nothing when no single one does both.
std::optional<Activation> Compose(const Activation& first, const Activation& second);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PASSES_LAYER_BUILDER_H_
