// SPDX-License-Identifier: Apache-2.0
// Runs a random program on the RTL and on the functional model and compares what they leave behind.
#ifndef NEURON_TESTS_RTL_FUZZ_FUZZ_RUNNER_H_
#define NEURON_TESTS_RTL_FUZZ_FUZZ_RUNNER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "neuron/isa.h"
#include "sim/rtl/rtl_chip.h"
#include "tests/rtl/fuzz/program_generator.h"

namespace neuron::test {

struct FuzzOutcome {
  std::string failure;                   // empty: both agree
  isa::Error error = isa::Error::kNone;  // that the last launch ended with
  uint64_t cycles = 0;                   // of the RTL, with what the host does around the launches
  uint64_t launch_cycles = 0;            // of the two launches
  uint32_t instructions = 0;
};

// Runs the first `instructions` of the program twice, without reset between, with other memory
// timing each time. On-chip memories, DRAM, error record, sticky flags, semaphores and numbers of
// ended instructions must be the same, traces those of one program. Also fails when the functional
// model finds a race, which is a bug of the generator.
// With `waves` the chip writes that file. With `chip` the program runs on that one after a reset,
// or leaves a new one there: a chip's coverage counts all that it ran.
FuzzOutcome RunFuzzProgram(const isa::Config& config, const FuzzProgram& program, uint64_t seed,
                           size_t instructions, const std::string& waves = "",
                           std::unique_ptr<sim::RtlChip>* chip = nullptr);

// The number of the first instruction without which the program passes: the one to look at.
size_t FirstDifferingInstruction(const isa::Config& config, const FuzzProgram& program,
                                 uint64_t seed);

}  // namespace neuron::test

#endif  // NEURON_TESTS_RTL_FUZZ_FUZZ_RUNNER_H_
