// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/copies.h"

#include <algorithm>
#include <array>
#include <bit>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/tiling.h"
#include "isa/cost/cost_model.h"

namespace neuron::compiler {
namespace {

constexpr size_t kSource = 0;
constexpr size_t kTarget = 1;

// A loop over blocks, and the bytes it steps at the source and at the destination.
struct BlockLoop {
  int64_t count = 1;
  int64_t step[2] = {0, 0};
};

// Indices [first, first + groups * P) of an axis in whole groups, or its last few.
struct Span {
  int64_t first_group = 0;
  int64_t groups = 1;
  int64_t count = 1;  // indices of a group
};

std::vector<Span> SpansOf(int64_t size, int64_t partitions) {
  std::vector<Span> spans;
  if (size >= partitions) {
    spans.push_back({0, size / partitions, partitions});
  }
  if (size % partitions != 0) {
    spans.push_back({size / partitions, 1, size % partitions});
  }
  return spans;
}

// The transposes of all blocks of `rows` indices of the source's partition axis and `columns` of
// the destination's. The longest loop runs inside the instructions.
void AppendBlocks(const View& src, const View& dst, const Span& rows, const Span& columns,
                  int64_t partitions, std::vector<isa::DmaInstruction>& made) {
  const auto row_axis = static_cast<size_t>(src.part_axis);
  const auto column_axis = static_cast<size_t>(dst.part_axis);
  const int64_t row_steps[2] = {src.group_stride, dst.strides[row_axis] * partitions};
  const int64_t column_steps[2] = {src.strides[column_axis] * partitions, dst.group_stride};
  std::vector<BlockLoop> loops = {{rows.groups, {row_steps[kSource], row_steps[kTarget]}},
                                  {columns.groups, {column_steps[kSource], column_steps[kTarget]}}};
  for (size_t axis = src.shape.size(); axis-- > 0;) {
    if (axis != row_axis && axis != column_axis) {
      loops.push_back({src.shape[axis], {src.strides[axis], dst.strides[axis]}});
    }
  }
  std::ranges::stable_sort(loops, {}, [](const BlockLoop& loop) { return -loop.count; });
  isa::DmaInstruction op;
  op.opcode = static_cast<uint32_t>(isa::Opcode::kDmaTranspose);
  op.src_space = static_cast<uint32_t>(isa::Space::kSbuf);
  op.dst_space = op.src_space;
  op.element_log2 =
      static_cast<uint32_t>(std::countr_zero(static_cast<uint64_t>(src.element_bytes())));
  op.part_count = static_cast<uint32_t>(rows.count);
  op.src_size0 = static_cast<uint32_t>(columns.count);
  op.src_size1 = static_cast<uint32_t>(loops[0].count);
  op.src_stride0 = static_cast<int32_t>(src.strides[column_axis]);
  op.src_stride1 = static_cast<int32_t>(loops[0].step[kSource]);
  op.dst_stride0 = static_cast<int32_t>(dst.strides[row_axis]);
  op.dst_stride1 = static_cast<int32_t>(loops[0].step[kTarget]);
  int64_t outer = 1;
  for (size_t i = 1; i < loops.size(); ++i) {
    outer *= loops[i].count;
  }
  for (int64_t block = 0; block < outer; ++block) {
    int64_t base[2] = {src.offset + rows.first_group * row_steps[kSource] +
                           columns.first_group * column_steps[kSource],
                       dst.offset + rows.first_group * row_steps[kTarget] +
                           columns.first_group * column_steps[kTarget]};
    int64_t rest = block;
    for (size_t i = 1; i < loops.size(); ++i) {
      for (const size_t side : {kSource, kTarget}) {
        base[side] += rest % loops[i].count * loops[i].step[side];
      }
      rest /= loops[i].count;
    }
    op.src_base = static_cast<uint32_t>(base[kSource]);
    op.dst_base = static_cast<uint32_t>(base[kTarget]);
    made.push_back(op);
  }
}

// Nothing where both sides have the same axis on partitions, or one has none.
std::vector<isa::DmaInstruction> Transposes(const View& src, const View& dst, int64_t partitions) {
  std::vector<isa::DmaInstruction> made;
  if (src.space != isa::Space::kSbuf || dst.space != isa::Space::kSbuf || src.part_axis < 0 ||
      dst.part_axis < 0 || src.part_axis == dst.part_axis) {
    return made;
  }
  for (const Span& columns : SpansOf(dst.parts(), partitions)) {
    for (const Span& rows : SpansOf(src.parts(), partitions)) {
      AppendBlocks(src, dst, rows, columns, partitions, made);
    }
  }
  return made;
}

std::vector<isa::DmaInstruction> Moves(const View& src, const View& dst, int64_t partitions) {
  std::vector<isa::DmaInstruction> made;
  for (const CopyPiece& piece : CopyPieces(src, dst, partitions)) {
    isa::DmaInstruction op =
        DmaCopy(src.space, src.segment, dst.space, dst.segment, src.element_bytes());
    op.src_base = static_cast<uint32_t>(piece.src_base);
    op.dst_base = static_cast<uint32_t>(piece.dst_base);
    SetDmaDims(op, piece.sizes, piece.src_strides, piece.dst_strides);
    made.push_back(op);
  }
  return made;
}

uint64_t CyclesOf(const std::vector<isa::DmaInstruction>& instructions, const isa::Config& config) {
  const isa::CostParameters parameters;
  uint64_t cycles = 0;
  for (const isa::DmaInstruction& op : instructions) {
    std::array<uint32_t, isa::kInstructionWords> words;
    op.Encode(words);
    const isa::InstructionCost cost = isa::EstimateCost(config, parameters, words);
    cycles += std::max(cost.occupancy, cost.issue);
  }
  return cycles;
}

}  // namespace

std::vector<isa::DmaInstruction> CopyInstructions(const View& src, const View& dst,
                                                  const isa::Config& config) {
  std::vector<isa::DmaInstruction> transposes = Transposes(src, dst, config.p);
  std::vector<isa::DmaInstruction> moves = Moves(src, dst, config.p);
  return !transposes.empty() && CyclesOf(transposes, config) < CyclesOf(moves, config) ? transposes
                                                                                       : moves;
}

uint64_t CopyCycles(const View& src, const View& dst, const isa::Config& config) {
  const std::vector<isa::DmaInstruction> instructions = CopyInstructions(src, dst, config);
  if (instructions.empty()) {
    return 0;
  }
  std::array<uint32_t, isa::kInstructionWords> last;
  instructions.back().Encode(last);
  return CyclesOf(instructions, config) + isa::EstimateCost(config, {}, last).latency;
}

}  // namespace neuron::compiler
