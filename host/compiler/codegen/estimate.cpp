// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/estimate.h"

#include <algorithm>

namespace neuron::compiler {

ScheduleEstimate::ScheduleEstimate(const isa::Config& config) : config_(config) {
  // The first instructions come from memory and are checked.
  for (QueueTime& queue : queues_) {
    queue.engine_free = parameters_.memory_latency + parameters_.issue_interval;
  }
}

void ScheduleEstimate::Append(isa::Queue queue, std::span<const uint32_t> words,
                              const QueueClock& waits) {
  const isa::InstructionCost cost = isa::EstimateCost(config_, parameters_, words);
  QueueTime& own = queues_[static_cast<size_t>(queue)];
  uint64_t start = own.engine_free;
  for (size_t other = 0; other < waits.size(); ++other) {
    if (waits[other] != 0) {
      start =
          std::max(start, queues_[other].finished[waits[other] - 1] + parameters_.semaphore_delay);
    }
  }
  uint64_t engine_free = start + cost.occupancy;
  auto use_port = [&](uint64_t& port_free, uint64_t bytes) {
    if (bytes != 0) {
      port_free = std::max(port_free, start) + (bytes + config_.axi_bytes - 1) / config_.axi_bytes;
      engine_free = std::max(engine_free, port_free);
    }
  };
  use_port(read_port_free_, cost.bytes_read);
  use_port(write_port_free_, cost.bytes_written);
  uint64_t finished = engine_free + cost.latency;
  if (!own.finished.empty()) {
    finished = std::max(finished, own.finished.back());
  }
  own.engine_free = std::max(engine_free, start + parameters_.issue_interval);
  own.finished.push_back(finished);
  cycles_ = std::max(cycles_, finished);
}

}  // namespace neuron::compiler
