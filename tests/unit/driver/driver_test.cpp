// SPDX-License-Identifier: Apache-2.0
// URIs, the plug-in loader, the disassembler, and the functional device through its plug-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <thread>

#include "driver/device.h"
#include "driver/disassemble.h"
#include "driver/plugin.h"
#include "driver/uri.h"

namespace neuron::driver {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(Uri, PartsAndDefaults) {
  const Result<DeviceUri> plain = ParseUri("functional");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->scheme, "functional");
  EXPECT_EQ(plain->configuration, "sim");
  const Result<DeviceUri> full = ParseUri("rtl:tiny?latency=60&waves=/tmp/a:b.fst");
  ASSERT_TRUE(full.ok()) << full.status().ToString();
  EXPECT_EQ(full->configuration, "tiny");
  EXPECT_THAT(full->options,
              UnorderedElementsAre(Pair("latency", "60"), Pair("waves", "/tmp/a:b.fst")));
  EXPECT_EQ(*full->Number("latency", 1, 100), 60U);
  EXPECT_EQ(*full->Number("seed", 9, 100), 9U);
}

TEST(Uri, MistakesAreNamed) {
  for (const char* text : {"", ":sim", "rtl:", "rtl:a b", "../x", "rtl?latency", "rtl?a=1&a=2"}) {
    EXPECT_EQ(ParseUri(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  const Result<DeviceUri> uri = ParseUri("rtl?latency=fast&x=1");
  EXPECT_THAT(uri->Number("latency", 1, 100).status().message(), HasSubstr("latency=fast"));
  EXPECT_THAT(uri->CheckOptions({"latency", "seed"}).message(),
              HasSubstr("no option 'x'; it has: latency, seed"));
}

TEST(Plugin, UnknownSchemeSaysWhereItLooked) {
  const Status status = OpenDevice("abacus").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("libneuron-device-abacus.so"));
}

TEST(Disassemble, ShowsFieldsByNameAndFloatsAsNumbers) {
  isa::ScalarInstruction activate;
  activate.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
  activate.part_start = 4;
  activate.part_count = 8;
  activate.func = static_cast<uint32_t>(isa::Func::kExp);
  activate.scale = std::bit_cast<uint32_t>(0.5F);
  activate.in_stride0 = -4;
  activate.wait2_op = static_cast<uint32_t>(isa::WaitOp::kAcquire);
  activate.wait2_sem = 5;
  activate.wait2_value = 6;
  activate.update1_op = static_cast<uint32_t>(isa::UpdateOp::kSet);
  activate.update1_sem = 7;
  std::vector<uint32_t> words(isa::kInstructionWords);
  activate.Encode(words);
  const std::string text = Disassemble(words);
  EXPECT_THAT(text, HasSubstr("activate part=4+8 wait(acquire(s5,6))"));
  EXPECT_THAT(text, HasSubstr("func=exp"));
  EXPECT_THAT(text, HasSubstr(" scale=0.5"));
  EXPECT_THAT(text, HasSubstr("in_stride0=-4"));
  EXPECT_THAT(text, HasSubstr("update(s7=0)"));
  EXPECT_EQ(Disassemble(std::vector<uint32_t>(isa::kInstructionWords, 0xFF)),
            "illegal opcode 0xff");
}

class FunctionalDeviceTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kImage = 1024;

  // A launch of one instruction on DMA 0, which fills 16 bytes of segment 1 with 0x5A.
  LaunchDescriptor FillLaunch(isa::DmaInstruction dma) {
    dma.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
    dma.dst_space = static_cast<uint32_t>(isa::Space::kDram);
    dma.dst_segment = 1;
    dma.src_size0 = dma.dst_size0 = 16;
    dma.src_size1 = dma.src_size2 = dma.src_size3 = 1;
    dma.dst_size1 = dma.dst_size2 = dma.dst_size3 = 1;
    dma.dst_stride0 = 1;
    dma.fill_value = 0x5A;
    std::vector<uint32_t> words(isa::kInstructionWords);
    dma.Encode(words);
    EXPECT_TRUE(device_->WriteMemory(kImage, std::as_bytes(std::span(words))).ok());
    LaunchDescriptor launch;
    launch.segments = {{.base = kImage, .limit = 128, .readable = true},
                       {.base = 4096, .limit = 64, .readable = true, .writable = true}};
    launch.queue_count[3] = 1;
    return launch;
  }
  void ExpectUsable() {
    ASSERT_TRUE(device_->Launch(0, FillLaunch({})).ok());
    const Result<LaunchResult> result = device_->Wait(0, milliseconds(10000));
    ASSERT_TRUE(result.ok());
    EXPECT_FALSE(result->error.has_value());
    std::byte value{};
    ASSERT_TRUE(device_->ReadMemory(4096 + 15, {&value, 1}).ok());
    EXPECT_EQ(value, std::byte{0x5A});
  }

  std::unique_ptr<Device> device_ = OpenDevice("functional:tiny").value();
};

TEST_F(FunctionalDeviceTest, RunsLaunchesOneAfterTheOther) {
  ExpectUsable();
  ExpectUsable();
  EXPECT_EQ(device_->info().configuration, "tiny");
}

TEST_F(FunctionalDeviceTest, SegmentViolation) {
  LaunchDescriptor launch = FillLaunch({});
  launch.segments[1].limit = 8;
  ASSERT_TRUE(device_->Launch(0, launch).ok());
  const Result<LaunchResult> result = device_->Wait(0, milliseconds(10000));
  ASSERT_TRUE(result.ok() && result->error.has_value());
  EXPECT_EQ(ToString(*result->error), "segment_violation in dma0[0], address 0x10000000f");
  ExpectUsable();
}

TEST_F(FunctionalDeviceTest, AProgramThatWaitsForEverEndsWithWatchdogAndCanBeInspected) {
  isa::DmaInstruction waits;
  waits.wait0_op = static_cast<uint32_t>(isa::WaitOp::kGe);
  waits.wait0_sem = 6;
  waits.wait0_value = 1;
  ASSERT_TRUE(device_->Launch(0, FillLaunch(waits)).ok());
  const Result<LaunchResult> result = device_->Wait(0, milliseconds(10000));
  ASSERT_TRUE(result.ok() && result->error.has_value());
  EXPECT_EQ(result->error->code, isa::Error::kWatchdog);
  const Result<HangReport> report = device_->Inspect(0);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(ToString(*report), HasSubstr("dma0   0/1 waits on semaphore 6 = 0, for s6>=1"));
  ExpectUsable();
}

TEST_F(FunctionalDeviceTest, ResetKeepsDram) {
  ExpectUsable();
  ASSERT_TRUE(device_->Reset().ok());
  std::byte value{};
  ASSERT_TRUE(device_->ReadMemory(4096, {&value, 1}).ok());
  EXPECT_EQ(value, std::byte{0x5A});
  ExpectUsable();
}

TEST_F(FunctionalDeviceTest, WrongCallsAreRefused) {
  EXPECT_EQ(device_->Wait(0, milliseconds(0)).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(device_->Launch(3, {}).code(), StatusCode::kInvalidArgument);
  LaunchDescriptor launch = FillLaunch({});
  launch.segments[1].base = device_->info().dram_bytes;
  EXPECT_EQ(device_->Launch(0, launch).code(), StatusCode::kInvalidArgument);
  std::byte value{};
  EXPECT_EQ(device_->WriteMemory(UINT64_MAX, {&value, 1}).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(device_->Abort(0).ok());
  ExpectUsable();
}

}  // namespace
}  // namespace neuron::driver
