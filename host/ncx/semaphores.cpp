// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <neuron/isa.h>

#include <array>

#include "host/ncx/instructions.h"
#include "host/ncx/verify.h"

namespace neuron::ncx {
namespace {

constexpr uint32_t kSemaphoreMaximum = (1U << isa::kSemaphoreWidth) - 1;

struct Wait {
  isa::WaitOp op = isa::WaitOp::kNone;
  uint32_t semaphore = 0;
  uint32_t value = 0;
};

struct Update {
  isa::UpdateOp op = isa::UpdateOp::kNone;
  uint32_t semaphore = 0;
  uint32_t value = 0;
};

// The header fields of an instruction are the same in every format.
using Header = isa::DmaInstruction;

std::array<Wait, 4> WaitsOf(const Header& h) {
  return {{{isa::WaitOp{h.wait0_op}, h.wait0_sem, h.wait0_value},
           {isa::WaitOp{h.wait1_op}, h.wait1_sem, h.wait1_value},
           {isa::WaitOp{h.wait2_op}, h.wait2_sem, h.wait2_value},
           {isa::WaitOp{h.wait3_op}, h.wait3_sem, h.wait3_value}}};
}

std::array<Update, 2> UpdatesOf(const Header& h) {
  return {{{isa::UpdateOp{h.update0_op}, h.update0_sem, h.update0_value},
           {isa::UpdateOp{h.update1_op}, h.update1_sem, h.update1_value}}};
}

// Waits and updates of one launch, run in turn without executing anything.
class Simulation {
 public:
  Simulation(const PackageData& package, const Launch& launch)
      : package_(package), launch_(launch), next_(launch.queues.size(), 0) {}

  Status Run() {
    bool progress = true;
    while (progress) {
      progress = false;
      for (size_t slot = 0; slot < launch_.queues.size(); ++slot) {
        if (next_[slot] == launch_.queues[slot].count) {
          continue;
        }
        const Header header = HeaderOf(slot);
        if (!Holds(header)) {
          continue;
        }
        NEURON_RETURN_IF_ERROR(Apply(slot, header));
        ++next_[slot];
        progress = true;
      }
    }
    return CheckFinished();
  }

 private:
  Header HeaderOf(size_t slot) const {
    return Header::Decode(
        InstructionWords(package_.image, launch_.queues[slot].offset, next_[slot]));
  }

  bool Holds(const Header& header) const {
    for (const Wait& wait : WaitsOf(header)) {
      const uint32_t value = semaphores_[wait.semaphore];
      if (wait.op == isa::WaitOp::kEq && value != wait.value) {
        return false;
      }
      if ((wait.op == isa::WaitOp::kGe || wait.op == isa::WaitOp::kAcquire) && value < wait.value) {
        return false;
      }
    }
    return true;
  }

  Status Fault(size_t slot, uint32_t semaphore, const char* what) const {
    const uint32_t queue = launch_.queues[slot].queue;
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("{}: semaphore {} would {}",
                    DescribeInstruction(package_, launch_, queue, next_[slot]), semaphore, what));
  }

  Status Subtract(size_t slot, uint32_t semaphore, uint32_t value) {
    if (semaphores_[semaphore] < value) {
      return Fault(slot, semaphore, "go below zero");
    }
    semaphores_[semaphore] -= value;
    return OkStatus();
  }

  Status Apply(size_t slot, const Header& header) {
    for (const Wait& wait : WaitsOf(header)) {
      if (wait.op == isa::WaitOp::kAcquire) {
        NEURON_RETURN_IF_ERROR(Subtract(slot, wait.semaphore, wait.value));
      }
    }
    for (const Update& update : UpdatesOf(header)) {
      uint32_t& value = semaphores_[update.semaphore];
      switch (update.op) {
        case isa::UpdateOp::kNone:
          break;
        case isa::UpdateOp::kAdd:
          if (update.value > kSemaphoreMaximum - value) {
            return Fault(slot, update.semaphore, "exceed its maximum");
          }
          value += update.value;
          break;
        case isa::UpdateOp::kSub:
          NEURON_RETURN_IF_ERROR(Subtract(slot, update.semaphore, update.value));
          break;
        case isa::UpdateOp::kSet:
          value = update.value;
          break;
      }
    }
    return OkStatus();
  }

  Status CheckFinished() const {
    std::string stuck;
    for (size_t slot = 0; slot < launch_.queues.size(); ++slot) {
      const QueueProgram& program = launch_.queues[slot];
      if (next_[slot] == program.count) {
        continue;
      }
      stuck += fmt::format("\n  {} waits for",
                           DescribeInstruction(package_, launch_, program.queue, next_[slot]));
      for (const Wait& wait : WaitsOf(HeaderOf(slot))) {
        if (wait.op != isa::WaitOp::kNone) {
          stuck += fmt::format(" semaphore {} {} {} (it is {})", wait.semaphore, isa::Name(wait.op),
                               wait.value, semaphores_[wait.semaphore]);
        }
      }
    }
    if (stuck.empty()) {
      return OkStatus();
    }
    return Status(StatusCode::kInvalidArgument, "the program would never finish:" + stuck);
  }

  const PackageData& package_;
  const Launch& launch_;
  std::vector<uint32_t> next_;  // of each entry of launch_.queues
  std::array<uint32_t, isa::kNumSemaphores> semaphores_{};
};

}  // namespace

Status VerifySemaphores(const PackageData& package, const Launch& launch) {
  return Simulation(package, launch).Run();
}

}  // namespace neuron::ncx
