// SPDX-License-Identifier: Apache-2.0
#include "host/ops/evaluate.h"

#include <exception>
#include <map>

#include "host/ops/op_support.h"

namespace neuron {
namespace {

const std::map<std::string, ops::Implementation>& Implementations() {
  static const std::map<std::string, ops::Implementation> table = [] {
    std::map<std::string, ops::Implementation> result;
    for (const auto& group :
         {ops::UnaryOperators(), ops::BinaryOperators(), ops::ReductionOperators(),
          ops::ShapeOperators(), ops::MovementOperators(), ops::MatrixOperators(),
          ops::PoolingOperators(), ops::NormalizationOperators(), ops::QuantizationOperators(),
          ops::IntegerOperators(), ops::RecurrentOperators(), ops::ResizeOperators(),
          ops::EinsumOperators(), ops::NeighbourOperators()}) {
      for (const ops::Operator& op : group) {
        result.emplace(op.name, op.run);
      }
    }
    return result;
  }();
  return table;
}

Status CheckInput(const ops::Call& call, size_t index) {
  const HostTensor* tensor = call.inputs[index];
  if (tensor == nullptr) {
    return OkStatus();
  }
  const size_t expected = static_cast<size_t>(tensor->elements()) * ElementBytes(tensor->type);
  if (tensor->type == ElementType::kUndefined || tensor->data.size() != expected) {
    return call.Error("input " + std::to_string(index) + " holds " +
                      std::to_string(tensor->data.size()) + " bytes, its shape " +
                      ShapeToString(tensor->shape) + " of " + ElementTypeName(tensor->type) +
                      " needs " + std::to_string(expected));
  }
  return OkStatus();
}

}  // namespace

bool CanEvaluate(const std::string& domain, const std::string& op_type) {
  return (domain.empty() || domain == "ai.onnx") && Implementations().contains(op_type);
}

Result<std::vector<HostTensor>> Evaluate(const HostNode& node,
                                         std::span<const HostTensor* const> inputs) {
  const ops::Call call{node, inputs};
  if (!CanEvaluate(node.domain, node.op_type)) {
    return call.Error("the host has no implementation of this operator", StatusCode::kUnsupported);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    NEURON_RETURN_IF_ERROR(CheckInput(call, i));
  }
  try {
    auto result = Implementations().at(node.op_type)(call);
    if (result.ok()) {
      if (result->size() < node.outputs.size()) {
        for (size_t i = result->size(); i < node.outputs.size(); ++i) {
          if (!node.outputs[i].empty()) {
            return call.Error("output " + std::to_string(i) + " is not computed on the host",
                              StatusCode::kUnsupported);
          }
        }
      }
      result->resize(node.outputs.size());
    }
    return result;
  } catch (const std::exception& error) {
    return call.Error(error.what(), StatusCode::kResourceExhausted);
  }
}

}  // namespace neuron
