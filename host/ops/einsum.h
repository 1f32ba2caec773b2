// SPDX-License-Identifier: Apache-2.0
// Einsum's equation, for the host's evaluation, for shapes and for lowering.
#ifndef NEURON_HOST_OPS_EINSUM_H_
#define NEURON_HOST_OPS_EINSUM_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/ops/host_tensor.h"

namespace neuron {

// "ab,bc->ac": a label for each axis of each operand and of the result.
struct EinsumEquation {
  std::vector<std::string> operands;
  std::string result;
};

// Without an arrow the result has the labels that occur once, in alphabetical order. Nothing for an
// equation with an ellipsis, or one whose result has a label that no operand has.
std::optional<EinsumEquation> ParseEinsum(std::string text);

// The result's shape; nothing when the operands' shapes do not fit the equation.
std::optional<Shape> EinsumShape(const EinsumEquation& equation, std::span<const Shape> operands);

}  // namespace neuron

#endif  // NEURON_HOST_OPS_EINSUM_H_
