// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/view.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace neuron::compiler {
namespace {

constexpr size_t kDmaDims = 4;

// A dimension seen by several operands at once.
struct JointDim {
  int64_t size = 1;
  std::vector<int64_t> strides;
};

// Drops dimensions of one element and joins neighbours that every operand walks as one.
void Collapse(std::vector<JointDim>& dims) {
  std::erase_if(dims, [](const JointDim& dim) { return dim.size == 1; });
  for (size_t i = 0; i + 1 < dims.size();) {
    bool joins = true;
    for (size_t k = 0; k < dims[i].strides.size(); ++k) {
      joins = joins && dims[i + 1].strides[k] == dims[i].strides[k] * dims[i].size;
    }
    if (joins) {
      dims[i].size *= dims[i + 1].size;
      dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else {
      ++i;
    }
  }
}

// Calls body with every combination of indices of dims[first..].
void ForEachOuter(const std::vector<JointDim>& dims, size_t first,
                  const std::function<void(const std::vector<int64_t>&)>& body) {
  const size_t operands = dims.empty() ? 0 : dims[0].strides.size();
  std::vector<int64_t> index(dims.size(), 0);
  while (true) {
    std::vector<int64_t> shift(operands, 0);
    for (size_t d = first; d < dims.size(); ++d) {
      for (size_t k = 0; k < operands; ++k) {
        shift[k] += index[d] * dims[d].strides[k];
      }
    }
    body(shift);
    size_t d = first;
    while (d < dims.size() && ++index[d] == dims[d].size) {
      index[d++] = 0;
    }
    if (d >= dims.size()) {
      return;
    }
  }
}

// Splits the partition axis into whole groups and the rest: {first index, groups, partitions}.
struct PartBlock {
  int64_t first_group = 0;
  int64_t groups = 1;
  int64_t count = 1;
};
std::vector<PartBlock> PartBlocks(int64_t parts, int64_t partitions) {
  std::vector<PartBlock> blocks;
  const int64_t whole = parts / partitions;
  if (whole > 0) {
    blocks.push_back({0, whole, partitions});
  }
  if (parts % partitions != 0) {
    blocks.push_back({whole, 1, parts % partitions});
  }
  return blocks;
}

}  // namespace

int64_t DtypeBytes(isa::Dtype dtype) {
  switch (dtype) {
    case isa::Dtype::kFp32:
    case isa::Dtype::kInt32:
      return 4;
    case isa::Dtype::kBf16:
    case isa::Dtype::kFp16:
      return 2;
    case isa::Dtype::kInt8:
    case isa::Dtype::kUint8:
      return 1;
  }
  return 4;
}

int64_t View::element_bytes() const { return DtypeBytes(dtype); }

std::optional<isa::Dtype> EngineType(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return isa::Dtype::kFp32;
    case ElementType::kFloat16:
      return isa::Dtype::kFp16;
    case ElementType::kBfloat16:
      return isa::Dtype::kBf16;
    case ElementType::kInt8:
      return isa::Dtype::kInt8;
    case ElementType::kUint8:
    case ElementType::kBool:
      return isa::Dtype::kUint8;
    case ElementType::kInt32:
    case ElementType::kInt64:
      return isa::Dtype::kInt32;
    default:
      return std::nullopt;
  }
}

std::vector<int64_t> RowMajorStrides(std::span<const int64_t> shape, int64_t element_bytes) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = element_bytes;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

View Transposed(const View& view, std::span<const int> perm) {
  View result = view;
  for (size_t i = 0; i < perm.size(); ++i) {
    const auto from = static_cast<size_t>(perm[i]);
    result.shape[i] = view.shape[from];
    result.strides[i] = view.strides[from];
    result.halo_low[i] = view.halo_low[from];
    result.halo_high[i] = view.halo_high[from];
    if (view.part_axis == perm[i]) {
      result.part_axis = static_cast<int>(i);
    }
  }
  return result;
}

