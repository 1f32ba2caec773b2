// SPDX-License-Identifier: Apache-2.0
// Normalisation along the last axis. P rows at a time lie across the partitions: what has its
// columns there is transposed on the way in and on the way out. ScalarE sums while VectorE centres,
// squares and scales, block after block in a few buffers.
#include <algorithm>
#include <array>
#include <bit>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Up to P rows, seen as [rows, columns] in the input and in the output.
struct RowBlock {
  View in;
  View out;
};

// What one block works in; the next block has others.
struct Workplace {
  View rows;    // FP32: the centred rows, then the normalised ones
  View spare;   // FP32: squares
  View mean;    // FP32 words: minus the mean of each row
  View spread;  // FP32 words: 1 / deviation of each row
};

struct Normalization {
  FunctionFields identity;
  FunctionFields rsqrt;
  View scale;  // FP32, on all partitions
  View bias;
  float epsilon = 0.0F;
};

// Rows [first, first + count) of `row_axis`, at `shift` bytes along the other axes.
View BlockOf(const View& view, int row_axis, int64_t first, int64_t count, int64_t shift,
             int64_t partitions) {
  const auto row = static_cast<size_t>(row_axis);
  const size_t last = view.shape.size() - 1;
  View block = view;
  block.shape = {count, view.shape[last]};
  block.strides = {view.strides[row], view.strides[last]};
  block.halo_low.assign(2, 0);
  block.halo_high.assign(2, 0);
  block.part_axis = view.part_axis == row_axis ? 0 : 1;
  block.offset += shift + (view.part_axis == row_axis ? first / partitions * view.group_stride
                                                      : first * view.strides[row]);
  return block;
}

std::vector<RowBlock> BlocksOf(const View& in, const View& out, int row_axis, int64_t partitions) {
  std::vector<RowBlock> blocks;
  const size_t last = in.shape.size() - 1;
  const int64_t rows = in.shape[static_cast<size_t>(row_axis)];
  const int64_t planes = ElementCount(in.shape) / (rows * in.shape[last]);
  for (int64_t plane = 0; plane < planes; ++plane) {
    int64_t rest = plane;
    int64_t in_shift = 0;
    int64_t out_shift = 0;
    for (size_t axis = last; axis-- > 0;) {
      if (static_cast<int>(axis) != row_axis) {
        in_shift += rest % in.shape[axis] * in.strides[axis];
        out_shift += rest % in.shape[axis] * out.strides[axis];
        rest /= in.shape[axis];
      }
    }
    for (int64_t first = 0; first < rows; first += partitions) {
      const int64_t count = std::min(partitions, rows - first);
      blocks.push_back({BlockOf(in, row_axis, first, count, in_shift, partitions),
                        BlockOf(out, row_axis, first, count, out_shift, partitions)});
    }
  }
  return blocks;
}

// The first rows of a buffer, as another type if need be.
View Part(const View& buffer, int64_t rows, isa::Dtype dtype) {
  View part = buffer;
  part.shape[0] = rows;
  part.dtype = dtype;
  part.strides[1] = buffer.shape[1] == 1 ? 0 : part.element_bytes();
  return part;
}

Tile TileOf(std::span<const View* const> operands, int64_t partitions) {
  return TilesOf(operands, partitions, 3, 0).front();
}

// sum[row] = sum of in * scale; `out` takes what is added.
void PlanSum(Planner& planner, const Normalization& norm, const View& in, const View& out,
             const View& sum, float scale) {
  planner.AddOp({in.buffer, out.buffer, sum.buffer},
                [=, p = planner.partitions()](ProgramBuilder& program, const MemoryPlan& memory) {
                  const View* operands[] = {&out, &in};
                  const Tile tile = TileOf(operands, p);
                  isa::ScalarInstruction op = ActivateOp(norm.identity, tile);
                  SetIn(op, in, tile, 1, memory);
                  SetOut(op, out, tile, 0, memory);
                  op.scale = Bits(scale);
                  op.sum_enable = 1;
                  op.sum_base = static_cast<uint32_t>(memory.buffer(sum.buffer).offset);
                  return program.Append(op);
                });
}

