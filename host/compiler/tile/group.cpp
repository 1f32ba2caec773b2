// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/group.h"

#include <algorithm>
#include <set>

namespace neuron::compiler {
namespace {

// What a layer's part costs in issue and fill.
constexpr int64_t kCyclesPerLayer = 250;

Shape Cut(Shape shape, int axis, const Range& range) {
  if (axis >= 0) {
    shape[static_cast<size_t>(axis)] = range.size();
  }
  return shape;
}

// True when parts along `axis` have weights of their own; `last` is the last axis.
bool CutsWeights(const Layer& layer, int axis, int last) {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  if (matrix == nullptr) {
    return false;
  }
  return matrix->is_conv ? axis == 1 : axis == last;
}

}  // namespace

bool GroupPlanner::LeavesGroup(const Group& group, ValueId value) const {
  return last_use_[static_cast<size_t>(value)] >= group.end();
}

int64_t GroupPlanner::AxisSize(const Group& group, size_t i) const {
  const Layer& layer = graph_.layers[group.first + i];
  return graph_.value(layer.outputs[0]).shape[static_cast<size_t>(group.axes[i])];
}

// Pieces that an axis can be cut into: whole partition groups where it lies on partitions.
int64_t GroupPlanner::Units(const Group& group, size_t i) const {
  const ValueId out = graph_.layers[group.first + i].outputs[0];
  const int64_t size = AxisSize(group, i);
  return footprint_.PartAxis(out) == group.axes[i] ? (size + config_.p - 1) / config_.p : size;
}

std::optional<Group> GroupPlanner::Start(size_t first, int axis) const {
  const Layer& layer = graph_.layers[first];
  if (!NeedsOf(graph_, layer, axis).has_value()) {
    return std::nullopt;
  }
  Group group;
  group.first = first;
  group.axes = {axis};
  return group;
}

std::optional<Group> GroupPlanner::Extend(const Group& group) const {
  if (group.end() >= graph_.layers.size()) {
    return std::nullopt;
  }
  const Layer& layer = graph_.layers[group.end()];
  if (std::holds_alternative<HostLayer>(layer.body)) {
    return std::nullopt;
  }
  // Every input that the group makes must be cut along the axis that it is made along.
  std::optional<int> axis;
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    for (size_t i = 0; i < group.axes.size(); ++i) {
      if (graph_.layers[group.first + i].outputs[0] != layer.inputs[k]) {
        continue;
      }
      const auto follows = FollowingAxis(graph_, layer, k, group.axes[i]);
      if (!follows.has_value() || (axis.has_value() && *axis != *follows)) {
        return std::nullopt;
      }
      axis = follows;
    }
  }
  if (!axis.has_value()) {
    return std::nullopt;
  }
  Group longer = group;
  longer.axes.push_back(*axis);
  return longer;
}

// A part from the middle with as many units of the last layer as any part has.
int64_t GroupPlanner::LargestPart(const Group& group) const {
  const int64_t units = Units(group, group.axes.size() - 1);
  const auto size = [&](int64_t part) {
    return units * (part + 1) / group.parts - units * part / group.parts;
  };
  int64_t best = group.parts / 2;
  for (int64_t part = best; part < group.parts; ++part) {
    if (size(part) > size(best)) {
      return part;
    }
  }
  return best;
}

std::vector<LayerPart> GroupPlanner::PartsOf(const Group& group, int64_t part) const {
  std::map<ValueId, Range> wanted;
  std::vector<LayerPart> parts(group.axes.size());
  for (size_t i = group.axes.size(); i-- > 0;) {
    const Layer& layer = graph_.layers[group.first + i];
    const ValueId out = layer.outputs[0];
    LayerPart& mine = parts[i];
    mine.layer = group.first + i;
    mine.out_axis = group.axes[i];
    if (wanted.contains(out)) {
      mine.out = wanted[out];
    }
    if (LeavesGroup(group, out)) {
      const int64_t size = AxisSize(group, i);
      const int64_t units = Units(group, i);
      const int64_t unit = units < size ? config_.p : 1;
      const Range share = {std::min(size, units * part / group.parts * unit),
                           std::min(size, units * (part + 1) / group.parts * unit)};
      mine.out = HullOf(mine.out, share);
    }
    if (mine.out.size() <= 0) {
      continue;
    }
    mine.needs = *NeedsOf(graph_, layer, mine.out_axis);
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const Shape& shape = graph_.value(layer.inputs[k]).shape;
      const AxisNeed& need = mine.needs[k];
      const int64_t size = need.axis < 0 ? 1 : shape[static_cast<size_t>(need.axis)];
      mine.in.push_back(NeededRange(need, mine.out, size));
      if (need.axis >= 0) {
        wanted[layer.inputs[k]] = HullOf(wanted[layer.inputs[k]], mine.in.back());
      }
    }
  }
  std::erase_if(parts, [](const LayerPart& mine) { return mine.out.size() <= 0; });
  return parts;
}

