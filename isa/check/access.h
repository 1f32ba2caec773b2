// SPDX-License-Identifier: Apache-2.0
// The memory accesses of one instruction as affine patterns, from its encoded words alone. The
// checker, the race detector and the cost model all read these lists. Pure functions.
#ifndef NEURON_ISA_CHECK_ACCESS_H_
#define NEURON_ISA_CHECK_ACCESS_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "neuron/isa.h"

namespace neuron::isa {

// Large enough for every sum of a base and strides times sizes.
using WideInt = __int128;

// `count` positions, `stride` bytes apart.
struct AccessDim {
  int64_t count = 1;
  int64_t stride = 0;
};

// One operand of an instruction: elements of `element_bytes` at base + sum(i_d * stride_d).
struct Access {
  const char* role = "";  // "in0", "stationary", "destination", ...
  Space space = Space::kSbuf;
  bool write = false;
  // false: `base` is a byte address in each partition of the window. true: `base` is a DMA address,
  // that is (partition << 20) | offset on SBUF and an offset in `segment` on DRAM.
  bool dma = false;
  uint32_t part_start = 0;
  uint32_t part_count = 1;
  uint32_t segment = 0;
  uint32_t element_bytes = 4;
  int64_t base = 0;
  uint32_t dim_count = 0;
  std::array<AccessDim, 6> dims = {};  // innermost first

  void AddDim(int64_t count, int64_t stride) { dims[dim_count++] = {count, stride}; }
};

// Lowest and highest byte of a pattern and whether base and used strides are multiples of the
// element size.
struct AccessExtent {
  WideInt low = 0;
  WideInt high = 0;
  bool aligned = true;
};

// The extent of an access; of one partition for engine accesses.
AccessExtent ExtentOf(const Access& access);

// Extents of the partition part and of the offset part of a DMA access on SBUF. A stride counts as
// partitions * 2^20 + bytes with bytes in [-2^19, 2^19).
struct DmaSbufExtent {
  AccessExtent partition;
  AccessExtent offset;
};
DmaSbufExtent DmaSbufExtentOf(const Access& access);

// Splits a DMA stride on SBUF into whole partitions and bytes.
struct DmaStride {
  int64_t partitions;
  int64_t bytes;
};
DmaStride SplitDmaStride(int64_t stride);

// The operands of an instruction with legal fields (CheckInstruction found nothing of kind
// illegal_instruction), in the order in which they are checked. An indirect DMA source is listed
// with index_limit rows. Sources that are padding only are not listed.
std::vector<Access> AccessesOf(std::span<const uint32_t> words);

}  // namespace neuron::isa

#endif  // NEURON_ISA_CHECK_ACCESS_H_
