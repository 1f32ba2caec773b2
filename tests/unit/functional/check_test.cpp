// SPDX-License-Identifier: Apache-2.0
// The instruction checker: which fault, at which word or address (docs/isa.md section 6).
#include <gtest/gtest.h>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Error;
using isa::Fault;
using isa::Opcode;
using isa::Queue;
using isa::Space;

template <typename Instruction>
std::optional<Fault> Check(const Instruction& instruction, Queue queue) {
  std::array<uint32_t, isa::kInstructionWords> words;
  instruction.Encode(words);
  const isa::Segment segments[] = {{0, 4096, true, false}, {4096, 1024, true, true}};
  return isa::CheckInstruction(*isa::FindConfig("tiny"), queue, words, segments);
}
Fault Illegal(uint32_t word) { return {Error::kIllegalInstruction, word}; }
Fault Range(uint32_t address) { return {Error::kAccessRange, address}; }

TEST(Check, LegalInstructionsPass) {
  EXPECT_EQ(Check(Matmul(4, 4, 8), Queue::kTensor), std::nullopt);
  EXPECT_EQ(Check(Vector(Opcode::kReduce, 4, 8), Queue::kVector), Illegal(7)) << "alu0 is bypass";
  EXPECT_EQ(Check(Vector(Opcode::kTensorTensor, 4, 8), Queue::kVector), std::nullopt);
  EXPECT_EQ(Check(Scalar(Opcode::kActivate, 4, 8), Queue::kScalar), std::nullopt);
  EXPECT_EQ(Check(Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 8), Queue::kDma1),
            std::nullopt);
}

TEST(Check, UnknownOpcodesAndThoseOfOtherEnginesAreIllegal) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, 8);
  EXPECT_EQ(Check(i, Queue::kScalar), Illegal(0));
  i.opcode = 255;
  EXPECT_EQ(Check(i, Queue::kVector), Illegal(0));
}

TEST(Check, LowestWordAtFaultIsReported) {
  isa::TensorInstruction i = Matmul(4, 4, 513);
  i.outer_size2 = 0;
  EXPECT_EQ(Check(i, Queue::kTensor), Illegal(14));
  i.column_start = 1;
  EXPECT_EQ(Check(i, Queue::kTensor), Illegal(8));
  i.moving_dtype = Field(isa::Dtype::kInt8);
  EXPECT_EQ(Check(i, Queue::kTensor), Illegal(7)) << "a float and an integer operand";
  i.part_count = 0;
  EXPECT_EQ(Check(i, Queue::kTensor), Illegal(0));
}

TEST(Check, MovingStreamIsLimited) {
  EXPECT_EQ(Check(Matmul(4, 4, 512), Queue::kTensor), std::nullopt);
  isa::TensorInstruction i = Matmul(4, 4, 171);
  i.inner_size1 = 3;
  EXPECT_EQ(Check(i, Queue::kTensor), Illegal(21));
}

TEST(Check, PsumHoldsWordsOnly) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, 8);
  i.out_space = Field(Space::kPsum);
  EXPECT_EQ(Check(i, Queue::kVector), std::nullopt);
  i.out_dtype = Field(isa::Dtype::kBf16);
  EXPECT_EQ(Check(i, Queue::kVector), Illegal(7));
  i.out_dtype = 0;
  i.out_space = Field(Space::kDram);
  EXPECT_EQ(Check(i, Queue::kVector), Illegal(7));
}

TEST(Check, UnusedOperandsAreIgnored) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, 8);
  i.in0_dtype = 15;
  i.in0_base = 0xFFFFFF;
  i.scalar1_operand = 1;
  i.scalar1 = 0xFFFFFFFF;
  i.window_size0 = 0;
  EXPECT_EQ(Check(i, Queue::kVector), std::nullopt);
}

TEST(Check, TablesNeedSegmentsThatTheFunctionCanIndex) {
  isa::ScalarInstruction i = Scalar(Opcode::kActivate, 4, 8);
  i.table_index_bits = 15;
  EXPECT_EQ(Check(i, Queue::kScalar), std::nullopt) << "identity has no table";
  i.func = Field(isa::Func::kLog);
  EXPECT_EQ(Check(i, Queue::kScalar), Illegal(17));
  i.table_index_bits = 3;
  EXPECT_EQ(Check(i, Queue::kScalar), std::nullopt);
  i.func = Field(isa::Func::kExp);
  EXPECT_EQ(Check(i, Queue::kScalar), Illegal(17));
  EXPECT_EQ(Check(Scalar(Opcode::kLoadTable, 3, 8), Queue::kScalar), Illegal(0));
}

