// SPDX-License-Identifier: Apache-2.0
// Launches: queues and semaphores, errors and what comes after them, hang reports, estimates.
#include <gtest/gtest.h>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Error;
using isa::Opcode;
using isa::Queue;
using isa::Space;
using isa::UpdateOp;
using isa::WaitOp;

isa::VectorInstruction FillWith(uint32_t address, float value) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, 4);
  i.out_base = address;
  i.scalar0 = Bits(value);
  return i;
}

// DRAM -> SBUF -> TensorE -> VectorE -> DRAM with semaphores, twice the input in the end.
void AddPipeline(TestProgram& program) {
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t n = 0; n < 8; ++n) {
      StoreElement(program.dram.data() + TestProgram::kDataBase + (p * 8 + n) * 4, 4,
                   Bits(static_cast<float>(p * 8 + n)));
    }
  }
  isa::DmaInstruction load = Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 8);
  load.src_size1 = load.dst_size1 = load.valid1 = 4;
  load.src_stride1 = 32;
  load.dst_stride1 = 1 << 20;
  load.update0_op = Field(UpdateOp::kAdd);
  load.update0_sem = 3;
  load.update0_value = 1;
  program.Add(load);
  // Twice the identity as weights.
  isa::VectorInstruction zero = Vector(Opcode::kFill, 4, 4);
  zero.out_base = 64;
  program.Add(zero);
  for (uint32_t p = 0; p < 4; ++p) {
    isa::VectorInstruction two = FillWith(64 + 4 * p, 2);
    two.size0 = 1;
    two.part_start = p;
    two.part_count = 1;
    two.update0_op = Field(UpdateOp::kAdd);
    two.update0_sem = 1;
    two.update0_value = 1;
    program.Add(two);
  }
  isa::TensorInstruction product = Matmul(4, 4, 8);
  product.stationary_base = 64;
  product.wait0_op = product.wait1_op = Field(WaitOp::kGe);
  product.wait0_sem = 3;
  product.wait0_value = 1;
  product.wait1_sem = 1;
  product.wait1_value = 4;
  product.update0_op = Field(UpdateOp::kAdd);
  product.update0_value = 1;
  program.Add(product);
  isa::ScalarInstruction out = Scalar(Opcode::kActivate, 4, 8);
  out.in_space = Field(Space::kPsum);
  out.out_base = 128;
  out.wait0_op = Field(WaitOp::kGe);
  out.wait0_value = 1;
  out.update0_op = Field(UpdateOp::kAdd);
  out.update0_sem = 2;
  out.update0_value = 1;
  program.Add(out);
  isa::DmaInstruction store = Dma(Opcode::kDmaCopy, Space::kSbuf, 128, Space::kDram, 256, 8);
  store.src_size1 = store.dst_size1 = store.valid1 = 4;
  store.src_stride1 = 1 << 20;
  store.dst_stride1 = 32;
  store.wait0_op = Field(WaitOp::kGe);
  store.wait0_sem = 2;
  store.wait0_value = 1;
  program.Add(Queue::kDma1, store);
}

void ExpectPipelineResult(const TestProgram& program, const LaunchResult& result) {
  EXPECT_EQ(result.status, isa::Status::kDone);
  for (const Finding& finding : result.findings) ADD_FAILURE() << finding.ToString();
  for (uint32_t n = 0; n < 32; ++n) {
    const std::byte* at = program.dram.data() + TestProgram::kDataBase + 256 + n * 4;
    EXPECT_EQ(Value(LoadElement(at, 4)), 2.0F * static_cast<float>(n));
  }
}

TEST(Launch, PipelineRunsTwiceWithoutReset) {
  TestProgram program("tiny");
  for (int run = 0; run < 2; ++run) {
    std::fill(program.dram.begin(), program.dram.end(), std::byte{0});
    AddPipeline(program);
    ExpectPipelineResult(program, program.Run());
  }
}

