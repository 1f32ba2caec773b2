// SPDX-License-Identifier: Apache-2.0
// How a part of a layer's output follows from parts of its inputs, and the layer that makes just
// that part. Parts are ranges along one axis.
#ifndef NEURON_HOST_COMPILER_TILE_SLICING_H_
#define NEURON_HOST_COMPILER_TILE_SLICING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// Indices [low, high) of an axis.
struct Range {
  int64_t low = 0;
  int64_t high = 0;
  int64_t size() const { return high - low; }
  bool operator==(const Range&) const = default;
};

// The smallest range that holds both; an empty one adds nothing.
Range HullOf(const Range& a, const Range& b);

// What indices [low, high) of an output axis need of one input: indices
// [low * step / divide + first, (high - 1) * step / divide + first + span) of `axis`, rounded down,
// as far as they exist, and all of the input when `axis` is -1.
struct AxisNeed {
  int axis = -1;
  int64_t step = 1;
  int64_t first = 0;
  int64_t span = 1;
  int64_t divide = 1;
  int64_t phase = -1;  // not negative: just those with index * divide + phase in [low, high)
};

// The needs of each input (an absent one has axis -1) of a part along `out_axis`; nothing when the
// layer cannot be cut there.
std::optional<std::vector<AxisNeed>> NeedsOf(const LayerGraph& graph, const Layer& layer,
                                             int out_axis);

// `need` for the part `out` of an input axis with `size` indices.
Range NeededRange(const AxisNeed& need, const Range& out, int64_t size);

// The output axis whose parts need parts of axis `in_axis` of input `input`.
std::optional<int> FollowingAxis(const LayerGraph& graph, const Layer& layer, size_t input,
                                 int in_axis);

// The body of the layer that makes the part `out` of `out_axis` from inputs that are cut to what it
// needs. Pre: NeedsOf has a value for the axis.
LayerBody BodyOfPart(const LayerGraph& graph, const Layer& layer, int out_axis, const Range& out);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_SLICING_H_
