// SPDX-License-Identifier: Apache-2.0
// Pools, reductions and softmax.
#include <algorithm>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

std::vector<int> SpatialAxes(const Shape& shape) {
  std::vector<int> axes;
  for (size_t i = 2; i < shape.size(); ++i) {
    axes.push_back(static_cast<int>(i));
  }
  return axes;
}

// The node's result as a reduction of its first operand over `axes`.
void EmitReduction(Lowering& lowering, const HostNode& node, ReduceOp op, std::vector<int> axes) {
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  int64_t count = 1;
  for (const int axis : axes) {
    count *= lowering.info(node.inputs[0]).shape[static_cast<size_t>(axis)];
  }
  if (count <= lowering.longest_row()) {
    lowering.Emit(node, {x}, ReduceLayer{op, std::move(axes)});
    return;
  }
  Expression e(lowering, node);
  e.Finish(e.Reduce(op, x, std::move(axes)));
}

// From so many elements on, a maximum over both axes of a window is made one axis at a time.
constexpr int64_t kLargeWindow = 64;

// The maxima of every row's windows, then those of their columns.
void EmitByAxis(Lowering& lowering, const HostNode& node, ValueId x, const PoolLayer& pool) {
  Shape shape = lowering.info(node.outputs[0]).shape;
  shape[2] = lowering.info(node.inputs[0]).shape[2];
  PoolLayer rows = pool;
  PoolLayer columns = pool;
  rows.kernel[0] = rows.strides[0] = rows.dilations[0] = 1;
  rows.pads[0] = rows.pads[2] = 0;
  columns.kernel[1] = columns.strides[1] = columns.dilations[1] = 1;
  columns.pads[1] = columns.pads[3] = 0;
  const ValueId maxima = lowering.EmitTemporary(node, {x}, rows, std::move(shape));
  lowering.Emit(node, {maxima}, columns);
}

Refusal LowerPool(Lowering& lowering, const HostNode& node, ReduceOp op) {
  if (node.outputs.size() > 1 && !node.outputs[1].empty()) {
    return "its indices output is used";
  }
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& input = lowering.info(node.inputs[0]).shape;
  const Shape& output = lowering.info(node.outputs[0]).shape;
  const Shape kernel = node.Ints("kernel_shape");
  const auto window = ReadWindow(node, input, output, kernel);
  if (!window) {
    return "the engines pool over one or two spatial dimensions";
  }
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  const bool padded =
      std::any_of(window->pads.begin(), window->pads.end(), [](int64_t pad) { return pad != 0; });
  // One window over the whole plane is a reduction.
  if (!padded && std::equal(kernel.begin(), kernel.end(), input.begin() + 2, input.end())) {
    EmitReduction(lowering, node, op, SpatialAxes(input));
    return std::nullopt;
  }
  PoolLayer layer;
  layer.op = op;
  layer.kernel = window->kernel;
  layer.strides = window->strides;
  layer.dilations = window->dilations;
  layer.pads = window->pads;
  layer.count_include_pad = node.Int("count_include_pad", 0) != 0;
  if (layer.count_include_pad && padded && node.Int("ceil_mode", 0) != 0) {
    return "it counts the padding and rounds its size up";
  }
  if (op == ReduceOp::kMax && layer.kernel[0] > 1 &&
      layer.kernel[0] * layer.kernel[1] > kLargeWindow) {
    EmitByAxis(lowering, node, x, layer);
  } else {
    lowering.Emit(node, {x}, layer);
  }
  return std::nullopt;
}

Refusal LowerMaxPool(Lowering& lowering, const HostNode& node) {
  return LowerPool(lowering, node, ReduceOp::kMax);
}

Refusal LowerAveragePool(Lowering& lowering, const HostNode& node) {
  return LowerPool(lowering, node, ReduceOp::kMean);
}

// (sum over the window of |x|^p) ^ (1 / p): the mean of a window that counts its padding, times its
// area.
Refusal LowerLpPool(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const int64_t p = node.Int("p", 2);
  const Shape& output = lowering.info(node.outputs[0]).shape;
  const Shape kernel = node.Ints("kernel_shape");
  const auto window = ReadWindow(node, lowering.info(node.inputs[0]).shape, output, kernel);
  if (!window || (p != 1 && p != 2)) {
    return "the engines take norms with p = 1 or 2 over one or two spatial dimensions";
  }
  Expression e(lowering, node);
  const ValueId x = e.Input(0);
  const ValueId powers =
      p == 2 ? e.Binary(BinaryOp::kMul, x, x) : e.Apply(Function::kLeaky, x, -1.0F);
  PoolLayer layer;
  layer.op = ReduceOp::kMean;
  layer.kernel = window->kernel;
  layer.strides = window->strides;
  layer.dilations = window->dilations;
  layer.pads = window->pads;
  layer.count_include_pad = true;
  const ValueId mean = lowering.EmitTemporary(node, {powers}, layer, output);
  const ValueId sum = e.Affine(mean, static_cast<float>(ElementCount(kernel)), 0.0F);
  e.Finish(p == 2 ? e.Apply(Function::kSqrt, sum) : sum);
  return std::nullopt;
}

