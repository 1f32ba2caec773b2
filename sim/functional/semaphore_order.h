// SPDX-License-Identifier: Apache-2.0
// Which instructions of other queues are known to be finished when an instruction starts: vector
// clocks that travel through semaphore updates and waits.
#ifndef NEURON_SIM_FUNCTIONAL_SEMAPHORE_ORDER_H_
#define NEURON_SIM_FUNCTIONAL_SEMAPHORE_ORDER_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "neuron/isa.h"

namespace neuron::sim {

// clock[q] = n: the first n instructions of queue q (counted from the model's first launch) are
// finished.
using Clock = std::array<uint32_t, isa::kNumQueues>;

inline void JoinClock(Clock& into, const Clock& other) {
  for (size_t q = 0; q < into.size(); ++q) into[q] = std::max(into[q], other[q]);
}

// Orders one launch. A wait for a value is ordered after the update that first reached the value
// (and all before it on that semaphore), not after later ones that happened to come in time. So a
// wait that is one too low is seen although the run at hand went well.
class SemaphoreOrder {
 public:
  // Forgets the last launch; all its instructions are before everything that follows.
  void Reset(const Clock& finished);

  // `clock` learns what a satisfied wait proves.
  void Wait(uint32_t semaphore, isa::WaitOp op, uint32_t value, Clock& clock);
  // Publishes what is finished when an update is applied.
  void Update(uint32_t semaphore, isa::UpdateOp op, uint32_t value, const Clock& clock);

 private:
  struct Reached {
    uint64_t added;  // sum of all additions so far
    Clock clock;
  };
  struct Semaphore {
    uint64_t added = 0;
    uint64_t subtracted = 0;
    Clock everything = {};  // all updates so far
    std::vector<Reached> history;
  };

  std::array<Semaphore, isa::kNumSemaphores> semaphores_;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_SEMAPHORE_ORDER_H_
