// SPDX-License-Identifier: Apache-2.0
// What the loader accepts and refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/ncx/instructions.h"
#include "host/ncx/verify.h"
#include "tests/unit/ncx/sample_package.h"

namespace neuron::ncx {
namespace {

using ::neuron::testing::HangingPackage;
using ::neuron::testing::HostOperatorPackage;
using ::neuron::testing::ResidentPackage;
using ::neuron::testing::ScalePackage;
using ::neuron::testing::SharedSegmentsPackage;
using ::neuron::testing::StatePackage;
using ::neuron::testing::StateUpdate;
using ::testing::HasSubstr;

// Serialises, loads and gives the status.
Status Reload(const PackageData& package) { return Load(Serialize(package)).status(); }

void ExpectRefused(const PackageData& package, StatusCode code, const std::string& text) {
  const Status status = Reload(package);
  EXPECT_EQ(status.code(), code) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(Package, RoundTripKeepsEverything) {
  PackageData package = ScalePackage("sim", 8, 2.0F, 1.0F);
  package.tensors[0].scale = {0.5F};
  package.tensors[0].zero_point = {-3};
  package.launches[0].estimated_cycles = 77;
  package.launches[0].layers = {{0, 1, 2, 3}};
  const Result<PackageData> loaded = Load(Serialize(package));
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->model_name, "scale");
  EXPECT_EQ(loaded->configuration, "sim");
  EXPECT_EQ(loaded->image, package.image);
  ASSERT_EQ(loaded->tensors.size(), 2U);
  EXPECT_EQ(loaded->tensors[0].shape, (Shape{4, 8}));
  EXPECT_EQ(loaded->tensors[0].scale, (std::vector<float>{0.5F}));
  EXPECT_EQ(loaded->tensors[0].zero_point, (std::vector<int32_t>{-3}));
  ASSERT_EQ(loaded->launches.size(), 1U);
  EXPECT_EQ(loaded->launches[0].estimated_cycles, 77U);
  EXPECT_EQ(loaded->launches[0].layers[0].dram_bytes, 2U);
  EXPECT_EQ(SourceOf(*loaded, loaded->launches[0], 2, 0), "scale_node (Mul)");
  EXPECT_EQ(SourceOf(*loaded, loaded->launches[0], 2, 1), "");
  EXPECT_EQ(loaded->buffers.size(), 2U);
  EXPECT_EQ(loaded->steps.size(), 1U);
}

TEST(Package, RoundTripKeepsWhatStaysInSbuf) {
  PackageData package = ResidentPackage("sim", 1.0F);
  package.buffers = {{.name = "bias", .offset = 128, .bytes = 4, .resident = true}};
  const Result<PackageData> loaded = Load(Serialize(package));
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  ASSERT_EQ(loaded->repeat_launches.size(), 1U);
  EXPECT_EQ(loaded->repeat_launches[0].queues.size(), 3U);
  ASSERT_EQ(loaded->resident.size(), 1U);
  EXPECT_EQ(loaded->resident[0].offset, 128U);
  EXPECT_EQ(loaded->resident[0].bytes, 4U);
  EXPECT_TRUE(loaded->buffers[0].resident);
  EXPECT_EQ(ResidentBytes(*loaded), 16 * 4U);
}

TEST(Package, RoundTripKeepsHostOperatorsAndAttributes) {
  PackageData package = HostOperatorPackage("sim");
  HostNode& node = package.host_ops[0].node;
  node.domain = "ai.onnx";
  node.opset = 17;
  node.attributes = {{"axis", int64_t{-1}},
                     {"alpha", 0.25F},
                     {"mode", std::string("edge")},
                     {"pads", std::vector<int64_t>{1, 2}},
                     {"scales", std::vector<float>{1.5F}},
                     {"names", std::vector<std::string>{"a", "b"}}};
  const float values[] = {1, 2};
  node.attributes["value"] = MakeTensor<float>(ElementType::kFloat32, {2}, values);
  const Result<PackageData> loaded = Load(Serialize(package));
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  const HostNode& copy = loaded->host_ops[0].node;
  EXPECT_EQ(copy.op_type, "Neg");
  EXPECT_EQ(copy.opset, 17);
  EXPECT_EQ(copy.inputs, (std::vector<std::string>{"doubled"}));
  EXPECT_EQ(copy.outputs, (std::vector<std::string>{"negated"}));
  EXPECT_EQ(copy.Int("axis", 0), -1);
  EXPECT_EQ(copy.Float("alpha", 0), 0.25F);
  EXPECT_EQ(copy.String("mode", ""), "edge");
  EXPECT_EQ(copy.Ints("pads"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(std::get<std::vector<std::string>>(copy.attributes.at("names")).at(1), "b");
  EXPECT_EQ(std::get<HostTensor>(copy.attributes.at("value")).as<float>()[1], 2.0F);
}

TEST(Package, LoadsFromAnUnalignedAddress) {
  const std::vector<std::byte> file = Serialize(ScalePackage("sim", 8, 1, 0));
  std::vector<std::byte> shifted(file.size() + 1);
  std::copy(file.begin(), file.end(), shifted.begin() + 1);
  EXPECT_TRUE(Load(std::span(shifted).subspan(1)).ok());
}

TEST(Package, FileRoundTripAndMissingFile) {
  const auto path = std::filesystem::temp_directory_path() / "neuron_ncx_test.ncx";
  ASSERT_TRUE(SaveFile(ScalePackage("sim", 8, 1, 0), path).ok());
  EXPECT_TRUE(LoadFile(path).ok());
  std::filesystem::remove(path);
  EXPECT_EQ(LoadFile(path).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SaveFile(ScalePackage("sim", 8, 1, 0), "/nonexistent/x.ncx").code(),
            StatusCode::kIoError);
}

TEST(Loader, RefusesEveryTruncation) {
  const std::vector<std::byte> file = Serialize(ScalePackage("sim", 8, 1, 0));
  for (size_t size = 0; size < file.size(); size += size < 256 ? 1 : 37) {
    const Status status = Load(std::span(file).first(size)).status();
    EXPECT_EQ(status.code(), StatusCode::kDataCorrupt)
        << "size " << size << ": " << status.ToString();
  }
}

TEST(Loader, RefusesWhatIsNoPackage) {
  const std::vector<std::byte> zeros(1000);
  const Status status = Load(zeros).status();
  EXPECT_EQ(status.code(), StatusCode::kDataCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("not a kernel package"));
}

TEST(Loader, RefusesAnImageWithAFlippedBit) {
  const PackageData package = ScalePackage("sim", 8, 1, 0);
  std::vector<std::byte> file = Serialize(package);
  const auto at = std::search(file.begin(), file.end(), package.image.begin(), package.image.end());
  ASSERT_NE(at, file.end());
  *at ^= std::byte{0x40};
  const Status status = Load(file).status();
  EXPECT_EQ(status.code(), StatusCode::kDataCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("CRC"));
}

TEST(Loader, RefusesAnotherIsaVersion) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.isa_version = isa::kIsaVersion + 1;
  ExpectRefused(package, StatusCode::kUnsupported, "ISA version 2");
}

TEST(Loader, RefusesAnUnknownConfiguration) {
  ExpectRefused(ScalePackage("enormous", 8, 1, 0), StatusCode::kUnsupported, "'enormous'");
}

TEST(Verifier, RefusesATensorOutsideItsSegment) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.tensors[1].offset = 64;
  ExpectRefused(package, StatusCode::kInvalidArgument, "'y' of 128 bytes at offset 64");
}

TEST(Verifier, RefusesAShapeThatOverflows) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.tensors[0].shape = {int64_t{1} << 40, int64_t{1} << 40};
  ExpectRefused(package, StatusCode::kInvalidArgument, "not possible");
}

TEST(Verifier, RefusesAStreamOutsideTheImage) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.launches[0].queues[0].count = 1000;
  ExpectRefused(package, StatusCode::kInvalidArgument, "do not fit the image");
}

