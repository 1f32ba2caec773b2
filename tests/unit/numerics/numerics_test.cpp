// SPDX-License-Identifier: Apache-2.0
// docs/numerics.md as cases, and the scalar functions against exact integer arithmetic.
#include "sim/functional/numerics.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace neuron::sim {
namespace {

using isa::Alu;
using isa::Dtype;

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

constexpr uint32_t kMinNormal = 0x00800000u;
constexpr uint32_t kMaxFinite = 0x7F7FFFFFu;

// magnitude * 2^exponent (nonzero) rounded to 24 bits as section 1 says, by integer arithmetic.
uint32_t ExactRound(bool negative, unsigned __int128 magnitude, int exponent, bool sticky) {
  const uint32_t sign = negative ? kSignBit : 0;
  int width = 0;
  for (unsigned __int128 rest = magnitude; rest != 0; rest >>= 1) ++width;
  if (width < 26) {
    magnitude <<= 26 - width;
    exponent -= 26 - width;
    width = 26;
  }
  const int drop = width - 24;
  const unsigned __int128 below = magnitude & ((static_cast<unsigned __int128>(1) << drop) - 1);
  const unsigned __int128 half = static_cast<unsigned __int128>(1) << (drop - 1);
  uint64_t kept = static_cast<uint64_t>(magnitude >> drop);
  if (below > half || (below == half && (sticky || (kept & 1)))) ++kept;
  int e = exponent + drop + 23 + 127;  // biased
  if (kept == uint64_t{1} << 24) {
    kept >>= 1;
    ++e;
  }
  if (e > 254) return sign | kInfinity;
  if (e < 1) return sign;
  return sign | static_cast<uint32_t>(e) << 23 | static_cast<uint32_t>(kept & 0x7FFFFF);
}

struct Parts {
  bool negative;
  uint64_t significand;  // 0 for zeros and subnormals
  int exponent;          // value = significand * 2^exponent
};
Parts Split(uint32_t bits) {
  const uint32_t e = bits >> 23 & 0xFF;
  return {(bits & kSignBit) != 0, e ? (bits & 0x7FFFFF) | 0x800000u : 0u,
          static_cast<int>(e) - 150};
}

uint32_t ExactMul(uint32_t a, uint32_t b) {
  const Parts x = Split(a);
  const Parts y = Split(b);
  const bool negative = x.negative != y.negative;
  if (x.significand == 0 || y.significand == 0) return negative ? kSignBit : 0;
  return ExactRound(negative, static_cast<unsigned __int128>(x.significand) * y.significand,
                    x.exponent + y.exponent, false);
}

uint32_t ExactAdd(uint32_t a, uint32_t b) {
  Parts x = Split(a);
  Parts y = Split(b);
  if (x.significand == 0 && y.significand == 0) return x.negative && y.negative ? kSignBit : 0;
  if (x.significand == 0) return b;
  if (y.significand == 0) return a;
  if (x.exponent < y.exponent) std::swap(x, y);
  const int shift = std::min(x.exponent - y.exponent, 80);  // beyond 80 y only breaks ties
  __int128 sum = static_cast<__int128>(x.significand) << shift;
  if (x.negative) sum = -sum;
  sum += y.negative ? -static_cast<__int128>(y.significand) : static_cast<__int128>(y.significand);
  if (sum == 0) return 0;
  return ExactRound(sum < 0, static_cast<unsigned __int128>(sum < 0 ? -sum : sum),
                    x.exponent - shift, false);
}

// Random FP32 numbers with many near zero, near overflow and near each other.
class FloatSource {
 public:
  explicit FloatSource(uint32_t seed) : random_(seed) {}
  uint32_t Finite() {
    const uint32_t kind = random_() % 8;
    uint32_t e = 1 + random_() % 254;
    if (kind == 0) e = random_() % 30;
    if (kind == 1) e = 225 + random_() % 30;
    if (kind >= 5) e = 60 + random_() % 8;
    uint32_t fraction = random_() & 0x7FFFFF;
    if (random_() % 4 == 0) fraction &= 0x7F0000;
    if (random_() % 8 == 0) fraction |= 0x7FFF00;
    return (random_() & kSignBit) | e << 23 | fraction;
  }

