// SPDX-License-Identifier: Apache-2.0
// What attention and feed-forward layers become.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/import/models.h"

namespace neuron::compiler {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;

// The body of the graph's last layer, or a failure that prints the graph.
template <typename Body>
const Body& LastBody(const LayerGraph& graph) {
  static const Body kNone{};
  if (graph.layers.empty() || !std::holds_alternative<Body>(graph.layers.back().body)) {
    ADD_FAILURE() << "the last layer is not what was expected:\n" << ToText(graph);
    return kNone;
  }
  return std::get<Body>(graph.layers.back().body);
}

// 1 + erf(x / sqrt 2) as "gate".
ModelBuilder WithGate() {
  ModelBuilder model;
  model.Input("x", {2, 3}).Output("y");
  model.Floats("root", {}, {std::sqrt(2.0F)}).Floats("one", {}, {1.0F}).Floats("half", {}, {0.5F});
  model.Node("Div", {"x", "root"}, "t");
  model.Node("Erf", {"t"}, "e");
  model.Node("Add", {"e", "one"}, "gate");
  return model;
}

TEST(FuseTest, GeluSpelledOutIsOneFunction) {
  ModelBuilder halved_last = WithGate();
  halved_last.Node("Mul", {"x", "gate"}, "p");
  halved_last.Node("Mul", {"p", "half"}, "y");
  ModelBuilder halved_first = WithGate();
  halved_first.Node("Mul", {"x", "half"}, "h");
  halved_first.Node("Mul", {"h", "gate"}, "y");
  for (const ModelBuilder& model : {halved_last, halved_first}) {
    const LayerGraph graph = ImportOrFail(model);
    ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
    EXPECT_EQ(LastBody<UnaryLayer>(graph).activation.function, Function::kGelu);
    EXPECT_EQ(graph.layers[0].nodes.size(), 5U) << ToText(graph);
  }
}

TEST(FuseTest, AGateOfAnotherTensorIsNoGelu) {
  ModelBuilder model = WithGate();
  model.Input("z", {2, 3});
  model.Node("Mul", {"z", "gate"}, "p");
  model.Node("Mul", {"p", "half"}, "y");
  EXPECT_GT(ImportOrFail(model).layers.size(), 1U);
}

TEST(FuseTest, AFactorOfAProductIsItsAlpha) {
  ModelBuilder model;
  model.Input("a", {2, 3}).Input("b", {3, 2}).Output("y");
  model.Floats("factor", {}, {0.125F});
  model.Node("MatMul", {"a", "b"}, "p");
  model.Node("Mul", {"p", "factor"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_EQ(graph.layers.size(), 1U) << ToText(graph);
  EXPECT_EQ(LastBody<BatchMatmulLayer>(graph).alpha, 0.125F);
}

// x in INT8 with scale 0.5, weights with scale 0.25.
TEST(FuseTest, AFloatBiasAfterAnIntegerProductIsCountedInItsSteps) {
  ModelBuilder model;
  model.Input("x", {1, 2}, TensorProto::INT8).Output("y");
  model.Quantization("in", 0.5F, 0).Quantization("weight", 0.25F, 0);
  model.Constant<int8_t>("w", TensorProto::INT8, {2, 2}, {1, 2, 3, 4});
  model.Floats("bias", {2}, {1.0F, -0.5F});
  model.Convert("DequantizeLinear", "x", "in", "xf");
  model.Convert("DequantizeLinear", "w", "weight", "wf");
  model.Node("MatMul", {"xf", "wf"}, "p");
  model.Node("Add", {"p", "bias"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  EXPECT_EQ(graph.layers.size(), 1U) << ToText(graph);
  EXPECT_THAT(LastBody<MatrixLayer>(graph).bias_int, ElementsAre(8, -4));
}

TEST(QuantizeTest, AProductOfTwoQuantisedTensorsMultipliesIntegers) {
  ModelBuilder model;
  model.Input("a", {2, 3}, TensorProto::INT8).Input("b", {3, 2}, TensorProto::INT8).Output("y");
  model.Quantization("qa", 0.5F, 1).Quantization("qb", 0.25F, -2);
  model.Convert("DequantizeLinear", "a", "qa", "af");
  model.Convert("DequantizeLinear", "b", "qb", "bf");
  model.Node("MatMul", {"af", "bf"}, "y");
  const LayerGraph graph = ImportOrFail(model);
  ASSERT_EQ(graph.layers.size(), 1U) << ToText(graph);
  LastBody<BatchMatmulLayer>(graph);
  for (const ValueId input : graph.layers[0].inputs) {
    EXPECT_EQ(graph.value(input).type, ElementType::kInt8);
  }
}

}  // namespace
}  // namespace neuron::compiler
