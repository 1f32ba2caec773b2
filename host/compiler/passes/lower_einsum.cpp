// SPDX-License-Identifier: Apache-2.0
// Einsum of one operand (transposition and sums) and of two (a matrix product).
#include <algorithm>
#include <functional>
#include <set>

#include "host/compiler/passes/expression.h"
#include "host/ops/einsum.h"

namespace neuron::compiler {
namespace {

bool Repeats(const std::string& labels) {
  return std::set<char>(labels.begin(), labels.end()).size() != labels.size();
}

// Reorders the axes of `x`, labelled `labels`, to `wanted`.
ValueId Arrange(Expression& e, ValueId x, const std::string& labels, const std::string& wanted) {
  if (labels == wanted) {
    return x;
  }
  std::vector<int> perm;
  for (const char label : wanted) {
    perm.push_back(static_cast<int>(labels.find(label)));
  }
  return e.Transpose(x, std::move(perm));
}

// Sums the axes of `x` whose labels are not in `keep`; `labels` follows.
ValueId SumOut(Expression& e, ValueId x, std::string& labels, const std::string& keep) {
  std::vector<int> axes;
  std::string left;
  Shape shape;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (keep.find(labels[i]) == std::string::npos) {
      axes.push_back(static_cast<int>(i));
    } else {
      left += labels[i];
      shape.push_back(e.shape(x)[i]);
    }
  }
  if (axes.empty()) {
    return x;
  }
  labels = left;
  return e.Reshape(e.Reduce(ReduceOp::kSum, x, std::move(axes)), std::move(shape));
}

// Takes the axes of one element from `x` along which it is broadcast to the other operand.
ValueId DropBroadcast(Expression& e, ValueId x, std::string& labels,
                      const EinsumEquation& equation) {
  std::string left;
  Shape shape;
  for (size_t i = 0; i < labels.size(); ++i) {
    const int64_t size = e.shape(x)[i];
    if (size == equation.sizes.at(labels[i])) {
      left += labels[i];
      shape.push_back(size);
    }
  }
  if (left == labels) {
    return x;
  }
  labels = left;
  return e.Reshape(x, std::move(shape));
}

std::string Only(const std::string& labels, const std::function<bool(char)>& want) {
  std::string result;
  std::copy_if(labels.begin(), labels.end(), std::back_inserter(result), want);
  return result;
}

// Batch axes first, then two matrix axes that join the others.
ValueId AsMatrices(Expression& e, ValueId x, size_t batch, size_t rows) {
  const Shape& shape = e.shape(x);
  Shape to(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(batch));
  const std::span<const int64_t> rest = std::span(shape).subspan(batch);
  to.push_back(ElementCount(rest.first(rows)));
  to.push_back(ElementCount(rest.subspan(rows)));
  return e.Reshape(x, std::move(to));
}

Refusal LowerProduct(Lowering& lowering, const HostNode& node, const EinsumEquation& equation) {
  Expression e(lowering, node);
  const auto in = [](const std::string& labels) {
    return [&labels](char c) { return labels.find(c) != std::string::npos; };
  };
  std::string la = equation.operands[0];
  std::string lb = equation.operands[1];
  ValueId a = DropBroadcast(e, e.Input(0), la, equation);
  ValueId b = DropBroadcast(e, e.Input(1), lb, equation);
  a = SumOut(e, a, la, lb + equation.result);
  b = SumOut(e, b, lb, la + equation.result);
  const std::string shared = Only(la, in(lb));
  const std::string batch = Only(shared, in(equation.result));
  const std::string inner = Only(shared, [&](char c) { return !in(equation.result)(c); });
  const std::string rows = Only(la, [&](char c) { return !in(lb)(c); });
  const std::string columns = Only(lb, [&](char c) { return !in(la)(c); });
  a = Arrange(e, a, la, batch + rows + inner);
  b = Arrange(e, b, lb, batch + inner + columns);
  Shape shape(e.shape(a).begin(),
              e.shape(a).begin() + static_cast<std::ptrdiff_t>(batch.size() + rows.size()));
  shape.insert(shape.end(), e.shape(b).end() - static_cast<std::ptrdiff_t>(columns.size()),
               e.shape(b).end());
  a = AsMatrices(e, a, batch.size(), rows.size());
  b = AsMatrices(e, b, batch.size(), inner.size());
  Shape product = e.shape(a);
  product.back() = e.shape(b).back();
  const ValueId y =
      e.Reshape(lowering.EmitTemporary(node, {a, b}, BatchMatmulLayer{}, product), shape);
  e.Finish(Arrange(e, y, batch + rows + columns, equation.result));
  return std::nullopt;
}

Refusal LowerEinsum(Lowering& lowering, const HostNode& node) {
  if (auto refusal = lowering.NeedFloats(node)) {
    return refusal;
  }
  if (node.inputs.size() > 2) {
    return lowering.Unsupported(node,
                                "it has more than two operands; write it as several products");
  }
  std::vector<Shape> shapes;
  for (const std::string& name : node.inputs) {
    shapes.push_back(lowering.info(name).shape);
  }
  const auto equation = ParseEinsum(node.String("equation", ""), shapes);
  if (!equation) {
    return lowering.Invalid(
        node, "equation '" + node.String("equation", "") + "' does not fit its operands");
  }
  if (std::ranges::any_of(equation->operands, Repeats)) {
    return "an operand has a label twice; the engines do not read diagonals";
  }
  if (node.inputs.size() == 2) {
    return LowerProduct(lowering, node, *equation);
  }
  Expression e(lowering, node);
  std::string labels = equation->operands[0];
  const ValueId x = SumOut(e, e.Input(0), labels, equation->result);
  e.Finish(Arrange(e, x, labels, equation->result));
  return std::nullopt;
}

}  // namespace

std::span<const OperatorRule> EinsumRules() {
  static constexpr OperatorRule kRules[] = {{"Einsum", LowerEinsum}};
  return kRules;
}

}  // namespace neuron::compiler
