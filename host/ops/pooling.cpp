// SPDX-License-Identifier: Apache-2.0
// MaxPool, AveragePool and their global forms.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/windows.h"

namespace neuron::ops {
namespace {

// The elements of the input under one window, clipped to it: for each axis the first index, and
// the number of steps of `dilation` inside the input.
struct Clip {
  std::array<int64_t, 2> first;
  std::array<int64_t, 2> count;
};

Clip ClipWindow(const Window& window, const std::array<int64_t, 2>& at) {
  Clip clip;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t start = at[i] * window.strides[i] - window.low[i];
    const int64_t step = window.dilations[i];
    const int64_t skipped = start < 0 ? (-start + step - 1) / step : 0;
    clip.first[i] = start + skipped * step;
    const int64_t room = (window.input[i] - 1 - clip.first[i]) / step + 1;
    clip.count[i] = clip.first[i] >= window.input[i]
                        ? 0
                        : std::max<int64_t>(0, std::min(window.kernel[i] - skipped, room));
  }
  return clip;
}

// Elements of the window inside the padded input, for averages that count the padding.
int64_t PaddedCount(const Window& window, const std::array<int64_t, 2>& at) {
  int64_t count = 1;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t start = at[i] * window.strides[i] - window.low[i];
    const int64_t room = window.input[i] + window.high[i] - start;
    count *= std::min(window.kernel[i], (room + window.dilations[i] - 1) / window.dilations[i]);
  }
  return count;
}

template <typename Start, typename Fold, typename Finish>
Result<Tensors> Pool(const Call& call, const Window& window, Start start, Fold fold,
                     Finish finish) {
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y,
                          Allocate(call, x.type, WindowOutputShape(x.shape, x.shape[1], window)));
  const int64_t planes = x.shape[0] * x.shape[1];
  int64_t target = 0;
  for (int64_t plane = 0; plane < planes; ++plane) {
    const int64_t base = plane * window.input_size();
    std::array<int64_t, 2> at;
    for (at[0] = 0; at[0] < window.output[0]; ++at[0]) {
      for (at[1] = 0; at[1] < window.output[1]; ++at[1]) {
        const Clip clip = ClipWindow(window, at);
        double value = start;
        for (int64_t ky = 0; ky < clip.count[0]; ++ky) {
          const int64_t row = clip.first[0] + ky * window.dilations[0];
          for (int64_t kx = 0; kx < clip.count[1]; ++kx) {
            const int64_t column = clip.first[1] + kx * window.dilations[1];
            value = fold(value, x.ValueAt(base + row * window.input[1] + column));
          }
        }
        StoreDouble(y, target++, finish(value, clip.count[0] * clip.count[1], at));
      }
    }
  }
  return One(std::move(y));
}

Result<Tensors> MaxOver(const Call& call, const Window& window) {
  return Pool(
      call, window, -std::numeric_limits<double>::infinity(),
      [](double a, double b) { return std::isnan(b) || b > a ? b : a; },
      [](double value, int64_t, const auto&) { return value; });
}

Result<Tensors> MeanOver(const Call& call, const Window& window, bool include_pad) {
  return Pool(
      call, window, 0.0, [](double a, double b) { return a + b; },
      [&](double value, int64_t count, const std::array<int64_t, 2>& at) {
        return value / static_cast<double>(
                           std::max<int64_t>(1, include_pad ? PaddedCount(window, at) : count));
      });
}

Result<Tensors> MaxPool(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  NEURON_ASSIGN_OR_RETURN(const Window window, WindowOf(call, call.node.Ints("kernel_shape")));
  return MaxOver(call, window);
}

Result<Tensors> AveragePool(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  NEURON_ASSIGN_OR_RETURN(const Window window, WindowOf(call, call.node.Ints("kernel_shape")));
  return MeanOver(call, window, call.node.Int("count_include_pad", 0) != 0);
}

Result<Window> WholePlane(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& shape = call.in(0).shape;
  if (shape.size() < 3) {
    return call.Error("needs [N, C, spatial...], not " + ShapeToString(shape));
  }
  return WindowOf(call, {shape.begin() + 2, shape.end()});
}

Result<Tensors> GlobalMaxPool(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(const Window window, WholePlane(call));
  return MaxOver(call, window);
}

Result<Tensors> GlobalAveragePool(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(const Window window, WholePlane(call));
  return MeanOver(call, window, false);
}

constexpr Operator kOperators[] = {
    {"MaxPool", MaxPool},
    {"AveragePool", AveragePool},
    {"GlobalMaxPool", GlobalMaxPool},
    {"GlobalAveragePool", GlobalAveragePool},
};

}  // namespace

std::span<const Operator> PoolingOperators() { return kOperators; }

}  // namespace neuron::ops
