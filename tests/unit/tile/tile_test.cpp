// SPDX-License-Identifier: Apache-2.0
// Graphs that are cut into parts mean what they meant, and their parts fit.
#include "host/compiler/tile/tile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/compiler/import/reference.h"
#include "host/compiler/tile/footprint.h"
#include "host/compiler/tile/slicing.h"
#include "tests/unit/tile/fixtures.h"

namespace neuron::compiler {
namespace {

// Builds a graph value by value.
class Builder {
 public:
  ValueId Add(const Shape& shape, bool input = false) {
    Value value;
    value.name = "v" + std::to_string(graph.values.size());
    value.shape = shape;
    value.is_input = input;
    graph.values.push_back(std::move(value));
    const auto id = static_cast<ValueId>(graph.values.size()) - 1;
    if (input) {
      graph.inputs.push_back(id);
    }
    return id;
  }

  ValueId Layer(LayerBody body, std::vector<ValueId> inputs, const Shape& shape) {
    compiler::Layer layer;
    layer.name = "layer" + std::to_string(graph.layers.size());
    layer.inputs = std::move(inputs);
    layer.outputs = {Add(shape)};
    layer.body = std::move(body);
    graph.layers.push_back(layer);
    return layer.outputs[0];
  }

  // A convolution with bias; `pad` on all sides.
  ValueId Conv(ValueId in, int64_t outputs, int64_t kernel, int64_t stride, int64_t pad,
               int64_t group = 1) {
    const Shape& shape = graph.value(in).shape;
    MatrixLayer matrix;
    matrix.weight = SmallIntegers({outputs, shape[1] / group, kernel, kernel}, ++seed_);
    matrix.bias.assign(static_cast<size_t>(outputs), 0.25F);
    matrix.strides = {stride, stride};
    matrix.pads = {pad, pad, pad, pad};
    matrix.group = group;
    const auto size = [&](int64_t n) { return (n + 2 * pad - kernel) / stride + 1; };
    return Layer(matrix, {in}, {shape[0], outputs, size(shape[2]), size(shape[3])});
  }

  LayerGraph Finish(std::vector<ValueId> outputs) {
    for (const ValueId id : outputs) {
      graph.value(id).is_output = true;
    }
    graph.outputs = std::move(outputs);
    return graph;
  }

  LayerGraph graph;

