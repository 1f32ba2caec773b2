// SPDX-License-Identifier: Apache-2.0
// The arithmetic of docs/numerics.md as scalar reference functions. Every FP32 value is passed as
// its 32 bits. Results do not depend on the host's flush-to-zero state; they need its default
// rounding mode (nearest even). All functions are pure and may be called from any thread.
#ifndef NEURON_SIM_FUNCTIONAL_NUMERICS_H_
#define NEURON_SIM_FUNCTIONAL_NUMERICS_H_

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "neuron/isa.h"

namespace neuron::sim {

inline constexpr uint32_t kCanonicalNan = 0x7FC00000u;
inline constexpr uint32_t kInfinity = 0x7F800000u;
inline constexpr uint32_t kSignBit = 0x80000000u;

// ---- Section 1: FP32 arithmetic -------------------------------------------------------------

inline bool IsNan(uint32_t bits) { return (bits & ~kSignBit) > kInfinity; }
inline bool IsInfinity(uint32_t bits) { return (bits & ~kSignBit) == kInfinity; }

// An FP32 operand as the arithmetic sees it: subnormals become zero, NaNs canonical.
inline uint32_t ReadFp32(uint32_t bits) {
  if ((bits & kInfinity) == 0) return bits & kSignBit;
  return IsNan(bits) ? kCanonicalNan : bits;
}

// The one rounding: a double to FP32 with the exponent unbounded, then overflow to infinity and
// tiny results to zero.
inline uint32_t RoundToFp32(double value) {
  // Magnitudes from 2^-126 - 2^-151 on round up to the smallest normal number.
  constexpr double kTiny = 0x1p-126 - 0x1p-151;
  if (value != value) return kCanonicalNan;
  const double magnitude = value < 0 ? -value : value;
  if (magnitude < kTiny) return std::bit_cast<uint64_t>(value) >> 63 ? kSignBit : 0u;
  return std::bit_cast<uint32_t>(static_cast<float>(value));
}

// The exact value of an FP32 operand (after ReadFp32).
inline double Fp32Value(uint32_t bits) {
  return static_cast<double>(std::bit_cast<float>(ReadFp32(bits)));
}

// A sum or product of two FP32 numbers in double precision, rounded again to FP32, is the
// correctly rounded result: 53 >= 2 * 24 + 2.
inline uint32_t FpAdd(uint32_t a, uint32_t b) { return RoundToFp32(Fp32Value(a) + Fp32Value(b)); }
inline uint32_t FpSub(uint32_t a, uint32_t b) { return RoundToFp32(Fp32Value(a) - Fp32Value(b)); }
inline uint32_t FpMul(uint32_t a, uint32_t b) { return RoundToFp32(Fp32Value(a) * Fp32Value(b)); }
// Comparisons are false when an operand is a NaN.
inline bool FpLess(uint32_t a, uint32_t b) { return Fp32Value(a) < Fp32Value(b); }
inline bool FpEqual(uint32_t a, uint32_t b) { return Fp32Value(a) == Fp32Value(b); }
uint32_t FpMax(uint32_t a, uint32_t b);
uint32_t FpMin(uint32_t a, uint32_t b);
// value * 2^exponent with one rounding; any exponent.
uint32_t FpLdexp(uint32_t value, int exponent);

// A VectorE operation on a (first) and b (second). Operation numbers that do not exist give NaN.
uint32_t Alu(isa::Alu op, uint32_t a, uint32_t b);

// value * 2^exponent rounded once to FP32. A zero gives +0.
uint32_t IntToFp(int64_t value, int exponent = 0);

// The FP32 number rounded to an integer (nearest even) and saturated to INT32; NaN gives 0.
int32_t FpToInt(uint32_t bits);

// ---- Section 2: types in memory -------------------------------------------------------------

// Bytes of one element.
inline uint32_t DtypeBytes(isa::Dtype dtype) {
  switch (dtype) {
    case isa::Dtype::kFp32:
    case isa::Dtype::kInt32:
      return 4;
    case isa::Dtype::kBf16:
    case isa::Dtype::kFp16:
      return 2;
    case isa::Dtype::kInt8:
    case isa::Dtype::kUint8:
      return 1;
  }
  return 4;
}
inline bool IsFloat(isa::Dtype dtype) {
  return dtype == isa::Dtype::kFp32 || dtype == isa::Dtype::kBf16 || dtype == isa::Dtype::kFp16;
}
inline bool IsInteger8(isa::Dtype dtype) {
  return dtype == isa::Dtype::kInt8 || dtype == isa::Dtype::kUint8;
}

// Reads an element: its low DtypeBytes bytes in `bits`, the zero-point field as 8 raw bits (used by
// the 8-bit types only). Returns FP32 bits.
uint32_t ConvertIn(uint32_t bits, isa::Dtype dtype, uint32_t zero_point);
// Writes FP32 bits as an element; unused high bits of the result are zero.
uint32_t ConvertOut(uint32_t value, isa::Dtype dtype, uint32_t zero_point);

// ---- Sections 3 and 4: the aligner and one slice of a matmul -----------------------------------

// A vector of integers that stand for q * 2^(emax - 127 + 2 - W); plain integers have emax 0.
struct AlignedVector {
  std::vector<int32_t> q;
  uint32_t emax = 0;
  bool poisoned = false;
};

// Aligns the raw bits of one operand per partition. `mantissa_width` is W.
AlignedVector Align(std::span<const uint32_t> bits, isa::Dtype dtype, uint32_t zero_point,
                    uint32_t mantissa_width);
// One float operand (FP32 bits, finite) against the vector's largest exponent.
int32_t AlignOne(uint32_t bits, uint32_t emax, uint32_t mantissa_width);
// The exact sum of products; both vectors have the same length.
int64_t Dot(const AlignedVector& a, const AlignedVector& b);
// The slice sum of two aligned float vectors (not poisoned) as FP32.
uint32_t SliceToFp32(int64_t sum, uint32_t emax_moving, uint32_t emax_stationary,
                     uint32_t mantissa_width);
// psum + sum modulo 2^32; sets *overflow when the signed addition overflows, else leaves it.
uint32_t AccumulateInt32(uint32_t psum, uint32_t sum, bool* overflow);

// ---- Section 5: reductions
// -----------------------------------------------------------------------

// The floating-point sum of a stream: four partial sums, element i to sum i mod 4.
class FourWaySum {
 public:
  void Add(uint32_t bits) {
    partial_[next_] = FpAdd(partial_[next_], bits);
    next_ = (next_ + 1) % isa::kReduceWays;
  }
  uint32_t Result() const {
    return FpAdd(FpAdd(partial_[0], partial_[1]), FpAdd(partial_[2], partial_[3]));
  }

