// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/tile.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "host/compiler/tile/group.h"
#include "host/compiler/tile/sections.h"

namespace neuron::compiler {
namespace {

// Index of the last layer that reads each value; the number of layers for outputs.
std::vector<size_t> LastUses(const LayerGraph& graph) {
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const ValueId id : graph.layers[i].inputs) {
      if (id != kNoValue) {
        last[static_cast<size_t>(id)] = i;
      }
    }
  }
  for (const ValueId id : graph.outputs) {
    last[static_cast<size_t>(id)] = graph.layers.size();
  }
  return last;
}

// A run of layers in parts, and what must leave SBUF for it.
struct Choice {
  Group group;
  int evict = 0;  // 0: nothing, 1: what the group does not read, 2: everything
  int64_t cycles = std::numeric_limits<int64_t>::max();
  double slowdown = std::numeric_limits<double>::infinity();  // against the engines' own cycles
};

class Tiler {
 public:
  Tiler(const LayerGraph& graph, const isa::Config& config, const TileOptions& options)
      : in_(graph),
        out_(graph),
        config_(config),
        options_(options),
        footprint_(graph, config, options.cost),
        last_use_(LastUses(graph)),
        groups_(graph, config, footprint_, options, last_use_),
        sections_(graph, footprint_, last_use_),
        homes_(graph.values.size()) {
    out_.layers.clear();
    for (size_t v = 0; v < graph.values.size(); ++v) {
      const Value& value = graph.values[v];
      if (value.constant.has_value() || value.is_input) {
        homes_[v].dram = static_cast<ValueId>(v);
      }
    }
    for (const ValueId id : graph.inputs) {
      homes_[static_cast<size_t>(id)].dram = id;
    }
  }

  Result<LayerGraph> Run() {
    for (size_t i = 0; i < in_.layers.size();) {
      const Layer& layer = in_.layers[i];
      if (std::holds_alternative<HostLayer>(layer.body)) {
        EmitHost(layer);
        ++i;
      } else if (footprint_.IsView(layer) || footprint_.LandsInDram(layer)) {
        EmitMovement(i);
        ++i;
      } else if (const std::optional<Choice> section = ChooseSection(i)) {
        EmitGroup(*section);
        i = section->group.end();
      } else if (MakeRoomForWhole(i)) {
        EmitWhole(i);
        ++i;
      } else if (JoinsInDram(i)) {
        out_.value(layer.outputs[0]).in_dram = true;
        EmitMovement(i);
        ++i;
      } else {
        NEURON_ASSIGN_OR_RETURN(const Choice choice, ChooseGroup(i));
        EmitGroup(choice);
        i = choice.group.end();
      }
      std::erase_if(resident_, [&](const auto& entry) { return entry.second.last < i; });
    }
    return std::move(out_);
  }

 private:
  // Where a value of the given graph lies now, as values of the new one.
  struct Home {
    ValueId sbuf = kNoValue;
    ValueId dram = kNoValue;
    ValueId buffer = kNoValue;  // key of resident_, while in SBUF
  };
  struct Resident {
    int64_t bytes = 0;
    size_t last = 0;
    std::vector<ValueId> values;  // that show it
  };

  Home& home(ValueId id) { return homes_[static_cast<size_t>(id)]; }
  const Home& home(ValueId id) const { return homes_[static_cast<size_t>(id)]; }
  size_t last_use(ValueId id) const { return last_use_[static_cast<size_t>(id)]; }

  // The last use of a value or of any view of it.
  size_t LastUseOfViews(ValueId id) const {
    size_t last = last_use(id);
    for (size_t v = 0; v < in_.values.size(); ++v) {
      if (footprint_.Root(static_cast<ValueId>(v)) == id) {
        last = std::max(last, last_use_[v]);
      }
    }
    return last;
  }

  int64_t ResidentBytes() const {
    int64_t bytes = 0;
    for (const auto& [key, entry] : resident_) {
      bytes += entry.bytes;
    }
    return bytes;
  }

