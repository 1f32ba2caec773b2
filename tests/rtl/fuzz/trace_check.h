// SPDX-License-Identifier: Apache-2.0
// What a trace must say about a program whatever the memory's timing. Cycles themselves differ
// between RTL and functional model, so they are compared with one another only.
#ifndef NEURON_TESTS_RTL_FUZZ_TRACE_CHECK_H_
#define NEURON_TESTS_RTL_FUZZ_TRACE_CHECK_H_

#include <array>
#include <span>
#include <string>
#include <vector>

#include "sim/functional/launch.h"
#include "tests/rtl/chip/chip_host.h"
#include "tests/rtl/fuzz/program_generator.h"

namespace neuron::test {

// Checks instructions in the order in which they ended: each ends after it starts, none ends before
// the one listed before it, each queue's are in order, and each starts after those have ended for
// which `program` waits. Instructions may be missing. Empty when all holds, else what does not.
std::string CheckTimeline(const FuzzProgram& program,
                          std::span<const sim::InstructionTiming> timeline);

// Checks the ring of `chip` after a launch of `program` that ended `finished` instructions of each
// queue in `cycles` cycles: each is recorded once, unless it is counted as dropped or overwritten.
// Then copies the ring's bytes into `dram`, the memory to compare with the chip's.
std::string CheckTrace(const FuzzProgram& program, const Clock& finished, uint64_t cycles,
                       const ChipHost::TraceCount& count, std::span<const std::byte> chip_dram,
                       std::span<std::byte> dram);

}  // namespace neuron::test

#endif  // NEURON_TESTS_RTL_FUZZ_TRACE_CHECK_H_
