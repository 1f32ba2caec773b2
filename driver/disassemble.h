// SPDX-License-Identifier: Apache-2.0
// Instructions as text, from the generated field tables.
#ifndef NEURON_DRIVER_DISASSEMBLE_H_
#define NEURON_DRIVER_DISASSEMBLE_H_

#include <cstdint>
#include <span>
#include <string>

namespace neuron::driver {

// One line without a newline: the opcode, partitions, waits, updates and then all fields of the
// format that are not zero, enumerations by name:
//   "activate part=0+4 wait(s3>=1) func=exp in_base=0x40 size0=16 ... update(s2+=1)"
// An unknown opcode gives "illegal opcode 0x7f". `words` holds isa::kInstructionWords words.
std::string Disassemble(std::span<const uint32_t> words);

// The waits of an instruction alone: "s3>=1 s0==2", or "" for none.
std::string DisassembleWaits(std::span<const uint32_t> words);

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_DISASSEMBLE_H_
