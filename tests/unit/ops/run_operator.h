// SPDX-License-Identifier: Apache-2.0
// One operator on tensors written out in the test.
#ifndef NEURON_TESTS_UNIT_OPS_RUN_OPERATOR_H_
#define NEURON_TESTS_UNIT_OPS_RUN_OPERATOR_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "host/ops/evaluate.h"

namespace neuron {

template <typename T>
HostTensor Tensor(ElementType type, Shape shape, std::vector<T> values) {
  return MakeTensor<T>(type, std::move(shape), std::span<const T>(values));
}
inline HostTensor Floats(Shape shape, std::vector<float> values) {
  return Tensor<float>(ElementType::kFloat32, std::move(shape), std::move(values));
}
inline HostTensor Ints(std::vector<int64_t> values) {
  const auto size = static_cast<int64_t>(values.size());
  return Tensor<int64_t>(ElementType::kInt64, {size}, std::move(values));
}

// Inputs of type kUndefined are absent.
inline Result<std::vector<HostTensor>> RunOperator(
    const std::string& op, const std::vector<HostTensor>& inputs,
    std::map<std::string, AttributeValue> attributes = {}, size_t outputs = 1, int opset = 13) {
  HostNode node;
  node.name = "the node";
  node.op_type = op;
  node.opset = opset;
  node.inputs.assign(inputs.size(), "x");
  node.outputs.assign(outputs, "y");
  node.attributes = std::move(attributes);
  std::vector<const HostTensor*> operands;
  for (const HostTensor& input : inputs) {
    operands.push_back(input.type == ElementType::kUndefined ? nullptr : &input);
  }
  return Evaluate(node, operands);
}

inline HostTensor RunOne(const std::string& op, const std::vector<HostTensor>& inputs,
                         std::map<std::string, AttributeValue> attributes = {}, int opset = 13) {
  auto result = RunOperator(op, inputs, std::move(attributes), 1, opset);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? std::move(result->front()) : HostTensor();
}

}  // namespace neuron

#endif  // NEURON_TESTS_UNIT_OPS_RUN_OPERATOR_H_
