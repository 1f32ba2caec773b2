// SPDX-License-Identifier: Apache-2.0
// nc_scalar_engine against an element-by-element reference: random programs, the compiler's
// function tables and directed cases, bit for bit, and the contract on cycles.
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <vector>

#include "Vscalar_sim.h"
#include "Vscalar_tiny.h"
#include "Vscalar_ulx3s.h"
#include "tests/rtl/scalar/scalar_bench.h"
#include "tests/rtl/scalar/scalar_generator.h"

namespace neuron::scalar_test {
namespace {

using compiler::Function;
using isa::Dtype;
using isa::Func;
using isa::Opcode;
using isa::ScalarInstruction;

// The contract on cycles of docs/rtl.md: of an instruction, of each lane group beyond one per
// element, of its sum, of each lane group without a partition of the window, and of each scalar
// operand that lies in SBUF.
constexpr uint64_t kInstruction = 1;
constexpr uint64_t kSimpleGroup = 15;
constexpr uint64_t kTableGroup = 31;
constexpr uint64_t kSum = 7;
constexpr uint64_t kEmptyGroup = 1;
constexpr uint64_t kScalar = 2;
constexpr uint64_t kLoadTable = 3;

struct TinyEngine {
  using Model = Vscalar_tiny;
  static isa::Config Config() { return *isa::FindConfig("tiny"); }
};
struct SimEngine {
  using Model = Vscalar_sim;
  static isa::Config Config() { return *isa::FindConfig("sim"); }
};
// Fewer lanes than partitions.
struct Ulx3sEngine {
  using Model = Vscalar_ulx3s;
  static isa::Config Config() { return *isa::FindConfig("ulx3s"); }
};

template <typename Engine>
class ScalarEngine : public ::testing::Test {
 protected:
  using Bench = ScalarBench<typename Engine::Model>;

  ScalarEngine() : state_(Engine::Config()) {}

  // Runs a program on the engine and on the reference and compares the memories. Returns cycles.
  uint64_t RunAndCompare(Bench& bench, const std::vector<ScalarInstruction>& program,
                         uint64_t seed) {
    state_.memories = bench.memories();
    for (const auto& i : program) ExecuteReference(i, state_);
    const uint64_t cycles = bench.Run(program);
    const std::string where = std::string(Engine::Config().name) + ", seed " +
                              std::to_string(seed) + ", " + std::to_string(program.size()) +
                              " instructions, last: " + Describe(program.back());
    EXPECT_EQ(bench.fault(), "") << where;
    if (!bench.fault().empty()) return cycles;
    for (const uint32_t space : {0u, 1u}) {
      const Memory& got = bench.memories().In(space);
      const Memory& want = state_.memories.In(space);
      for (uint32_t p = 0; p < bench.config().p; ++p) {
        for (uint32_t a = 0; a < want.bytes(); a += 4) {
          if (got.Load(p, a, 4) == want.Load(p, a, 4)) continue;
          ADD_FAILURE() << "space " << space << " partition " << p << " address 0x" << std::hex << a
                        << ": got 0x" << got.Load(p, a, 4) << ", expected 0x" << want.Load(p, a, 4)
                        << "; " << where;
          return cycles;
        }
      }
    }
    return cycles;
  }

  // Gives every entry of the engine's table and of the reference's the same random content.
  void FillTable(Bench& bench, InstructionGenerator& generator, uint64_t seed) {
    std::vector<ScalarInstruction> program;
    for (uint32_t base = 0; base < bench.config().table_entries; base += 64) {
      program.push_back(generator.LoadTable(64));
      program.back().table_base = base;
    }
    RunAndCompare(bench, program, seed);
  }

  // n FP32 elements of SBUF in all partitions, in at 0 and out behind them.
  static ScalarInstruction Plain(const isa::Config& config, uint32_t n) {
    ScalarInstruction i;
    i.opcode = static_cast<uint32_t>(Opcode::kActivate);
    i.part_count = config.p;
    i.scale = 0x3F800000;
    i.clamp_low = 0xFF800000;
    i.clamp_high = 0x7F800000;
    i.size0 = n;
    i.size1 = i.size2 = 1;
    i.in_stride0 = i.out_stride0 = 4;
    i.out_base = config.sbuf_bytes / 2;
    return i;
  }

