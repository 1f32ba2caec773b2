// SPDX-License-Identifier: Apache-2.0
// nc_tensor_engine against the reference arithmetic: random programs and directed cases, bit for
// bit, and the contract on cycles.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "Vtensor_sim.h"
#include "Vtensor_tiny.h"
#include "Vtensor_twelve.h"
#include "tests/rtl/tensor/tensor_bench.h"

namespace neuron::tensor_test {
namespace {

using isa::Dtype;
using isa::TensorInstruction;

// PSUM read-add-write distance and the fixed part of an instruction's latency (docs/rtl.md).
constexpr uint64_t kHazardDistance = 5;
uint64_t FixedLatency(const isa::Config& config) { return config.p + 13; }

struct TinyEngine {
  using Model = Vtensor_tiny;
  static isa::Config Config() { return *isa::FindConfig("tiny"); }
};
struct SimEngine {
  using Model = Vtensor_sim;
  static isa::Config Config() { return *isa::FindConfig("sim"); }
};
// Twelve partitions: not a power of two.
struct TwelveEngine {
  using Model = Vtensor_twelve;
  static isa::Config Config() {
    isa::Config config = *isa::FindConfig("tiny");
    config.name = "twelve";
    config.p = 12;
    config.mantissa_width = 14;
    return config;
  }
};

// How SBUF is filled.
enum class Content { kFinite, kAnyBits, kNearZero };

class InstructionGenerator {
 public:
  InstructionGenerator(const isa::Config& config, uint64_t seed) : config_(config), random_(seed) {}

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  void Fill(Memories& memories, Content content) {
    for (auto& partition : memories.sbuf) {
      for (size_t i = 0; i + 1 < partition.size(); i += 2) {
        uint32_t half = Below(65536);
        // Without bit 14 no element of any type is a NaN or an infinity.
        if (content == Content::kFinite) half &= 0xBFFFu;
        if (content == Content::kNearZero) half = Below(4) == 0 ? half & 0x83FFu : 0;
        partition[i] = static_cast<uint8_t>(half);
        partition[i + 1] = static_cast<uint8_t>(half >> 8);
      }
    }
    for (auto& partition : memories.psum) {
      for (auto& word : partition) word = static_cast<uint32_t>(random_()) & 0xBFFFFFFFu;
    }
  }

  // A legal instruction of about `work` vectors.
  TensorInstruction Random(uint32_t work) {
    for (;;) {
      TensorInstruction i = Shape(work);
      if (PlaceOperands(i)) return i;
    }
  }

 private:
  // [lowest, highest] byte offset of a pattern of (size, stride) pairs.
  using Dimension = std::pair<uint32_t, int32_t>;
  static std::pair<int64_t, int64_t> Extent(std::initializer_list<Dimension> dimensions) {
    int64_t low = 0;
    int64_t high = 0;
    for (const auto& [size, stride] : dimensions) {
      const int64_t reach = int64_t{stride} * (size - 1);
      (reach < 0 ? low : high) += reach;
    }
    return {low, high};
  }

  int32_t Stride(uint32_t bytes) {
    return (static_cast<int32_t>(Below(33)) - 12) * static_cast<int32_t>(bytes);
  }

