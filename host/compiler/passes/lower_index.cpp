// SPDX-License-Identifier: Apache-2.0
// Operators that choose, repeat or rearrange single elements: gather, padding, expansion, depth and
// space, the index of the largest.
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// The reason why rows cannot be gathered by computed indices, if there is one.
Refusal CheckComputedIndices(const Lowering& lowering, const HostNode& node) {
  constexpr int64_t kMaxIndices = 4096;  // the list lies in one partition
  constexpr int64_t kMaxRows = 1 << 24;  // indices are compared as float32
  const TensorInfo& indices = lowering.info(node.inputs[1]);
  if (ElementCount(indices.shape) > kMaxIndices) {
    return "its indices are computed and more than " + std::to_string(kMaxIndices);
  }
  if (lowering.info(node.inputs[0]).shape[0] > kMaxRows) {
    return "its indices are computed and its table has more than " + std::to_string(kMaxRows) +
           " rows";
  }
  return std::nullopt;
}

// The stored integers behind a table that is a constant dequantised with one scale; nothing for any
// other table.
std::optional<ValueId> StoredTable(Lowering& lowering, const std::string& name) {
  const HostNode* node = lowering.DequantizedConstant(name);
  if (node == nullptr || (lowering.info(node->inputs[0]).type != ElementType::kInt8 &&
                          lowering.info(node->inputs[0]).type != ElementType::kUint8)) {
    return std::nullopt;
  }
  const auto scale = lowering.ScalarOf(node->inputs[1]);
  const auto zero =
      Lowering::Has(*node, 2) ? lowering.ScalarOf(node->inputs[2]) : std::optional<float>(0.0F);
  if (!scale || !zero) {
    return std::nullopt;
  }
  const ValueId table = lowering.ValueOf(node->inputs[0]);
  lowering.layers().value(table).quantization =
      Quantization{{*scale}, {static_cast<int32_t>(*zero)}, -1};
  return table;
}

