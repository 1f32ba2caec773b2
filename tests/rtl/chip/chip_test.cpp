// SPDX-License-Identifier: Apache-2.0
// The whole chip behind its link: a program over all engines ends like the functional model, errors
// and hangs are reported and the next launch works.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "tests/rtl/chip/chip_host.h"

namespace neuron::test {
namespace {

using isa::Queue;

constexpr uint64_t kDramBytes = 1 << 20;
constexpr uint32_t kImageBase = 0x1000;
constexpr uint32_t kDataBase = 0x20000;
constexpr uint32_t kDataBytes = 0x10000;
constexpr uint32_t kX = 0, kW = 0x4000, kOut = 0x8000;  // offsets in the data segment

class Chip : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    sim::RtlChipOptions options;
    options.dram_bytes = kDramBytes;
    options.timing.latency = 30;
    auto chip = sim::CreateRtlChip(GetParam(), options);
    ASSERT_TRUE(chip.ok()) << chip.status().ToString();
    chip_ = std::move(chip.value());
    host_ = std::make_unique<ChipHost>(*chip_);
    sim::FunctionalOptions functional;
    functional.strict = false;
    model_ = std::make_unique<sim::FunctionalCore>(chip_->config(), functional);
    RandomiseMemories(*chip_, *model_, 5);
    launch_.segments[0] = {kImageBase, 0x10000, true, false};
    launch_.segments[1] = {kDataBase, kDataBytes, true, true};
    launch_.watchdog = 20000;
    std::mt19937 random(3);
    float* data = reinterpret_cast<float*>(chip_->dram().data() + kDataBase);
    for (uint32_t i = 0; i < kDataBytes / 4; ++i) {
      data[i] = static_cast<float>(random() % 2000) / 1000.0f - 1.0f;
    }
  }

  uint32_t p() const { return chip_->config().p; }

  // Rows of `columns` words for each partition, between the data segment and SBUF.
  isa::DmaInstruction Copy(uint32_t dram, uint32_t sbuf, uint32_t columns, bool to_dram) const {
    isa::DmaInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
    i.element_log2 = 2;
    i.src_space = static_cast<uint32_t>(to_dram ? isa::Space::kSbuf : isa::Space::kDram);
    i.dst_space = static_cast<uint32_t>(to_dram ? isa::Space::kDram : isa::Space::kSbuf);
    i.src_segment = i.dst_segment = 1;
    i.src_base = to_dram ? sbuf : dram;
    i.dst_base = to_dram ? dram : sbuf;
    i.src_size0 = i.dst_size0 = i.valid0 = columns;
    i.src_size1 = i.dst_size1 = i.valid1 = p();
    i.src_size2 = i.src_size3 = i.dst_size2 = i.dst_size3 = 1;
    i.src_stride0 = i.dst_stride0 = 4;
    const int32_t sbuf_stride = 1 << isa::kSbufPartitionShift;
    const int32_t dram_stride = static_cast<int32_t>(4 * columns);
    i.src_stride1 = to_dram ? sbuf_stride : dram_stride;
    i.dst_stride1 = to_dram ? dram_stride : sbuf_stride;
    return i;
  }

  isa::TensorInstruction Matmul(uint32_t stationary, uint32_t moving, uint32_t columns) const {
    isa::TensorInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    i.part_count = p();
    i.column_count = p();
    i.stationary_base = stationary;
    i.stationary_stride = 4;
    i.moving_base = moving;
    i.moving_stride0 = 4;
    i.inner_size0 = columns;
    i.inner_size1 = i.inner_size2 = 1;
    i.outer_size0 = i.outer_size1 = i.outer_size2 = 1;
    return i;
  }

