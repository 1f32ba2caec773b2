// SPDX-License-Identifier: Apache-2.0
// nc_vector_engine against an element-by-element reference: random programs and directed cases, bit
// for bit, and the contract on cycles.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "Vvector_sim.h"
#include "Vvector_tiny.h"
#include "Vvector_twelve.h"
#include "Vvector_ulx3s.h"
#include "sim/functional/numerics.h"
#include "tests/rtl/vector/vector_bench.h"
#include "tests/rtl/vector/vector_generator.h"

namespace neuron::vector_test {
namespace {

using isa::Alu;
using isa::Dtype;
using isa::Opcode;
using isa::VectorInstruction;

// The contract on cycles of docs/rtl.md: of an instruction, of each lane group, of each scalar
// operand that lies in SBUF, and between two sums.
constexpr uint64_t kInstruction = 1;
constexpr uint64_t kGroup = 12;
constexpr uint64_t kGenerateGroup = 10;
constexpr uint64_t kExtremeGroup = 11;
constexpr uint64_t kSumGroup = 19;
constexpr uint64_t kJoin = 7;
constexpr uint64_t kScalar = 2;

struct TinyEngine {
  using Model = Vvector_tiny;
  static isa::Config Config() { return *isa::FindConfig("tiny"); }
};
struct SimEngine {
  using Model = Vvector_sim;
  static isa::Config Config() { return *isa::FindConfig("sim"); }
};
// Fewer lanes than partitions.
struct Ulx3sEngine {
  using Model = Vvector_ulx3s;
  static isa::Config Config() { return *isa::FindConfig("ulx3s"); }
};
// Partitions and lane groups that are no power of two.
struct TwelveEngine {
  using Model = Vvector_twelve;
  static isa::Config Config() {
    isa::Config config = *isa::FindConfig("tiny");
    config.name = "twelve";
    config.p = 12;
    config.vector_lanes = 4;
    return config;
  }
};

template <typename Engine>
class VectorEngine : public ::testing::Test {
 protected:
  using Bench = VectorBench<typename Engine::Model>;

  // Runs a program on the engine and on the reference and compares the memories. Returns cycles.
  uint64_t RunAndCompare(Bench& bench, const std::vector<VectorInstruction>& program,
                         uint64_t seed) {
    Memories expected = bench.memories();
    for (const auto& i : program) ExecuteReference(i, expected);
    const uint64_t cycles = bench.Run(program);
    EXPECT_EQ(bench.fault(), "") << Engine::Config().name << ", seed " << seed << ", "
                                 << program.size()
                                 << " instructions, first: " << Describe(program.front());
    if (!bench.fault().empty()) return cycles;
    for (const uint32_t space : {0u, 1u}) {
      const Memory& got = bench.memories().In(space);
      const Memory& want = expected.In(space);
      for (uint32_t p = 0; p < bench.config().p; ++p) {
        for (uint32_t a = 0; a < want.bytes(); a += 4) {
          if (got.Load(p, a, 4) == want.Load(p, a, 4)) continue;
          ADD_FAILURE() << Engine::Config().name << ": space " << space << " partition " << p
                        << " address 0x" << std::hex << a << ": got 0x" << got.Load(p, a, 4)
                        << ", expected 0x" << want.Load(p, a, 4) << std::dec << "; seed " << seed
                        << ", " << program.size()
                        << " instructions, first: " << Describe(program.front());
          return cycles;
        }
      }
    }
    return cycles;
  }

