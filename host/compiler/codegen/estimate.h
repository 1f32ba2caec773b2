// SPDX-License-Identifier: Apache-2.0
// How long a launch will take, instruction by instruction as it is built: each queue's engine, the
// semaphore waits and the shared memory port on one timeline (isa/cost/cost_model.h).
#ifndef NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_
#define NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "host/compiler/codegen/hazard.h"
#include "isa/cost/memory_port.h"

namespace neuron::compiler {

// Work since the launch began, in cycles.
struct ScheduleWork {
  uint64_t cycles = 0;                            // until all instructions so far are finished
  std::array<uint64_t, isa::kNumQueues> busy{};   // the engine works
  std::array<uint64_t, isa::kNumQueues> issue{};  // it waits for an instruction's check
  uint64_t read = 0;                              // of the memory
  uint64_t write = 0;
};

class ScheduleEstimate {
 public:
  ScheduleEstimate(const isa::Config& config, const isa::CostParameters& parameters);

  // Adds the next instruction of `queue`, which waits until each other queue has finished the
  // given number of its instructions (all added before).
  void Append(isa::Queue queue, std::span<const uint32_t> words, const QueueClock& waits);

  // Cycles from launch until all instructions so far are finished.
  uint64_t cycles() const { return work_.cycles; }
  const ScheduleWork& work() const { return work_; }
  // When the engine takes its next instruction.
  uint64_t FreeAt(isa::Queue queue) const {
    return queues_[static_cast<size_t>(queue)].engine_free;
  }

 private:
  struct QueueTime {
    uint64_t started = 0;  // the last instruction; at first: when the first one has arrived
    uint64_t engine_free = 0;
    std::vector<uint64_t> finished;  // of each instruction; never decreasing
  };

  // For how long beats of the port hold the memory.
  uint64_t MemoryCycles(uint64_t beats) const;

  isa::Config config_;
  isa::CostParameters parameters_;
  std::array<QueueTime, isa::kNumQueues> queues_;
  isa::MemoryPort port_;
  ScheduleWork work_;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_
