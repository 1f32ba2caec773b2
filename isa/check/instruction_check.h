// SPDX-License-Identifier: Apache-2.0
// The checks that an instruction passes before it starts (docs/isa.md section 6), as a pure
// function: the functional model, the compiler's and the loader's verifiers use this one.
#ifndef NEURON_ISA_CHECK_INSTRUCTION_CHECK_H_
#define NEURON_ISA_CHECK_INSTRUCTION_CHECK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "neuron/isa.h"

namespace neuron::isa {

// A DRAM segment of a launch.
struct Segment {
  uint64_t base = 0;   // DRAM byte address
  uint64_t limit = 0;  // bytes
  bool readable = false;
  bool writable = false;
};

// Why an instruction may not start.
struct Fault {
  Error code = Error::kNone;
  // As the error record holds it: see the error codes in isa/neuron.json.
  uint64_t address = 0;
  bool operator==(const Fault&) const = default;
};

// Checks one encoded instruction (kInstructionWords words) of `queue`. `segments` may hold fewer
// than kNumSegments entries; the others have no permission. nullopt: the instruction may start.
std::optional<Fault> CheckInstruction(const Config& config, Queue queue,
                                      std::span<const uint32_t> words,
                                      std::span<const Segment> segments);

// "access_range at 0x00010003" with what the address means for that code.
std::string Describe(const Fault& fault);

}  // namespace neuron::isa

#endif  // NEURON_ISA_CHECK_INSTRUCTION_CHECK_H_
