// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/hang_report.h"

#include "sim/functional/waits.h"

namespace neuron::sim {
namespace {

const char* Condition(isa::WaitOp op) { return op == isa::WaitOp::kEq ? " = " : " >= "; }

std::string Waits(const StuckQueue& queue, std::span<const uint32_t> semaphores) {
  std::string text;
  for (const SemaphoreWait& wait : WaitsOf(queue.words)) {
    if (WaitHolds(wait, semaphores[wait.semaphore])) continue;
    text += text.empty() ? " waits until" : " and";
    text += " semaphore " + std::to_string(wait.semaphore) + Condition(wait.op) +
            std::to_string(wait.value) + " (now " + std::to_string(semaphores[wait.semaphore]) +
            ")";
  }
  return text.empty() ? " could start" : text;
}

}  // namespace

std::string HangReport(std::span<const StuckQueue> queues, std::span<const uint32_t> semaphores) {
  std::string text;
  for (size_t q = 0; q < queues.size(); ++q) {
    const StuckQueue& queue = queues[q];
    text += std::string(isa::Name(static_cast<isa::Queue>(q))) + ": ";
    if (queue.index >= queue.count) {
      text += "done, " + std::to_string(queue.count) + " instructions\n";
      continue;
    }
    const isa::OpcodeInfo* info = isa::FindOpcode(queue.words[0] & 0xFF);
    text += "instruction " + std::to_string(queue.index) + " of " + std::to_string(queue.count) +
            " (" + (info == nullptr ? "illegal" : info->name) + ")" + Waits(queue, semaphores) +
            "\n";
  }
  text += "semaphores:";
  bool any = false;
  for (size_t s = 0; s < semaphores.size(); ++s) {
    if (semaphores[s] == 0) continue;
    text += " " + std::to_string(s) + "=" + std::to_string(semaphores[s]);
    any = true;
  }
  return text + (any ? "\n" : " all 0\n");
}

}  // namespace neuron::sim
