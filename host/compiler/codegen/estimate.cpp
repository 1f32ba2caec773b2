// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/estimate.h"

#include <algorithm>

namespace neuron::compiler {

ScheduleEstimate::ScheduleEstimate(const isa::Config& config, const isa::CostParameters& parameters)
    : config_(config), parameters_(parameters), port_(config, parameters) {
  for (QueueTime& queue : queues_) {
    queue.engine_free = queue.started = parameters_.memory_latency;
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
  uint64_t start = std::max(own.engine_free, own.started + cost.issue);
  work_.issue[static_cast<size_t>(queue)] += start - own.engine_free;
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
  own.started = start;
  own.engine_free = engine_free;
  work_.busy[static_cast<size_t>(queue)] += engine_free - start;
  own.finished.push_back(finished);
  work_.cycles = std::max(work_.cycles, finished);
}

}  // namespace neuron::compiler