// out = in alu row[word]: the word of each partition with all of its elements.
void PlanWithRow(Planner& planner, const View& in, isa::Alu alu, const View& row, const View& out) {
  planner.AddOp({in.buffer, row.buffer, out.buffer},
                [=, p = planner.partitions()](ProgramBuilder& program, const MemoryPlan& memory) {
                  const View* operands[] = {&out, &in};
                  const Tile tile = TileOf(operands, p);
                  isa::VectorInstruction op = VectorOp(isa::Opcode::kTensorScalar, tile);
                  SetIn0(op, in, tile, 1, memory);
                  SetOut(op, out, tile, 0, memory);
                  op.alu0 = static_cast<uint32_t>(alu);
                  op.alu1 = static_cast<uint32_t>(isa::Alu::kBypass);
                  op.scalar0_operand = static_cast<uint32_t>(isa::Operand::kPartition);
                  op.scalar0 = static_cast<uint32_t>(memory.buffer(row.buffer).offset);
                  return program.Append(op);
                });
}

// out = (a * row[word]) * b, or a alu b without a row.
void PlanPair(Planner& planner, const View& a, const View* row, isa::Alu alu, const View& b,
              const View& out) {
  std::vector<BufferId> uses = {a.buffer, b.buffer, out.buffer};
  const BufferId words = row == nullptr ? kNoBuffer : row->buffer;
  if (row != nullptr) {
    uses.push_back(words);
  }
  planner.AddOp(std::move(uses), [=, p = planner.partitions()](ProgramBuilder& program,
                                                               const MemoryPlan& memory) {
    const View* operands[] = {&out, &a, &b};
    const Tile tile = TileOf(operands, p);
    isa::VectorInstruction op = VectorOp(
        words == kNoBuffer ? isa::Opcode::kTensorTensor : isa::Opcode::kScalarTensorTensor, tile);
    SetIn0(op, a, tile, 1, memory);
    SetIn1(op, b, tile, 2, memory);
    SetOut(op, out, tile, 0, memory);
    op.alu0 = static_cast<uint32_t>(words == kNoBuffer ? alu : isa::Alu::kMul);
    if (words != kNoBuffer) {
      op.alu1 = static_cast<uint32_t>(alu);
      op.scalar0_operand = static_cast<uint32_t>(isa::Operand::kPartition);
      op.scalar0 = static_cast<uint32_t>(memory.buffer(words).offset);
    }
    return program.Append(op);
  });
}

void PlanInverseDeviation(Planner& planner, const Normalization& norm, const View& variance) {
  planner.AddOp({variance.buffer},
                [=, p = planner.partitions()](ProgramBuilder& program, const MemoryPlan& memory) {
                  const View* operands[] = {&variance};
                  const Tile tile = TileOf(operands, p);
                  isa::ScalarInstruction op = ActivateOp(norm.rsqrt, tile);
                  SetIn(op, variance, tile, 0, memory);
                  SetOut(op, variance, tile, 0, memory);
                  op.bias = Bits(norm.epsilon);
                  return program.Append(op);
                });
}

