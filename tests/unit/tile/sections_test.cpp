// SPDX-License-Identifier: Apache-2.0
// Sections that are executed part by part mean what they meant, and hand on one tensor only.
#include "host/compiler/tile/sections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "host/compiler/import/reference.h"
#include "tests/unit/tile/fixtures.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kChannels = 16;
constexpr int64_t kPositions = 512;
constexpr int64_t kTensorBytes = 4 * kPositions;  // of a partition

// Residual branches of one tensor, added up.
class Branches {
 public:
  Branches() {
    graph.inputs = {Add()};
    graph.values[0].is_input = true;
    source = Conv(0, 1);
  }

  ValueId Layer(LayerBody body, std::vector<ValueId> inputs) {
    compiler::Layer layer;
    layer.name = "layer" + std::to_string(graph.layers.size());
    layer.inputs = std::move(inputs);
    layer.outputs = {Add()};
    layer.body = std::move(body);
    graph.layers.push_back(layer);
    return layer.outputs[0];
  }

  ValueId Conv(ValueId in, int64_t kernel) {
    MatrixLayer matrix;
    matrix.weight = SmallIntegers({kChannels, kChannels, 1, kernel},
                                  static_cast<uint32_t>(graph.layers.size()), 1);
    // One weight in 16: sums stay small.
    for (int64_t i = 0; i < matrix.weight.elements(); ++i) {
      if (i % kChannels != 0) {
        matrix.weight.as<float>()[static_cast<size_t>(i)] = 0.0F;
      }
    }
    matrix.pads = {0, kernel / 2, 0, kernel / 2};
    return Layer(matrix, {in});
  }

  ValueId Unary(ValueId in) { return Layer(UnaryLayer{}, {in}); }
  ValueId Sum(ValueId a, ValueId b) { return Layer(BinaryLayer{}, {a, b}); }

  // `count` branches of four layers, and their sum.
  ValueId All(int64_t count) {
    ValueId sum = kNoValue;
    for (int64_t i = 0; i < count; ++i) {
      const ValueId end = Sum(Conv(Conv(Unary(source), 3), 3 + 2 * i), source);
      sum = sum == kNoValue ? end : Sum(sum, end);
    }
    return sum;
  }

  LayerGraph Finish(ValueId output) {
    graph.value(output).is_output = true;
    graph.outputs = {output};
    return graph;
  }

  LayerGraph graph;
  ValueId source = kNoValue;

 private:
  ValueId Add() {
    Value value;
    value.name = "v" + std::to_string(graph.values.size());
    value.shape = {1, kChannels, kPositions};
    graph.values.push_back(std::move(value));
    return static_cast<ValueId>(graph.values.size()) - 1;
  }
};

TileOptions OptionsFor(int64_t budget, bool sections = true) {
  TileOptions options;
  options.budget = budget;
  options.shared_weights = budget / 4;
  options.sections = sections;
  return options;
}

std::vector<HostTensor> Results(const LayerGraph& graph) {
  auto result = RunReference(graph, {{SmallIntegers(graph.value(graph.inputs[0]).shape, 77, 1)}});
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? std::move(result.value()) : std::vector<HostTensor>{};
}

int64_t TensorsInDram(const LayerGraph& graph) {
  return std::ranges::count_if(graph.values, [](const Value& value) { return value.in_dram; });
}

TEST(Sections, NothingOfABranchLeavesSbuf) {
  constexpr int64_t kBudget = 5 * kTensorBytes / 2;
  Branches net;
  const LayerGraph graph = net.Finish(net.Conv(net.Unary(net.All(3)), 1));
  ASSERT_TRUE(HasSections(graph, Sim(), OptionsFor(kBudget)));
  const auto whole = FitToMemory(graph, Sim(), OptionsFor(kBudget, false));
  const auto parts = FitToMemory(graph, Sim(), OptionsFor(kBudget));
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_GT(TensorsInDram(*whole), 2) << ToText(*whole);
  EXPECT_LE(TensorsInDram(*parts), 2) << "the source and the output\n" << ToText(*parts);
  EXPECT_EQ(Results(*parts)[0].data, Results(graph)[0].data) << ToText(*parts);
}

TEST(Sections, WhatFitsIsNotCut) {
  Branches net;
  const LayerGraph graph = net.Finish(net.Conv(net.All(3), 1));
  EXPECT_FALSE(HasSections(graph, Sim(), OptionsFor(20 * kTensorBytes)));
}

TEST(Sections, AShortOneIsARunLikeOthers) {
  Branches net;
  const LayerGraph graph = net.Finish(net.Conv(net.All(2), 1));
  EXPECT_FALSE(HasSections(graph, Sim(), OptionsFor(2 * kTensorBytes)));
}

TEST(Sections, OneThatNeedsAllPositionsAtOnceIsNotCut) {
  Branches net;
  const ValueId sum = net.Sum(net.Layer(SoftmaxLayer{2}, {net.Unary(net.source)}), net.All(3));
  const LayerGraph graph = net.Finish(net.Conv(sum, 1));
  EXPECT_FALSE(HasSections(graph, Sim(), OptionsFor(3 * kTensorBytes)));
}

TEST(Sections, OneThatReadsTwoTensorsIsNotCut) {
  Branches net;
  const ValueId other = net.Conv(0, 1);
  const LayerGraph graph = net.Finish(net.Conv(net.Sum(net.All(3), other), 1));
  Footprint footprint(graph, Sim(), {});
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    for (const ValueId id : graph.layers[i].inputs) {
      last[static_cast<size_t>(id)] = i;
    }
  }
  last[static_cast<size_t>(graph.outputs[0])] = graph.layers.size();
  const Sections sections(graph, footprint, last);
  EXPECT_TRUE(sections.From(2, kTensorBytes).empty()) << "behind both convolutions";
}

// Where they would take the memory that parts need, each part loads them again.
TEST(Sections, WeightsStayWhereThereIsRoom) {
  constexpr int64_t kBudget = 7 * kTensorBytes / 2;
  const auto loads_again = [&](int64_t branches) {
    Branches net;
    const LayerGraph graph = net.Finish(net.Conv(net.All(branches), 1));
    const auto parts = FitToMemory(graph, Sim(), OptionsFor(kBudget));
    EXPECT_TRUE(parts.ok()) << parts.status().message();
    return parts.ok() && std::ranges::any_of(parts->layers, &Layer::loads_weights_again);
  };
  EXPECT_FALSE(loads_again(3));
  EXPECT_TRUE(loads_again(12));
}

}  // namespace
}  // namespace neuron::compiler
