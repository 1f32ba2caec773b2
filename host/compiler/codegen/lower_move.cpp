// SPDX-License-Identifier: Apache-2.0
// Layers that move elements without arithmetic: a new view where strides can say it, a DMA
// otherwise.
#include <algorithm>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Adds the view as the output's home with the output's own zero-point (the bytes are the same).
void Alias(Planner& planner, ValueId output, View view) {
  view.zero_point = planner.ZeroPoint(planner.graph().value(output));
  planner.AddHome(output, std::move(view));
}

// Whether two views are the same elements of the same buffer or segment.
bool SamePlace(const View& a, const View& b) {
  if (a.space != b.space || a.segment != b.segment || a.buffer != b.buffer ||
      a.offset != b.offset || a.shape != b.shape || a.part_axis != b.part_axis ||
      (a.parts() > 1 && a.group_stride != b.group_stride)) {
    return false;
  }
  for (size_t i = 0; i < a.shape.size(); ++i) {
    if (static_cast<int>(i) != a.part_axis && a.shape[i] > 1 && a.strides[i] != b.strides[i]) {
      return false;
    }
  }
  return true;
}

// Fills a tensor in DRAM with `value` (in stored steps), except for the part that starts at `low`
// and has the shape `inner`.
void FillAround(Planner& planner, const View& whole, const std::vector<int64_t>& low,
                const Shape& inner, float value) {
  constexpr int64_t kLongestRow = 1024;
  const size_t last = whole.shape.size() - 1;
  const int64_t length = std::min(whole.shape[last], kLongestRow);
  View row = planner.NewView("padding", whole.dtype, {length}, -1);
  row.zero_point = whole.zero_point;
  planner.AddFill(row, value);
  const int64_t element_bytes = row.element_bytes();
  row.strides.assign(whole.shape.size(), 0);
  row.strides[last] = element_bytes;
  // Before and behind the part along each axis: there, the axes before are those of the part.
  Shape start(whole.shape.size(), 0);
  Shape size = whole.shape;
  for (size_t axis = 0; axis <= last; ++axis) {
    const int64_t behind = low[axis] + inner[axis];
    for (const auto& [from, to] :
         {std::pair<int64_t, int64_t>{0, low[axis]}, std::pair{behind, whole.shape[axis]}}) {
      Shape at = start;
      row.shape = size;
      at[axis] = from;
      row.shape[axis] = to - from;
      const int64_t end = at[last] + row.shape[last];
      for (; ElementCount(row.shape) > 0 && at[last] < end; at[last] += length) {
        row.shape[last] = std::min(length, end - at[last]);
        planner.AddCopy(row, Sliced(whole, at, row.shape, planner.partitions()));
      }
    }
    start[axis] = low[axis];
    size[axis] = inner[axis];
  }
}

}  // namespace

Status LowerReshape(Planner& planner, const Layer& layer) {
  const Shape& shape = planner.graph().value(layer.outputs[0]).shape;
  NEURON_ASSIGN_OR_RETURN(const View any, planner.AnyView(layer.inputs[0]));
  if (const auto view = Reshaped(any, shape, planner.partitions())) {
    Alias(planner, layer.outputs[0], *view);
    return OkStatus();
  }
  NEURON_ASSIGN_OR_RETURN(const View plain, planner.InDram(layer.inputs[0], true));
  const auto view = Reshaped(plain, shape, planner.partitions());
  if (!view.has_value()) {
    return planner.Error(StatusCode::kInternal, "a row-major tensor did not take its new shape");
  }
  Alias(planner, layer.outputs[0], *view);
  return OkStatus();
}

Status LowerTranspose(Planner& planner, const Layer& layer, const TransposeLayer& transpose) {
  NEURON_ASSIGN_OR_RETURN(const View any, planner.AnyView(layer.inputs[0]));
  Alias(planner, layer.outputs[0], Transposed(any, transpose.perm));
  return OkStatus();
}