void PlanBlock(Planner& planner, const Normalization& norm, const RowBlock& block,
               const Workplace& place) {
  const int64_t count = block.in.shape[0];
  const float each = 1.0F / static_cast<float>(block.in.shape[1]);
  const View rows = Part(place.rows, count, isa::Dtype::kFp32);
  const View spare = Part(place.spare, count, isa::Dtype::kFp32);
  const View mean = Part(place.mean, count, isa::Dtype::kFp32);
  const View spread = Part(place.spread, count, isa::Dtype::kFp32);
  View in = block.in;
  if (in.part_axis != 0) {
    const View turned = Part(place.rows, count, in.dtype);
    planner.AddCopy(in, turned);
    in = turned;
  }
  PlanSum(planner, norm, in, spare, mean, -each);
  // Narrow rows widen in the spare buffer: an instruction may not overtake its own operand.
  const View centred = in.buffer == rows.buffer && in.dtype != rows.dtype ? spare : rows;
  const View squares = centred.buffer == spare.buffer ? rows : spare;
  PlanWithRow(planner, in, isa::Alu::kAdd, mean, centred);
  PlanPair(planner, centred, nullptr, isa::Alu::kMul, centred, squares);
  PlanSum(planner, norm, squares, squares, spread, each);
  PlanInverseDeviation(planner, norm, spread);
  View scale = norm.scale;
  View bias = norm.bias;
  scale.shape[0] = bias.shape[0] = count;
  PlanPair(planner, centred, &spread, isa::Alu::kMul, scale, centred);
  if (block.out.part_axis == 0) {
    PlanPair(planner, centred, nullptr, isa::Alu::kAdd, bias, block.out);
    return;
  }
  View made = Part(squares, count, block.out.dtype);
  made.zero_point = block.out.zero_point;
  PlanPair(planner, centred, nullptr, isa::Alu::kAdd, bias, made);
  planner.AddCopy(made, block.out);
}

// A constant for each column, divided by the output's step, on all partitions.
View ColumnWords(Planner& planner, const std::string& what, std::vector<float> values, float step) {
  for (float& value : values) {
    value /= step;
  }
  const auto columns = static_cast<int64_t>(values.size());
  View from;
  from.space = isa::Space::kDram;
  from.segment = kImageSegment;
  from.shape = {planner.partitions(), columns};
  from.strides = {0, kWordBytes};
  from.offset = planner.AddConstant(values.data(), values.size() * sizeof(float));
  from.origin = from.offset;
  from.halo_low.assign(2, 0);
  from.halo_high.assign(2, 0);
  const View to =
      planner.NewView(what + " of " + planner.layer().name, isa::Dtype::kFp32, from.shape, 0);
  planner.AddLoad(from, to);
  return to;
}

}  // namespace

Status LowerNormalize(Planner& planner, const Layer& layer, const NormalizeLayer& normalize) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const int last = static_cast<int>(in_value.shape.size()) - 1;
  NEURON_ASSIGN_OR_RETURN(View in, planner.InSbuf(layer.inputs[0], Planner::kAnyAxis));
  int row_axis =
      in.part_axis >= 0 && in.part_axis != last ? in.part_axis : LargestAxisBut(in.shape, {last});
  if (row_axis < 0) {
    return planner.Error(StatusCode::kUnsupported, "normalisation needs rows and columns");
  }
  if (in.part_axis < 0) {
    NEURON_ASSIGN_OR_RETURN(in, planner.InSbuf(layer.inputs[0], row_axis));
  }
  Normalization norm;
  norm.epsilon = normalize.epsilon;
  NEURON_ASSIGN_OR_RETURN(norm.identity, planner.Fields(Activation{}));
  Activation rsqrt;
  rsqrt.function = Function::kRsqrt;
  NEURON_ASSIGN_OR_RETURN(norm.rsqrt, planner.Fields(rsqrt));
  const float step = planner.ScaleOf(out_value);
  norm.scale = ColumnWords(planner, "scales", normalize.scale, step);
  norm.bias = ColumnWords(planner, "biases", normalize.bias, step);
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], last));
  std::array<Workplace, kNormalizeBlocks> places;
  const Shape block = {planner.partitions(), in_value.shape.back()};
  for (Workplace& place : places) {
    place.rows = planner.NewView("rows of " + layer.name, isa::Dtype::kFp32, block, 0);
    place.spare = planner.NewView("squares of " + layer.name, isa::Dtype::kFp32, block, 0);
    const Shape words = {planner.partitions(), 1};
    place.mean = planner.NewView("means of " + layer.name, isa::Dtype::kFp32, words, 0);
    place.spread = planner.NewView("deviations of " + layer.name, isa::Dtype::kFp32, words, 0);
  }
  size_t next = 0;
  for (const RowBlock& rows : BlocksOf(in, out, row_axis, planner.partitions())) {
    PlanBlock(planner, norm, rows, places[next++ % places.size()]);
  }
  return OkStatus();
}

}  // namespace neuron::compiler
