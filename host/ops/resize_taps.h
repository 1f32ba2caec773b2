// SPDX-License-Identifier: Apache-2.0
// Which input elements make each output element of Resize and Upsample, axis by axis: what the host
// computes with and what the compiler lowers.
#ifndef NEURON_HOST_OPS_RESIZE_TAPS_H_
#define NEURON_HOST_OPS_RESIZE_TAPS_H_

#include <span>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron {

struct ResizeTap {
  int64_t index = 0;
  double weight = 1.0;
};

// Output element o is the weighted sum of taps[o]; without taps it lies outside the input and takes
// the extrapolation value.
struct ResizeAxis {
  int64_t from = 1;
  std::vector<std::vector<ResizeTap>> taps;
};

// One entry for each axis of an input of this shape. Of `operands` (as Evaluate takes them) only
// scales, sizes and regions must be there. kInvalidArgument or kUnsupported, naming the node.
Result<std::vector<ResizeAxis>> ResizeAxes(const HostNode& node, const Shape& input,
                                           std::span<const HostTensor* const> operands);

}  // namespace neuron

#endif  // NEURON_HOST_OPS_RESIZE_TAPS_H_
