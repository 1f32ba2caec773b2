// SPDX-License-Identifier: Apache-2.0
// Products with constant weights: for each tile of up to 512 output positions and
// P output channels one matmul instruction (two when the input channels do not fill their last
// group) and one activate that moves the sums from PSUM to SBUF.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/matrix_product.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/split_operands.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Weights of output channels [first, first + count) for some of the input channels: all that they
// need unless that is much at once. The last slice of a column tile brings bias and scale.
struct WeightSlice {
  int64_t first = 0;
  int64_t count = 0;
  int64_t first_group = 0;  // partition groups of the input
  int64_t groups = 1;
  bool opens = true;  // first and last slice of its column tile
  bool closes = true;
  // Bytes in the chunk's row: each of the layer's weights, then bias, then scale.
  std::vector<int64_t> weight_offsets;
  int64_t bias_offset = 0;
  int64_t scale_offset = 0;
  BufferId chunk = kNoBuffer;
};

bool IsInteger(const MatrixLayer& matrix) { return Is8Bit(matrix.weight.type); }

// Words `step` bytes apart, laid side by side.
template <size_t kBytes>
void CopyApart(const std::byte* from, int64_t step, int64_t count, std::byte* to) {
  for (int64_t i = 0; i < count; ++i, to += kBytes) {
    std::memcpy(to, from + i * step, kBytes);
  }
}

void CopyApart(size_t bytes, const std::byte* from, int64_t step, int64_t count, std::byte* to) {
  switch (bytes) {
    case 1:
      return CopyApart<1>(from, step, count, to);
    case 2:
      return CopyApart<2>(from, step, count, to);
    default:
      return CopyApart<4>(from, step, count, to);
  }
}

// The weights that a layer's products have, all of one shape, with the same bias and scale.
using WeightList = std::vector<std::shared_ptr<const MatrixLayer>>;

// Where bias and scale words of a row go, behind the weights.
void PlaceSlices(const Product& p, size_t weights, std::span<WeightSlice> slices, int64_t& row) {
  const MatrixLayer& matrix = *p.matrix;
  const auto bytes = static_cast<int64_t>(ElementBytes(matrix.weight.type));
  const int64_t taps = p.tap_height * p.tap_width;
  for (WeightSlice& slice : slices) {
    for (size_t i = 0; i < weights; ++i) {
      slice.weight_offsets.push_back(row);
      row += AlignUp(slice.groups * taps * slice.count * bytes, kWordBytes);
    }
    if (slice.closes && (!matrix.bias.empty() || !matrix.bias_int.empty())) {
      slice.bias_offset = row;
      row += kWordBytes;
    }
    if (slice.closes && matrix.scale.size() > 1) {
      slice.scale_offset = row;
      row += kWordBytes;
    }
  }
}

// Partition k's weights of a slice: W[k, :] of every tap of every group. Weights that the layer has
// not, of channels behind the last and between channel groups, are zero.
void FillWeights(const Product& p, const MatrixLayer& matrix, const WeightSlice& slice, int64_t k,
                 int64_t partitions, std::byte* at) {
  const size_t bytes = ElementBytes(matrix.weight.type);
  const auto word = static_cast<int64_t>(bytes);
  const int64_t taps = p.tap_height * p.tap_width;
  const int64_t per_group_in = p.channels_in / matrix.group;
  const int64_t per_group_out = p.channels_out / matrix.group;
  const int64_t end = slice.first + slice.count;
  for (int64_t g = slice.first_group; g < slice.first_group + slice.groups; ++g) {
    const int64_t c = g * partitions + k;
    const int64_t group = c / per_group_in;
    const int64_t low = std::clamp(group * per_group_out, slice.first, end);
    const int64_t high = std::clamp((group + 1) * per_group_out, low, end);
    const int64_t first = low < high ? (low * per_group_in + c % per_group_in) * taps : 0;
    for (int64_t tap = 0; tap < taps; ++tap, at += slice.count * word) {
      if (bytes == 1) {
        std::memset(at, matrix.weight_zero_point, static_cast<size_t>(slice.count));
      }
      CopyApart(bytes, matrix.weight.data.data() + (first + tap) * word, per_group_in * taps * word,
                high - low, at + (low - slice.first) * word);
    }
  }
}

