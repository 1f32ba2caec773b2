// SPDX-License-Identifier: Apache-2.0
// TensorE: bit for bit against the scalar functions, and against exact arithmetic within the bound
// that docs/numerics.md derives.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Dtype;

// The loop nest of docs/isa.md section 3, one scalar function at a time.
void ReferenceMatmul(const isa::TensorInstruction& i, CoreState& state) {
  const auto operands = [&](int64_t address, uint32_t dtype) {
    std::vector<uint32_t> bits;
    for (uint32_t k = 0; k < i.part_count; ++k) {
      bits.push_back(LoadElement(state.sbuf.Row(i.part_start + k) + address,
                                 DtypeBytes(static_cast<Dtype>(dtype))));
    }
    return bits;
  };
  const uint32_t width = state.config.mantissa_width;
  const auto moving_type = static_cast<Dtype>(i.moving_dtype);
  const auto stationary_type = static_cast<Dtype>(i.stationary_dtype);
  bool first = true;
  for (int64_t o2 = 0; o2 < i.outer_size2; ++o2) {
    for (int64_t o1 = 0; o1 < i.outer_size1; ++o1) {
      for (int64_t o0 = 0; o0 < i.outer_size0; ++o0) {
        const int64_t w0 = i.stationary_base + o0 * i.stationary_outer_stride0 +
                           o1 * i.stationary_outer_stride1 + o2 * i.stationary_outer_stride2;
        const int64_t x0 = i.moving_base + o0 * i.moving_outer_stride0 +
                           o1 * i.moving_outer_stride1 + o2 * i.moving_outer_stride2;
        std::vector<AlignedVector> w;
        for (int64_t m = 0; m < i.column_count; ++m) {
          w.push_back(Align(operands(w0 + m * i.stationary_stride, i.stationary_dtype),
                            stationary_type, i.stationary_zero_point, width));
          if (w.back().poisoned) state.sticky |= StickyBit(isa::Sticky::kNanOperand);
        }
        uint32_t n = 0;
        for (int64_t i2 = 0; i2 < i.inner_size2; ++i2) {
          for (int64_t i1 = 0; i1 < i.inner_size1; ++i1) {
            for (int64_t i0 = 0; i0 < i.inner_size0; ++i0, ++n) {
              const AlignedVector x =
                  Align(operands(x0 + i0 * i.moving_stride0 + i1 * i.moving_stride1 +
                                     i2 * i.moving_stride2,
                                 i.moving_dtype),
                        moving_type, i.moving_zero_point, width);
              if (x.poisoned) state.sticky |= StickyBit(isa::Sticky::kNanOperand);
              for (uint32_t m = 0; m < i.column_count; ++m) {
                std::byte* at = state.psum.Row(i.column_start + m) + i.psum_base + 4 * n;
                const uint32_t old = LoadElement(at, 4);
                const bool add = i.accumulate || !first;
                uint32_t result;
                if (IsFloat(moving_type)) {
                  result = x.poisoned || w[m].poisoned
                               ? kCanonicalNan
                               : SliceToFp32(Dot(w[m], x), x.emax, w[m].emax, width);
                  if (add) result = FpAdd(old, result);
                } else {
                  result = static_cast<uint32_t>(Dot(w[m], x));
                  bool overflow = false;
                  if (add) result = AccumulateInt32(old, result, &overflow);
                  if (overflow) state.sticky |= StickyBit(isa::Sticky::kIntOverflow);
                }
                StoreElement(at, 4, result);
              }
            }
          }
        }
        first = false;
      }
    }
  }
}

class RandomMatmul {
 public:
  explicit RandomMatmul(uint32_t seed, const isa::Config& config) : random_(seed), c_(config) {}