 private:
  static_assert(isa::kReduceWays == 4);
  std::array<uint32_t, isa::kReduceWays> partial_ = {};
  uint32_t next_ = 0;
};

uint32_t ReduceAdd(std::span<const uint32_t> values);

// ---- Section 6: ScalarE functions --------------------------------------------------------------

// FP32 coefficients c0 to c3 of one segment.
using TableEntry = std::array<uint32_t, 4>;

// The fields of a ScalarE instruction that define its function.
struct FunctionSpec {
  isa::Func func = isa::Func::kIdentity;
  uint32_t alpha = 0;                 // FP32, leaky
  uint32_t clamp_low = 0xFF800000u;   // FP32
  uint32_t clamp_high = 0x7F800000u;  // FP32
  uint32_t index_bits = 0;            // k
  uint32_t exp_min = 0;               // func table
  uint32_t exp_max = 0;               // func table
  uint32_t table_base = 0;
  uint32_t negative_base = 0;  // func table
};

// ((c3 * d + c2) * d + c1) * d + c0, each operation rounded.
uint32_t Poly(const TableEntry& entry, uint32_t d);
// Step 3: func(t), without the clamp. `table` is the whole table memory (a power of two entries);
// indices are taken modulo its size. It may be empty for identity and leaky.
uint32_t EvaluateFunction(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t t);
// Steps 1 to 3 for an input already read as FP32 bits (every input type but INT32).
uint32_t Activate(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t x,
                  uint32_t scale, uint32_t bias);
// Steps 1 to 3 for an INT32 input with an INT32 bias.
uint32_t ActivateInt32(const FunctionSpec& spec, std::span<const TableEntry> table, uint32_t x,
                       uint32_t scale, uint32_t bias);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_NUMERICS_H_