// Partition k's part of a slice: weights, then bias and scale of the k-th output channel.
void FillRow(const Product& p, const WeightList& weights, const WeightSlice& slice, int64_t k,
             int64_t partitions, std::byte* row) {
  const MatrixLayer& matrix = *p.matrix;
  for (size_t i = 0; i < weights.size(); ++i) {
    FillWeights(p, *weights[i], slice, k, partitions, row + slice.weight_offsets[i]);
  }
  if (k >= slice.count || !slice.closes) {
    return;
  }
  const auto m = static_cast<size_t>(slice.first + k);
  if (!matrix.bias.empty()) {
    std::memcpy(row + slice.bias_offset, &matrix.bias[m], kWordBytes);
  } else if (!matrix.bias_int.empty()) {
    std::memcpy(row + slice.bias_offset, &matrix.bias_int[m], kWordBytes);
  }
  if (matrix.scale.size() > 1) {
    std::memcpy(row + slice.scale_offset, &matrix.scale[m], kWordBytes);
  }
}

// What the rows of a chunk are made of: equal ones make equal rows.
RowSource SourceOf(const Product& p, const WeightList& weights, std::span<const WeightSlice> slices,
                   int64_t rows) {
  const MatrixLayer& matrix = *p.matrix;
  RowSource source;
  for (const auto& each : weights) {
    source.weights.push_back(each->weight.data);
  }
  source.bias = matrix.bias;
  source.bias_int = matrix.bias_int;
  source.scale = matrix.scale;
  source.layout = {rows,
                   p.channels_in,
                   p.channels_out,
                   matrix.group,
                   p.tap_height,
                   p.tap_width,
                   matrix.weight_zero_point,
                   static_cast<int64_t>(matrix.weight.type)};
  for (const WeightSlice& slice : slices) {
    source.layout.insert(source.layout.end(), {slice.first, slice.count, slice.first_group,
                                               slice.groups, slice.closes ? 1 : 0});
  }
  return source;
}

// Lays consecutive slices out as rows, one per partition, and plans their load. The layer's weights
// in all take `layer_bytes` of a partition.
void PackChunk(Planner& planner, const Product& p, const WeightList& weights,
               std::span<WeightSlice> slices, int64_t layer_bytes) {
  const int64_t partitions = planner.partitions();
  int64_t row = 0;
  PlaceSlices(p, weights.size(), slices, row);
  row = AlignUp(row, 16);
  const int64_t rows =
      std::min(partitions, std::max(std::min(p.channels_in, partitions), slices[0].count));
  const int64_t offset = planner.AddRows(SourceOf(p, weights, slices, rows), [&] {
    std::vector<std::byte> table(static_cast<size_t>(rows * row));
    for (const WeightSlice& slice : slices) {
      for (int64_t k = 0; k < rows; ++k) {
        FillRow(p, weights, slice, k, partitions, table.data() + k * row);
      }
    }
    return table;
  });
  const BufferId buffer =
      planner.LoadRows("weights of " + p.layer->name, offset, rows, row, layer_bytes);
  for (WeightSlice& slice : slices) {
    slice.chunk = buffer;
  }
}

int64_t WeightBytes(const Product& p, int64_t groups, int64_t columns) {
  return groups * p.tap_height * p.tap_width * columns *
         static_cast<int64_t>(ElementBytes(p.matrix->weight.type));
}

// Column tiles of P output channels, cut where one's weights are more than `limit` bytes.
std::vector<WeightSlice> SlicesOf(const Product& p, int64_t partitions, int64_t limit) {
  const int64_t per_group_in = p.channels_in / p.matrix->group;
  const int64_t per_group_out = p.channels_out / p.matrix->group;
  std::vector<WeightSlice> slices;
  for (int64_t first = 0; first < p.channels_out; first += partitions) {
    WeightSlice slice;
    slice.first = first;
    slice.count = std::min(partitions, p.channels_out - first);
    const int64_t low = first / per_group_out * per_group_in;
    const int64_t high = ((first + slice.count - 1) / per_group_out + 1) * per_group_in;
    const int64_t first_group = low / partitions;
    const int64_t groups = (high - 1) / partitions - first_group + 1;
    const int64_t pieces = std::min(groups, CeilDiv(WeightBytes(p, groups, slice.count), limit));
    for (int64_t i = 0; i < pieces; ++i) {
      slice.first_group = first_group + groups * i / pieces;
      slice.groups = first_group + groups * (i + 1) / pieces - slice.first_group;
      slice.opens = i == 0;
      slice.closes = i + 1 == pieces;
      slices.push_back(slice);
    }
  }
  return slices;
}

