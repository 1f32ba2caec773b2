// SPDX-License-Identifier: Apache-2.0
// Operators that move whole blocks of elements: reshape, transpose, concatenate, split and slice.
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/lowering.h"

namespace neuron::compiler {
namespace {

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
    if (ElementCount(lowering.info(node.outputs[i]).shape) == 0) {
      continue;
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

}  // namespace

Refusal NeedMovable(const Lowering& lowering, const std::string& name) {
  const ElementType type = lowering.info(name).type;
  if (type == ElementType::kFloat32 || type == ElementType::kInt8 || type == ElementType::kUint8 ||
      type == ElementType::kBool) {
    return std::nullopt;
  }
  return "'" + name + "' is " + ElementTypeName(type) +
         "; the engines move float32, int8, uint8 and bool";
}

std::span<const OperatorRule> MovementRules() {
  static constexpr OperatorRule kRules[] = {
      {"Reshape", LowerReshape},   {"Flatten", LowerReshape},     {"Squeeze", LowerReshape},
      {"Unsqueeze", LowerReshape}, {"Transpose", LowerTranspose}, {"Concat", LowerConcat},
      {"Split", LowerSplit},       {"Slice", LowerSlice},
  };
  return kRules;
}

}  // namespace neuron::compiler
