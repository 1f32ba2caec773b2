// SPDX-License-Identifier: Apache-2.0
// Estimates that choose how layers are cut follow the memory and what the array really walks.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/compiler/tile/footprint.h"
#include "host/compiler/tile/group.h"
#include "host/compiler/tile/tile.h"
#include "tests/unit/tile/fixtures.h"

namespace neuron::compiler {
namespace {

isa::CostParameters Memory(uint32_t bytes_per_cycle) {
  isa::CostParameters cost;
  cost.bytes_per_cycle = bytes_per_cycle;
  return cost;
}

// Convolutions [channels, channels, 1, kernel] one after the other over [1, channels, height,
// width]; the first and the last tensor are the graph's input and output.
LayerGraph Chain(int64_t channels, int64_t height, int64_t width, int64_t kernel, size_t layers) {
  LayerGraph graph;
  for (size_t i = 0; i <= layers; ++i) {
    Value value;
    value.name = "v" + std::to_string(i);
    value.shape = {1, channels, height, width};
    graph.values.push_back(std::move(value));
  }
  for (size_t i = 0; i < layers; ++i) {
    MatrixLayer matrix;
    matrix.weight = SmallIntegers({channels, channels, 1, kernel}, static_cast<uint32_t>(i) + 1);
    matrix.pads = {0, kernel / 2, 0, kernel / 2};
    Layer layer;
    layer.name = "layer" + std::to_string(i);
    layer.inputs = {static_cast<ValueId>(i)};
    layer.outputs = {static_cast<ValueId>(i) + 1};
    layer.body = matrix;
    graph.layers.push_back(std::move(layer));
  }
  graph.values.front().is_input = true;
  graph.values.back().is_output = true;
  graph.inputs = {0};
  graph.outputs = {static_cast<ValueId>(layers)};
  return graph;
}

void ClearTap(LayerGraph& graph, int64_t tap) {
  HostTensor& weight = std::get<MatrixLayer>(graph.layers[0].body).weight;
  for (int64_t i = tap; i < weight.elements(); i += weight.shape[3]) {
    weight.as<float>()[static_cast<size_t>(i)] = 0.0F;
  }
}

// Of the first layer, whole and with its input in SBUF.
int64_t CyclesOfFirst(const LayerGraph& graph) {
  const Footprint footprint(graph, Sim(), {});
  return footprint.Cycles(graph.layers[0],
                          {{graph.values[0].shape}, {false}, graph.values[1].shape});
}

TEST(Estimates, TapsWithoutWeightsCostNothing) {
  LayerGraph graph = Chain(16, 1, 100, 5, 1);
  EXPECT_EQ(CyclesOfFirst(graph), 5 * 100);
  ClearTap(graph, 1);
  ClearTap(graph, 3);
  EXPECT_EQ(CyclesOfFirst(graph), 3 * 100);
}

// Four channels: four taps share a pass of the array.
TEST(Estimates, APassOfSharedTapsIsLeftOutWhenNoneHasWeights) {
  LayerGraph graph = Chain(4, 1, 5000, 12, 1);
  EXPECT_EQ(CyclesOfFirst(graph), 3 * 5000);
  for (int64_t tap = 4; tap < 7; ++tap) {
    ClearTap(graph, tap);
  }
  EXPECT_EQ(CyclesOfFirst(graph), 3 * 5000) << "tap 7 still has weights";
  ClearTap(graph, 7);
  EXPECT_EQ(CyclesOfFirst(graph), 2 * 5000);
}

TEST(Estimates, TransfersFollowTheMemory) {
  const LayerGraph graph = Chain(16, 8, 64, 1, 2);
  const auto cycles = [&](uint32_t bytes_per_cycle) {
    return Footprint(graph, Sim(), Memory(bytes_per_cycle)).StoreCycles(1, graph.values[1].shape);
  };
  const int64_t bytes = 16 * 8 * 64 * 4;
  EXPECT_EQ(cycles(4), bytes / 4);
  EXPECT_EQ(cycles(10), bytes / 10);
  EXPECT_EQ(cycles(0), bytes / Sim().axi_bytes) << "0: as fast as the port";
  EXPECT_EQ(cycles(100), bytes / Sim().axi_bytes) << "no faster than the port";
}

// 5 of 64 columns: 20 bytes of each row take two beats of 16.
TEST(Estimates, ShortRunsTakeWholeBeats) {
  const LayerGraph graph = Chain(16, 8, 64, 1, 2);
  const Footprint footprint(graph, Sim(), Memory(0));
  EXPECT_EQ(footprint.StoreCycles(1, {1, 16, 8, 5}), 16 * 8 * 2);
}

TEST(Estimates, ShortRunsAreReadSlowlyFromADistantMemory) {
  const LayerGraph graph = Chain(16, 8, 64, 1, 2);
  isa::CostParameters distant;
  distant.memory_latency = 158;  // ten cycles a burst, of which 16 are on their way
  const Footprint footprint(graph, Sim(), distant);
  EXPECT_EQ(footprint.LoadCycles(graph.layers[1], 0, {1, 16, 8, 5}), 16 * 8 * 10);
  EXPECT_EQ(footprint.StoreCycles(1, {1, 16, 8, 5}), 16 * 8 * 2);
}

// One layer cut along its width, its input in DRAM; loads and stores beside computation or not.
int64_t CyclesInParts(int64_t parts, bool overlaps) {
  const LayerGraph graph = Chain(16, 1, 4096, 11, 1);
  const Footprint footprint(graph, Sim(), Memory(10));
  const TileOptions options{.budget = Sim().sbuf_bytes, .cost = Memory(10)};
  const std::vector<size_t> last_use = {0, 1};
  const GroupPlanner planner(graph, Sim(), footprint, options, last_use);
  Group group = *planner.Start(0, {3});
  group.cuts[0].parts = parts;
  group.overlaps = overlaps;
  return planner.Cycles(group, {Place::kDram, Place::kDram});
}

TEST(Estimates, PartsAreOverlappedWithEachOtherOnly) {
  EXPECT_EQ(CyclesInParts(1, true), CyclesInParts(1, false));
  EXPECT_LT(CyclesInParts(8, true), CyclesInParts(8, false) * 3 / 4);
}

// Bytes that the cut graph moves between DRAM and SBUF.
int64_t MovedBytes(const LayerGraph& graph) {
  int64_t bytes = 0;
  for (const Layer& layer : graph.layers) {
    const bool stores = std::holds_alternative<StoreLayer>(layer.body);
    const bool loads = std::holds_alternative<SliceLayer>(layer.body);
    const Value& from = graph.value(layer.inputs[0]);
    if (stores || (loads && (from.in_dram || from.is_input))) {
      const Value& part = stores ? from : graph.value(layer.outputs[0]);
      bytes += ElementCount(part.shape) * static_cast<int64_t>(ElementBytes(part.type));
    }
  }
  return bytes;
}

LayerGraph CutFor(const LayerGraph& graph, int64_t budget, uint32_t bytes_per_cycle) {
  TileOptions options;
  options.budget = budget;
  options.shared_weights = budget / 4;
  options.cost = Memory(bytes_per_cycle);
  auto cut = FitToMemory(graph, Sim(), options);
  EXPECT_TRUE(cut.ok()) << cut.status().message();
  return cut.ok() ? std::move(cut.value()) : LayerGraph{};
}

// A run of convolutions with wide kernels computes much twice, one layer at a time moves much.
TEST(Estimates, ASlowMemoryIsSparedByComputingTwice) {
  const LayerGraph graph = Chain(16, 1, 8192, 15, 4);
  const int64_t slow = MovedBytes(CutFor(graph, 6000, 4));
  const int64_t fast = MovedBytes(CutFor(graph, 6000, 0));
  EXPECT_LT(2 * slow, fast);
}

}  // namespace
}  // namespace neuron::compiler
