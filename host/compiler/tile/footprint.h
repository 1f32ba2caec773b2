// SPDX-License-Identifier: Apache-2.0
// Estimates of what tensors and layers take of SBUF and of time, before anything is planned. All
// sizes are bytes of one partition. They may be wrong by a little: the memory plan has the last
// word (docs/compiler.md).
#ifndef NEURON_HOST_COMPILER_TILE_FOOTPRINT_H_
#define NEURON_HOST_COMPILER_TILE_FOOTPRINT_H_

#include <cstdint>
#include <vector>

#include "host/compiler/codegen/tiling.h"
#include "host/compiler/layer_graph.h"
#include "isa/cost/cost_model.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// What a layer makes a part of its output from.
struct PartShapes {
  std::vector<Shape> in;
  std::vector<bool> loaded;  // inputs that come from DRAM, in the layout that the layer wants
  Shape out;
  bool packs = true;  // with copies for packed taps where they pay
};

// Layouts of a graph's values as the lowerings will choose them.
class Footprint {
 public:
  // `cost`: of the memory that cycles are estimated for.
  Footprint(const LayerGraph& graph, const isa::Config& config, const isa::CostParameters& cost);

  // The axis that lies on partitions; -1: none.
  int PartAxis(ValueId value) const { return part_axis_[static_cast<size_t>(value)]; }
  // The axis that the layer wants on partitions.
  int WantedAxis(const Layer& layer, size_t input) const;
  // True for a movement that only makes another view of its input.
  bool IsView(const Layer& layer) const;
  // True for a movement that no partition layout can take and that goes through DRAM.
  bool LandsInDram(const Layer& layer) const;
  // The value that a view made by movement layers shows; the value itself otherwise.
  ValueId Root(ValueId value) const { return root_[static_cast<size_t>(value)]; }

  // The value, or its part with `shape`, in SBUF with the halo its readers want.
  int64_t Bytes(ValueId value, const Shape& shape) const;
  int64_t Bytes(ValueId value) const { return Bytes(value, graph_.value(value).shape); }
  // An input, or its part with `shape`, loaded from DRAM in the layout that the layer wants.
  int64_t LoadedBytes(const Layer& layer, size_t input, const Shape& shape) const;

  // True for a layer that may write its output over that input if nothing else reads it.
  bool WritesOver(const Layer& layer, size_t input) const;

  // Temporaries of a layer's part.
  int64_t Workspace(const Layer& layer, const PartShapes& part) const;
  // The weights for a part, and the most that one instruction needs at a time.
  int64_t Weights(const Layer& layer, const PartShapes& part) const;
  int64_t WeightChunk(const Layer& layer, const PartShapes& part) const;

  // Cycles of the engine that a part of the layer keeps busy longest.
  int64_t Cycles(const Layer& layer, const PartShapes& part) const;
  // Cycles to bring an input, or its part of shape `shape`, from DRAM, or a value to DRAM: in runs
  // of neighbours, each in beats of its own, and for reads in a burst of its own. What is
  // transposed on its way goes element by element, one a cycle: a slow memory takes longer, the
  // transposing path less.
  int64_t LoadCycles(const Layer& layer, size_t input, const Shape& shape) const;
  int64_t StoreCycles(ValueId value, const Shape& shape) const;
  // Cycles in which the memory passes this many bytes of each partition.
  int64_t TransferCycles(int64_t bytes) const;
  // True for a convolution that copies for packed taps would make faster if they were smaller.
  bool TooLargeToPack(const Layer& layer, const PartShapes& part) const;
  // Cycles of DMA on chip before the engine can start.
  int64_t CopyCycles(const Layer& layer, const PartShapes& part) const;

 private:
  int64_t Bytes(ValueId value, const Shape& shape, int part_axis) const;
  // Elements that are neighbours both in DRAM and in a partition, of a part of the value.
  int64_t RunLength(ValueId value, const Shape& shape, int part_axis) const;
  int64_t MoveCycles(ValueId value, const Shape& shape, int part_axis) const;
  // Of the array over each output position: taps that have no weights are left out.
  int64_t Passes(const Layer& layer, const MatrixLayer& matrix, const PartShapes& part) const;
  // Of the layer's copies for packed taps; 0 where it works without.
  int64_t PackedBytes(const MatrixLayer& matrix, const PartShapes& part) const;
  // Of one partition; each partition group's bytes are rounded up.
  int64_t BytesAs(const Shape& shape, int part_axis, int64_t element_bytes,
                  int64_t alignment = kGroupAlignment) const;
  int64_t ElementsAs(const Shape& shape, int part_axis) const;
  int OutputAxis(const Layer& layer) const;
  int OutputAxisOfPad(const Layer& layer, const PadLayer& pad) const;
  int64_t LayoutCopy(const Layer& layer, const PartShapes& part, size_t input, int wanted) const;
  int64_t MatrixWorkspace(const Layer& layer, const MatrixLayer& matrix,
                          const PartShapes& part) const;
  int64_t GatheredBytes(const ReduceLayer& reduce, Shape shape, int part_axis) const;
  int64_t BinaryWorkspace(const Layer& layer, const BinaryLayer& binary,
                          const PartShapes& part) const;

  const LayerGraph& graph_;
  const isa::Config& config_;
  const isa::CostParameters cost_;
  std::vector<int> part_axis_;
  std::vector<ValueId> root_;
  std::vector<bool> scattered_;            // innermost elements lie apart
  std::vector<Shape> halo_;                // total padding of each axis that readers want
  std::vector<std::vector<TapRun>> taps_;  // with weights, of the convolution that makes the value
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_TILE_FOOTPRINT_H_
