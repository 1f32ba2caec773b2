// SPDX-License-Identifier: Apache-2.0
// VectorE instructions executed element by element.
#ifndef NEURON_TESTS_RTL_VECTOR_VECTOR_REFERENCE_H_
#define NEURON_TESTS_RTL_VECTOR_VECTOR_REFERENCE_H_

#include <cstdint>

#include "neuron/isa.h"
#include "tests/rtl/lanes/memories.h"

namespace neuron::vector_test {

using lane_test::Memories;
using lane_test::Memory;

// Which operands an opcode of VectorE has.
struct Uses {
  bool in0 = false;
  bool in1 = false;
  bool window = false;
  bool scalar0 = false;
  bool scalar1 = false;
};
Uses UsesOf(uint32_t opcode);

// Executes one legal instruction by docs/isa.md section 4.
void ExecuteReference(const isa::VectorInstruction& i, Memories& memories);

}  // namespace neuron::vector_test

#endif  // NEURON_TESTS_RTL_VECTOR_VECTOR_REFERENCE_H_