 private:
  std::mt19937 random_;
};

TEST(Fp32, AddAndMulAreCorrectlyRoundedOnRandomNumbers) {
  FloatSource source(1);
  for (int i = 0; i < 500000; ++i) {
    const uint32_t a = source.Finite();
    const uint32_t b = source.Finite();
    ASSERT_EQ(FpAdd(a, b), ExactAdd(a, b)) << std::hex << a << " + " << b;
    ASSERT_EQ(FpSub(a, b), ExactAdd(a, b ^ kSignBit)) << std::hex << a << " - " << b;
    ASSERT_EQ(FpMul(a, b), ExactMul(a, b)) << std::hex << a << " * " << b;
  }
}

TEST(Fp32, TinyProductsAreFlushedAfterRounding) {
  FloatSource source(2);
  std::mt19937 random(3);
  for (int i = 0; i < 500000; ++i) {
    // Products within a few units of the smallest normal number.
    const uint32_t a = (64u << 23) | (random() & 0x7FFFFF);
    const double wanted = 0x1p-126 / Fp32Value(a);
    const uint32_t b = Bits(static_cast<float>(wanted)) + random() % 5 - 2;
    ASSERT_EQ(FpMul(a, b), ExactMul(a, b)) << std::hex << a << " * " << b;
  }
}

#if defined(__x86_64__)
TEST(Fp32, ResultsDoNotDependOnTheHostsFlushMode) {
  const unsigned saved = _mm_getcsr();
  FloatSource source(4);
  std::mt19937 random(5);
  for (int i = 0; i < 100000; ++i) {
    const uint32_t a = i % 3 ? source.Finite() : random();
    const uint32_t b = i % 3 ? source.Finite() : random();
    _mm_setcsr(saved & ~0x8040u);
    const int64_t integer = static_cast<int32_t>(b);
    const std::vector<uint32_t> plain = {FpAdd(a, b), FpMul(a, b), FpMax(a, b),
                                         IntToFp(integer, -150)};
    _mm_setcsr(saved | 0x8040u);
    const std::vector<uint32_t> flush = {FpAdd(a, b), FpMul(a, b), FpMax(a, b),
                                         IntToFp(integer, -150)};
    _mm_setcsr(saved);
    ASSERT_EQ(plain, flush) << std::hex << a << " " << b;
  }
}
#endif

TEST(Fp32, ZerosInfinitiesAndNans) {
  const uint32_t inf = kInfinity;
  const uint32_t minus_inf = kInfinity | kSignBit;
  EXPECT_EQ(FpAdd(Bits(1.5F), Bits(-1.5F)), 0u);
  EXPECT_EQ(FpAdd(0, 0), 0u);
  EXPECT_EQ(FpAdd(kSignBit, kSignBit), kSignBit);
  EXPECT_EQ(FpAdd(0, kSignBit), 0u);
  EXPECT_EQ(FpAdd(inf, minus_inf), kCanonicalNan);
  EXPECT_EQ(FpMul(inf, 0), kCanonicalNan);
  EXPECT_EQ(FpAdd(0xFFC12345u, Bits(1)), kCanonicalNan);
  EXPECT_EQ(FpMul(0x7F800001u, Bits(1)), kCanonicalNan);
  EXPECT_EQ(FpAdd(kMaxFinite, kMaxFinite), inf);
  EXPECT_EQ(FpMul(kMaxFinite, Bits(-2)), minus_inf);
}

TEST(Fp32, SubnormalsAreZeros) {
  EXPECT_EQ(FpAdd(0x007FFFFFu, 0), 0u);
  EXPECT_EQ(FpAdd(0x807FFFFFu, kSignBit), kSignBit);
  EXPECT_EQ(FpMul(0x00000001u, Bits(-1e30F)), kSignBit);
  EXPECT_EQ(FpMul(kMinNormal, Bits(0.5F)), 0u);
  EXPECT_EQ(FpSub(kMinNormal, kMinNormal + 1), kSignBit);
}

TEST(Fp32, ComparisonsWithNanAreFalseAndNotEqualIsTrue) {
  const uint32_t nan = kCanonicalNan;
  const uint32_t one = Bits(1);
  for (Alu op : {Alu::kEq, Alu::kGt, Alu::kGe, Alu::kLt, Alu::kLe}) {
    EXPECT_EQ(sim::Alu(op, nan, one), 0u) << isa::Name(op);
    EXPECT_EQ(sim::Alu(op, one, nan), 0u) << isa::Name(op);
  }
  EXPECT_EQ(sim::Alu(Alu::kNe, nan, nan), one);
  EXPECT_EQ(sim::Alu(Alu::kEq, 0, kSignBit), one);
}

TEST(Fp32, MaxAndMinKeepTheFirstOfEquals) {
  EXPECT_EQ(sim::Alu(Alu::kMax, 0, kSignBit), 0u);
  EXPECT_EQ(sim::Alu(Alu::kMax, kSignBit, 0), kSignBit);
  EXPECT_EQ(sim::Alu(Alu::kMin, 0, kSignBit), 0u);
  EXPECT_EQ(sim::Alu(Alu::kMax, kCanonicalNan, Bits(1)), kCanonicalNan);
  EXPECT_EQ(sim::Alu(Alu::kMin, Bits(1), 0x7F800001u), kCanonicalNan);
}

TEST(Fp32, RemainingOperations) {
  EXPECT_EQ(sim::Alu(Alu::kBypass, 0xFF800001u, 0), kCanonicalNan);
  EXPECT_EQ(sim::Alu(Alu::kAbs, Bits(-3), 0), Bits(3));
  EXPECT_EQ(sim::Alu(Alu::kAbs, 0xFFC00000u, 0), kCanonicalNan);
  EXPECT_EQ(sim::Alu(Alu::kRsub, Bits(2), Bits(5)), Bits(3));
  EXPECT_EQ(sim::Alu(Alu::kSub, Bits(2), Bits(5)), Bits(-3));
  EXPECT_EQ(sim::Alu(Alu::kGe, Bits(2), Bits(2)), Bits(1));
  EXPECT_EQ(sim::Alu(Alu::kLe, Bits(3), Bits(2)), 0u);
}

TEST(IntToFp, RoundsOnceFromSixtyFourBits) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 200000; ++i) {
    const auto value = static_cast<int64_t>(random()) >> (random() % 63);
    const int exponent = static_cast<int>(random() % 300) - 180;
    if (value == 0) continue;
    const auto magnitude = static_cast<unsigned __int128>(value < 0 ? -__int128{value} : value);
    ASSERT_EQ(IntToFp(value, exponent), ExactRound(value < 0, magnitude, exponent, false))
        << value << " * 2^" << exponent;
  }
  EXPECT_EQ(IntToFp(0, 5), 0u);
  EXPECT_EQ(IntToFp(std::numeric_limits<int64_t>::min()), Bits(-0x1p63F));
}

