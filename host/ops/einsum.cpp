// SPDX-License-Identifier: Apache-2.0
#include "host/ops/einsum.h"

#include <algorithm>
#include <map>

#include "host/ops/op_support.h"

namespace neuron {
namespace {

// The size of each label; nothing when two axes of one label differ or an operand has another rank.
std::optional<std::map<char, int64_t>> LabelSizes(const EinsumEquation& equation,
                                                  std::span<const Shape> operands) {
  std::map<char, int64_t> sizes;
  if (operands.size() != equation.operands.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::string& labels = equation.operands[i];
    if (labels.size() != operands[i].size()) {
      return std::nullopt;
    }
    for (size_t axis = 0; axis < labels.size(); ++axis) {
      if (sizes.emplace(labels[axis], operands[i][axis]).first->second != operands[i][axis]) {
        return std::nullopt;
      }
    }
  }
  return sizes;
}

}  // namespace

std::optional<EinsumEquation> ParseEinsum(std::string text) {
  std::erase(text, ' ');
  if (text.find('.') != std::string::npos) {
    return std::nullopt;
  }
  const size_t arrow = text.find("->");
  EinsumEquation equation;
  std::string left = text.substr(0, arrow);
  for (size_t comma = left.find(','); comma != std::string::npos; comma = left.find(',')) {
    equation.operands.push_back(left.substr(0, comma));
    left.erase(0, comma + 1);
  }
  equation.operands.push_back(left);
  std::map<char, int> counts;
  for (const std::string& operand : equation.operands) {
    for (const char label : operand) {
      ++counts[label];
    }
  }
  if (arrow != std::string::npos) {
    equation.result = text.substr(arrow + 2);
  } else {
    for (const auto& [label, count] : counts) {
      equation.result += count == 1 ? std::string(1, label) : "";
    }
  }
  const bool known = std::all_of(equation.result.begin(), equation.result.end(),
                                 [&](char label) { return counts.contains(label); });
  return known ? std::optional(equation) : std::nullopt;
}

std::optional<Shape> EinsumShape(const EinsumEquation& equation, std::span<const Shape> operands) {
  const auto sizes = LabelSizes(equation, operands);
  if (!sizes) {
    return std::nullopt;
  }
  Shape shape;
  for (const char label : equation.result) {
    shape.push_back(sizes->at(label));
  }
  return shape;
}

namespace ops {
namespace {

// Strides of an operand along every label of `labels`; 0 where it has none, summed on a diagonal.
std::vector<int64_t> LabelStrides(const std::string& labels, const std::string& operand,
                                  const Shape& shape) {
  const std::vector<int64_t> strides = RowMajorStrides(shape);
  std::vector<int64_t> result;
  for (const char label : labels) {
    int64_t stride = 0;
    for (size_t axis = 0; axis < operand.size(); ++axis) {
      stride += operand[axis] == label ? strides[axis] : 0;
    }
    result.push_back(stride);
  }
  return result;
}

Result<Tensors> Einsum(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const auto equation = ParseEinsum(call.node.String("equation", ""));
  constexpr size_t kOperands = 2;
  if (!equation || call.inputs.size() > kOperands) {
    return call.Error("an ellipsis or more than two operands are not supported",
                      StatusCode::kUnsupported);
  }
  std::vector<Shape> shapes;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    NEURON_RETURN_IF_ERROR(call.Need(i + 1));
    shapes.push_back(call.in(i).shape);
  }
  const auto shape = EinsumShape(*equation, shapes);
  if (!shape) {
    return call.Error("its operands do not fit its equation");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, call.in(0).type, *shape));
  const auto sizes = *LabelSizes(*equation, shapes);
  std::string labels;  // of the loops: the result's, then those summed over
  for (const auto& [label, size] : sizes) {
    labels += equation->result.find(label) == std::string::npos ? std::string(1, label) : "";
  }
  labels = equation->result + labels;
  Shape loops;
  for (const char label : labels) {
    loops.push_back(sizes.at(label));
  }
  const bool pair = call.inputs.size() == kOperands;
  const std::array<std::vector<int64_t>, kOperands> strides = {
      LabelStrides(labels, equation->operands[0], shapes[0]),
      pair ? LabelStrides(labels, equation->operands[1], shapes[1])
           : std::vector<int64_t>(labels.size(), 0)};
  const int64_t summed = ElementCount(loops) / std::max<int64_t>(y.elements(), 1);
  double sum = 0.0;
  ForEachIndex(loops, strides, [&](int64_t linear, const auto& offset) {
    sum += call.in(0).ValueAt(offset[0]) * (pair ? call.in(1).ValueAt(offset[1]) : 1.0);
    if (linear % summed == summed - 1) {
      StoreDouble(y, linear / summed, sum);
      sum = 0.0;
    }
  });
  return One(std::move(y));
}

}  // namespace

std::span<const Operator> EinsumOperators() {
  static constexpr Operator kOperators[] = {{"Einsum", Einsum}};
  return kOperators;
}

}  // namespace ops
}  // namespace neuron