  void FillMemories(TestProgram& program) {
    const uint32_t kind = Below(4);
    for (uint32_t p = 0; p < c_.p; ++p) {
      for (uint32_t a = 0; a < c_.sbuf_bytes; a += 4) program.SetSbuf(p, a, Word(kind));
      for (uint32_t a = 0; a < c_.psum_bytes; a += 4) program.SetPsum(p, a, Word(kind));
    }
  }
  isa::TensorInstruction Instruction() {
    isa::TensorInstruction i = Matmul(0, 0, 1 + Below(40));
    i.part_start = Below(c_.p);
    i.part_count = 1 + Below(c_.p - i.part_start);
    i.column_start = Below(c_.p);
    i.column_count = 1 + Below(c_.p - i.column_start);
    const bool is_float = Below(2);
    i.moving_dtype = is_float ? Below(3) : 3 + Below(2);
    i.stationary_dtype = is_float ? Below(3) : 3 + Below(2);
    i.moving_zero_point = Below(256);
    i.stationary_zero_point = Below(256);
    i.accumulate = Below(2);
    i.inner_size1 = 1 + Below(3);
    i.inner_size2 = 1 + Below(3);
    i.outer_size0 = 1 + Below(3);
    i.outer_size1 = 1 + Below(2);
    i.outer_size2 = 1 + Below(2);
    const uint32_t middle = c_.sbuf_bytes / 2;
    i.moving_base = i.stationary_base = middle;
    const auto ms = static_cast<int32_t>(DtypeBytes(static_cast<Dtype>(i.moving_dtype)));
    const auto ss = static_cast<int32_t>(DtypeBytes(static_cast<Dtype>(i.stationary_dtype)));
    i.moving_stride0 = Below(3) ? ms : Stride(ms);
    i.moving_stride1 = Stride(ms);
    i.moving_stride2 = Stride(ms);
    i.moving_outer_stride0 = Stride(ms);
    i.moving_outer_stride1 = Stride(ms);
    i.moving_outer_stride2 = Stride(ms);
    i.stationary_stride = Stride(ss);
    i.stationary_outer_stride0 = Stride(ss);
    i.stationary_outer_stride1 = Stride(ss);
    i.stationary_outer_stride2 = Stride(ss);
    i.psum_base = 4 * Below(100);
    return i;
  }

 private:
  uint32_t Below(uint32_t bound) { return random_() % bound; }
  int32_t Stride(int32_t element) { return (static_cast<int32_t>(Below(17)) - 8) * element; }
  uint32_t Word(uint32_t kind) {
    const uint32_t bits = random_();
    if (kind == 0) return bits;                                 // every pattern, NaNs too
    if (kind == 1) return (bits & 0x83FFFFFF) | 0x3C000000;     // near 1
    return (bits & 0x87FF87FF) | (kind == 2 ? 0x38003800 : 0);  // fair FP16; tiny numbers
  }

  std::mt19937 random_;
  const isa::Config& c_;
};

class MatmulConfigTest : public testing::TestWithParam<const char*> {};

