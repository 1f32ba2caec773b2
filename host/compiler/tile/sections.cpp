// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/sections.h"

#include <algorithm>
#include <map>

#include "host/compiler/tile/slicing.h"

namespace neuron::compiler {
namespace {

// Shorter ones are runs like others.
constexpr size_t kShortestSection = 13;

// Sums of what `added` adds from each index on.
std::vector<int64_t> Accumulated(std::vector<int64_t> added) {
  for (size_t i = 1; i < added.size(); ++i) {
    added[i] += added[i - 1];
  }
  return added;
}

}  // namespace

Sections::Sections(const LayerGraph& graph, const Footprint& footprint,
                   const std::vector<size_t>& last_use)
    : graph_(graph), footprint_(footprint) {
  std::vector<int64_t> handed_on(graph.layers.size() + 2, 0);
  std::vector<int64_t> bytes(graph.layers.size() + 2, 0);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const ValueId id : graph.layers[i].outputs) {
      const size_t last = id == kNoValue ? 0 : last_use[static_cast<size_t>(id)];
      if (last <= i) {
        continue;
      }
      ++handed_on[i + 1];
      --handed_on[last + 1];
      const int64_t size = footprint.IsView(graph.layers[i]) ? 0 : footprint.Bytes(id);
      bytes[i] += size;
      bytes[last + 1] -= size;
    }
  }
  handed_on_ = Accumulated(std::move(handed_on));
  live_bytes_ = Accumulated(std::move(bytes));
}

size_t Sections::End(size_t first) const {
  size_t end = first;
  while (end < graph_.layers.size() &&
         !std::holds_alternative<HostLayer>(graph_.layers[end].body)) {
    ++end;
    if (handed_on_[end] == 1) {
      return end;
    }
  }
  return first;
}

std::optional<ValueId> Sections::Source(size_t first, size_t end) const {
  std::optional<ValueId> source;
  std::vector<bool> made(graph_.values.size(), false);
  for (size_t i = first; i < end; ++i) {
    for (const ValueId id : graph_.layers[i].inputs) {
      const auto v = static_cast<size_t>(id);
      if (made[v] || graph_.value(id).constant.has_value() || source == id) {
        continue;
      }
      if (source.has_value()) {
        return std::nullopt;
      }
      source = id;
    }
    made[static_cast<size_t>(graph_.layers[i].outputs[0])] = true;
  }
  return source;
}

std::optional<Group> Sections::CutAlong(size_t first, size_t end, ValueId source, int axis) const {
  std::map<ValueId, int> axes = {{source, axis}};
  Group group;
  group.first = first;
  group.cuts.resize(1);
  for (size_t i = first; i < end; ++i) {
    const Layer& layer = graph_.layers[i];
    std::optional<int> out;
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const auto cut = axes.find(layer.inputs[k]);
      if (cut == axes.end()) {
        continue;
      }
      const auto follows = FollowingAxis(graph_, layer, k, cut->second);
      if (!follows.has_value() || (out.has_value() && *out != *follows)) {
        return std::nullopt;
      }
      out = follows;
    }
    if (!out.has_value() || !NeedsOf(graph_, layer, *out).has_value()) {
      return std::nullopt;
    }
    axes[layer.outputs[0]] = *out;
    group.cuts[0].axes.push_back(*out);
  }
  return group;
}

std::vector<Group> Sections::From(size_t first, int64_t budget) const {
  const size_t end = handed_on_[first] > 1 ? first : End(first);
  if (end < first + kShortestSection || footprint_.IsView(graph_.layers[end - 1]) ||
      std::all_of(live_bytes_.begin() + static_cast<std::ptrdiff_t>(first),
                  live_bytes_.begin() + static_cast<std::ptrdiff_t>(end),
                  [&](int64_t bytes) { return bytes <= budget; })) {
    return {};
  }
  const std::optional<ValueId> source = Source(first, end);
  std::vector<Group> groups;
  const int rank = source.has_value() ? static_cast<int>(graph_.value(*source).shape.size()) : 0;
  for (int axis = 0; axis < rank; ++axis) {
    std::optional<Group> group = CutAlong(first, end, *source, axis);
    if (group.has_value()) {
      groups.push_back(std::move(*group));
    }
  }
  return groups;
}

bool Sections::Any(int64_t budget) const {
  for (size_t i = 0; i < graph_.layers.size(); ++i) {
    if (!From(i, budget).empty()) {
      return true;
    }
  }
  return false;
}

}  // namespace neuron::compiler
