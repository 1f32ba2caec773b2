// SPDX-License-Identifier: Apache-2.0
// Elements chosen by indices: constant ones by strided copies, computed ones by an indirect DMA;
// repetition, selection, and the index of the largest element.
#include <algorithm>
#include <bit>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

// Output indices first, first + step, ... take input indices in evenly spaced steps too.
struct Run {
  int64_t out_first = 0;
  int64_t out_step = 1;
  int64_t in_first = 0;
  int64_t in_step = 0;
  int64_t count = 1;
};

// Cuts every `phases`th index into runs.
std::vector<Run> RunsOf(const std::vector<int64_t>& indices, int64_t phases) {
  std::vector<Run> runs;
  const auto size = static_cast<int64_t>(indices.size());
  for (int64_t phase = 0; phase < phases; ++phase) {
    bool open = false;  // whether the last run may be continued
    for (int64_t at = phase; at < size; at += phases) {
      const int64_t index = indices[static_cast<size_t>(at)];
      if (open && runs.back().count == 1) {
        runs.back().in_step = index - runs.back().in_first;
      }
      if (open && index == runs.back().in_first + runs.back().count * runs.back().in_step) {
        ++runs.back().count;
        continue;
      }
      runs.push_back({at, phases, index, 0, 1});
      open = true;
    }
  }
  return runs;
}

// The fewest runs over a few interleavings: enlarging by s gives s runs and the edges.
std::vector<Run> FewestRuns(const std::vector<int64_t>& indices) {
  constexpr int64_t kMaxPhases = 8;
  std::vector<Run> best = RunsOf(indices, 1);
  for (int64_t phases = 2; phases <= kMaxPhases; ++phases) {
    std::vector<Run> runs = RunsOf(indices, phases);
    if (runs.size() < best.size()) {
      best = std::move(runs);
    }
  }
  return best;
}

// Indices first, first + step, ... of one axis that does not lie on partitions.
View Strided(const View& view, size_t axis, int64_t first, int64_t step, int64_t count) {
  View part = view;
  part.shape[axis] = count;
  part.offset += first * view.strides[axis];
  part.strides[axis] *= step;
  std::ranges::fill(part.halo_low, 0);
  std::ranges::fill(part.halo_high, 0);
  return part;
}

// Row numbers as a list in partition 0, those below zero counted from the end of `rows`.
Result<View> IndexList(Planner& planner, ValueId id, int64_t rows) {
  NEURON_ASSIGN_OR_RETURN(const View stored, planner.AnyView(id));
  const int64_t count = ElementCount(stored.shape);
  std::optional<View> flat = Reshaped(stored, {count}, planner.partitions());
  if (!flat.has_value()) {
    NEURON_ASSIGN_OR_RETURN(const View plain, planner.InDram(id, true));
    flat = Reshaped(plain, {count}, planner.partitions());
  }
  const View list =
      planner.NewView("indices of " + planner.layer().name, isa::Dtype::kInt32, {count}, -1);
  planner.AddCopy(*flat, list);
  const View wrapped = planner.NewView("wrapped indices of " + planner.layer().name,
                                       isa::Dtype::kInt32, {count}, -1);
  const View* operands[] = {&wrapped, &list};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, 0)) {
    planner.AddOp({list.buffer, wrapped.buffer},
                  [=](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
                    isa::VectorInstruction shift = VectorOp(isa::Opcode::kTensorScalar, tile);
                    SetIn0(shift, list, tile, 1, memory);
                    SetOut(shift, wrapped, tile, 0, memory);
                    shift.alu0 = static_cast<uint32_t>(isa::Alu::kLt);
                    shift.scalar0 = std::bit_cast<uint32_t>(0.0F);
                    shift.alu1 = static_cast<uint32_t>(isa::Alu::kMul);
                    shift.scalar1 = std::bit_cast<uint32_t>(static_cast<float>(rows));
                    NEURON_RETURN_IF_ERROR(program.Append(shift));
                    isa::VectorInstruction add = VectorOp(isa::Opcode::kTensorTensor, tile);
                    SetIn0(add, wrapped, tile, 0, memory);
                    SetIn1(add, list, tile, 1, memory);
                    SetOut(add, wrapped, tile, 0, memory);
                    add.alu0 = static_cast<uint32_t>(isa::Alu::kAdd);
                    return program.Append(add);
                  });
  }
  return wrapped;
}

