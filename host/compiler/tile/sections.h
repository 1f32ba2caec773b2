// SPDX-License-Identifier: Apache-2.0
// Sections of a graph: layers between two points at which only one tensor is handed on, such as the
// branches of a residual block.
#ifndef NEURON_HOST_COMPILER_TILE_SECTIONS_H_
#define NEURON_HOST_COMPILER_TILE_SECTIONS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "host/compiler/tile/footprint.h"
#include "host/compiler/tile/group.h"

namespace neuron::compiler {

class Sections {
 public:
  // `last_use[v]`: index of the last layer that reads value v, the number of layers for outputs.
  Sections(const LayerGraph& graph, const Footprint& footprint,
           const std::vector<size_t>& last_use);

  // Ways to cut the section that starts with layer `first`, one for each axis of the tensor that it
  // reads; none where no section starts, where it is short, and where its layers fit `budget` bytes
  // of each partition whole.
  std::vector<Group> From(size_t first, int64_t budget) const;

  bool Any(int64_t budget) const;

 private:
  size_t End(size_t first) const;
  // The one tensor from before that layers [first, end) read; nothing where there are more.
  std::optional<ValueId> Source(size_t first, size_t end) const;
  std::optional<Group> CutAlong(size_t first, size_t end, ValueId source, int axis) const;

  const LayerGraph& graph_;
  const Footprint& footprint_;
  std::vector<int64_t> handed_on_;   // tensors made before each layer and read from it on
  std::vector<int64_t> live_bytes_;  // of each partition, while each layer is executed whole
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_SECTIONS_H_
