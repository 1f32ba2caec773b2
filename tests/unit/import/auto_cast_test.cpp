// SPDX-License-Identifier: Apache-2.0
// Which tensors --auto-cast stores in 16 bits, and what --precision marks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/compiler/passes/passes.h"
#include "tests/unit/import/models.h"

namespace neuron::compiler {
namespace {

using testing::ElementsAre;

Result<LayerGraph> ImportAs(const ModelBuilder& model, ElementType storage) {
  ImportOptions options;
  options.bytes = model.Bytes();
  options.float_storage = storage;
  return ImportModel(options);
}

// The stored type of the value named `name`.
ElementType TypeOf(const LayerGraph& graph, const std::string& name) {
  for (const Value& value : graph.values) {
    if (value.name == name) {
      return value.type;
    }
  }
  ADD_FAILURE() << "no value '" << name << "' in\n" << ToText(graph);
  return ElementType::kUndefined;
}

// x -> Conv -> MaxPool -> Conv -> y
ModelBuilder TwoConvolutions(float weight) {
  ModelBuilder model;
  model.Input("x", {1, 1, 4, 4}).Output("y");
  model.Floats("w", {1, 1, 1, 1}, {weight});
  model.Node("Conv", {"x", "w"}, "a");
  SetInts(model.Node("MaxPool", {"a"}, "b"), "kernel_shape", {2, 2});
  model.Node("Conv", {"b", "w"}, "y");
  return model;
}

TEST(AutoCastTest, WeightsAndInnerValuesAreReducedButInputsAndOutputsKeepTheirType) {
  const auto graph = ImportAs(TwoConvolutions(1.0F / 3), ElementType::kBfloat16);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(TypeOf(*graph, "x"), ElementType::kFloat32);
  EXPECT_EQ(TypeOf(*graph, "a"), ElementType::kBfloat16);
  EXPECT_EQ(TypeOf(*graph, "b"), ElementType::kBfloat16);
  EXPECT_EQ(TypeOf(*graph, "y"), ElementType::kFloat32);
  const auto& weight = std::get<MatrixLayer>(graph->layers[0].body).weight;
  EXPECT_EQ(weight.type, ElementType::kBfloat16);
  EXPECT_THAT(weight.ToFloats(), ElementsAre(0.333984375F));
}

TEST(AutoCastTest, WhatMovementTiesToAnOutputKeepsItsType) {
  ModelBuilder model;
  model.Input("x", {2, 3}).Output("y");
  model.Node("Sqrt", {"x"}, "a");
  model.Node("Transpose", {"a"}, "y");
  const auto graph = ImportAs(model, ElementType::kFloat16);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(TypeOf(*graph, "a"), ElementType::kFloat32);
}

TEST(AutoCastTest, WhatElementwiseLayersHandToOneAnotherKeepsItsDigits) {
  ModelBuilder model;
  model.Input("x", {1, 2}).Output("y");
  model.Floats("w", {2, 2}, {1, 2, 3, 4});
  model.Node("Sqrt", {"x"}, "a");
  model.Node("Log", {"a"}, "b");
  model.Node("MatMul", {"b", "w"}, "y");
  const auto graph = ImportAs(model, ElementType::kBfloat16);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(TypeOf(*graph, "a"), ElementType::kFloat32);
  EXPECT_EQ(TypeOf(*graph, "b"), ElementType::kBfloat16);
}

TEST(AutoCastTest, PaddingDoesNotConvert) {
  ModelBuilder model = TwoConvolutions(1.0F);
  model.Output("z");
  model.Ints("pads", {0, 0, 0, 0, 0, 0, 1, 1});
  model.Node("Pad", {"b", "pads"}, "c");
  model.Node("Sqrt", {"c"}, "z");
  const auto graph = ImportAs(model, ElementType::kBfloat16);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(TypeOf(*graph, "b"), TypeOf(*graph, "c")) << ToText(*graph);
}

TEST(AutoCastTest, OperandsOfHostLayersKeepTheirType) {
  LayerGraph graph;
  for (const char* name : {"x", "a", "b", "c", "y"}) {
    Value value;
    value.name = name;
    value.shape = {1, 1, 1, 3};
    graph.values.push_back(std::move(value));
  }
  graph.values[0].is_input = true;
  graph.values[4].is_output = true;
  const auto layer = [](ValueId from, ValueId to, LayerBody body) {
    Layer result;
    result.name = "layer";
    result.inputs = {from};
    result.outputs = {to};
    result.body = std::move(body);
    return result;
  };
  graph.layers = {layer(0, 1, UnaryLayer{}), layer(1, 2, HostLayer{}), layer(2, 3, PoolLayer{}),
                  layer(3, 4, PoolLayer{})};
  ASSERT_TRUE(AutoCast(graph, ElementType::kBfloat16).ok());
  EXPECT_EQ(TypeOf(graph, "a"), ElementType::kFloat32);
  EXPECT_EQ(TypeOf(graph, "b"), ElementType::kFloat32);
  EXPECT_EQ(TypeOf(graph, "c"), ElementType::kBfloat16);
}

TEST(AutoCastTest, AWeightBeyondFloat16IsRefusedByName) {
  const auto graph = ImportAs(TwoConvolutions(70000.0F), ElementType::kFloat16);
  EXPECT_EQ(graph.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(graph.status().message(), testing::HasSubstr("'Conv_a' (Conv) has the weight 70000"));
  EXPECT_TRUE(ImportAs(TwoConvolutions(70000.0F), ElementType::kBfloat16).ok());
}

Precision PrecisionOfLayer(const LayerGraph& graph, size_t layer) {
  return std::get<MatrixLayer>(graph.layers[layer].body).precision;
}

TEST(PrecisionTest, ProductsOfFloatsAreMarked) {
  ImportOptions options;
  options.bytes = TwoConvolutions(1.0F / 3).Bytes();
  for (const Precision precision : kPrecisions) {
    options.precision.others = precision;
    const auto graph = ImportModel(options);
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    EXPECT_EQ(PrecisionOfLayer(*graph, 0), precision);
    EXPECT_EQ(PrecisionOfLayer(*graph, 2), precision);
  }
}

TEST(PrecisionTest, NodesThatAreNamedHaveTheirOwn) {
  ImportOptions options;
  options.bytes = TwoConvolutions(1.0F / 3).Bytes();
  options.precision = {.others = Precision::kAccurate,
                       .nodes = {{"Conv_y", Precision::kActivations}}};
  const auto graph = ImportModel(options);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(PrecisionOfLayer(*graph, 0), Precision::kAccurate);
  EXPECT_EQ(PrecisionOfLayer(*graph, 2), Precision::kActivations);

  options.precision.nodes["Conv_z"] = Precision::kFast;
  const auto unknown = ImportModel(options);
  EXPECT_EQ(unknown.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.status().message(),
              testing::HasSubstr("node 'Conv_z' has no product with constant"));
}

TEST(PrecisionTest, StorageOfSixteenBitsStaysFast) {
  ImportOptions options;
  options.bytes = TwoConvolutions(1.0F / 3).Bytes();
  options.float_storage = ElementType::kBfloat16;
  options.precision.others = Precision::kAccurate;
  const auto graph = ImportModel(options);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(PrecisionOfLayer(*graph, 0), Precision::kFast);
}

}  // namespace
}  // namespace neuron::compiler
