// SPDX-License-Identifier: Apache-2.0
// Wrong, hostile and unsupported models: a clear status, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/compiler/import/reference.h"
#include "tests/unit/import/models.h"
#include "tests/unit/import/mutate.h"

namespace neuron::compiler {
namespace {

using onnx::TensorProto;
using testing::AllOf;
using testing::HasSubstr;

ModelBuilder Relu(const Shape& shape) {
  ModelBuilder model;
  model.Input("x", shape).Output("y");
  model.Node("Relu", {"x"}, "y");
  return model;
}

void ExpectError(const Result<LayerGraph>& result, StatusCode code,
                 const testing::Matcher<std::string>& message) {
  ASSERT_FALSE(result.ok()) << ToText(*result);
  EXPECT_EQ(result.status().code(), code) << result.status().ToString();
  EXPECT_THAT(result.status().message(), message);
}

TEST(BindingTest, FreeDimensionIsNamedWithTheOptionThatBindsIt) {
  ExpectError(Relu({-1, 4}).Import(), StatusCode::kInvalidArgument,
              AllOf(HasSubstr("input 'x'"), HasSubstr("dimension 0 ('n')"), HasSubstr("--bind n=N"),
                    HasSubstr("--bind x:N,4")));
}

TEST(BindingTest, BothFormsBind) {
  for (const char* text : {"n=7", "x:7,4"}) {
    ImportOptions options;
    options.bytes = Relu({-1, 4}).Bytes();
    ASSERT_TRUE(AddBinding(text, options).ok());
    auto graph = ImportModel(options);
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    EXPECT_THAT(graph->value(graph->outputs[0]).shape, testing::ElementsAre(7, 4));
  }
}

TEST(BindingTest, NamesWithColonsUseTheLastOne) {
  ImportOptions options;
  ASSERT_TRUE(AddBinding("input:0:1,2", options).ok());
  EXPECT_TRUE(options.input_shapes.contains("input:0"));
}

TEST(BindingTest, MalformedTextShowsBothForms) {
  ImportOptions options;
  for (const char* text : {"", "n", "n=", "n=-3", "=4", "x:", "x:1,,2", "x:1,a", ":1"}) {
    const Status status = AddBinding(text, options);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("NAME=SIZE"), HasSubstr("INPUT:SIZE")));
  }
}

TEST(BindingTest, UnknownNamesAndContradictionsAreRefused) {
  ImportOptions options;
  options.bytes = Relu({2, 4}).Bytes();
  options.input_shapes["x"] = {3, 4};
  ExpectError(ImportModel(options), StatusCode::kInvalidArgument, HasSubstr("cannot be bound"));
  options.input_shapes = {{"z", {1}}};
  ExpectError(ImportModel(options), StatusCode::kNotFound, HasSubstr("it has 'x'"));
  options.input_shapes.clear();
  options.dimensions["m"] = 3;
  ExpectError(ImportModel(options), StatusCode::kNotFound, HasSubstr("no dimension 'm'"));
}

TEST(ReadErrorTest, MissingFile) {
  ImportOptions options;
  options.path = "no/such/model.onnx";
  ExpectError(ImportModel(options), StatusCode::kNotFound, HasSubstr("no/such/model.onnx"));
}

TEST(ReadErrorTest, EveryTruncationIsAStatus) {
  const std::vector<std::byte> whole = Relu({2, 4}).Bytes();
  for (size_t size = 1; size < whole.size(); ++size) {
    ImportOptions options;
    options.bytes.assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(ImportModel(options).ok()) << size;
  }
}

TEST(ReadErrorTest, Cycle) {
  ModelBuilder model;
  model.Input("x", {2}).Output("b");
  model.Node("Add", {"x", "b"}, "a");
  model.Node("Relu", {"a"}, "b");
  ExpectError(model.Import(), StatusCode::kDataCorrupt,
              AllOf(HasSubstr("cycle"), HasSubstr("Add_a")));
}

TEST(ReadErrorTest, NodesOutOfOrderAreSorted) {
  ModelBuilder model;
  model.Input("x", {2}).Output("y");
  model.Node("Tanh", {"a"}, "y");
  model.Node("Sigmoid", {"x"}, "a");
  EXPECT_TRUE(model.Import().ok());
}

TEST(ReadErrorTest, UndefinedAndDoublyDefinedTensors) {
  ModelBuilder model;
  model.Input("x", {2}).Output("y");
  model.Node("Add", {"x", "w"}, "y");
  ExpectError(model.Import(), StatusCode::kDataCorrupt,
              AllOf(HasSubstr("'Add_y' (Add)"), HasSubstr("'w'")));
  model = Relu({2});
  model.Node("Tanh", {"x"}, "y");
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("more than once"));
  model = Relu({2});
  model.Output("q");
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("output 'q'"));
}