  State state_;
};

using Engines = ::testing::Types<TinyEngine, SimEngine, Ulx3sEngine>;
TYPED_TEST_SUITE(ScalarEngine, Engines);

// One instruction at a time, so that a failure names it.
TYPED_TEST(ScalarEngine, RandomInstructionsMatchTheReference) {
  const uint64_t seed = 1;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  generator.Fill(bench.memories());
  this->FillTable(bench, generator, seed);
  for (int n = 0; n < 300 && !this->HasFailure(); ++n) {
    bench.SetRefusal(n % 2 ? 0 : 100);
    this->RunAndCompare(bench, {generator.Random(60)}, seed);
  }
}

TYPED_TEST(ScalarEngine, RandomProgramsMatchTheReferenceTwiceWithoutReset) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    typename TestFixture::Bench bench(TypeParam::Config(), seed);
    InstructionGenerator generator(bench.config(), seed);
    generator.Fill(bench.memories());
    this->FillTable(bench, generator, seed);
    for (int run = 0; run < 2; ++run) {
      generator.Fill(bench.memories());
      bench.SetRefusal(std::array<uint32_t, 4>{0, 20, 128, 220}[seed % 4]);
      bench.SetInstructionGap(std::array<uint32_t, 3>{0, 128, 250}[seed % 3]);
      std::vector<ScalarInstruction> program;
      for (int i = 0; i < 40; ++i) program.push_back(generator.Random(80));
      this->RunAndCompare(bench, program, seed);
      if (this->HasFailure()) return;
    }
  }
}

// Every function of the compiler, with its own table and clamps, on inputs of all kinds.
TYPED_TEST(ScalarEngine, TheCompilersFunctionsMatchTheReference) {
  const uint64_t seed = 3;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  for (int f = 0; f <= static_cast<int>(Function::kSoftplus); ++f) {
    const compiler::FunctionTable& table = compiler::TableFor(static_cast<Function>(f));
    const auto entries = static_cast<uint32_t>(table.entries.size());
    for (int n = 0; n < 6; ++n) {
      generator.Fill(bench.memories());
      const uint32_t size = 120;
      ScalarInstruction i = this->Plain(bench.config(), size);
      i.in_base = 0;
      i.out_base = 4 * size;
      i.sum_base = 8 * size;
      i.sum_enable = n % 2;
      i.alpha = generator.Word();
      if (n >= 2) i.scale = generator.Word();
      if (n >= 4) i.bias = generator.Word();
      ScalarInstruction load = generator.LoadTable(std::max(1u, entries));
      // Not where the elements are, which need another scale of numbers.
      load.in_base = 8 * size + 4;
      ASSERT_LE(load.in_base + 4 * entries, bench.config().sbuf_bytes);
      PlaceFunction(table, load, bench.memories(), i);
      bench.SetRefusal(n == 0 ? 0 : 60);
      if (entries > 0) {
        this->RunAndCompare(bench, {load, i}, seed);
      } else {
        this->RunAndCompare(bench, {i}, seed);
      }
      if (this->HasFailure()) {
        ADD_FAILURE() << "function " << f;
        return;
      }
    }
  }
}

TYPED_TEST(ScalarEngine, SumsOfAnyNumberOfElements) {
  const uint64_t seed = 4;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  generator.Fill(bench.memories());
  this->FillTable(bench, generator, seed);
  for (uint32_t n = 1; n <= 140 && !this->HasFailure(); n += n < 20 ? 1 : 40) {
    for (const Func func : {Func::kIdentity, Func::kLeaky, Func::kExp}) {
      ScalarInstruction i = this->Plain(bench.config(), n);
      i.func = static_cast<uint32_t>(func);
      i.alpha = 0x3DCCCCCD;
      i.table_index_bits = 4;
      i.sum_enable = 1;
      i.sum_base = bench.config().sbuf_bytes - 4;
      i.clamp_low = 0xC2000000;  // finite sums
      i.clamp_high = 0x42000000;
      bench.SetRefusal(n % 3 * 50);
      this->RunAndCompare(bench, {i, i}, seed);
    }
  }
}

