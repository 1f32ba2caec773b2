// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/estimate.h"

#include <algorithm>
#include <optional>

#include "isa/cost/sbuf_reads.h"

namespace neuron::compiler {
namespace {

constexpr auto kTensor = static_cast<size_t>(isa::Queue::kTensor);
constexpr auto kDma0 = static_cast<size_t>(isa::Queue::kDma0);

struct Instruction {
  QueueClock waits;
  uint64_t issue = 0;  // the engine is free and waits for the check
  uint64_t start = 0;
  uint64_t engine_free = 0;
  uint64_t finished = 0;  // never decreasing in a queue
  uint64_t read_beats = 0;
  uint64_t write_beats = 0;
};

// Places the instructions of all queues on the timeline, in the order in which they start.
class Replay {
 public:
  Replay(const isa::Config& config, const isa::CostParameters& parameters,
         const ScheduleEstimate::QueueWords& words)
      : config_(config),
        parameters_(parameters),
        words_(words),
        port_(config, parameters),
        reads_(config) {}

  void Add(isa::Queue queue, const QueueClock& waits) {
    queues_[static_cast<size_t>(queue)].instructions.push_back({.waits = waits});
  }

  void Run() {
    for (size_t q = 0; q < isa::kNumQueues; ++q) {
      Prepare(q);
    }
    while (const std::optional<size_t> queue = Earliest()) {
      Start(*queue);
      Prepare(*queue);
    }
  }

  const Instruction& instruction(size_t queue, size_t index) const {
    return queues_[queue].instructions[index];
  }

 private:
  struct Queue {
    std::vector<Instruction> instructions;
    size_t next = 0;
    isa::InstructionCost cost;  // of the next
    uint64_t latency = 0;       // of the last that started
  };

  std::span<const uint32_t> Words(size_t queue, size_t index) const {
    return std::span(words_[queue]).subspan(index * isa::kInstructionWords, isa::kInstructionWords);
  }

  // Works out what the queue's next instruction costs.
  void Prepare(size_t q) {
    Queue& queue = queues_[q];
    if (queue.next != queue.instructions.size()) {
      queue.cost = isa::EstimateCost(config_, parameters_, Words(q, queue.next));
    }
  }

  uint64_t EngineFree(const Queue& queue) const {
    return queue.next == 0 ? parameters_.memory_latency
                           : queue.instructions[queue.next - 1].engine_free;
  }

  // When the queue's next instruction is checked and the engine free.
  uint64_t Ready(const Queue& queue) const {
    const uint64_t started = queue.next == 0 ? uint64_t{parameters_.memory_latency}
                                             : queue.instructions[queue.next - 1].start;
    return std::max(EngineFree(queue), started + queue.cost.issue);
  }

  // When the queue's next instruction starts; none before what it waits for has a place.
  std::optional<uint64_t> StartOf(const Queue& queue) const {
    uint64_t start = Ready(queue);
    const QueueClock& waits = queue.instructions[queue.next].waits;
    for (size_t other = 0; other < waits.size(); ++other) {
      if (waits[other] == 0) {
        continue;
      }
      if (waits[other] > queues_[other].next) {
        return std::nullopt;
      }
      start = std::max(start, queues_[other].instructions[waits[other] - 1].finished +
                                  parameters_.semaphore_delay);
    }
    return start;
  }

  // The queue whose next instruction starts first, in cycle start_.
  std::optional<size_t> Earliest() {
    std::optional<size_t> earliest;
    for (size_t q = 0; q < queues_.size(); ++q) {
      const Queue& queue = queues_[q];
      if (queue.next == queue.instructions.size()) {
        continue;
      }
      const std::optional<uint64_t> start = StartOf(queue);
      if (start && (!earliest || *start < start_)) {
        earliest = q;
        start_ = *start;
      }
    }
    return earliest;
  }