// One indirect DMA: `width` columns from `column` on of the listed rows go to `block` partitions
// times `groups` groups of `out`.
struct RowGather {
  View table;  // DRAM, [rows, columns]
  View list;
  View out;  // [count, columns], columns on partitions
  int64_t column = 0;
  int64_t parts = 1;
  int64_t groups = 1;
};

Status EmitRows(ProgramBuilder& program, const MemoryPlan& memory, const RowGather& gather,
                int64_t partitions) {
  const int64_t bytes = gather.table.element_bytes();
  const int64_t count = gather.out.shape[0];
  isa::DmaInstruction dma =
      DmaCopy(isa::Space::kDram, gather.table.segment, isa::Space::kSbuf, 0, bytes);
  dma.src_base = static_cast<uint32_t>(gather.table.offset + gather.column * bytes);
  dma.dst_base = static_cast<uint32_t>(memory.buffer(gather.out.buffer).offset + gather.out.offset +
                                       gather.column / partitions * gather.out.group_stride);
  SetDmaDims(dma, {gather.parts, gather.groups, 1, count},
             {bytes, bytes * partitions, 0, gather.table.strides[0]},
             {kPartitionStep, gather.out.group_stride, 0, gather.out.strides[0]});
  dma.indirect = 1;
  dma.index_base =
      static_cast<uint32_t>(memory.buffer(gather.list.buffer).offset + gather.list.offset);
  dma.index_limit = static_cast<uint32_t>(gather.table.shape[0]);
  return program.Append(isa::Queue::kDma1, dma);
}

}  // namespace

Status LowerTake(Planner& planner, const Layer& layer, const TakeLayer& take) {
  const Shape& shape = planner.graph().value(layer.inputs[0]).shape;
  const auto axis = static_cast<size_t>(take.axis);
  int part = planner.PreferredAxis(layer.inputs[0]);
  if (part == take.axis) {
    part = LargestAxisBut(shape, {take.axis});
  }
  NEURON_ASSIGN_OR_RETURN(View in, planner.AnyView(layer.inputs[0]));
  if (in.space == isa::Space::kSbuf && in.part_axis != part) {
    NEURON_ASSIGN_OR_RETURN(in, planner.InSbuf(layer.inputs[0], part));
  }
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], part));
  for (const Run& run : FewestRuns(take.indices)) {
    PlanMove(planner, Strided(in, axis, run.in_first, run.in_step, run.count),
             Strided(out, axis, run.out_first, run.out_step, run.count));
  }
  return OkStatus();
}

Status LowerExpand(Planner& planner, const Layer& layer) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Shape& shape = planner.graph().value(layer.outputs[0]).shape;
  int axis = planner.PreferredAxis(layer.inputs[0]);
  axis = axis < 0 ? planner.PreferredAxis(layer.outputs[0])
                  : axis + static_cast<int>(shape.size() - in_value.shape.size());
  NEURON_ASSIGN_OR_RETURN(const View in, BroadcastOperand(planner, layer.inputs[0], shape, axis));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], axis));
  PlanMove(planner, in, out);
  return OkStatus();
}