Status LowerConcat(Planner& planner, const Layer& layer, const ConcatLayer& concat) {
  const auto axis = static_cast<size_t>(concat.axis);
  const int part_axis = planner.PreferredAxis(layer.inputs[0]);
  const std::vector<View>& homes = planner.HomesOf(layer.outputs[0]);
  const bool placed = !homes.empty();  // some inputs were written to where they belong
  // Pieces that do not start at partition 0 are joined in DRAM.
  const bool misaligned =
      part_axis == concat.axis &&
      (concat.interleaved ||
       std::ranges::any_of(layer.inputs.begin(), layer.inputs.end() - 1, [&](ValueId id) {
         return planner.graph().value(id).shape[axis] % planner.partitions() != 0;
       }));
  View out;
  if (placed) {
    out = homes.front();
  } else if (misaligned || planner.graph().value(layer.outputs[0]).in_dram) {
    out = planner.NewScratchView(layer.outputs[0]);
  } else {
    NEURON_ASSIGN_OR_RETURN(out, planner.NewValueView(layer.outputs[0], part_axis));
  }
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const View part = ConcatPart(planner, layer, concat, i, out);
    const bool there = std::ranges::any_of(planner.HomesOf(layer.inputs[i]),
                                           [&](const View& home) { return SamePlace(home, part); });
    if (!there) {
      NEURON_ASSIGN_OR_RETURN(const View from, planner.AnyView(layer.inputs[i]));
      PlanMove(planner, from, part);
    }
  }
  return OkStatus();
}

Status LowerSlice(Planner& planner, const Layer& layer, const SliceLayer& slice) {
  const Shape& size = planner.graph().value(layer.outputs[0]).shape;
  NEURON_ASSIGN_OR_RETURN(View from, planner.AnyView(layer.inputs[0]));
  if (from.part_axis >= 0) {
    const auto part = static_cast<size_t>(from.part_axis);
    const bool whole_groups =
        slice.starts[part] % planner.partitions() == 0 && slice.steps[part] == 1;
    if (!whole_groups && from.parts() > 1) {
      NEURON_ASSIGN_OR_RETURN(from, planner.InDram(layer.inputs[0], false));
    }
  }
  View view = Sliced(from, slice.starts, size, planner.partitions());
  for (size_t i = 0; i < size.size(); ++i) {
    if (static_cast<int>(i) != view.part_axis) {
      view.strides[i] *= slice.steps[i];
    }
    if (slice.steps[i] != 1) {
      view.halo_low[i] = 0;
      view.halo_high[i] = 0;
    }
  }
  Alias(planner, layer.outputs[0], std::move(view));
  return OkStatus();
}

Status LowerPad(Planner& planner, const Layer& layer, const PadLayer& pad) {
  const Value& in = planner.graph().value(layer.inputs[0]);
  const Value& out = planner.graph().value(layer.outputs[0]);
  const float value = pad.value / planner.ScaleOf(in);
  const int part_axis =
      PaddedPartAxis(planner.config(), pad, out.shape, planner.PreferredAxis(layer.inputs[0]));
  NEURON_ASSIGN_OR_RETURN(const View from, planner.AnyView(layer.inputs[0]));
  if (out.in_dram || part_axis < 0) {
    const View whole = planner.NewScratchView(layer.outputs[0]);
    FillAround(planner, whole, pad.low, in.shape, value);
    planner.AddCopy(from, Sliced(whole, pad.low, in.shape, planner.partitions()));
    return OkStatus();
  }
  NEURON_ASSIGN_OR_RETURN(const View whole, planner.NewValueView(layer.outputs[0], part_axis));
  planner.AddFill(whole, value);
  planner.AddCopy(from, Sliced(whole, pad.low, in.shape, planner.partitions()));
  return OkStatus();
}

Status LowerStore(Planner& planner, const Layer& layer, const StoreLayer& store) {
  NEURON_ASSIGN_OR_RETURN(const View piece, planner.AnyView(layer.inputs[0]));
  return planner.Store(piece, layer.outputs[0], store);
}

}  // namespace neuron::compiler