View Sliced(const View& view, std::span<const int64_t> start, std::span<const int64_t> size,
            int64_t partitions) {
  View result = view;
  for (size_t i = 0; i < start.size(); ++i) {
    result.shape[i] = size[i];
    if (static_cast<int>(i) == view.part_axis) {
      result.offset += start[i] / partitions * view.group_stride;
    } else {
      result.offset += start[i] * view.strides[i];
    }
    if (start[i] != 0) {
      result.halo_low[i] = 0;
    }
    if (start[i] + size[i] != view.shape[i]) {
      result.halo_high[i] = 0;
    }
  }
  return result;
}

namespace {

// Index of the view's first element along each axis of the whole tensor, axes in order of falling
// stride; nothing when an axis is walked backwards or not at all.
std::optional<std::vector<int64_t>> StartInTensor(const View& view) {
  std::vector<size_t> axes(view.shape.size());
  std::iota(axes.begin(), axes.end(), size_t{0});
  std::ranges::stable_sort(axes, std::greater<>{}, [&](size_t i) { return view.strides[i]; });
  std::vector<int64_t> start(view.shape.size(), 0);
  int64_t rest = view.offset - view.origin;
  for (const size_t axis : axes) {
    if (view.strides[axis] <= 0) {
      return std::nullopt;
    }
    start[axis] = rest / view.strides[axis];
    rest %= view.strides[axis];
  }
  return start;
}

Interval HullOf(const View& view) {
  Interval hull{view.offset, view.offset + view.element_bytes()};
  for (size_t i = 0; i < view.shape.size(); ++i) {
    const int64_t reach = (view.shape[i] - 1) * view.strides[i];
    (reach < 0 ? hull.low : hull.high) += reach;
  }
  return hull;
}

}  // namespace

bool MayOverlap(const View& a, const View& b) {
  const Interval x = HullOf(a);
  const Interval y = HullOf(b);
  if (a.segment != b.segment || x.high <= y.low || y.high <= x.low) {
    return false;
  }
  if (a.origin != b.origin || a.strides != b.strides) {
    return true;
  }
  const auto from_a = StartInTensor(a);
  const auto from_b = StartInTensor(b);
  if (!from_a.has_value() || !from_b.has_value()) {
    return true;
  }
  for (size_t i = 0; i < a.shape.size(); ++i) {
    if ((*from_a)[i] + a.shape[i] <= (*from_b)[i] || (*from_b)[i] + b.shape[i] <= (*from_a)[i]) {
      return false;
    }
  }
  return true;
}

namespace {

// The axes of more than one element in [begin, end).
std::vector<size_t> WideAxes(const Shape& shape, size_t begin, size_t end) {
  std::vector<size_t> axes;
  for (size_t i = begin; i < end; ++i) {
    if (shape[i] != 1) {
      axes.push_back(i);
    }
  }
  return axes;
}

// Gives `targets` of result the elements of `sources`, of which the last lies on partitions. False
// when the groups of partitions do not follow one another evenly.
bool ReshapePartitions(const View& view, std::span<const size_t> sources,
                       std::span<const size_t> targets, int64_t partitions, View& result) {
  const int64_t from = view.shape[sources.back()];
  const int64_t to = result.shape[targets.back()];
  const bool same = sources.size() == 1 && targets.size() == 1;
  if (static_cast<int>(sources.back()) != view.part_axis ||
      (!same && (from % partitions != 0 || to % partitions != 0))) {
    return false;
  }
  int64_t step = from / partitions * view.group_stride;
  for (size_t k = sources.size() - 1; k-- > 0;) {
    if (view.strides[sources[k]] != step) {
      return false;
    }
    step *= view.shape[sources[k]];
  }
  result.part_axis = static_cast<int>(targets.back());
  step = to / partitions * view.group_stride;
  for (size_t k = targets.size() - 1; k-- > 0;) {
    result.strides[targets[k]] = step;
    step *= result.shape[targets[k]];
  }
  return true;
}

}  // namespace

