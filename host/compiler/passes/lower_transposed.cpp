// SPDX-License-Identifier: Apache-2.0
// ConvTranspose. Output positions o with the same o mod stride (a phase) are made by the same taps,
// so each phase is a plain convolution with every stride-th tap, and the phases interleave.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// One spatial axis of the operator.
struct Axis {
  int64_t in = 1;
  int64_t out = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t low = 0;  // what is cut off the front of the full result
};

// The convolution that makes outputs phase, phase + stride, ...: taps of the kernel in the order of
// the input positions they read, which start at q + first for output number q.
struct Phase {
  std::vector<int64_t> taps;  // empty: these outputs get the bias alone
  int64_t first = 0;
  int64_t dilation = 1;
  int64_t count = 0;  // outputs
};

int64_t FloorMod(int64_t a, int64_t b) { return (a % b + b) % b; }

Phase PhaseOf(const Axis& axis, int64_t phase) {
  Phase result;
  result.count = (axis.out - phase + axis.stride - 1) / axis.stride;
  result.dilation = axis.dilation / std::gcd(axis.stride, axis.dilation);
  for (int64_t k = axis.kernel; k-- > 0;) {
    const int64_t offset = phase + axis.low - k * axis.dilation;
    if (FloorMod(offset, axis.stride) == 0) {
      result.first = result.taps.empty() ? offset / axis.stride : result.first;
      result.taps.push_back(k);
    }
  }
  const auto reach = std::max<int64_t>(static_cast<int64_t>(result.taps.size()) - 1, 0);
  const int64_t last = result.count - 1 + result.first + reach * result.dilation;
  if (result.first >= axis.in || last < 0) {  // no tap meets the input
    result.taps.clear();
    result.first = 0;
  }
  return result;
}

// Rows and columns of the output, seen as two-dimensional.
using Axes = std::array<Axis, 2>;

std::optional<Axes> ReadAxes(const HostNode& node, const Shape& in, const Shape& out,
                             const Shape& kernel) {
  const size_t spatial = in.size() - 2;
  const std::vector<int64_t> ones(spatial, 1);
  const auto strides = node.Ints("strides", ones);
  const auto dilations = node.Ints("dilations", ones);
  const auto pads = node.Ints("pads", std::vector<int64_t>(2 * spatial, 0));
  const auto extra = node.Ints("output_padding", std::vector<int64_t>(spatial, 0));
  const std::string auto_pad = node.String("auto_pad", "NOTSET");
  if (strides.size() != spatial || dilations.size() != spatial || pads.size() != 2 * spatial ||
      extra.size() != spatial || out.size() != in.size()) {
    return std::nullopt;
  }
  Axes axes;
  for (size_t i = 0; i < spatial; ++i) {
    Axis& axis = axes[i + 2 - spatial];
    axis = {in[i + 2], out[i + 2], kernel[i], strides[i], dilations[i], 0};
    const int64_t full =
        (axis.in - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 + extra[i];
    const int64_t cut = std::max<int64_t>(full - axis.out, 0);
    const bool derived = node.Has("output_shape") || auto_pad.starts_with("SAME");
    axis.low = derived ? (auto_pad == "SAME_UPPER" ? cut / 2 : cut - cut / 2)
                       : (auto_pad == "VALID" ? 0 : pads[i]);
  }
  return axes;
}

// Weights [C, M / group, KH, KW] of ConvTranspose as those of the phase's convolution,
// [M, C / group, taps...]; one tap of zeros where the phase has none.
HostTensor PhaseWeights(const Weights& weights, int64_t group, const Phase& y, const Phase& x,
                        const std::array<int64_t, 2>& kernel) {
  const HostTensor& from = weights.tensor;
  const int64_t channels = from.shape[0] / group;
  const int64_t each = from.shape[1];
  const auto rows = std::max<int64_t>(static_cast<int64_t>(y.taps.size()), 1);
  const auto columns = std::max<int64_t>(static_cast<int64_t>(x.taps.size()), 1);
  HostTensor to(from.type, {group * each, channels, rows, columns});
  std::ranges::fill(to.data, static_cast<std::byte>(weights.zero_point));
  const size_t bytes = ElementBytes(from.type);
  std::byte* at = to.data.data();
  for (int64_t m = 0; m < group * each; ++m) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t tap = 0; tap < rows * columns; ++tap, at += bytes) {
        if (y.taps.empty() || x.taps.empty()) {
          continue;
        }
        const int64_t ky = y.taps[static_cast<size_t>(tap / columns)];
        const int64_t kx = x.taps[static_cast<size_t>(tap % columns)];
        const int64_t row = (m / each * channels + c) * each + m % each;
        const int64_t source = (row * kernel[0] + ky) * kernel[1] + kx;
        std::memcpy(at, from.data.data() + static_cast<size_t>(source) * bytes, bytes);
      }
    }
  }
  return to;
}

