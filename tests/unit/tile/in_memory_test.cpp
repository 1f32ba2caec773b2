// SPDX-License-Identifier: Apache-2.0
// When a graph is cut, and that it gains by it.
#include "host/compiler/in_memory.h"

#include <gtest/gtest.h>

#include "tests/unit/tile/fixtures.h"

namespace neuron::compiler {
namespace {

// One convolution in four groups of channels.
LayerGraph GroupedConvolution(int64_t size) {
  LayerGraph graph;
  graph.model_name = "grouped";
  for (const char* name : {"x", "y"}) {
    Value value;
    value.name = name;
    value.shape = {1, 64, size, size};
    graph.values.push_back(value);
  }
  graph.values[0].is_input = true;
  graph.values[1].is_output = true;
  graph.inputs = {0};
  graph.outputs = {1};
  MatrixLayer matrix;
  matrix.group = 4;
  matrix.weight = SmallIntegers({64, 16, 3, 3}, 7);
  matrix.pads = {1, 1, 1, 1};
  Layer layer;
  layer.name = "conv";
  layer.inputs = {0};
  layer.outputs = {1};
  layer.macs = 64 * 16 * 9 * size * size;
  layer.body = matrix;
  graph.layers = {layer};
  return graph;
}

TEST(InMemory, AGraphThatFitsIsCutWhereThatIsFaster) {
  const isa::Config& config = Sim();
  const LayerGraph graph = GroupedConvolution(28);
  Making making;
  making.plan.cost.bytes_per_cycle = 10;
  const auto whole = GenerateCode(graph, config, making.plan);
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  const auto chosen = GenerateInMemory(graph, config, making);
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_TRUE(making.cut.has_value());
  EXPECT_LT(ncx::EstimatedCycles(chosen->launches), ncx::EstimatedCycles(whole->launches) * 9 / 10);
}

TEST(InMemory, AGraphThatGainsNothingStaysWhole) {
  Making making;
  const auto chosen = GenerateInMemory(GroupedConvolution(4), Sim(), making);
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_FALSE(making.cut.has_value());
}

TEST(InMemory, WhatDoesNotFitIsCut) {
  Making making;
  const auto chosen =
      GenerateInMemory(GroupedConvolution(28), *isa::FindConfig("sim-small"), making);
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_TRUE(making.cut.has_value());
}

}  // namespace
}  // namespace neuron::compiler
