// SPDX-License-Identifier: Apache-2.0
// Rows of strided elements in a memory to and from arrays of FP32 values (numerics.md section 2),
// and element-wise FP32 operations on such arrays. Bit for bit the functions of numerics.h.
#ifndef NEURON_SIM_FUNCTIONAL_ELEMENT_IO_H_
#define NEURON_SIM_FUNCTIONAL_ELEMENT_IO_H_

#include <cstddef>
#include <cstdint>

#include "neuron/isa.h"

namespace neuron::sim {

// Reads `count` elements, `stride` bytes apart, as FP32 bits.
void ReadElements(const std::byte* from, int64_t stride, uint32_t count, isa::Dtype dtype,
                  uint32_t zero_point, uint32_t* values);
// The same, as FP32 values.
void ReadElements(const std::byte* from, int64_t stride, uint32_t count, isa::Dtype dtype,
                  uint32_t zero_point, float* values);
// Reads 32-bit words as they are.
void ReadWords(const std::byte* from, int64_t stride, uint32_t count, uint32_t* words);
// Writes FP32 bits as elements.
void WriteElements(const uint32_t* values, uint32_t count, isa::Dtype dtype, uint32_t zero_point,
                   std::byte* to, int64_t stride);

// result[i] = op(a[i], b[i]); arrays of values as ReadElements makes them. result may be a or b.
void AluArrays(isa::Alu op, const uint32_t* a, const uint32_t* b, uint32_t count, uint32_t* result);
// result[i] = op(a[i], b).
void AluScalar(isa::Alu op, const uint32_t* a, uint32_t b, uint32_t count, uint32_t* result);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_ELEMENT_IO_H_
