// SPDX-License-Identifier: Apache-2.0
// A reference interpreter for ONNX operators on the host: the compiler folds constants with it,
// and the runtime executes host segments with it. Plain, checked and deterministic rather than
// fast; matrix products use Eigen.
#ifndef NEURON_HOST_OPS_EVALUATE_H_
#define NEURON_HOST_OPS_EVALUATE_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron {

// The largest tensor, in bytes, that an operator may make here.
inline constexpr int64_t kMaxTensorBytes = int64_t{1} << 30;

// Whether Evaluate has an implementation of this operator (domain "" or "ai.onnx").
bool CanEvaluate(const std::string& domain, const std::string& op_type);

// Executes one operator by the rules of its `opset`. `inputs` has one entry for each of
// `node.inputs`, nullptr for an absent optional one; the tensors stay the caller's. Returns one
// tensor for each of `node.outputs` (an empty tensor of type kUndefined for an unused one).
// Floating-point work is done in double and rounded once, except products, which are summed in
// float; integers wrap.
// Errors: kUnsupported for an operator or type without implementation, kInvalidArgument for
// operands or attributes that the operator does not allow. Each message names the node.
Result<std::vector<HostTensor>> Evaluate(const HostNode& node,
                                         std::span<const HostTensor* const> inputs);

}  // namespace neuron

#endif  // NEURON_HOST_OPS_EVALUATE_H_