  // Reads of layers [first, end) from outside.
  std::set<ValueId> BuffersRead(size_t first, size_t end) const {
    std::set<ValueId> keys;
    for (size_t i = first; i < end; ++i) {
      for (const ValueId id : in_.layers[i].inputs) {
        if (id != kNoValue && home(id).sbuf != kNoValue) {
          keys.insert(home(id).buffer);
        }
      }
    }
    return keys;
  }

  // For layers that do not fit whole: true where the result is put together in DRAM instead of
  // being made in parts.
  bool JoinsInDram(size_t i) const {
    const LayerBody& body = in_.layers[i].body;
    return std::holds_alternative<ConcatLayer>(body) ||
           (std::holds_alternative<PadLayer>(body) && !ChooseGroup(i).ok());
  }

  // --- whole layers ---------------------------------------------------------------------------
  int64_t WholeBytes(size_t i) const {
    const Layer& layer = in_.layers[i];
    const ValueId out = layer.outputs[0];
    PartShapes shapes;
    shapes.out = in_.value(out).shape;
    std::set<ValueId> seen;
    int64_t bytes = footprint_.Bytes(out);
    int64_t over = 0;
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      const ValueId id = layer.inputs[k];
      const bool loaded = home(id).sbuf == kNoValue;
      const Shape& shape = in_.value(id).shape;
      shapes.in.push_back(shape);
      shapes.loaded.push_back(loaded);
      if (loaded && seen.insert(id).second) {
        bytes += footprint_.LoadedBytes(layer, k, shape);
      }
      if (footprint_.WritesOver(layer, k) && last_use(id) == i) {
        over = footprint_.Bytes(out);
      }
      // Parts that are only joined are made in their places.
      if (!loaded && last_use(id) == i && std::holds_alternative<ConcatLayer>(layer.body)) {
        bytes -= footprint_.Bytes(id);
      }
    }
    return std::max<int64_t>(bytes - over, 0) + footprint_.Workspace(layer, shapes) +
           std::min(footprint_.Weights(layer, shapes), 2 * footprint_.WeightChunk(layer, shapes));
  }

  // True when layer i fits as a whole, at need after other tensors have gone to DRAM.
  bool MakeRoomForWhole(size_t i) {
    const int64_t own = WholeBytes(i);
    const std::set<ValueId> read = BuffersRead(i, i + 1);
    int64_t staying = 0;
    for (const ValueId key : read) {
      staying += resident_[key].bytes;
    }
    if (own + staying > options_.budget) {
      return false;
    }
    while (own + ResidentBytes() > options_.budget) {
      ValueId victim = kNoValue;
      for (const auto& [key, entry] : resident_) {
        if (!read.contains(key) && (victim == kNoValue || NextUse(key, i) > NextUse(victim, i))) {
          victim = key;
        }
      }
      Evict(victim);
    }
    return true;
  }

  size_t NextUse(ValueId key, size_t from) {
    for (size_t i = from; i < in_.layers.size(); ++i) {
      for (const ValueId id : in_.layers[i].inputs) {
        if (id != kNoValue && home(id).sbuf != kNoValue && home(id).buffer == key) {
          return i;
        }
      }
    }
    return in_.layers.size();
  }

  // Stores what is still needed of a buffer and forgets the buffer.
  void Evict(ValueId key) {
    for (const ValueId id : resident_[key].values) {
      Home& at = home(id);
      if (at.dram == kNoValue) {
        at.dram = NewValue(in_.value(id), in_.value(id).shape, " in DRAM");
        out_.value(at.dram).in_dram = true;
        EmitStore(at.sbuf, at.dram, std::vector<int64_t>(in_.value(id).shape.size(), 0),
                  Producer(id));
      }
      at.sbuf = kNoValue;
    }
    resident_.erase(key);
  }

  int Producer(ValueId id) const {
    for (size_t i = 0; i < in_.layers.size(); ++i) {
      if (std::ranges::count(in_.layers[i].outputs, id) != 0) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  void KeepInSbuf(ValueId id, ValueId as, int64_t bytes, size_t last) {
    Home& at = home(id);
    at.sbuf = as;
    at.buffer = id;
    resident_[id] = {bytes, last, {id}};
  }

  // The value of the new graph that a whole layer i reads for `id`.
  ValueId Read(ValueId id, size_t i) {
    Home& at = home(id);
    if (at.sbuf != kNoValue) {
      return at.sbuf;
    }
    if (last_use(id) <= i || in_.value(id).constant.has_value()) {
      return at.dram;
    }
    const Value& value = in_.value(id);
    const ValueId loaded = NewValue(value, value.shape, fmt::format(" for layer {}", i));
    Layer load = Named(i);
    load.inputs = {at.dram};
    load.outputs = {loaded};
    load.body = SliceLayer{std::vector<int64_t>(value.shape.size(), 0),
                           std::vector<int64_t>(value.shape.size(), 1)};
    out_.layers.push_back(std::move(load));
    KeepInSbuf(id, loaded, footprint_.Bytes(id), last_use(id));
    return loaded;
  }

  void EmitWhole(size_t i) {
    Layer layer = in_.layers[i];
    layer.origin = static_cast<int>(i);
    for (ValueId& id : layer.inputs) {
      id = Read(id, i);
    }
    const ValueId out = layer.outputs[0];
    if (!in_.value(out).is_output) {
      out_.layers.push_back(std::move(layer));
      KeepInSbuf(out, out, footprint_.Bytes(out), LastUseOfViews(out));
      return;
    }
    // Outputs are stored at once, so that they need not stay.
    const Shape& shape = in_.value(out).shape;
    const ValueId made = NewValue(in_.value(out), shape, " in SBUF");
    layer.outputs[0] = made;
    out_.layers.push_back(std::move(layer));
    out_.value(out).in_dram = true;
    EmitStore(made, out, std::vector<int64_t>(shape.size(), 0), static_cast<int>(i));
    home(out).dram = out;
    if (LastUseOfReaders(out) > i) {
      KeepInSbuf(out, made, footprint_.Bytes(out), LastUseOfReaders(out));
    }
  }

  // As LastUseOfViews, but an output counts for its readers only.
  size_t LastUseOfReaders(ValueId id) const {
    size_t last = 0;
    for (size_t i = 0; i < in_.layers.size(); ++i) {
      for (const ValueId input : in_.layers[i].inputs) {
        if (input != kNoValue && (input == id || footprint_.Root(input) == id)) {
          last = i;
        }
      }
    }
    return last;
  }

  void EmitMovement(size_t i) {
    Layer layer = in_.layers[i];
    layer.origin = static_cast<int>(i);
    const ValueId from = layer.inputs[0];
    const ValueId to = layer.outputs[0];
    for (ValueId& id : layer.inputs) {
      id = home(id).sbuf != kNoValue ? home(id).sbuf : home(id).dram;
    }
    if (home(from).sbuf != kNoValue && footprint_.IsView(in_.layers[i])) {
      home(to).sbuf = to;
      home(to).buffer = home(from).buffer;
      Resident& entry = resident_[home(from).buffer];
      entry.values.push_back(to);
      entry.last = std::max(entry.last, last_use(to));
    } else {
      home(to).dram = to;
    }
    out_.layers.push_back(std::move(layer));
  }

  void EmitHost(const Layer& original) {
    Layer layer = original;
    layer.origin = static_cast<int>(&original - in_.layers.data());
    for (ValueId& id : layer.inputs) {
      if (id != kNoValue) {
        id = home(id).sbuf != kNoValue ? home(id).sbuf : home(id).dram;
      }
    }
    for (const ValueId id : layer.outputs) {
      if (id != kNoValue) {
        home(id).dram = id;
      }
    }
    out_.layers.push_back(std::move(layer));
  }

  // --- layers in parts ------------------------------------------------------------------------
  // What is evicted is written and read back.
  int64_t EvictCycles(int64_t bytes) const { return 2 * footprint_.TransferCycles(bytes); }

  std::vector<Place> PlacesAfter(int evict, const std::set<ValueId>& read) const {
    std::vector<Place> places(in_.values.size(), Place::kDram);
    for (size_t v = 0; v < places.size(); ++v) {
      const Home& at = homes_[v];
      const bool stays = evict == 0 || (evict == 1 && read.contains(at.buffer));
      if (at.sbuf != kNoValue && stays) {
        places[v] = Place::kSbuf;
      }
    }
    return places;
  }

  // A part of a tensor in SBUF starts in partition 0: cuts along partitions are for DRAM.
  bool CutsPartitions(const Group& group, const std::vector<Place>& places) const {
    for (const LayerPart& part : groups_.PartsOf(group, 0)) {
      const Layer& layer = in_.layers[part.layer];
      for (size_t k = 0; k < layer.inputs.size(); ++k) {
        const auto v = static_cast<size_t>(layer.inputs[k]);
        const int part_axis = footprint_.PartAxis(layer.inputs[k]);
        if (places[v] == Place::kSbuf && part_axis >= 0 &&
            std::ranges::any_of(part.along, [&](const ShareAlong& share) {
              return share.needs[k].axis == part_axis;
            })) {
          return true;
        }
      }
    }
    return false;
  }

  std::vector<int> AxesToTry(size_t i) const {
    const ValueId out = in_.layers[i].outputs[0];
    const Shape& shape = in_.value(out).shape;
    std::vector<int> axes;
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      if (shape[static_cast<size_t>(axis)] > 1) {
        axes.push_back(axis);
      }
    }
    return axes;
  }

  // Weighs the runs that start with layer i: each axis, each amount of eviction, each length; where
  // they are impossible or slow, two axes at once.
  Result<Choice> ChooseGroup(size_t i) const {
    constexpr double kSlow = 1.25;
    const std::vector<int> axes = AxesToTry(i);
    Choice best;
    for (const int axis : axes) {
      Weigh(i, {axis}, best);
    }
    if (best.slowdown > kSlow) {
      for (const int outer : axes) {
        for (const int inner : axes) {
          Weigh(i, {outer, inner}, best);
        }
      }
    }
    if (best.group.cuts.empty()) {
      return TooLarge(i);
    }
    return best;
  }

  void Weigh(size_t i, const std::vector<int>& axes, Choice& best) const {
    for (int evict = 0; evict <= (resident_.empty() ? 0 : 2); ++evict) {
      Choice choice = BestLength(i, axes, evict);
      if (!choice.group.cuts.empty() && choice.slowdown < best.slowdown) {
        best = std::move(choice);
      }
    }
  }

  // The run's length with the fewest cycles up to the end of the longest run that is possible; a
  // shorter one is charged with doing the rest layer by layer, in SBUF where a layer fits whole.
  Choice BestLength(size_t i, const std::vector<int>& axes, int evict) const {
    std::vector<Choice> prefixes;
    for (auto group = groups_.Start(i, axes);
         group.has_value() && prefixes.size() < options_.longest_run;
         group = groups_.Extend(*group)) {
      const std::set<ValueId> read = BuffersRead(i, group->end());
      const std::vector<Place> places = PlacesAfter(evict, read);
      int64_t room = options_.budget;
      int64_t cycles = 0;
      for (const auto& [key, entry] : resident_) {
        const bool stays = evict == 0 || (evict == 1 && read.contains(key));
        room -= stays ? entry.bytes : 0;
        cycles += stays ? 0 : EvictCycles(entry.bytes);
      }
      if (CutsPartitions(*group, places) || !groups_.Fit(*group, room, places)) {
        break;
      }
      cycles += groups_.Cycles(*group, places);
      prefixes.push_back({*group, evict, cycles, 0.0});
    }
    Choice best;
    if (prefixes.empty()) {
      return best;
    }
    const Group longest = prefixes.back().group;
    // What follows a shorter run has its inputs in DRAM.
    const std::vector<Place> none(in_.values.size(), Place::kDram);
    int64_t rest = 0;
    int64_t ideal = 1;
    for (size_t k = longest.end(); k-- > i;) {
      Choice& choice = prefixes[k - i];
      choice.cycles += rest + LoadsOfWholes(i, k + 1, longest.end());
      // A view at the end is left out: it shows the joined parts just as well.
      if (choice.cycles < best.cycles && !footprint_.IsView(in_.layers[k])) {
        best = choice;
      }
      auto single = groups_.Start(k, longest.AxesOf(k - i));
      if (WholeBytes(k) <= options_.budget) {
        rest += groups_.WholeCycles(k);
      } else if (single.has_value() && groups_.Fit(*single, options_.budget, none)) {
        rest += groups_.Cycles(*single, none);
      }
      ideal += groups_.WholeCycles(k);
    }
    best.slowdown = static_cast<double>(best.cycles) / static_cast<double>(ideal);
    return best;
  }

  // Cycles to load what layers [first, split) make for those of [split, end) that fit whole.
  int64_t LoadsOfWholes(size_t first, size_t split, size_t end) const {
    std::set<ValueId> loaded;
    for (size_t i = first; i < split; ++i) {
      const ValueId made = in_.layers[i].outputs[0];
      for (size_t k = split; k < end; ++k) {
        if (std::ranges::count(in_.layers[k].inputs, made) != 0 &&
            WholeBytes(k) <= options_.budget) {
          loaded.insert(made);
        }
      }
    }
    int64_t cycles = 0;
    for (const ValueId id : loaded) {
      cycles += footprint_.StoreCycles(id, in_.value(id).shape);
    }
    return cycles;
  }

  // Weighs the ways to execute the section that starts with layer i in parts.
  std::optional<Choice> ChooseSection(size_t i) const {
    std::optional<Choice> best;
    if (!options_.sections) {
      return best;
    }
    for (Group group : sections_.From(i, options_.budget)) {
      for (const int evict : {0, 2}) {
        const std::vector<Place> places = PlacesAfter(evict, {});
        const int64_t resident = ResidentBytes();
        const int64_t moved = evict == 0 ? 0 : EvictCycles(resident);
        const int64_t room = options_.budget - (evict == 0 ? resident : 0);
        for (const bool keeps_weights : {true, false}) {
          group.keeps_weights = keeps_weights;
          if (CutsPartitions(group, places) || !groups_.Fit(group, room, places)) {
            continue;
          }
          const int64_t cycles = groups_.Cycles(group, places) + moved;
          if (!best.has_value() || cycles < best->cycles) {
            best = Choice{group, evict, cycles};
          }
        }
      }
    }
    return best;
  }

  Status TooLarge(size_t i) const {
    const Layer& layer = in_.layers[i];
    std::string tensors;
    for (const ValueId id : layer.inputs) {
      tensors += fmt::format("\n  {:>9} bytes  {} {}", footprint_.Bytes(id), in_.value(id).name,
                             ShapeToString(in_.value(id).shape));
    }
    const ValueId out = layer.outputs[0];
    tensors += fmt::format("\n  {:>9} bytes  {} {}", footprint_.Bytes(out), in_.value(out).name,
                           ShapeToString(in_.value(out).shape));
    return Status(
        StatusCode::kResourceExhausted,
        fmt::format("{}: its tensors do not fit SBUF, which holds {} bytes in each of {} "
                    "partitions, and it cannot be cut into parts that do; in each partition they "
                    "take:{}\nuse a configuration with a larger SBUF or a smaller input shape",
                    Describe(layer), config_.sbuf_bytes, config_.p, tensors));
  }

  // Values that leave the group and fit SBUF beside it stay there.
  std::set<ValueId> ResultsInSbuf(Group& group, const std::vector<Place>& places) {
    std::vector<ValueId> leaving;
    for (size_t i = group.first; i < group.end(); ++i) {
      const ValueId out = in_.layers[i].outputs[0];
      if (groups_.LeavesGroup(group, out) && !in_.value(out).is_output) {
        leaving.push_back(out);
      }
    }
    std::ranges::sort(leaving, {}, [&](ValueId id) { return footprint_.Bytes(id); });
    std::set<ValueId> kept;
    int64_t room = options_.budget - ResidentBytes();
    for (const ValueId id : leaving) {
      const int64_t left = room - footprint_.Bytes(id);
      Group smaller = group;
      const size_t index = Index(group, id);
      const bool cuts_partitions =
          std::ranges::count(group.AxesOf(index), footprint_.PartAxis(id)) != 0;
      if (left > 0 && !cuts_partitions && groups_.Fit(smaller, left, places) &&
          smaller.overlaps == group.overlaps && smaller.parts() <= 2 * group.parts()) {
        group = smaller;
        room = left;
        kept.insert(id);
      }
    }
    return kept;
  }

  size_t Index(const Group& group, ValueId out) const {
    for (size_t i = group.first; i < group.end(); ++i) {
      if (in_.layers[i].outputs[0] == out) {
        return i - group.first;
      }
    }
    return 0;
  }

  void EmitGroup(const Choice& choice) {
    Group group = choice.group;
    const std::set<ValueId> read = BuffersRead(group.first, group.end());
    std::vector<ValueId> victims;
    for (const auto& [key, entry] : resident_) {
      if (choice.evict == 2 || (choice.evict == 1 && !read.contains(key))) {
        victims.push_back(key);
      }
    }
    for (const ValueId key : victims) {
      Evict(key);
    }
    const std::set<ValueId> kept = ResultsInSbuf(group, PlacesAfter(0, read));
    for (size_t i = group.first; i < group.end(); ++i) {
      const ValueId out = in_.layers[i].outputs[0];
      if (!groups_.LeavesGroup(group, out)) {
        continue;
      }
      if (kept.contains(out)) {
        KeepInSbuf(out, out, footprint_.Bytes(out), LastUseOfViews(out));
      } else {
        out_.value(out).in_dram = true;
        home(out).dram = out;
      }
    }
    Slices slices;
    for (int64_t part = 0; part < group.parts(); ++part) {
      EmitPart(group, part, slices);
    }
  }

  // What a group loaded for parts that follow each other.
  struct Slice {
    std::vector<Range> ranges;
    ValueId as = kNoValue;
  };
  using Slices = std::map<std::pair<size_t, size_t>, Slice>;  // by layer and input

  void EmitPart(const Group& group, int64_t part, Slices& slices) {
    std::map<ValueId, LayerPart> made;
    std::map<ValueId, ValueId> as;
    for (const LayerPart& mine : groups_.PartsOf(group, part)) {
      const Layer& original = in_.layers[mine.layer];
      Layer layer = Named(mine.layer);
      layer.macs = part == 0 ? original.macs : 0;
      layer.loads_weights_again = !group.keeps_weights;
      layer.body = groups_.BodyOf(mine);
      for (size_t k = 0; k < original.inputs.size(); ++k) {
        const ValueId id = original.inputs[k];
        const Shape& shape = in_.value(id).shape;
        std::vector<Range> have;
        std::vector<Range> want;
        for (const int64_t size : shape) {
          have.push_back({0, size});
        }
        want = have;
        for (size_t c = 0; c < mine.along.size(); ++c) {
          const int axis = mine.along[c].needs[k].axis;
          if (axis >= 0) {
            want[static_cast<size_t>(axis)] = mine.along[c].in[k];
          }
        }
        if (!made.contains(id)) {
          const bool stays = groups_.StaysFor(group, mine, k) > 1;
          Slice& known = slices[{mine.layer, k}];
          if (known.as == kNoValue || !stays || known.ranges != want) {
            const ValueId from = home(id).sbuf != kNoValue ? home(id).sbuf : home(id).dram;
            known = {want, PartOf(id, from, have, want, mine.layer)};
          }
          layer.inputs.push_back(known.as);
          continue;
        }
        for (const ShareAlong& share : made[id].along) {
          have[static_cast<size_t>(share.out_axis)] = share.out;
        }
        layer.inputs.push_back(PartOf(id, as[id], have, want, mine.layer));
      }
      const ValueId out = original.outputs[0];
      std::vector<int64_t> starts(in_.value(out).shape.size(), 0);
      std::string which;
      for (const ShareAlong& share : mine.along) {
        starts[static_cast<size_t>(share.out_axis)] = share.out.low;
        which += fmt::format(" [{}:{}]", share.out.low, share.out.high);
      }
      as[out] = NewValue(in_.value(out), groups_.OutShape(mine), which);
      layer.outputs = {as[out]};
      out_.layers.push_back(std::move(layer));
      if (groups_.LeavesGroup(group, out)) {
        EmitStore(as[out], out, std::move(starts), static_cast<int>(mine.layer), group.overlaps);
      }
      made[out] = mine;
    }
  }

  // Indices `want` of `from`, which holds the indices `have` of the value `id`.
  ValueId PartOf(ValueId id, ValueId from, const std::vector<Range>& have,
                 const std::vector<Range>& want, size_t layer) {
    if (have == want) {
      return from;
    }
    Shape shape;
    std::vector<int64_t> starts;
    std::string which;
    for (size_t i = 0; i < want.size(); ++i) {
      shape.push_back(want[i].size());
      starts.push_back(want[i].low - have[i].low);
      which += have[i] == want[i] ? "" : fmt::format(" [{}:{}]", want[i].low, want[i].high);
    }
    Layer slice = Named(layer);
    slice.inputs = {from};
    slice.outputs = {NewValue(in_.value(id), shape, which)};
    slice.body = SliceLayer{std::move(starts), std::vector<int64_t>(shape.size(), 1)};
    out_.layers.push_back(slice);
    return slice.outputs[0];
  }

  // --- the new graph ----------------------------------------------------------------------------
  // A layer without operands that reports as layer i.
  Layer Named(size_t i) const {
    Layer layer;
    layer.name = in_.layers[i].name;
    layer.nodes = in_.layers[i].nodes;
    layer.origin = static_cast<int>(i);
    return layer;
  }

  ValueId NewValue(const Value& like, const Shape& shape, const std::string& suffix) {
    Value value;
    value.name = fmt::format("{}{} #{}", like.name, suffix, out_.values.size());
    value.type = like.type;
    value.shape = shape;
    value.quantization = like.quantization;
    out_.values.push_back(std::move(value));
    return static_cast<ValueId>(out_.values.size()) - 1;
  }

  void EmitStore(ValueId piece, ValueId whole, std::vector<int64_t> starts, int origin,
                 bool overlaps = false) {
    Layer store = Named(static_cast<size_t>(std::max(origin, 0)));
    store.inputs = {piece};
    store.outputs = {whole};
    store.body = StoreLayer{std::move(starts), overlaps};
    out_.layers.push_back(std::move(store));
  }

  const LayerGraph& in_;
  LayerGraph out_;
  const isa::Config& config_;
  const TileOptions& options_;
  const Footprint footprint_;
  const std::vector<size_t> last_use_;
  const GroupPlanner groups_;
  const Sections sections_;
  std::vector<Home> homes_;
  std::map<ValueId, Resident> resident_;
};

}  // namespace

bool HasSections(const LayerGraph& graph, const isa::Config& config, const TileOptions& options) {
  const Footprint footprint(graph, config, options.cost);
  return Sections(graph, footprint, LastUses(graph)).Any(options.budget);
}

Result<LayerGraph> FitToMemory(const LayerGraph& graph, const isa::Config& config,
                               const TileOptions& options) {
  return Tiler(graph, config, options).Run();
}

}  // namespace neuron::compiler
