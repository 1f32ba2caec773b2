// SPDX-License-Identifier: Apache-2.0
// Graphs on pairs of positions mean what they meant, and only those that gain are rewritten.
#include "host/compiler/pair_positions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "host/compiler/import/reference.h"
#include "tests/unit/tile/fixtures.h"

namespace neuron::compiler {
namespace {

// A transposed convolution of stride 2, as two phases, and what follows.
class Upsampling {
 public:
  // `more`: positions of each phase beyond those of the input.
  explicit Upsampling(int64_t channels, int64_t more = 0) {
    x_ = Add({1, 20, kPositions});
    graph.value(x_).is_input = true;
    graph.inputs = {x_};
    const ValueId even = Phase(channels, 1, more);
    const ValueId odd = Phase(channels, 0, 1 + more);
    const int64_t positions = 2 * (kPositions + more);
    whole = Layer(ConcatLayer{2, true, 0}, {even, odd}, {1, channels, positions});
  }

  ValueId Layer(LayerBody body, std::vector<ValueId> inputs, const Shape& shape) {
    compiler::Layer layer;
    layer.name = "layer" + std::to_string(graph.layers.size());
    layer.nodes = {layer.name + " (Op)"};
    layer.inputs = std::move(inputs);
    layer.outputs = {Add(shape)};
    layer.body = std::move(body);
    if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
      layer.macs = ElementCount(shape) * matrix->weight.elements() / matrix->weight.shape[0];
    }
    graph.layers.push_back(layer);
    return layer.outputs[0];
  }

  // A convolution with bias that keeps the positions; `late` of its padding moves to the right.
  ValueId Conv(ValueId in, int64_t outputs, int64_t kernel, int64_t dilation = 1,
               int64_t late = 0) {
    const Shape shape = graph.value(in).shape;
    MatrixLayer matrix;
    matrix.weight = SmallIntegers({outputs, shape[1], 1, kernel}, ++seed_);
    matrix.bias = BiasOf(outputs);
    matrix.dilations = {1, dilation};
    const int64_t reach = dilation * (kernel - 1);
    matrix.pads = {0, reach / 2 - late, 0, reach - reach / 2 + late};
    return Layer(matrix, {in}, {shape[0], outputs, shape[2]});
  }

  ValueId Leaky(ValueId in) {
    UnaryLayer leaky;
    leaky.activation.function = Function::kLeaky;
    leaky.activation.alpha = 0.5F;
    return Layer(leaky, {in}, graph.value(in).shape);
  }

  // So many layers that pairs make cheaper.
  ValueId NegatedOften(ValueId in, int times) {
    UnaryLayer minus;
    minus.scale = {-1.0F};
    for (int i = 0; i < times; ++i) {
      in = Layer(minus, {in}, graph.value(in).shape);
    }
    return in;
  }

  ValueId Sum(ValueId a, ValueId b) { return Layer(BinaryLayer{}, {a, b}, graph.value(a).shape); }

  LayerGraph Finish(ValueId output) {
    graph.value(output).is_output = true;
    graph.outputs = {output};
    return graph;
  }

  LayerGraph graph;
  ValueId whole = kNoValue;

 private:
  static constexpr int64_t kPositions = 24;

  ValueId Add(const Shape& shape) {
    Value value;
    value.name = "v" + std::to_string(graph.values.size());
    value.shape = shape;
    graph.values.push_back(std::move(value));
    return static_cast<ValueId>(graph.values.size()) - 1;
  }

  std::vector<float> BiasOf(int64_t outputs) {
    std::vector<float> bias(static_cast<size_t>(outputs));
    std::iota(bias.begin(), bias.end(), static_cast<float>(++seed_));
    return bias;
  }

  ValueId Phase(int64_t channels, int64_t left, int64_t right) {
    MatrixLayer matrix;
    matrix.weight = SmallIntegers({channels, 20, 1, 2}, ++seed_);
    matrix.bias = BiasOf(channels);
    matrix.pads = {0, left, 0, right};
    return Layer(matrix, {x_}, {1, channels, kPositions + left + right - 1});
  }