Status LowerSelect(Planner& planner, const Layer& layer) {
  const Shape& shape = planner.graph().value(layer.outputs[0]).shape;
  const int axis = OutputAxis(planner, layer);
  NEURON_ASSIGN_OR_RETURN(const View condition,
                          BroadcastOperand(planner, layer.inputs[0], shape, axis));
  NEURON_ASSIGN_OR_RETURN(const View chosen,
                          BroadcastOperand(planner, layer.inputs[1], shape, axis));
  NEURON_ASSIGN_OR_RETURN(const View other,
                          BroadcastOperand(planner, layer.inputs[2], shape, axis));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], axis));
  PlanMove(planner, other, out);
  const View* operands[] = {&out, &condition, &chosen};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({condition.buffer, chosen.buffer, out.buffer},
                  [=](ProgramBuilder& program, const MemoryPlan& memory) {
                    isa::VectorInstruction op = VectorOp(isa::Opcode::kSelect, tile);
                    SetIn0(op, condition, tile, 1, memory);
                    SetIn1(op, chosen, tile, 2, memory);
                    SetOut(op, out, tile, 0, memory);
                    op.predicate = 1;
                    return program.Append(op);
                  });
  }
  return OkStatus();
}

Status LowerGather(Planner& planner, const Layer& layer) {
  const Value& table_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const int64_t rows = table_value.shape[0];
  const int64_t columns = ElementCount(table_value.shape) / rows;
  NEURON_ASSIGN_OR_RETURN(const View plain, planner.InDram(layer.inputs[0], true));
  RowGather gather;
  gather.table = *Reshaped(plain, {rows, columns}, planner.partitions());
  NEURON_ASSIGN_OR_RETURN(gather.list, IndexList(planner, layer.inputs[1], rows));
  const int64_t count = ElementCount(gather.list.shape);
  gather.out = planner.NewView(out_value.name, plain.dtype, {count, columns}, 1);
  gather.out.zero_point = planner.ZeroPoint(out_value);
  const int64_t partitions = planner.partitions();
  for (int64_t column = 0; column < columns; column += gather.parts * gather.groups) {
    gather.column = column;
    gather.groups = std::max<int64_t>((columns - column) / partitions, 1);
    gather.parts = std::min(partitions, columns - column);
    planner.AddOp({gather.list.buffer, gather.out.buffer},
                  [=](ProgramBuilder& program, const MemoryPlan& memory) {
                    return EmitRows(program, memory, gather, partitions);
                  });
  }
  if (const auto shaped = Reshaped(gather.out, out_value.shape, planner.partitions())) {
    planner.AddHome(layer.outputs[0], *shaped);
    return OkStatus();
  }
  const View scratch = planner.NewScratch(out_value);
  planner.AddCopy(gather.out, *Reshaped(scratch, {count, columns}, planner.partitions()));
  planner.AddHome(layer.outputs[0], scratch);
  return OkStatus();
}

Status LowerArg(Planner& planner, const Layer& layer, const ArgLayer& arg) {
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const auto axis = static_cast<size_t>(arg.axis);
  const int part = LargestAxisBut(planner.graph().value(layer.inputs[0]).shape, {arg.axis});
  NEURON_ASSIGN_OR_RETURN(View in, planner.InSbuf(layer.inputs[0], part));
  if (arg.smallest) {
    NEURON_ASSIGN_OR_RETURN(const FunctionFields identity, planner.Fields(Activation{}));
    const View negated =
        planner.NewView("negated " + layer.name, isa::Dtype::kFp32, in.shape, part);
    PlanActivate(planner, in, negated, identity, -1.0F, 0.0F);
    in = negated;
  }
  Shape kept = in.shape;
  kept[axis] = 1;
  const View out = planner.NewView(out_value.name, isa::Dtype::kInt32, kept, part);
  View rows = in;
  rows.shape = kept;
  const View* operands[] = {&out, &rows};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({in.buffer, out.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
      isa::VectorInstruction op = VectorOp(isa::Opcode::kArgmax, tile);
      SetIn0(op, rows, tile, 1, memory);
      SetOut(op, out, tile, 0, memory);
      op.window_size0 = static_cast<uint32_t>(in.shape[axis]);
      op.in0_window_stride0 = static_cast<int32_t>(in.strides[axis]);
      return program.Append(op);
    });
  }
  const auto shaped = Reshaped(out, out_value.shape, planner.partitions());
  if (!shaped.has_value()) {
    return planner.Error(StatusCode::kInternal, "cannot drop the searched axis");
  }
  planner.AddHome(layer.outputs[0], *shaped);
  return OkStatus();
}

}  // namespace neuron::compiler
