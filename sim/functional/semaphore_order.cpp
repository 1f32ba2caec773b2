// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/semaphore_order.h"

namespace neuron::sim {

void SemaphoreOrder::Reset(const Clock& finished) {
  for (Semaphore& semaphore : semaphores_) {
    semaphore.added = 0;
    semaphore.subtracted = 0;
    semaphore.everything = finished;
    semaphore.history.clear();
  }
}

void SemaphoreOrder::Wait(uint32_t number, isa::WaitOp op, uint32_t value, Clock& clock) {
  if (op == isa::WaitOp::kNone) return;
  Semaphore& semaphore = semaphores_[number];
  if (op == isa::WaitOp::kEq) {
    JoinClock(clock, semaphore.everything);
    return;
  }
  const uint64_t needed = semaphore.subtracted + value;
  const auto reached =
      std::partition_point(semaphore.history.begin(), semaphore.history.end(),
                           [needed](const Reached& entry) { return entry.added < needed; });
  if (value > 0 && reached != semaphore.history.end()) JoinClock(clock, reached->clock);
  if (op == isa::WaitOp::kAcquire) {
    semaphore.subtracted += value;
    JoinClock(semaphore.everything, clock);
  }
}

void SemaphoreOrder::Update(uint32_t number, isa::UpdateOp op, uint32_t value, const Clock& clock) {
  if (op == isa::UpdateOp::kNone) return;
  Semaphore& semaphore = semaphores_[number];
  JoinClock(semaphore.everything, clock);
  if (op == isa::UpdateOp::kSub) {
    semaphore.subtracted += value;
    return;
  }
  Reached reached = {semaphore.added + value, clock};
  if (op == isa::UpdateOp::kSet) {
    semaphore.history.clear();
    semaphore.subtracted = 0;
    reached = {value, semaphore.everything};
  } else if (!semaphore.history.empty()) {
    JoinClock(reached.clock, semaphore.history.back().clock);
  }
  semaphore.added = reached.added;
  semaphore.history.push_back(reached);
}

}  // namespace neuron::sim
