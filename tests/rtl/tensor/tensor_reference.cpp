// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/tensor/tensor_bench.h"

namespace neuron::tensor_test {
namespace {

// The aligned vector at one SBUF address, over the instruction's partitions.
sim::AlignedVector ReadVector(const Memories& memories, const isa::TensorInstruction& i,
                              int64_t address, uint32_t dtype, uint32_t zero_point,
                              uint32_t mantissa_width, Flags& flags) {
  const auto type = static_cast<isa::Dtype>(dtype);
  std::vector<uint32_t> bits;
  for (uint32_t k = i.part_start; k < i.part_start + i.part_count; ++k) {
    bits.push_back(memories.Element(k, static_cast<uint32_t>(address), sim::DtypeBytes(type)));
  }
  sim::AlignedVector vector = sim::Align(bits, type, zero_point, mantissa_width);
  flags.nan_operand |= vector.poisoned;
  return vector;
}

void AccumulateSlice(const isa::TensorInstruction& i, uint32_t mantissa_width, bool overwrite,
                     const sim::AlignedVector& x, const sim::AlignedVector& w, uint32_t& psum,
                     Flags& flags) {
  const int64_t sum = sim::Dot(x, w);
  if (sim::IsFloat(static_cast<isa::Dtype>(i.moving_dtype))) {
    const uint32_t slice = x.poisoned || w.poisoned
                               ? sim::kCanonicalNan
                               : sim::SliceToFp32(sum, x.emax, w.emax, mantissa_width);
    psum = overwrite ? slice : sim::FpAdd(psum, slice);
  } else if (overwrite) {
    psum = static_cast<uint32_t>(sum);
  } else {
    psum = sim::AccumulateInt32(psum, static_cast<uint32_t>(sum), &flags.int_overflow);
  }
}

}  // namespace

void ExecuteReference(const isa::TensorInstruction& i, uint32_t mantissa_width, Memories& memories,
                      Flags& flags) {
  bool first = true;
  for (int64_t o2 = 0; o2 < i.outer_size2; ++o2) {
    for (int64_t o1 = 0; o1 < i.outer_size1; ++o1) {
      for (int64_t o0 = 0; o0 < i.outer_size0; ++o0) {
        std::vector<sim::AlignedVector> stationary;
        for (int64_t m = 0; m < i.column_count; ++m) {
          stationary.push_back(
              ReadVector(memories, i,
                         int64_t{i.stationary_base} + o0 * i.stationary_outer_stride0 +
                             o1 * i.stationary_outer_stride1 + o2 * i.stationary_outer_stride2 +
                             m * i.stationary_stride,
                         i.stationary_dtype, i.stationary_zero_point, mantissa_width, flags));
        }
        uint32_t word = i.psum_base / 4;
        for (int64_t i2 = 0; i2 < i.inner_size2; ++i2) {
          for (int64_t i1 = 0; i1 < i.inner_size1; ++i1) {
            for (int64_t i0 = 0; i0 < i.inner_size0; ++i0) {
              const sim::AlignedVector x = ReadVector(
                  memories, i,
                  int64_t{i.moving_base} + o0 * i.moving_outer_stride0 +
                      o1 * i.moving_outer_stride1 + o2 * i.moving_outer_stride2 +
                      i0 * i.moving_stride0 + i1 * i.moving_stride1 + i2 * i.moving_stride2,
                  i.moving_dtype, i.moving_zero_point, mantissa_width, flags);
              for (uint32_t m = 0; m < i.column_count; ++m) {
                AccumulateSlice(i, mantissa_width, first && !i.accumulate, x, stationary[m],
                                memories.psum[i.column_start + m][word], flags);
              }
              ++word;
            }
          }
        }
        first = false;
      }
    }
  }
}

}  // namespace neuron::tensor_test