TEST(Verifier, RefusesAnInstructionThatLeavesItsSegmentAndNamesItsSource) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.segments[2].bytes = 64;
  package.tensors[0].shape = {4, 4};
  ExpectRefused(package, StatusCode::kInvalidArgument, "dma0[0] from scale_node (Mul)");
}

TEST(Verifier, RefusesAWriteToTheImage) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.segments[0].writable = true;
  ExpectRefused(package, StatusCode::kInvalidArgument, "read-only image");
}

TEST(Verifier, RefusesAnIllegalInstruction) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  package.image[package.launches[0].queues[0].offset] = std::byte{0xEE};
  ExpectRefused(package, StatusCode::kInvalidArgument, "illegal_instruction");
}

TEST(Verifier, RefusesAWaitThatNothingSatisfiesAndSaysWhoWaits) {
  PackageData package = ScalePackage("sim", 8, 1, 0);
  std::erase_if(package.launches[0].queues, [](const QueueProgram& q) {
    return q.queue == static_cast<uint32_t>(isa::Queue::kDma0);
  });
  package.launches[0].source.clear();
  const Status status = Reload(package);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("never finish"));
  EXPECT_THAT(status.message(), HasSubstr("scalar[0] waits for semaphore 3 ge 1 (it is 0)"));
  EXPECT_THAT(status.message(), HasSubstr("dma1[0] waits for semaphore 2 ge 1 (it is 0)"));
}