// The layer's weights, planned as loads of at least kSmallestWeightChunk per partition, so that the
// first tile need not wait for all weights and small layers need few loads.
std::vector<WeightSlice> PlanWeights(Planner& planner, const Product& p,
                                     const WeightList& weights) {
  const auto copies = static_cast<int64_t>(weights.size());
  std::vector<WeightSlice> slices =
      SlicesOf(p, planner.partitions(), LargestWeightSlice(planner.config()) / copies);
  const auto bytes_of = [&](const WeightSlice& slice) {
    return copies * WeightBytes(p, slice.groups, slice.count);
  };
  int64_t layer_bytes = 0;
  for (const WeightSlice& slice : slices) {
    layer_bytes += bytes_of(slice);
  }
  size_t start = 0;
  int64_t row = 0;
  for (size_t i = 0; i < slices.size(); ++i) {
    row += bytes_of(slices[i]);
    if (row >= kSmallestWeightChunk || i + 1 == slices.size()) {
      PackChunk(planner, p, weights, std::span(slices).subspan(start, i + 1 - start), layer_bytes);
      start = i + 1;
      row = 0;
    }
  }
  return slices;
}

// A box of output positions: sizes of up to three dimensions and where it starts.
struct PositionTile {
  std::array<FreeDim, 3> dims;
  int64_t in_offset = 0;
  int64_t out_offset = 0;
  int64_t count() const { return dims[0].size * dims[1].size * dims[2].size; }
};