  template <typename Instruction>
  static void Signal(Instruction& i, uint32_t semaphore) {
    i.update0_op = static_cast<uint32_t>(isa::UpdateOp::kAdd);
    i.update0_sem = semaphore;
    i.update0_value = 1;
  }
  template <typename Instruction>
  static void WaitFor(Instruction& i, uint32_t semaphore, uint32_t value) {
    i.wait0_op = static_cast<uint32_t>(isa::WaitOp::kGe);
    i.wait0_sem = semaphore;
    i.wait0_value = value;
  }

  // X and W in, matmul, relu on ScalarE, add on VectorE, Y out.
  Program Chain(uint32_t columns) const {
    Program program;
    isa::DmaInstruction x = Copy(kX, 0, columns, false);
    Signal(x, 3);
    program.Add(Queue::kDma0, x);
    isa::DmaInstruction w = Copy(kW, 0x400, p(), false);
    Signal(w, 4);
    program.Add(Queue::kDma1, w);

    isa::TensorInstruction matmul = Matmul(0x400, 0, columns);
    WaitFor(matmul, 3, 1);
    matmul.wait1_op = static_cast<uint32_t>(isa::WaitOp::kGe);
    matmul.wait1_sem = 4;
    matmul.wait1_value = 1;
    Signal(matmul, 0);
    program.Add(Queue::kTensor, matmul);

    isa::ScalarInstruction relu;
    relu.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
    relu.part_count = p();
    relu.in_space = static_cast<uint32_t>(isa::Space::kPsum);
    relu.out_base = 0x800;
    relu.scale = 0x3F800000;       // 1.0
    relu.clamp_high = 0x7F800000;  // infinity
    relu.size0 = columns;
    relu.size1 = relu.size2 = 1;
    relu.in_stride0 = relu.out_stride0 = 4;
    WaitFor(relu, 0, 1);
    Signal(relu, 2);
    program.Add(Queue::kScalar, relu);

    isa::VectorInstruction add;
    add.opcode = static_cast<uint32_t>(isa::Opcode::kTensorTensor);
    add.alu0 = static_cast<uint32_t>(isa::Alu::kAdd);
    add.part_count = p();
    add.in0_base = 0x800;
    add.in1_base = 0;
    add.out_base = 0xC00;
    add.size0 = columns;
    add.size1 = add.size2 = 1;
    add.in0_stride0 = add.in1_stride0 = add.out_stride0 = 4;
    WaitFor(add, 2, 1);
    Signal(add, 1);
    program.Add(Queue::kVector, add);

    isa::DmaInstruction out = Copy(kOut, 0xC00, columns, true);
    WaitFor(out, 1, 1);
    program.Add(Queue::kDma0, out);
    return program;
  }

  void Load(const Program& program) {
    const std::vector<std::byte> image = program.Place(launch_);
    std::memcpy(chip_->dram().data() + kImageBase, image.data(), image.size());
  }

  // Runs on both and compares everything.
  sim::LaunchResult RunOnBoth() {
    std::vector<std::byte> dram(chip_->dram().data(), chip_->dram().data() + kDramBytes);
    const sim::LaunchResult expected = model_->Run(launch_, dram);
    const auto got = host_->Run(launch_);
    EXPECT_TRUE(got.ok()) << got.status().ToString();
    if (!got.ok()) return expected;
    EXPECT_EQ(got->status, expected.status);
    EXPECT_EQ(got->sticky, expected.sticky);
    EXPECT_EQ(got->error, expected.error)
        << isa::Name(got->error.code) << " queue " << static_cast<int>(got->error.queue)
        << " index " << got->error.index << " address " << got->error.address;
    EXPECT_EQ(got->semaphores, expected.semaphores);
    EXPECT_EQ(CompareMemories(*chip_, *model_, dram), "");
    return *got;
  }

  std::unique_ptr<sim::RtlChip> chip_;
  std::unique_ptr<ChipHost> host_;
  std::unique_ptr<sim::FunctionalCore> model_;
  sim::Launch launch_;
};

