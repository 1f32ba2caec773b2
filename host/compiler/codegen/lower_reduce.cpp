// SPDX-License-Identifier: Apache-2.0
// Pooling, reductions and softmax: windows on VectorE; a reduction over partitions first moves that
// axis to the free dimensions.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

uint32_t AluOf(ReduceOp op) {
  switch (op) {
    case ReduceOp::kMax:
      return static_cast<uint32_t>(isa::Alu::kMax);
    case ReduceOp::kMin:
      return static_cast<uint32_t>(isa::Alu::kMin);
    case ReduceOp::kSum:
    case ReduceOp::kMean:
      break;
  }
  return static_cast<uint32_t>(isa::Alu::kAdd);
}

// Window positions along one axis that are not padding, as runs of output indices with the same
// clipped window: [first, first + count) with the window starting at tap `low` and having `taps`
// taps.
struct WindowRun {
  int64_t first = 0;
  int64_t count = 0;
  int64_t low = 0;
  int64_t taps = 0;
};

std::vector<WindowRun> WindowRuns(int64_t in, int64_t out, int64_t kernel, int64_t stride,
                                  int64_t dilation, int64_t pad) {
  std::vector<WindowRun> runs;
  for (int64_t o = 0; o < out; ++o) {
    const int64_t start = o * stride - pad;
    int64_t low = 0;
    while (low < kernel && start + low * dilation < 0) {
      ++low;
    }
    int64_t high = kernel;
    while (high > low && start + (high - 1) * dilation >= in) {
      --high;
    }
    if (!runs.empty() && runs.back().low == low && runs.back().taps == high - low) {
      ++runs.back().count;
    } else {
      runs.push_back({o, 1, low, high - low});
    }
  }
  return runs;
}

struct ReduceStep {
  View in;                      // the window axes removed from `free` order below
  View out;                     // same rank as in, window axes of size 1
  std::vector<int64_t> window;  // sizes, innermost first, three entries
  std::vector<int64_t> window_strides;
  uint32_t alu = 0;
  float scale = 1.0F;
};

// Plans one reduce over every output element of `step.out`; in and out views have the same shape
// here (in's strides step from window to window).
void PlanReduce(Planner& planner, const ReduceStep& step) {
  const int64_t window =
      std::accumulate(step.window.begin(), step.window.end(), int64_t{1}, std::multiplies<>());
  constexpr int64_t kTileReads = 1024;
  const int64_t limit = std::max<int64_t>(1, kTileReads / window);
  const View* operands[] = {&step.out, &step.in};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, limit)) {
    planner.AddOp(
        {step.in.buffer, step.out.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
          isa::VectorInstruction op = VectorOp(isa::Opcode::kReduce, tile);
          SetIn0(op, step.in, tile, 1, memory);
          SetOut(op, step.out, tile, 0, memory);
          op.alu0 = step.alu;
          op.alu1 = static_cast<uint32_t>(step.scale == 1.0F ? isa::Alu::kBypass : isa::Alu::kMul);
          op.scalar1 = Bits(step.scale);
          op.window_size0 = static_cast<uint32_t>(step.window[0]);
          op.window_size1 = static_cast<uint32_t>(step.window[1]);
          op.window_size2 = static_cast<uint32_t>(step.window[2]);
          op.in0_window_stride0 = static_cast<int32_t>(step.window_strides[0]);
          op.in0_window_stride1 = static_cast<int32_t>(step.window_strides[1]);
          op.in0_window_stride2 = static_cast<int32_t>(step.window_strides[2]);
          return program.Append(op);
        });
  }
}

// Reduces `axes` (free axes of `in`) into `out`, up to three axes an instruction.
Status ReduceFree(Planner& planner, View in, const View& out, std::vector<int> axes, ReduceOp op,
                  float scale) {
  while (axes.size() > 3) {
    std::vector<int> now(axes.end() - 3, axes.end());
    axes.resize(axes.size() - 3);
    Shape shape = in.shape;
    for (const int axis : now) {
      shape[static_cast<size_t>(axis)] = 1;
    }
    View partial = planner.NewView("partial result of " + planner.layer().name, isa::Dtype::kFp32,
                                   shape, in.part_axis);
    NEURON_RETURN_IF_ERROR(ReduceFree(planner, in, partial, now, op, 1.0F));
    in = partial;
  }
  ReduceStep step;
  step.in = in;
  step.out = out;
  step.alu = AluOf(op);
  step.scale = scale;
  step.window.assign(3, 1);
  step.window_strides.assign(3, 0);
  size_t slot = 0;
  for (size_t i = axes.size(); i-- > 0; ++slot) {
    const auto axis = static_cast<size_t>(axes[i]);
    step.window[slot] = in.shape[axis];
    step.window_strides[slot] = in.strides[axis];
    step.in.shape[axis] = 1;
    step.in.strides[axis] = 0;
  }
  PlanReduce(planner, step);
  return OkStatus();
}