  // Starts the next instruction of queue q in cycle start_.
  void Start(size_t q) {
    Queue& queue = queues_[q];
    Instruction& instruction = queue.instructions[queue.next];
    const isa::InstructionCost& cost = queue.cost;
    instruction.issue = Ready(queue) - EngineFree(queue);
    instruction.start = start_;
    instruction.engine_free = start_ + cost.occupancy;
    if (q >= kDma0) {
      instruction.engine_free =
          reads_.Read(static_cast<uint32_t>(q - kDma0), start_, cost.occupancy, cost.sbuf_reads);
    }
    instruction.engine_free = std::max(instruction.engine_free, port_.Pass(start_, cost));
    instruction.finished = instruction.engine_free + cost.latency;
    if (queue.next != 0) {
      instruction.finished =
          std::max(instruction.finished, queue.instructions[queue.next - 1].finished);
    }
    instruction.read_beats = cost.read_beats;
    instruction.write_beats = cost.write_beats;
    queue.latency = cost.latency;
    ++queue.next;
    if (q == kTensor) {
      reads_.Stream(instruction.start, instruction.engine_free, Words(q, queue.next - 1));
      DelayReads();
    }
  }

  // Moves the ends of the DMA instructions that a stream keeps from SBUF.
  void DelayReads() {
    for (size_t q = kDma0; q < queues_.size(); ++q) {
      Queue& queue = queues_[q];
      if (queue.next == 0) {
        continue;
      }
      Instruction& last = queue.instructions[queue.next - 1];
      last.engine_free = std::max(last.engine_free, reads_.end(static_cast<uint32_t>(q - kDma0)));
      last.finished = std::max(last.finished, last.engine_free + queue.latency);
    }
  }

  const isa::Config& config_;
  const isa::CostParameters& parameters_;
  const ScheduleEstimate::QueueWords& words_;
  isa::MemoryPort port_;
  isa::SbufReads reads_;
  std::array<Queue, isa::kNumQueues> queues_;
  uint64_t start_ = 0;  // of the earliest instruction
};

// For how long beats of the port hold the memory.
uint64_t MemoryCycles(const isa::Config& config, const isa::CostParameters& parameters,
                      uint64_t beats) {
  const uint64_t rate = parameters.bytes_per_cycle;
  return rate == 0 ? beats : (beats * config.axi_bytes + rate - 1) / rate;
}

}  // namespace

ScheduleEstimate::ScheduleEstimate(const isa::Config& config, const isa::CostParameters& parameters)
    : config_(config), parameters_(parameters), port_(config, parameters) {
  for (QueueTime& queue : queues_) {
    queue.engine_free = queue.started = parameters_.memory_latency;
  }
}

void ScheduleEstimate::Append(isa::Queue queue, uint32_t node, std::span<const uint32_t> words,
                              const QueueClock& waits) {
  const isa::InstructionCost cost = isa::EstimateCost(config_, parameters_, words);
  QueueTime& own = queues_[static_cast<size_t>(queue)];
  uint64_t start = std::max(own.engine_free, own.started + cost.issue);
  for (size_t other = 0; other < waits.size(); ++other) {
    if (waits[other] != 0) {
      start =
          std::max(start, queues_[other].finished[waits[other] - 1] + parameters_.semaphore_delay);
    }
  }
  own.started = start;
  own.engine_free = std::max(start + cost.occupancy, port_.Pass(start, cost));
  uint64_t finished = own.engine_free + cost.latency;
  if (!own.finished.empty()) {
    finished = std::max(finished, own.finished.back());
  }
  own.finished.push_back(finished);
  steps_.push_back({queue, node, waits});
}

std::map<uint32_t, ScheduleWork> ScheduleEstimate::NodeWork(const QueueWords& words) const {
  Replay replay(config_, parameters_, words);
  for (const Step& step : steps_) {
    replay.Add(step.queue, step.waits);
  }
  replay.Run();
  std::map<uint32_t, ScheduleWork> nodes;
  std::array<size_t, isa::kNumQueues> next{};
  uint64_t cycles = 0;
  for (const Step& step : steps_) {
    const auto queue = static_cast<size_t>(step.queue);
    const Instruction& instruction = replay.instruction(queue, next[queue]++);
    ScheduleWork& work = nodes[step.node];
    const uint64_t longer = std::max(cycles, instruction.finished) - cycles;
    cycles += longer;
    work.cycles += longer;
    work.busy[queue] += instruction.engine_free - instruction.start;
    work.issue[queue] += instruction.issue;
    work.read += MemoryCycles(config_, parameters_, instruction.read_beats);
    work.write += MemoryCycles(config_, parameters_, instruction.write_beats);
  }
  return nodes;
}

}  // namespace neuron::compiler