template <ReduceOp Op>
Refusal LowerGlobalPool(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  if (lowering.info(node.inputs[0]).shape.size() < 3) {
    return lowering.Invalid(node, "its input has no spatial dimensions");
  }
  EmitReduction(lowering, node, Op, SpatialAxes(lowering.info(node.inputs[0]).shape));
  return std::nullopt;
}

template <ReduceOp Op>
Refusal LowerReduce(Lowering& lowering, const HostNode& node) {
  // The axes operand, where there is one, is an integer.
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return lowering.NeedFloats(node);
  }
  const auto axes = AxesOf(lowering, node, 1);
  if (!axes) {
    return "its axes are computed";
  }
  if (axes->empty()) {
    lowering.Emit(node, {lowering.ValueOf(node.inputs[0])}, ReshapeLayer{});
    return std::nullopt;
  }
  EmitReduction(lowering, node, Op, std::vector<int>(axes->begin(), axes->end()));
  return std::nullopt;
}

Refusal LowerSoftmax(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& shape = lowering.info(node.inputs[0]).shape;
  const bool flat = node.opset < 13;  // normalises all axes from `axis` on together
  const auto axis = lowering.Axis(node, node.Int("axis", flat ? 1 : -1), shape.size());
  if (!axis) {
    return "its axis does not exist";
  }
  const ValueId x = lowering.ValueOf(node.inputs[0]);
  const std::span<const int64_t> dims(shape);
  const int64_t inner = ElementCount(dims.subspan(*axis + 1));
  Expression e(lowering, node);
  if (flat && inner != 1) {
    const Shape matrix = {ElementCount(dims.first(*axis)), inner * shape[*axis]};
    e.Finish(e.Softmax(e.Reshape(x, matrix), 1));
  } else if (shape[*axis] > lowering.longest_row()) {
    e.Finish(e.Softmax(x, static_cast<int>(*axis)));
  } else {
    lowering.Emit(node, {x}, SoftmaxLayer{static_cast<int>(*axis)});
  }
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> WindowRules() {
  static constexpr OperatorRule kRules[] = {
      {"MaxPool", LowerMaxPool},
      {"AveragePool", LowerAveragePool},
      {"LpPool", LowerLpPool},
      {"GlobalMaxPool", LowerGlobalPool<ReduceOp::kMax>},
      {"GlobalAveragePool", LowerGlobalPool<ReduceOp::kMean>},
      {"ReduceSum", LowerReduce<ReduceOp::kSum>},
      {"ReduceMean", LowerReduce<ReduceOp::kMean>},
      {"ReduceMax", LowerReduce<ReduceOp::kMax>},
      {"ReduceMin", LowerReduce<ReduceOp::kMin>},
      {"Softmax", LowerSoftmax},
  };
  return kRules;
}

std::optional<WindowAttributes> ReadWindow(const HostNode& node, const Shape& input,
                                           const Shape& output, const Shape& kernel) {
  const size_t spatial = input.size() < 2 ? 0 : input.size() - 2;
  if (spatial < 1 || spatial > 2 || kernel.size() != spatial || output.size() != input.size()) {
    return std::nullopt;
  }
  const std::vector<int64_t> ones(spatial, 1);
  const std::vector<int64_t> strides = node.Ints("strides", ones);
  const std::vector<int64_t> dilations = node.Ints("dilations", ones);
  const std::vector<int64_t> pads = node.Ints("pads", std::vector<int64_t>(2 * spatial, 0));
  const std::string auto_pad = node.String("auto_pad", "NOTSET");
  if (strides.size() != spatial || dilations.size() != spatial || pads.size() != 2 * spatial) {
    return std::nullopt;
  }
  WindowAttributes window;
  for (size_t i = 0; i < spatial; ++i) {
    const size_t at = i + 2 - spatial;
    constexpr int64_t kLimit = int64_t{1} << 30;
    if (kernel[i] < 1 || strides[i] < 1 || dilations[i] < 1 || kernel[i] > kLimit ||
        strides[i] > kLimit || dilations[i] > kLimit) {
      return std::nullopt;
    }
    const int64_t reach = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t needed = (output[i + 2] - 1) * strides[i] + reach - input[i + 2];
    int64_t low = auto_pad == "NOTSET" ? pads[i] : 0;
    if (auto_pad.starts_with("SAME")) {
      const int64_t total = std::max<int64_t>(needed, 0);
      low = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    }
    window.kernel[at] = kernel[i];
    window.strides[at] = strides[i];
    window.dilations[at] = dilations[i];
    window.pads[at] = low;
    // Just as far as the last window reaches; what lies beyond is never read.
    window.pads[at + 2] = std::max<int64_t>(needed - low, 0);
    if (low < 0 || low > kLimit) {
      return std::nullopt;
    }
  }
  return window;
}

}  // namespace neuron::compiler