// The first `partitions` partitions of a view, whose first `groups` groups are an axis of their own
// behind the others.
View WithGroupAxis(View view, int64_t partitions, int64_t groups) {
  view.shape[static_cast<size_t>(view.part_axis)] = partitions;
  view.shape.push_back(groups);
  view.strides.push_back(view.group_stride);
  view.halo_low.push_back(0);
  view.halo_high.push_back(0);
  return view;
}

// Reduces `axes` and, of a long partition axis, what each partition holds, so that one index for
// each partition has to be brought together with the others, not whole rows.
Result<View> ReduceInPartitions(Planner& planner, const View& in, std::vector<int> axes,
                                ReduceOp op) {
  const int64_t parts = PartsToGather(planner.config(), in.parts());
  const bool whole = parts == in.parts();
  if (whole && axes.empty()) {
    return in;
  }
  Shape shape = in.shape;
  for (const int axis : axes) {
    shape[static_cast<size_t>(axis)] = 1;
  }
  shape[static_cast<size_t>(in.part_axis)] = parts;
  View out = planner.NewView("partial result of " + planner.layer().name, isa::Dtype::kFp32, shape,
                             in.part_axis);
  if (whole) {
    NEURON_RETURN_IF_ERROR(ReduceFree(planner, in, out, std::move(axes), op, 1.0F));
    return out;
  }
  const int64_t groups = in.parts() / parts;
  const int64_t rest = in.parts() % parts;  // partitions that hold one index more
  axes.push_back(in.rank());
  NEURON_RETURN_IF_ERROR(ReduceFree(planner, WithGroupAxis(in, parts, groups),
                                    WithGroupAxis(out, parts, 1), axes, op, 1.0F));
  if (rest > 0) {
    NEURON_RETURN_IF_ERROR(ReduceFree(planner, WithGroupAxis(in, rest, groups + 1),
                                      WithGroupAxis(out, rest, 1), axes, op, 1.0F));
  }
  return out;
}

// The same bytes seen with a partition axis of one index moved to `axis`.
View OnOnePartition(Planner& planner, const View& view, int axis) {
  View moved = planner.NewView("gathered " + planner.layer().name, view.dtype, view.shape, axis);
  moved.zero_point = view.zero_point;
  planner.AddCopy(view, moved);
  return moved;
}

}  // namespace

