// SPDX-License-Identifier: Apache-2.0
// Sliding windows over [N, C, spatial...] with one or two spatial axes: the geometry that Conv,
// ConvTranspose and the pools share.
#ifndef NEURON_HOST_OPS_WINDOWS_H_
#define NEURON_HOST_OPS_WINDOWS_H_

#include <array>

#include "host/ops/op_support.h"

namespace neuron::ops {

// One-dimensional data is seen as two-dimensional with a height of 1.
struct Window {
  std::array<int64_t, 2> input = {1, 1};  // height, width
  std::array<int64_t, 2> output = {1, 1};
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 2> low = {0, 0};   // padding before
  std::array<int64_t, 2> high = {0, 0};  // padding after, as the node gives it

  int64_t input_size() const { return input[0] * input[1]; }
  int64_t output_size() const { return output[0] * output[1]; }
  int64_t kernel_size() const { return kernel[0] * kernel[1]; }
};

// Reads strides, dilations, pads, auto_pad and ceil_mode of a Conv or pool node whose operand 0
// has the shape [N, C, H, W] or [N, C, W]; `kernel` is the kernel's spatial shape.
Result<Window> WindowOf(const Call& call, const std::vector<int64_t>& kernel);

// [N, C, OH, OW] or [N, C, OW] like the input's rank.
Shape WindowOutputShape(const Shape& input, int64_t channels, const Window& window);

}  // namespace neuron::ops

#endif  // NEURON_HOST_OPS_WINDOWS_H_