TEST(Launch, EveryInterleavingGivesTheSameResult) {
  for (uint64_t seed = 1; seed < 50; ++seed) {
    FunctionalOptions options;
    options.seed = seed;
    TestProgram program("tiny", options);
    AddPipeline(program);
    ExpectPipelineResult(program, program.Run());
  }
}

TEST(Launch, CountsInstructionsAndBytesAndEstimatesCycles) {
  FunctionalOptions options;
  options.record_timeline = true;
  TestProgram program("tiny", options);
  AddPipeline(program);
  const LaunchResult result = program.Run();
  const auto counter = [&](Queue q, isa::Counter c) {
    return result.counters[static_cast<uint32_t>(q)][static_cast<uint32_t>(c)];
  };
  EXPECT_EQ(counter(Queue::kVector, isa::Counter::kInstructions), 5u);
  EXPECT_EQ(counter(Queue::kDma0, isa::Counter::kBytesRead), 128u);
  EXPECT_EQ(counter(Queue::kDma1, isa::Counter::kBytesWritten), 128u);
  EXPECT_GT(counter(Queue::kTensor, isa::Counter::kStallSemaphore), 0u);
  EXPECT_EQ(result.timeline.size(), 9u);
  for (const InstructionTiming& timing : result.timeline) EXPECT_LE(timing.end, result.cycles);
}

// The array reads a bank in each cycle, first of all engines; a store reads rows of four banks.
TEST(Launch, StoresTakeLongerBesideTheArray) {
  const auto run = [](bool beside, bool store_first) {
    TestProgram program;
    program.MarkInitialised();
    isa::DmaInstruction store = Dma(Opcode::kDmaCopy, Space::kSbuf, 8192, Space::kDram, 0, 1024);
    if (!store_first) {
      store.wait0_op = Field(WaitOp::kGe);
      store.wait0_sem = 5;
      store.wait0_value = 1;
    }
    isa::TensorInstruction product = Matmul(4, 4, 512);
    product.stationary_base = 4096;
    product.outer_size1 = 4;
    isa::VectorInstruction fill = FillWith(16384, 0);
    fill.update0_op = Field(UpdateOp::kAdd);
    fill.update0_sem = 5;
    fill.update0_value = 1;
    if (beside) program.Add(product);
    program.Add(fill);
    program.Add(store);
    return program.Run().counters[static_cast<uint32_t>(Queue::kDma0)];
  };
  const auto stalls = static_cast<uint32_t>(isa::Counter::kStallBank);
  const auto busy = static_cast<uint32_t>(isa::Counter::kBusy);
  for (const bool store_first : {false, true}) {
    const auto alone = run(false, store_first);
    const auto beside = run(true, store_first);
    EXPECT_EQ(alone[stalls], 0u);
    EXPECT_GT(beside[stalls], 700u) << "256 rows, each of which takes 4 cycles";
    EXPECT_LT(beside[stalls], 800u);
    EXPECT_EQ(beside[busy], alone[busy] + beside[stalls]);
  }
}

TEST(Launch, NothingToDoIsDone) {
  TestProgram program("tiny");
  EXPECT_EQ(program.Run().status, isa::Status::kDone);
}

TEST(Launch, DeadlockIsReportedWithWhatEachQueueWaitsFor) {
  TestProgram program("tiny");
  program.Add(FillWith(0, 1));
  isa::VectorInstruction stuck = FillWith(0, 2);
  stuck.wait0_op = Field(WaitOp::kGe);
  stuck.wait0_sem = 7;
  stuck.wait0_value = 5;
  stuck.update0_op = Field(UpdateOp::kAdd);
  program.Add(stuck);
  program.launch.watchdog = 1000;
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.error, (ErrorRecord{Error::kWatchdog, Queue::kVector, 1, 0}));
  EXPECT_EQ(result.queues[1].state, isa::WaitState::kSemaphore);
  EXPECT_EQ(result.queues[1].semaphore, 7u);
  EXPECT_NE(result.hang_report.find(
                "vector: instruction 1 of 2 (fill) waits until semaphore 7 >= 5 (now 0)"),
            std::string::npos)
      << result.hang_report;
  EXPECT_NE(result.hang_report.find("tensor: done"), std::string::npos);
  EXPECT_EQ(Value(program.Sbuf(0, 0)), 1.0F) << "the stuck instruction did nothing";

  program.Add(FillWith(0, 3));
  EXPECT_EQ(program.Run().status, isa::Status::kDone) << "the next launch works";
}

