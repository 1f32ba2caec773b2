// SPDX-License-Identifier: Apache-2.0
// Conv, ConvTranspose, Gemm and MatMul: products by Eigen, in float.
#include <algorithm>

#include "host/ops/products.h"

namespace neuron::ops {
namespace {

Status NeedFloats(const Call& call, size_t count) {
  NEURON_RETURN_IF_ERROR(call.Need(count));
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (call.has(i) && (!IsFloat(call.in(i).type) || call.in(i).type != call.in(0).type)) {
      return call.Error(std::string("operands must be floating point and of one type, not ") +
                        ElementTypeName(call.in(i).type));
    }
  }
  return OkStatus();
}

Result<Tensors> Convert(const Call& call, const std::vector<float>& values, ElementType type,
                        Shape shape) {
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, type, std::move(shape)));
  if (type == ElementType::kFloat32 && !y.data.empty()) {
    std::memcpy(y.data.data(), values.data(), y.data.size());
  } else {
    for (size_t i = 0; i < values.size(); ++i) {
      StoreDouble(y, static_cast<int64_t>(i), values[i]);
    }
  }
  return One(std::move(y));
}

Status CheckBias(const Call& call, size_t index, int64_t channels) {
  if (call.has(index) && call.in(index).elements() != channels) {
    return call.Error("the bias has " + std::to_string(call.in(index).elements()) +
                      " elements for " + std::to_string(channels) + " channels");
  }
  return OkStatus();
}

Result<Tensors> Conv(const Call& call) {
  NEURON_RETURN_IF_ERROR(NeedFloats(call, 2));
  NEURON_ASSIGN_OR_RETURN(const Convolution conv, ConvolutionOf(call, 1));
  NEURON_RETURN_IF_ERROR(CheckBias(call, 2, conv.filters));
  std::vector<float> y = Convolve(conv, call.in(0).ToFloats(), call.in(1).ToFloats());
  if (call.has(2)) {
    const std::vector<float> bias = call.in(2).ToFloats();
    const auto plane = static_cast<size_t>(conv.window.output_size());
    for (size_t i = 0; i < y.size(); ++i) {
      y[i] += bias[i / plane % bias.size()];
    }
  }
  return Convert(call, y, call.in(0).type, conv.output);
}

// The window of the convolution whose gradient this is: its input is our output.
Result<Window> TransposedWindow(const Call& call, const Shape& in, const Shape& w) {
  const size_t spatial = in.size() - 2;
  NEURON_ASSIGN_OR_RETURN(Window window, [&]() -> Result<Window> {
    HostNode plain = call.node;
    plain.attributes.erase("auto_pad");
    plain.attributes.erase("pads");
    HostTensor large(ElementType::kFloat32, {});
    large.shape.assign(in.size(), int64_t{1} << 30);  // only the attributes are wanted
    const HostTensor* operands[] = {&large};
    return WindowOf(Call{plain, operands}, {w.begin() + 2, w.end()});
  }());
  const std::vector<int64_t> pads = call.node.Ints("pads");
  const std::vector<int64_t> extra = call.node.Ints("output_padding");
  const std::vector<int64_t> wanted = call.node.Ints("output_shape");
  const std::string auto_pad = call.node.String("auto_pad", "NOTSET");
  constexpr int64_t kLimit = int64_t{1} << 30;
  for (const auto* list : {&pads, &extra, &wanted}) {
    for (const int64_t value : *list) {
      if (value < 0 || value > kLimit) {
        return call.Error("a pad or an output size is not possible");
      }
    }
  }
  window.input = window.output = {1, 1, 1};
  for (size_t i = 0; i < spatial; ++i) {
    const size_t at = i + kWindowAxes - spatial;
    const int64_t full = (in[i + 2] - 1) * window.strides[at] +
                         (window.kernel[at] - 1) * window.dilations[at] + 1 +
                         (extra.size() == spatial ? extra[i] : 0);
    int64_t total = 0;
    if (wanted.size() == spatial) {
      total = full - wanted[i];
    } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      total = std::max<int64_t>(0, full - in[i + 2] * window.strides[at]);
    } else if (pads.size() == 2 * spatial) {
      total = pads[i] + pads[i + spatial];
      window.low[at] = pads[i];
    }
    if (wanted.size() == spatial || auto_pad.starts_with("SAME")) {
      const int64_t cut = std::max<int64_t>(total, 0);  // below 0 the output grows at its end
      window.low[at] = auto_pad == "SAME_UPPER" ? cut / 2 : cut - cut / 2;
    }
    window.output[at] = in[i + 2];
    window.input[at] = full - total;
  }
  return window;
}

