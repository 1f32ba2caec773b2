// SPDX-License-Identifier: Apache-2.0
// How long a launch will take: each queue's engine, the semaphore waits, the shared memory port and
// SBUF's reads on one timeline (isa/cost/cost_model.h).
#ifndef NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_
#define NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "host/compiler/codegen/hazard.h"
#include "isa/cost/memory_port.h"

namespace neuron::compiler {

// Work of a launch or of one node of it, in cycles.
struct ScheduleWork {
  // By which its instructions, in the order of Append, make the launch longer.
  uint64_t cycles = 0;
  std::array<uint64_t, isa::kNumQueues> busy{};   // the engine works
  std::array<uint64_t, isa::kNumQueues> issue{};  // it waits for an instruction's check
  uint64_t read = 0;                              // of the memory
  uint64_t write = 0;
};

class ScheduleEstimate {
 public:
  using QueueWords = std::array<std::vector<uint32_t>, isa::kNumQueues>;

  ScheduleEstimate(const isa::Config& config, const isa::CostParameters& parameters);

  // Adds the next instruction of `queue`, which belongs to `node` and waits until each other queue
  // has finished the given number of its instructions (all added before).
  void Append(isa::Queue queue, uint32_t node, std::span<const uint32_t> words,
              const QueueClock& waits);

  // About when the engine takes its next instruction: what is known while the launch is being
  // built, in which TensorE and DMA do not meet in SBUF.
  uint64_t FreeAt(isa::Queue queue) const {
    return queues_[static_cast<size_t>(queue)].engine_free;
  }

  // The launch of all instructions so far, `words` being theirs, in the order of time and so with
  // everything that they keep from each other: the work of each node.
  std::map<uint32_t, ScheduleWork> NodeWork(const QueueWords& words) const;

 private:
  struct QueueTime {
    uint64_t started = 0;  // the last instruction; at first: when the first one has arrived
    uint64_t engine_free = 0;
    std::vector<uint64_t> finished;  // of each instruction; never decreasing
  };
  struct Step {
    isa::Queue queue;
    uint32_t node;
    QueueClock waits;
  };

  isa::Config config_;
  isa::CostParameters parameters_;
  std::array<QueueTime, isa::kNumQueues> queues_;
  isa::MemoryPort port_;
  std::vector<Step> steps_;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_ESTIMATE_H_
