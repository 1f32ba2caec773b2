// SPDX-License-Identifier: Apache-2.0
// A run of consecutive layers that is executed part by part along one axis, and what that takes.
#ifndef NEURON_HOST_COMPILER_TILE_GROUP_H_
#define NEURON_HOST_COMPILER_TILE_GROUP_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "host/compiler/tile/footprint.h"
#include "host/compiler/tile/slicing.h"
#include "host/compiler/tile/tile.h"

namespace neuron::compiler {

// One layer's share in one part.
struct LayerPart {
  size_t layer = 0;  // index in the graph
  int out_axis = 0;
  Range out;
  std::vector<AxisNeed> needs;  // of each input
  std::vector<Range> in;        // along each need's axis
};

// Layers [first, first + axes.size()); axes[i] is the axis along which layer first + i is cut.
struct Group {
  size_t first = 0;
  std::vector<int> axes;
  int64_t parts = 1;
  bool overlaps = true;  // loads and stores of neighbouring parts go on while one is made
  bool packs = true;     // room is left for the copies of packed taps

  size_t end() const { return first + axes.size(); }
};

// Where a value lies when a group starts.
enum class Place { kSbuf, kDram };

class GroupPlanner {
 public:
  // `last_use[v]`: index of the last layer that reads value v, the number of layers for outputs.
  GroupPlanner(const LayerGraph& graph, const isa::Config& config, const Footprint& footprint,
               const TileOptions& options, const std::vector<size_t>& last_use)
      : graph_(graph),
        config_(config),
        footprint_(footprint),
        options_(options),
        last_use_(last_use) {}

  // The group of layer `first` alone, cut along `axis`; nothing when it cannot be.
  std::optional<Group> Start(size_t first, int axis) const;
  // The group with one more layer; nothing when that layer's parts do not match.
  std::optional<Group> Extend(const Group& group) const;

  // What every layer does in part `part`, in the order of execution.
  std::vector<LayerPart> PartsOf(const Group& group, int64_t part) const;

  // Sets the smallest number of parts that fits `room` bytes, with packed taps and overlap or
  // without, whichever is estimated to be faster; false when none fits. Values of `places` that lie
  // in DRAM are loaded part by part.
  bool Fit(Group& group, int64_t room, const std::vector<Place>& places) const;

  // True when a layer after the group or the user reads the value.
  bool LeavesGroup(const Group& group, ValueId value) const;

  // Estimated cycles of the whole group, with loads and stores.
  int64_t Cycles(const Group& group, const std::vector<Place>& places) const;

  // Cycles of a layer in one piece with everything in SBUF.
  int64_t WholeCycles(size_t layer) const;

  std::vector<Shape> InShapes(const LayerPart& part) const;
  // Of a part whose inputs come from earlier layers of the group, from SBUF or from DRAM.
  PartShapes ShapesOf(const Group& group, const LayerPart& part,
                      const std::vector<Place>& places) const;
  Shape OutShape(const LayerPart& part) const;

 private:
  int64_t PeakBytes(const Group& group, const std::vector<Place>& places) const;
  int64_t AxisSize(const Group& group, size_t i) const;
  int64_t Units(const Group& group, size_t i) const;
  int64_t LargestPart(const Group& group) const;
  // True when no convolution's part is too large for packed taps that would pay.
  bool PacksAll(const Group& group, const std::vector<Place>& places) const;
  bool FitParts(Group& group, int64_t room, const std::vector<Place>& places) const;

  const LayerGraph& graph_;
  const isa::Config& config_;
  const Footprint& footprint_;
  const TileOptions& options_;
  const std::vector<size_t>& last_use_;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_GROUP_H_
