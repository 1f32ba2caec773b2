// SPDX-License-Identifier: Apache-2.0
// Constants that stay in SBUF: which are chosen, that nothing else is put over them, and that a
// program which finds them computes the same.
#include "host/compiler/codegen/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/codegen/package_runner.h"

namespace neuron::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

HostTensor RandomTensor(const Shape& shape, std::mt19937& random) {
  HostTensor tensor(ElementType::kFloat32, shape);
  std::normal_distribution<float> normal;
  for (float& value : tensor.as<float>()) value = normal(random);
  return tensor;
}

// A chain of products over `positions` positions: channels[0] -> channels[1] -> ..., each with a
// sigmoid, whose table passes SBUF. The last product uses the weights of the one before it when
// those fit its channels.
LayerGraph Chain(const std::vector<int64_t>& channels, int64_t positions,
                 bool repeat_last = false) {
  std::mt19937 random(3);
  LayerGraph graph;
  graph.model_name = "chain";
  for (size_t i = 0; i < channels.size(); ++i) {
    Value value;
    value.name = "v" + std::to_string(i);
    value.shape = {1, channels[i], positions};
    graph.values.push_back(std::move(value));
  }
  HostTensor weight;
  for (size_t i = 0; i + 1 < channels.size(); ++i) {
    if (!repeat_last || i + 2 < channels.size()) {
      weight = RandomTensor({channels[i + 1], channels[i], 1, 1}, random);
    }
    Layer layer;
    layer.name = "layer" + std::to_string(i);
    layer.inputs = {static_cast<ValueId>(i)};
    layer.outputs = {static_cast<ValueId>(i + 1)};
    MatrixLayer matrix;
    matrix.weight = weight;
    matrix.bias.assign(static_cast<size_t>(channels[i + 1]), 0.125F);
    matrix.activation.function = Function::kSigmoid;
    layer.body = std::move(matrix);
    graph.layers.push_back(std::move(layer));
  }
  graph.values.front().is_input = true;
  graph.values.back().is_output = true;
  graph.inputs = {0};
  graph.outputs = {static_cast<ValueId>(channels.size()) - 1};
  return graph;
}

Result<ncx::PackageData> Generate(const LayerGraph& graph, ResidentConstants resident,
                                  const std::string& configuration = "sim") {
  PlanOptions options;
  options.resident = resident;
  return GenerateCode(graph, *isa::FindConfig(configuration), options);
}

HostTensor InputOf(const LayerGraph& graph) {
  std::mt19937 random(5);
  return RandomTensor(graph.values.front().shape, random);
}

uint64_t DramBytes(const ncx::PackageData& package) {
  uint64_t bytes = 0;
  for (const ncx::LayerInfo& layer : package.launches[0].layers) bytes += layer.dram_bytes;
  return bytes;
}

// First and repeated execution give the bits of the program that keeps nothing.
void ExpectSameBits(const LayerGraph& graph, const ncx::PackageData& kept,
                    const std::string& configuration = "sim") {
  const HostTensor x = InputOf(graph);
  const auto plain = Generate(graph, ResidentConstants::kNone, configuration);
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  const PackageRun expected = RunPackage(*plain, {x});
  ASSERT_EQ(expected.error, "");
  for (const uint64_t seed : {0, 1, 2}) {
    for (const Programs programs : {Programs::kFirst, Programs::kFirstAndRepeated}) {
      const PackageRun run = RunPackage(kept, {x}, seed, programs);
      ASSERT_EQ(run.error, "") << "seed " << seed;
      EXPECT_EQ(run.outputs[0].data, expected.outputs[0].data) << "seed " << seed;
    }
  }
}

TEST(Residency, ARepeatedExecutionReadsNoConstantAndGivesTheSameBits) {
  const LayerGraph graph = Chain({16, 80, 40, 16}, 50);
  const auto kept = Generate(graph, ResidentConstants::kAll);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  ExpectSameBits(graph, *kept);
  const HostTensor x = InputOf(graph);
  const PackageRun first = RunPackage(*kept, {x});
  const PackageRun repeated = RunPackage(*kept, {x}, 0, Programs::kFirstAndRepeated);
  EXPECT_LT(repeated.cycles, first.cycles);
  // One load, of the input, and no table.
  for (const ncx::QueueProgram& queue : kept->repeat_launches[0].queues) {
    if (queue.queue == static_cast<uint32_t>(isa::Queue::kDma0)) {
      EXPECT_EQ(queue.count, 1U);
    }
  }
  EXPECT_EQ(kept->repeat_launches[0].macs, kept->launches[0].macs);
}

