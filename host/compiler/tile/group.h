// SPDX-License-Identifier: Apache-2.0
// A run of consecutive layers that is executed part by part along one axis or two, and what that
// takes.
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

// What a layer's share is along one cut.
struct ShareAlong {
  int out_axis = 0;
  Range out;
  std::vector<AxisNeed> needs;  // of each input
  std::vector<Range> in;        // along each need's axis
};

// One layer's share in one part: one entry for each cut of the group.
struct LayerPart {
  size_t layer = 0;  // index in the graph
  std::vector<ShareAlong> along;
};

// axes[i] is the output axis along which the i-th layer of a group is cut.
struct AxisCut {
  std::vector<int> axes;
  int64_t parts = 1;
};

// Layers [first, end()), cut along one axis or along two at once. Parts are numbered like the
// elements of a matrix: the last cut's index counts fastest.
struct Group {
  size_t first = 0;
  std::vector<AxisCut> cuts;
  bool overlaps = true;       // loads and stores of neighbouring parts go on while one is made
  bool keeps_weights = true;  // small ones stay for all parts
  bool packs = true;          // room is left for the copies of packed taps

  size_t size() const { return cuts[0].axes.size(); }
  size_t end() const { return first + size(); }
  int64_t parts() const {
    int64_t count = 1;
    for (const AxisCut& cut : cuts) {
      count *= cut.parts;
    }
    return count;
  }
  // Axes of the i-th layer, one of each cut.
  std::vector<int> AxesOf(size_t i) const {
    std::vector<int> axes;
    for (const AxisCut& cut : cuts) {
      axes.push_back(cut.axes[i]);
    }
    return axes;
  }
};

// Where a value lies when a group starts.
enum class Place { kSbuf, kDram };

class GroupPlanner {
 public:
  // `last_use[v]`: index of the last layer that reads value v, the number of layers for outputs.
  GroupPlanner(const LayerGraph& graph, const isa::Config& config, const Footprint& footprint,
               const TileOptions& options, const std::vector<size_t>& last_use);

  // The group of layer `first` alone, cut along `axes`; nothing when it cannot be.
  std::optional<Group> Start(size_t first, const std::vector<int>& axes) const;
  // The group with one more layer; nothing when that layer's parts do not match.
  std::optional<Group> Extend(const Group& group) const;

  // What every layer does in part `part`, in the order of execution.
  std::vector<LayerPart> PartsOf(const Group& group, int64_t part) const;

  // Sets the smallest number of parts that fits `room` bytes, with packed taps and overlap or
  // without, and of two cuts each as often as is estimated to be fastest; false when none fits.
  // Values of `places` that lie in DRAM are loaded part by part.
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
  // The layer's body for its part.
  LayerBody BodyOf(const LayerPart& part) const;
  // Parts that follow each other and read the same of an input.
  int64_t StaysFor(const Group& group, const LayerPart& part, size_t input) const;

 private:
  // Parts that follow each other and have the same weights.
  int64_t WeightsStayFor(const Group& group, const LayerPart& part) const;
  int64_t PeakBytes(const Group& group, const std::vector<Place>& places) const;
  int64_t AxisSize(size_t layer, int axis) const;
  int64_t Units(size_t layer, int axis) const;
  int64_t MostParts(const Group& group, const AxisCut& cut) const;
  int64_t LargestPart(const Group& group, const AxisCut& cut) const;
  int64_t LargestPart(const Group& group) const;
  std::vector<ShareAlong> SharesAlong(const Group& group, const AxisCut& cut, int64_t index) const;
  // False when two cuts want one axis of one tensor.
  bool CutsDiffer(size_t layer, const std::vector<int>& axes) const;
  std::optional<int> AxisOfNext(const Group& group, const AxisCut& cut) const;
  // True when no convolution's part is too large for packed taps that would pay.
  bool PacksAll(const Group& group, const std::vector<Place>& places) const;
  bool Fits(const Group& group, int64_t room, const std::vector<Place>& places) const;
  bool FitParts(Group& group, int64_t room, const std::vector<Place>& places) const;
  // Sets the smallest number of parts of the last cut that fits.
  bool FitLastCut(Group& group, int64_t room, const std::vector<Place>& places) const;

  const LayerGraph& graph_;
  const isa::Config& config_;
  const Footprint& footprint_;
  const TileOptions& options_;
  const std::vector<size_t>& last_use_;
  const int64_t start_cycles_;  // of a layer's part, besides its elements
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_GROUP_H_
