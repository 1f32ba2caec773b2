// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/element_io.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "sim/functional/core_state.h"
#include "sim/functional/numerics.h"
#include "sim/functional/simd.h"

namespace neuron::sim {
namespace {

constexpr uint32_t kExponentMask = 0x7F800000u;

uint32_t FromFloat(float value) { return std::bit_cast<uint32_t>(value); }
float ToFloat(uint32_t bits) { return std::bit_cast<float>(bits); }

// Flushes a tiny result and makes a NaN canonical.
inline uint32_t Finish(float value) {
  const uint32_t bits = FromFloat(value);
  const uint32_t flushed = (bits & kExponentMask) == 0 ? bits & kSignBit : bits;
  return (flushed & ~kSignBit) > kExponentMask ? kCanonicalNan : flushed;
}

// values[i] = convert(element i); `convert` gives FP32 bits.
template <typename T, typename Value, typename Convert>
void ReadAs(const std::byte* from, int64_t stride, uint32_t count, Value* values, Convert convert) {
  if (stride == sizeof(T)) {
    for (uint32_t i = 0; i < count; ++i) {
      T raw;
      std::memcpy(&raw, from + size_t{i} * sizeof(T), sizeof(T));
      values[i] = std::bit_cast<Value>(convert(raw));
    }
    return;
  }
  for (uint32_t i = 0; i < count; ++i, from += stride) {
    T raw;
    std::memcpy(&raw, from, sizeof(T));
    values[i] = std::bit_cast<Value>(convert(raw));
  }
}

template <typename Value>
void Read(const std::byte* from, int64_t stride, uint32_t count, isa::Dtype dtype,
          uint32_t zero_point, Value* values) {
  switch (dtype) {
    case isa::Dtype::kFp32:
      return ReadAs<uint32_t>(from, stride, count, values, [](uint32_t x) { return ReadFp32(x); });
    case isa::Dtype::kBf16:
      return ReadAs<uint16_t>(from, stride, count, values,
                              [](uint16_t x) { return ReadFp32(uint32_t{x} << 16); });
    case isa::Dtype::kFp16:
      return ReadAs<uint16_t>(from, stride, count, values,
                              [](uint16_t x) { return ConvertIn(x, isa::Dtype::kFp16, 0); });
    case isa::Dtype::kInt8: {
      const int zero = static_cast<int>((zero_point & 0xFFU) ^ 0x80U) - 0x80;  // sign extension
      return ReadAs<int8_t>(from, stride, count, values,
                            [zero](int8_t x) { return FromFloat(static_cast<float>(x - zero)); });
    }
    case isa::Dtype::kUint8: {
      const int zero = static_cast<uint8_t>(zero_point);
      return ReadAs<uint8_t>(from, stride, count, values,
                             [zero](uint8_t x) { return FromFloat(static_cast<float>(x - zero)); });
    }
    case isa::Dtype::kInt32:
      return ReadAs<int32_t>(from, stride, count, values,
                             [](int32_t x) { return FromFloat(static_cast<float>(x)); });
  }
}

// Sums and differences of FP32 numbers are exact when tiny, so a flush after the host's own
// addition is the specified rounding.
NEURON_SIMD void AddArrays(const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result) {
  for (uint32_t i = 0; i < count; ++i) result[i] = Finish(ToFloat(a[i]) + ToFloat(b[i]));
}

NEURON_SIMD void SubArrays(const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result) {
  for (uint32_t i = 0; i < count; ++i) result[i] = Finish(ToFloat(a[i]) - ToFloat(b[i]));
}

NEURON_SIMD void MulArrays(const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result) {
  constexpr double kTiny = 0x1p-126 - 0x1p-151;
  for (uint32_t i = 0; i < count; ++i) {
    const double product = static_cast<double>(ToFloat(a[i])) * static_cast<double>(ToFloat(b[i]));
    const double kept = std::fabs(product) < kTiny ? 0.0 : 1.0;
    result[i] = FromFloat(static_cast<float>(product * kept));
  }
  for (uint32_t i = 0; i < count; ++i) {
    result[i] = (result[i] & ~kSignBit) > kExponentMask ? kCanonicalNan : result[i];
  }
}

NEURON_SIMD void MaxArrays(const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result) {
  for (uint32_t i = 0; i < count; ++i) {
    const bool nan = (a[i] & ~kSignBit) > kExponentMask || (b[i] & ~kSignBit) > kExponentMask;
    const uint32_t larger = ToFloat(a[i]) < ToFloat(b[i]) ? b[i] : a[i];
    result[i] = nan ? kCanonicalNan : larger;
  }
}

NEURON_SIMD void MinArrays(const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result) {
  for (uint32_t i = 0; i < count; ++i) {
    const bool nan = (a[i] & ~kSignBit) > kExponentMask || (b[i] & ~kSignBit) > kExponentMask;
    const uint32_t smaller = ToFloat(b[i]) < ToFloat(a[i]) ? b[i] : a[i];
    result[i] = nan ? kCanonicalNan : smaller;
  }
}

// round_half_even(value) + zero_point, clamped to [low, low + 255]; NaN counts as 0. Beyond 1024
// the sum is clamped whatever the zero-point.
NEURON_SIMD void RoundToBytes(const uint32_t* values, uint32_t count, int32_t zero_point,
                              int32_t low, uint8_t* bytes) {
  constexpr float kFar = 1024.0F;
  constexpr float kRoundShift = 0x1.8p23F;  // adding and subtracting it rounds to an integer
  for (uint32_t i = 0; i < count; ++i) {
    float value = ToFloat((values[i] & ~kSignBit) > kExponentMask ? 0 : values[i]);
    value = value < kFar ? value : kFar;
    value = value > -kFar ? value : -kFar;
    int32_t sum = static_cast<int32_t>((value + kRoundShift) - kRoundShift) + zero_point;
    sum = sum > low ? sum : low;
    sum = sum < low + 255 ? sum : low + 255;
    bytes[i] = static_cast<uint8_t>(sum);
  }
}

void WriteBytes(const uint32_t* values, uint32_t count, isa::Dtype dtype, uint32_t zero_point,
                std::byte* to, int64_t stride) {
  constexpr uint32_t kBlock = 256;
  const bool is_signed = dtype == isa::Dtype::kInt8;
  const int32_t zero =
      is_signed ? static_cast<int8_t>(zero_point) : static_cast<uint8_t>(zero_point);
  uint8_t bytes[kBlock];
  for (uint32_t first = 0; first < count; first += kBlock) {
    const uint32_t block = std::min(kBlock, count - first);
    RoundToBytes(values + first, block, zero, is_signed ? -128 : 0, bytes);
    if (stride == 1) {
      std::memcpy(to, bytes, block);
      to += block;
      continue;
    }
    for (uint32_t i = 0; i < block; ++i, to += stride) *to = std::byte{bytes[i]};
  }
}

template <typename Element>
void WriteAs(const uint32_t* values, uint32_t count, isa::Dtype dtype, uint32_t zero_point,
             std::byte* to, int64_t stride) {
  for (uint32_t i = 0; i < count; ++i, to += stride) {
    const auto element = static_cast<Element>(ConvertOut(values[i], dtype, zero_point));
    std::memcpy(to, &element, sizeof element);
  }
}

}  // namespace

void ReadElements(const std::byte* from, int64_t stride, uint32_t count, isa::Dtype dtype,
                  uint32_t zero_point, uint32_t* values) {
  Read(from, stride, count, dtype, zero_point, values);
}

void ReadElements(const std::byte* from, int64_t stride, uint32_t count, isa::Dtype dtype,
                  uint32_t zero_point, float* values) {
  Read(from, stride, count, dtype, zero_point, values);
}

void ReadWords(const std::byte* from, int64_t stride, uint32_t count, uint32_t* words) {
  ReadAs<uint32_t>(from, stride, count, words, [](uint32_t x) { return x; });
}

void WriteElements(const uint32_t* values, uint32_t count, isa::Dtype dtype, uint32_t zero_point,
                   std::byte* to, int64_t stride) {
  switch (DtypeBytes(dtype)) {
    case 1:
      return WriteBytes(values, count, dtype, zero_point, to, stride);
    case 2:
      return WriteAs<uint16_t>(values, count, dtype, zero_point, to, stride);
    default:
      return WriteAs<uint32_t>(values, count, dtype, zero_point, to, stride);
  }
}

void AluArrays(isa::Alu op, const uint32_t* a, const uint32_t* b, uint32_t count,
               uint32_t* result) {
  switch (op) {
    case isa::Alu::kBypass:
      if (result != a) std::copy_n(a, count, result);
      return;
    case isa::Alu::kAdd:
      return AddArrays(a, b, count, result);
    case isa::Alu::kSub:
      return SubArrays(a, b, count, result);
    case isa::Alu::kRsub:
      return SubArrays(b, a, count, result);
    case isa::Alu::kMul:
      return MulArrays(a, b, count, result);
    case isa::Alu::kMax:
      return MaxArrays(a, b, count, result);
    case isa::Alu::kMin:
      return MinArrays(a, b, count, result);
    default:
      for (uint32_t i = 0; i < count; ++i) result[i] = Alu(op, a[i], b[i]);
      return;
  }
}

void AluScalar(isa::Alu op, const uint32_t* a, uint32_t b, uint32_t count, uint32_t* result) {
  constexpr uint32_t kBlock = 256;
  uint32_t repeated[kBlock];
  std::fill_n(repeated, std::min(count, kBlock), ReadFp32(b));
  for (uint32_t first = 0; first < count; first += kBlock) {
    AluArrays(op, a + first, repeated, std::min(kBlock, count - first), result + first);
  }
}

}  // namespace neuron::sim