TEST_P(MatmulConfigTest, EqualsTheScalarFunctionsOnRandomInstructions) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    FunctionalOptions options;
    options.strict = false;
    TestProgram program(GetParam(), options);
    RandomMatmul random(seed, program.core.config());
    random.FillMemories(program);
    const isa::TensorInstruction i = random.Instruction();
    CoreState expected = program.core.state();
    ReferenceMatmul(i, expected);
    program.Add(i);
    const LaunchResult result = program.Run();
    ASSERT_EQ(result.error.code, isa::Error::kNone) << "seed " << seed;
    ASSERT_EQ(result.sticky, expected.sticky) << "seed " << seed;
    for (uint32_t p = 0; p < expected.config.p; ++p) {
      for (uint32_t a = 0; a < expected.config.psum_bytes; a += 4) {
        ASSERT_EQ(program.Psum(p, a), LoadElement(expected.psum.Row(p) + a, 4))
            << "seed " << seed << ", partition " << p << ", byte " << a;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Configurations, MatmulConfigTest, testing::Values("sim", "tiny", "ulx3s"),
                         [](const auto& info) { return std::string(info.param); });

// |S' - S| of a matmul of K slices' products against exact arithmetic. Operands are multiples of
// 2^-40 below 2^10, so that sums of products are exact in 128 bits.
void ExpectWithinBound(uint32_t seed, bool adversarial) {
  FunctionalOptions options;
  options.strict = false;
  TestProgram program("sim", options);
  const isa::Config& config = program.core.config();
  std::mt19937 random(seed);
  const uint32_t slices = 4;
  const auto sample = [&]() -> float {
    const double unit = static_cast<double>(random()) / 4294967296.0;
    if (!adversarial) return static_cast<float>(std::round((2 * unit - 1) * 0x1p23) * 0x1p-23);
    // All at the top of their binade, or small beside one large: the worst of the shared scale.
    const float top = 0x1.fffffep0F;
    const float sign = random() % 2 ? 1.0F : -1.0F;
    return sign * (random() % 4 ? std::ldexp(top, -static_cast<int>(random() % 16)) : top);
  };
  for (uint32_t p = 0; p < config.p; ++p) {
    for (uint32_t a = 0; a < 8192; a += 4) program.SetSbuf(p, a, Bits(sample()));
  }
  isa::TensorInstruction i = Matmul(config.p, config.p, 32);
  i.outer_size0 = slices;
  i.stationary_base = 4096;
  i.stationary_outer_stride0 = 64;
  i.moving_outer_stride0 = 128;
  program.Add(i);
  ASSERT_EQ(program.Run().error.code, isa::Error::kNone);
  const double half_unit = std::ldexp(1.0, 1 - static_cast<int>(config.mantissa_width));
  for (uint32_t m = 0; m < config.p; ++m) {
    for (uint32_t n = 0; n < 32; ++n) {
      __int128 exact = 0;  // in units of 2^-80
      double bound = 0;
      double largest_sum = 0;
      for (uint32_t s = 0; s < slices; ++s) {
        double a = 0;
        double b = 0;
        for (uint32_t k = 0; k < config.p; ++k) {
          const double x = Value(program.Sbuf(k, s * 128 + n * 4));
          const double w = Value(program.Sbuf(k, 4096 + s * 64 + m * 4));
          exact +=
              static_cast<__int128>(std::ldexp(x, 40)) * static_cast<__int128>(std::ldexp(w, 40));
          a = std::max(a, std::fabs(x));
          b = std::max(b, std::fabs(w));
        }
        bound += config.p * (4 * a * b * half_unit + 4 * a * b * half_unit * half_unit);
        largest_sum += config.p * a * b;
      }
      bound += slices * 0x1p-24 * largest_sum;
      const double error =
          std::fabs(Value(program.Psum(m, n * 4)) - std::ldexp(static_cast<double>(exact), -80));
      ASSERT_LE(error, bound) << "seed " << seed << ", column " << m << ", n " << n;
    }
  }
}

TEST(Matmul, RandomOperandsStayWithinTheDocumentedBound) {
  for (uint32_t seed = 0; seed < 10; ++seed) ExpectWithinBound(seed, false);
}

TEST(Matmul, AdversarialOperandsStayWithinTheDocumentedBound) {
  for (uint32_t seed = 0; seed < 10; ++seed) ExpectWithinBound(seed, true);
}

TEST(Matmul, EightBitIntegersAreExactWithAnyZeroPoints) {
  TestProgram program("ulx3s");
  const isa::Config& config = program.core.config();
  std::mt19937 random(3);
  for (uint32_t p = 0; p < config.p; ++p) {
    for (uint32_t a = 0; a < 1024; a += 4) program.SetSbuf(p, a, random());
  }
  program.MarkInitialised();
  isa::TensorInstruction i = Matmul(config.p, config.p, 100);
  i.moving_dtype = Field(Dtype::kUint8);
  i.stationary_dtype = Field(Dtype::kInt8);
  i.moving_zero_point = 201;
  i.stationary_zero_point = 0x80;
  i.moving_stride0 = i.stationary_stride = 1;
  i.stationary_base = 512;
  program.Add(i);
  ASSERT_EQ(program.Run().finding_count, 0u);
  for (uint32_t m = 0; m < config.p; ++m) {
    for (uint32_t n = 0; n < 100; ++n) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < config.p; ++k) {
        const int32_t x = static_cast<uint8_t>(program.Sbuf(k, n, 1));
        const int32_t w = static_cast<int8_t>(program.Sbuf(k, 512 + m, 1));
        sum += (x - 201) * (w + 128);
      }
      ASSERT_EQ(static_cast<int32_t>(program.Psum(m, n * 4)), sum);
    }
  }
}

