// SPDX-License-Identifier: Apache-2.0
#include "host/ops/windows.h"

#include <algorithm>

namespace neuron::ops {
namespace {

// Strides, kernels and pads beyond this are refused, so that no product below overflows.
constexpr int64_t kLimit = int64_t{1} << 30;

Status ReadList(const Call& call, const std::string& name, size_t spatial, int64_t minimum,
                WindowIndex& values) {
  const std::vector<int64_t> list = call.node.Ints(name);
  if (list.empty()) {
    return OkStatus();
  }
  if (list.size() != spatial) {
    return call.Error("attribute '" + name + "' needs " + std::to_string(spatial) + " values");
  }
  for (size_t i = 0; i < spatial; ++i) {
    if (list[i] < minimum || list[i] > kLimit) {
      return call.Error("attribute '" + name + "' holds " + std::to_string(list[i]));
    }
    values[i + kWindowAxes - spatial] = list[i];
  }
  return OkStatus();
}

}  // namespace

Result<Window> WindowOf(const Call& call, const std::vector<int64_t>& kernel) {
  const Shape& shape = call.in(0).shape;
  const size_t spatial = shape.size() - 2;
  if (shape.size() < 3 || shape.size() > 2 + kWindowAxes || kernel.size() != spatial) {
    return call.Error("only one to three spatial dimensions are supported, not a tensor of shape " +
                          ShapeToString(shape),
                      StatusCode::kUnsupported);
  }
  Window window;
  for (size_t i = 0; i < spatial; ++i) {
    if (kernel[i] < 1 || kernel[i] > kLimit || shape[i + 2] > kLimit) {
      return call.Error("a kernel of shape " + ShapeToString(kernel) + " is not possible");
    }
    window.input[i + kWindowAxes - spatial] = shape[i + 2];
    window.kernel[i + kWindowAxes - spatial] = kernel[i];
  }
  NEURON_RETURN_IF_ERROR(ReadList(call, "strides", spatial, 1, window.strides));
  NEURON_RETURN_IF_ERROR(ReadList(call, "dilations", spatial, 1, window.dilations));
  const std::string auto_pad = call.node.String("auto_pad", "NOTSET");
  const std::vector<int64_t> pads = call.node.Ints("pads");
  if (auto_pad == "NOTSET" && !pads.empty()) {
    if (pads.size() != 2 * spatial) {
      return call.Error("attribute 'pads' needs " + std::to_string(2 * spatial) + " values");
    }
    for (size_t i = 0; i < spatial; ++i) {
      if (pads[i] < 0 || pads[i] > kLimit || pads[i + spatial] < 0 || pads[i + spatial] > kLimit) {
        return call.Error("attribute 'pads' holds a value that is not possible");
      }
      window.low[i + kWindowAxes - spatial] = pads[i];
      window.high[i + kWindowAxes - spatial] = pads[i + spatial];
    }
  }
  const bool ceil = call.node.Int("ceil_mode", 0) != 0;
  for (size_t i = 0; i < kWindowAxes; ++i) {
    const int64_t reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    const int64_t stride = window.strides[i];
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const int64_t count = (window.input[i] + stride - 1) / stride;
      const int64_t total = std::max<int64_t>(0, (count - 1) * stride + reach - window.input[i]);
      window.low[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.high[i] = total - window.low[i];
    }
    const int64_t room = window.input[i] + window.low[i] + window.high[i] - reach;
    if (room < 0) {
      return call.Error("the kernel is larger than the padded input of shape " +
                        ShapeToString(shape));
    }
    window.output[i] = (ceil ? room + stride - 1 : room) / stride + 1;
    // A window that would start in the padding after the input does not count.
    if (ceil && (window.output[i] - 1) * stride >= window.input[i] + window.low[i]) {
      --window.output[i];
    }
  }
  return window;
}

std::vector<int64_t> Window::InputOffsets(int64_t tap) const {
  WindowIndex shift;
  for (size_t i = kWindowAxes; i-- > 0;) {
    shift[i] = tap % kernel[i] * dilations[i] - low[i];
    tap /= kernel[i];
  }
  std::vector<int64_t> offsets;
  offsets.reserve(static_cast<size_t>(output_size()));
  const auto inside = [&](size_t axis, int64_t at) { return at >= 0 && at < input[axis]; };
  for (int64_t z = 0; z < output[0]; ++z) {
    const int64_t depth = z * strides[0] + shift[0];
    for (int64_t y = 0; y < output[1]; ++y) {
      const int64_t row = y * strides[1] + shift[1];
      const bool row_inside = inside(0, depth) && inside(1, row);
      for (int64_t x = 0; x < output[2]; ++x) {
        const int64_t column = x * strides[2] + shift[2];
        offsets.push_back(
            row_inside && inside(2, column) ? (depth * input[1] + row) * input[2] + column : -1);
      }
    }
  }
  return offsets;
}

Shape WindowOutputShape(const Shape& input, int64_t channels, const Window& window) {
  Shape shape = {input[0], channels};
  shape.insert(shape.end(), window.output.end() - (static_cast<int64_t>(input.size()) - 2),
               window.output.end());
  return shape;
}

}  // namespace neuron::ops
