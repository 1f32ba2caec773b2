// SPDX-License-Identifier: Apache-2.0
// Strict mode: what it reports, and what it does not.
#include <gtest/gtest.h>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Opcode;
using isa::Queue;
using isa::Space;

isa::VectorInstruction FillWords(uint32_t address, uint32_t n) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, n);
  i.out_base = address;
  return i;
}
isa::ScalarInstruction Copy(uint32_t from, uint32_t to, uint32_t n) {
  isa::ScalarInstruction i = Scalar(Opcode::kActivate, 4, n);
  i.in_base = from;
  i.out_base = to;
  return i;
}
template <typename Instruction>
Instruction Signals(Instruction i, uint32_t semaphore) {
  i.update0_op = Field(isa::UpdateOp::kAdd);
  i.update0_sem = semaphore;
  i.update0_value = 1;
  return i;
}
template <typename Instruction>
Instruction WaitsFor(Instruction i, uint32_t semaphore, uint32_t value,
                     isa::WaitOp op = isa::WaitOp::kGe) {
  i.wait0_op = Field(op);
  i.wait0_sem = semaphore;
  i.wait0_value = value;
  return i;
}

TEST(Strict, ReportsUninitialisedReadsOncePerOperand) {
  TestProgram program("tiny");
  program.Add(Copy(8, 64, 2));
  const LaunchResult result = program.Run();
  ASSERT_EQ(result.finding_count, 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kUninitialisedRead);
  EXPECT_EQ(result.findings[0].instruction, (InstructionId{Queue::kScalar, 0}));
  EXPECT_EQ(result.findings[0].address, 8u);
  EXPECT_EQ(result.findings[0].operand, "in");
  EXPECT_EQ(result.findings[0].ToString(),
            "uninitialised read: scalar instruction 0 (in) at sbuf partition 0, byte 0x8");
}

TEST(Strict, InitialisationPersistsAcrossLaunches) {
  TestProgram program("tiny");
  program.Add(FillWords(0, 4));
  EXPECT_EQ(program.Run().finding_count, 0u);
  program.Add(Copy(0, 64, 4));
  EXPECT_EQ(program.Run().finding_count, 0u);
  program.Add(Copy(4, 64, 4));
  const LaunchResult result = program.Run();
  ASSERT_EQ(result.finding_count, 1u);
  EXPECT_EQ(result.findings[0].address, 16u) << "the first byte that nothing has written";
}

TEST(Strict, AccumulatingIntoUninitialisedPsumIsReported) {
  for (uint32_t accumulate : {0u, 1u}) {
    TestProgram program("tiny");
    program.core.strict_checker().MarkInitialised(Space::kSbuf);
    isa::TensorInstruction i = Matmul(4, 4, 8);
    i.accumulate = accumulate;
    program.Add(i);
    EXPECT_EQ(program.Run().finding_count, accumulate);
  }
}

TEST(Strict, ReadWithoutSemaphoreAfterWriteIsARace) {
  TestProgram program("tiny");
  program.MarkInitialised();
  program.Add(FillWords(0, 4));
  program.Add(Copy(12, 64, 4));
  const LaunchResult result = program.Run();
  ASSERT_EQ(result.finding_count, 1u);
  const Finding& finding = result.findings[0];
  EXPECT_EQ(finding.kind, FindingKind::kRace);
  EXPECT_EQ(finding.instruction, (InstructionId{Queue::kScalar, 0}));
  EXPECT_EQ(finding.other, (InstructionId{Queue::kVector, 0}));
  EXPECT_EQ(finding.address, 12u);
}

TEST(Strict, SemaphoreOrdersQueues) {
  TestProgram program("tiny");
  program.Add(Signals(FillWords(0, 4), 1));
  program.Add(WaitsFor(Copy(0, 64, 4), 1, 1));
  EXPECT_EQ(program.Run().finding_count, 0u);
}

TEST(Strict, WaitThatIsOneTooLowIsARaceAlthoughTheValueCameInTime) {
  for (uint32_t value : {1u, 2u}) {
    TestProgram program("tiny");
    program.MarkInitialised();
    program.Add(Signals(FillWords(0, 4), 1));
    program.Add(Signals(FillWords(16, 4), 1));
    // A long instruction first, so that both writes are done when the copy starts.
    program.Add(Copy(1024, 2048, 200));
    program.Add(WaitsFor(Copy(16, 64, 4), 1, value));
    EXPECT_EQ(program.Run().finding_count, value == 2 ? 0u : 1u) << value;
  }
}

