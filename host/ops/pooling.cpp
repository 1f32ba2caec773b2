// SPDX-License-Identifier: Apache-2.0
// MaxPool, AveragePool, LpPool and their global forms.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/windows.h"

namespace neuron::ops {
namespace {

// The elements of the input under one window, clipped to it: for each axis the first index, and
// the number of steps of `dilation` inside the input.
struct Clip {
  WindowIndex first;
  WindowIndex count;
};

Clip ClipWindow(const Window& window, const WindowIndex& at) {
  Clip clip;
  for (size_t i = 0; i < kWindowAxes; ++i) {
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
int64_t PaddedCount(const Window& window, const WindowIndex& at) {
  int64_t count = 1;
  for (size_t i = 0; i < kWindowAxes; ++i) {
    const int64_t start = at[i] * window.strides[i] - window.low[i];
    const int64_t room = window.input[i] + window.high[i] - start;
    count *= std::min(window.kernel[i], (room + window.dilations[i] - 1) / window.dilations[i]);
  }
  return count;
}

// Calls visit(index) for every index below `sizes`, row by row.
template <typename Visit>
void ForEach(const WindowIndex& sizes, Visit visit) {
  WindowIndex at;
  for (at[0] = 0; at[0] < sizes[0]; ++at[0]) {
    for (at[1] = 0; at[1] < sizes[1]; ++at[1]) {
      for (at[2] = 0; at[2] < sizes[2]; ++at[2]) {
        visit(at);
      }
    }
  }
}

// For every window of every plane: begin(); take(value, offset in the plane) for each element of
// the input under it; end(number of the output, number of elements, index of the output in its
// plane).
template <typename Begin, typename Take, typename End>
void ForEachWindow(const HostTensor& x, const Window& window, Begin begin, Take take, End end) {
  int64_t target = 0;
  for (int64_t plane = 0; plane < x.shape[0] * x.shape[1]; ++plane) {
    const int64_t base = plane * window.input_size();
    ForEach(window.output, [&](const WindowIndex& at) {
      const Clip clip = ClipWindow(window, at);
      begin();
      ForEach(clip.count, [&](const WindowIndex& tap) {
        int64_t offset = 0;
        for (size_t i = 0; i < kWindowAxes; ++i) {
          offset = offset * window.input[i] + clip.first[i] + tap[i] * window.dilations[i];
        }
        take(x.ValueAt(base + offset), offset);
      });
      end(target++, Window::Size(clip.count), at);
    });
  }
}

Result<Tensors> MaxOver(const Call& call, const Window& window) {
  const HostTensor& x = call.in(0);
  const Shape shape = WindowOutputShape(x.shape, x.shape[1], window);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, shape));
  NEURON_ASSIGN_OR_RETURN(HostTensor indices, Allocate(call, ElementType::kInt64, shape));
  const bool column_major = call.node.Int("storage_order", 0) != 0;
  double largest = 0.0;
  int64_t where = 0;
  ForEachWindow(
      x, window,
      [&] {
        largest = -std::numeric_limits<double>::infinity();
        where = 0;
      },
      [&](double value, int64_t offset) {
        if (std::isnan(value) || value > largest) {
          largest = value;
          where = offset;
        }
      },
      [&](int64_t target, int64_t, const WindowIndex&) {
        const int64_t width = window.input[kWindowAxes - 1];
        const int64_t height = window.input_size() / width;
        const int64_t at = column_major ? where % width * height + where / width : where;
        StoreDouble(y, target, largest);
        indices.as<int64_t>()[static_cast<size_t>(target)] =
            target / window.output_size() * window.input_size() + at;
      });
  Tensors results = One(std::move(y));
  if (call.node.outputs.size() > 1) {
    results.push_back(std::move(indices));
  }
  return results;
}

Result<Tensors> MeanOver(const Call& call, const Window& window, bool include_pad) {
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y,
                          Allocate(call, x.type, WindowOutputShape(x.shape, x.shape[1], window)));
  double sum = 0.0;
  ForEachWindow(
      x, window, [&] { sum = 0.0; }, [&](double value, int64_t) { sum += value; },
      [&](int64_t target, int64_t count, const WindowIndex& at) {
        const int64_t divisor = include_pad ? PaddedCount(window, at) : count;
        StoreDouble(y, target, sum / static_cast<double>(std::max<int64_t>(1, divisor)));
      });
  return One(std::move(y));
}

// (sum of |x|^p) ^ (1 / p) over each window.
Result<Tensors> NormOver(const Call& call, const Window& window) {
  const HostTensor& x = call.in(0);
  const auto p = static_cast<double>(call.node.Int("p", 2));
  if (p < 1.0) {
    return call.Error("there is no norm with p below 1");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y,
                          Allocate(call, x.type, WindowOutputShape(x.shape, x.shape[1], window)));
  double sum = 0.0;
  ForEachWindow(
      x, window, [&] { sum = 0.0; },
      [&](double value, int64_t) { sum += std::pow(std::fabs(value), p); },
      [&](int64_t target, int64_t, const WindowIndex&) {
        StoreDouble(y, target, std::pow(sum, 1.0 / p));
      });
  return One(std::move(y));
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

Result<Tensors> LpPool(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  NEURON_ASSIGN_OR_RETURN(const Window window, WindowOf(call, call.node.Ints("kernel_shape")));
  return NormOver(call, window);
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

Result<Tensors> GlobalLpPool(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(const Window window, WholePlane(call));
  return NormOver(call, window);
}

}  // namespace

std::span<const Operator> PoolingOperators() {
  static constexpr Operator kOperators[] = {
      {"MaxPool", MaxPool},
      {"AveragePool", AveragePool},
      {"LpPool", LpPool},
      {"GlobalMaxPool", GlobalMaxPool},
      {"GlobalAveragePool", GlobalAveragePool},
      {"GlobalLpPool", GlobalLpPool},
  };
  return kOperators;
}

}  // namespace neuron::ops