TEST(Conversion, IntegersSaturateAndRoundToEven) {
  EXPECT_EQ(ConvertOut(Bits(2.5F), Dtype::kInt8, 0), 2u);
  EXPECT_EQ(ConvertOut(Bits(3.5F), Dtype::kInt8, 0), 4u);
  EXPECT_EQ(ConvertOut(Bits(-2.5F), Dtype::kInt8, 0), 0xFEu);
  EXPECT_EQ(ConvertOut(Bits(127.5F), Dtype::kInt8, 0), 127u);
  EXPECT_EQ(ConvertOut(Bits(100), Dtype::kInt8, 100), 127u);
  EXPECT_EQ(ConvertOut(Bits(-1), Dtype::kUint8, 0), 0u);
  EXPECT_EQ(ConvertOut(Bits(-1), Dtype::kUint8, 200), 199u);
  EXPECT_EQ(ConvertOut(Bits(3e9F), Dtype::kInt32, 0), 0x7FFFFFFFu);
  EXPECT_EQ(ConvertOut(Bits(-3e9F), Dtype::kInt32, 0), 0x80000000u);
  EXPECT_EQ(ConvertOut(Bits(-5), Dtype::kInt32, 77), static_cast<uint32_t>(-5));
}

TEST(Conversion, NanBecomesTheZeroPointAndInfinityTheEndOfTheRange) {
  EXPECT_EQ(ConvertOut(kCanonicalNan, Dtype::kInt8, 0xF0), 0xF0u);
  EXPECT_EQ(ConvertOut(kCanonicalNan, Dtype::kInt32, 9), 0u);
  EXPECT_EQ(ConvertOut(kInfinity, Dtype::kUint8, 3), 255u);
  EXPECT_EQ(ConvertOut(kInfinity | kSignBit, Dtype::kInt8, 3), 0x80u);
}

