// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/estimate.h"

#include <algorithm>

namespace neuron::compiler {

ScheduleEstimate::ScheduleEstimate(const isa::Config& config, const isa::CostParameters& parameters)
    : config_(config), parameters_(parameters), port_(config, parameters) {
  // The first instructions come from memory and are checked.
  for (QueueTime& queue : queues_) {
    queue.engine_free = parameters_.memory_latency + parameters_.issue_interval;
  }
}

uint64_t ScheduleEstimate::MemoryCycles(uint64_t beats) const {
  const uint64_t rate = parameters_.bytes_per_cycle;
  return rate == 0 ? beats : (beats * config_.axi_bytes + rate - 1) / rate;
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
  const uint64_t engine_free = std::max(start + cost.occupancy, port_.Pass(start, cost));
  work_.read += MemoryCycles(cost.read_beats);
  work_.write += MemoryCycles(cost.write_beats);
  uint64_t finished = engine_free + cost.latency;
  if (!own.finished.empty()) {
    finished = std::max(finished, own.finished.back());
  }
  own.engine_free = std::max(engine_free, start + parameters_.issue_interval);
  work_.busy[static_cast<size_t>(queue)] += engine_free - start;
  work_.issue[static_cast<size_t>(queue)] += own.engine_free - engine_free;
  own.finished.push_back(finished);
  work_.cycles = std::max(work_.cycles, finished);
}

}  // namespace neuron::compiler