std::vector<Shape> GroupPlanner::InShapes(const LayerPart& part) const {
  const Layer& layer = graph_.layers[part.layer];
  std::vector<Shape> shapes;
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    shapes.push_back(Cut(graph_.value(layer.inputs[k]).shape, part.needs[k].axis, part.in[k]));
  }
  return shapes;
}

PartShapes GroupPlanner::ShapesOf(const Group& group, const LayerPart& part,
                                  const std::vector<Place>& places) const {
  PartShapes shapes{InShapes(part), {}, OutShape(part), group.packs};
  for (const ValueId id : graph_.layers[part.layer].inputs) {
    bool made = false;
    for (size_t i = group.first; i < part.layer; ++i) {
      made = made || graph_.layers[i].outputs[0] == id;
    }
    shapes.loaded.push_back(!made && places[static_cast<size_t>(id)] == Place::kDram);
  }
  return shapes;
}

Shape GroupPlanner::OutShape(const LayerPart& part) const {
  return Cut(graph_.value(graph_.layers[part.layer].outputs[0]).shape, part.out_axis, part.out);
}

// The most that one part takes: values between first and last use, temporaries, weights; what is
// loaded or stored twice, because the next part's loads and the last part's stores go on meanwhile.
int64_t GroupPlanner::PeakBytes(const Group& group, const std::vector<Place>& places) const {
  const std::vector<LayerPart> parts = PartsOf(group, LargestPart(group));
  std::map<ValueId, int64_t> bytes;  // by root
  std::map<ValueId, size_t> first;
  std::map<ValueId, size_t> last;
  std::set<ValueId> made;
  int64_t moved = 0;
  auto touch = [&](ValueId value, const Shape& shape, size_t at) {
    const ValueId root = footprint_.Root(value);
    bytes[root] = std::max(bytes[root], footprint_.Bytes(value, shape));
    first.try_emplace(root, at);
    last[root] = at;
  };
  int64_t weights = 0;
  int64_t chunk = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Layer& layer = graph_.layers[parts[i].layer];
    const std::vector<Shape> in = InShapes(parts[i]);
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const ValueId id = layer.inputs[k];
      const bool loaded = !made.contains(id) && places[static_cast<size_t>(id)] == Place::kDram;
      if (made.contains(id) || loaded) {
        moved += loaded && !bytes.contains(footprint_.Root(id)) ? footprint_.Bytes(id, in[k]) : 0;
        touch(id, in[k], i);
      }
    }
    made.insert(layer.outputs[0]);
    touch(layer.outputs[0], OutShape(parts[i]), i);
    if (LeavesGroup(group, layer.outputs[0])) {
      moved += footprint_.Bytes(layer.outputs[0], OutShape(parts[i]));
    }
    const PartShapes shapes = ShapesOf(group, parts[i], places);
    const int64_t all = footprint_.Weights(layer, shapes);
    const bool stay = all <= options_.shared_weights;
    weights += stay ? all : 0;
    chunk = std::max(chunk, stay ? 0 : footprint_.WeightChunk(layer, shapes));
  }
  int64_t peak = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Layer& layer = graph_.layers[parts[i].layer];
    int64_t live = footprint_.Workspace(layer, ShapesOf(group, parts[i], places));
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const ValueId root = footprint_.Root(layer.inputs[k]);
      if (footprint_.WritesOver(layer, k) && bytes.contains(root) && last[root] == i &&
          !LeavesGroup(group, layer.inputs[k])) {
        live -= footprint_.Bytes(layer.outputs[0], OutShape(parts[i]));
        break;
      }
    }
    for (const auto& [root, size] : bytes) {
      live += first[root] <= i && i <= last[root] ? size : 0;
    }
    peak = std::max(peak, live);
  }
  return peak + weights + (group.overlaps ? moved + 2 * chunk : chunk);
}

