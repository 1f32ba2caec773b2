// SPDX-License-Identifier: Apache-2.0
// Access to Verilated ports whose C++ type depends on a parameter.
#ifndef NEURON_TESTS_RTL_TENSOR_WIDE_H_
#define NEURON_TESTS_RTL_TENSOR_WIDE_H_

#include <cstdint>
#include <type_traits>

namespace neuron::tensor_test {

// The signed field of `width` (at most 32) bits at `lsb` of a port.
template <typename Port>
int32_t SignedField(const Port& port, uint32_t lsb, uint32_t width) {
  uint64_t bits;
  if constexpr (std::is_integral_v<Port>) {
    bits = static_cast<uint64_t>(port) >> lsb;
  } else {
    bits = port[lsb / 32] >> (lsb % 32);
    if (lsb % 32 + width > 32) bits |= uint64_t{port[lsb / 32 + 1]} << (32 - lsb % 32);
  }
  return static_cast<int32_t>(static_cast<int64_t>(bits << (64 - width)) >> (64 - width));
}

}  // namespace neuron::tensor_test

#endif  // NEURON_TESTS_RTL_TENSOR_WIDE_H_