TEST(Verifier, RefusesAHostOperatorThatWritesTheImage) {
  PackageData package = HostOperatorPackage("sim");
  package.host_ops[0].outputs = {2};
  ExpectRefused(package, StatusCode::kInvalidArgument, "lies in the image");
}

TEST(Verifier, RefusesIndicesOutOfRange) {
  PackageData package = HostOperatorPackage("sim");
  package.host_ops[0].inputs = {99};
  ExpectRefused(package, StatusCode::kInvalidArgument, "reads tensor 99");
  package = ScalePackage("sim", 8, 1, 0);
  package.steps[0].index = 1;
  ExpectRefused(package, StatusCode::kInvalidArgument, "launch 1 of 1");
  package = ScalePackage("sim", 8, 1, 0);
  package.launches[0].source[0].node = 9;
  ExpectRefused(package, StatusCode::kInvalidArgument, "node 9 of 1");
}

TEST(Verifier, RefusesRepeatedLaunchesThatDoNotStandBesideTheFirstOnes) {
  PackageData package = ResidentPackage("sim", 1.0F);
  package.repeat_launches.push_back(package.repeat_launches[0]);
  ExpectRefused(package, StatusCode::kInvalidArgument, "2 repeated launches stand beside 1");
  package.repeat_launches.clear();
  ExpectRefused(package, StatusCode::kInvalidArgument, "no launch is repeated");
}

TEST(Verifier, RefusesResidentRangesOutsideSbufOrOverOneAnother) {
  PackageData package = ResidentPackage("sim", 1.0F);
  package.resident = {{65536 - 4, 8}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "not in SBUF of 65536 bytes");
  package.resident = {{1024, 0xFFFFFFFF}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "not in SBUF of 65536 bytes");
  package.resident = {{1024, 8}, {1028, 8}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "resident bytes 1028 to 1036");
  package.resident = {{1024, 0}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "resident bytes 1024 to 1024");
}

TEST(Verifier, RefusesWritesWhereBytesStay) {
  PackageData package = ResidentPackage("sim", 1.0F);
  package.resident = {{64, 4}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "scalar[0] from scale_node (Mul) writes");
  package.resident = {{60, 4}};
  ExpectRefused(package, StatusCode::kInvalidArgument, "dma0[1] from scale_node (Mul) writes");
  package = ResidentPackage("sim", 1.0F);
  package.repeat_launches = package.launches;
  ExpectRefused(package, StatusCode::kInvalidArgument, "dma0[0] from scale_node (Mul) writes");
}

TEST(Verifier, RefusesARepeatedLaunchThatNeverEnds) {
  PackageData package = ResidentPackage("sim", 1.0F);
  std::erase_if(package.repeat_launches[0].queues, [](const QueueProgram& q) {
    return q.queue == static_cast<uint32_t>(isa::Queue::kDma0);
  });
  package.repeat_launches[0].source.clear();
  ExpectRefused(package, StatusCode::kInvalidArgument,
                "repeated launch 0: the program would never");
}

TEST(Verifier, RefusesTensorsThatOverlapInASegment) {
  PackageData package = SharedSegmentsPackage("sim", 8, 1, 0);
  EXPECT_EQ(Reload(package).ToString(), "OK");
  package.tensors[1].offset = 32;
  ExpectRefused(package, StatusCode::kInvalidArgument, "'x0' and 'x1' overlap in segment 2");
}

TEST(Verifier, RefusesAReplacementOfNoState) {
  PackageData package = StatePackage("sim", StateUpdate::kExchanged);
  EXPECT_EQ(Reload(package).ToString(), "OK");
  package.segments[5].bytes = 64;
  ExpectRefused(package, StatusCode::kInvalidArgument, "segment 5 replaces a state segment");
  package = ScalePackage("sim", 8, 1, 0);
  package.segments.push_back(package.segments.back());
  package.segments.back().kind = SegmentKind::kNextState;
  ExpectRefused(package, StatusCode::kInvalidArgument, "segment 4 replaces a state segment");
}

TEST(Verifier, AcceptsTheSamplePackages) {
  for (const char* configuration : {"sim", "tiny"}) {
    EXPECT_EQ(Reload(ScalePackage(configuration, 16, 1, 0)).ToString(), "OK");
    EXPECT_EQ(Reload(HostOperatorPackage(configuration)).ToString(), "OK");
    EXPECT_EQ(Reload(StatePackage(configuration)).ToString(), "OK");
    EXPECT_EQ(Reload(HangingPackage(configuration)).ToString(), "OK");
    EXPECT_EQ(Reload(neuron::testing::GatherPackage(configuration)).ToString(), "OK");
  }
}

}  // namespace
}  // namespace neuron::ncx