 private:
  uint32_t seed_ = 0;
};

std::vector<HostTensor> Run(const LayerGraph& graph) {
  std::vector<HostTensor> inputs;
  for (const ValueId id : graph.inputs) {
    inputs.push_back(SmallIntegers(graph.value(id).shape, 77));
  }
  auto result = RunReference(graph, inputs);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? std::move(result.value()) : std::vector<HostTensor>{};
}

// Cuts for SBUF of `budget` bytes in each partition and compares the results bit for bit.
LayerGraph ExpectSameInParts(const LayerGraph& graph, int64_t budget) {
  const isa::Config& config = Sim();
  const auto tiled = FitToMemory(graph, config, {budget, budget / 4});
  EXPECT_TRUE(tiled.ok()) << tiled.status().message();
  if (!tiled.ok()) {
    return {};
  }
  const std::vector<HostTensor> expected = Run(graph);
  const std::vector<HostTensor> got = Run(tiled.value());
  EXPECT_EQ(expected.size(), got.size());
  for (size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
    EXPECT_EQ(expected[i].shape, got[i].shape);
    EXPECT_EQ(expected[i].data, got[i].data) << "output " << i << " in parts\n"
                                             << ToText(tiled.value());
  }
  return tiled.value();
}

int64_t CountStores(const LayerGraph& graph) {
  return std::ranges::count_if(graph.layers, [](const Layer& layer) {
    return std::holds_alternative<StoreLayer>(layer.body);
  });
}

// A residual network in small: strides, pads, a depthwise convolution, pooling, an addition.
LayerGraph Residual() {
  Builder b;
  const ValueId x = b.Add({1, 3, 40, 36}, true);
  const ValueId stem = b.Conv(x, 24, 5, 2, 2);
  const ValueId a = b.Conv(stem, 40, 1, 1, 0);
  const ValueId c = b.Conv(a, 40, 3, 1, 1, 40);
  const ValueId d = b.Conv(c, 24, 1, 1, 0);
  BinaryLayer add;
  add.activation.clamp_low = 0.0F;
  const ValueId sum = b.Layer(add, {stem, d}, b.graph.value(d).shape);
  PoolLayer pool;
  pool.kernel = {3, 3};
  pool.strides = {2, 2};
  pool.pads = {1, 1, 1, 1};
  const Shape& shape = b.graph.value(sum).shape;
  const ValueId pooled =
      b.Layer(pool, {sum}, {1, 24, (shape[2] - 1) / 2 + 1, (shape[3] - 1) / 2 + 1});
  ReduceLayer mean;
  mean.op = ReduceOp::kMean;
  mean.axes = {2, 3};
  const ValueId out = b.Layer(mean, {pooled}, {1, 24, 1, 1});
  return b.Finish({out, sum});
}

TEST(Tile, WhatFitsIsNotCut) {
  const LayerGraph tiled = ExpectSameInParts(Residual(), 65536);
  EXPECT_EQ(CountStores(tiled), 2) << "outputs are stored where they are made";
}

class Budgets : public testing::TestWithParam<int64_t> {};

TEST_P(Budgets, AResidualNetworkKeepsItsResults) {
  const LayerGraph tiled = ExpectSameInParts(Residual(), GetParam());
  EXPECT_GT(CountStores(tiled), 2);
}

INSTANTIATE_TEST_SUITE_P(Bytes, Budgets, testing::Values(7000, 8000, 10000, 12000),
                         [](const auto& info) { return std::to_string(info.param); });

TEST(Tile, AttentionIsCutByHeads) {
  Builder b;
  const ValueId x = b.Add({1, 32, 64}, true);
  MatrixLayer project;
  project.is_conv = false;
  project.weight = SmallIntegers({64, 64}, 5);
  const ValueId q = b.Layer(project, {x}, {1, 32, 64});
  const ValueId split = b.Layer(ReshapeLayer{}, {q}, {1, 32, 4, 16});
  const ValueId heads = b.Layer(TransposeLayer{{0, 2, 1, 3}}, {split}, {1, 4, 32, 16});
  const ValueId keys = b.Layer(TransposeLayer{{0, 2, 3, 1}}, {split}, {1, 4, 16, 32});
  const ValueId scores = b.Layer(BatchMatmulLayer{0.25F}, {heads, keys}, {1, 4, 32, 32});
  const ValueId weights = b.Layer(SoftmaxLayer{3}, {scores}, {1, 4, 32, 32});
  const ValueId mixed = b.Layer(BatchMatmulLayer{}, {weights, heads}, {1, 4, 32, 16});
  ExpectSameInParts(b.Finish({mixed}), 3000);
}

// Neither a row of the picture nor a group of its channels fits.
TEST(Tile, AConvolutionIsCutAlongTwoAxes) {
  Builder b;
  const ValueId x = b.Add({1, 64, 9, 90}, true);
  const LayerGraph graph = b.Finish({b.Conv(x, 96, 3, 1, 1)});
  const LayerGraph tiled = ExpectSameInParts(graph, 4500);
  const Shape& first = tiled.value(tiled.layers[1].outputs[0]).shape;
  const Shape& whole = graph.value(graph.outputs[0]).shape;
  int cut = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    cut += first[i] < whole[i] ? 1 : 0;
  }
  EXPECT_EQ(cut, 2) << ToText(tiled);
}

// One head's scores alone are larger than memory, and so are the keys of all heads.
TEST(Tile, AttentionOfManyTokensIsCutByHeadsAndRows) {
  Builder b;
  const ValueId q = b.Add({1, 4, 96, 16}, true);
  const ValueId k = b.Add({1, 4, 16, 96}, true);
  const ValueId v = b.Add({1, 4, 96, 16}, true);
  const ValueId scores = b.Layer(BatchMatmulLayer{0.25F}, {q, k}, {1, 4, 96, 96});
  const ValueId weights = b.Layer(SoftmaxLayer{3}, {scores}, {1, 4, 96, 96});
  const ValueId mixed = b.Layer(BatchMatmulLayer{}, {weights, v}, {1, 4, 96, 16});
  const LayerGraph tiled = ExpectSameInParts(b.Finish({mixed}), 2600);
  for (const Layer& layer : tiled.layers) {
    const bool stored = std::holds_alternative<StoreLayer>(layer.body);
    EXPECT_TRUE(!stored || layer.outputs[0] == mixed) << "scores leave SBUF\n" << ToText(tiled);
  }
}

TEST(Tile, AProductOfTwoLargeMatricesIsCutByRowsAndColumns) {
  Builder b;
  const ValueId x = b.Add({80, 300}, true);
  const ValueId y = b.Add({300, 90}, true);
  ExpectSameInParts(b.Finish({b.Layer(BatchMatmulLayer{}, {x, y}, {80, 90})}), 4096);
}

TEST(Tile, SumsOfRowsStayWhereTheirReaderWantsThem) {
  Builder b;
  const ValueId x = b.Add({40, 1000}, true);
  const ValueId maxima = b.Layer(ReduceLayer{ReduceOp::kMax, {1}}, {x}, {40, 1});
  const ValueId less = b.Layer(BinaryLayer{BinaryOp::kSub, {}}, {x, maxima}, {40, 1000});
  ExpectSameInParts(b.Finish({less}), 8192);
}

TEST(Tile, WhatIsPaddedAlongEveryAxisIsPutTogetherInDram) {
  Builder b;
  const ValueId x = b.Add({30, 40, 20}, true);
  const ValueId padded = b.Layer(PadLayer{{0, 16, 3}, {2, 1, 0}, 1.0F}, {x}, {32, 57, 23});
  const ValueId twice = b.Layer(BinaryLayer{BinaryOp::kAdd, {}}, {padded, padded}, {32, 57, 23});
  const LayerGraph tiled = ExpectSameInParts(b.Finish({twice}), 4096);
  EXPECT_GE(CountStores(tiled), 2) << ToText(tiled);
}

TEST(Tile, WhatCannotBeCutIsNamed) {
  Builder b;
  const ValueId x = b.Add({1, 16, 64, 64}, true);
  ReduceLayer sum;
  sum.axes = {1, 2, 3};
  const LayerGraph graph = b.Finish({b.Layer(sum, {x}, {1, 1, 1, 1})});
  const auto tiled = FitToMemory(graph, Sim(), {4096, 1024});
  ASSERT_FALSE(tiled.ok());
  EXPECT_EQ(tiled.status().code(), StatusCode::kResourceExhausted);
  for (const char* part : {"layer0", "v0 [1, 16, 64, 64]", "larger SBUF"}) {
    EXPECT_NE(tiled.status().message().find(part), std::string::npos) << tiled.status().message();
  }
}

TEST(Slicing, APartOfAConvolutionNeedsItsWindowsAndKeepsPadsAtTheEdge) {
  Builder b;
  const ValueId x = b.Add({1, 4, 20, 20}, true);
  b.Conv(x, 8, 3, 2, 1);
  const Layer& layer = b.graph.layers[0];
  const auto needs = NeedsOf(b.graph, layer, 2);
  ASSERT_TRUE(needs.has_value());
  EXPECT_EQ(NeededRange((*needs)[0], {0, 4}, 20), (Range{0, 8}));
  EXPECT_EQ(NeededRange((*needs)[0], {4, 10}, 20), (Range{7, 20}));
  const auto top = std::get<MatrixLayer>(BodyOfPart(b.graph, layer, 2, {0, 4}));
  EXPECT_EQ(top.pads, (std::array<int64_t, 4>{1, 1, 0, 1}));
  const auto rest = std::get<MatrixLayer>(BodyOfPart(b.graph, layer, 2, {4, 10}));
  EXPECT_EQ(rest.pads, (std::array<int64_t, 4>{0, 1, 0, 1}));
}

TEST(Slicing, AReshapeThatSplitsAnAxisIsCutAlongItsOuterPart) {
  Builder b;
  const ValueId x = b.Add({1, 8, 24}, true);
  b.Layer(ReshapeLayer{}, {x}, {1, 8, 4, 6});
  const auto needs = NeedsOf(b.graph, b.graph.layers[0], 2);
  ASSERT_TRUE(needs.has_value());
  EXPECT_EQ((*needs)[0].axis, 2);
  EXPECT_EQ(NeededRange((*needs)[0], {1, 3}, 24), (Range{6, 18}));
  EXPECT_FALSE(NeedsOf(b.graph, b.graph.layers[0], 3).has_value());
}

TEST(Tile, ReducesAndPicksLargestRowByRow) {
  Builder builder;
  const ValueId x = builder.Add({1, 8, 200, 64}, true);
  const ValueId sums = builder.Layer(ReduceLayer{ReduceOp::kSum, {3}}, {x}, {1, 8, 200, 1});
  const ValueId which = builder.Layer(ArgLayer{false, 3}, {x}, {1, 8, 200});
  builder.graph.value(which).type = ElementType::kInt64;
  const LayerGraph tiled = ExpectSameInParts(builder.Finish({sums, which}), 16384);
  EXPECT_GT(CountStores(tiled), 2) << ToText(tiled);
}

}  // namespace
}  // namespace neuron::compiler