TEST(Conversion, HalfTypesRoundOverflowAndFlush) {
  EXPECT_EQ(ConvertOut(Bits(65519.0F), Dtype::kFp16, 0), 0x7BFFu);
  EXPECT_EQ(ConvertOut(Bits(65520.0F), Dtype::kFp16, 0), 0x7C00u);
  EXPECT_EQ(ConvertOut(Bits(0x1p-14F), Dtype::kFp16, 0), 0x0400u);
  EXPECT_EQ(ConvertOut(Bits(-0x1.ff8p-15F), Dtype::kFp16, 0), 0x8000u);
  EXPECT_EQ(ConvertOut(Bits(0x1.ffep-15F), Dtype::kFp16, 0), 0x0400u) << "rounds up to 2^-14";
  EXPECT_EQ(ConvertOut(kCanonicalNan, Dtype::kFp16, 0), 0x7E00u);
  EXPECT_EQ(ConvertOut(kCanonicalNan, Dtype::kBf16, 0), 0x7FC0u);
  EXPECT_EQ(ConvertOut(kMaxFinite, Dtype::kBf16, 0), 0x7F80u);
  EXPECT_EQ(ConvertOut(0x3F808000u, Dtype::kBf16, 0), 0x3F80u);
  EXPECT_EQ(ConvertOut(0x3F818000u, Dtype::kBf16, 0), 0x3F82u);
  EXPECT_EQ(ConvertIn(0x0001, Dtype::kFp16, 0), 0u);
  EXPECT_EQ(ConvertIn(0x83FF, Dtype::kFp16, 0), kSignBit);
  EXPECT_EQ(ConvertIn(0xFC00, Dtype::kFp16, 0), kInfinity | kSignBit);
  EXPECT_EQ(ConvertIn(0x7C01, Dtype::kFp16, 0), kCanonicalNan);
}

TEST(Conversion, EveryHalfPatternSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    for (Dtype dtype : {Dtype::kFp16, Dtype::kBf16}) {
      const uint32_t value = ConvertIn(bits, dtype, 0);
      if (IsNan(value)) continue;
      const uint32_t exponent = dtype == Dtype::kFp16 ? bits & 0x7C00 : bits & 0x7F80;
      ASSERT_EQ(ConvertOut(value, dtype, 0), exponent ? bits : bits & 0x8000);
    }
  }
}

TEST(Conversion, ZeroPointIsReadAsTheType) {
  EXPECT_EQ(ConvertIn(0x80, Dtype::kInt8, 0x7F), Bits(-255));
  EXPECT_EQ(ConvertIn(0xFF, Dtype::kUint8, 0), Bits(255));
  EXPECT_EQ(ConvertIn(0, Dtype::kUint8, 0xFF), Bits(-255));
  EXPECT_EQ(ConvertIn(0x01000001, Dtype::kInt32, 3), Bits(0x1p24F)) << "ties to even";
}

TEST(Aligner, ScalesByTheLargestExponent) {
  const uint32_t values[] = {Bits(1.5F), Bits(-0.25F), 0, Bits(0x1p-20F)};
  const AlignedVector v = Align(values, Dtype::kFp32, 0, 18);
  EXPECT_EQ(v.emax, 127u);
  EXPECT_EQ(v.q, (std::vector<int32_t>{3 << 15, -(1 << 14), 0, 0}));
}

TEST(Aligner, LargestSignificandSaturatesSymmetrically) {
  const uint32_t values[] = {Bits(0x1.fffffep0F), Bits(-0x1.fffffep0F)};
  EXPECT_EQ(Align(values, Dtype::kFp32, 0, 9).q, (std::vector<int32_t>{255, -255}));
}

TEST(Aligner, TiesGoToEven) {
  // W = 9: one unit is 2^-7 for emax = 127.
  const uint32_t values[] = {Bits(1), Bits(2.5F / 128), Bits(3.5F / 128), Bits(-2.5F / 128)};
  EXPECT_EQ(Align(values, Dtype::kFp32, 0, 9).q, (std::vector<int32_t>{128, 2, 4, -2}));
}

TEST(Aligner, NanAndInfinityPoisonTheVector) {
  for (uint32_t bad : {kCanonicalNan, kInfinity, kInfinity | kSignBit, 0x7F800001u}) {
    const uint32_t values[] = {Bits(1), bad};
    const AlignedVector v = Align(values, Dtype::kFp32, 0, 18);
    EXPECT_TRUE(v.poisoned);
    EXPECT_EQ(v.q, (std::vector<int32_t>{0, 0}));
  }
}

TEST(Aligner, AllZeroVectorGivesPlusZero) {
  const uint32_t values[] = {0, kSignBit, 0x00000001u};
  const AlignedVector v = Align(values, Dtype::kFp32, 0, 18);
  EXPECT_EQ(v.emax, 0u);
  EXPECT_EQ(SliceToFp32(Dot(v, v), v.emax, v.emax, 18), 0u);
}