TYPED_TEST(ScalarEngine, CyclesAreThoseOfTheContract) {
  const uint64_t seed = 5;
  typename TestFixture::Bench bench(TypeParam::Config(), seed);
  InstructionGenerator generator(bench.config(), seed);
  generator.Fill(bench.memories());
  this->FillTable(bench, generator, seed);
  const uint32_t groups = bench.config().p / bench.config().scalar_lanes;
  const auto expect = [&](const char* name, const ScalarInstruction& i, uint64_t group,
                          uint64_t more = 0) {
    const uint64_t n = uint64_t{i.size0} * i.size1 * i.size2;
    EXPECT_EQ(this->RunAndCompare(bench, {i}, seed), kInstruction + groups * (n + group) + more)
        << bench.config().name << ", " << name << ", " << n << " elements, " << groups
        << " lane groups";
  };
  for (const uint32_t n : {1u, 2u, 9u, 200u}) {
    ScalarInstruction i = this->Plain(bench.config(), n);
    expect("identity", i, kSimpleGroup);
    i.func = static_cast<uint32_t>(Func::kExp);
    i.table_index_bits = 4;
    expect("exp", i, kTableGroup);
    i.scale_operand = 1;
    i.scale = 0;
    expect("exp, scale in partitions", i, kTableGroup, kScalar);
    i.bias_operand = 1;
    i.bias = 4;
    expect("exp, scale and bias in partitions", i, kTableGroup, 2 * kScalar);
    i.sum_enable = 1;
    i.sum_base = bench.config().sbuf_bytes - 4;
    expect("exp with sum", i, kTableGroup + kSum, 2 * kScalar);
    i.func = static_cast<uint32_t>(Func::kLeaky);
    expect("leaky with sum", i, kSimpleGroup + kSum, 2 * kScalar);
    i.sum_enable = 0;
    i.scale_operand = i.bias_operand = 0;
    i.in_dtype = i.out_dtype = static_cast<uint32_t>(Dtype::kInt8);
    i.in_stride0 = i.out_stride0 = 1;
    expect("leaky on INT8", i, kSimpleGroup);
    EXPECT_EQ(this->RunAndCompare(bench, {generator.LoadTable(n)}, seed), n + kLoadTable)
        << bench.config().name << ", load_table";
  }
  ScalarInstruction one_partition = this->Plain(bench.config(), 20);
  one_partition.part_start = bench.config().p - 1;
  one_partition.part_count = 1;
  EXPECT_EQ(this->RunAndCompare(bench, {one_partition}, seed),
            kInstruction + 20 + kSimpleGroup + (groups - 1) * kEmptyGroup)
      << bench.config().name << ", last partition only";
}

// Prints what a cycle of the engine costs to simulate, idle and with elements in all stages.
TYPED_TEST(ScalarEngine, SimulationSpeed) {
  typename TestFixture::Bench bench(TypeParam::Config(), 6);
  auto nanoseconds = [](auto&& run) {
    const std::clock_t start = std::clock();  // the processor's time: others use the machine
    const uint64_t cycles = run();
    return 1e9 * static_cast<double>(std::clock() - start) /
           (CLOCKS_PER_SEC * static_cast<double>(cycles));
  };
  ScalarInstruction i = this->Plain(bench.config(), 5000);
  i.in_stride0 = i.out_stride0 = 0;
  i.table_index_bits = 4;
  const double idle = nanoseconds([&] {
    bench.BareCycles(10000);
    return 10000;
  });
  const double identity = nanoseconds([&] { return bench.RunOnConstantData(i); });
  i.func = static_cast<uint32_t>(Func::kExp);
  const double exp = nanoseconds([&] { return bench.RunOnConstantData(i); });
  std::printf("%s: %.0f ns for an idle cycle, %.0f ns in identity, %.0f ns in exp\n",
              bench.config().name, idle, identity, exp);
  EXPECT_EQ(bench.fault(), "");
}

}  // namespace
}  // namespace neuron::scalar_test
