// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/group.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

namespace neuron::compiler {
namespace {

// Cycles of an instruction from the end of what it waits for to its own end.
template <typename Instruction>
int64_t InstructionCycles(const isa::Config& config, const isa::CostParameters& parameters,
                          const Instruction& instruction) {
  std::array<uint32_t, isa::kInstructionWords> words = {};
  instruction.Encode(words);
  const isa::InstructionCost cost = isa::EstimateCost(config, parameters, words);
  return static_cast<int64_t>(cost.occupancy + cost.latency) + parameters.semaphore_delay;
}

// Copies a single element.
isa::DmaInstruction CopyOne(isa::Space from, isa::Space to) {
  isa::DmaInstruction dma;
  dma.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  dma.src_space = static_cast<uint32_t>(from);
  dma.dst_space = static_cast<uint32_t>(to);
  dma.part_count = dma.valid0 = dma.valid1 = 1;
  dma.src_size0 = dma.src_size1 = dma.src_size2 = dma.src_size3 = 1;
  dma.dst_size0 = dma.dst_size1 = dma.dst_size2 = dma.dst_size3 = 1;
  return dma;
}

// The way of a single element from DRAM through the array and ScalarE and back.
int64_t StartCycles(const isa::Config& config, const isa::CostParameters& cost) {
  isa::TensorInstruction product;
  product.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
  product.part_count = product.column_count = 1;
  product.outer_size0 = product.outer_size1 = product.outer_size2 = 1;
  product.inner_size0 = product.inner_size1 = product.inner_size2 = 1;
  isa::ScalarInstruction activate;
  activate.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
  activate.part_count = activate.size0 = activate.size1 = activate.size2 = 1;
  return InstructionCycles(config, cost, CopyOne(isa::Space::kDram, isa::Space::kSbuf)) +
         InstructionCycles(config, cost, product) + InstructionCycles(config, cost, activate) +
         InstructionCycles(config, cost, CopyOne(isa::Space::kSbuf, isa::Space::kDram));
}

void Cut(Shape& shape, int axis, const Range& range) {
  if (axis >= 0) {
    shape[static_cast<size_t>(axis)] = range.size();
  }
}

// The fastest of the groups that it is offered.
class Fastest {
 public:
  void Offer(const Group& group, int64_t cycles) {
    if (!group_.has_value() || cycles < cycles_) {
      group_ = group;
      cycles_ = cycles;
    }
  }

  // Sets `group` to it; false when there was none.
  bool Take(Group& group) const {
    group = group_.value_or(group);
    return group_.has_value();
  }

 private:
  std::optional<Group> group_;
  int64_t cycles_ = 0;
};

// True when parts along `axis` have weights of their own; `last` is the last axis.
bool CutsWeights(const Layer& layer, int axis, int last) {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  if (matrix == nullptr) {
    return false;
  }
  return matrix->is_conv ? axis == 1 : axis == last;
}

}  // namespace

GroupPlanner::GroupPlanner(const LayerGraph& graph, const isa::Config& config,
                           const Footprint& footprint, const TileOptions& options,
                           const std::vector<size_t>& last_use)
    : graph_(graph),
      config_(config),
      footprint_(footprint),
      options_(options),
      last_use_(last_use),
      start_cycles_(StartCycles(config, options.cost)) {}

bool GroupPlanner::LeavesGroup(const Group& group, ValueId value) const {
  return last_use_[static_cast<size_t>(value)] >= group.end();
}

int64_t GroupPlanner::AxisSize(size_t layer, int axis) const {
  return graph_.value(graph_.layers[layer].outputs[0]).shape[static_cast<size_t>(axis)];
}

// Pieces that an axis can be cut into: whole partition groups where it lies on partitions.
int64_t GroupPlanner::Units(size_t layer, int axis) const {
  const int64_t size = AxisSize(layer, axis);
  const bool on_partitions = footprint_.PartAxis(graph_.layers[layer].outputs[0]) == axis;
  return on_partitions ? CeilDiv(size, config_.p) : size;
}

int64_t GroupPlanner::MostParts(const Group& group, const AxisCut& cut) const {
  int64_t most = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < group.size(); ++i) {
    most = std::min(most, Units(group.first + i, cut.axes[i]));
  }
  return most;
}

bool GroupPlanner::CutsDiffer(size_t layer, const std::vector<int>& axes) const {
  std::set<int> outputs(axes.begin(), axes.end());
  if (outputs.size() != axes.size()) {
    return false;
  }
  std::set<std::pair<size_t, int>> taken;  // input, axis
  for (const int axis : axes) {
    const auto needs = *NeedsOf(graph_, graph_.layers[layer], axis);
    for (size_t k = 0; k < needs.size(); ++k) {
      if (needs[k].axis >= 0 && !taken.emplace(k, needs[k].axis).second) {
        return false;
      }
    }
  }
  return true;
}

