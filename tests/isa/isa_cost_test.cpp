// SPDX-License-Identifier: Apache-2.0
// What the compiler takes for granted of the cost model (docs/compiler.md).
#include <gtest/gtest.h>

#include <array>

#include "isa/cost/cost_model.h"
#include "isa/cost/sbuf_reads.h"

namespace neuron::isa {
namespace {

constexpr uint32_t kTaps = 9;

template <typename Instruction>
uint64_t OccupancyOf(const Config& config, const Instruction& instruction) {
  std::array<uint32_t, kInstructionWords> words;
  instruction.Encode(words);
  return EstimateCost(config, {}, words).occupancy;
}

// A 3x3 depthwise convolution of P channels, `positions` outputs each: one matmul whose outer loops
// walk the taps, each a diagonal of weights.
uint64_t OnTheArray(const Config& config, uint32_t positions) {
  TensorInstruction op;
  op.opcode = static_cast<uint32_t>(Opcode::kMatmul);
  op.part_count = config.p;
  op.column_count = config.p;
  op.outer_size0 = kTaps;
  op.outer_size1 = op.outer_size2 = 1;
  op.inner_size0 = positions;
  op.inner_size1 = op.inner_size2 = 1;
  return OccupancyOf(config, op);
}

// The same on VectorE: for each tap, sums = (inputs * weight) + sums.
uint64_t OnVectorE(const Config& config, uint32_t positions) {
  VectorInstruction op;
  op.opcode = static_cast<uint32_t>(Opcode::kScalarTensorTensor);
  op.part_count = config.p;
  op.alu0 = static_cast<uint32_t>(Alu::kMul);
  op.alu1 = static_cast<uint32_t>(Alu::kAdd);
  op.scalar0_operand = static_cast<uint32_t>(Operand::kPartition);
  op.size0 = positions;
  op.size1 = op.size2 = 1;
  op.window_size0 = op.window_size1 = op.window_size2 = 1;
  return kTaps * OccupancyOf(config, op);
}

TEST(Cost, DepthwiseConvolutionsAreNoFasterOnVectorE) {
  for (const Config& config : kConfigs) {
    for (uint32_t positions = 1; positions <= kMaxMoving; ++positions) {
      EXPECT_LE(OnTheArray(config, positions), OnVectorE(config, positions))
          << config.name << ", " << positions << " positions";
    }
  }
}

// One pass of vectors `stride` bytes apart, of which the array reads a word each.
TensorInstruction Stream(uint32_t vectors, int32_t stride) {
  TensorInstruction op;
  op.opcode = static_cast<uint32_t>(Opcode::kMatmul);
  op.column_count = 1;
  op.moving_base = 16;
  op.stationary_base = 272;
  op.outer_size0 = op.outer_size1 = op.outer_size2 = 1;
  op.inner_size0 = vectors;
  op.inner_size1 = op.inner_size2 = 1;
  op.moving_stride0 = stride;
  return op;
}

std::array<uint32_t, kInstructionWords> Encoded(const TensorInstruction& instruction) {
  std::array<uint32_t, kInstructionWords> words;
  instruction.Encode(words);
  return words;
}

// sim: 8 banks, rows of 4 words. Vectors in neighbouring words stay in a row's banks for 4 cycles,
// every second word for 2, every fourth for 1.
TEST(SbufReads, RowsWaitForTheGroupOfBanksThatVectorsWalkThrough) {
  const Config& sim = *FindConfig("sim");
  const auto percent = [&](int32_t stride) {
    const ReadShare share = RowReadsBeside(sim, Stream(kMaxMoving, stride));
    EXPECT_EQ(share.cycles, kMaxMoving);
    return (share.granted * 100 + share.cycles / 2) / share.cycles;
  };
  EXPECT_EQ(percent(4), 25u) << "FP32 side by side";
  EXPECT_EQ(percent(8), 50u) << "FP32, every second";
  EXPECT_NEAR(static_cast<double>(percent(16)), 100, 1) << "in step with the rows";
  EXPECT_EQ(percent(1), 94u) << "INT8: one read for four vectors, refused once in a group";
}

TEST(SbufReads, RowsOfAllBanksWaitForEveryRead) {
  Config narrow = *FindConfig("sim");
  narrow.sbuf_banks = 4;
  EXPECT_EQ(RowReadsBeside(narrow, Stream(kMaxMoving, 4)).granted, 0u);
  SbufReads reads(narrow);
  reads.Stream(0, 512, Encoded(Stream(kMaxMoving, 4)));
  EXPECT_EQ(reads.Read(0, 100, 50, 50), 562u) << "the stream's end and the work";
}

TEST(SbufReads, DmaLosesOnlyWhatItReadsBesideAStream) {
  const auto stream = Encoded(Stream(kMaxMoving, 4));
  SbufReads reads(*FindConfig("sim"));
  EXPECT_EQ(reads.Read(0, 0, 100, 100), 100u) << "nothing streams";
  EXPECT_EQ(reads.Read(1, 0, 100, 0), 100u);
  reads.Stream(60, 60 + 512, stream);
  EXPECT_EQ(reads.end(0), 60u + 4 * 40) << "the last 40 rows at a quarter of the rate";
  EXPECT_EQ(reads.end(1), 100u) << "it reads no SBUF";
  EXPECT_EQ(reads.Read(1, 300, 100, 25), 400u) << "a row in four cycles is never late";
  EXPECT_EQ(reads.Read(0, 532, 100, 100), 532u + 40 + 90) << "10 rows in the stream's last 40";
  reads.Stream(1000, 1512, stream);
  EXPECT_EQ(reads.end(0), 662u) << "done before";
}

}  // namespace
}  // namespace neuron::isa
