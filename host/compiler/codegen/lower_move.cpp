// SPDX-License-Identifier: Apache-2.0
// Layers that move elements without arithmetic: a new view where strides can say it, a DMA
// otherwise.
#include <algorithm>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/planner.h"

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
  const Value& in_value = planner.graph().value(layer.inputs[0]);
  int part_axis = planner.PreferredAxis(layer.inputs[0]);
  if (part_axis >= 0 && pad.low[static_cast<size_t>(part_axis)] % planner.partitions() != 0) {
    part_axis = -1;
    for (size_t i = 0; i < pad.low.size(); ++i) {
      if (pad.low[i] == 0 && pad.high[i] == 0) {
        part_axis = static_cast<int>(i);
      }
    }
  }
  NEURON_ASSIGN_OR_RETURN(const View from, planner.AnyView(layer.inputs[0]));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], part_axis));
  planner.AddFill(out, pad.value / planner.ScaleOf(in_value));
  planner.AddCopy(from, Sliced(out, pad.low, in_value.shape, planner.partitions()));
  return OkStatus();
}

Status LowerStore(Planner& planner, const Layer& layer, const StoreLayer& store) {
  NEURON_ASSIGN_OR_RETURN(const View piece, planner.AnyView(layer.inputs[0]));
  return planner.Store(piece, layer.outputs[0], store);
}

}  // namespace neuron::compiler