Status LowerPool(Planner& planner, const Layer& layer, const PoolLayer& pool) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  if (pool.op != ReduceOp::kMax && pool.op != ReduceOp::kMean) {
    return planner.Error(StatusCode::kUnsupported, "pooling takes the maximum or the mean");
  }
  NEURON_ASSIGN_OR_RETURN(const View in, planner.InSbuf(layer.inputs[0], 1));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], 1));
  const bool flat = in.shape.size() == 3;
  const size_t x_axis = in.shape.size() - 1;
  const size_t y_axis = 2;
  const std::vector<WindowRun> rows =
      flat ? std::vector<WindowRun>{{0, 1, 0, 1}}
           : WindowRuns(in.shape[y_axis], out.shape[y_axis], pool.kernel[0], pool.strides[0],
                        pool.dilations[0], pool.pads[0]);
  const std::vector<WindowRun> columns =
      WindowRuns(in.shape[x_axis], out.shape[x_axis], pool.kernel[1], pool.strides[1],
                 pool.dilations[1], pool.pads[1]);
  const float rescale = planner.ScaleOf(in_value) / planner.ScaleOf(out_value);
  const int64_t kernel_area = pool.kernel[1] * (flat ? 1 : pool.kernel[0]);
  const int64_t row_stride = flat ? 0 : in.strides[y_axis];
  const int64_t column_stride = in.strides[x_axis];
  for (const WindowRun& row : rows) {
    for (const WindowRun& column : columns) {
      ReduceStep step;
      step.in = in;
      step.out = out;
      step.alu = AluOf(pool.op);
      step.in.shape = out.shape;
      step.in.shape[x_axis] = column.count;
      step.out.shape[x_axis] = column.count;
      step.in.strides[x_axis] = column_stride * pool.strides[1];
      step.in.offset +=
          (column.first * pool.strides[1] - pool.pads[1] + column.low * pool.dilations[1]) *
          column_stride;
      step.out.offset += column.first * out.strides[x_axis];
      if (!flat) {
        step.in.shape[y_axis] = row.count;
        step.out.shape[y_axis] = row.count;
        step.in.strides[y_axis] = row_stride * pool.strides[0];
        step.in.offset +=
            (row.first * pool.strides[0] - pool.pads[0] + row.low * pool.dilations[0]) * row_stride;
        step.out.offset += row.first * out.strides[y_axis];
      }
      step.window = {column.taps, row.taps, 1};
      step.window_strides = {column_stride * pool.dilations[1], row_stride * pool.dilations[0], 0};
      if (column.taps == 0 || row.taps == 0) {
        return planner.Error(StatusCode::kUnsupported,
                             "a pooling window lies in the padding alone; use smaller pads");
      }
      step.scale = rescale;
      if (pool.op == ReduceOp::kMean) {
        const int64_t area = pool.count_include_pad ? kernel_area : column.taps * row.taps;
        step.scale = rescale / static_cast<float>(area);
      }
      PlanReduce(planner, step);
    }
  }
  return OkStatus();
}

Status LowerReduce(Planner& planner, const Layer& layer, const ReduceLayer& reduce) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  NEURON_ASSIGN_OR_RETURN(const View in, planner.InSbuf(layer.inputs[0], Planner::kAnyAxis));
  NEURON_ASSIGN_OR_RETURN(const isa::Dtype out_type, planner.TypeOf(out_value));
  Shape kept = in.shape;
  int64_t count = 1;
  std::vector<int> free_axes;
  bool over_partitions = false;
  for (const int axis : reduce.axes) {
    count *= in.shape[static_cast<size_t>(axis)];
    kept[static_cast<size_t>(axis)] = 1;
    if (axis == in.part_axis && in.parts() > 1) {
      over_partitions = true;
    } else if (in.shape[static_cast<size_t>(axis)] > 1) {
      free_axes.push_back(axis);
    }
  }
  float scale = planner.ScaleOf(in_value) / planner.ScaleOf(out_value);
  if (reduce.op == ReduceOp::kMean) {
    scale /= static_cast<float>(count);
  }
  View out;
  if (!over_partitions) {
    out = planner.NewView(out_value.name, out_type, kept, in.part_axis);
    out.zero_point = planner.ZeroPoint(out_value);
    NEURON_RETURN_IF_ERROR(ReduceFree(planner, in, out, free_axes, reduce.op, scale));
  } else {
    NEURON_ASSIGN_OR_RETURN(const View partial,
                            ReduceInPartitions(planner, in, free_axes, reduce.op));
    const int target = LargestAxisBut(in.shape, reduce.axes);
    const View gathered = OnOnePartition(planner, partial, target);
    out = planner.NewView(out_value.name, out_type, kept, target);
    out.zero_point = planner.ZeroPoint(out_value);
    NEURON_RETURN_IF_ERROR(ReduceFree(planner, gathered, out, {in.part_axis}, reduce.op, scale));
  }
  const auto reshaped = Reshaped(out, out_value.shape, planner.partitions());
  if (!reshaped.has_value()) {
    return planner.Error(StatusCode::kInternal, "cannot drop the reduced axes");
  }
  planner.AddHome(layer.outputs[0], *reshaped);
  return OkStatus();
}

