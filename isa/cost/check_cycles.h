// SPDX-License-Identifier: Apache-2.0
// How long a queue takes to check an instruction before it may start (docs/isa.md section 6): the
// states of nc_instr_check, one cycle each. rtl_instr_check_test holds the two to each other.
#ifndef NEURON_ISA_COST_CHECK_CYCLES_H_
#define NEURON_ISA_COST_CHECK_CYCLES_H_

#include <cstdint>
#include <span>

namespace neuron::isa {

// Cycles from the start of the check to its end, of an instruction (kInstructionWords words) that
// has no fault. Pure function.
//
// Sizes are multiplied with strides (and with each other, where counts must agree) four bits of the
// size in a cycle; sizes of 1 cost nothing. A DMA pattern in SBUF is walked twice, for partitions
// and for offsets.
uint32_t CheckCycles(std::span<const uint32_t> words);

}  // namespace neuron::isa

#endif  // NEURON_ISA_COST_CHECK_CYCLES_H_
