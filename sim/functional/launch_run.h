// SPDX-License-Identifier: Apache-2.0
// One launch on a FunctionalCore: an event-driven timeline of queues and semaphores that executes
// each instruction when it starts.
#ifndef NEURON_SIM_FUNCTIONAL_LAUNCH_RUN_H_
#define NEURON_SIM_FUNCTIONAL_LAUNCH_RUN_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>

#include "isa/cost/memory_port.h"
#include "isa/cost/sbuf_reads.h"
#include "sim/functional/functional_core.h"
#include "sim/functional/semaphore_order.h"

namespace neuron::sim {

// Used once. The core, the launch and the memory must outlive it.
class LaunchRun {
 public:
  LaunchRun(FunctionalCore& core, const Launch& launch, std::span<std::byte> dram);

  LaunchResult Run();

 private:
  using Words = std::array<uint32_t, isa::kInstructionWords>;

  // A started instruction whose updates are still to come.
  struct Pending {
    uint32_t index;
    uint64_t start;
    uint64_t end;
    Clock clock;
    Words words;
  };
  struct QueueRun {
    uint32_t next = 0;
    uint32_t count = 0;
    uint64_t free_at = 0;   // when the engine and the front end take the next instruction
    uint64_t started = 0;   // when the last one started, at first: when the first has arrived
    uint64_t last_end = 0;  // of the instructions started so far
    bool fetched = false;   // `words`, `fault` and `cost` are those of `next`
    Words words = {};
    std::optional<isa::Fault> fault;
    isa::InstructionCost cost;
    std::deque<Pending> pending;
    Clock clock = {};
  };

  bool Finished() const;
  // Starts the queue's next instruction if it can start now; true when it did.
  bool TryStart(uint32_t queue);
  void Fetch(uint32_t queue);
  // Subtracts the acquires of the instruction at hand; false on a semaphore fault.
  bool Acquire(uint32_t queue);
  std::optional<isa::Fault> Execute(uint32_t queue);
  // Puts the started instruction on the timeline.
  void Schedule(uint32_t queue);
  // TensorE streams from `start` to `end`: moves the ends of the DMA instructions that it keeps
  // from SBUF.
  void DelayReads(uint64_t start, uint64_t end, const Words& stream);
  void LearnFromWaits(QueueRun& run, uint32_t queue);
  void FinishDue();
  void Finish(uint32_t queue, const Pending& pending);
  std::optional<uint64_t> NextEvent() const;
  void Stop(isa::Error code, uint32_t queue, uint32_t index, uint64_t address);
  void StopForWatchdog();
  std::string Report() const;
  void Conclude();

  FunctionalCore& core_;
  const Launch& launch_;
  std::span<std::byte> dram_;
  LaunchResult result_;
  std::array<QueueRun, isa::kNumQueues> queues_;
  SemaphoreOrder order_;
  std::mt19937_64 random_;
  isa::MemoryPort port_;
  isa::SbufReads reads_;
  uint64_t time_ = 0;
  bool stopped_ = false;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_LAUNCH_RUN_H_