Status LowerSoftmax(Planner& planner, const Layer& layer, const SoftmaxLayer& softmax) {
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const auto axis = static_cast<size_t>(softmax.axis);
  const int part = LargestAxisBut(in_value.shape, {softmax.axis});
  NEURON_ASSIGN_OR_RETURN(const View in, planner.InSbuf(layer.inputs[0], part));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], part));
  Activation exp_activation;
  exp_activation.function = Function::kExp;
  NEURON_ASSIGN_OR_RETURN(const FunctionFields exp_fields, planner.Fields(exp_activation));
  Activation reciprocal;
  reciprocal.function = Function::kReciprocal;
  NEURON_ASSIGN_OR_RETURN(const FunctionFields reciprocal_fields, planner.Fields(reciprocal));
  const float in_scale = planner.ScaleOf(in_value);
  const float out_step = planner.ScaleOf(out_value);

  // One row of the softmax axis for each index of the other free axes and each partition group. Its
  // exponentials wait in one of a few buffers unless the output itself can hold them.
  const bool in_place = out.dtype == isa::Dtype::kFp32;
  const int64_t row_bytes = in.shape[axis] * kWordBytes;
  const int64_t rows = ElementCount(in.shape) / in.shape[axis];
  std::vector<View> powers;
  for (int64_t n = SoftmaxRowBuffers(row_bytes, rows); n > 0 && !in_place; --n) {
    powers.push_back(planner.NewView("exponentials of " + layer.name, isa::Dtype::kFp32,
                                     {planner.partitions(), in.shape[axis]}, 0));
  }
  Shape row_shape = in.shape;
  row_shape[axis] = 1;
  const View biases =
      planner.NewView("row maxima of " + layer.name, isa::Dtype::kFp32, row_shape, part);
  const View sums =
      planner.NewView("row sums of " + layer.name, isa::Dtype::kFp32, row_shape, part);
  ReduceStep maximum;
  maximum.in = in;
  maximum.in.shape[axis] = 1;
  maximum.out = biases;
  maximum.alu = AluOf(ReduceOp::kMax);
  maximum.scale = -in_scale;
  maximum.window = {in.shape[axis], 1, 1};
  maximum.window_strides = {in.strides[axis], 0, 0};
  PlanReduce(planner, maximum);

  View in_rows = in;
  View out_rows = out;
  in_rows.shape = out_rows.shape = row_shape;
  const View* operands[] = {&biases, &sums, &in_rows, &out_rows};
  size_t next = 0;
  for (const Tile& row : TilesOf(operands, planner.partitions(), 3, 1)) {
    const View power_row = in_place ? out : powers[next++ % powers.size()];
    planner.AddOp(
        {in.buffer, power_row.buffer, biases.buffer, sums.buffer, out.buffer},
        [=](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
          Tile along = row;
          along.sizes = {in.shape[axis], 1, 1};
          along.strides[2] = {in.strides[axis], 0, 0};
          along.strides[3] = {out.strides[axis], 0, 0};
          along.base.push_back(in_place ? row.base[3] : power_row.offset);
          along.strides.push_back(in_place ? along.strides[3]
                                           : std::vector<int64_t>{kWordBytes, 0, 0});
          isa::ScalarInstruction power = ActivateOp(exp_fields, along);
          SetIn(power, in, along, 2, memory);
          SetOut(power, power_row, along, 4, memory);
          power.scale = Bits(in_scale);
          power.bias_operand = static_cast<uint32_t>(isa::Operand::kPartition);
          power.bias = static_cast<uint32_t>(memory.buffer(biases.buffer).offset + row.base[0]);
          power.sum_enable = 1;
          power.sum_base = static_cast<uint32_t>(memory.buffer(sums.buffer).offset + row.base[1]);
          NEURON_RETURN_IF_ERROR(program.Append(power));
          isa::ScalarInstruction inverse = ActivateOp(reciprocal_fields, row);
          SetIn(inverse, sums, row, 1, memory);
          SetOut(inverse, sums, row, 1, memory);
          NEURON_RETURN_IF_ERROR(program.Append(inverse));
          isa::VectorInstruction scale = VectorOp(isa::Opcode::kTensorScalar, along);
          SetIn0(scale, power_row, along, 4, memory);
          SetOut(scale, out, along, 3, memory);
          scale.alu0 = static_cast<uint32_t>(isa::Alu::kMul);
          scale.scalar0_operand = static_cast<uint32_t>(isa::Operand::kPartition);
          scale.scalar0 = static_cast<uint32_t>(memory.buffer(sums.buffer).offset + row.base[1]);
          scale.alu1 = static_cast<uint32_t>(out_step == 1.0F ? isa::Alu::kBypass : isa::Alu::kMul);
          scale.scalar1 = Bits(1.0F / out_step);
          return program.Append(scale);
        });
  }
  return OkStatus();
}

}  // namespace neuron::compiler