TEST(Launch, InstructionBeyondTheWatchdogIsStoppedBeforeItStarts) {
  TestProgram program("tiny");
  isa::VectorInstruction endless = FillWith(0, 1);
  endless.size0 = endless.size1 = endless.size2 = 65535;
  endless.out_stride0 = 0;
  program.launch.watchdog = 100000;
  program.Add(endless);
  EXPECT_EQ(program.Run().error.code, Error::kWatchdog);
}

TEST(Launch, SemaphoreFaultsStopAndNameTheSemaphore) {
  const auto run = [](UpdateOp op, uint32_t value) {
    TestProgram program("tiny");
    isa::VectorInstruction i = FillWith(0, 1);
    i.update0_op = Field(UpdateOp::kAdd);
    i.update0_sem = 9;
    i.update0_value = 1;
    i.update1_op = Field(op);
    i.update1_sem = 9;
    i.update1_value = value;
    program.Add(i);
    return program.Run();
  };
  EXPECT_EQ(run(UpdateOp::kSub, 1).status, isa::Status::kDone);
  const LaunchResult below = run(UpdateOp::kSub, 2);
  EXPECT_EQ(below.error, (ErrorRecord{Error::kSemaphoreFault, Queue::kVector, 0, 9}));
  EXPECT_EQ(below.semaphores[9], 1u) << "a faulty update changes nothing";
  EXPECT_EQ(run(UpdateOp::kAdd, 0xFFFFFE).semaphores[9], 0xFFFFFFu);
  EXPECT_EQ(run(UpdateOp::kAdd, 0xFFFFFF).error.code, Error::kSemaphoreFault);
}

TEST(Launch, FaultyInstructionTouchesNothingAndLaterOnesDoNotStart) {
  TestProgram program("tiny");
  program.Add(FillWith(0, 1));
  isa::VectorInstruction bad = FillWith(4096 - 4, 2);
  program.Add(bad);
  program.Add(FillWith(0, 3));
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.error, (ErrorRecord{Error::kAccessRange, Queue::kVector, 1, 4096 + 11}));
  EXPECT_EQ(Value(program.Sbuf(0, 0)), 1.0F);
  EXPECT_EQ(program.Sbuf(0, 4092), 0u);
}

TEST(Launch, FetchBeyondTheImageIsASegmentViolation) {
  TestProgram program("tiny");
  program.launch.segments[0].limit = isa::kInstructionBytes;
  program.Add(FillWith(0, 1));
  program.Add(FillWith(0, 2));
  EXPECT_EQ(program.Run().error, (ErrorRecord{Error::kSegmentViolation, Queue::kVector, 1, 255}));
}

TEST(Launch, AbortStopsTheNextInstructionOnly) {
  TestProgram program("tiny");
  program.core.RequestAbort();
  program.Add(FillWith(0, 1));
  EXPECT_EQ(program.Run().error.code, Error::kAborted);
  program.Add(FillWith(0, 1));
  EXPECT_EQ(program.Run().status, isa::Status::kDone);
}

TEST(Launch, AForgottenAbortStopsNothing) {
  TestProgram program("tiny");
  program.core.RequestAbort();
  program.core.ForgetAbort();
  program.Add(FillWith(0, 1));
  EXPECT_EQ(program.Run().status, isa::Status::kDone);
}

}  // namespace
}  // namespace neuron::sim
