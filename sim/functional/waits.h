// SPDX-License-Identifier: Apache-2.0
// The semaphore fields of an instruction.
#ifndef NEURON_SIM_FUNCTIONAL_WAITS_H_
#define NEURON_SIM_FUNCTIONAL_WAITS_H_

#include <array>
#include <cstdint>
#include <span>

#include "neuron/isa.h"

namespace neuron::sim {

inline constexpr uint32_t kMaxSemaphore = (1u << isa::kSemaphoreWidth) - 1;

struct SemaphoreWait {
  isa::WaitOp op;
  uint32_t semaphore;
  uint32_t value;
};
struct SemaphoreUpdate {
  isa::UpdateOp op;
  uint32_t semaphore;
  uint32_t value;
};

// In order; unused ones have the operation kNone. All formats share the header.
inline std::array<SemaphoreWait, 4> WaitsOf(std::span<const uint32_t> words) {
  const auto i = isa::VectorInstruction::Decode(words);
  return {{{static_cast<isa::WaitOp>(i.wait0_op), i.wait0_sem, i.wait0_value},
           {static_cast<isa::WaitOp>(i.wait1_op), i.wait1_sem, i.wait1_value},
           {static_cast<isa::WaitOp>(i.wait2_op), i.wait2_sem, i.wait2_value},
           {static_cast<isa::WaitOp>(i.wait3_op), i.wait3_sem, i.wait3_value}}};
}
inline std::array<SemaphoreUpdate, 2> UpdatesOf(std::span<const uint32_t> words) {
  const auto i = isa::VectorInstruction::Decode(words);
  return {{{static_cast<isa::UpdateOp>(i.update0_op), i.update0_sem, i.update0_value},
           {static_cast<isa::UpdateOp>(i.update1_op), i.update1_sem, i.update1_value}}};
}

inline bool WaitHolds(const SemaphoreWait& wait, uint32_t semaphore) {
  switch (wait.op) {
    case isa::WaitOp::kNone:
      return true;
    case isa::WaitOp::kGe:
    case isa::WaitOp::kAcquire:
      return semaphore >= wait.value;
    case isa::WaitOp::kEq:
      return semaphore == wait.value;
  }
  return false;
}

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_WAITS_H_
