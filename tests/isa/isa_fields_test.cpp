// SPDX-License-Identifier: Apache-2.0
// The hardware's view of an instruction is the encoder's.
#include <gtest/gtest.h>
#include <verilated.h>

#include <array>
#include <random>

#include "Visa_fields.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

class IsaFieldsTest : public testing::Test {
 protected:
  IsaFieldsTest() : model_(&context_) {}

  void Show(std::span<const uint32_t> words) {
    for (uint32_t i = 0; i < kInstructionWords; ++i) model_.instr_i[i] = words[i];
    model_.eval();
  }

  VerilatedContext context_;
  Visa_fields model_;
};

TEST_F(IsaFieldsTest, HardwareReadsWhatEncodeWrites) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    std::array<uint32_t, kInstructionWords> words;
    for (uint32_t& word : words) word = random();
    Show(words);
    const auto tensor = TensorInstruction::Decode(words);
    const auto vector = VectorInstruction::Decode(words);
    const auto scalar = ScalarInstruction::Decode(words);
    const auto dma = DmaInstruction::Decode(words);
    EXPECT_EQ(model_.opcode_o, tensor.opcode);
    EXPECT_EQ(model_.update1_op_o, tensor.update1_op);
    EXPECT_EQ(static_cast<int32_t>(model_.moving_stride2_o), tensor.moving_stride2);
    EXPECT_EQ(model_.stationary_zero_point_o, tensor.stationary_zero_point);
    EXPECT_EQ(static_cast<int32_t>(model_.out_stride2_o), vector.out_stride2);
    EXPECT_EQ(model_.alu1_o, vector.alu1);
    EXPECT_EQ(model_.table_negative_base_o, scalar.table_negative_base);
    EXPECT_EQ(static_cast<int32_t>(model_.dst_stride3_o), dma.dst_stride3);
    EXPECT_EQ(model_.index_limit_o, dma.index_limit);
  }
}

TEST_F(IsaFieldsTest, CapabilityRomHoldsTheConfiguration) {
  const std::array<uint32_t, kInstructionWords> words = {};
  Show(words);
  const auto expected = CapabilityWords(*FindConfig("tiny"));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(model_.capability_o[i], expected[i]) << "word " << i;
  }
}

}  // namespace
}  // namespace neuron::isa