  // n FP32 elements of SBUF, all partitions, in0 and in1 at 0 and out behind them.
  static VectorInstruction Plain(const isa::Config& config, Opcode opcode, uint32_t n) {
    VectorInstruction i;
    i.opcode = static_cast<uint32_t>(opcode);
    i.part_count = config.p;
    i.alu0 = i.alu1 = static_cast<uint32_t>(Alu::kAdd);
    i.size0 = n;
    i.size1 = i.size2 = 1;
    i.window_size0 = i.window_size1 = i.window_size2 = 1;
    i.in0_stride0 = i.in1_stride0 = i.out_stride0 = 4;
    i.out_base = config.sbuf_bytes / 2;
    return i;
  }
};

using Engines = ::testing::Types<TinyEngine, SimEngine, Ulx3sEngine, TwelveEngine>;
TYPED_TEST_SUITE(VectorEngine, Engines);

// One instruction at a time, so that a failure names it.
TYPED_TEST(VectorEngine, RandomInstructionsMatchTheReference) {
  const uint64_t seed = 1;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  generator.Fill(bench.memories());
  for (int n = 0; n < 400 && !this->HasFailure(); ++n) {
    bench.SetRefusal(n % 2 ? 0 : 100);
    this->RunAndCompare(bench, {generator.Random(60)}, seed);
  }
}

TYPED_TEST(VectorEngine, RandomProgramsMatchTheReferenceTwiceWithoutReset) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    typename TestFixture::Bench bench(TypeParam::Config(), seed);
    InstructionGenerator generator(bench.config(), seed);
    for (int run = 0; run < 2; ++run) {
      generator.Fill(bench.memories());
      bench.SetRefusal(std::array<uint32_t, 4>{0, 20, 128, 220}[seed % 4]);
      bench.SetInstructionGap(std::array<uint32_t, 3>{0, 128, 250}[seed % 3]);
      std::vector<VectorInstruction> program;
      for (int i = 0; i < 40; ++i) program.push_back(generator.Random(80));
      this->RunAndCompare(bench, program, seed);
      if (this->HasFailure()) return;
    }
  }
}

TYPED_TEST(VectorEngine, EveryOpcodeMatchesTheReference) {
  const uint64_t seed = 100;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  bench.SetRefusal(40);
  for (const Opcode opcode :
       {Opcode::kTensorTensor, Opcode::kTensorScalar, Opcode::kScalarTensorTensor, Opcode::kReduce,
        Opcode::kArgmax, Opcode::kSelect, Opcode::kIota, Opcode::kFill}) {
    for (int round = 0; round < 4; ++round) {
      generator.Fill(bench.memories());
      std::vector<VectorInstruction> program;
      for (int i = 0; i < 50; ++i) program.push_back(generator.Random(24, opcode));
      this->RunAndCompare(bench, program, seed);
      if (this->HasFailure()) return;
    }
  }
}

// The largest sizes there are; all elements at one address.
using TinyVectorEngine = VectorEngine<TinyEngine>;
TEST_F(TinyVectorEngine, TheLargestSizesMatchTheReference) {
  Bench bench(TinyEngine::Config(), 7);
  InstructionGenerator generator(bench.config(), 7);
  generator.Fill(bench.memories());
  VectorInstruction iota = Plain(bench.config(), Opcode::kIota, 65535);
  iota.size1 = 2;
  iota.scalar1 = 0x3F800000;  // 1.0
  iota.out_stride0 = 0;
  RunAndCompare(bench, {iota}, 7);
  EXPECT_EQ(bench.memories().sbuf.Load(0, iota.out_base, 4), sim::IntToFp(2 * 65535 - 1));
  for (const Alu op : {Alu::kAdd, Alu::kMax}) {
    VectorInstruction reduce = Plain(bench.config(), Opcode::kReduce, 1);
    reduce.alu0 = static_cast<uint32_t>(op);
    reduce.window_size1 = 65535;
    reduce.in0_window_stride1 = 0;
    RunAndCompare(bench, {reduce}, 7);
  }
}