// Pads one axis of the phase's convolution needs; where it needs fewer inputs than there are, `x`
// is cut instead.
ValueId FitInput(Expression& e, ValueId x, int axis, const Phase& phase, int64_t& low,
                 int64_t& high) {
  const int64_t size = e.shape(x)[static_cast<size_t>(axis)];
  const auto reach = std::max<int64_t>(static_cast<int64_t>(phase.taps.size()) - 1, 0);
  const int64_t last = phase.count - 1 + phase.first + reach * phase.dilation;
  low = std::max<int64_t>(-phase.first, 0);
  high = std::max<int64_t>(last - (size - 1), 0);
  const int64_t start = std::max<int64_t>(phase.first, 0);
  const int64_t end = std::min<int64_t>(last, size - 1);
  return end - start + 1 == size ? x : e.Slice(x, axis, start, end - start + 1);
}

class TransposedConvolution {
 public:
  TransposedConvolution(Lowering& lowering, const HostNode& node, Axes axes, Weights weights)
      : lowering_(lowering),
        node_(node),
        e_(lowering, node),
        axes_(axes),
        weights_(std::move(weights)),
        flat_(lowering.info(node.inputs[0]).shape.size() == 3) {
    group_ = node.Int("group", 1);
    if (Lowering::Has(node, 2)) {
      bias_ = lowering.ConstantOf(node.inputs[2])->ToFloats();
      if (weights_.quantized) {
        TakeQuantizedBias(lowering, node.inputs[2], *weights_.quantized);
      }
    }
  }

  void Lower() {
    const int last = flat_ ? 2 : 3;
    std::vector<ValueId> rows;
    for (int64_t y = 0; y < std::min(axes_[0].stride, axes_[0].out); ++y) {
      std::vector<ValueId> columns;
      for (int64_t x = 0; x < std::min(axes_[1].stride, axes_[1].out); ++x) {
        columns.push_back(LowerPhase(PhaseOf(axes_[0], y), PhaseOf(axes_[1], x)));
      }
      rows.push_back(columns.size() == 1 ? columns[0] : e_.Concat(columns, last, true));
    }
    e_.Finish(rows.size() == 1 ? rows[0] : e_.Concat(rows, 2, true));
  }

 private:
  ValueId LowerPhase(const Phase& y, const Phase& x) {
    MatrixLayer layer;
    layer.weight = PhaseWeights(weights_, group_, y, x, {axes_[0].kernel, axes_[1].kernel});
    layer.weight_zero_point = weights_.zero_point;
    layer.bias = bias_;
    layer.group = group_;
    layer.dilations = {y.dilation, x.dilation};
    ValueId input = e_.Input(0);
    if (!flat_) {
      input = FitInput(e_, input, 2, y, layer.pads[0], layer.pads[2]);
    }
    input = FitInput(e_, input, flat_ ? 2 : 3, x, layer.pads[1], layer.pads[3]);
    Shape shape = lowering_.info(node_.outputs[0]).shape;
    shape.back() = x.count;
    if (!flat_) {
      shape[2] = y.count;
    }
    const ValueId result = lowering_.EmitTemporary(node_, {input}, std::move(layer), shape);
    if (weights_.quantized) {
      lowering_.module().quantized[result] = *weights_.quantized;
    }
    return result;
  }

  Lowering& lowering_;
  const HostNode& node_;
  Expression e_;
  Axes axes_;
  Weights weights_;
  bool flat_;
  int64_t group_ = 1;
  std::vector<float> bias_;
};

Refusal LowerConvTranspose(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  const Shape& input = lowering.info(node.inputs[0]).shape;
  auto weights = WeightsOf(lowering, node.inputs[1], 1);
  if (!weights) {
    return "its weights are computed; constant float32 or 8-bit weights run on the tensor engine";
  }
  if (input.size() != 3 && input.size() != 4) {
    return "the tensor engine convolves over one or two spatial dimensions, not " +
           std::to_string(static_cast<int64_t>(input.size()) - 2);
  }
  const Shape& shape = weights->tensor.shape;
  const int64_t group = node.Int("group", 1);
  if (shape.size() != input.size() || group < 1 || shape[0] != input[1] || shape[0] % group != 0) {
    return lowering.Invalid(node, "weights " + ShapeToString(shape) + " in " +
                                      std::to_string(group) + " groups do not fit the input " +
                                      ShapeToString(input));
  }
  const auto axes =
      ReadAxes(node, input, lowering.info(node.outputs[0]).shape, {shape.begin() + 2, shape.end()});
  if (!axes) {
    return lowering.Invalid(node, "its strides, dilations, pads or output padding do not fit");
  }
  if (Lowering::Has(node, 2) && !lowering.ConstantOf(node.inputs[2])) {
    return "its bias is computed";
  }
  if (weights->quantized && group > 1 && weights->quantized->weight_scale.size() > 1) {
    const std::vector<float> each = weights->quantized->weight_scale;
    for (int64_t g = 1; g < group; ++g) {
      weights->quantized->weight_scale.insert(weights->quantized->weight_scale.end(), each.begin(),
                                              each.end());
    }
  }
  TransposedConvolution(lowering, node, *axes, std::move(*weights)).Lower();
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> TransposedRules() {
  static constexpr OperatorRule kRules[] = {{"ConvTranspose", LowerConvTranspose}};
  return kRules;
}

}  // namespace neuron::compiler