TEST(Matmul, NanPoisonsOnlyTheColumnsItFeeds) {
  TestProgram program("tiny");
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t a = 0; a < 64; a += 4) program.SetSbuf(p, a, Bits(1));
  }
  program.SetSbuf(2, 4, kInfinity);
  program.MarkInitialised();
  isa::TensorInstruction i = Matmul(4, 2, 3);
  i.stationary_base = 32;
  program.Add(i);
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.sticky, StickyBit(isa::Sticky::kNanOperand));
  for (uint32_t m = 0; m < 2; ++m) {
    EXPECT_EQ(program.Psum(m, 0), Bits(4));
    EXPECT_EQ(program.Psum(m, 4), kCanonicalNan);
    EXPECT_EQ(program.Psum(m, 8), Bits(4));
  }
}

TEST(Matmul, FloatAccumulationOverflowsToInfinityAndThenNan) {
  TestProgram program("tiny");
  program.SetSbuf(0, 0, Bits(0x1p127F));
  program.SetSbuf(0, 4, Bits(1));
  program.SetSbuf(0, 8, Bits(-0x1p127F));
  program.SetPsum(0, 0, 0x7F7FFFFFu);
  program.MarkInitialised();
  isa::TensorInstruction i = Matmul(1, 1, 1);
  i.stationary_base = 4;
  i.accumulate = 1;
  program.Add(i);
  program.Run();
  EXPECT_EQ(program.Psum(0, 0), kInfinity);
  program.SetPsum(0, 0, kInfinity | kSignBit);
  program.SetSbuf(0, 0, Bits(1));
  program.Add(i);
  program.Run();
  EXPECT_EQ(program.Psum(0, 0), kInfinity | kSignBit);
}

TEST(Matmul, IntegerAccumulationSetsTheOverflowFlagAndWraps) {
  TestProgram program("tiny");
  program.SetSbuf(0, 0, 100, 1);
  program.SetPsum(0, 0, 0x7FFFFFFFu);
  program.MarkInitialised();
  isa::TensorInstruction i = Matmul(1, 1, 1);
  i.moving_dtype = i.stationary_dtype = Field(Dtype::kInt8);
  i.accumulate = 1;
  program.Add(i);
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.sticky, StickyBit(isa::Sticky::kIntOverflow));
  EXPECT_EQ(program.Psum(0, 0), 0x7FFFFFFFu + 10000);
  program.Add(i);
  EXPECT_EQ(program.Run().sticky, 0u) << "flags are cleared at launch";
}

TEST(Matmul, AccumulatesAcrossPassesAndInstructions) {
  TestProgram program("tiny");
  for (uint32_t a = 0; a < 64; a += 4) program.SetSbuf(0, a, Bits(static_cast<float>(a / 4 + 1)));
  program.MarkInitialised();
  isa::TensorInstruction i = Matmul(1, 1, 2);
  i.outer_size0 = 3;
  i.moving_outer_stride0 = 8;
  i.stationary_outer_stride0 = 4;
  i.stationary_base = 32;  // 9, 10, 11
  program.Add(i);
  i.accumulate = 1;
  program.Add(i);
  ASSERT_EQ(program.Run().finding_count, 0u);
  EXPECT_EQ(Value(program.Psum(0, 0)), 2 * (1 * 9 + 3 * 10 + 5 * 11));
  EXPECT_EQ(Value(program.Psum(0, 4)), 2 * (2 * 9 + 4 * 10 + 6 * 11));
}

}  // namespace
}  // namespace neuron::sim
