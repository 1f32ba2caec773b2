// SPDX-License-Identifier: Apache-2.0
// The link client and the link device against a chip in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "driver/link_client.h"
#include "driver/link_device.h"
#include "tests/unit/driver/fake_chip.h"

namespace neuron::driver {
namespace {

using ::neuron::testing::FakeChip;
using ::neuron::testing::FakeStream;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr milliseconds kTimeout{20};

std::vector<std::byte> Bytes(size_t count) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(i * 7 + i / 256);
  }
  return bytes;
}

class LinkClientTest : public ::testing::Test {
 protected:
  FakeChip chip_;
  LinkClient client_{std::make_unique<FakeStream>(chip_), kTimeout};
};

TEST_F(LinkClientTest, MemoryOfAnySizeAndAlignment) {
  for (const size_t size : {1, 3, 64, 16384, 16385, 100000}) {
    const std::vector<std::byte> data = Bytes(size);
    ASSERT_TRUE(client_.WriteMemory(13, data).ok());
    std::vector<std::byte> copy(size);
    ASSERT_TRUE(client_.ReadMemory(13, copy).ok());
    EXPECT_EQ(copy, data) << size;
  }
}

TEST_F(LinkClientTest, ConsecutiveRegisters) {
  const uint32_t values[] = {1, 2, 0xFFFFFFFF};
  ASSERT_TRUE(client_.WriteRegisters(0x400, values).ok());
  std::array<uint32_t, 3> copy{};
  ASSERT_TRUE(client_.ReadRegisters(0x400, copy).ok());
  EXPECT_THAT(copy, ElementsAre(1, 2, 0xFFFFFFFF));
}

TEST_F(LinkClientTest, NoiseAndEventsBetweenFramesAreSkippedOrKept) {
  chip_.noise = {std::byte{kLinkSync}, std::byte{1}, std::byte{kLinkSync}, std::byte{0}};
  chip_.SendEvent(0, 42);
  uint32_t value = 0;
  ASSERT_TRUE(client_.ReadRegisters(isa::kRegCapability, {&value, 1}).ok());
  EXPECT_EQ(value, isa::kCapabilityMagic);
  const auto event = client_.WaitEvent(milliseconds(0));
  ASSERT_TRUE(event.ok() && event->has_value());
  EXPECT_EQ((*event)->launch_id, 42U);
  EXPECT_FALSE(client_.WaitEvent(milliseconds(0))->has_value());
}

TEST_F(LinkClientTest, LostAndDamagedAnswersAreAskedForAgain) {
  uint32_t value = 0;
  chip_.drop_responses = 1;
  EXPECT_TRUE(client_.ReadRegisters(isa::kRegCapability, {&value, 1}).ok());
  chip_.corrupt_headers = 1;
  EXPECT_TRUE(client_.ReadRegisters(isa::kRegCapability, {&value, 1}).ok());
  chip_.corrupt_payloads = 1;
  EXPECT_TRUE(client_.ReadRegisters(isa::kRegCapability, {&value, 1}).ok());
  EXPECT_EQ(value, isa::kCapabilityMagic);
  EXPECT_EQ(chip_.requests, 6);
}

TEST_F(LinkClientTest, GivesUpAfterThreeAttempts) {
  uint32_t value = 0;
  chip_.drop_responses = 3;
  const Status status = client_.ReadRegisters(isa::kRegStatus, {&value, 1});
  EXPECT_EQ(status.code(), StatusCode::kTimeout);
  EXPECT_THAT(status.message(), HasSubstr("did not answer read_register at 0x104"));
  EXPECT_TRUE(client_.ReadRegisters(isa::kRegStatus, {&value, 1}).ok());
  chip_.corrupt_payloads = 3;
  EXPECT_EQ(client_.ReadRegisters(isa::kRegStatus, {&value, 1}).code(), StatusCode::kDataCorrupt);
}