TEST_P(Chip, CapabilityRomNamesTheConfiguration) {
  const auto words = host_->ReadRegisters(isa::kRegCapability, isa::kRegCapabilityCount);
  ASSERT_TRUE(words.ok()) << words.status().ToString();
  const auto expected = isa::CapabilityWords(chip_->config());
  EXPECT_EQ(*words, std::vector<uint32_t>(expected.begin(), expected.end()));
}

TEST_P(Chip, LaunchRegistersReadBack) {
  std::vector<uint32_t> bases(isa::kNumSegments);
  for (uint32_t i = 0; i < bases.size(); ++i) bases[i] = 64 * i;
  ASSERT_TRUE(host_->WriteRegisters(isa::kRegSegmentBase, bases).ok());
  EXPECT_EQ(*host_->ReadRegisters(isa::kRegSegmentBase, isa::kNumSegments), bases);
  const uint32_t counts[] = {1, 2, 3, 4, 5};
  ASSERT_TRUE(host_->WriteRegisters(isa::kRegQueueCount, counts).ok());
  EXPECT_EQ(*host_->ReadRegisters(isa::kRegQueueCount, 5), std::vector<uint32_t>({1, 2, 3, 4, 5}));
  EXPECT_FALSE(host_->WriteRegisters(isa::kRegStatus, counts).ok()) << "read-only";
}

TEST_P(Chip, CopyThroughSbuf) {
  Program program;
  isa::DmaInstruction in = Copy(kX, 0x40, 24, false);
  Signal(in, 3);
  program.Add(Queue::kDma0, in);
  isa::DmaInstruction out = Copy(kOut, 0x40, 24, true);
  WaitFor(out, 3, 1);
  program.Add(Queue::kDma1, out);
  Load(program);
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
}

TEST_P(Chip, MatmulOfLoadedOperands) {
  Program program;
  isa::DmaInstruction x = Copy(kX, 0, 32, false);
  Signal(x, 3);
  program.Add(Queue::kDma0, x);
  isa::DmaInstruction w = Copy(kW, 0x400, p(), false);
  Signal(w, 3);
  program.Add(Queue::kDma0, w);
  isa::TensorInstruction matmul = Matmul(0x400, 0, 32);
  WaitFor(matmul, 3, 2);
  program.Add(Queue::kTensor, matmul);
  Load(program);
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
}

TEST_P(Chip, ChainOverAllEnginesTwiceWithoutReset) {
  Load(Chain(32));
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
}

TEST_P(Chip, ChainWithRandomMemoryTiming) {
  Load(Chain(20));
  sim::DramTiming timing;
  timing.latency = 7;
  timing.stall_percent = 50;
  timing.bytes_per_cycle = 4;
  chip_->dram().SetTiming(timing);
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
}

TEST_P(Chip, IllegalInstructionStopsTheCoreAndTheNextLaunchWorks) {
  Program program = Chain(16);
  isa::DmaInstruction bad = Copy(kX, 0, 4, false);
  bad.dst_size0 = 5;
  program.Add(Queue::kDma1, bad);
  Load(program);
  const auto got = host_->Run(launch_);
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->status, isa::Status::kError);
  EXPECT_EQ(got->error.code, isa::Error::kIllegalInstruction);
  EXPECT_EQ(got->error.queue, Queue::kDma1);
  EXPECT_EQ(got->error.index, 1);
  EXPECT_EQ(got->error.address, 18);
  Load(Chain(16));
  const auto next = host_->Run(launch_);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->status, isa::Status::kDone);
}

TEST_P(Chip, SegmentViolationNamesSegmentAndOffset) {
  Program program;
  program.Add(Queue::kDma0, Copy(kDataBytes - 16, 0, 4, false));
  Load(program);
  const sim::LaunchResult result = RunOnBoth();
  EXPECT_EQ(result.error.code, isa::Error::kSegmentViolation);
  EXPECT_EQ(result.error.address >> 32, 1);
}

