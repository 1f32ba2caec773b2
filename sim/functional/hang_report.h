// SPDX-License-Identifier: Apache-2.0
// Text for a person who asks why a launch does not go on.
#ifndef NEURON_SIM_FUNCTIONAL_HANG_REPORT_H_
#define NEURON_SIM_FUNCTIONAL_HANG_REPORT_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "neuron/isa.h"

namespace neuron::sim {

// One queue at the time of the report.
struct StuckQueue {
  uint32_t index = 0;  // instruction that it holds; count when it is done
  uint32_t count = 0;  // instructions of the queue
  std::array<uint32_t, isa::kInstructionWords> words = {};  // of that instruction
};

// One line for each queue (instruction and the waits that do not hold) and one with the semaphores
// that are not zero.
std::string HangReport(std::span<const StuckQueue> queues, std::span<const uint32_t> semaphores);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_HANG_REPORT_H_