std::optional<View> Reshaped(const View& view, const Shape& shape, int64_t partitions) {
  View result = view;
  result.shape = shape;
  result.strides.assign(shape.size(), 0);
  result.halo_low.assign(shape.size(), 0);
  result.halo_high.assign(shape.size(), 0);
  result.part_axis = -1;
  const bool on_partitions =
      view.space == isa::Space::kSbuf && view.part_axis >= 0 && view.parts() > 1;
  size_t from = 0;
  size_t to = 0;
  // Walk both shapes in blocks of equal element counts.
  while (from < view.shape.size() || to < shape.size()) {
    size_t from_end = from;
    size_t to_end = to;
    int64_t from_count = from < view.shape.size() ? view.shape[from_end++] : 1;
    int64_t to_count = to < shape.size() ? shape[to_end++] : 1;
    while (from_count != to_count) {
      if (from_count < to_count) {
        from_count *= view.shape[from_end++];
      } else {
        to_count *= shape[to_end++];
      }
    }
    // Axes of one element carry no address.
    const std::vector<size_t> sources = WideAxes(view.shape, from, from_end);
    const bool has_partition = on_partitions && std::ranges::any_of(sources, [&](size_t i) {
                                 return static_cast<int>(i) == view.part_axis;
                               });
    if (has_partition) {
      if (!ReshapePartitions(view, sources, WideAxes(shape, to, to_end), partitions, result)) {
        return std::nullopt;
      }
    } else if (!sources.empty()) {
      for (size_t k = 0; k + 1 < sources.size(); ++k) {
        if (view.strides[sources[k]] != view.strides[sources[k + 1]] * view.shape[sources[k + 1]]) {
          return std::nullopt;
        }
      }
      int64_t step = view.strides[sources.back()];
      for (size_t i = to_end; i-- > to;) {
        result.strides[i] = step;
        step *= shape[i];
      }
    }
    from = from_end;
    to = to_end;
  }
  return result;
}

std::optional<View> BroadcastTo(const View& view, const Shape& shape) {
  View result = view;
  const size_t lead = shape.size() - view.shape.size();
  result.shape = shape;
  result.strides.assign(shape.size(), 0);
  result.halo_low.assign(shape.size(), 0);
  result.halo_high.assign(shape.size(), 0);
  result.part_axis = view.part_axis < 0 ? -1 : view.part_axis + static_cast<int>(lead);
  for (size_t i = 0; i < view.shape.size(); ++i) {
    if (view.shape[i] == shape[lead + i]) {
      result.strides[lead + i] = view.strides[i];
    } else if (static_cast<int>(i) == view.part_axis) {
      return std::nullopt;
    }
  }
  return result;
}