// An instruction of one element a cycle costs these cycles beyond them (docs/rtl.md).
TYPED_TEST(VectorEngine, ElementwiseInstructionsTakeOneElementACycle) {
  typename TestFixture::Bench bench(TypeParam::Config(), 3);
  InstructionGenerator generator(bench.config(), 3);
  generator.Fill(bench.memories());
  const uint64_t groups = bench.config().p / bench.config().vector_lanes;
  for (const Opcode opcode :
       {Opcode::kTensorTensor, Opcode::kTensorScalar, Opcode::kScalarTensorTensor, Opcode::kSelect,
        Opcode::kIota, Opcode::kFill}) {
    const bool generates = opcode == Opcode::kIota || opcode == Opcode::kFill;
    for (const uint32_t n : {1u, 2u, 17u, 100u, 400u}) {
      VectorInstruction i = TestFixture::Plain(bench.config(), opcode, n);
      const uint64_t cycles = this->RunAndCompare(bench, {i}, 3);
      EXPECT_EQ(cycles, groups * (n + (generates ? kGenerateGroup : kGroup)) + kInstruction)
          << isa::Name(opcode) << " of " << n << " elements";
      i.scalar0_operand = i.scalar1_operand = static_cast<uint32_t>(isa::Operand::kPartition);
      const Uses uses = UsesOf(i.opcode);
      EXPECT_EQ(this->RunAndCompare(bench, {i}, 3),
                cycles + kScalar * (uses.scalar0 + uses.scalar1))
          << isa::Name(opcode);
    }
  }
}

TYPED_TEST(VectorEngine, WindowsTakeOneElementACycleAndSumsAJoin) {
  typename TestFixture::Bench bench(TypeParam::Config(), 4);
  InstructionGenerator generator(bench.config(), 4);
  generator.Fill(bench.memories());
  const uint64_t groups = bench.config().p / bench.config().vector_lanes;
  for (const uint32_t window : {1u, 4u, 9u, 50u}) {
    for (const uint32_t n : {1u, 2u, 24u}) {
      VectorInstruction i = TestFixture::Plain(bench.config(), Opcode::kReduce, n);
      i.window_size0 = window;
      i.in0_window_stride0 = 4;
      i.alu1 = static_cast<uint32_t>(Alu::kBypass);
      for (const Alu op : {Alu::kMax, Alu::kMin}) {
        i.alu0 = static_cast<uint32_t>(op);
        EXPECT_EQ(this->RunAndCompare(bench, {i}, 4),
                  groups * (n * window + kExtremeGroup) + kInstruction)
            << n << " windows of " << window;
      }
      i.alu0 = static_cast<uint32_t>(Alu::kAdd);
      EXPECT_EQ(this->RunAndCompare(bench, {i}, 4),
                groups * (n * window + (n - 1) * kJoin + kSumGroup) + kInstruction)
          << n << " windows of " << window;
      i.opcode = static_cast<uint32_t>(Opcode::kArgmax);
      EXPECT_EQ(this->RunAndCompare(bench, {i}, 4),
                groups * (n * window + kExtremeGroup) + kInstruction)
          << n << " windows of " << window;
    }
  }
}

// A lane group without a partition of the window costs one cycle.
TYPED_TEST(VectorEngine, LaneGroupsOutsideTheWindowCostOneCycle) {
  typename TestFixture::Bench bench(TypeParam::Config(), 5);
  InstructionGenerator generator(bench.config(), 5);
  generator.Fill(bench.memories());
  const uint64_t groups = bench.config().p / bench.config().vector_lanes;
  for (uint32_t p = 0; p < bench.config().p; ++p) {
    VectorInstruction i = TestFixture::Plain(bench.config(), Opcode::kTensorTensor, 10);
    i.part_start = p;
    i.part_count = 1;
    EXPECT_EQ(this->RunAndCompare(bench, {i}, 5), 10 + kGroup + kInstruction + groups - 1);
  }
}

TYPED_TEST(VectorEngine, InstructionsFollowEachOtherWithoutAGap) {
  typename TestFixture::Bench bench(TypeParam::Config(), 6);
  InstructionGenerator generator(bench.config(), 6);
  generator.Fill(bench.memories());
  const VectorInstruction i = TestFixture::Plain(bench.config(), Opcode::kTensorTensor, 16);
  const uint64_t one = this->RunAndCompare(bench, {i}, 6);
  const std::vector<VectorInstruction> program(20, i);
  EXPECT_EQ(this->RunAndCompare(bench, program, 6), 20 * one + 19);
}

}  // namespace
}  // namespace neuron::vector_test
