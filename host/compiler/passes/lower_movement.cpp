// SPDX-License-Identifier: Apache-2.0
// Operators that move elements to reshape, transpose, concatenate, slice and pad layers.
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/lowering.h"

namespace neuron::compiler {
namespace {

// Movement works on what SBUF holds: float32 and 8-bit integers.
Refusal NeedMovable(const Lowering& lowering, const std::string& name) {
  const ElementType type = lowering.info(name).type;
  if (type == ElementType::kFloat32 || type == ElementType::kInt8 || type == ElementType::kUint8) {
    return std::nullopt;
  }
  return "'" + name + "' is " + ElementTypeName(type) +
         "; the engines move float32, int8 and uint8";
}

Refusal LowerReshape(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, ReshapeLayer{});
  return std::nullopt;
}

Refusal LowerTranspose(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  TransposeLayer layer;
  const std::vector<int64_t> perm = node.Ints("perm");
  layer.perm.assign(perm.begin(), perm.end());
  if (layer.perm.empty()) {
    layer.perm.resize(lowering.info(node.inputs[0]).shape.size());
    std::iota(layer.perm.rbegin(), layer.perm.rend(), 0);
  }
  std::vector<int> sorted = layer.perm;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int>(i) ||
        sorted.size() != lowering.info(node.inputs[0]).shape.size()) {
      return lowering.Invalid(node, "perm does not permute the axes");
    }
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

Refusal LowerConcat(Lowering& lowering, const HostNode& node) {
  std::vector<ValueId> inputs;
  for (const std::string& name : node.inputs) {
    if (auto refusal = NeedMovable(lowering, name)) {
      return refusal;
    }
    inputs.push_back(lowering.ValueOf(name));
  }
  const auto axis =
      lowering.Axis(node, node.Int("axis", 1), lowering.info(node.outputs[0]).shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  lowering.Emit(node, std::move(inputs), ConcatLayer{static_cast<int>(*axis)});
  return std::nullopt;
}

// The slice [start, start + step, ...) of one axis.
SliceLayer SliceOf(const Shape& shape, size_t axis, int64_t start, int64_t step = 1) {
  SliceLayer layer;
  layer.starts.assign(shape.size(), 0);
  layer.steps.assign(shape.size(), 1);
  layer.starts[axis] = start;
  layer.steps[axis] = step;
  return layer;
}

Refusal LowerSplit(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto axis = lowering.Axis(node, node.Int("axis", 0), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  int64_t start = 0;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) {
      return "one of its outputs is left out";
    }
    lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, SliceOf(shape, *axis, start), i);
    const Shape& part = lowering.info(node.outputs[i]).shape;
    if (part.size() != shape.size()) {
      return lowering.Invalid(node, "its parts have another rank than its input");
    }
    start += part[*axis];
  }
  return std::nullopt;
}

// A constant list operand of Slice: the attribute (version 1) or the input.
std::optional<std::vector<int64_t>> ListOf(Lowering& lowering, const HostNode& node,
                                           const std::string& attribute, size_t index,
                                           std::vector<int64_t> fallback) {
  if (node.Has(attribute)) {
    return node.Ints(attribute);
  }
  if (!Lowering::Has(node, index)) {
    return fallback;
  }
  const auto constant = lowering.ConstantOf(node.inputs[index]);
  return constant ? std::optional(constant->ToInts()) : std::nullopt;
}

Refusal LowerSlice(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto starts = ListOf(lowering, node, "starts", 1, {});
  if (!starts) {
    return "its bounds are computed";
  }
  std::vector<int64_t> all(starts->size());
  std::iota(all.begin(), all.end(), 0);
  const auto axes = ListOf(lowering, node, "axes", 3, all);
  const auto steps = ListOf(lowering, node, "", 4, std::vector<int64_t>(starts->size(), 1));
  if (!axes || !steps || axes->size() != starts->size() || steps->size() != starts->size()) {
    return "its bounds are computed";
  }
  SliceLayer layer;
  layer.starts.assign(shape.size(), 0);
  layer.steps.assign(shape.size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    const auto axis = lowering.Axis(node, (*axes)[i], shape.size());
    if (!axis) {
      return "its axis does not exist";
    }
    const int64_t start = (*starts)[i] < 0 ? (*starts)[i] + shape[*axis] : (*starts)[i];
    layer.starts[*axis] = std::clamp<int64_t>(start, 0, shape[*axis] - 1);
    layer.steps[*axis] = (*steps)[i];
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

Refusal LowerGather(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const auto constant = lowering.ConstantOf(node.inputs[1]);
  if (!constant || constant->elements() == 0) {
    return "its indices are computed; constant evenly spaced indices run as a slice";
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto axis = lowering.Axis(node, node.Int("axis", 0), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  std::vector<int64_t> indices = constant->ToInts();
  for (int64_t& index : indices) {
    index += index < 0 ? shape[*axis] : 0;
    if (index < 0 || index >= shape[*axis]) {
      return lowering.Invalid(node, "an index is outside the axis");
    }
  }
  const int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (size_t i = 1; i < indices.size(); ++i) {
    if (step == 0 || indices[i] - indices[i - 1] != step) {
      return "its indices are not evenly spaced; a slice would run on the DMA engine";
    }
  }
  Shape sliced = shape;
  sliced[*axis] = static_cast<int64_t>(indices.size());
  const ValueId part = lowering.EmitTemporary(node, {lowering.ValueOf(node.inputs[0])},
                                              SliceOf(shape, *axis, indices[0], step), sliced,
                                              lowering.info(node.inputs[0]).type);
  lowering.Emit(node, {part}, ReshapeLayer{});
  return std::nullopt;
}

Refusal LowerPad(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const std::string mode = node.String("mode", "constant");
  if (mode != "constant") {
    return "mode '" + mode + "' is not constant";
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto pads = ListOf(lowering, node, "pads", 1, {});
  std::vector<int64_t> all(shape.size());
  std::iota(all.begin(), all.end(), 0);
  const auto axes = ListOf(lowering, node, "", 3, all);
  if (!pads || !axes || pads->size() != 2 * axes->size()) {
    return "its pads are computed";
  }
  PadLayer layer;
  layer.low.assign(shape.size(), 0);
  layer.high.assign(shape.size(), 0);
  layer.value = node.Float("value", 0.0F);
  if (Lowering::Has(node, 2)) {
    const auto value = lowering.ScalarOf(node.inputs[2]);
    if (!value) {
      return "its fill value is computed";
    }
    layer.value = *value;
  }
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return "it pads integers without a quantisation; move it before QuantizeLinear";
  }
  for (size_t i = 0; i < axes->size(); ++i) {
    const auto axis = lowering.Axis(node, (*axes)[i], shape.size());
    if (!axis) {
      return "its axis does not exist";
    }
    layer.low[*axis] = (*pads)[i];
    layer.high[*axis] = (*pads)[i + axes->size()];
    if ((*pads)[i] < 0 || (*pads)[i + axes->size()] < 0) {
      return "it crops with negative pads; use Slice";
    }
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, std::move(layer));
  return std::nullopt;
}

constexpr OperatorRule kRules[] = {
    {"Reshape", LowerReshape},   {"Flatten", LowerReshape},     {"Squeeze", LowerReshape},
    {"Unsqueeze", LowerReshape}, {"Transpose", LowerTranspose}, {"Concat", LowerConcat},
    {"Split", LowerSplit},       {"Slice", LowerSlice},         {"Gather", LowerGather},
    {"Pad", LowerPad},
};

}  // namespace

std::span<const OperatorRule> MovementRules() { return kRules; }

}  // namespace neuron::compiler
