// SPDX-License-Identifier: Apache-2.0
// Sizes and layouts that the lowerings and the estimates of host/compiler/tile agree on.
#ifndef NEURON_HOST_COMPILER_CODEGEN_TILING_H_
#define NEURON_HOST_COMPILER_CODEGEN_TILING_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/compiler/layer_graph.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// Bytes of a PSUM element, a bias and a scale.
inline constexpr int64_t kWordBytes = 4;

// What lies on the next partition groups starts at multiples of this many bytes.
inline constexpr int64_t kGroupAlignment = 16;

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t AlignUp(int64_t value, int64_t to) { return CeilDiv(value, to) * to; }

// The longest axis that `axes` lack, the first of several; -1 for none.
int LargestAxisBut(const Shape& shape, const std::vector<int>& axes);

// Output positions of one tile of a layer with this many: few enough that the next layer can start
// before this one has ended, enough to hide weight loading, at most one PSUM bank.
int64_t PositionLimit(const isa::Config& config, int64_t positions);

// Weights of consecutive column tiles are loaded together up to this many bytes of a partition; one
// column tile's are loaded in slices of about LargestWeightSlice at most.
inline constexpr int64_t kSmallestWeightChunk = 1024;
inline int64_t LargestWeightSlice(const isa::Config& config) { return config.sbuf_bytes / 5; }

// Taps side by side along the kernel's width that a convolution from [N, C, H, W] (or [N, C, W])
// gives to the array in one pass, each on C partitions of its own; 1 where channels leave no room.
int64_t SharedTaps(const isa::Config& config, const MatrixLayer& matrix, const Shape& in);

// Neighbouring taps of a row of a kernel.
struct TapRun {
  int64_t first = 0;
  int64_t count = 0;
};

// The taps of a kernel's row of `width` that have weights other than zero, which are those that the
// array walks; the first where none has.
std::vector<TapRun> TapsWithWeights(const MatrixLayer& matrix, int64_t width);

// A convolution of few input channels is run as a 1x1 one on copies of its input, one for each tap,
// where that is faster than shared taps and they take no more than half of SBUF. The bytes of a
// partition that the copies take; 0 where they would not pay.
int64_t PackedTapBytes(const isa::Config& config, const MatrixLayer& matrix, const Shape& in,
                       const Shape& out);
inline bool FitsPacked(const isa::Config& config, int64_t packed_tap_bytes) {
  return packed_tap_bytes > 0 && packed_tap_bytes < config.sbuf_bytes / 2;
}

// Tiles of a product that wait at the same time to be stored as 8-bit steps of a function's
// results.
inline constexpr int64_t kWaitingTiles = 3;

// Blocks of rows that a normalisation works on at the same time.
inline constexpr int64_t kNormalizeBlocks = 2;

// Buffers for rows of exponentials, `row_bytes` each, in which the engines of a softmax over `rows`
// rows work at the same time.
inline int64_t SoftmaxRowBuffers(int64_t row_bytes, int64_t rows) {
  constexpr int64_t kBytes = 4096;
  return std::min(rows, std::clamp<int64_t>(kBytes / row_bytes, 2, 8));
}

// What is left of an axis of `parts` indices on partitions when each partition has reduced its own:
// an index for each partition. Of few groups all are left: that takes an instruction less.
inline int64_t PartsToGather(const isa::Config& config, int64_t parts) {
  constexpr int64_t kFewGroups = 8;
  return parts > kFewGroups * config.p ? config.p : parts;
}

// Elements per partition of one element-by-element instruction: few enough for engines to overlap
// on a layer; and of one step of several (element_chain.h): fewer where SBUF is small.
inline constexpr int64_t kTileElements = 512;
int64_t ChainTileElements(const isa::Config& config);

// The axis of a padded tensor of shape `out` that lies on partitions: `preferred`, the input's, or
// else the one with the fewest bytes in a partition, among those whose first input index lands in
// partition 0. -1: no axis does, and the tensor is put together in DRAM.
int PaddedPartAxis(const isa::Config& config, const PadLayer& pad, const Shape& out, int preferred);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_TILING_H_
