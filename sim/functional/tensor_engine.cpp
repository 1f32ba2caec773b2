// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/tensor_engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sim/functional/element_io.h"
#include "sim/functional/simd.h"

namespace neuron::sim {
namespace {

constexpr uint32_t kColumnBlock = 128;  // columns of a product that stay in the L1 cache
constexpr uint32_t kColumns = 16;       // columns of the register tile
constexpr uint32_t kRows = 4;           // rows of the register tile
constexpr uint32_t kExponentMask = 0x7F800000u;
constexpr double kRoundShift = 0x1.8p52;  // adding and subtracting it rounds to an integer

uint32_t RoundUp(uint32_t value, uint32_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Exponent fields of the columns' largest operands, in place (bits 30:23); returns the largest.
NEURON_SIMD uint32_t LargestExponents(const float* values, uint32_t rows, uint32_t pitch,
                                      uint32_t count, uint32_t* exponents) {
  std::fill_n(exponents, count, 0u);
  for (uint32_t k = 0; k < rows; ++k) {
    const float* row = values + size_t{k} * pitch;
    for (uint32_t n = 0; n < count; ++n) {
      exponents[n] = std::max(exponents[n], std::bit_cast<uint32_t>(row[n]) & kExponentMask);
    }
  }
  uint32_t largest = 0;
  for (uint32_t n = 0; n < count; ++n) largest = std::max(largest, exponents[n]);
  return largest;
}

// Rounds each operand to its column's scale, saturates, and scales back. A column that holds a NaN
// or an infinity has the unit NaN.
NEURON_SIMD void AlignColumns(const float* values, uint32_t rows, uint32_t pitch, uint32_t count,
                              const double* scale, const double* unit, double limit, double* out) {
  for (uint32_t k = 0; k < rows; ++k) {
    const float* row = values + size_t{k} * pitch;
    double* to = out + size_t{k} * pitch;
    for (uint32_t n = 0; n < count; ++n) {
      const double scaled = static_cast<double>(row[n]) * scale[n];
      double q = (scaled + kRoundShift) - kRoundShift;
      q = q < limit ? q : limit;
      q = q > -limit ? q : -limit;
      to[n] = q * unit[n];
    }
  }
}

// sums[m][n] = sum over k of stationary[k][m] * moving[k][n], for `columns` (a multiple of
// kColumns) columns and `rows` (a multiple of kRows) rows.
template <typename Real>
__attribute__((always_inline)) inline void MultiplyTiles(const Real* stationary,
                                                         uint32_t stationary_pitch,
                                                         const Real* moving, uint32_t moving_pitch,
                                                         uint32_t depth, uint32_t rows,
                                                         uint32_t columns, Real* sums) {
  typedef Real Vector __attribute__((vector_size(32), aligned(alignof(Real)), may_alias));
  constexpr uint32_t kLanes = sizeof(Vector) / sizeof(Real);
  for (uint32_t m = 0; m < rows; m += kRows) {
    for (uint32_t n = 0; n < columns; n += 2 * kLanes) {
      Vector a0 = {}, a1 = {}, b0 = {}, b1 = {}, c0 = {}, c1 = {}, d0 = {}, d1 = {};
      const Real* w = stationary + m;
      const Real* x = moving + n;
      for (uint32_t k = 0; k < depth; ++k, w += stationary_pitch, x += moving_pitch) {
        const Vector x0 = *reinterpret_cast<const Vector*>(x);
        const Vector x1 = *reinterpret_cast<const Vector*>(x + kLanes);
        a0 += x0 * w[0];
        a1 += x1 * w[0];
        b0 += x0 * w[1];
        b1 += x1 * w[1];
        c0 += x0 * w[2];
        c1 += x1 * w[2];
        d0 += x0 * w[3];
        d1 += x1 * w[3];
      }
      const Vector tile[kRows][2] = {{a0, a1}, {b0, b1}, {c0, c1}, {d0, d1}};
      for (uint32_t r = 0; r < kRows; ++r) {
        Real* to = sums + size_t{m + r} * kColumnBlock + n;
        *reinterpret_cast<Vector*>(to) = tile[r][0];
        *reinterpret_cast<Vector*>(to + kLanes) = tile[r][1];
      }
    }
  }
}

NEURON_SIMD void Multiply(const double* stationary, uint32_t stationary_pitch, const double* moving,
                          uint32_t moving_pitch, uint32_t depth, uint32_t rows, uint32_t columns,
                          double* sums) {
  MultiplyTiles(stationary, stationary_pitch, moving, moving_pitch, depth, rows, columns, sums);
}

// For 8-bit integers, whose slices (up to 128 products of 9-bit numbers) are exact in single
// precision.
NEURON_SIMD void Multiply(const float* stationary, uint32_t stationary_pitch, const float* moving,
                          uint32_t moving_pitch, uint32_t depth, uint32_t rows, uint32_t columns,
                          float* sums) {
  MultiplyTiles(stationary, stationary_pitch, moving, moving_pitch, depth, rows, columns, sums);
}

// Rounds exact sums to FP32 and stores them in PSUM words or adds them there.
NEURON_SIMD void AccumulateFloat(const double* sums, uint32_t count, bool accumulate,
                                 uint32_t* psum) {
  constexpr double kTiny = 0x1p-126 - 0x1p-151;  // rounds to the smallest normal number
  uint32_t rounded[kColumnBlock];
  for (uint32_t n = 0; n < count; ++n) {
    const double kept = std::fabs(sums[n]) < kTiny ? 0.0 : 1.0;
    rounded[n] = std::bit_cast<uint32_t>(static_cast<float>(sums[n] * kept));
  }
  for (uint32_t n = 0; n < count; ++n) {
    uint32_t result = rounded[n];
    if (accumulate) {
      uint32_t old = psum[n];
      old = (old & kExponentMask) == 0 ? old & kSignBit : old;
      result = std::bit_cast<uint32_t>(std::bit_cast<float>(old) + std::bit_cast<float>(result));
      result = (result & kExponentMask) == 0 ? result & kSignBit : result;
    }
    psum[n] = (result & ~kSignBit) > kExponentMask ? kCanonicalNan : result;
  }
}

// The same for integers; true when an addition overflowed.
NEURON_SIMD bool AccumulateInteger(const float* sums, uint32_t count, bool accumulate,
                                   uint32_t* psum) {
  uint32_t overflow = 0;
  for (uint32_t n = 0; n < count; ++n) {
    const auto sum = static_cast<uint32_t>(static_cast<int32_t>(sums[n]));
    const uint32_t old = accumulate ? psum[n] : 0;
    const uint32_t result = old + sum;
    overflow |= (old ^ result) & (sum ^ result);
    psum[n] = result;
  }
  return (overflow & kSignBit) != 0;
}

// PSUM words of column m from position `first` on.
uint32_t* PsumWords(const isa::TensorInstruction& i, uint32_t m, uint32_t first, CoreState& state) {
  return reinterpret_cast<uint32_t*>(state.psum.Row(i.column_start + m) + i.psum_base +
                                     size_t{first} * 4);
}

double PowerOfTwo(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

}  // namespace

void TensorEngine::ReadStream(const Stream& stream, uint32_t part_start, uint32_t part_count,
                              uint32_t pitch, const CoreState& state, std::vector<float>& out) {
  // Dimensions that follow one another in memory are read as one.
  uint32_t sizes[3] = {stream.sizes[0], stream.sizes[1], stream.sizes[2]};
  int64_t outer[2] = {stream.strides[1], stream.strides[2]};
  if (outer[0] == stream.strides[0] * sizes[0]) {
    sizes[0] *= sizes[1];
    sizes[1] = sizes[2];
    outer[0] = outer[1];
    sizes[2] = 1;
  }
  if (out.size() < size_t{part_count} * pitch) out.resize(size_t{part_count} * pitch);
  for (uint32_t k = 0; k < part_count; ++k) {
    const std::byte* row = state.sbuf.Row(part_start + k) + stream.base;
    float* to = out.data() + size_t{k} * pitch;
    for (uint32_t i2 = 0; i2 < sizes[2]; ++i2) {
      for (uint32_t i1 = 0; i1 < sizes[1]; ++i1, to += sizes[0]) {
        ReadElements(row + i1 * outer[0] + i2 * outer[1], stream.strides[0], sizes[0], stream.dtype,
                     stream.zero_point, to);
      }
    }
  }
}

void TensorEngine::AlignStream(const Stream& stream, uint32_t part_start, uint32_t part_count,
                               uint32_t pitch, CoreState& state, std::vector<double>& out) {
  const uint32_t count = stream.sizes[0] * stream.sizes[1] * stream.sizes[2];
  ReadStream(stream, part_start, part_count, pitch, state, floats_);
  if (out.size() < size_t{part_count} * pitch) out.resize(size_t{part_count} * pitch);
  uint32_t exponents[isa::kMaxMoving];
  double scale[isa::kMaxMoving];
  double unit[isa::kMaxMoving];
  const int width = static_cast<int>(state.config.mantissa_width);
  if (LargestExponents(floats_.data(), part_count, pitch, count, exponents) == kExponentMask) {
    state.sticky |= StickyBit(isa::Sticky::kNanOperand);
  }
  for (uint32_t n = 0; n < count; ++n) {
    const int shift = 125 + width - static_cast<int>(exponents[n] >> 23);
    scale[n] = PowerOfTwo(shift);
    unit[n] = exponents[n] == kExponentMask ? std::numeric_limits<double>::quiet_NaN()
                                            : PowerOfTwo(-shift);
  }
  const double limit = static_cast<double>((1 << (width - 1)) - 1);
  AlignColumns(floats_.data(), part_count, pitch, count, scale, unit, limit, out.data());
}

void TensorEngine::FloatPass(const isa::TensorInstruction& i, const Stream& stationary,
                             const Stream& moving, bool accumulate, CoreState& state) {
  const uint32_t count = i.inner_size0 * i.inner_size1 * i.inner_size2;
  const uint32_t moving_pitch = RoundUp(count, kColumns);
  const uint32_t rows = RoundUp(i.column_count, kRows);
  AlignStream(stationary, i.part_start, i.part_count, rows, state, doubles_.stationary);
  AlignStream(moving, i.part_start, i.part_count, moving_pitch, state, doubles_.moving);
  doubles_.sums.resize(size_t{rows} * kColumnBlock);
  for (uint32_t first = 0; first < count; first += kColumnBlock) {
    const uint32_t columns = std::min(kColumnBlock, count - first);
    Multiply(doubles_.stationary.data(), rows, doubles_.moving.data() + first, moving_pitch,
             i.part_count, rows, RoundUp(columns, kColumns), doubles_.sums.data());
    for (uint32_t m = 0; m < i.column_count; ++m) {
      AccumulateFloat(doubles_.sums.data() + size_t{m} * kColumnBlock, columns, accumulate,
                      PsumWords(i, m, first, state));
    }
  }
}

void TensorEngine::IntegerPass(const isa::TensorInstruction& i, const Stream& stationary,
                               const Stream& moving, bool accumulate, CoreState& state) {
  const uint32_t count = i.inner_size0 * i.inner_size1 * i.inner_size2;
  const uint32_t moving_pitch = RoundUp(count, kColumns);
  const uint32_t rows = RoundUp(i.column_count, kRows);
  ReadStream(stationary, i.part_start, i.part_count, rows, state, integers_.stationary);
  ReadStream(moving, i.part_start, i.part_count, moving_pitch, state, integers_.moving);
  integers_.sums.resize(size_t{rows} * kColumnBlock);
  for (uint32_t first = 0; first < count; first += kColumnBlock) {
    const uint32_t columns = std::min(kColumnBlock, count - first);
    Multiply(integers_.stationary.data(), rows, integers_.moving.data() + first, moving_pitch,
             i.part_count, rows, RoundUp(columns, kColumns), integers_.sums.data());
    for (uint32_t m = 0; m < i.column_count; ++m) {
      if (AccumulateInteger(integers_.sums.data() + size_t{m} * kColumnBlock, columns, accumulate,
                            PsumWords(i, m, first, state))) {
        state.sticky |= StickyBit(isa::Sticky::kIntOverflow);
      }
    }
  }
}

void TensorEngine::Execute(const isa::TensorInstruction& i, CoreState& state) {
  const bool is_float = IsFloat(static_cast<isa::Dtype>(i.moving_dtype));
  Stream stationary = {0,
                       {i.column_count, 1, 1},
                       {i.stationary_stride, 0, 0},
                       static_cast<isa::Dtype>(i.stationary_dtype),
                       i.stationary_zero_point};
  Stream moving = {0,
                   {i.inner_size0, i.inner_size1, i.inner_size2},
                   {i.moving_stride0, i.moving_stride1, i.moving_stride2},
                   static_cast<isa::Dtype>(i.moving_dtype),
                   i.moving_zero_point};
  bool accumulate = i.accumulate != 0;
  for (int64_t o2 = 0; o2 < i.outer_size2; ++o2) {
    for (int64_t o1 = 0; o1 < i.outer_size1; ++o1) {
      for (int64_t o0 = 0; o0 < i.outer_size0; ++o0) {
        stationary.base = i.stationary_base + o0 * i.stationary_outer_stride0 +
                          o1 * i.stationary_outer_stride1 + o2 * i.stationary_outer_stride2;
        moving.base = i.moving_base + o0 * i.moving_outer_stride0 + o1 * i.moving_outer_stride1 +
                      o2 * i.moving_outer_stride2;
        if (is_float) {
          FloatPass(i, stationary, moving, accumulate, state);
        } else {
          IntegerPass(i, stationary, moving, accumulate, state);
        }
        accumulate = true;
      }
    }
  }
}

}  // namespace neuron::sim
