// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/operator_case.h"

#include <onnx/onnx_pb.h>

#include <cmath>
#include <random>

#include "host/compiler/import/onnx_types.h"
#include "host/ops/evaluate.h"
#include "tests/unit/codegen/package_runner.h"

namespace neuron::compiler {
namespace {

HostNode NodeOf(const OperatorCase& test) {
  HostNode node;
  node.name = "tested";
  node.op_type = test.op;
  node.opset = test.opset;
  node.attributes = test.attributes;
  for (size_t i = 0; i < test.operands.size(); ++i) {
    const bool there = test.operands[i].value.type != ElementType::kUndefined;
    node.inputs.push_back(there ? "x" + std::to_string(i) : "");
  }
  for (size_t i = 0; i < test.outputs; ++i) {
    node.outputs.push_back("y" + std::to_string(i));
  }
  return node;
}

std::vector<std::byte> ModelOf(const OperatorCase& test) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(test.opset);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("operator");
  const HostNode node = NodeOf(test);
  for (size_t i = 0; i < test.operands.size(); ++i) {
    const Operand& operand = test.operands[i];
    if (node.inputs[i].empty()) {
      continue;
    }
    if (operand.constant) {
      auto* tensor = graph.add_initializer();
      TensorToProto(operand.value, tensor);
      tensor->set_name(node.inputs[i]);
      continue;
    }
    auto* input = graph.add_input();
    input->set_name(node.inputs[i]);
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(static_cast<int>(operand.value.type));
    type->mutable_shape();
    for (const int64_t size : operand.value.shape) {
      type->mutable_shape()->add_dim()->set_dim_value(size);
    }
  }
  NodeToProto(node, graph.add_node());
  for (const std::string& output : node.outputs) {
    graph.add_output()->set_name(output);
  }
  const std::string text = model.SerializeAsString();
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Result<std::vector<HostTensor>> OutputsOnHost(const OperatorCase& test) {
  std::vector<const HostTensor*> operands;
  for (const Operand& operand : test.operands) {
    const bool there = operand.value.type != ElementType::kUndefined;
    operands.push_back(there ? &operand.value : nullptr);
  }
  return Evaluate(NodeOf(test), operands);
}

Result<CompileOutput> Compiled(const OperatorCase& test) {
  CompileOptions options;
  options.import.bytes = ModelOf(test);
  options.configuration = "sim";
  for (size_t i = 0; i < test.operands.size(); ++i) {
    const HostTensor& value = test.operands[i].value;
    if (!test.operands[i].constant && value.elements() == 0) {  // a declared 0 counts as free
      options.import.input_shapes["x" + std::to_string(i)] = value.shape;
    }
  }
  auto output = Compile(options);
  EXPECT_TRUE(output.ok()) << output.status().ToString();
  return output;
}

}  // namespace

HostTensor Floats(Shape shape, uint32_t seed, float low, float high) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  HostTensor tensor(ElementType::kFloat32, std::move(shape));
  for (float& value : tensor.as<float>()) {
    value = uniform(random);
  }
  return tensor;
}

HostTensor FloatList(Shape shape, std::vector<float> values) {
  return MakeTensor<float>(ElementType::kFloat32, std::move(shape), std::span<const float>(values));
}

HostTensor IntList(std::vector<int64_t> values) {
  return MakeTensor<int64_t>(ElementType::kInt64, {static_cast<int64_t>(values.size())},
                             std::span<const int64_t>(values));
}

HostTensor Bytes(ElementType type, Shape shape, uint32_t seed) {
  std::mt19937 random(seed);
  HostTensor tensor(type, std::move(shape));
  for (std::byte& value : tensor.data) {
    value = static_cast<std::byte>(type == ElementType::kBool ? random() % 2 : random() % 256);
  }
  return tensor;
}

std::vector<HostTensor> RunOnEngines(const OperatorCase& test) {
  const auto output = Compiled(test);
  if (!output.ok()) {
    return {};
  }
  std::vector<HostTensor> inputs;
  for (const Operand& operand : test.operands) {
    if (!operand.constant && operand.value.type != ElementType::kUndefined) {
      inputs.push_back(operand.value);
    }
  }
  constexpr uint64_t kSeed = 7;
  const PackageRun run = RunPackage(output->package, inputs, kSeed);
  EXPECT_EQ(run.error, "");
  return run.outputs;
}

std::vector<HostSegment> HostSegments(const OperatorCase& test) {
  auto output = Compiled(test);
  return output.ok() ? std::move(output->host_segments) : std::vector<HostSegment>{};
}

std::vector<std::string> HostReasons(const OperatorCase& test) {
  std::vector<std::string> reasons;
  for (const HostSegment& segment : HostSegments(test)) {
    reasons.push_back(segment.reason);
  }
  return reasons;
}

void ExpectClose(const HostTensor& got, const HostTensor& expected, double tolerance) {
  ASSERT_EQ(got.type, expected.type);
  ASSERT_EQ(got.shape, expected.shape);
  double largest = 0.0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double magnitude = std::fabs(expected.ValueAt(i));
    largest = std::isfinite(magnitude) ? std::max(largest, magnitude) : largest;
  }
  const bool exact = expected.type != ElementType::kFloat32;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double want = expected.ValueAt(i);
    if (std::isnan(want) || std::isinf(want)) {
      ASSERT_EQ(std::isnan(got.ValueAt(i)), std::isnan(want)) << "element " << i;
      ASSERT_TRUE(std::isnan(want) || got.ValueAt(i) == want) << "element " << i;
      continue;
    }
    ASSERT_NEAR(got.ValueAt(i), want, exact ? 0.0 : tolerance * largest) << "element " << i;
  }
}

HostTensor OnHost(const OperatorCase& test) {
  auto results = OutputsOnHost(test);
  EXPECT_TRUE(results.ok()) << results.status().ToString();
  return results.ok() ? std::move(results->front()) : HostTensor();
}

void ExpectLikeHost(const OperatorCase& test, double tolerance) {
  SCOPED_TRACE(test.op);
  const std::vector<HostTensor> got = RunOnEngines(test);
  const auto expected = OutputsOnHost(test);
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  ASSERT_EQ(got.size(), expected->size());
  for (size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    ExpectClose(got[i], (*expected)[i], tolerance);
  }
}

}  // namespace neuron::compiler