TEST(ReadErrorTest, InitialisersThatLie) {
  ModelBuilder model = Relu({2});
  auto* tensor = model.graph().add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(TensorProto::FLOAT);
  tensor->add_dims(1LL << 40);
  tensor->add_dims(1LL << 40);
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("initialiser 'w'"));
  tensor->set_dims(0, -4);
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("[-4,"));
  tensor->clear_dims();
  tensor->add_dims(100000);
  tensor->add_float_data(1.0F);
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("fewer elements"));
  tensor->set_raw_data("1234567");
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("needs 400000 bytes"));
  tensor->set_data_type(TensorProto::STRING);
  ExpectError(model.Import(), StatusCode::kUnsupported, HasSubstr("STRING"));
  tensor->set_data_location(TensorProto::EXTERNAL);
  ExpectError(model.Import(), StatusCode::kUnsupported, HasSubstr("another file"));
}

TEST(NodeErrorTest, UnknownOperatorNamesNodeAndDomain) {
  ModelBuilder model;
  model.Input("x", {2}).Output("y");
  model.Node("Frobnicate", {"x"}, "y");
  ExpectError(model.Import(), StatusCode::kUnsupported, HasSubstr("'Frobnicate_y' (Frobnicate)"));
}

TEST(NodeErrorTest, LoopsSayWhatToDo) {
  ModelBuilder model;
  model.Input("x", {2}).Output("y");
  auto* attribute = model.Node("Loop", {"x"}, "y")->add_attribute();
  attribute->set_name("body");
  attribute->set_type(onnx::AttributeProto::GRAPH);
  ExpectError(model.Import(), StatusCode::kUnsupported,
              AllOf(HasSubstr("body"), HasSubstr("unrolled")));
}

TEST(NodeErrorTest, IfWithoutABranchNamesIt) {
  ModelBuilder model;
  model.Input("x", {1}, TensorProto::BOOL).Output("y");
  model.Node("If", {"x"}, "y");
  ExpectError(model.Import(), StatusCode::kDataCorrupt, HasSubstr("then_branch"));
}

TEST(NodeErrorTest, IfWithAComputedConditionNamesTheInputToFix) {
  ModelBuilder model;
  model.Input("rate", {1}, TensorProto::INT64).Input("x", {2}).Output("y");
  model.Ints("sixteen", {16000});
  model.Node("Equal", {"rate", "sixteen"}, "condition");
  AddBranches(model.Node("If", {"condition"}, "y"));
  ExpectError(model.Import(), StatusCode::kUnsupported,
              AllOf(HasSubstr("'If_y'"), HasSubstr("'rate'"), HasSubstr("--constant")));
}

TEST(NodeErrorTest, WrongAttributeType) {
  ModelBuilder model;
  model.Input("x", {1, 1, 4, 4}).Output("y");
  SetFloat(model.Node("MaxPool", {"x"}, "y"), "kernel_shape", 2.0F);
  ExpectError(model.Import(), StatusCode::kInvalidArgument,
              AllOf(HasSubstr("MaxPool"), HasSubstr("kernel_shape")));
}

TEST(NodeErrorTest, MissingOperandAndWrongType) {
  ModelBuilder model;
  model.Input("x", {2}).Output("y");
  model.Node("Add", {"x", ""}, "y");
  ExpectError(model.Import(), StatusCode::kInvalidArgument, HasSubstr("input 1"));
  model = ModelBuilder();
  model.Input("x", {2}, TensorProto::BOOL).Output("y");
  model.Node("Relu", {"x"}, "y");
  ExpectError(model.Import(), StatusCode::kInvalidArgument, HasSubstr("cannot be bool"));
}

TEST(NodeErrorTest, WeightsThatDoNotFit) {
  ModelBuilder model;
  model.Input("x", {1, 3, 8, 8}).Output("y");
  model.Floats("w", {4, 2, 3, 3}, std::vector<float>(72, 0.0F));
  model.Node("Conv", {"x", "w"}, "y");
  ExpectError(model.Import(), StatusCode::kInvalidArgument,
              AllOf(HasSubstr("'Conv_y' (Conv)"), HasSubstr("[4, 2, 3, 3]")));
}

TEST(NodeErrorTest, ShapeThatDependsOnData) {
  ModelBuilder model;
  model.Input("x", {4}).Output("y");
  model.Node("NonZero", {"x"}, "y");
  ExpectError(model.Import(), StatusCode::kUnsupported, HasSubstr("NonZero"));
}