std::optional<Group> GroupPlanner::Start(size_t first, const std::vector<int>& axes) const {
  Group group;
  group.first = first;
  for (const int axis : axes) {
    if (!NeedsOf(graph_, graph_.layers[first], axis).has_value()) {
      return std::nullopt;
    }
    group.cuts.push_back({{axis}});
  }
  return CutsDiffer(first, axes) ? std::optional(group) : std::nullopt;
}

// Every input that the group makes must be cut along the axis that it is made along.
std::optional<int> GroupPlanner::AxisOfNext(const Group& group, const AxisCut& cut) const {
  const Layer& layer = graph_.layers[group.end()];
  std::optional<int> axis;
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    for (size_t i = 0; i < group.size(); ++i) {
      if (graph_.layers[group.first + i].outputs[0] != layer.inputs[k]) {
        continue;
      }
      const auto follows = FollowingAxis(graph_, layer, k, cut.axes[i]);
      if (!follows.has_value() || (axis.has_value() && *axis != *follows)) {
        return std::nullopt;
      }
      axis = follows;
    }
  }
  return axis;
}

std::optional<Group> GroupPlanner::Extend(const Group& group) const {
  if (group.end() >= graph_.layers.size() ||
      std::holds_alternative<HostLayer>(graph_.layers[group.end()].body)) {
    return std::nullopt;
  }
  Group longer = group;
  std::vector<int> axes;
  for (AxisCut& cut : longer.cuts) {
    const auto axis = AxisOfNext(group, cut);
    if (!axis.has_value()) {
      return std::nullopt;
    }
    axes.push_back(*axis);
  }
  for (size_t c = 0; c < axes.size(); ++c) {
    longer.cuts[c].axes.push_back(axes[c]);
  }
  return CutsDiffer(group.end(), axes) ? std::optional(longer) : std::nullopt;
}

// A part from the middle with as many units of the last layer as any part has.
int64_t GroupPlanner::LargestPart(const Group& group, const AxisCut& cut) const {
  const int64_t units = Units(group.end() - 1, cut.axes.back());
  const auto size = [&](int64_t part) {
    return units * (part + 1) / cut.parts - units * part / cut.parts;
  };
  const int64_t middle = cut.parts / 2;
  for (int64_t part = middle; part < cut.parts; ++part) {
    if (size(part) > size(middle)) {
      return part;
    }
  }
  return middle;
}

int64_t GroupPlanner::LargestPart(const Group& group) const {
  int64_t part = 0;
  for (const AxisCut& cut : group.cuts) {
    part = part * cut.parts + LargestPart(group, cut);
  }
  return part;
}

// What each layer of the group does in part `index` of the cut; a layer that does nothing has an
// empty range.
std::vector<ShareAlong> GroupPlanner::SharesAlong(const Group& group, const AxisCut& cut,
                                                  int64_t index) const {
  std::map<ValueId, Range> wanted;
  std::vector<ShareAlong> shares(group.size());
  for (size_t i = group.size(); i-- > 0;) {
    const Layer& layer = graph_.layers[group.first + i];
    const ValueId out = layer.outputs[0];
    ShareAlong& mine = shares[i];
    mine.out_axis = cut.axes[i];
    if (wanted.contains(out)) {
      mine.out = wanted[out];
    }
    if (LeavesGroup(group, out)) {
      const int64_t size = AxisSize(group.first + i, cut.axes[i]);
      const int64_t units = Units(group.first + i, cut.axes[i]);
      const int64_t unit = units < size ? config_.p : 1;
      mine.out = HullOf(mine.out, {std::min(size, units * index / cut.parts * unit),
                                   std::min(size, units * (index + 1) / cut.parts * unit)});
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
  return shares;
}

std::vector<LayerPart> GroupPlanner::PartsOf(const Group& group, int64_t part) const {
  std::vector<LayerPart> parts(group.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].layer = group.first + i;
    parts[i].along.resize(group.cuts.size());
  }
  for (size_t c = group.cuts.size(); c-- > 0;) {
    const AxisCut& cut = group.cuts[c];
    std::vector<ShareAlong> shares = SharesAlong(group, cut, part % cut.parts);
    part /= cut.parts;
    for (size_t i = 0; i < parts.size(); ++i) {
      parts[i].along[c] = std::move(shares[i]);
    }
  }
  std::erase_if(parts, [](const LayerPart& mine) {
    return std::ranges::any_of(mine.along,
                               [](const ShareAlong& share) { return share.out.size() <= 0; });
  });
  return parts;
}

std::vector<Shape> GroupPlanner::InShapes(const LayerPart& part) const {
  const Layer& layer = graph_.layers[part.layer];
  std::vector<Shape> shapes;
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    Shape shape = graph_.value(layer.inputs[k]).shape;
    for (const ShareAlong& share : part.along) {
      Cut(shape, share.needs[k].axis, share.in[k]);
    }
    shapes.push_back(std::move(shape));
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
  Shape shape = graph_.value(graph_.layers[part.layer].outputs[0]).shape;
  for (const ShareAlong& share : part.along) {
    Cut(shape, share.out_axis, share.out);
  }
  return shape;
}

LayerBody GroupPlanner::BodyOf(const LayerPart& part) const {
  Layer layer = graph_.layers[part.layer];
  for (const ShareAlong& share : part.along) {
    layer.body = BodyOfPart(graph_, layer, share.out_axis, share.out);
  }
  return std::move(layer.body);
}

int64_t GroupPlanner::StaysFor(const Group& group, const LayerPart& part, size_t input) const {
  int64_t count = 1;
  for (size_t c = group.cuts.size(); c-- > 0 && part.along[c].needs[input].axis < 0;) {
    count *= group.cuts[c].parts;
  }
  return count;
}

int64_t GroupPlanner::WeightsStayFor(const Group& group, const LayerPart& part) const {
  const Layer& layer = graph_.layers[part.layer];
  const auto rank = static_cast<int>(graph_.value(layer.outputs[0]).shape.size());
  int64_t count = 1;
  for (size_t c = group.cuts.size();
       c-- > 0 && !CutsWeights(layer, part.along[c].out_axis, rank - 1);) {
    count *= group.cuts[c].parts;
  }
  return count;
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
  const auto touch = [&](ValueId value, int64_t size, size_t at) {
    const ValueId root = footprint_.Root(value);
    bytes[root] = std::max(bytes[root], size);
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
        const int64_t size =
            loaded ? footprint_.LoadedBytes(layer, k, in[k]) : footprint_.Bytes(id, in[k]);
        moved += loaded && !bytes.contains(footprint_.Root(id)) ? size : 0;
        touch(id, size, i);
        if (loaded && StaysFor(group, parts[i], k) > 1) {
          first[footprint_.Root(id)] = 0;
          touch(id, size, parts.size() - 1);
        }
      }
    }
    made.insert(layer.outputs[0]);
    const int64_t made_bytes = footprint_.Bytes(layer.outputs[0], OutShape(parts[i]));
    touch(layer.outputs[0], made_bytes, i);
    moved += LeavesGroup(group, layer.outputs[0]) ? made_bytes : 0;
    const PartShapes shapes = ShapesOf(group, parts[i], places);
    const int64_t all = footprint_.Weights(layer, shapes);
    const bool stay = group.keeps_weights && all <= options_.shared_weights;
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
  Fastest best;
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
      best.Offer(group, Cycles(group, places));
    }
  }
  return best.Take(group);
}

