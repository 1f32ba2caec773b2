// SPDX-License-Identifier: Apache-2.0
// What reports make of a package's layers and buffers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <neuron/isa.h>

#include "host/tools/layer_report.h"
#include "host/tools/memory_picture.h"
#include "host/tools/report.h"
#include "host/tools/roofline.h"

namespace neuron::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ncx::LayerInfo Layer(uint32_t node, uint64_t cycles) {
  ncx::LayerInfo info;
  info.node = node;
  info.estimated_cycles = cycles;
  return info;
}

ncx::LayerInfo Busy(uint32_t node, uint64_t cycles, isa::Queue queue, uint64_t busy) {
  ncx::LayerInfo info = Layer(node, cycles);
  info.busy[static_cast<size_t>(queue)] = busy;
  return info;
}

// One launch with these layers; node i is called "node<i>".
ncx::PackageData PackageOf(const std::vector<ncx::LayerInfo>& layers) {
  ncx::PackageData package;
  package.model_name = "made";
  package.configuration = "sim";
  ncx::Launch launch;
  for (const ncx::LayerInfo& layer : layers) {
    while (package.nodes.size() <= layer.node) {
      package.nodes.push_back({"node" + std::to_string(package.nodes.size()), "Conv", "Conv"});
    }
    launch.estimated_cycles += layer.estimated_cycles;
    launch.macs += layer.macs;
    launch.layers.push_back(layer);
    package.timeline.push_back(layer.node);
  }
  package.launches.push_back(launch);
  return package;
}

Bound BoundOf(const ncx::LayerInfo& layer) {
  return MakeLayerReport(PackageOf({layer})).layers[0].bound;
}

TEST(StayingText, SaysWhatTheNextExecutionFindsOrWhyItFindsNothing) {
  using compiler::ResidentWeights;
  ncx::PackageData package = PackageOf({Layer(0, 100)});
  EXPECT_EQ(StayingText(package, ResidentWeights::kOff), "");
  EXPECT_EQ(StayingText(package, ResidentWeights::kOn),
            "nothing stays in SBUF: the model loads no weights");
  EXPECT_THAT(StayingText(package, ResidentWeights::kAuto),
              HasSubstr("nothing stays in SBUF: a repeated execution"));
  package.repeat_launches = package.launches;
  EXPECT_EQ(StayingText(package, ResidentWeights::kOn), "function tables stay in ScalarE");
  package.resident = {{.offset = 0, .bytes = 64}};
  EXPECT_EQ(StayingText(package, ResidentWeights::kOff), "1,024 bytes of weights stay in SBUF");
}

TEST(LayerReport, TheBusiestEngineBoundsALayer) {
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kTensor, 90)), Bound::kArray);
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kVector, 90)), Bound::kVector);
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kScalar, 90)), Bound::kScalar);
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kDma1, 90)), Bound::kDma);
  EXPECT_EQ(BoundOf(Layer(0, 0)), Bound::kNothing);
}

TEST(LayerReport, BytesBoundADmaQueueThatTheMemoryKeepsBusy) {
  ncx::LayerInfo layer = Busy(0, 100, isa::Queue::kDma0, 90);
  layer.read_cycles = 80;
  EXPECT_EQ(BoundOf(layer), Bound::kDram);
}

TEST(LayerReport, ReadsAndWritesOfASlowMemoryTakeTurns) {
  ncx::LayerInfo layer = Busy(0, 100, isa::Queue::kDma0, 100);
  layer.read_cycles = 50;
  layer.write_cycles = 40;
  ncx::PackageData package = PackageOf({layer});
  EXPECT_EQ(MakeLayerReport(package).layers[0].dram, 50U);
  package.memory_bytes_per_cycle = 10;
  EXPECT_EQ(MakeLayerReport(package).layers[0].dram, 90U);
  EXPECT_EQ(MakeLayerReport(package).bytes_per_cycle, 10);
  // Each DMA queue has half of the memory's work.
  package.launches[0].layers[0].busy[static_cast<size_t>(isa::Queue::kDma0)] = 60;
  EXPECT_EQ(MakeLayerReport(package).layers[0].bound, Bound::kDram);
  EXPECT_EQ(MakeLayerReport(package).layers[0].bound_cycles, 90U);
}

TEST(LayerReport, NothingBusyForHalfOfTheTimeIsLatency) {
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kTensor, 49)), Bound::kLatency);
  EXPECT_EQ(BoundOf(Busy(0, 100, isa::Queue::kTensor, 51)), Bound::kArray);
}

TEST(LayerReport, TheBusyShareIsOfTheLongerOfTheLayersAndTheArraysTime) {
  const auto share = [](const ncx::LayerInfo& layer) {
    return LayerReportJson(MakeLayerReport(PackageOf({layer}))).at("layers")[0].at("busy_share");
  };
  EXPECT_EQ(share(Busy(0, 100, isa::Queue::kVector, 70)), 0.7);
  EXPECT_EQ(share(Busy(0, 100, isa::Queue::kVector, 40)), 0.4);  // whose bound is latency
  EXPECT_EQ(share(Busy(0, 10, isa::Queue::kTensor, 70)), 1.0);   // hidden behind others
  EXPECT_EQ(share(Layer(0, 0)), 0.0);
}

TEST(LayerReport, InstructionsShorterThanTheirChecksAreBoundByIssue) {
  ncx::LayerInfo layer = Busy(0, 1000, isa::Queue::kVector, 200);
  layer.issue[static_cast<size_t>(isa::Queue::kVector)] = 700;
  EXPECT_EQ(BoundOf(layer), Bound::kIssue);
}

