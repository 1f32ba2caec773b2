// SPDX-License-Identifier: Apache-2.0
// Einsum's equation, for the host's evaluation, for shapes and for lowering.
#ifndef NEURON_HOST_OPS_EINSUM_H_
#define NEURON_HOST_OPS_EINSUM_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/ops/host_tensor.h"

namespace neuron {

// "ab,bc->ac": a label for each axis of each operand and of the result, and each label's size. An
// operand's axis may have one element where the label has more: it is broadcast.
struct EinsumEquation {
  std::vector<std::string> operands;
  std::string result;
  std::map<char, int64_t> sizes;

  // The result's shape.
  Shape ResultShape() const;
};

// The equation `text` on operands of these shapes. An ellipsis stands for the axes that the letters
// beside it leave over, aligned to the right and broadcast between operands; its axes get labels
// that are not letters. Without an arrow the result has the ellipsis's axes, then the letters that
// occur once, in alphabetical order. Nothing when the text is no equation, its result has a letter
// twice, one that no operand has or no ellipsis for the operands', or the shapes do not fit.
std::optional<EinsumEquation> ParseEinsum(std::string text, std::span<const Shape> operands);

}  // namespace neuron

#endif  // NEURON_HOST_OPS_EINSUM_H_
