// SPDX-License-Identifier: Apache-2.0
// Where a value lies: a strided picture of a tensor in SBUF or in a DRAM segment. Transposing,
// slicing and most reshapes only make another view of the same bytes.
#ifndef NEURON_HOST_COMPILER_CODEGEN_VIEW_H_
#define NEURON_HOST_COMPILER_CODEGEN_VIEW_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "host/compiler/codegen/hazard.h"
#include "host/ops/host_tensor.h"
#include "neuron/isa.h"

namespace neuron::compiler {

using BufferId = int;
inline constexpr BufferId kNoBuffer = -1;

// From a partition to the next in DMA's addresses of SBUF.
inline constexpr int64_t kPartitionStep = int64_t{1} << isa::kSbufPartitionShift;

// In SBUF, index i of `part_axis` lies in partition i % P, group i / P; groups are group_stride
// bytes apart. part_axis = -1: everything lies in partition 0. In DRAM, part_axis is -1.
struct View {
  isa::Space space = isa::Space::kSbuf;
  isa::Dtype dtype = isa::Dtype::kFp32;
  int32_t zero_point = 0;  // what padding stores for 8-bit types
  Shape shape;
  std::vector<int64_t> strides;  // bytes for each axis; unused for part_axis; 0: broadcast
  int part_axis = -1;
  int64_t group_stride = 0;
  BufferId buffer = kNoBuffer;     // SBUF
  uint32_t segment = 0;            // DRAM
  int64_t offset = 0;              // bytes in the buffer or segment
  int64_t origin = 0;              // DRAM: where the tensor that this is a part of starts
  std::vector<int64_t> halo_low;   // initialised padding elements before each axis
  std::vector<int64_t> halo_high;  // and after it

  int rank() const { return static_cast<int>(shape.size()); }
  int64_t element_bytes() const;
  int64_t parts() const { return part_axis < 0 ? 1 : shape[static_cast<size_t>(part_axis)]; }
};

int64_t DtypeBytes(isa::Dtype dtype);
// The engine type that stores a host type; nullopt for types no engine reads (int16, float64). Of
// an int64 in DRAM engines see the low 32 bits; kBool is stored as 0 or 1.
std::optional<isa::Dtype> EngineType(ElementType type);

// Row-major strides in bytes.
std::vector<int64_t> RowMajorStrides(std::span<const int64_t> shape, int64_t element_bytes);

// The view of output axis i = input axis perm[i].
View Transposed(const View& view, std::span<const int> perm);
// The part of the view that starts at `start` with `size` elements in each axis; a partition axis
// must start at a multiple of `partitions`. Halo stays where the part reaches the view's edge.
View Sliced(const View& view, std::span<const int64_t> start, std::span<const int64_t> size,
            int64_t partitions);
// The same elements in row-major order under another shape, if strides allow it without a copy. The
// axis on partitions may be split, or joined with the axes before it, where its last part is a
// multiple of `partitions`.
std::optional<View> Reshaped(const View& view, const Shape& shape, int64_t partitions);
// False when two parts of a DRAM segment have no element in common.
bool MayOverlap(const View& a, const View& b);
// NumPy broadcasting to `shape`; nullopt when the partition axis would have to be copied.
std::optional<View> BroadcastTo(const View& view, const Shape& shape);

// One rectangular piece of work on up to eight operands: `part_count` partitions, up to `max_dims`
// free dimensions with the same sizes for all operands.
struct Tile {
  int64_t part_count = 1;
  std::vector<int64_t> sizes;                 // innermost first, max_dims entries
  std::vector<int64_t> base;                  // per operand: byte offset from the view's buffer
  std::vector<std::vector<int64_t>> strides;  // per operand, per dimension
  int64_t elements() const;
};

// Cuts operands of one shape and one partition axis into tiles of at most `max_elements` elements
// per partition (0: no limit) and `max_dims` dimensions. Operand 0 orders the dimensions.
std::vector<Tile> TilesOf(std::span<const View* const> operands, int64_t partitions, int max_dims,
                          int64_t max_elements);

// A DMA between two views of the same shape.
struct CopyPiece {
  int64_t src_base = 0;  // DMA address relative to the view's buffer or segment
  int64_t dst_base = 0;
  std::vector<int64_t> sizes;  // innermost first, four entries
  std::vector<int64_t> src_strides;
  std::vector<int64_t> dst_strides;
};
std::vector<CopyPiece> CopyPieces(const View& src, const View& dst, int64_t partitions);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_VIEW_H_