TEST(Residency, WorksOnTheSmallestConfiguration) {
  const LayerGraph graph = Chain({8, 20, 12}, 30);
  const auto kept = Generate(graph, ResidentConstants::kAll, "tiny");
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  ExpectSameBits(graph, *kept, "tiny");
}

TEST(Residency, StrictModeFindsARepeatedProgramThatWasNeverGivenItsConstants) {
  const LayerGraph graph = Chain({24, 80, 40, 16}, 50);
  const auto kept = Generate(graph, ResidentConstants::kAll);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  const PackageRun alone = RunPackage(*kept, {InputOf(graph)}, 0, Programs::kRepeatedAlone);
  EXPECT_THAT(alone.error, HasSubstr("uninitialised read: tensor instruction 0 (stationary)"));
}

TEST(Residency, EqualConstantsShareOnePlaceAndOneLoad) {
  const LayerGraph graph = Chain({32, 32, 32}, 40, true);
  const auto kept = Generate(graph, ResidentConstants::kAll);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  ExpectSameBits(graph, *kept);
  const auto other = Generate(Chain({32, 32, 32}, 40), ResidentConstants::kAll);
  ASSERT_TRUE(other.ok()) << other.status().ToString();
  EXPECT_EQ(2 * ncx::ResidentBytes(*kept), ncx::ResidentBytes(*other));
}

TEST(Weights, OfAnEarlierLayerAreLoadedAgainWhereAskedFor) {
  LayerGraph graph = Chain({32, 32, 32}, 40, true);
  const auto stay = Generate(graph, ResidentConstants::kNone);
  ASSERT_TRUE(stay.ok()) << stay.status().ToString();
  for (Layer& layer : graph.layers) {
    layer.loads_weights_again = true;
  }
  const auto again = Generate(graph, ResidentConstants::kNone);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_GE(DramBytes(*again), DramBytes(*stay) + 32 * 32 * sizeof(float));
  const HostTensor x = InputOf(graph);
  EXPECT_EQ(RunPackage(*again, {x}).outputs[0].data, RunPackage(*stay, {x}).outputs[0].data);
}

