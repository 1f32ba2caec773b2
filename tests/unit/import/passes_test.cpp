// SPDX-License-Identifier: Apache-2.0
// What each pass makes of small models.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "host/compiler/import/reference.h"
#include "tests/unit/import/models.h"

namespace neuron::compiler {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;
using testing::FloatEq;
using testing::Pointwise;
using testing::StartsWith;

// The layer's body, or a failure that prints the graph.
template <typename Body>
const Body& BodyAt(const LayerGraph& graph, size_t index) {
  static const Body kNone{};
  if (index >= graph.layers.size() || !std::holds_alternative<Body>(graph.layers[index].body)) {
    ADD_FAILURE() << "layer " << index << " is not what was expected:\n" << ToText(graph);
    return kNone;
  }
  return std::get<Body>(graph.layers[index].body);
}

// The names of the graph's outputs, in its order.
std::vector<std::string> OutputNames(const LayerGraph& graph) {
  std::vector<std::string> names;
  for (const ValueId id : graph.outputs) {
    names.push_back(graph.value(id).name);
  }
  return names;
}

// What the reference executor makes of the layers; nothing, and a failure, when it stops.
std::vector<HostTensor> RunLayers(const LayerGraph& graph, const std::vector<HostTensor>& inputs) {
  auto outputs = RunReference(graph, inputs);
  EXPECT_TRUE(outputs.ok()) << outputs.status().ToString();
  return outputs.ok() ? std::move(*outputs) : std::vector<HostTensor>{};
}

HostTensor Integers(const std::vector<int64_t>& values) {
  return MakeTensor<int64_t>(ElementType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

TEST(OutputTest, ConstantsKeepTheirNames) {
  constexpr int64_t kLarge = int64_t{1} << 40;
  ModelBuilder model;
  model.Input("x", {2}).Output("shape").Output("weights").Output("sum").Output("again");
  model.Floats("weights", {2}, {0.5F, -3}).Ints("large", {kLarge, -1});
  model.Node("Shape", {"x"}, "shape");
  model.Node("Add", {"x", "weights"}, "sum");
  model.Node("Identity", {"large"}, "again");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_THAT(OutputNames(graph), ElementsAre("shape", "weights", "sum", "again"));
  const std::vector<float> x = {1, 2};
  const auto outputs = RunLayers(graph, {MakeTensor<float>(ElementType::kFloat32, {2}, x)});
  ASSERT_EQ(outputs.size(), 4U);
  EXPECT_EQ(outputs[0].type, ElementType::kInt64);
  EXPECT_THAT(outputs[0].ToInts(), ElementsAre(2));
  EXPECT_THAT(outputs[1].ToFloats(), ElementsAre(0.5F, -3));
  EXPECT_THAT(outputs[2].ToFloats(), ElementsAre(1.5F, -1));
  EXPECT_EQ(outputs[3].type, ElementType::kInt64);
  EXPECT_THAT(outputs[3].ToInts(), ElementsAre(kLarge, -1));
}

TEST(OutputTest, OneConstantMayBeTwoOutputs) {
  ModelBuilder model;
  model.Input("x", {2}).Output("first").Output("second").Floats("c", {2}, {7, 8});
  model.Node("Identity", {"c"}, "first");
  model.Node("Identity", {"first"}, "second");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_THAT(OutputNames(graph), ElementsAre("first", "second"));
  const auto outputs = RunLayers(graph, {HostTensor(ElementType::kFloat32, {2})});
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_THAT(outputs[0].ToFloats(), ElementsAre(7, 8));
  EXPECT_THAT(outputs[1].ToFloats(), ElementsAre(7, 8));
}

TEST(OutputTest, AnInputThatIsAnOutputKeepsItsNameOnBothSides) {
  for (const int type : {TensorProto::FLOAT, TensorProto::INT64}) {
    ModelBuilder model;
    model.Input("x", {2}, type).Output("x").Output("y");
    model.Node("Identity", {"x"}, "y");
    const LayerGraph graph = ImportOrFail(model);
    ASSERT_EQ(graph.inputs.size(), 1U);
    EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
    EXPECT_THAT(OutputNames(graph), ElementsAre("x", "y"));
    EXPECT_NE(graph.inputs[0], graph.outputs[0]);
    HostTensor x(static_cast<ElementType>(type), {2});
    *x.data.begin() = std::byte{1};
    const auto outputs = RunLayers(graph, {x});
    ASSERT_EQ(outputs.size(), 2U);
    EXPECT_EQ(outputs[0].data, x.data);
    EXPECT_EQ(outputs[1].data, x.data);
  }
}

TEST(OutputTest, OneListedTwiceIsNumberedApart) {
  ModelBuilder model;
  model.Input("x", {2}).Output("c").Output("y").Output("c").Output("y").Output("x").Output("x");
  model.Floats("c", {2}, {7, 8}).Node("Relu", {"x"}, "y");
  EXPECT_THAT(OutputNames(ImportOrFail(model)),
              ElementsAre("c", "y", StartsWith("c."), StartsWith("y."), "x", StartsWith("x.")));
}

TEST(InferenceTest, ComparisonsOfIntegersHaveTheBroadcastShape) {
  struct Case {
    const char* op;
    std::vector<int64_t> expected;
  };
  for (const int opset : {12, 16, 18}) {
    for (const Case& c : {Case{"LessOrEqual", {1, 0, 1}}, Case{"GreaterOrEqual", {1, 1, 0}},
                          Case{"Less", {0, 0, 1}}, Case{"Greater", {0, 1, 0}}}) {
      ModelBuilder model(opset);
      model.Input("x", {3}, TensorProto::INT64).Input("z", {1}, TensorProto::INT64).Output("y");
      model.Node(c.op, {"x", "z"}, "y");
      const LayerGraph graph = ImportOrFail(model);
      const auto outputs = RunLayers(graph, {Integers({5, 9, -2}), Integers({5})});
      ASSERT_EQ(outputs.size(), 1U) << c.op;
      EXPECT_EQ(outputs[0].type, ElementType::kBool) << c.op;
      EXPECT_EQ(outputs[0].ToInts(), c.expected) << c.op << " of opset " << opset;
    }
  }
}

TEST(InferenceTest, OperandsOfAFunctionMustFitIt) {
  ModelBuilder model(16);
  model.Input("x", {3}, TensorProto::INT64).Input("z", {2}, TensorProto::INT64).Output("y");
  model.Node("LessOrEqual", {"x", "z"}, "y");
  const auto graph = model.Import();
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument) << graph.status().ToString();
  EXPECT_THAT(graph.status().message(), testing::HasSubstr("'LessOrEqual_y' (LessOrEqual)"));
}

TEST(LoweringTest, GemmTransposesWeightsAndScalesByAlphaAndBeta) {
  ModelBuilder model;
  model.Input("x", {2, 3}).Output("y");
  model.Floats("w", {3, 2}, {1, 2, 3, 4, 5, 6}).Floats("c", {2}, {10, 20});
  auto* node = model.Node("Gemm", {"x", "w", "c"}, "y");
  SetFloat(node, "alpha", 2.0F);
  SetFloat(node, "beta", 0.5F);
  const LayerGraph graph = ImportOrFail(model);
  const auto& matrix = BodyAt<MatrixLayer>(graph, 0);
  EXPECT_FALSE(matrix.is_conv);
  EXPECT_THAT(matrix.weight.shape, ElementsAre(2, 3));
  EXPECT_THAT(matrix.weight.ToFloats(), ElementsAre(2, 6, 10, 4, 8, 12));
  EXPECT_THAT(matrix.bias, ElementsAre(5, 10));
  EXPECT_EQ(graph.layers[0].macs, 12);
}

TEST(LoweringTest, OneDimensionalConvGetsFourDimensionalWeights) {
  ModelBuilder model;
  model.Input("x", {1, 2, 10}).Output("y");
  model.Floats("w", {3, 2, 4}, std::vector<float>(24, 1.0F));
  SetInts(model.Node("Conv", {"x", "w"}, "y"), "strides", {3});
  const LayerGraph graph = ImportOrFail(model);
  const auto& matrix = BodyAt<MatrixLayer>(graph, 0);
  EXPECT_THAT(matrix.weight.shape, ElementsAre(3, 2, 1, 4));
  EXPECT_THAT(matrix.strides, ElementsAre(1, 3));
  EXPECT_EQ(graph.layers[0].macs, 3 * 3 * 2 * 4);
}

TEST(LoweringTest, PowByTwoMultipliesAndByHalfTakesTheRoot) {
  ModelBuilder model;
  model.Input("x", {4}).Output("y").Floats("two", {}, {2}).Floats("half", {}, {0.5F});
  model.Node("Pow", {"x", "two"}, "square");
  model.Node("Pow", {"square", "half"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_EQ(BodyAt<BinaryLayer>(graph, 0).op, BinaryOp::kMul);
  EXPECT_EQ(graph.layers[0].inputs[0], graph.layers[0].inputs[1]);
  EXPECT_EQ(BodyAt<BinaryLayer>(graph, 0).activation.function, Function::kSqrt);
}

TEST(LoweringTest, ClipWithComputedBoundTakesTheMaximum) {
  ModelBuilder model;
  model.Input("x", {4}).Input("low", {}).Output("y").Floats("high", {}, {6});
  model.Node("Clip", {"x", "low", "high"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_EQ(BodyAt<BinaryLayer>(graph, 0).op, BinaryOp::kMax);
  EXPECT_EQ(BodyAt<BinaryLayer>(graph, 0).activation.clamp_high, 6.0F);
}

TEST(LoweringTest, WholePlanePoolIsAReduction) {
  ModelBuilder model;
  model.Input("x", {1, 2, 4, 5}).Output("y");
  SetInts(model.Node("AveragePool", {"x"}, "y"), "kernel_shape", {4, 5});
  const auto graph = ImportOrFail(model);
  EXPECT_EQ(BodyAt<ReduceLayer>(graph, 0).op, ReduceOp::kMean);
  EXPECT_THAT(BodyAt<ReduceLayer>(graph, 0).axes, ElementsAre(2, 3));
}

TEST(LoweringTest, AMaximumOverALargeWindowTakesOneAxisAtATime) {
  ModelBuilder model;
  model.Input("x", {1, 1, 40, 30}).Output("y");
  auto* node = model.Node("MaxPool", {"x"}, "y");
  SetInts(node, "kernel_shape", {9, 8});
  SetInts(node, "strides", {3, 2});
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_THAT(BodyAt<PoolLayer>(graph, 0).kernel, ElementsAre(1, 8));
  EXPECT_THAT(BodyAt<PoolLayer>(graph, 0).strides, ElementsAre(1, 2));
  EXPECT_THAT(graph.value(graph.layers[0].outputs[0]).shape, ElementsAre(1, 1, 40, 12));
  EXPECT_THAT(BodyAt<PoolLayer>(graph, 1).kernel, ElementsAre(9, 1));
  EXPECT_THAT(BodyAt<PoolLayer>(graph, 1).strides, ElementsAre(3, 1));
}

TEST(LoweringTest, APoolOfALargePlaneReducesRowsFirst) {
  ModelBuilder model;
  model.Input("x", {1, 2, 80, 60}).Output("y").Node("GlobalAveragePool", {"x"}, "y");
  const LayerGraph graph = ImportOrFail(model, 4096);
  EXPECT_THAT(BodyAt<ReduceLayer>(graph, 0).axes, ElementsAre(3));
  EXPECT_THAT(BodyAt<ReduceLayer>(graph, 1).axes, ElementsAre(2));
}

TEST(LoweringTest, AMeanOverALongAxisAddsSumsOfItsParts) {
  ModelBuilder model;
  model.Input("x", {2, 5000}).Output("y");
  SetInts(model.Node("ReduceMean", {"x"}, "y"), "axes", {1});
  const LayerGraph graph = ImportOrFail(model, 4096);
  int sums = 0;
  for (const Layer& layer : graph.layers) {
    const auto* reduce = std::get_if<ReduceLayer>(&layer.body);
    if (reduce != nullptr) {
      EXPECT_EQ(reduce->op, ReduceOp::kSum);
      EXPECT_LE(graph.value(layer.inputs[0]).shape[1], 2048);
      ++sums;
    }
  }
  EXPECT_EQ(sums, 3) << ToText(graph);
}

TEST(LoweringTest, ASoftmaxOfManyClassesNeedsNoWholeRow) {
  ModelBuilder model;
  model.Input("x", {2, 5000}).Output("y");
  SetInt(model.Node("Softmax", {"x"}, "y"), "axis", 1);
  const LayerGraph graph = ImportOrFail(model, 4096);
  int exponentials = 0;
  for (const Layer& layer : graph.layers) {
    EXPECT_FALSE(std::holds_alternative<SoftmaxLayer>(layer.body)) << ToText(graph);
    const auto* binary = std::get_if<BinaryLayer>(&layer.body);
    exponentials += binary != nullptr && binary->activation.function == Function::kExp ? 1 : 0;
  }
  EXPECT_EQ(exponentials, 1) << ToText(graph);
}

TEST(LoweringTest, RowsUpToTheLongestAreOneLayer) {
  ModelBuilder model;
  model.Input("x", {2, 5000}).Output("y");
  SetInt(model.Node("Softmax", {"x"}, "y"), "axis", 1);
  EXPECT_EQ(ImportOrFail(model, 5000).layers.size(), 1U);
}

TEST(LoweringTest, SameUpperPadsMoreAtTheEnd) {
  ModelBuilder model;
  model.Input("x", {1, 1, 5, 5}).Output("y").Floats("w", {1, 1, 2, 2}, {1, 1, 1, 1});
  auto* attribute = model.Node("Conv", {"x", "w"}, "y")->add_attribute();
  attribute->set_name("auto_pad");
  attribute->set_type(onnx::AttributeProto::STRING);
  attribute->set_s("SAME_UPPER");
  EXPECT_THAT(BodyAt<MatrixLayer>(ImportOrFail(model), 0).pads, ElementsAre(0, 0, 1, 1));
}

TEST(LoweringTest, SoftmaxBeforeOpset13NormalisesTheTrailingAxesTogether) {
  ModelBuilder model(11);
  model.Input("x", {2, 3, 4}).Output("y");
  SetInt(model.Node("Softmax", {"x"}, "y"), "axis", 1);
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 3U) << ToText(graph);
  EXPECT_EQ(BodyAt<SoftmaxLayer>(graph, 1).axis, 1);
  EXPECT_THAT(graph.value(graph.layers[1].inputs[0]).shape, ElementsAre(2, 12));
}

TEST(InferenceTest, IfTakesTheBranchOfAFoldedConditionAndNamesStayUnique) {
  for (const int64_t rate : {16000, 8000}) {
    ModelBuilder model;
    model.Input("rate", {1}, TensorProto::INT64).Input("x", {2}).Output("y");
    model.Ints("sixteen", {16000});
    model.Node("Equal", {"rate", "sixteen"}, "condition");
    AddBranches(model.Node("If", {"condition"}, "a"));
    AddBranches(model.Node("If", {"condition"}, "b"));
    model.Node("Add", {"a", "b"}, "y");
    ImportOptions options;
    options.bytes = model.Bytes();
    ASSERT_TRUE(AddConstantInput("rate=" + std::to_string(rate), options).ok());
    const auto graph = ImportModel(options);
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    EXPECT_EQ(graph->inputs.size(), 1U);
    const auto& first = BodyAt<UnaryLayer>(*graph, 0);
    EXPECT_EQ(first.scale[0], rate == 16000 ? 1.0F : -1.0F) << ToText(*graph);
    EXPECT_EQ(first.activation.clamp_low == 0.0F, rate == 16000) << ToText(*graph);
  }
}

TEST(LoweringTest, GatherOfComputedIndicesReadsRowsOfTheTable) {
  ModelBuilder model;
  model.Input("ids", {3}, TensorProto::INT64).Output("y");
  model.Floats("table", {4, 2}, std::vector<float>(8, 1.0F));
  model.Node("Gather", {"table", "ids"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  BodyAt<GatherLayer>(graph, 0);
  EXPECT_THAT(graph.value(graph.layers[0].outputs[0]).shape, ElementsAre(3, 2));
}

TEST(FoldingTest, ShapeArithmeticDisappears) {
  ModelBuilder model;
  model.Input("x", {2, 3, 4}).Output("y").Ints("zero", {0}).Ints("minus", {-1});
  model.Node("Shape", {"x"}, "shape");
  model.Node("Gather", {"shape", "zero"}, "batch");
  SetInt(model.Node("Concat", {"batch", "minus"}, "target"), "axis", 0);
  model.Node("Reshape", {"x", "target"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  BodyAt<ReshapeLayer>(graph, 0);
  EXPECT_THAT(graph.value(graph.outputs[0]).shape, ElementsAre(2, 12));
}

TEST(SimplifyTest, TransposeOfSingletonDimensionsIsAReshape) {
  ModelBuilder model;
  model.Input("x", {1, 6, 1, 1}).Output("y");
  SetInts(model.Node("Transpose", {"x"}, "y"), "perm", {0, 2, 3, 1});
  BodyAt<ReshapeLayer>(ImportOrFail(model), 0);
}

TEST(SimplifyTest, NoOpsVanishAndTheOutputKeepsItsName) {
  ModelBuilder model;
  model.Input("x", {2, 3}).Output("y");
  model.Node("Identity", {"x"}, "a");
  model.Node("Relu", {"a"}, "b");
  model.Node("Dropout", {"b"}, "c");
  model.Node("Identity", {"c"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
}

TEST(SimplifyTest, OpposedTranspositionsCancel) {
  ModelBuilder model;
  model.Input("x", {2, 3, 4}).Output("y");
  SetInts(model.Node("Transpose", {"x"}, "a"), "perm", {2, 0, 1});
  SetInts(model.Node("Transpose", {"a"}, "b"), "perm", {1, 2, 0});
  model.Node("Relu", {"b"}, "y");
  EXPECT_EQ(ImportOrFail(model).layers.size(), 1U);
}

TEST(OutputTest, AnInputAndAConstantAsOutputsGetCopies) {
  ModelBuilder model;
  model.Input("x", {2}).Output("x").Output("k").Floats("k", {2}, {3, 4});
  const LayerGraph graph = ImportOrFail(model);
  const std::vector<HostTensor> inputs = {
      MakeTensor<float>(ElementType::kFloat32, {2}, std::vector<float>{1, 2})};
  auto outputs = RunReference(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].ToFloats(), ElementsAre(1, 2));
  EXPECT_THAT((*outputs)[1].ToFloats(), ElementsAre(3, 4));
}

TEST(FuseTest, BatchNormalizationGoesIntoTheConvolution) {
  ModelBuilder model;
  model.Input("x", {1, 1, 2, 2}).Output("y").Floats("w", {2, 1, 1, 1}, {1, 2});
  model.Floats("s", {2}, {2, 4}).Floats("b", {2}, {1, 1}).Floats("m", {2}, {0.5F, 0});
  model.Floats("v", {2}, {1, 4});
  model.Node("Conv", {"x", "w"}, "c");
  SetFloat(model.Node("BatchNormalization", {"c", "s", "b", "m", "v"}, "n"), "epsilon", 0.0F);
  model.Node("Relu", {"n"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  const auto& matrix = BodyAt<MatrixLayer>(graph, 0);
  EXPECT_THAT(matrix.weight.ToFloats(), ElementsAre(2, 4));
  EXPECT_THAT(matrix.bias, ElementsAre(0, 1));
  EXPECT_EQ(matrix.activation.clamp_low, 0.0F);
  EXPECT_THAT(
      graph.layers[0].nodes,
      ElementsAre("Conv_c (Conv)", "BatchNormalization_n (BatchNormalization)", "Relu_y (Relu)"));
}

TEST(FuseTest, MatMulTakesTheBiasThatIsAdded) {
  ModelBuilder model;
  model.Input("x", {4, 2}).Output("y").Floats("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  model.Floats("b", {3}, {7, 8, 9});
  model.Node("MatMul", {"x", "w"}, "p");
  model.Node("Add", {"b", "p"}, "y");
  EXPECT_THAT(BodyAt<MatrixLayer>(ImportOrFail(model), 0).bias, ElementsAre(7, 8, 9));
}

TEST(FuseTest, MaximumAfterLeakyReluBecomesAClampBeforeIt) {
  ModelBuilder model;
  model.Input("x", {8}).Output("y").Floats("c", {1}, {-0.5F});
  SetFloat(model.Node("LeakyRelu", {"x"}, "a"), "alpha", 0.25F);
  model.Node("Max", {"a", "c"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  const Activation& activation = BodyAt<UnaryLayer>(graph, 0).activation;
  EXPECT_EQ(activation.function, Function::kLeaky);
  EXPECT_EQ(activation.clamp_low, -2.0F);
}

TEST(FuseTest, ChainsOfConstantsBecomeOneScaleAndBias) {
  ModelBuilder model;
  model.Input("x", {1, 3, 2}).Output("y").Floats("two", {}, {2}).Floats("four", {}, {4});
  model.Floats("c", {3, 1}, {1, 2, 3});
  model.Node("Mul", {"x", "two"}, "a");
  model.Node("Sub", {"c", "a"}, "b");
  model.Node("Div", {"b", "four"}, "d");
  model.Node("Tanh", {"d"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  const auto& unary = BodyAt<UnaryLayer>(graph, 0);
  EXPECT_EQ(unary.axis, 1);
  EXPECT_THAT(unary.scale, Pointwise(FloatEq(), {-0.5F, -0.5F, -0.5F}));
  EXPECT_THAT(unary.bias, Pointwise(FloatEq(), {0.25F, 0.5F, 0.75F}));
  EXPECT_EQ(unary.activation.function, Function::kTanh);
}

TEST(FuseTest, AValueThatIsReadTwiceKeepsItsLayer) {
  ModelBuilder model;
  model.Input("x", {4, 2}).Output("y").Output("z").Floats("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  model.Node("MatMul", {"x", "w"}, "z");
  model.Node("Relu", {"z"}, "y");
  EXPECT_EQ(ImportOrFail(model).layers.size(), 2U);
}

TEST(FuseTest, ProductWithOwnSigmoidIsSilu) {
  ModelBuilder model;
  model.Input("x", {4}).Output("y");
  model.Node("Sigmoid", {"x"}, "s");
  model.Node("Mul", {"x", "s"}, "y");
  const auto graph = ImportOrFail(model);
  EXPECT_EQ(BodyAt<UnaryLayer>(graph, 0).activation.function, Function::kSilu);
}

// x int8 -> DequantizeLinear -> Conv with int8 weights and an INT32 bias -> Relu -> QuantizeLinear.
ModelBuilder QuantizedConv() {
  ModelBuilder model;
  model.Input("x", {1, 1, 1, 3}, TensorProto::INT8).Output("y");
  model.Quantization("in", 0.5F, 3).Quantization("out", 0.25F, -4);
  model.Constant<int8_t>("w", TensorProto::INT8, {2, 1, 1, 1}, {10, -20});
  model.Floats("ws", {2}, {0.1F, 0.2F});
  model.Constant<int8_t>("wz", TensorProto::INT8, {2}, {0, 0});
  model.Constant<int32_t>("b", TensorProto::INT32, {2}, {7, -9}).Floats("bs", {2}, {0.05F, 0.1F});
  model.Convert("DequantizeLinear", "x", "in", "xf");
  SetInt(model.Node("DequantizeLinear", {"w", "ws", "wz"}, "wf"), "axis", 0);
  SetInt(model.Node("DequantizeLinear", {"b", "bs"}, "bf"), "axis", 0);
  model.Node("Conv", {"xf", "wf", "bf"}, "c");
  model.Node("Relu", {"c"}, "r");
  model.Convert("QuantizeLinear", "r", "out", "y");
  return model;
}

TEST(QuantizeTest, ConvolutionBecomesOneIntegerLayer) {
  const LayerGraph graph = ImportOrFail(QuantizedConv());
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  const auto& matrix = BodyAt<MatrixLayer>(graph, 0);
  EXPECT_EQ(matrix.weight.type, ElementType::kInt8);
  EXPECT_THAT(matrix.bias_int, ElementsAre(7, -9));
  EXPECT_TRUE(matrix.bias.empty());
  EXPECT_THAT(matrix.scale, Pointwise(FloatEq(), {0.2F, 0.4F}));
  EXPECT_EQ(matrix.activation.clamp_low, 0.0F);
  const Value& output = graph.value(graph.outputs[0]);
  EXPECT_EQ(output.type, ElementType::kInt8);
  EXPECT_THAT(output.quantization->zero_point, ElementsAre(-4));
}

TEST(QuantizeTest, IntegerLayerIsExact) {
  const LayerGraph graph = ImportOrFail(QuantizedConv());
  const std::vector<HostTensor> inputs = {
      MakeTensor<int8_t>(ElementType::kInt8, {1, 1, 1, 3}, std::vector<int8_t>{3, 13, -50})};
  auto outputs = RunReference(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  // acc = (x - 3) * w + b; y = round(max(acc * scale, 0)) - 4, saturated.
  EXPECT_THAT((*outputs)[0].ToInts(), ElementsAre(-3, 17, -4, -4, -4, 127));
}

TEST(QuantizeTest, ClampsAreInStepsOfTheOutput) {
  ModelBuilder model = QuantizedConv();
  model.graph().mutable_node(4)->set_op_type("Clip");
  model.Floats("low", {}, {0}).Floats("high", {}, {6});
  model.graph().mutable_node(4)->add_input("low");
  model.graph().mutable_node(4)->add_input("high");
  EXPECT_EQ(BodyAt<MatrixLayer>(ImportOrFail(model), 0).activation.clamp_high, 24.0F);
}

TEST(QuantizeTest, MovementRunsOnIntegers) {
  ModelBuilder model;
  model.Input("x", {2, 3}, TensorProto::INT8).Output("y").Quantization("q", 0.5F, 3);
  model.Convert("DequantizeLinear", "x", "q", "a");
  SetInts(model.Node("Transpose", {"a"}, "b"), "perm", {1, 0});
  model.Convert("QuantizeLinear", "b", "q", "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  BodyAt<TransposeLayer>(graph, 0);
  EXPECT_EQ(graph.value(graph.outputs[0]).type, ElementType::kInt8);
}

TEST(QuantizeTest, ConcatOfUnequalScalesRequantises) {
  ModelBuilder model;
  model.Input("x", {2}, TensorProto::INT8).Input("z", {2}, TensorProto::INT8).Output("y");
  model.Quantization("p", 0.5F, 0).Quantization("q", 1.0F, 0);
  model.Convert("DequantizeLinear", "x", "p", "a");
  model.Convert("DequantizeLinear", "z", "q", "b");
  SetInt(model.Node("Concat", {"a", "b"}, "c"), "axis", 0);
  model.Convert("QuantizeLinear", "c", "q", "y");
  const LayerGraph graph = ImportOrFail(model);
  const std::vector<HostTensor> inputs = {
      MakeTensor<int8_t>(ElementType::kInt8, {2}, std::vector<int8_t>{10, -6}),
      MakeTensor<int8_t>(ElementType::kInt8, {2}, std::vector<int8_t>{1, 2})};
  auto outputs = RunReference(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].ToInts(), ElementsAre(5, -3, 1, 2));
  EXPECT_EQ(graph.layers.size(), 2U) << ToText(graph);
}

TEST(QuantizeTest, AddReadsAndWritesIntegers) {
  ModelBuilder model;
  model.Input("x", {2}, TensorProto::INT8).Input("z", {2}, TensorProto::INT8).Output("y");
  model.Quantization("p", 0.5F, 1).Quantization("q", 2.0F, 0).Quantization("r", 1.0F, -8);
  model.Convert("DequantizeLinear", "x", "p", "a");
  model.Convert("DequantizeLinear", "z", "q", "b");
  model.Node("Add", {"a", "b"}, "c");
  model.Node("Relu", {"c"}, "d");
  model.Convert("QuantizeLinear", "d", "r", "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  EXPECT_EQ(BodyAt<BinaryLayer>(graph, 0).activation.clamp_low, 0.0F);
  const std::vector<HostTensor> inputs = {
      MakeTensor<int8_t>(ElementType::kInt8, {2}, std::vector<int8_t>{11, -100}),
      MakeTensor<int8_t>(ElementType::kInt8, {2}, std::vector<int8_t>{3, 2})};
  auto outputs = RunReference(graph, inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_THAT((*outputs)[0].ToInts(), ElementsAre(3, -8));
}

TEST(QuantizeTest, WeightsOfAFloatConvolutionBecomeFloats) {
  ModelBuilder model;
  model.Input("x", {1, 2}).Output("y").Quantization("w", 0.5F, 2);
  model.Constant<int8_t>("wq", TensorProto::INT8, {2, 2}, {2, 4, 6, 8});
  model.Convert("DequantizeLinear", "wq", "w", "wf");
  model.Node("MatMul", {"x", "wf"}, "y");
  EXPECT_THAT(BodyAt<MatrixLayer>(ImportOrFail(model), 0).weight.ToFloats(),
              ElementsAre(0, 2, 1, 3));
}

TEST(DumpTest, EachPassIsShownOnceInOrder) {
  ImportOptions options;
  options.bytes = QuantizedConv().Bytes();
  std::vector<std::string> seen;
  options.dump = [&](const std::string& pass, const std::string& text) {
    seen.push_back(pass);
    EXPECT_FALSE(text.empty());
  };
  ASSERT_TRUE(ImportModel(options).ok());
  EXPECT_EQ(seen, PassNames());
}

}  // namespace
}  // namespace neuron::compiler