  TensorInstruction Shape(uint32_t work) {
    TensorInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    const bool is_float = Below(3) != 0;
    auto type = [&] { return is_float ? Below(3) : 3 + Below(2); };
    i.moving_dtype = type();
    i.stationary_dtype = type();
    i.moving_zero_point = Below(256);
    i.stationary_zero_point = Below(256);
    i.accumulate = Below(2);
    const bool whole = Below(2) == 0;
    i.part_start = whole ? 0 : Below(config_.p);
    i.part_count = whole ? config_.p : 1 + Below(config_.p - i.part_start);
    i.column_start = whole ? 0 : Below(config_.p);
    i.column_count = whole ? config_.p : 1 + Below(config_.p - i.column_start);
    const uint32_t inner = 1 + Below(4) == 1 ? 1 : 6;
    i.inner_size0 = 1 + Below(inner);
    i.inner_size1 = 1 + Below(Below(2) ? inner : 1);
    i.inner_size2 = 1 + Below(Below(2) ? inner : 1);
    const uint32_t passes = std::max(1u, work / (i.inner_size0 * i.inner_size1 * i.inner_size2));
    i.outer_size0 = 1 + Below(std::min(passes, 4u));
    i.outer_size1 = 1 + Below(std::min(passes, 3u));
    i.outer_size2 = 1 + Below(std::min(passes, 2u));
    const uint32_t wb = sim::DtypeBytes(static_cast<Dtype>(i.stationary_dtype));
    const uint32_t xb = sim::DtypeBytes(static_cast<Dtype>(i.moving_dtype));
    for (int32_t* stride : {&i.stationary_stride, &i.stationary_outer_stride0,
                            &i.stationary_outer_stride1, &i.stationary_outer_stride2}) {
      *stride = Stride(wb);
    }
    for (int32_t* stride :
         {&i.moving_outer_stride0, &i.moving_outer_stride1, &i.moving_outer_stride2,
          &i.moving_stride0, &i.moving_stride1, &i.moving_stride2}) {
      *stride = Stride(xb);
    }
    return i;
  }

  bool PlaceOperands(TensorInstruction& i) {
    const auto w = Extent({{i.column_count, i.stationary_stride},
                           {i.outer_size0, i.stationary_outer_stride0},
                           {i.outer_size1, i.stationary_outer_stride1},
                           {i.outer_size2, i.stationary_outer_stride2}});
    const auto x = Extent({{i.inner_size0, i.moving_stride0},
                           {i.inner_size1, i.moving_stride1},
                           {i.inner_size2, i.moving_stride2},
                           {i.outer_size0, i.moving_outer_stride0},
                           {i.outer_size1, i.moving_outer_stride1},
                           {i.outer_size2, i.moving_outer_stride2}});
    const uint32_t n = i.inner_size0 * i.inner_size1 * i.inner_size2;
    const uint32_t words = config_.psum_bytes / 4;
    if (n > std::min(isa::kMaxMoving, words)) return false;
    // Few places, so that successive instructions meet in PSUM.
    i.psum_base = 4 * Below(std::min(words - n + 1, 12u));
    return Place(w, i.stationary_dtype, i.stationary_base) &&
           Place(x, i.moving_dtype, i.moving_base);
  }

  bool Place(std::pair<int64_t, int64_t> extent, uint32_t dtype, uint32_t& base) {
    const int64_t bytes = sim::DtypeBytes(static_cast<Dtype>(dtype));
    const int64_t slots = (config_.sbuf_bytes - (extent.second - extent.first)) / bytes;
    if (slots <= 0) return false;
    base = static_cast<uint32_t>(-extent.first + bytes * Below(static_cast<uint32_t>(slots)));
    return true;
  }

  const isa::Config& config_;
  std::mt19937_64 random_;
};

std::string Describe(const TensorInstruction& i) {
  char text[400];
  std::snprintf(text, sizeof text,
                "types %u x %u, partitions %u+%u, columns %u+%u, inner %ux%ux%u, outer %ux%ux%u, "
                "accumulate %u, psum %u",
                i.moving_dtype, i.stationary_dtype, i.part_start, i.part_count, i.column_start,
                i.column_count, i.inner_size2, i.inner_size1, i.inner_size0, i.outer_size2,
                i.outer_size1, i.outer_size0, i.accumulate, i.psum_base);
  return text;
}

template <typename Engine>
class TensorEngine : public ::testing::Test {
 protected:
  using Bench = TensorBench<typename Engine::Model>;