TEST(Check, RangeFaultsHoldTheLowestOrTheHighestByte) {
  isa::VectorInstruction i = Vector(Opcode::kFill, 4, 8);
  i.out_base = 4096 - 32;
  EXPECT_EQ(Check(i, Queue::kVector), std::nullopt);
  i.out_base += 4;
  EXPECT_EQ(Check(i, Queue::kVector), Range(4099));
  i.out_base = 16;
  i.out_stride0 = -4;
  EXPECT_EQ(Check(i, Queue::kVector), Range(static_cast<uint32_t>(-12)));
  i.out_stride0 = 6;
  EXPECT_EQ(Check(i, Queue::kVector), Range(16)) << "misaligned stride";
  i.size0 = 1;
  EXPECT_EQ(Check(i, Queue::kVector), std::nullopt) << "the stride is not used";
}

TEST(Check, PatternsAreCheckedInOrder) {
  isa::TensorInstruction i = Matmul(4, 4, 8);
  i.psum_base = 4096;
  EXPECT_EQ(Check(i, Queue::kTensor), Range(4096 + 31));
  i.moving_base = 4096;
  i.psum_base = 1;
  EXPECT_EQ(Check(i, Queue::kTensor), Range(4096 + 31));
  i.stationary_base = 2;
  EXPECT_EQ(Check(i, Queue::kTensor), Range(2));
}

TEST(Check, DmaPartitionsAndOffsetsHaveTheirOwnRanges) {
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 4);
  i.dst_stride0 = kPartition;
  EXPECT_EQ(Check(i, Queue::kDma0), std::nullopt);
  i.dst_base = kPartition;
  EXPECT_EQ(Check(i, Queue::kDma0), Range(4 * kPartition + 3));
  i.dst_base = 3 * kPartition + 8;
  i.dst_stride0 = -static_cast<int32_t>(kPartition) - 4;
  EXPECT_EQ(Check(i, Queue::kDma0), Range(static_cast<uint32_t>(8 - 12)));
  i.dst_stride0 = -static_cast<int32_t>(kPartition) + 4;
  EXPECT_EQ(Check(i, Queue::kDma0), std::nullopt);
}

TEST(Check, DmaCountsPaddingAndSpaces) {
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 4);
  i.pad_low0 = 1;
  EXPECT_EQ(Check(i, Queue::kDma0), Illegal(27));
  i.dst_size1 = 2;
  EXPECT_EQ(Check(i, Queue::kDma0), Illegal(18));
  i.dst_space = Field(Space::kPsum);
  EXPECT_EQ(Check(i, Queue::kDma0), Illegal(7));
  isa::DmaInstruction transpose = Dma(Opcode::kDmaTranspose, Space::kSbuf, 0, Space::kSbuf, 0, 5);
  transpose.part_count = 4;
  EXPECT_EQ(Check(transpose, Queue::kDma0), Illegal(10));
}

TEST(Check, SegmentsHavePermissionsAndLimits) {
  const auto fault = [](uint32_t segment, uint32_t offset) {
    return Fault{Error::kSegmentViolation, uint64_t{segment} << 32 | offset};
  };
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kDram, 1024 - 16, 4);
  EXPECT_EQ(Check(i, Queue::kDma0), std::nullopt);
  i.dst_base += 1;
  EXPECT_EQ(Check(i, Queue::kDma0), fault(1, 1024));
  i.dst_base = 0;
  i.dst_segment = 0;
  EXPECT_EQ(Check(i, Queue::kDma0), fault(0, 15)) << "not writable";
  i.dst_segment = 63;
  EXPECT_EQ(Check(i, Queue::kDma0), fault(63, 15)) << "not set up";
  i.dst_segment = 1;
  i.dst_stride0 = -4;
  EXPECT_EQ(Check(i, Queue::kDma0), fault(1, static_cast<uint32_t>(-12)));
}

TEST(Check, WhollyPaddedSourceIsNotChecked) {
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kDram, 0xFFFFFFF0, Space::kSbuf, 0, 4);
  EXPECT_EQ(Check(i, Queue::kDma0)->code, Error::kSegmentViolation);
  i.valid0 = 0;
  EXPECT_EQ(Check(i, Queue::kDma0), std::nullopt);
}

TEST(Check, IndirectSourceIsCheckedUpToItsLimitAndItsListInSbuf) {
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 4);
  i.indirect = 1;
  i.src_stride3 = 16;
  i.index_limit = 64;
  EXPECT_EQ(Check(i, Queue::kDma0), std::nullopt);
  i.index_limit = 65;
  EXPECT_EQ(Check(i, Queue::kDma0)->code, Error::kSegmentViolation);
  i.index_base = 4 * kPartition;
  EXPECT_EQ(Check(i, Queue::kDma0), Range(4 * kPartition + 3));
}

TEST(Check, FaultsHaveText) {
  EXPECT_EQ(isa::Describe(Illegal(7)), "illegal_instruction: field in word 7");
  EXPECT_EQ(isa::Describe({Error::kSegmentViolation, (uint64_t{3} << 32) | 16}),
            "segment_violation: segment 3, offset 0x00000010");
}

}  // namespace
}  // namespace neuron::sim
