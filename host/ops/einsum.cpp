// SPDX-License-Identifier: Apache-2.0
#include "host/ops/einsum.h"

#include <algorithm>
#include <map>

#include "host/ops/op_support.h"

namespace neuron {
namespace {

constexpr std::string_view kEllipsis = "...";
// Labels of an ellipsis's axes, the last one for the last axis. They sort before letters.
constexpr std::string_view kEllipsisLabels = "0123456789:;<=>?";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The labels of one term whose ellipsis, if it has one, stands for `axes` axes.
std::optional<std::string> Expand(const std::string& term, size_t axes) {
  const size_t at = term.find(kEllipsis);
  std::string letters = term;
  if (at != std::string::npos) {
    letters.erase(at, kEllipsis.size());
  }
  if (!std::ranges::all_of(letters, IsLetter) || axes > kEllipsisLabels.size()) {
    return std::nullopt;
  }
  if (at != std::string::npos) {
    letters.insert(at, kEllipsisLabels.substr(kEllipsisLabels.size() - axes));
  }
  return letters;
}

// The axes that an operand's ellipsis stands for; 0 without one.
size_t EllipsisAxes(const std::string& term, const Shape& shape) {
  const size_t letters = term.size() - std::min(term.size(), kEllipsis.size());
  return term.find(kEllipsis) != std::string::npos && shape.size() > letters
             ? shape.size() - letters
             : 0;
}

// Adds an operand's axes to the sizes of all labels. False when its rank is another, or two axes of
// one label differ: in one operand at all, between operands unless one of them has one element.
bool AddSizes(const std::string& labels, const Shape& shape, std::map<char, int64_t>& sizes) {
  if (labels.size() != shape.size()) {
    return false;
  }
  std::map<char, int64_t> own;
  for (size_t axis = 0; axis < labels.size(); ++axis) {
    if (own.emplace(labels[axis], shape[axis]).first->second != shape[axis]) {
      return false;
    }
  }
  for (const auto& [label, size] : own) {
    int64_t& known = sizes.emplace(label, size).first->second;
    if (known != size && known != 1 && size != 1) {
      return false;
    }
    known = known == 1 ? size : known;
  }
  return true;
}

// The terms between commas.
std::vector<std::string> Terms(std::string left) {
  std::vector<std::string> terms;
  for (size_t comma = left.find(','); comma != std::string::npos; comma = left.find(',')) {
    terms.push_back(left.substr(0, comma));
    left.erase(0, comma + 1);
  }
  terms.push_back(left);
  return terms;
}

// The result of an equation without an arrow.
std::string ImplicitResult(const EinsumEquation& equation) {
  std::string all;
  for (const std::string& operand : equation.operands) {
    all += operand;
  }
  std::string result;
  for (const auto& [label, size] : equation.sizes) {
    result += !IsLetter(label) || std::ranges::count(all, label) == 1 ? std::string(1, label) : "";
  }
  return result;
}

}  // namespace

Shape EinsumEquation::ResultShape() const {
  Shape shape;
  for (const char label : result) {
    shape.push_back(sizes.at(label));
  }
  return shape;
}

std::optional<EinsumEquation> ParseEinsum(std::string text, std::span<const Shape> operands) {
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  const std::vector<std::string> terms = Terms(text.substr(0, arrow));
  if (terms.size() != operands.size()) {
    return std::nullopt;
  }
  EinsumEquation equation;
  size_t ellipsis = 0;  // axes of the broadcast ellipsis
  for (size_t i = 0; i < terms.size(); ++i) {
    const size_t axes = EllipsisAxes(terms[i], operands[i]);
    ellipsis = std::max(ellipsis, axes);
    const auto labels = Expand(terms[i], axes);
    if (!labels || !AddSizes(*labels, operands[i], equation.sizes)) {
      return std::nullopt;
    }
    equation.operands.push_back(*labels);
  }
  if (arrow == std::string::npos) {
    equation.result = ImplicitResult(equation);
    return equation;
  }
  const std::string result = text.substr(arrow + 2);
  const auto labels = Expand(result, ellipsis);
  const bool known =
      labels && std::ranges::all_of(*labels, [&](char label) {
        return equation.sizes.contains(label) && std::ranges::count(*labels, label) == 1;
      });
  if (!known || (ellipsis > 0 && result.find(kEllipsis) == std::string::npos)) {
    return std::nullopt;
  }
  equation.result = *labels;
  return equation;
}

namespace ops {
namespace {

// Strides of an operand along every label of `labels`; 0 where it has none or is broadcast, summed
// on a diagonal.
std::vector<int64_t> LabelStrides(const std::string& labels, const std::string& operand,
                                  const Shape& shape) {
  const std::vector<int64_t> strides = RowMajorStrides(shape);
  std::vector<int64_t> result;
  for (const char label : labels) {
    int64_t stride = 0;
    for (size_t axis = 0; axis < operand.size(); ++axis) {
      stride += operand[axis] == label && shape[axis] != 1 ? strides[axis] : 0;
    }
    result.push_back(stride);
  }
  return result;
}

Result<Tensors> Einsum(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  constexpr size_t kOperands = 2;
  if (call.inputs.size() > kOperands) {
    return call.Error("more than two operands are not supported", StatusCode::kUnsupported);
  }
  std::vector<Shape> shapes;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    NEURON_RETURN_IF_ERROR(call.Need(i + 1));
    shapes.push_back(call.in(i).shape);
  }
  const auto equation = ParseEinsum(call.node.String("equation", ""), shapes);
  if (!equation) {
    return call.Error("its operands do not fit its equation");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, call.in(0).type, equation->ResultShape()));
  std::string labels;  // of the loops: the result's, then those summed over
  for (const auto& [label, size] : equation->sizes) {
    labels += equation->result.find(label) == std::string::npos ? std::string(1, label) : "";
  }
  labels = equation->result + labels;
  Shape loops;
  for (const char label : labels) {
    loops.push_back(equation->sizes.at(label));
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