// Models whose mutations reach every part of the importer.
std::vector<ModelBuilder> Seeds() {
  std::vector<ModelBuilder> seeds;
  ModelBuilder& conv = seeds.emplace_back();
  conv.Input("x", {1, 2, 6, 6}).Output("y").Floats("w", {4, 2, 3, 3}, std::vector<float>(72, 0.1F));
  conv.Floats("b", {4}, {1, 2, 3, 4}).Floats("c", {}, {-0.5F}).Ints("shape", {1, -1});
  conv.Floats("v", {64, 3}, std::vector<float>(192, 0.2F)).Ints("i", {0});
  auto* node = conv.Node("Conv", {"x", "w", "b"}, "a");
  SetInts(node, "pads", {1, 1, 1, 1});
  SetInts(node, "strides", {1, 1});
  SetInts(node, "dilations", {1, 1});
  SetInts(node, "kernel_shape", {3, 3});
  SetInt(node, "group", 1);
  SetFloat(conv.Node("LeakyRelu", {"a"}, "l"), "alpha", 0.1F);
  conv.Node("Max", {"l", "c"}, "m");
  node = conv.Node("MaxPool", {"m"}, "p");
  SetInts(node, "kernel_shape", {2, 2});
  SetInts(node, "strides", {2, 2});
  SetInts(node, "pads", {1, 1, 1, 1});
  conv.Node("Reshape", {"p", "shape"}, "r");
  conv.Node("MatMul", {"r", "v"}, "s");
  SetInt(conv.Node("Softmax", {"s"}, "t"), "axis", 1);
  SetInts(conv.Node("Transpose", {"t"}, "u"), "perm", {1, 0});
  SetInt(conv.Node("Concat", {"u", "u"}, "y"), "axis", 1);

  ModelBuilder& integer = seeds.emplace_back();
  integer.Input("x", {2, 3}, TensorProto::INT8).Output("y");
  integer.Quantization("p", 0.5F, 3).Quantization("q", 0.25F, -1);
  integer.Constant<int8_t>("w", TensorProto::INT8, {3, 4}, std::vector<int8_t>(12, 5));
  integer.Floats("ws", {4}, {0.1F, 0.2F, 0.3F, 0.4F});
  integer.Constant<int8_t>("wz", TensorProto::INT8, {4}, {0, 0, 0, 0});
  integer.Constant<int32_t>("b", TensorProto::INT32, {4}, {1, 2, 3, 4});
  integer.Floats("bs", {4}, {0.05F, 0.1F, 0.15F, 0.2F}).Ints("axes", {0}).Ints("one", {1});
  integer.Convert("DequantizeLinear", "x", "p", "xf");
  SetInt(integer.Node("DequantizeLinear", {"w", "ws", "wz"}, "wf"), "axis", 1);
  SetInt(integer.Node("DequantizeLinear", {"b", "bs"}, "bf"), "axis", 0);
  integer.Node("Gemm", {"xf", "wf", "bf"}, "g");
  integer.Node("Relu", {"g"}, "r");
  integer.Convert("QuantizeLinear", "r", "q", "rq");
  integer.Convert("DequantizeLinear", "rq", "q", "d");
  SetInts(integer.Node("ReduceMean", {"d"}, "e"), "axes", {1});
  integer.Node("Slice", {"e", "axes", "one", "axes"}, "f");
  integer.Node("Unsqueeze", {"f", "axes"}, "h");
  integer.Convert("QuantizeLinear", "h", "q", "y");
  return seeds;
}

void ImportAndRun(std::vector<std::byte> bytes, int seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  ImportOptions options;
  options.bytes = std::move(bytes);
  auto graph = ImportModel(options);
  if (!graph.ok()) {
    EXPECT_NE(graph.status().code(), StatusCode::kInternal) << graph.status().ToString();
    EXPECT_FALSE(graph.status().message().empty());
    return;
  }
  std::vector<HostTensor> inputs;
  int64_t work = 0;
  for (const ValueId id : graph->inputs) {
    inputs.emplace_back(graph->value(id).type, graph->value(id).shape);
  }
  for (const Layer& layer : graph->layers) {
    work += layer.macs + 1;
  }
  for (const Value& value : graph->values) {
    work = std::max(work, ElementCount(value.shape));
  }
  if (work < 1000000) {
    const auto outputs = RunReference(*graph, inputs);
    EXPECT_TRUE(outputs.ok() || !outputs.status().message().empty());
  }
}

TEST(HostileTest, SeedsImport) {
  for (const ModelBuilder& seed : Seeds()) {
    const auto graph = seed.Import();
    EXPECT_TRUE(graph.ok()) << graph.status().ToString();
  }
}

TEST(HostileTest, DamagedBytesGiveAStatus) {
  for (const ModelBuilder& model : Seeds()) {
    for (int seed = 0; seed < 400; ++seed) {
      std::mt19937 random(static_cast<unsigned>(seed));
      std::vector<std::byte> bytes = model.Bytes();
      MutateBytes(bytes, random);
      if (!bytes.empty()) {
        ImportAndRun(std::move(bytes), seed);
      }
    }
  }
}

TEST(HostileTest, DamagedFieldsGiveAStatus) {
  for (const ModelBuilder& model : Seeds()) {
    for (int seed = 0; seed < 600; ++seed) {
      std::mt19937 random(static_cast<unsigned>(seed));
      ModelBuilder damaged = model;
      MutateFields(damaged.proto(), random);
      ImportAndRun(damaged.Bytes(), seed);
    }
  }
}

}  // namespace
}  // namespace neuron::compiler