TEST_F(LinkClientTest, RefusalsAreStatuses) {
  std::byte value{};
  const Status status = client_.ReadMemory(uint64_t{1} << 30, {&value, 1});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("bad_address"));
  chip_.lost = true;
  EXPECT_EQ(client_.ReadMemory(0, {&value, 1}).code(), StatusCode::kDeviceLost);
}

class LinkDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto device =
        LinkDevice::Open(std::make_unique<FakeStream>(chip_), {.dram_bytes = chip_.memory.size(),
                                                               .description = "fake",
                                                               .request_timeout = kTimeout,
                                                               .backdoor = nullptr});
    ASSERT_TRUE(device.ok()) << device.status().ToString();
    device_ = std::move(*device);
  }
  static LaunchDescriptor Descriptor() {
    LaunchDescriptor launch;
    launch.segments = {{.base = 4096, .limit = 4096, .readable = true},
                       {.base = 8192, .limit = 64, .readable = true, .writable = true}};
    launch.queue_offset[3] = 128;
    launch.queue_count[3] = 2;
    launch.watchdog_cycles = 1000;
    return launch;
  }
  static void SetStatus(FakeChip& chip, isa::Status status) {
    chip.registers[isa::kRegStatus] = static_cast<uint32_t>(status);
  }

  FakeChip chip_;
  std::unique_ptr<LinkDevice> device_;
};

TEST_F(LinkDeviceTest, ReadsTheCapabilityRom) {
  EXPECT_EQ(device_->info().configuration, "sim");
  EXPECT_EQ(device_->info().isa_hash, isa::kIsaHash);
  EXPECT_TRUE(device_->info().measures_cycles);
}

TEST_F(LinkDeviceTest, RefusesWhatIsNoNeuronCore) {
  chip_.registers[isa::kRegCapability] = 0x12345678;
  const auto device = LinkDevice::Open(std::make_unique<FakeStream>(chip_), {});
  EXPECT_EQ(device.status().code(), StatusCode::kUnsupported);
}

TEST_F(LinkDeviceTest, LaunchSetsRegistersAndReturnsTheResult) {
  chip_.on_doorbell = [](FakeChip& chip) {
    SetStatus(chip, isa::Status::kDone);
    chip.registers[isa::kRegCycles] = 1234;
    chip.registers[isa::kRegCycles + 4] = 1;
    chip.registers[isa::kRegSticky] = 2;
    chip.registers[isa::kRegCounter + (3 * isa::kNumCounters + 5) * 8] = 2;
    chip.SendEvent(0, chip.registers[isa::kRegLaunchId]);
  };
  ASSERT_TRUE(device_->Launch(0, Descriptor()).ok());
  EXPECT_EQ(device_->Launch(0, Descriptor()).code(), StatusCode::kFailedPrecondition);
  const Result<LaunchResult> result = device_->Wait(0, milliseconds(1000));
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_FALSE(result->error.has_value());
  EXPECT_EQ(result->cycles, (uint64_t{1} << 32) + 1234);
  EXPECT_EQ(result->sticky, 2U);
  EXPECT_EQ(result->counters[3][5], 2U);
  EXPECT_EQ(chip_.registers[isa::kRegSegmentBase + 4], 8192U);
  EXPECT_EQ(chip_.registers[isa::kRegSegmentLimit], 4096U);
  EXPECT_EQ(chip_.registers[isa::kRegSegmentPermission], 1U);
  EXPECT_EQ(chip_.registers[isa::kRegSegmentPermission + 4], 3U);
  EXPECT_EQ(chip_.registers[isa::kRegSegmentPermission + 8], 0U);
  EXPECT_EQ(chip_.registers[isa::kRegQueueCount + 12], 2U);
  EXPECT_EQ(chip_.registers[isa::kRegWatchdog], 1000U);
}

TEST_F(LinkDeviceTest, ALostEventIsFoundByPolling) {
  chip_.on_doorbell = [](FakeChip& chip) { SetStatus(chip, isa::Status::kDone); };
  ASSERT_TRUE(device_->Launch(0, Descriptor()).ok());
  EXPECT_TRUE(device_->Wait(0, milliseconds(1000)).ok());
}