Result<Tensors> ConvTranspose(const Call& call) {
  NEURON_RETURN_IF_ERROR(NeedFloats(call, 2));
  const Shape& in = call.in(0).shape;
  const Shape& w = call.in(1).shape;  // [C, M / group, kernel...]
  const int64_t group = call.node.Int("group", 1);
  if (in.size() > 2 + kWindowAxes) {
    return call.Error("only one to three spatial dimensions are supported",
                      StatusCode::kUnsupported);
  }
  if (w.size() != in.size() || in.size() < 3 || group < 1 || w[0] != in[1] || in[1] % group != 0) {
    return call.Error("weights " + ShapeToString(w) + " do not fit the input " + ShapeToString(in));
  }
  NEURON_ASSIGN_OR_RETURN(const Window window, TransposedWindow(call, in, w));
  const int64_t filters = w[1] * group;
  NEURON_RETURN_IF_ERROR(CheckBias(call, 2, filters));
  Window shape_window = window;
  std::swap(shape_window.input, shape_window.output);
  const Shape shape = WindowOutputShape(in, filters, shape_window);
  NEURON_ASSIGN_OR_RETURN(const HostTensor limits, Allocate(call, ElementType::kFloat32, shape));
  const int64_t taps = window.kernel_size();
  NEURON_ASSIGN_OR_RETURN(const HostTensor scratch, Allocate(call, ElementType::kFloat32,
                                                             {w[1] * taps, window.output_size()}));
  const std::vector<float> x = call.in(0).ToFloats();
  const std::vector<float> weights = call.in(1).ToFloats();
  const std::vector<float> bias = call.has(2) ? call.in(2).ToFloats() : std::vector<float>{};
  std::vector<float> y(static_cast<size_t>(limits.elements()));
  const int64_t each = in[1] / group;
  for (int64_t n = 0; n < in[0] && !y.empty(); ++n) {
    for (int64_t g = 0; g < group; ++g) {
      const View<float> inputs(x.data() + (n * in[1] + g * each) * window.output_size(), each,
                               window.output_size());
      const View<float> kernel(weights.data() + g * each * w[1] * taps, each, w[1] * taps);
      const Matrix<float> spread = kernel.transpose() * inputs;
      float* planes = y.data() + (n * filters + g * w[1]) * window.input_size();
      for (int64_t tap = 0; tap < taps; ++tap) {
        const std::vector<int64_t> offsets = window.InputOffsets(tap);
        for (int64_t filter = 0; filter < w[1]; ++filter) {
          float* plane = planes + filter * window.input_size();
          for (size_t at = 0; at < offsets.size(); ++at) {
            if (offsets[at] >= 0) {
              plane[offsets[at]] += spread(filter * taps + tap, static_cast<int64_t>(at));
            }
          }
        }
      }
    }
    for (int64_t m = 0; m < filters && !bias.empty(); ++m) {
      float* plane = y.data() + (n * filters + m) * window.input_size();
      std::for_each(plane, plane + window.input_size(),
                    [&](float& value) { value += bias[static_cast<size_t>(m)]; });
    }
  }
  return Convert(call, y, call.in(0).type, shape);
}

Result<Tensors> Gemm(const Call& call) {
  NEURON_RETURN_IF_ERROR(NeedFloats(call, 2));
  const Shape& a = call.in(0).shape;
  const Shape& b = call.in(1).shape;
  const bool flip_a = call.node.Int("transA", 0) != 0;
  const bool flip_b = call.node.Int("transB", 0) != 0;
  if (a.size() != 2 || b.size() != 2 || a[flip_a ? 0 : 1] != b[flip_b ? 1 : 0]) {
    return call.Error("shapes " + ShapeToString(a) + " and " + ShapeToString(b) +
                      " do not multiply");
  }
  const std::vector<float> x = call.in(0).ToFloats();
  const std::vector<float> w = call.in(1).ToFloats();
  const View<float> left(x.data(), a[0], a[1]);
  const View<float> right(w.data(), b[0], b[1]);
  const Shape shape = {a[flip_a ? 1 : 0], b[flip_b ? 0 : 1]};
  NEURON_ASSIGN_OR_RETURN(const HostTensor limits, Allocate(call, ElementType::kFloat32, shape));
  std::vector<float> y(static_cast<size_t>(limits.elements()));
  MutableView<float> out(y.data(), shape[0], shape[1]);
  if (flip_a && flip_b) {
    out.noalias() = left.transpose() * right.transpose();
  } else if (flip_a) {
    out.noalias() = left.transpose() * right;
  } else if (flip_b) {
    out.noalias() = left * right.transpose();
  } else {
    out.noalias() = left * right;
  }
  out *= call.node.Float("alpha", 1.0F);
  if (call.has(2)) {
    const float beta = call.node.Float("beta", 1.0F);
    const auto full = BroadcastShapes(call.in(2).shape, shape);
    if (!full || *full != shape) {
      return call.Error("operand C of shape " + ShapeToString(call.in(2).shape) +
                        " does not broadcast to " + ShapeToString(shape));
    }
    ForEachIndex<1>(shape, {BroadcastStrides(call.in(2).shape, shape)},
                    [&](int64_t i, const std::array<int64_t, 1>& at) {
                      y[static_cast<size_t>(i)] +=
                          beta * static_cast<float>(call.in(2).ValueAt(at[0]));
                    });
  }
  return Convert(call, y, call.in(0).type, shape);
}

Result<Tensors> MatMul(const Call& call) {
  NEURON_RETURN_IF_ERROR(NeedFloats(call, 2));
  NEURON_ASSIGN_OR_RETURN(const MatrixProduct product, MatrixProductOf(call, 1));
  return Convert(call, Multiply(product, call.in(0).ToFloats(), call.in(1).ToFloats()),
                 call.in(0).type, product.output);
}

}  // namespace

std::span<const Operator> MatrixOperators() {
  static constexpr Operator kOperators[] = {
      {"Conv", Conv},
      {"ConvTranspose", ConvTranspose},
      {"Gemm", Gemm},
      {"MatMul", MatMul},
  };
  return kOperators;
}

}  // namespace neuron::ops
