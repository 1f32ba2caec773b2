// SPDX-License-Identifier: Apache-2.0
// Concatenation without copies: a layer whose output only feeds a concatenation writes it straight
// into the concatenation's buffer.
#include <algorithm>

#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

// The concatenation that alone reads a value, and which of its inputs the value is.
struct Slot {
  const Layer* layer = nullptr;
  const ConcatLayer* concat = nullptr;
  size_t index = 0;
};

std::optional<Slot> SlotOf(const LayerGraph& graph, ValueId value) {
  std::optional<Slot> slot;
  for (const Layer& layer : graph.layers) {
    const auto uses = std::ranges::count(layer.inputs, value);
    if (uses == 0) {
      continue;
    }
    const auto* concat = std::get_if<ConcatLayer>(&layer.body);
    if (concat == nullptr || uses > 1 || slot.has_value() ||
        graph.value(layer.outputs[0]).in_dram) {
      return std::nullopt;
    }
    slot = {&layer, concat,
            static_cast<size_t>(std::ranges::find(layer.inputs, value) - layer.inputs.begin())};
  }
  return slot;
}

// Whether each part starts in partition 0 when the joined axis lies on partitions.
bool StartsAligned(const Planner& planner, const Slot& slot) {
  const auto axis = static_cast<size_t>(slot.concat->axis);
  return !slot.concat->interleaved &&
         std::all_of(slot.layer->inputs.begin(), slot.layer->inputs.end() - 1, [&](ValueId id) {
           return planner.graph().value(id).shape[axis] % planner.partitions() == 0;
         });
}

int64_t StartOf(const LayerGraph& graph, const Slot& slot) {
  int64_t start = 0;
  for (size_t i = 0; i < slot.index; ++i) {
    start += graph.value(slot.layer->inputs[i]).shape[static_cast<size_t>(slot.concat->axis)];
  }
  return start;
}

// The whole buffer lives from its first part on; that must not take much longer than the parts
// would, unless it is small.
bool WorthIt(const Planner& planner, const Slot& slot) {
  constexpr int64_t kSmallShare = 16;
  constexpr std::ptrdiff_t kLayersPerInput = 4;
  const LayerGraph& graph = planner.graph();
  const Value& out = graph.value(slot.layer->outputs[0]);
  const int64_t bytes =
      ElementCount(out.shape) * static_cast<int64_t>(ElementBytes(out.type)) / planner.partitions();
  const std::ptrdiff_t distance = slot.layer - &planner.layer();
  return bytes <= planner.config().sbuf_bytes / kSmallShare ||
         distance <= kLayersPerInput * static_cast<std::ptrdiff_t>(slot.layer->inputs.size());
}

}  // namespace

View ConcatPart(const Planner& planner, const Layer& layer, const ConcatLayer& concat, size_t index,
                const View& out) {
  const auto axis = static_cast<size_t>(concat.axis);
  std::vector<int64_t> start(out.shape.size(), 0);
  if (!concat.interleaved) {
    start[axis] = StartOf(planner.graph(), {&layer, &concat, index});
  }
  const Shape& size = planner.graph().value(layer.inputs[index]).shape;
  View part = Sliced(out, start, size, planner.partitions());
  if (concat.interleaved) {
    const auto inputs = static_cast<int64_t>(layer.inputs.size());
    part.offset +=
        (static_cast<int64_t>(index) - concat.first + inputs) % inputs * out.strides[axis];
    part.strides[axis] *= inputs;
  }
  return part;
}

std::optional<View> PlacedView(Planner& planner, ValueId value, int part_axis) {
  const LayerGraph& graph = planner.graph();
  const auto slot = SlotOf(graph, value);
  const auto [low, high] = planner.WantedHalo(value);
  const auto any = [](const std::vector<int64_t>& list) {
    return std::ranges::any_of(list, [](int64_t n) { return n != 0; });
  };
  if (!slot || graph.value(value).is_output || any(low) || any(high) || !WorthIt(planner, *slot)) {
    return std::nullopt;
  }
  if (slot->concat->axis == part_axis && !StartsAligned(planner, *slot)) {
    return std::nullopt;
  }
  const ValueId whole = slot->layer->outputs[0];
  const std::vector<View>& homes = planner.HomesOf(whole);
  if (homes.empty()) {
    if (!planner.NewValueView(whole, part_axis).ok()) {
      return std::nullopt;
    }
  }
  const View& out = planner.HomesOf(whole).front();
  if (out.space != isa::Space::kSbuf || out.part_axis != part_axis) {
    return std::nullopt;
  }
  return ConcatPart(planner, *slot->layer, *slot->concat, slot->index, out);
}

}  // namespace neuron::compiler