  // Runs a program on the engine and on the reference and compares PSUM and flags. Returns cycles.
  uint64_t RunAndCompare(Bench& bench, const std::vector<TensorInstruction>& program,
                         uint64_t seed) {
    Memories expected = bench.memories();
    Flags flags;
    for (const auto& i : program) {
      ExecuteReference(i, bench.config().mantissa_width, expected, flags);
    }
    bench.ClearFlags();
    const uint64_t cycles = bench.Run(program);
    EXPECT_GT(cycles, 0u) << "the engine did not finish in order; seed " << seed;
    EXPECT_EQ(bench.flags().nan_operand, flags.nan_operand) << "seed " << seed;
    EXPECT_EQ(bench.flags().int_overflow, flags.int_overflow) << "seed " << seed;
    for (uint32_t p = 0; p < bench.config().p; ++p) {
      for (uint32_t w = 0; w < bench.config().psum_bytes / 4; ++w) {
        if (bench.memories().psum[p][w] == expected.psum[p][w]) continue;
        ADD_FAILURE() << Engine::Config().name << ": PSUM partition " << p << " word " << w
                      << ": got 0x" << std::hex << bench.memories().psum[p][w] << ", expected 0x"
                      << expected.psum[p][w] << std::dec << "; seed " << seed << ", "
                      << program.size() << " instructions, first: " << Describe(program.front());
        return cycles;
      }
    }
    return cycles;
  }

  // A plain FP32 matmul of `passes` passes of n vectors over all partitions.
  static TensorInstruction Plain(const isa::Config& config, uint32_t n, uint32_t passes,
                                 uint32_t columns) {
    TensorInstruction i;
    i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    i.part_count = config.p;
    i.column_count = columns;
    i.outer_size0 = passes;
    i.outer_size1 = i.outer_size2 = 1;
    i.inner_size0 = n;
    i.inner_size1 = i.inner_size2 = 1;
    i.stationary_stride = 4;
    i.stationary_outer_stride0 = 4;
    i.moving_stride0 = 4;
    i.moving_outer_stride0 = 4;
    i.moving_base = 256;
    return i;
  }
};

using Engines = ::testing::Types<TinyEngine, SimEngine, TwelveEngine>;
TYPED_TEST_SUITE(TensorEngine, Engines);

TYPED_TEST(TensorEngine, RandomProgramsMatchTheReferenceTwiceWithoutReset) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    typename TestFixture::Bench bench(TypeParam::Config(), seed);
    InstructionGenerator generator(bench.config(), seed);
    for (int run = 0; run < 2; ++run) {
      generator.Fill(bench.memories(), static_cast<Content>((seed + run) % 3));
      bench.SetRefusal(std::array<uint32_t, 4>{0, 20, 128, 220}[seed % 4]);
      bench.SetInstructionGap(std::array<uint32_t, 3>{0, 128, 250}[seed % 3]);
      std::vector<TensorInstruction> program;
      for (int i = 0; i < 24; ++i) program.push_back(generator.Random(48));
      this->RunAndCompare(bench, program, seed);
      if (this->HasFailure()) return;
    }
  }
}

TYPED_TEST(TensorEngine, SingleVectorInstructionsBackToBackMatchTheReference) {
  typename TestFixture::Bench bench(TypeParam::Config(), 77);
  InstructionGenerator generator(bench.config(), 77);
  generator.Fill(bench.memories(), Content::kFinite);
  std::vector<TensorInstruction> program;
  for (int k = 0; k < 300; ++k) {
    TensorInstruction i = TestFixture::Plain(bench.config(), 1 + generator.Below(3), 1,
                                             1 + generator.Below(bench.config().p));
    i.accumulate = generator.Below(8) != 0;
    i.psum_base = 4 * generator.Below(3);
    i.stationary_base = 4 * generator.Below(32);
    program.push_back(i);
  }
  this->RunAndCompare(bench, program, 77);
}