TEST(LayerReport, UtilisationCountsTheArraysOwnTimeWhereALayerIsHidden) {
  ncx::LayerInfo hidden = Busy(0, 10, isa::Queue::kTensor, 100);
  hidden.macs = 256 * 50;
  EXPECT_DOUBLE_EQ(MakeLayerReport(PackageOf({hidden})).layers[0].utilization, 0.5);
}

TEST(LayerReport, AddsUpWhatALayerDoesInSeveralLaunches) {
  ncx::PackageData package = PackageOf({Busy(0, 100, isa::Queue::kDma0, 60)});
  ncx::Launch second;
  second.estimated_cycles = 40;
  second.layers = {Busy(0, 40, isa::Queue::kTensor, 30)};
  package.launches.push_back(second);
  const LayerReport report = MakeLayerReport(package);
  ASSERT_EQ(report.layers.size(), 1U);
  EXPECT_EQ(report.layers[0].cycles, 140U);
  EXPECT_EQ(report.layers[0].array, 30U);
  EXPECT_EQ(report.cycles, 140U);
}

TEST(LayerReport, HostSegmentsHaveTheirShareOfTheOperations) {
  ncx::LayerInfo layer = Busy(0, 100, isa::Queue::kTensor, 90);
  layer.operations = 300;
  ncx::PackageData package = PackageOf({layer});
  package.nodes.push_back({"sort", "TopK"});
  package.host_ops.push_back(
      {.node_index = 1, .node = {}, .reason = "no engine sorts", .operations = 100});
  const LayerReport report = MakeLayerReport(package);
  ASSERT_EQ(report.host.size(), 1U);
  EXPECT_DOUBLE_EQ(report.host[0].share, 0.25);
  EXPECT_THAT(LayerReportText(report), HasSubstr("25.00 %  sort (TopK): no engine sorts"));
}

TEST(Roofline, LayersLieUnderTheRoof) {
  ncx::LayerInfo layer = Busy(0, 1000, isa::Queue::kTensor, 1000);
  layer.macs = 128 * 1000;
  layer.dram_bytes = 1000;
  const LayerReport report = MakeLayerReport(PackageOf({layer}));
  const std::string text = RooflineText(report);
  EXPECT_THAT(text, HasSubstr("16 bytes and 256 MACs a cycle"));
  EXPECT_THAT(text, HasSubstr("A node0 (Conv): 128 MACs/byte, 128 MACs/cycle"));
  EXPECT_THAT(RooflineSvg(report).Finish(), HasSubstr("node0 (Conv): 128 MACs/byte"));
}

TEST(Roofline, IsLeftOutWithoutMatrixWork) {
  EXPECT_EQ(RooflineText(MakeLayerReport(PackageOf({Layer(0, 10)}))), "");
}

TEST(MemoryPicture, ShowsBuffersWhereAndWhenTheyLie) {
  ncx::PackageData package = PackageOf({Layer(0, 1), Layer(1, 1)});
  package.buffers = {{.name = "image", .offset = 0, .bytes = 32768, .first = 0, .last = 0},
                     {.name = "weights",
                      .offset = 49152,
                      .bytes = 16384,
                      .first = 0,
                      .last = 1,
                      .streamed = true}};
  const std::string text = MemoryText(package);
  EXPECT_THAT(text, HasSubstr("at most 49,152 in use (75 %), in node0 (Conv)"));
  EXPECT_THAT(text, HasSubstr("1 buffers of constants, 16,384 bytes"));
  const std::string half(32, 'A');
  const std::string quarter(16, '.');
  EXPECT_THAT(text, HasSubstr("75 % |" + half + quarter + std::string(16, 'b') + "| node0"));
  EXPECT_THAT(text, HasSubstr("25 % |" + std::string(48, '.') + std::string(16, 'b') + "| node1"));
  EXPECT_THAT(text, HasSubstr("b    16,384 bytes at   49152  weights, streamed: node0 (Conv) to"));
  EXPECT_THAT(MemorySvg(package).Finish(), HasSubstr("weights, streamed"));
}

TEST(MemoryPicture, ShowsWhatStaysForTheNextExecution) {
  ncx::PackageData package = PackageOf({Layer(0, 1)});
  EXPECT_THAT(MemoryText(package), Not(HasSubstr("resident")));
  package.buffers = {{.name = "weights", .offset = 49152, .bytes = 16384, .resident = true}};
  const std::string text = MemoryText(package);
  EXPECT_THAT(text, HasSubstr("resident: 1 buffers of constants, 16,384 bytes a partition"));
  EXPECT_THAT(text, HasSubstr("a    16,384 bytes at   49152  weights, resident: node0 (Conv)"));
  EXPECT_EQ(MemoryJson(package).at("resident_bytes"), 16384);
}

TEST(MemoryPicture, CountsBytesThatBuffersShareOnce) {
  ncx::PackageData package = PackageOf({Layer(0, 1)});
  package.buffers = {{.name = "early", .offset = 0, .bytes = 1000},
                     {.name = "late", .offset = 500, .bytes = 1000}};
  EXPECT_EQ(MemoryJson(package).at("peak_bytes"), 1500);
}

TEST(Svg, EscapesText) {
  Svg svg(10, 10);
  svg.Text(0, 0, "a<b & \"c\"");
  EXPECT_THAT(svg.Finish(), HasSubstr("a&lt;b &amp; &quot;c&quot;"));
  EXPECT_THAT(svg.Finish(), Not(HasSubstr("a<b")));
}

}  // namespace
}  // namespace neuron::tools