TEST(Strict, OrderTravelsThroughAThirdQueue) {
  TestProgram program("tiny");
  program.MarkInitialised();
  program.Add(Signals(FillWords(0, 4), 1));
  program.Add(Signals(WaitsFor(Copy(512, 600, 1), 1, 1), 2));
  program.Add(WaitsFor(Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kDram, 0, 4), 2, 1));
  EXPECT_EQ(program.Run().finding_count, 0u);
}

TEST(Strict, AcquireOrdersLikeATokenQueue) {
  TestProgram program("tiny");
  program.MarkInitialised();
  for (uint32_t n = 0; n < 3; ++n) {
    program.Add(Signals(FillWords(n * 16, 4), 1));
    program.Add(WaitsFor(Copy(n * 16, 256, 4), 1, 1, isa::WaitOp::kAcquire));
  }
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.finding_count, 0u);
  EXPECT_EQ(result.semaphores[1], 0u);
}

TEST(Strict, OverwritingWhatAnotherQueueMayStillReadIsARace) {
  TestProgram program("tiny");
  program.MarkInitialised();
  program.Add(Copy(0, 64, 4));
  program.Add(FillWords(0, 4));
  const LaunchResult result = program.Run();
  ASSERT_EQ(result.finding_count, 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kRace);
}

TEST(Strict, DmaReadMayOvertakeAWriteOfItsOwnQueue) {
  const auto run = [](bool waits) {
    TestProgram program("tiny");
    program.Add(Signals(Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 4), 3));
    isa::DmaInstruction back = Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kDram, 64, 4);
    program.Add(waits ? WaitsFor(back, 3, 1) : back);
    return program.Run().finding_count;
  };
  EXPECT_EQ(run(true), 0u);
  EXPECT_EQ(run(false), 1u);
}

TEST(Strict, OverlappingDmaInDramIsARace) {
  TestProgram program("tiny");
  program.MarkInitialised();
  program.Add(Queue::kDma0, Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kDram, 0, 8));
  program.Add(Queue::kDma1, Dma(Opcode::kDmaCopy, Space::kSbuf, 64, Space::kDram, 28, 8));
  const LaunchResult result = program.Run();
  ASSERT_EQ(result.finding_count, 1u);
  EXPECT_EQ(result.findings[0].space, Space::kDram);
  EXPECT_EQ(result.findings[0].address, TestProgram::kDataBase + 28);
}

TEST(Strict, InterleavedDmaWithoutCommonBytesIsFine) {
  TestProgram program("tiny");
  program.MarkInitialised();
  isa::DmaInstruction even = Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kDram, 0, 8);
  even.dst_stride0 = 8;
  isa::DmaInstruction odd = even;
  odd.dst_base = 4;
  program.Add(Queue::kDma0, even);
  program.Add(Queue::kDma1, odd);
  EXPECT_EQ(program.Run().finding_count, 0u);
}

TEST(Strict, OutputMayReplaceItsInputInPlaceOnly) {
  for (uint32_t out : {0u, 4u}) {
    TestProgram program("tiny");
    program.MarkInitialised();
    program.Add(Copy(0, out, 4));
    const LaunchResult result = program.Run();
    ASSERT_EQ(result.finding_count, out == 0 ? 0u : 1u);
    if (out != 0) {
      EXPECT_EQ(result.findings[0].kind, FindingKind::kOverlappingOperands);
    }
  }
}

TEST(Strict, EarlierLaunchesAreOrderedBeforeLaterOnes) {
  TestProgram program("tiny");
  program.Add(FillWords(0, 4));
  EXPECT_EQ(program.Run().finding_count, 0u);
  program.Add(Copy(0, 64, 4));
  EXPECT_EQ(program.Run().finding_count, 0u);
}

TEST(Strict, CanBeSwitchedOff) {
  FunctionalOptions options;
  options.strict = false;
  TestProgram program("tiny", options);
  program.Add(FillWords(0, 4));
  program.Add(Copy(12, 64, 4));
  EXPECT_EQ(program.Run().finding_count, 0u);
}

}  // namespace
}  // namespace neuron::sim
