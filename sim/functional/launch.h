// SPDX-License-Identifier: Apache-2.0
// What goes into a launch of the functional model and what comes out of it. Plain values.
#ifndef NEURON_SIM_FUNCTIONAL_LAUNCH_H_
#define NEURON_SIM_FUNCTIONAL_LAUNCH_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/check/instruction_check.h"
#include "neuron/isa.h"

namespace neuron::sim {

// A program as the host sets it up in a core's registers.
struct Launch {
  std::array<isa::Segment, isa::kNumSegments> segments = {};
  // Byte offset in segment 0 of each queue's first instruction, and the number of instructions.
  std::array<uint32_t, isa::kNumQueues> queue_offset = {};
  std::array<uint32_t, isa::kNumQueues> queue_count = {};
  // Cycles without a finished instruction after which the launch is stopped; 0: never. A deadlock
  // is reported in any case.
  uint64_t watchdog = 0;
};

// Why a launch stopped. code is kNone when it did not.
struct ErrorRecord {
  isa::Error code = isa::Error::kNone;
  isa::Queue queue = isa::Queue::kTensor;
  uint32_t index = 0;    // of the instruction in its queue
  uint64_t address = 0;  // see the error codes in isa/neuron.json
  bool operator==(const ErrorRecord&) const = default;
};

// An instruction by queue and index in that queue.
struct InstructionId {
  isa::Queue queue = isa::Queue::kTensor;
  uint32_t index = 0;
  bool operator==(const InstructionId&) const = default;
};

enum class FindingKind {
  kUninitialisedRead,   // SBUF or PSUM bytes that nothing has written since power-on
  kRace,                // two accesses, at least one a write, that no semaphore orders
  kOverlappingOperands  // an output overlaps an input of the same instruction and is not in place
};
// "uninitialised read" and so on.
const char* Name(FindingKind kind);

// One finding of strict mode: the first byte at fault of one operand.
struct Finding {
  FindingKind kind = FindingKind::kRace;
  InstructionId instruction;
  InstructionId other;  // kRace: the access that is not ordered before `instruction`
  isa::Space space = isa::Space::kSbuf;
  uint32_t partition = 0;  // SBUF and PSUM
  uint64_t address = 0;    // byte in the partition, or DRAM byte address
  std::string operand;     // "in0", "moving", ...

  // One line for a person.
  std::string ToString() const;
};

// What a queue is doing when a launch ends or hangs.
struct QueueState {
  isa::WaitState state = isa::WaitState::kDone;
  uint32_t index = 0;      // instruction that the queue holds
  uint32_t semaphore = 0;  // that it waits for, when state is kSemaphore
};

// When an instruction occupied its engine, in estimated cycles since the start of the launch.
struct InstructionTiming {
  InstructionId instruction;
  uint64_t start = 0;
  uint64_t end = 0;
};

struct LaunchResult {
  isa::Status status = isa::Status::kDone;
  ErrorRecord error;
  uint32_t sticky = 0;  // bits of isa::Sticky
  std::array<uint32_t, isa::kNumSemaphores> semaphores = {};
  std::array<QueueState, isa::kNumQueues> queues = {};
  // Per queue, indexed by isa::Counter. Cycles are estimates; bank stalls are those of
  // DMA's reads beside TensorE, fetch stalls are 0.
  std::array<std::array<uint64_t, isa::kNumCounters>, isa::kNumQueues> counters = {};
  uint64_t cycles = 0;                      // estimate
  std::vector<Finding> findings;            // the first Options::max_findings
  uint64_t finding_count = 0;               // all of them
  std::string hang_report;                  // with kWatchdog: what each queue waits for
  std::vector<InstructionTiming> timeline;  // with Options::record_timeline
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_LAUNCH_H_