// Joins dimensions that both sides of every product walk as one: their boxes must be the same.
void JoinDimensions(std::vector<Product>& products) {
  for (Product& p : products) {
    std::erase_if(p.free, [](const FreeDim& dim) { return dim.size == 1; });
  }
  for (size_t i = 0; i + 1 < products[0].free.size();) {
    const bool joins = std::ranges::all_of(products, [&](const Product& p) {
      const FreeDim& inner = p.free[i];
      const FreeDim& outer = p.free[i + 1];
      return outer.in_stride == inner.in_stride * inner.size &&
             outer.out_stride == inner.out_stride * inner.size;
    });
    if (!joins) {
      ++i;
      continue;
    }
    for (Product& p : products) {
      p.free[i].size *= p.free[i + 1].size;
      p.free.erase(p.free.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
}

// Boxes of at most `limit` positions, which depend on the sizes alone.
std::vector<PositionTile> PlanPositions(const std::vector<FreeDim>& dims, int64_t limit) {
  std::vector<PositionTile> tiles = {PositionTile{}};
  int64_t count = 1;
  size_t kept = 0;
  for (const FreeDim& dim : dims) {
    const int64_t room = kept < tiles[0].dims.size() ? std::max<int64_t>(limit / count, 1) : 1;
    const int64_t pieces = CeilDiv(dim.size, room);
    const int64_t piece = CeilDiv(dim.size, pieces);
    std::vector<PositionTile> cut;
    for (int64_t at = 0; at < dim.size; at += piece) {
      for (PositionTile tile : tiles) {
        tile.in_offset += at * dim.in_stride;
        tile.out_offset += at * dim.out_stride;
        if (piece > 1) {
          tile.dims[kept] = {std::min(piece, dim.size - at), dim.in_stride, dim.out_stride};
        }
        cut.push_back(tile);
      }
    }
    tiles = std::move(cut);
    if (piece > 1) {
      count *= piece;
      ++kept;
    }
    if (piece < dim.size) {
      limit = 0;  // further dimensions are walked tile by tile
    }
  }
  return tiles;
}

// The matmul instructions that leave one slice's products of one (columns, positions) tile in PSUM,
// or add them to what is there.
Status EmitMatmul(ProgramBuilder& program, const MemoryPlan& memory, const Product& p,
                  const WeightSlice& columns, const PositionTile& positions, int64_t partitions,
                  uint32_t psum_base, bool accumulate) {
  const MatrixLayer& matrix = *p.matrix;
  const auto bytes = static_cast<int64_t>(ElementBytes(matrix.weight.type));
  const int64_t tap_bytes = columns.count * bytes;
  const int64_t end_group = columns.first_group + columns.groups;
  const int64_t whole_end = std::min(end_group, p.channels_in / partitions);
  const int64_t whole = std::max<int64_t>(0, whole_end - columns.first_group);
  auto emit = [&](int64_t group, int64_t groups, int64_t part_start, int64_t part_count,
                  int64_t first_tap, int64_t taps) {
    isa::TensorInstruction op;
    op.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    op.part_start = static_cast<uint32_t>(part_start);
    op.part_count = static_cast<uint32_t>(part_count);
    op.moving_dtype = static_cast<uint32_t>(p.in.dtype);
    op.stationary_dtype = static_cast<uint32_t>(*EngineType(matrix.weight.type));
    op.accumulate = accumulate ? 1 : 0;
    op.moving_zero_point = static_cast<uint32_t>(p.in.zero_point) & 0xFFU;
    op.stationary_zero_point = static_cast<uint32_t>(matrix.weight_zero_point) & 0xFFU;
    op.column_count = static_cast<uint32_t>(columns.count);
    op.stationary_base = static_cast<uint32_t>(
        memory.buffer(columns.chunk).offset + columns.weight_offsets[p.weights] +
        ((group - columns.first_group) * p.tap_height * p.tap_width + first_tap) * tap_bytes);
    op.moving_base =
        static_cast<uint32_t>(memory.buffer(p.in.buffer).offset + p.in_base + positions.in_offset +
                              group * p.in.group_stride + first_tap * p.tap_stride_x);
    op.psum_base = psum_base;
    op.stationary_stride = static_cast<int32_t>(bytes);
    op.outer_size0 = static_cast<uint32_t>(taps);
    op.outer_size1 = static_cast<uint32_t>(p.tap_height);
    op.outer_size2 = static_cast<uint32_t>(groups);
    op.stationary_outer_stride0 = static_cast<int32_t>(tap_bytes);
    op.stationary_outer_stride1 = static_cast<int32_t>(tap_bytes * p.tap_width);
    op.stationary_outer_stride2 = static_cast<int32_t>(tap_bytes * p.tap_width * p.tap_height);
    op.moving_outer_stride0 = static_cast<int32_t>(p.tap_stride_x);
    op.moving_outer_stride1 = static_cast<int32_t>(p.tap_stride_y);
    op.moving_outer_stride2 = static_cast<int32_t>(p.in.group_stride);
    op.inner_size0 = static_cast<uint32_t>(positions.dims[0].size);
    op.inner_size1 = static_cast<uint32_t>(positions.dims[1].size);
    op.inner_size2 = static_cast<uint32_t>(positions.dims[2].size);
    op.moving_stride0 = static_cast<int32_t>(positions.dims[0].in_stride);
    op.moving_stride1 = static_cast<int32_t>(positions.dims[1].in_stride);
    op.moving_stride2 = static_cast<int32_t>(positions.dims[2].in_stride);
    accumulate = true;
    return program.Append(op);
  };
  const int64_t rest = whole < columns.groups ? p.channels_in % partitions : 0;
  const int64_t alike = p.last_tap_rows > 0 ? p.tap_width - 1 : p.tap_width;
  for (const TapRun& run : p.runs) {
    const int64_t taps = std::min(run.count, alike - run.first);
    for (int64_t start = 0; start < partitions && taps > 0; start += p.window) {
      if (whole > 0) {
        NEURON_RETURN_IF_ERROR(emit(columns.first_group, whole, start, p.window, run.first, taps));
      }
      if (start < rest) {
        NEURON_RETURN_IF_ERROR(emit(columns.first_group + whole, 1, start,
                                    std::min(p.window, rest - start), run.first, taps));
      }
    }
    if (taps < run.count) {
      NEURON_RETURN_IF_ERROR(emit(columns.first_group, 1, 0, p.last_tap_rows, alike, 1));
    }
  }
  return OkStatus();
}

// Where the results of a function wait to be counted in steps of an 8-bit output: FP32, one tile in
// each. None where ScalarE stores the output itself.
using Waiting = std::vector<View>;

// The activate that takes a finished tile from PSUM to the output, or to `waiting`.
isa::ScalarInstruction Drain(const MemoryPlan& memory, const Product& p, const WeightSlice& columns,
                             const PositionTile& positions, const FunctionFields& fields,
                             int64_t partitions, uint32_t psum_base, const View* waiting) {
  const MatrixLayer& matrix = *p.matrix;
  Tile tile;
  tile.part_count = columns.count;
  for (const FreeDim& dim : positions.dims) {
    tile.sizes.push_back(dim.size);
  }
  isa::ScalarInstruction op = ActivateOp(fields, tile);
  op.in_space = static_cast<uint32_t>(isa::Space::kPsum);
  op.in_dtype = static_cast<uint32_t>(IsInteger(matrix) ? isa::Dtype::kInt32 : isa::Dtype::kFp32);
  op.in_base = psum_base;
  op.in_stride0 = kWordBytes;
  op.in_stride1 = static_cast<int32_t>(kWordBytes * positions.dims[0].size);
  op.in_stride2 =
      static_cast<int32_t>(kWordBytes * positions.dims[0].size * positions.dims[1].size);
  op.out_dtype = static_cast<uint32_t>(p.out.dtype);
  op.out_zero_point = static_cast<uint32_t>(p.out.zero_point) & 0xFFU;
  op.out_base =
      static_cast<uint32_t>(memory.buffer(p.out.buffer).offset + p.out_base + positions.out_offset +
                            columns.first / partitions * p.out.group_stride);
  op.out_stride0 = static_cast<int32_t>(positions.dims[0].out_stride);
  op.out_stride1 = static_cast<int32_t>(positions.dims[1].out_stride);
  op.out_stride2 = static_cast<int32_t>(positions.dims[2].out_stride);
  if (waiting != nullptr) {
    op.out_dtype = static_cast<uint32_t>(isa::Dtype::kFp32);
    op.out_zero_point = 0;
    op.out_base = static_cast<uint32_t>(memory.buffer(waiting->buffer).offset + waiting->offset);
    op.out_stride0 = op.in_stride0;
    op.out_stride1 = op.in_stride1;
    op.out_stride2 = op.in_stride2;
  }
  const auto chunk = static_cast<uint32_t>(memory.buffer(columns.chunk).offset);
  const auto partition = static_cast<uint32_t>(isa::Operand::kPartition);
  if (!matrix.bias.empty() || !matrix.bias_int.empty()) {
    op.bias_operand = partition;
    op.bias = chunk + static_cast<uint32_t>(columns.bias_offset);
  }
  if (matrix.scale.size() > 1) {
    op.scale_operand = partition;
    op.scale = chunk + static_cast<uint32_t>(columns.scale_offset);
  } else if (matrix.scale.size() == 1) {
    op.scale = std::bit_cast<uint32_t>(matrix.scale[0]);
  }
  return op;
}

// A product and the boxes of positions in its operand.
struct Term {
  Product product;
  std::vector<PositionTile> positions;
};
using Terms = std::shared_ptr<const std::vector<Term>>;

// Stores what waits as 8-bit steps of the output.
isa::VectorInstruction CountSteps(const MemoryPlan& memory, const View& waiting,
                                  const isa::ScalarInstruction& stored,
                                  const isa::ScalarInstruction& drain, float step) {
  isa::VectorInstruction op;
  op.opcode = static_cast<uint32_t>(isa::Opcode::kTensorScalar);
  op.part_count = drain.part_count;
  op.in0_dtype = static_cast<uint32_t>(waiting.dtype);
  op.in0_base = static_cast<uint32_t>(memory.buffer(waiting.buffer).offset + waiting.offset);
  op.in0_stride0 = drain.out_stride0;
  op.in0_stride1 = drain.out_stride1;
  op.in0_stride2 = drain.out_stride2;
  op.out_dtype = stored.out_dtype;
  op.out_zero_point = stored.out_zero_point;
  op.out_base = stored.out_base;
  op.out_stride0 = stored.out_stride0;
  op.out_stride1 = stored.out_stride1;
  op.out_stride2 = stored.out_stride2;
  op.alu0 = static_cast<uint32_t>(isa::Alu::kMul);
  op.scalar0 = std::bit_cast<uint32_t>(1.0F / step);
  op.alu1 = static_cast<uint32_t>(isa::Alu::kBypass);
  op.size0 = drain.size0;
  op.size1 = drain.size1;
  op.size2 = drain.size2;
  op.window_size0 = op.window_size1 = op.window_size2 = 1;
  return op;
}

// Buffers for tiles of at most `positions` results each, where the layer's function makes it take
// two steps to 8 bits.
Waiting PlanWaiting(Planner& planner, const Product& p, const FunctionFields& fields,
                    int64_t positions) {
  Waiting waiting;
  const bool linear = fields.func == isa::Func::kIdentity || fields.func == isa::Func::kLeaky;
  const bool integer = p.out.dtype == isa::Dtype::kInt8 || p.out.dtype == isa::Dtype::kUint8;
  for (int64_t n = 0; n < kWaitingTiles && integer && !linear; ++n) {
    waiting.push_back(planner.NewView("real results of " + p.layer->name, isa::Dtype::kFp32,
                                      {planner.partitions(), positions}, 0));
  }
  return waiting;
}

// One slice's work on one box of positions; the last slice also drains the tile, in two steps where
// results wait.
void PlanTile(Planner& planner, const Terms& terms, const WeightSlice& columns, size_t position,
              const FunctionFields& fields, uint32_t psum_base, const std::optional<View>& wait) {
  const int64_t partitions = planner.partitions();
  const Product& last = terms->back().product;
  std::vector<BufferId> uses = {columns.chunk};
  for (const Term& term : *terms) {
    uses.push_back(term.product.in.buffer);
  }
  if (columns.closes) {
    uses.push_back(last.out.buffer);
  }
  if (columns.closes && wait.has_value()) {
    uses.push_back(wait->buffer);
  }
  const float step = planner.ScaleOf(planner.graph().value(last.layer->outputs[0]));
  planner.AddOp(std::move(uses), [=](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
    bool accumulate = !columns.opens;
    for (const Term& term : *terms) {
      NEURON_RETURN_IF_ERROR(EmitMatmul(program, memory, term.product, columns,
                                        term.positions[position], partitions, psum_base,
                                        accumulate));
      accumulate = true;
    }
    if (!columns.closes) {
      return OkStatus();
    }
    const Term& term = terms->back();
    const auto drain = [&](const View* waiting) {
      return Drain(memory, term.product, columns, term.positions[position], fields, partitions,
                   psum_base, waiting);
    };
    const isa::ScalarInstruction stored = drain(nullptr);
    if (!wait.has_value()) {
      return program.Append(stored);
    }
    const isa::ScalarInstruction waiting = drain(&*wait);
    NEURON_RETURN_IF_ERROR(program.Append(waiting));
    return program.Append(CountSteps(memory, *wait, stored, waiting, step));
  });
}

Status LowerLinear(Planner& planner, const Layer& layer, const MatrixLayer& matrix) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const int last_axis = static_cast<int>(in_value.shape.size()) - 1;
  NEURON_ASSIGN_OR_RETURN(const View in, planner.InSbuf(layer.inputs[0], last_axis));
  NEURON_ASSIGN_OR_RETURN(const std::vector<Factors> parts,
                          SplitOperands(planner, in, Borrow(matrix)));
  NEURON_ASSIGN_OR_RETURN(
      const View out,
      planner.NewValueView(layer.outputs[0], static_cast<int>(out_value.shape.size()) - 1));
  std::vector<Product> products;
  for (const Factors& factors : parts) {
    Product p;
    p.layer = &layer;
    p.matrix = factors.matrix;
    p.in = factors.in;
    p.out = out;
    p.in_base = p.in.offset;
    p.out_base = out.offset;
    p.channels_in = in_value.shape.back();
    p.channels_out = matrix.weight.shape[0];
    p.window = WindowOfWeights(*p.matrix, planner.partitions());
    for (int axis = last_axis; axis-- > 0;) {
      const auto a = static_cast<size_t>(axis);
      p.free.push_back({in_value.shape[a], p.in.strides[a], out.strides[a]});
    }
    products.push_back(std::move(p));
  }
  NEURON_RETURN_IF_ERROR(CheckTypes(planner, matrix, in_value));
  return PlanProducts(planner, std::move(products));
}

}  // namespace

// Partitions of one pass. Where most weights are zero (a filter bank), a column that ignores an
// input would still share its exponent, and small inputs next to large ones would lose their
// digits; narrow passes keep them apart (docs/numerics.md section 4).
int64_t WindowOfWeights(const MatrixLayer& matrix, int64_t partitions) {
  constexpr int64_t kNarrow = 4;
  constexpr int64_t kSparse = 4;  // one weight in four or fewer
  if (IsInteger(matrix) || matrix.group != 1) {
    return partitions;
  }
  const int64_t width = matrix.is_conv ? matrix.weight.shape.back() : 1;
  int64_t taps = 0;
  for (const TapRun& run : TapsWithWeights(matrix, width)) {
    taps += run.count;
  }
  const int64_t weights = matrix.weight.elements() / width * taps;
  int64_t used = 0;
  for (int64_t i = 0; i < matrix.weight.elements() && used * kSparse < weights; ++i) {
    used += matrix.weight.ValueAt(i) != 0.0 ? 1 : 0;
  }
  return used * kSparse < weights ? kNarrow : partitions;
}

Status CheckTypes(const Planner& planner, const MatrixLayer& matrix, const Value& in_value) {
  if (IsInteger(matrix) != Is8Bit(in_value.type)) {
    return planner.Error(
        StatusCode::kUnsupported,
        fmt::format("weights are {} and the input is {}; the array multiplies two "
                    "floats or two 8-bit integers, so quantise both or neither",
                    ElementTypeName(matrix.weight.type), ElementTypeName(in_value.type)));
  }
  return OkStatus();
}

// Positions outside, so that the next layer can start before this one has ended; where weights take
// much of SBUF, columns outside, so that each is loaded, used and forgotten.
Status PlanProducts(Planner& planner, std::vector<Product> products) {
  constexpr int64_t kMuch = 4;  // a quarter
  JoinDimensions(products);
  const Product last = products.back();
  NEURON_ASSIGN_OR_RETURN(const FunctionFields fields, planner.Fields(last.matrix->activation));
  int64_t total = 1;
  for (const FreeDim& dim : last.free) {
    total *= dim.size;
  }
  WeightList weights;
  std::vector<Term> terms;
  for (Product& p : products) {
    if (weights.empty() || weights.back() != p.matrix) {
      weights.push_back(p.matrix);
    }
    p.weights = weights.size() - 1;
    p.runs = TapsWithWeights(*p.matrix, p.tap_width);
    terms.push_back({p, PlanPositions(p.free, planner.TileColumns(total))});
  }
  const size_t positions = terms[0].positions.size();
  const Terms shared = std::make_shared<const std::vector<Term>>(std::move(terms));
  const std::vector<WeightSlice> slices = PlanWeights(planner, last, weights);
  int64_t bytes = 0;
  std::vector<std::span<const WeightSlice>> columns;
  for (size_t i = 0; i < slices.size(); ++i) {
    bytes +=
        WeightBytes(last, slices[i].groups, slices[i].count) * static_cast<int64_t>(weights.size());
    if (slices[i].opens) {
      columns.emplace_back(slices.data() + i, 0);
    }
    columns.back() = {columns.back().data(), columns.back().size() + 1};
  }
  const bool by_column = bytes > planner.config().sbuf_bytes / kMuch;
  const size_t tiles = positions * columns.size();
  const auto banks = planner.config().psum_bytes / isa::kPsumBankBytes;
  int64_t most = 0;
  for (const PositionTile& position : shared->back().positions) {
    most = std::max(most, position.count());
  }
  const Waiting waiting = PlanWaiting(planner, last, fields, most);
  for (size_t tile = 0; tile < tiles; ++tile) {
    const size_t position = by_column ? tile % positions : tile / columns.size();
    const size_t column = by_column ? tile / positions : tile % columns.size();
    const auto psum_base = static_cast<uint32_t>(tile % banks) * isa::kPsumBankBytes;
    const std::optional<View> wait =
        waiting.empty() ? std::nullopt : std::optional(waiting[tile % waiting.size()]);
    for (const WeightSlice& slice : columns[column]) {
      PlanTile(planner, shared, slice, position, fields, psum_base, wait);
    }
  }
  return OkStatus();
}

Status LowerMatrix(Planner& planner, const Layer& layer, const MatrixLayer& matrix) {
  return matrix.is_conv ? LowerConv(planner, layer, matrix) : LowerLinear(planner, layer, matrix);
}

}  // namespace neuron::compiler