TEST_F(LinkDeviceTest, ErrorRecordsAreRead) {
  chip_.on_doorbell = [](FakeChip& chip) {
    SetStatus(chip, isa::Status::kError);
    chip.registers[isa::kRegErrorCode] = static_cast<uint32_t>(isa::Error::kSegmentViolation);
    chip.registers[isa::kRegErrorQueue] = 3;
    chip.registers[isa::kRegErrorIndex] = 1;
    chip.registers[isa::kRegErrorAddress] = 0x40;
    chip.registers[isa::kRegErrorAddress + 4] = 2;
  };
  ASSERT_TRUE(device_->Launch(0, Descriptor()).ok());
  const Result<LaunchResult> result = device_->Wait(0, milliseconds(1000));
  ASSERT_TRUE(result.ok() && result->error.has_value());
  EXPECT_EQ(ToString(*result->error), "segment_violation in dma0[1], address 0x200000040");
}

TEST_F(LinkDeviceTest, TimeoutInspectAbort) {
  chip_.on_doorbell = [](FakeChip& chip) { SetStatus(chip, isa::Status::kRunning); };
  ASSERT_TRUE(device_->Launch(0, Descriptor()).ok());
  EXPECT_EQ(device_->Wait(0, milliseconds(10)).status().code(), StatusCode::kTimeout);

  isa::DmaInstruction stuck;
  stuck.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
  stuck.wait0_op = static_cast<uint32_t>(isa::WaitOp::kGe);
  stuck.wait0_sem = 9;
  stuck.wait0_value = 4;
  std::vector<uint32_t> words(isa::kInstructionWords);
  stuck.Encode(words);
  ASSERT_TRUE(device_->WriteMemory(4096 + 128 + 128, std::as_bytes(std::span(words))).ok());
  chip_.registers[isa::kRegQueueIndex + 12] = 1;
  chip_.registers[isa::kRegQueueState + 12] =
      static_cast<uint32_t>(isa::WaitState::kSemaphore) | 9U << 8 | 1U << 16;
  chip_.registers[isa::kRegSemaphore + 4 * 9] = 3;
  const Result<HangReport> report = device_->Inspect(0);
  ASSERT_TRUE(report.ok());
  const std::string text =
      ToString(*report, [](uint32_t, uint32_t) { return std::string("conv1 (Conv)"); });
  EXPECT_THAT(text, HasSubstr("dma0   1/2 waits on semaphore 9 = 3, for s9>=4, 1 running"));
  EXPECT_THAT(text, HasSubstr("from conv1 (Conv)"));
  EXPECT_THAT(text, HasSubstr("dma_fill"));
  EXPECT_THAT(text, HasSubstr("semaphores: s9=3"));

  ASSERT_TRUE(device_->Abort(0).ok());
  EXPECT_FALSE(device_->Wait(0, milliseconds(0)).ok());
  EXPECT_EQ(chip_.registers[isa::kRegControl], 2U);
  SetStatus(chip_, isa::Status::kError);
  EXPECT_TRUE(device_->Wait(0, milliseconds(100)).ok());
  chip_.on_doorbell = [](FakeChip& chip) { SetStatus(chip, isa::Status::kDone); };
  ASSERT_TRUE(device_->Launch(0, Descriptor()).ok());
  EXPECT_TRUE(device_->Wait(0, milliseconds(100)).ok());
}

TEST_F(LinkDeviceTest, RangesAreChecked) {
  std::byte value{};
  EXPECT_EQ(device_->ReadMemory(chip_.memory.size(), {&value, 1}).code(),
            StatusCode::kInvalidArgument);
  LaunchDescriptor launch = Descriptor();
  launch.segments[1].limit = UINT64_MAX;
  EXPECT_EQ(device_->Launch(0, launch).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(device_->Launch(7, Descriptor()).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(device_->Wait(0, milliseconds(0)).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace neuron::driver
