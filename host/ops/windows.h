// SPDX-License-Identifier: Apache-2.0
// Sliding windows over [N, C, spatial...] with one to three spatial axes: the geometry that Conv,
// ConvTranspose and the pools share.
#ifndef NEURON_HOST_OPS_WINDOWS_H_
#define NEURON_HOST_OPS_WINDOWS_H_

#include <array>

#include "host/ops/op_support.h"

namespace neuron::ops {

// Depth, height, width.
inline constexpr size_t kWindowAxes = 3;
using WindowIndex = std::array<int64_t, kWindowAxes>;

// Data with fewer axes are seen as three-dimensional with sizes of 1 in front.
struct Window {
  WindowIndex input = {1, 1, 1};
  WindowIndex output = {1, 1, 1};
  WindowIndex kernel = {1, 1, 1};
  WindowIndex strides = {1, 1, 1};
  WindowIndex dilations = {1, 1, 1};
  WindowIndex low = {0, 0, 0};   // padding before
  WindowIndex high = {0, 0, 0};  // padding after, as the node gives it

  static int64_t Size(const WindowIndex& sizes) { return sizes[0] * sizes[1] * sizes[2]; }
  int64_t input_size() const { return Size(input); }
  int64_t output_size() const { return Size(output); }
  int64_t kernel_size() const { return Size(kernel); }

  // Where tap `tap` (counted row by row) of the window of each output position lies in the input;
  // -1 in the padding.
  std::vector<int64_t> InputOffsets(int64_t tap) const;
};

// Reads strides, dilations, pads, auto_pad and ceil_mode of a Conv or pool node whose operand 0
// has the shape [N, C, D, H, W], [N, C, H, W] or [N, C, W]; `kernel` is the kernel's spatial shape.
Result<Window> WindowOf(const Call& call, const std::vector<int64_t>& kernel);

// [N, C, OD, OH, OW], [N, C, OH, OW] or [N, C, OW] like the input's rank.
Shape WindowOutputShape(const Shape& input, int64_t channels, const Window& window);

}  // namespace neuron::ops

#endif  // NEURON_HOST_OPS_WINDOWS_H_