int64_t Tile::elements() const {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

std::vector<Tile> TilesOf(std::span<const View* const> operands, int64_t partitions, int max_dims,
                          int64_t max_elements) {
  const View& lead = *operands[0];
  std::vector<Tile> tiles;
  for (const PartBlock& block : PartBlocks(lead.parts(), partitions)) {
    std::vector<JointDim> dims;
    for (int axis = lead.rank(); axis-- > 0;) {
      if (axis == lead.part_axis) {
        continue;
      }
      JointDim dim{lead.shape[static_cast<size_t>(axis)], {}};
      for (const View* view : operands) {
        dim.strides.push_back(view->strides[static_cast<size_t>(axis)]);
      }
      dims.push_back(std::move(dim));
    }
    JointDim groups{block.groups, {}};
    std::vector<int64_t> origin;
    for (const View* view : operands) {
      groups.strides.push_back(view->group_stride);
      origin.push_back(view->offset + block.first_group * view->group_stride);
    }
    dims.push_back(std::move(groups));
    Collapse(dims);
    if (dims.empty()) {
      dims.push_back({1, std::vector<int64_t>(operands.size(), 0)});
    }
    // Keep inner dimensions whole while they fit, split the next one evenly.
    size_t kept = 0;
    int64_t count = 1;
    while (kept < dims.size() && kept < static_cast<size_t>(max_dims) &&
           (max_elements == 0 || count * dims[kept].size <= max_elements)) {
      count *= dims[kept++].size;
    }
    int64_t chunk = 0;
    if (kept < dims.size() && kept < static_cast<size_t>(max_dims)) {
      const int64_t limit = std::max<int64_t>(1, max_elements / count);
      const int64_t pieces = (dims[kept].size + limit - 1) / limit;
      chunk = (dims[kept].size + pieces - 1) / pieces;
    }
    const size_t outer = chunk > 0 ? kept + 1 : kept;
    ForEachOuter(dims, outer, [&](const std::vector<int64_t>& shift) {
      for (int64_t start = 0; start < (chunk > 0 ? dims[kept].size : 1);
           start += std::max<int64_t>(chunk, 1)) {
        Tile tile;
        tile.part_count = block.count;
        tile.sizes.assign(static_cast<size_t>(max_dims), 1);
        tile.strides.assign(operands.size(),
                            std::vector<int64_t>(static_cast<size_t>(max_dims), 0));
        tile.base = origin;
        for (size_t k = 0; k < operands.size(); ++k) {
          tile.base[k] += shift[k] + (chunk > 0 ? start * dims[kept].strides[k] : 0);
          for (size_t d = 0; d < outer; ++d) {
            tile.strides[k][d] = dims[d].strides[k];
          }
        }
        for (size_t d = 0; d < kept; ++d) {
          tile.sizes[d] = dims[d].size;
        }
        if (chunk > 0) {
          tile.sizes[kept] = std::min(chunk, dims[kept].size - start);
        }
        tiles.push_back(std::move(tile));
      }
    });
  }
  return tiles;
}

std::vector<CopyPiece> CopyPieces(const View& src, const View& dst, int64_t partitions) {
  const View* sides[2] = {&src, &dst};
  const std::vector<PartBlock> whole = {{0, 1, 1}};
  auto blocks_of = [&](const View& view) {
    return view.part_axis < 0 ? whole : PartBlocks(view.parts(), partitions);
  };
  std::vector<CopyPiece> pieces;
  const bool same_axis = src.part_axis >= 0 && src.part_axis == dst.part_axis;
  for (const PartBlock& src_block : blocks_of(src)) {
    for (const PartBlock& dst_block :
         same_axis ? std::vector<PartBlock>{src_block} : blocks_of(dst)) {
      std::vector<JointDim> dims;
      int64_t base[2] = {src.offset, dst.offset};
      for (int axis = src.rank(); axis-- > 0;) {
        const auto a = static_cast<size_t>(axis);
        const bool split[2] = {axis == src.part_axis, axis == dst.part_axis};
        const PartBlock* block = split[0] ? &src_block : split[1] ? &dst_block : nullptr;
        if (block == nullptr) {
          dims.push_back({src.shape[a], {src.strides[a], dst.strides[a]}});
          continue;
        }
        JointDim inside{block->count, {}};
        JointDim groups{block->groups, {}};
        for (int side = 0; side < 2; ++side) {
          const View& view = *sides[side];
          const int64_t step = split[side] ? view.group_stride : view.strides[a] * partitions;
          inside.strides.push_back(split[side] ? kPartitionStep : view.strides[a]);
          groups.strides.push_back(step);
          base[side] += block->first_group * step;
        }
        dims.push_back(std::move(inside));
        dims.push_back(std::move(groups));
      }
      std::erase_if(dims, [](const JointDim& dim) { return dim.size == 1; });
      // Contiguous runs innermost: on both sides, else in DRAM, else at the destination.
      auto rank_of = [&](const JointDim& dim) {
        const bool s = dim.strides[0] == src.element_bytes();
        const bool d = dim.strides[1] == dst.element_bytes();
        const bool s_dram = src.space == isa::Space::kDram;
        const bool d_dram = dst.space == isa::Space::kDram;
        return (s && d) ? 0 : ((s && s_dram) || (d && d_dram)) ? 1 : (d || s) ? 2 : 3;
      };
      std::ranges::stable_sort(dims, {}, rank_of);
      Collapse(dims);
      ForEachOuter(dims, std::min(kDmaDims, dims.size()), [&](const std::vector<int64_t>& shift) {
        CopyPiece piece;
        piece.src_base = base[0] + (shift.empty() ? 0 : shift[0]);
        piece.dst_base = base[1] + (shift.empty() ? 0 : shift[1]);
        piece.sizes.assign(kDmaDims, 1);
        piece.src_strides.assign(kDmaDims, 0);
        piece.dst_strides.assign(kDmaDims, 0);
        for (size_t d = 0; d < std::min(kDmaDims, dims.size()); ++d) {
          piece.sizes[d] = dims[d].size;
          piece.src_strides[d] = dims[d].strides[0];
          piece.dst_strides[d] = dims[d].strides[1];
        }
        pieces.push_back(std::move(piece));
      });
    }
  }
  return pieces;
}

}  // namespace neuron::compiler