TEST(Aligner, IntegersEnterMinusTheirZeroPoint) {
  const uint32_t values[] = {0x80, 0x7F, 5};
  EXPECT_EQ(Align(values, Dtype::kInt8, 5, 9).q, (std::vector<int32_t>{-133, 122, 0}));
  EXPECT_EQ(Align(values, Dtype::kUint8, 255, 9).q, (std::vector<int32_t>{-127, -128, -250}));
}

TEST(Slice, OneTimesOneIsOne) {
  for (uint32_t width : {9u, 12u, 18u}) {
    const uint32_t one[] = {Bits(1)};
    const AlignedVector v = Align(one, Dtype::kFp32, 0, width);
    EXPECT_EQ(SliceToFp32(Dot(v, v), v.emax, v.emax, width), Bits(1));
  }
}

TEST(Slice, IntegerAccumulationWrapsAndReports) {
  bool overflow = false;
  EXPECT_EQ(AccumulateInt32(0x7FFFFFFFu, 1, &overflow), 0x80000000u);
  EXPECT_TRUE(overflow);
  overflow = false;
  EXPECT_EQ(AccumulateInt32(5, static_cast<uint32_t>(-7), &overflow), static_cast<uint32_t>(-2));
  EXPECT_FALSE(overflow);
}

TEST(Reduction, SumsFourWays) {
  std::vector<uint32_t> values;
  for (float v : {1e8F, 1.0F, 1.0F, 1.0F, -1e8F, 1.0F, 1.0F}) values.push_back(Bits(v));
  // s0 = 1e8 - 1e8, s1 = 2, s2 = 2, s3 = 1.
  EXPECT_EQ(ReduceAdd(values), Bits(5));
}

TEST(Functions, SpecialValues) {
  const std::vector<TableEntry> table(16, TableEntry{Bits(1), 0, 0, 0});
  const auto evaluate = [&](isa::Func func, float x) {
    FunctionSpec spec;
    spec.func = func;
    spec.alpha = Bits(0.5F);
    spec.index_bits = 4;
    return std::bit_cast<float>(EvaluateFunction(spec, table, Bits(x)));
  };
  using isa::Func;
  EXPECT_EQ(evaluate(Func::kLeaky, -3), -1.5F);
  EXPECT_EQ(evaluate(Func::kLeaky, 3), 3.0F);
  EXPECT_EQ(evaluate(Func::kLog, 0), -INFINITY);
  EXPECT_TRUE(std::isnan(evaluate(Func::kLog, -1)));
  EXPECT_EQ(evaluate(Func::kLog, INFINITY), INFINITY);
  EXPECT_EQ(evaluate(Func::kRecip, -0.0F), -INFINITY);
  EXPECT_EQ(evaluate(Func::kRecip, -INFINITY), 0.0F);
  EXPECT_TRUE(std::signbit(evaluate(Func::kRecip, -INFINITY)));
  EXPECT_TRUE(std::signbit(evaluate(Func::kSqrt, -0.0F)));
  EXPECT_TRUE(std::isnan(evaluate(Func::kSqrt, -1)));
  EXPECT_EQ(evaluate(Func::kRsqrt, 0), INFINITY);
  EXPECT_EQ(evaluate(Func::kRsqrt, INFINITY), 0.0F);
  EXPECT_EQ(evaluate(Func::kExp, -INFINITY), 0.0F);
  for (uint32_t func = 0; func <= static_cast<uint32_t>(Func::kSin); ++func) {
    EXPECT_TRUE(std::isnan(evaluate(static_cast<Func>(func), NAN))) << func;
  }
}

TEST(Functions, ClampComesBeforeTheFunctionAndKeepsNan) {
  FunctionSpec spec;
  spec.clamp_low = Bits(0);
  spec.clamp_high = Bits(6);
  EXPECT_EQ(Activate(spec, {}, Bits(-3), Bits(1), 0), 0u);
  EXPECT_EQ(Activate(spec, {}, Bits(9), Bits(1), 0), Bits(6));
  EXPECT_EQ(Activate(spec, {}, kCanonicalNan, Bits(1), 0), kCanonicalNan);
  EXPECT_EQ(ActivateInt32(spec, {}, 0x7FFFFFFFu, Bits(1), 1), 0u) << "the integer sum wraps";
}

}  // namespace
}  // namespace neuron::sim