TYPED_TEST(TensorEngine, NanOrInfinityPoisonsOnlyItsVectorOrColumn) {
  typename TestFixture::Bench bench(TypeParam::Config(), 5);
  InstructionGenerator generator(bench.config(), 5);
  generator.Fill(bench.memories(), Content::kFinite);
  const TensorInstruction i = TestFixture::Plain(bench.config(), 9, 1, bench.config().p);
  // Vector 4 holds an infinity, column 2 a NaN.
  bench.memories().sbuf[1][i.moving_base + 4 * 4 + 3] = 0x7F;
  bench.memories().sbuf[1][i.moving_base + 4 * 4 + 2] = 0x80;
  bench.memories().sbuf[3][i.stationary_base + 2 * 4 + 3] = 0xFF;
  bench.memories().sbuf[3][i.stationary_base + 2 * 4 + 2] = 0xC1;
  this->RunAndCompare(bench, {i}, 5);
  EXPECT_TRUE(bench.flags().nan_operand);
  for (uint32_t m = 0; m < bench.config().p; ++m) {
    for (uint32_t n = 0; n < 9; ++n) {
      const bool poisoned = n == 4 || m == 2;
      EXPECT_EQ(bench.memories().psum[m][n] == sim::kCanonicalNan, poisoned) << m << ", " << n;
    }
  }
}

TYPED_TEST(TensorEngine, Int32AccumulationWrapsAndSetsTheStickyFlag) {
  typename TestFixture::Bench bench(TypeParam::Config(), 6);
  InstructionGenerator generator(bench.config(), 6);
  generator.Fill(bench.memories(), Content::kAnyBits);
  TensorInstruction i = TestFixture::Plain(bench.config(), 4, 1, bench.config().p);
  i.moving_dtype = i.stationary_dtype = static_cast<uint32_t>(Dtype::kUint8);
  i.accumulate = 1;
  for (auto& partition : bench.memories().psum) partition[2] = 0x7FFFFFFFu;
  this->RunAndCompare(bench, {i}, 6);
  EXPECT_TRUE(bench.flags().int_overflow);
}

// A pass of n vectors and c columns costs max(n, c, kHazardDistance) cycles and nothing else.
TYPED_TEST(TensorEngine, PassesFollowEachOtherWithoutABubble) {
  typename TestFixture::Bench bench(TypeParam::Config(), 8);
  InstructionGenerator generator(bench.config(), 8);
  generator.Fill(bench.memories(), Content::kFinite);
  const uint32_t p = bench.config().p;
  for (const uint32_t n : {1u, 2u, 5u, 15u, 16u, 17u, 32u, 100u}) {
    for (const uint32_t columns : {1u, 2u, p - 1, p}) {
      const TensorInstruction i = TestFixture::Plain(bench.config(), n, 64, columns);
      const uint64_t cycles = this->RunAndCompare(bench, {i}, 8);
      const uint64_t pass = std::max<uint64_t>({n, columns, kHazardDistance});
      EXPECT_EQ(cycles, 63 * pass + n + columns + FixedLatency(bench.config()))
          << TypeParam::Config().name << ": n = " << n << ", columns = " << columns;
    }
  }
}

TYPED_TEST(TensorEngine, InstructionsFollowEachOtherWithoutABubble) {
  typename TestFixture::Bench bench(TypeParam::Config(), 9);
  InstructionGenerator generator(bench.config(), 9);
  generator.Fill(bench.memories(), Content::kFinite);
  const uint32_t p = bench.config().p;
  for (const uint32_t n : {p, 2 * p}) {
    TensorInstruction i = TestFixture::Plain(bench.config(), n, 1, p);
    i.accumulate = 1;
    const std::vector<TensorInstruction> program(50, i);
    const uint64_t cycles = this->RunAndCompare(bench, program, 9);
    const uint64_t pass = std::max<uint64_t>(n, kHazardDistance);
    EXPECT_LE(cycles, 49 * pass + n + p + FixedLatency(bench.config()))
        << TypeParam::Config().name << ": n = " << n;
  }
}

}  // namespace
}  // namespace neuron::tensor_test