TEST_P(Chip, BusErrorOfDataAndOfInstructions) {
  Program program;
  program.Add(Queue::kDma1, Copy(0x100, 0, 16, false));
  Load(program);
  chip_->dram().InjectError(kDataBase + 0x120, kDataBase + 0x121);
  auto got = host_->Run(launch_);
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->error.code, isa::Error::kBusError);
  EXPECT_EQ(got->error.queue, Queue::kDma1);
  EXPECT_EQ(got->error.index, 0);

  chip_->dram().InjectError(kImageBase, kImageBase + 1);
  got = host_->Run(launch_);
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->error.code, isa::Error::kBusError);
  EXPECT_EQ(got->error.address, kImageBase);

  chip_->dram().InjectError(0, 0);
  EXPECT_EQ(RunOnBoth().status, isa::Status::kDone);
}

TEST_P(Chip, HangEndsWithWatchdogAndSaysWhatIsWaitedFor) {
  Program program;
  isa::TensorInstruction waits = Matmul(0, 0, 4);
  WaitFor(waits, 17, 1);
  program.Add(Queue::kTensor, waits);
  isa::DmaInstruction copy = Copy(kX, 0, 4, false);
  program.Add(Queue::kDma0, copy);
  Load(program);
  launch_.watchdog = 3000;
  ASSERT_TRUE(host_->Start(launch_).ok());
  ASSERT_TRUE(chip_->Step(1500).ok());
  const uint32_t state = (*host_->ReadRegisters(isa::kRegQueueState, 1))[0];
  EXPECT_EQ(static_cast<isa::WaitState>(state & 7), isa::WaitState::kSemaphore);
  EXPECT_EQ(state >> 8 & 31, 17);
  ASSERT_TRUE(host_->WaitEnd(100000).ok());
  const auto got = host_->ReadResult();
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->error.code, isa::Error::kWatchdog);
  EXPECT_EQ(got->error.queue, Queue::kTensor);
  EXPECT_EQ(got->error.index, 0);
  Load(Chain(8));
  EXPECT_EQ(host_->Run(launch_)->status, isa::Status::kDone);
}

TEST_P(Chip, AbortStopsAHungLaunch) {
  Program program;
  isa::TensorInstruction waits = Matmul(0, 0, 4);
  WaitFor(waits, 17, 1);
  program.Add(Queue::kTensor, waits);
  Load(program);
  launch_.watchdog = 0;
  ASSERT_TRUE(host_->Start(launch_).ok());
  EXPECT_FALSE(host_->Ask(isa::LinkOp::kDoorbell, 0, 0).ok()) << "busy while running";
  EXPECT_FALSE(host_->WriteRegisters(isa::kRegQueueCount, launch_.queue_count).ok());
  const uint32_t abort[] = {2};
  ASSERT_TRUE(host_->WriteRegisters(isa::kRegControl, abort).ok());
  ASSERT_TRUE(host_->WaitEnd(100000).ok());
  EXPECT_EQ(host_->ReadResult()->error.code, isa::Error::kAborted);
  launch_.watchdog = 20000;
  Load(Chain(8));
  EXPECT_EQ(host_->Run(launch_)->status, isa::Status::kDone);
}

TEST_P(Chip, SoftResetInTheMiddleOfTransfersLeavesAWorkingCore) {
  Load(Chain(32));
  sim::DramTiming timing;
  timing.latency = 200;
  timing.stall_percent = 30;
  chip_->dram().SetTiming(timing);
  for (uint32_t delay : {0u, 100u, 333u, 700u}) {
    ASSERT_TRUE(host_->Start(launch_).ok());
    ASSERT_TRUE(chip_->Step(delay).ok());
    const uint32_t reset[] = {4};
    ASSERT_TRUE(host_->WriteRegisters(isa::kRegControl, reset).ok());
    ASSERT_TRUE(chip_->Step(2000).ok());
    const auto result = host_->ReadResult();
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->status, isa::Status::kIdle);
    const auto next = host_->Run(launch_);
    ASSERT_TRUE(next.ok()) << next.status().ToString();
    EXPECT_EQ(next->status, isa::Status::kDone);
  }
}