bool GroupPlanner::PacksAll(const Group& group, const std::vector<Place>& places) const {
  return std::ranges::none_of(PartsOf(group, LargestPart(group)), [&](const LayerPart& part) {
    return footprint_.TooLargeToPack(graph_.layers[part.layer], ShapesOf(group, part, places));
  });
}

bool GroupPlanner::Fits(const Group& group, int64_t room, const std::vector<Place>& places) const {
  return PeakBytes(group, places) <= room && (!group.packs || PacksAll(group, places));
}

bool GroupPlanner::FitLastCut(Group& group, int64_t room, const std::vector<Place>& places) const {
  AxisCut& cut = group.cuts.back();
  const int64_t most = MostParts(group, cut);
  for (cut.parts = 1;;) {
    if (Fits(group, room, places)) {
      return true;
    }
    if (cut.parts >= most) {
      return false;
    }
    cut.parts = std::min(most, cut.parts + std::max<int64_t>(1, cut.parts / 8));
  }
}

bool GroupPlanner::FitParts(Group& group, int64_t room, const std::vector<Place>& places) const {
  if (group.cuts.size() == 1) {
    return FitLastCut(group, room, places);
  }
  // The first cut in two, four, eight and so on, as often as its axis allows.
  Fastest best;
  const int64_t most = MostParts(group, group.cuts[0]);
  for (int64_t parts = 2; parts / 2 < most; parts *= 2) {
    group.cuts[0].parts = std::min(parts, most);
    if (FitLastCut(group, room, places)) {
      best.Offer(group, Cycles(group, places));
    }
  }
  return best.Take(group);
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
        memory += footprint_.LoadCycles(layer, k, shapes.in[k]) / StaysFor(group, part, k);
      }
    }
    const ValueId out = layer.outputs[0];
    made.insert(out);
    memory += LeavesGroup(group, out) ? footprint_.StoreCycles(out, shapes.out) : 0;
    const int64_t weights = footprint_.Weights(layer, shapes);
    const bool whole = shapes.out == graph_.value(out).shape;
    const bool stays = group.keeps_weights && weights <= options_.shared_weights && !whole;
    memory += footprint_.TransferCycles(weights) / (stays ? WeightsStayFor(group, part) : 1);
  }
  // With overlap the slower of engines and memory sets the pace, but the first part is loaded
  // before anything is computed, and the last one stored after.
  const int64_t hidden = group.overlaps ? std::min(compute, memory) : 0;
  int64_t cycles = compute + memory - hidden + copies;
  for (const AxisCut& cut : group.cuts) {
    const int64_t units = Units(group.end() - 1, cut.axes.back());
    cycles = cycles * units / CeilDiv(units, cut.parts);
  }
  return cycles + hidden + start_cycles_ * static_cast<int64_t>(group.size()) * group.parts();
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
