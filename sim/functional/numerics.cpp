// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/numerics.h"

#include <algorithm>
#include <cmath>

namespace neuron::sim {
namespace {

constexpr uint32_t kFp32Bias = 127;
constexpr uint32_t kFractionBits = 23;
constexpr uint32_t kFractionMask = (1u << kFractionBits) - 1;
constexpr uint32_t kOne = 0x3F800000u;
constexpr uint32_t kLn2 = 0x3F317218u;
constexpr int64_t kLog2E = 1549082005;       // log2(e) * 2^30
constexpr int64_t kInverse2Pi = 1367130551;  // 2^33 / (2 pi)

uint32_t ExponentField(uint32_t bits) { return (bits >> kFractionBits) & 0xFF; }

// Rounds a double of magnitude below 2^51 to an integer, ties to even.
double RoundToInteger(double value) {
  constexpr double kShift = 0x1.8p52;
  return (value + kShift) - kShift;
}

// value rounded to an integer and saturated to INT32; value is not a NaN.
int32_t SaturateToInt32(double value) {
  const double clamped = std::clamp(value, -0x1p31, 0x1p31);
  return static_cast<int32_t>(std::clamp(RoundToInteger(clamped), -0x1p31, 0x1p31 - 1));
}

// 2^exponent as a double, for exponents within the range of normal doubles.
double PowerOfTwo(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

// A finite FP32 number rounded to `dropped` fewer fraction bits with the exponent unbounded; the
// carry out of the fraction increments the exponent field.
uint32_t DropFractionBits(uint32_t bits, uint32_t dropped) {
  const uint32_t half = (1u << (dropped - 1)) - 1;
  const uint32_t even = (bits >> dropped) & 1;
  return ((bits + half + even) >> dropped) << dropped;
}

uint32_t Fp16ToFp32(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1F;
  const uint32_t fraction = half & 0x3FF;
  if (exponent == 0) return sign;
  if (exponent == 31) return fraction ? kCanonicalNan : sign | kInfinity;
  return sign | ((exponent + 112) << 23) | (fraction << 13);
}

uint32_t Fp32ToFp16(uint32_t bits) {
  if (IsNan(bits)) return 0x7E00u;
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t rounded = DropFractionBits(bits & ~kSignBit, 13);
  const uint32_t exponent = rounded >> 23;
  if (exponent > kFp32Bias + 15) return sign | 0x7C00u;
  if (exponent + 14 < kFp32Bias) return sign;
  return sign | ((exponent - 112) << 10) | ((rounded >> 13) & 0x3FF);
}

int32_t ReadInteger8(uint32_t bits, isa::Dtype dtype) {
  return dtype == isa::Dtype::kInt8 ? static_cast<int8_t>(bits) : static_cast<uint8_t>(bits);
}

// A piece of a function's domain: the table entry and the distance into the segment.
struct Segment {
  uint32_t index;
  uint32_t d;
};

// The segment of a 28-bit fraction (exp and sin).
Segment FractionSegment(const FunctionSpec& spec, uint32_t fraction) {
  const uint32_t low_bits = isa::kFractionBits - spec.index_bits;
  const uint32_t low = fraction & ((1u << low_bits) - 1);
  return {spec.table_base + (fraction >> low_bits),
          IntToFp(low, -static_cast<int>(isa::kFractionBits))};
}

// The segment of a significand within its octave (log, recip, sqrt, rsqrt); d in units of 1.
Segment OctaveSegment(const FunctionSpec& spec, uint32_t t) {
  const uint32_t low_bits = kFractionBits - spec.index_bits;
  const uint32_t fraction = t & kFractionMask;
  const uint32_t low = fraction & ((1u << low_bits) - 1);
  return {spec.table_base + (fraction >> low_bits), IntToFp(low, -static_cast<int>(kFractionBits))};
}

// OctaveSegment over two octaves: the exponent's parity chooses the half of the table.
Segment TwoOctaveSegment(const FunctionSpec& spec, uint32_t t, bool odd) {
  Segment segment = OctaveSegment(spec, t);
  if (odd) {
    segment.index += 1u << spec.index_bits;
    segment.d = FpLdexp(segment.d, 1);
  }
  return segment;
}

Segment SignedSegment(const FunctionSpec& spec, uint32_t t) {
  const bool negative = (t & kSignBit) != 0;
  const uint32_t base = negative ? spec.negative_base : spec.table_base;
  const uint32_t exponent = ExponentField(t);
  if (exponent == 0 || exponent < spec.exp_min) return {base, t};
  if (exponent > spec.exp_max) {
    return {base + 1 + ((spec.exp_max - spec.exp_min + 1) << spec.index_bits), t};
  }
  const uint32_t low_bits = kFractionBits - spec.index_bits;
  const uint32_t fraction = t & kFractionMask;
  const int64_t low = fraction & ((1u << low_bits) - 1);
  return {base + 1 + ((exponent - spec.exp_min) << spec.index_bits) + (fraction >> low_bits),
          IntToFp(negative ? -low : low, static_cast<int>(exponent) - 150)};
}

class Evaluator {
 public:
  Evaluator(const FunctionSpec& spec, std::span<const TableEntry> table)
      : spec_(spec), table_(table) {}

  uint32_t Table(uint32_t t) const { return Polynomial(SignedSegment(spec_, t)); }

  uint32_t Exp(uint32_t t) const {
    const int64_t p = static_cast<int64_t>(FixedPoint(t)) * kLog2E;
    const auto fraction =
        static_cast<uint32_t>((static_cast<uint64_t>(p) & ((uint64_t{1} << 54) - 1)) >> 26);
    return FpLdexp(Polynomial(FractionSegment(spec_, fraction)), static_cast<int>(p >> 54));
  }

  uint32_t Sin(uint32_t t) const {
    const int64_t p = static_cast<int64_t>(FixedPoint(t)) * kInverse2Pi;
    const auto fraction =
        static_cast<uint32_t>((static_cast<uint64_t>(p) & ((uint64_t{1} << 57) - 1)) >> 29);
    return Polynomial(FractionSegment(spec_, fraction));
  }

  uint32_t Log(uint32_t t) const {
    if (IsZero(t)) return kSignBit | kInfinity;
    if (t & kSignBit) return kCanonicalNan;
    if (t == kInfinity) return kInfinity;
    const uint32_t octaves = IntToFp(UnbiasedExponent(t));
    return FpAdd(FpMul(octaves, kLn2), Polynomial(OctaveSegment(spec_, t)));
  }

  uint32_t Recip(uint32_t t) const {
    const uint32_t sign = t & kSignBit;
    if (IsZero(t)) return sign | kInfinity;
    if (IsInfinity(t)) return sign;
    const uint32_t y = FpLdexp(Polynomial(OctaveSegment(spec_, t)), -UnbiasedExponent(t));
    return IsNan(y) ? y : y ^ sign;
  }

  uint32_t Sqrt(uint32_t t) const {
    if (IsZero(t)) return t;
    if (t & kSignBit) return kCanonicalNan;
    if (t == kInfinity) return kInfinity;
    const int exponent = UnbiasedExponent(t);
    return FpLdexp(Polynomial(TwoOctaveSegment(spec_, t, exponent & 1)), exponent >> 1);
  }

  uint32_t Rsqrt(uint32_t t) const {
    if (IsZero(t)) return (t & kSignBit) | kInfinity;
    if (t & kSignBit) return kCanonicalNan;
    if (t == kInfinity) return 0;
    const int exponent = UnbiasedExponent(t);
    return FpLdexp(Polynomial(TwoOctaveSegment(spec_, t, exponent & 1)), -(exponent >> 1));
  }

 private:
  static bool IsZero(uint32_t t) { return (t & ~kSignBit) == 0; }
  static int UnbiasedExponent(uint32_t t) {
    return static_cast<int>(ExponentField(t)) - static_cast<int>(kFp32Bias);
  }
  // t * 2^24, rounded and saturated.
  static int32_t FixedPoint(uint32_t t) { return SaturateToInt32(Fp32Value(t) * 0x1p24); }

  uint32_t Polynomial(const Segment& segment) const {
    return Poly(table_[segment.index & (table_.size() - 1)], segment.d);
  }

  const FunctionSpec& spec_;
  std::span<const TableEntry> table_;
};

}  // namespace

uint32_t FpMax(uint32_t a, uint32_t b) {
  if (IsNan(a) || IsNan(b)) return kCanonicalNan;
  return FpLess(a, b) ? ReadFp32(b) : ReadFp32(a);
}

uint32_t FpMin(uint32_t a, uint32_t b) {
  if (IsNan(a) || IsNan(b)) return kCanonicalNan;
  return FpLess(b, a) ? ReadFp32(b) : ReadFp32(a);
}

uint32_t FpLdexp(uint32_t value, int exponent) {
  // Beyond these bounds every finite value has left the range of FP32.
  return RoundToFp32(Fp32Value(value) * PowerOfTwo(std::clamp(exponent, -400, 400)));
}

uint32_t Alu(isa::Alu op, uint32_t a, uint32_t b) {
  switch (op) {
    case isa::Alu::kBypass:
      return ReadFp32(a);
    case isa::Alu::kAdd:
      return FpAdd(a, b);
    case isa::Alu::kSub:
      return FpSub(a, b);
    case isa::Alu::kRsub:
      return FpSub(b, a);
    case isa::Alu::kMul:
      return FpMul(a, b);
    case isa::Alu::kMax:
      return FpMax(a, b);
    case isa::Alu::kMin:
      return FpMin(a, b);
    case isa::Alu::kEq:
      return FpEqual(a, b) ? kOne : 0;
    case isa::Alu::kNe:
      return FpEqual(a, b) ? 0 : kOne;
    case isa::Alu::kGt:
      return FpLess(b, a) ? kOne : 0;
    case isa::Alu::kGe:
      return FpLess(b, a) || FpEqual(a, b) ? kOne : 0;
    case isa::Alu::kLt:
      return FpLess(a, b) ? kOne : 0;
    case isa::Alu::kLe:
      return FpLess(a, b) || FpEqual(a, b) ? kOne : 0;
    case isa::Alu::kAbs:
      return IsNan(a) ? kCanonicalNan : ReadFp32(a) & ~kSignBit;
  }
  return kCanonicalNan;
}

uint32_t IntToFp(int64_t value, int exponent) {
  if (value == 0) return 0;
  const bool negative = value < 0;
  uint64_t magnitude = negative ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  // A double holds 53 bits: fold what is beyond into a sticky bit, far below the rounding position.
  if (const int width = 64 - std::countl_zero(magnitude); width > 53) {
    const int shift = width - 53;
    const bool sticky = (magnitude & ((uint64_t{1} << shift) - 1)) != 0;
    magnitude = (magnitude >> shift) | (sticky ? 1 : 0);
    exponent += shift;
  }
  const double value_magnitude =
      static_cast<double>(magnitude) * PowerOfTwo(std::clamp(exponent, -600, 600));
  return RoundToFp32(negative ? -value_magnitude : value_magnitude);
}

int32_t FpToInt(uint32_t bits) { return IsNan(bits) ? 0 : SaturateToInt32(Fp32Value(bits)); }

uint32_t ConvertIn(uint32_t bits, isa::Dtype dtype, uint32_t zero_point) {
  switch (dtype) {
    case isa::Dtype::kFp32:
      return ReadFp32(bits);
    case isa::Dtype::kBf16:
      return ReadFp32(bits << 16);
    case isa::Dtype::kFp16:
      return Fp16ToFp32(bits & 0xFFFF);
    case isa::Dtype::kInt8:
    case isa::Dtype::kUint8:
      return IntToFp(ReadInteger8(bits, dtype) - ReadInteger8(zero_point, dtype));
    case isa::Dtype::kInt32:
      return IntToFp(static_cast<int32_t>(bits));
  }
  return kCanonicalNan;
}

uint32_t ConvertOut(uint32_t value, isa::Dtype dtype, uint32_t zero_point) {
  const uint32_t y = ReadFp32(value);
  switch (dtype) {
    case isa::Dtype::kFp32:
      return y;
    case isa::Dtype::kBf16:
      return IsNan(y) ? 0x7FC0u : DropFractionBits(y, 16) >> 16;
    case isa::Dtype::kFp16:
      return Fp32ToFp16(y);
    case isa::Dtype::kInt8:
    case isa::Dtype::kUint8: {
      const bool is_signed = dtype == isa::Dtype::kInt8;
      const int64_t sum = int64_t{FpToInt(y)} + ReadInteger8(zero_point, dtype);
      const int64_t low = is_signed ? -128 : 0;
      return static_cast<uint32_t>(std::clamp<int64_t>(sum, low, low + 255)) & 0xFF;
    }
    case isa::Dtype::kInt32:
      return static_cast<uint32_t>(FpToInt(y));
  }
  return 0;
}

int32_t AlignOne(uint32_t bits, uint32_t emax, uint32_t mantissa_width) {
  const double scale = PowerOfTwo(125 + static_cast<int>(mantissa_width) - static_cast<int>(emax));
  const double limit = static_cast<double>((1 << (mantissa_width - 1)) - 1);
  return static_cast<int32_t>(std::clamp(RoundToInteger(Fp32Value(bits) * scale), -limit, limit));
}

AlignedVector Align(std::span<const uint32_t> bits, isa::Dtype dtype, uint32_t zero_point,
                    uint32_t mantissa_width) {
  AlignedVector out;
  out.q.reserve(bits.size());
  if (IsInteger8(dtype)) {
    for (uint32_t x : bits) {
      out.q.push_back(ReadInteger8(x, dtype) - ReadInteger8(zero_point, dtype));
    }
    return out;
  }
  std::vector<uint32_t> values(bits.size());
  for (size_t i = 0; i < bits.size(); ++i) {
    values[i] = ConvertIn(bits[i], dtype, zero_point);
    out.emax = std::max(out.emax, ExponentField(values[i]));
  }
  out.poisoned = out.emax == 255;
  for (uint32_t value : values) {
    out.q.push_back(out.poisoned ? 0 : AlignOne(value, out.emax, mantissa_width));
  }
  return out;
}

int64_t Dot(const AlignedVector& a, const AlignedVector& b) {
  int64_t sum = 0;
  for (size_t i = 0; i < a.q.size(); ++i) sum += int64_t{a.q[i]} * b.q[i];
  return sum;
}

uint32_t SliceToFp32(int64_t sum, uint32_t emax_moving, uint32_t emax_stationary,
                     uint32_t mantissa_width) {
  const int exponent =
      static_cast<int>(emax_moving + emax_stationary) - 250 - 2 * static_cast<int>(mantissa_width);
  return IntToFp(sum, exponent);
}

uint32_t AccumulateInt32(uint32_t psum, uint32_t sum, bool* overflow) {
  int32_t result = 0;
  if (__builtin_add_overflow(static_cast<int32_t>(psum), static_cast<int32_t>(sum), &result)) {
    *overflow = true;
  }
  return psum + sum;
}

uint32_t ReduceAdd(std::span<const uint32_t> values) {
  FourWaySum sum;
  for (uint32_t value : values) sum.Add(value);
  return sum.Result();
}

uint32_t Poly(const TableEntry& entry, uint32_t d) {
  const uint32_t quadratic = FpAdd(FpMul(entry[3], d), entry[2]);
  const uint32_t linear = FpAdd(FpMul(quadratic, d), entry[1]);
  return FpAdd(FpMul(linear, d), entry[0]);
}

uint32_t EvaluateFunction(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t t) {
  t = ReadFp32(t);
  if (IsNan(t)) return kCanonicalNan;
  const Evaluator evaluator(spec, table);
  switch (spec.func) {
    case isa::Func::kIdentity:
      return t;
    case isa::Func::kLeaky:
      return FpLess(t, 0) ? FpMul(t, spec.alpha) : t;
    case isa::Func::kTable:
      return evaluator.Table(t);
    case isa::Func::kExp:
      return evaluator.Exp(t);
    case isa::Func::kLog:
      return evaluator.Log(t);
    case isa::Func::kSqrt:
      return evaluator.Sqrt(t);
    case isa::Func::kRsqrt:
      return evaluator.Rsqrt(t);
    case isa::Func::kRecip:
      return evaluator.Recip(t);
    case isa::Func::kSin:
      return evaluator.Sin(t);
  }
  return kCanonicalNan;
}

uint32_t Activate(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t x,
                  uint32_t scale, uint32_t bias) {
  const uint32_t t = FpAdd(FpMul(x, scale), bias);
  return EvaluateFunction(spec, table, FpMin(FpMax(t, spec.clamp_low), spec.clamp_high));
}

uint32_t ActivateInt32(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t x,
                       uint32_t scale, uint32_t bias) {
  const uint32_t t = FpMul(IntToFp(static_cast<int32_t>(x + bias)), scale);
  return EvaluateFunction(spec, table, FpMin(FpMax(t, spec.clamp_low), spec.clamp_high));
}

}  // namespace neuron::sim