TEST_P(Chip, TraceHoldsOneRecordForEachInstruction) {
  Load(Chain(16));
  const uint32_t ring[] = {0x80000, 64};
  ASSERT_TRUE(host_->WriteRegisters(isa::kRegTraceBase, ring).ok());
  const auto run = host_->Run(launch_);
  ASSERT_TRUE(run.ok()) << run.status().ToString();
  const sim::LaunchResult result = *run;
  const auto counts = host_->ReadRegisters(isa::kRegTraceCount, 2);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ((*counts)[0], 6);
  EXPECT_EQ((*counts)[1], 0);
  uint32_t per_queue[isa::kNumQueues] = {};
  for (uint32_t i = 0; i < 6; ++i) {
    uint32_t record[4];
    std::memcpy(record, chip_->dram().data() + ring[0] + 16 * i, sizeof record);
    EXPECT_LT(record[0], record[1]);
    EXPECT_LE(record[1], result.cycles);
    const uint32_t queue = record[2] >> 24;
    ASSERT_LT(queue, isa::kNumQueues);
    EXPECT_EQ(record[2] & 0xFFFFFF, per_queue[queue]++);
    EXPECT_EQ(record[3], 0);
  }
}

TEST_P(Chip, CountersCountInstructionsAndBytes) {
  Load(Chain(16));
  const sim::LaunchResult result = RunOnBoth();
  const auto counter = [&](Queue queue, isa::Counter c) {
    return result.counters[static_cast<size_t>(queue)][static_cast<size_t>(c)];
  };
  EXPECT_EQ(counter(Queue::kDma0, isa::Counter::kInstructions), 2);
  EXPECT_EQ(counter(Queue::kTensor, isa::Counter::kInstructions), 1);
  EXPECT_EQ(counter(Queue::kDma0, isa::Counter::kBytesRead), 16 * 4 * p());
  EXPECT_EQ(counter(Queue::kDma0, isa::Counter::kBytesWritten), 16 * 4 * p());
  EXPECT_EQ(counter(Queue::kDma1, isa::Counter::kBytesRead), 4 * p() * p());
  EXPECT_GT(counter(Queue::kTensor, isa::Counter::kStallSemaphore), 0);
  EXPECT_GT(counter(Queue::kTensor, isa::Counter::kBusy), 16);
  EXPECT_LT(counter(Queue::kTensor, isa::Counter::kBusy), result.cycles);
}

// A word of four elements is read once, so that the two streams need their bank half the time.
TEST_P(Chip, TwoByteStreamsInOneBankTakeOneElementPerCycle) {
  isa::VectorInstruction add;
  add.opcode = static_cast<uint32_t>(isa::Opcode::kTensorTensor);
  add.alu0 = static_cast<uint32_t>(isa::Alu::kAdd);
  add.in0_dtype = add.in1_dtype = add.out_dtype = static_cast<uint32_t>(isa::Dtype::kInt8);
  add.part_count = p();
  add.in1_base = 0x400;
  add.out_base = 0x800;
  add.size0 = 512;
  add.size1 = add.size2 = 1;
  add.in0_stride0 = add.in1_stride0 = add.out_stride0 = 1;
  Program program;
  program.Add(Queue::kVector, add);
  Load(program);
  const sim::LaunchResult result = RunOnBoth();
  const auto& counters = result.counters[static_cast<size_t>(Queue::kVector)];
  const uint64_t lane_groups = p() / chip_->config().vector_lanes;
  EXPECT_LE(counters[static_cast<size_t>(isa::Counter::kBusy)], lane_groups * (512 + 20));
  EXPECT_LE(counters[static_cast<size_t>(isa::Counter::kStallBank)], lane_groups * 4);
}

INSTANTIATE_TEST_SUITE_P(Configurations, Chip, ::testing::ValuesIn(sim::RtlConfigs()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace neuron::test
