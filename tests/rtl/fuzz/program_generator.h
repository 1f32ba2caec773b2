// SPDX-License-Identifier: Apache-2.0
// Random programs over all queues whose result does not depend on timing: every two accesses that
// conflict are ordered by semaphores, with as few waits as that needs.
#ifndef NEURON_TESTS_RTL_FUZZ_PROGRAM_GENERATOR_H_
#define NEURON_TESTS_RTL_FUZZ_PROGRAM_GENERATOR_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/check/instruction_check.h"
#include "neuron/isa.h"
#include "tests/rtl/fuzz/instruction_generator.h"

namespace neuron::test {

// DRAM of a fuzz run; segments in the order image, data, constants.
inline constexpr uint64_t kFuzzDramBytes = 1 << 18;
inline constexpr isa::Segment kFuzzSegments[] = {
    {0x1000, 0x1F000, true, false}, {0x20040, 0x1800, true, true}, {0x22000, 0x1000, true, false}};

// Instructions of each queue that have ended.
using Clock = std::array<uint32_t, isa::kNumQueues>;

// A watchdog that outlasts any instruction on the slowest memory.
inline constexpr uint64_t kPatientWatchdog = 400000;

// Trace rings begin here or somewhat later, behind all segments.
inline constexpr uint64_t kFuzzTraceBase = 0x24000;

struct FuzzItem {
  isa::Queue queue;
  Words words;
  Clock after = {};  // what semaphores let end before it starts
};

struct FuzzProgram {
  std::vector<FuzzItem> items;  // in an order in which they may run one after the other
  uint64_t watchdog = 0;
  std::string ending;          // how it is meant to end: "done" or the kind of error
  uint64_t trace_base = 0;     // ring of trace records, outside of all segments
  uint32_t trace_records = 0;  // 0: not traced
};

inline constexpr uint32_t kAllQueues = (1u << isa::kNumQueues) - 1;

// The program of a seed for the queues in the mask `queues`. All randomness comes from the seed.
FuzzProgram GenerateProgram(const isa::Config& config, uint64_t seed, uint32_t queues = kAllQueues);

// Random content with plain numbers, extreme ones and noise; the constant segment starts with
// indices for gathers, good ones and bad ones.
std::vector<std::byte> GenerateDram(uint64_t seed);

}  // namespace neuron::test

#endif  // NEURON_TESTS_RTL_FUZZ_PROGRAM_GENERATOR_H_