  uint32_t seed_ = 0;
  ValueId x_ = kNoValue;
};

int64_t Macs(const LayerGraph& graph) {
  return std::accumulate(graph.layers.begin(), graph.layers.end(), int64_t{0},
                         [](int64_t sum, const Layer& layer) { return sum + layer.macs; });
}

HostTensor Run(const LayerGraph& graph) {
  auto result = RunReference(graph, {{SmallIntegers(graph.value(graph.inputs[0]).shape, 77)}});
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? (*result)[0] : HostTensor();
}

LayerGraph OnPairs(const LayerGraph& graph) { return PairPositions(graph, Sim()); }

bool Changes(const LayerGraph& graph) { return ToText(OnPairs(graph)) != ToText(graph); }

void ExpectSameOnPairs(const LayerGraph& graph) {
  const LayerGraph pairs = OnPairs(graph);
  EXPECT_NE(ToText(pairs), ToText(graph));
  EXPECT_EQ(Run(pairs).data, Run(graph).data) << ToText(pairs);
  EXPECT_EQ(Macs(pairs), Macs(graph));
}

struct Kernel {
  int64_t taps, dilation, late;
};
class PairPositionsTest : public testing::TestWithParam<Kernel> {};

TEST_P(PairPositionsTest, ConvolutionsGiveTheSame) {
  const Kernel& kernel = GetParam();
  Upsampling net(8);
  const ValueId x = net.Leaky(net.NegatedOften(net.whole, 16));
  const ValueId inner = net.Conv(x, 8, kernel.taps, kernel.dilation, kernel.late);
  const ValueId sum = net.Sum(net.Conv(inner, 8, 3), net.whole);
  ExpectSameOnPairs(net.Finish(net.Conv(sum, 1, kernel.taps, kernel.dilation, kernel.late)));
}

INSTANTIATE_TEST_SUITE_P(Kernels, PairPositionsTest,
                         testing::Values(Kernel{1, 1, 0}, Kernel{2, 1, 0}, Kernel{3, 1, 0},
                                         Kernel{3, 1, 1}, Kernel{3, 1, -1}, Kernel{3, 2, 0},
                                         Kernel{3, 3, 0}, Kernel{5, 4, 3}, Kernel{7, 5, 0}),
                         [](const auto& info) {
                           const Kernel& k = info.param;
                           return "Taps" + std::to_string(k.taps) + "Dilation" +
                                  std::to_string(k.dilation) +
                                  (k.late == 0  ? "Centred"
                                   : k.late > 0 ? "Late"
                                                : "Early");
                         });

TEST(PairPositions, AllTensorsOfFewChannelsAreHeldAsPairs) {
  Upsampling net(8);
  const ValueId x = net.Leaky(net.Sum(net.Conv(net.Leaky(net.whole), 8, 3), net.whole));
  const LayerGraph pairs = OnPairs(net.Finish(net.Conv(x, 1, 3)));
  for (const Layer& layer : pairs.layers) {
    const Shape& shape = pairs.value(layer.outputs[0]).shape;
    EXPECT_TRUE(shape == (Shape{1, 16, 24}) || shape[1] == 1) << ToText(pairs);
  }
}

TEST(PairPositions, BothPhasesAreOneConvolution) {
  Upsampling net(8);
  const LayerGraph pairs = OnPairs(net.Finish(net.Conv(net.whole, 1, 3)));
  const auto& first = std::get<MatrixLayer>(pairs.layers[0].body);
  EXPECT_EQ(first.weight.shape, (Shape{16, 20, 1, 3}));
  EXPECT_EQ(pairs.layers[0].outputs[0], net.whole);
}

TEST(PairPositions, PhasesMayBeLongerThanTheirInput) {
  Upsampling net(8, 1);
  ExpectSameOnPairs(net.Finish(net.Conv(net.Conv(net.whole, 8, 3), 1, 3)));
}

TEST(PairPositions, MoreChannelsBehindAConvolutionAreNotPaired) {
  Upsampling net(8);
  const ValueId more = net.Conv(net.Conv(net.whole, 8, 3), 16, 3);
  ExpectSameOnPairs(net.Finish(net.Leaky(more)));
}

TEST(PairPositions, ALayerThatTellsPositionsApartKeepsThem) {
  const std::pair<const char*, std::function<ValueId(Upsampling&)>> layers[] = {
      {"slice",
       [](Upsampling& net) {
         return net.Layer(SliceLayer{{0, 0, 1}, {1, 1, 1}}, {net.whole}, {1, 8, 40});
       }},
      {"scale of each channel",
       [](Upsampling& net) {
         UnaryLayer scale;
         scale.scale.assign(8, 2.0F);
         scale.axis = 1;
         return net.Layer(scale, {net.whole}, {1, 8, 48});
       }},
      {"output of the graph", [](Upsampling& net) { return net.Leaky(net.whole); }},
  };
  for (const auto& [name, layer] : layers) {
    Upsampling net(8);
    EXPECT_FALSE(Changes(net.Finish(layer(net)))) << name;
  }
}

TEST(PairPositions, TooManyChannelsForPairsStayAsTheyAre) {
  Upsampling net(9);
  EXPECT_FALSE(Changes(net.Finish(net.Conv(net.Conv(net.whole, 9, 3), 1, 3))));
}

// Dilated by an odd number, pairs of positions share few taps.
TEST(PairPositions, WhatWouldCostTheArrayMoreStaysAsItIs) {
  Upsampling net(8);
  ValueId x = net.whole;
  for (int i = 0; i < 3; ++i) {
    x = net.Conv(x, 8, 11, 3);
  }
  EXPECT_FALSE(Changes(net.Finish(net.Conv(x, 16, 11, 3))));
}

}  // namespace
}  // namespace neuron::compiler