// Rows chosen by indices that are known only when the model runs: an indirect DMA.
Refusal LowerComputedGather(Lowering& lowering, const HostNode& node, size_t axis) {
  if (auto refusal = CheckComputedIndices(lowering, node)) {
    return refusal;
  }
  Expression e(lowering, node);
  const auto stored = axis == 0 ? StoredTable(lowering, node.inputs[0]) : std::nullopt;
  ValueId table = stored ? *stored : e.Input(0);
  const ElementType type = lowering.layers().value(table).type;
  const auto rank = static_cast<int>(e.shape(table).size());
  const auto index_rank = static_cast<int>(lowering.info(node.inputs[1]).shape.size());
  if (axis > 0) {
    std::vector<int> front(static_cast<size_t>(rank));
    std::iota(front.begin(), front.end(), 0);
    std::rotate(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(axis),
                front.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
    table = e.Transpose(table, std::move(front));
  }
  Shape shape = lowering.info(node.inputs[1]).shape;
  shape.insert(shape.end(), e.shape(table).begin() + 1, e.shape(table).end());
  ValueId rows =
      lowering.EmitTemporary(node, {table, e.Input(1)}, GatherLayer{}, std::move(shape), type);
  if (stored) {
    lowering.layers().value(rows).quantization = lowering.layers().value(table).quantization;
    rows = e.ToFloat(rows);
  }
  if (axis > 0) {  // [indices, before the axis, after it] to [before, indices, after]
    std::vector<int> back(static_cast<size_t>(rank - 1 + index_rank));
    std::iota(back.begin(), back.end(), 0);
    std::rotate(back.begin(), back.begin() + index_rank,
                back.begin() + index_rank + static_cast<std::ptrdiff_t>(axis));
    rows = e.Transpose(rows, std::move(back));
  }
  e.Finish(rows);
  return std::nullopt;
}

Refusal LowerGather(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const auto axis = lowering.Axis(node, node.Int("axis", 0), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  const auto constant = lowering.ConstantOf(node.inputs[1]);
  if (!constant) {
    return LowerComputedGather(lowering, node, *axis);
  }
  std::vector<int64_t> indices = constant->ToInts();
  for (int64_t& index : indices) {
    index += index < 0 ? shape[*axis] : 0;
    if (index < 0 || index >= shape[*axis]) {
      return lowering.Invalid(node, "an index is outside the axis");
    }
  }
  Expression e(lowering, node);
  const auto count = static_cast<int64_t>(indices.size());
  bool consecutive = true;
  for (int64_t i = 0; i < count; ++i) {
    consecutive = consecutive && indices[static_cast<size_t>(i)] == indices[0] + i;
  }
  const int along = static_cast<int>(*axis);
  e.Finish(consecutive ? e.Slice(e.Input(0), along, indices[0], count)
                       : e.Take(e.Input(0), along, std::move(indices)));
  return std::nullopt;
}

// Where output index `at` of a padded axis comes from: reflected, repeated or from the other end.
int64_t PaddedSource(const std::string& mode, int64_t at, int64_t size) {
  if (mode == "edge") {
    return std::clamp<int64_t>(at, 0, size - 1);
  }
  if (mode == "wrap") {
    return (at % size + size) % size;
  }
  const int64_t period = std::max<int64_t>(2 * (size - 1), 1);
  const int64_t folded = (at % period + period) % period;
  return folded < size ? folded : period - folded;
}

struct Padding {
  std::vector<int64_t> low, high;  // for every axis; negative ones crop
  float value = 0.0F;
};

// What Pad's attributes or operands say, in any version; a refusal when they are computed.
Refusal ReadPadding(Lowering& lowering, const HostNode& node, Padding& padding) {
  const size_t rank = lowering.info(node.inputs[0]).shape.size();
  std::vector<int64_t> pads = node.Ints("pads", node.Ints("paddings"));
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  padding.value = node.Float("value", 0.0F);
  if (Lowering::Has(node, 1)) {
    const auto constant = lowering.ConstantOf(node.inputs[1]);
    if (!constant) {
      return "its pads are computed";
    }
    pads = constant->ToInts();
  }
  if (Lowering::Has(node, 2)) {
    const auto value = lowering.ScalarOf(node.inputs[2]);
    if (!value) {
      return "its fill value is computed";
    }
    padding.value = *value;
  }
  if (Lowering::Has(node, 3)) {
    const auto constant = lowering.ConstantOf(node.inputs[3]);
    if (!constant) {
      return "its axes are computed";
    }
    axes = constant->ToInts();
  }
  if (pads.size() != 2 * axes.size()) {
    return lowering.Invalid(node, "its pads do not fit the axes");
  }
  padding.low.assign(rank, 0);
  padding.high.assign(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = lowering.Axis(node, axes[i], rank);
    if (!axis) {
      return "its axis does not exist";
    }
    padding.low[*axis] = pads[i];
    padding.high[*axis] = pads[i + axes.size()];
  }
  return std::nullopt;
}

// Fills with a constant what remains to be padded after cropping.
Refusal LowerConstantPad(Lowering& lowering, const HostNode& node, const Padding& padding) {
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return "it pads integers without a quantisation; move it before QuantizeLinear";
  }
  Expression e(lowering, node);
  ValueId x = e.Input(0);
  PadLayer layer;
  layer.value = padding.value;
  for (size_t i = 0; i < padding.low.size(); ++i) {
    const int64_t low = padding.low[i];
    const int64_t high = padding.high[i];
    const int64_t left = e.shape(x)[i] + std::min<int64_t>(low, 0) + std::min<int64_t>(high, 0);
    if (left < 1) {
      return lowering.Invalid(node, "it crops a whole axis");
    }
    if (left < e.shape(x)[i]) {
      x = e.Slice(x, static_cast<int>(i), -std::min<int64_t>(low, 0), left);
    }
    layer.low.push_back(std::max<int64_t>(low, 0));
    layer.high.push_back(std::max<int64_t>(high, 0));
  }
  lowering.Emit(node, {x}, std::move(layer));
  return std::nullopt;
}

Refusal LowerPad(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  Padding padding;
  if (auto refusal = ReadPadding(lowering, node, padding)) {
    return refusal;
  }
  const std::string mode = node.String("mode", "constant");
  if (mode == "constant") {
    return LowerConstantPad(lowering, node, padding);
  }
  if (mode != "reflect" && mode != "edge" && mode != "wrap") {
    return lowering.Invalid(node, "mode '" + mode + "' is not constant, reflect, edge or wrap");
  }
  const Shape& target = lowering.info(node.outputs[0]).shape;
  Expression e(lowering, node);
  ValueId x = e.Input(0);
  for (size_t i = 0; i < padding.low.size(); ++i) {
    if (padding.low[i] == 0 && padding.high[i] == 0) {
      continue;
    }
    std::vector<int64_t> indices;
    for (int64_t at = 0; at < target[i]; ++at) {
      indices.push_back(PaddedSource(mode, at - padding.low[i], e.shape(x)[i]));
    }
    x = e.Take(x, static_cast<int>(i), std::move(indices));
  }
  e.Finish(x);
  return std::nullopt;
}

Refusal LowerExpand(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  Expression e(lowering, node);
  e.Finish(e.Expand(e.Input(0), lowering.info(node.outputs[0]).shape));
  return std::nullopt;
}

// Repeats each axis: index i comes from i modulo its size.
Refusal LowerTile(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& target = lowering.info(node.outputs[0]).shape;
  Expression e(lowering, node);
  ValueId x = e.Input(0);
  for (size_t i = 0; i < target.size(); ++i) {
    const int64_t size = e.shape(x)[i];
    std::vector<int64_t> indices(static_cast<size_t>(target[i]));
    for (size_t at = 0; at < indices.size(); ++at) {
      indices[at] = static_cast<int64_t>(at) % size;
    }
    x = target[i] == size ? x : e.Take(x, static_cast<int>(i), std::move(indices));
  }
  e.Finish(x);
  return std::nullopt;
}

Refusal LowerDepthToSpace(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& x = lowering.info(node.inputs[0]).shape;
  const int64_t block = node.Int("blocksize", 1);
  if (x.size() != 4 || block < 1 || x[1] % (block * block) != 0) {
    return lowering.Invalid(node,
                            "its block size does not divide the channels of " + ShapeToString(x));
  }
  const int64_t depth = x[1] / (block * block);
  const bool column_first = node.String("mode", "DCR") == "CRD";
  Expression e(lowering, node);
  e.Finish(column_first
               ? e.Transpose(e.Reshape(e.Input(0), {x[0], depth, block, block, x[2], x[3]}),
                             {0, 1, 4, 2, 5, 3})
               : e.Transpose(e.Reshape(e.Input(0), {x[0], block, block, depth, x[2], x[3]}),
                             {0, 3, 4, 1, 5, 2}));
  return std::nullopt;
}

Refusal LowerSpaceToDepth(Lowering& lowering, const HostNode& node) {
  if (auto refusal = NeedMovable(lowering, node.inputs[0])) {
    return refusal;
  }
  const Shape& x = lowering.info(node.inputs[0]).shape;
  const int64_t block = node.Int("blocksize", 1);
  if (x.size() != 4 || block < 1 || x[2] % block != 0 || x[3] % block != 0) {
    return lowering.Invalid(node,
                            "its block size does not divide the plane of " + ShapeToString(x));
  }
  Expression e(lowering, node);
  const Shape blocks = {x[0], x[1], x[2] / block, block, x[3] / block, block};
  e.Finish(e.Transpose(e.Reshape(e.Input(0), blocks), {0, 3, 5, 1, 2, 4}));
  return std::nullopt;
}

template <bool Smallest>
Refusal LowerArg(Lowering& lowering, const HostNode& node) {
  const TensorInfo& x = lowering.info(node.inputs[0]);
  const auto axis = lowering.Axis(node, node.Int("axis", 0), x.shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  if (x.type != ElementType::kFloat32) {
    return std::string("the engines search float32, and its input is ") + ElementTypeName(x.type);
  }
  if (node.Int("select_last_index", 0) != 0) {
    return "it wants the last of equal elements; the engines find the first";
  }
  lowering.Emit(node, {lowering.ValueOf(node.inputs[0])},
                ArgLayer{Smallest, static_cast<int>(*axis)});
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> IndexRules() {
  static constexpr OperatorRule kRules[] = {
      {"Gather", LowerGather},
      {"Pad", LowerPad},
      {"Expand", LowerExpand},
      {"Tile", LowerTile},
      {"DepthToSpace", LowerDepthToSpace},
      {"SpaceToDepth", LowerSpaceToDepth},
      {"ArgMax", LowerArg<false>},
      {"ArgMin", LowerArg<true>},
  };
  return kRules;
}

}  // namespace neuron::compiler
