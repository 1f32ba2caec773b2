// SPDX-License-Identifier: Apache-2.0
// What the compiler takes for granted of the cost model (docs/compiler.md).
#include <gtest/gtest.h>

#include <array>

#include "isa/cost/cost_model.h"

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

}  // namespace
}  // namespace neuron::isa