bool GroupPlanner::Fit(Group& group, int64_t room, const std::vector<Place>& places) const {
  std::optional<Group> best;
  int64_t fewest = 0;
  for (const bool packs : {true, false}) {
    for (const bool overlaps : {true, false}) {
      group.packs = packs;
      group.overlaps = overlaps;
      if (overlaps && !options_.overlaps) {
        continue;
      }
      if (!FitParts(group, room, places)) {
        continue;
      }
      const int64_t cycles = Cycles(group, places);
      if (!best.has_value() || cycles < fewest) {
        best = group;
        fewest = cycles;
      }
    }
  }
  group = best.value_or(group);
  return best.has_value();
}

bool GroupPlanner::PacksAll(const Group& group, const std::vector<Place>& places) const {
  return std::ranges::none_of(PartsOf(group, LargestPart(group)), [&](const LayerPart& part) {
    return footprint_.TooLargeToPack(graph_.layers[part.layer], ShapesOf(group, part, places));
  });
}

bool GroupPlanner::FitParts(Group& group, int64_t room, const std::vector<Place>& places) const {
  int64_t most = Units(group, 0);
  for (size_t i = 0; i < group.axes.size(); ++i) {
    most = std::min(most, Units(group, i));
  }
  for (group.parts = 1;;) {
    if (PeakBytes(group, places) <= room && (!group.packs || PacksAll(group, places))) {
      return true;
    }
    if (group.parts >= most) {
      return false;
    }
    group.parts = std::min(most, group.parts + std::max<int64_t>(1, group.parts / 8));
  }
}

int64_t GroupPlanner::Cycles(const Group& group, const std::vector<Place>& places) const {
  int64_t compute = 0;
  int64_t copies = 0;
  int64_t memory = 0;
  // All parts are like the largest, but for those that have one unit less.
  std::set<ValueId> made;
  for (const LayerPart& part : PartsOf(group, LargestPart(group))) {
    const Layer& layer = graph_.layers[part.layer];
    const PartShapes shapes = ShapesOf(group, part, places);
    compute += footprint_.Cycles(layer, shapes);
    copies += footprint_.CopyCycles(layer, shapes);
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const ValueId id = layer.inputs[k];
      if (!made.contains(id) && places[static_cast<size_t>(id)] == Place::kDram) {
        memory += footprint_.MoveCycles(id, shapes.in[k]);
      }
    }
    const ValueId out = layer.outputs[0];
    made.insert(out);
    memory += LeavesGroup(group, out) ? footprint_.MoveCycles(out, OutShape(part)) : 0;
    const int64_t weights = footprint_.Weights(layer, shapes);
    const bool whole = OutShape(part) == graph_.value(out).shape;
    const bool stays =
        weights <= options_.shared_weights &&
        !CutsWeights(layer, part.out_axis, static_cast<int>(graph_.value(out).shape.size()) - 1);
    memory += weights * config_.p / kBytesPerCycle / (stays && !whole ? group.parts : 1);
  }
  const int64_t both = group.overlaps ? std::max(compute, memory) : compute + memory;
  const int64_t units = Units(group, group.axes.size() - 1);
  const int64_t full = (units + group.parts - 1) / group.parts;
  const int64_t fixed = kCyclesPerLayer * static_cast<int64_t>(group.axes.size());
  return (both + copies) * units / full + fixed * group.parts;
}

int64_t GroupPlanner::WholeCycles(size_t index) const {
  const Layer& layer = graph_.layers[index];
  PartShapes shapes;
  shapes.out = graph_.value(layer.outputs[0]).shape;
  for (const ValueId id : layer.inputs) {
    shapes.in.push_back(graph_.value(id).shape);
    shapes.loaded.push_back(false);
  }
  return footprint_.Cycles(layer, shapes);
}

}  // namespace neuron::compiler
