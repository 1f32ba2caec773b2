// SPDX-License-Identifier: Apache-2.0
#include "driver/device.h"

#include <fmt/core.h>

#include "driver/disassemble.h"

namespace neuron::driver {
namespace {

const char* QueueName(uint32_t queue) { return isa::Name(isa::Queue{queue}); }

// What a queue waits for, in words.
std::string WaitingFor(const QueueState& queue, const HangReport& report) {
  switch (queue.state) {
    case isa::WaitState::kDone:
      return "all instructions finished";
    case isa::WaitState::kFetch:
      return "waits for its next instruction from memory";
    case isa::WaitState::kSemaphore: {
      const uint32_t value = report.semaphores[queue.semaphore % isa::kNumSemaphores];
      const std::string waits = queue.words.empty() ? "" : DisassembleWaits(queue.words);
      return fmt::format("waits on semaphore {} = {}{}{}", queue.semaphore, value,
                         waits.empty() ? "" : ", for ", waits);
    }
    case isa::WaitState::kEngine:
      return "waits for its engine, which is busy";
    case isa::WaitState::kDrain:
      return "all issued, waits for completion";
    case isa::WaitState::kHalted: {
      const std::string waits = queue.words.empty() ? "" : DisassembleWaits(queue.words);
      return waits.empty() ? "stopped by an error"
                           : fmt::format("stopped by an error; its waits: {}", waits);
    }
  }
  return "is in an unknown state";
}

}  // namespace

std::string ToString(const ErrorRecord& error) {
  return fmt::format("{} in {}[{}], address {:#x}", isa::Name(error.code), QueueName(error.queue),
                     error.index, error.address);
}

std::string ToString(const HangReport& report, const SourceLookup& source) {
  std::string text;
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    const QueueState& queue = report.queues[q];
    if (queue.count == 0) {
      continue;
    }
    text += fmt::format("  {:<7}{}/{} {}", QueueName(q), queue.index, queue.count,
                        WaitingFor(queue, report));
    if (queue.outstanding != 0) {
      text += fmt::format(", {} running", queue.outstanding);
    }
    const std::string from = source && queue.index < queue.count ? source(q, queue.index) : "";
    if (!from.empty()) {
      text += fmt::format("\n         from {}", from);
    }
    if (!queue.words.empty()) {
      text += fmt::format("\n         {}", Disassemble(queue.words));
    }
    text += '\n';
  }
  text += "  semaphores:";
  bool any = false;
  for (uint32_t i = 0; i < isa::kNumSemaphores; ++i) {
    if (report.semaphores[i] != 0) {
      text += fmt::format(" s{}={}", i, report.semaphores[i]);
      any = true;
    }
  }
  return text + (any ? "" : " all zero");
}

}  // namespace neuron::driver