// 1.75 MiB of weights: SBUF holds 1 MiB.
TEST(Residency, WhatDoesNotFitIsStreamedAsWithout) {
  const LayerGraph graph = Chain({128, 512, 384, 512}, 8);
  const auto all = Generate(graph, ResidentConstants::kAll);
  EXPECT_EQ(all.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(all.status().message(), HasSubstr("the constants of 'chain' take"));
  EXPECT_THAT(all.status().message(), HasSubstr("compile it with --resident-weights auto"));
  const auto some = Generate(graph, ResidentConstants::kSome);
  ASSERT_TRUE(some.ok()) << some.status().ToString();
  ExpectSameBits(graph, *some);
  const auto plain = Generate(graph, ResidentConstants::kNone);
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  EXPECT_EQ(DramBytes(*some), DramBytes(*plain));
  EXPECT_GT(ncx::ResidentBytes(*some), uint64_t{256} << 10);
  EXPECT_LT(ncx::RepeatedCycles(*some), ncx::RepeatedCycles(*plain) * 3 / 4);
}

TEST(Residency, ThePlanShowsWhatStays) {
  const auto kept = Generate(Chain({24, 80}, 50), ResidentConstants::kAll);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  uint64_t bytes = 0;
  for (const ncx::BufferPlan& buffer : kept->buffers) {
    if (buffer.resident) {
      EXPECT_FALSE(buffer.streamed) << buffer.name;
      EXPECT_EQ(buffer.first, 0U) << buffer.name;
      bytes += buffer.bytes;
    }
  }
  EXPECT_EQ(16 * bytes, ncx::ResidentBytes(*kept));
  EXPECT_GT(bytes, 0U);
}

TEST(Residency, NothingStaysUnlessAskedFor) {
  const auto plain = Generate(Chain({24, 80}, 50), ResidentConstants::kNone);
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  EXPECT_TRUE(plain->repeat_launches.empty());
  EXPECT_TRUE(plain->resident.empty());
}

PlannedOp ConstantLoad(BufferId buffer, int64_t bytes, RowsInImage rows = {}) {
  PlannedOp op;
  op.uses = {buffer};
  op.streamed = true;
  op.constant_bytes = bytes;
  op.rows = rows;
  return op;
}

PlannedOp Use(std::vector<BufferId> buffers, bool table = false) {
  PlannedOp op;
  op.uses = std::move(buffers);
  op.table = table;
  return op;
}

TEST(Residency, ChoosesWhatSavesMostForItsBytes) {
  MemoryPlan memory(1024);
  const BufferId narrow = memory.Add("narrow", 256);  // in 4 partitions
  const BufferId wide = memory.Add("wide", 256);      // in 16
  const BufferId table = memory.Add("table", 64);
  const BufferId again = memory.Add("wide again", 256);
  const std::vector<PlannedOp> ops = {
      ConstantLoad(narrow, 4 * 256, {0, 256}),    Use({narrow}),
      ConstantLoad(wide, 16 * 256, {1024, 256}),  Use({wide}),
      ConstantLoad(table, 4 * 64, {8192, 64}),    Use({table}, true),
      ConstantLoad(again, 16 * 256, {1024, 256}), Use({again})};
  const std::vector<Constant> constants = ConstantsOf(ops, memory, Saves::kBytes);
  ASSERT_EQ(constants.size(), 2U);
  EXPECT_THAT(constants[0].buffers, ElementsAre(wide, again));
  EXPECT_THAT(constants[1].buffers, ElementsAre(narrow));
  EXPECT_THAT(Choose(constants, 300), ElementsAre(ElementsAre(wide, again)));
  EXPECT_EQ(Choose(constants, 512).size(), 2U);
  EXPECT_TRUE(Choose(constants, 255).empty());
  EXPECT_THAT(PartsOf(ops, Choose(constants, 300)),
              ElementsAre(Part::kAll, Part::kAll, Part::kFirst, Part::kAll, Part::kFirst,
                          Part::kFirst, Part::kNone, Part::kAll));
}

TEST(Residency, ChoosesBytesOfDramOrLoads) {
  MemoryPlan memory(1024);
  const BufferId large = memory.Add("large", 512);  // in 16 partitions
  const BufferId small = memory.Add("small", 64);   // in 8
  const std::vector<PlannedOp> ops = {ConstantLoad(large, 16 * 512, {0, 512}), Use({large}),
                                      ConstantLoad(small, 8 * 64, {8192, 64}), Use({small})};
  EXPECT_THAT(ConstantsOf(ops, memory, Saves::kBytes)[0].buffers, ElementsAre(large));
  EXPECT_THAT(ConstantsOf(ops, memory, Saves::kLoads)[0].buffers, ElementsAre(small));
}

TEST(Residency, ValuesThatLiveTogetherAreNotFree) {
  MemoryPlan memory(1024);
  const BufferId weights = memory.Add("weights", 512);
  const BufferId a = memory.Add("a", 100);
  const BufferId b = memory.Add("b", 200);
  const BufferId c = memory.Add("c", 300);
  const std::vector<PlannedOp> ops = {Use({a}), ConstantLoad(weights, 512), Use({a, weights, b}),
                                      Use({b, c}), Use({c})};
  isa::Config config = *isa::FindConfig("sim");
  config.sbuf_bytes = 1024;
  EXPECT_EQ(FreeBytes(ops, memory, config), 1024 - (208 + 304));
}

TEST(Residency, RangesThatTouchAreOne) {
  MemoryPlan memory(1024);
  PinnedGroups pinned;
  for (const int64_t offset : {512, 0, 256, 128}) {
    const BufferId id = memory.Add("constant", 128);
    memory.buffer(id).offset = offset;
    pinned.push_back({id});
  }
  const std::vector<ncx::SbufRange> ranges = RangesOf(pinned, memory);
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].offset, 0U);
  EXPECT_EQ(ranges[0].bytes, 384U);
  EXPECT_EQ(ranges[1].offset, 512U);
}

}  // namespace
}  // namespace neuron::compiler
