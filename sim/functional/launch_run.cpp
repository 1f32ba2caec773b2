// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/launch_run.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "sim/functional/dma_engine.h"
#include "sim/functional/hang_report.h"
#include "sim/functional/lane_engines.h"
#include "sim/functional/waits.h"

namespace neuron::sim {
namespace {

constexpr size_t kMaxOutstanding = 8;

constexpr auto kDma0 = static_cast<uint32_t>(isa::Queue::kDma0);

bool IsDmaQueue(uint32_t queue) { return queue >= kDma0; }

uint64_t& CounterOf(LaunchResult& result, uint32_t queue, isa::Counter counter) {
  return result.counters[queue][static_cast<uint32_t>(counter)];
}

}  // namespace

LaunchRun::LaunchRun(FunctionalCore& core, const Launch& launch, std::span<std::byte> dram)
    : core_(core),
      launch_(launch),
      dram_(dram),
      random_(core.options_.seed),
      port_(core.config(), core.options_.cost),
      reads_(core.config()) {
  core_.state_.sticky = 0;
  const isa::CostParameters& cost = core_.options_.cost;
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    queues_[q].count = launch.queue_count[q];
    queues_[q].started = queues_[q].free_at = cost.memory_latency;
    queues_[q].clock = core_.strict_.start_clock();
  }
  if (core_.options_.strict) {
    core_.strict_.BeginLaunch(launch_, core_.options_.max_findings, &result_);
    order_.Reset(core_.strict_.start_clock());
  }
}

LaunchResult LaunchRun::Run() {
  std::array<uint32_t, isa::kNumQueues> turn;
  std::iota(turn.begin(), turn.end(), 0u);
  while (!Finished()) {
    for (bool progress = true; progress && !stopped_;) {
      progress = false;
      if (core_.options_.seed != 0) std::shuffle(turn.begin(), turn.end(), random_);
      for (uint32_t q : turn) progress |= TryStart(q);
    }
    const std::optional<uint64_t> next = NextEvent();
    if (next) {
      time_ = *next;
      FinishDue();
    } else if (!stopped_) {
      StopForWatchdog();
    }
  }
  Conclude();
  return std::move(result_);
}

bool LaunchRun::Finished() const {
  return std::all_of(queues_.begin(), queues_.end(), [this](const QueueRun& run) {
    return run.pending.empty() && (stopped_ || run.next == run.count);
  });
}

void LaunchRun::Fetch(uint32_t queue) {
  QueueRun& run = queues_[queue];
  run.fetched = true;
  run.fault.reset();
  run.cost = {};
  const isa::Segment& image = launch_.segments[0];
  const uint64_t offset = launch_.queue_offset[queue] + uint64_t{run.next} * isa::kInstructionBytes;
  const uint64_t last = offset + isa::kInstructionBytes - 1;
  if (!image.readable || last >= image.limit) {
    run.fault = isa::Fault{isa::Error::kSegmentViolation, static_cast<uint32_t>(last)};
    return;
  }
  if (image.base + last >= dram_.size()) {
    run.fault = isa::Fault{isa::Error::kBusError, image.base + offset};
    return;
  }
  std::memcpy(run.words.data(), dram_.data() + image.base + offset, isa::kInstructionBytes);
  run.fault = isa::CheckInstruction(core_.config(), static_cast<isa::Queue>(queue), run.words,
                                    launch_.segments);
  run.cost = isa::EstimateCost(core_.config(), core_.options_.cost, run.words);
}

bool LaunchRun::TryStart(uint32_t queue) {
  QueueRun& run = queues_[queue];
  if (stopped_ || run.next == run.count || run.free_at > time_ ||
      run.pending.size() >= kMaxOutstanding) {
    return false;
  }
  if (!run.fetched) {
    Fetch(queue);
    run.free_at = std::max(run.free_at, run.started + run.cost.issue);
    if (run.free_at > time_) return false;
  }
  if (run.fault) {
    // Raised when all earlier instructions of the queue are done.
    if (run.pending.empty()) Stop(run.fault->code, queue, run.next, run.fault->address);
    return false;
  }
  for (const SemaphoreWait& wait : WaitsOf(run.words)) {
    if (!WaitHolds(wait, result_.semaphores[wait.semaphore])) return false;
  }
  if (core_.abort_.exchange(false)) {
    Stop(isa::Error::kAborted, queue, run.next, 0);
    return false;
  }
  if (launch_.watchdog != 0 && run.cost.occupancy > launch_.watchdog) {
    StopForWatchdog();
    return false;
  }
  if (!Acquire(queue)) return false;
  if (core_.options_.strict) LearnFromWaits(run, queue);
  const std::optional<isa::Fault> fault = Execute(queue);
  Schedule(queue);
  if (fault) {
    Stop(fault->code, queue, run.next, fault->address);
    run.pending.back().words = {};  // it ends without updates
  }
  ++run.next;
  run.fetched = false;
  return true;
}

bool LaunchRun::Acquire(uint32_t queue) {
  bool ok = true;
  for (const SemaphoreWait& wait : WaitsOf(queues_[queue].words)) {
    if (wait.op != isa::WaitOp::kAcquire) continue;
    uint32_t& semaphore = result_.semaphores[wait.semaphore];
    if (semaphore >= wait.value) {
      semaphore -= wait.value;
    } else if (ok) {
      Stop(isa::Error::kSemaphoreFault, queue, queues_[queue].next, wait.semaphore);
      ok = false;
    }
  }
  return ok;
}

void LaunchRun::LearnFromWaits(QueueRun& run, uint32_t queue) {
  // Engines other than DMA see all that earlier instructions of their queue did.
  if (!IsDmaQueue(queue)) run.clock[queue] = core_.strict_.start_clock()[queue] + run.next;
  for (const SemaphoreWait& wait : WaitsOf(run.words)) {
    order_.Wait(wait.semaphore, wait.op, wait.value, run.clock);
  }
  core_.strict_.OnInstruction({static_cast<isa::Queue>(queue), run.next}, run.words, run.clock);
}

std::optional<isa::Fault> LaunchRun::Execute(uint32_t queue) {
  const Words& words = queues_[queue].words;
  CoreState& state = core_.state_;
  switch (static_cast<isa::Queue>(queue)) {
    case isa::Queue::kTensor:
      core_.tensor_.Execute(isa::TensorInstruction::Decode(words), state);
      return std::nullopt;
    case isa::Queue::kVector:
      ExecuteVector(isa::VectorInstruction::Decode(words), state);
      return std::nullopt;
    case isa::Queue::kScalar:
      ExecuteScalar(isa::ScalarInstruction::Decode(words), state);
      return std::nullopt;
    case isa::Queue::kDma0:
    case isa::Queue::kDma1:
      return ExecuteDma(isa::DmaInstruction::Decode(words), launch_.segments, dram_, state);
  }
  return std::nullopt;
}

void LaunchRun::Schedule(uint32_t queue) {
  QueueRun& run = queues_[queue];
  const isa::InstructionCost& cost = run.cost;
  const isa::CostParameters& parameters = core_.options_.cost;
  uint64_t occupancy = cost.occupancy;
  if (core_.options_.seed != 0) occupancy = occupancy * (1 + random_() % 16) / 4 + random_() % 64;
  uint64_t engine_free = time_ + occupancy;
  if (IsDmaQueue(queue)) {
    engine_free = reads_.Read(queue - kDma0, time_, occupancy, cost.sbuf_reads);
    CounterOf(result_, queue, isa::Counter::kStallBank) += engine_free - time_ - occupancy;
  }
  engine_free = std::max(engine_free, port_.Pass(time_, cost));

  const uint64_t idle_since = std::max(run.free_at, run.last_end);
  if (time_ > idle_since) {
    CounterOf(result_, queue, isa::Counter::kStallSemaphore) += time_ - idle_since;
  }
  const uint64_t end = std::max(engine_free + cost.latency, run.last_end);
  CounterOf(result_, queue, isa::Counter::kBusy) += end - std::max(time_, run.last_end);
  CounterOf(result_, queue, isa::Counter::kBytesRead) += cost.bytes_read;
  CounterOf(result_, queue, isa::Counter::kBytesWritten) += cost.bytes_written;
  run.free_at = engine_free;
  run.started = time_;
  run.last_end = end;
  run.pending.push_back({run.next, time_, end + parameters.semaphore_delay, run.clock, run.words});
  if (static_cast<isa::Queue>(queue) == isa::Queue::kTensor) {
    DelayReads(time_, engine_free, run.words);
  }
}

void LaunchRun::DelayReads(uint64_t start, uint64_t end, const Words& stream) {
  std::array<uint64_t, isa::kNumDmaQueues> before;
  for (uint32_t dma = 0; dma < before.size(); ++dma) before[dma] = reads_.end(dma);
  reads_.Stream(start, end, stream);
  for (uint32_t dma = 0; dma < before.size(); ++dma) {
    if (reads_.end(dma) == before[dma]) continue;
    const uint32_t queue = kDma0 + dma;
    QueueRun& run = queues_[queue];
    CounterOf(result_, queue, isa::Counter::kStallBank) += reads_.end(dma) - before[dma];
    run.free_at = std::max(run.free_at, reads_.end(dma));
    const uint64_t finished = std::max(run.last_end, run.free_at + run.cost.latency);
    CounterOf(result_, queue, isa::Counter::kBusy) += finished - run.last_end;
    run.pending.back().end += finished - run.last_end;
    run.last_end = finished;
  }
}

std::optional<uint64_t> LaunchRun::NextEvent() const {
  std::optional<uint64_t> next;
  const auto consider = [&next](uint64_t time) { next = next ? std::min(*next, time) : time; };
  for (const QueueRun& run : queues_) {
    if (!run.pending.empty()) consider(run.pending.front().end);
    if (!stopped_ && run.next < run.count && run.free_at > time_) consider(run.free_at);
  }
  return next;
}

void LaunchRun::FinishDue() {
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    std::deque<Pending>& pending = queues_[q].pending;
    while (!pending.empty() && pending.front().end <= time_) {
      Finish(q, pending.front());
      pending.pop_front();
    }
  }
}

void LaunchRun::Finish(uint32_t queue, const Pending& pending) {
  ++CounterOf(result_, queue, isa::Counter::kInstructions);
  if (core_.options_.record_timeline) {
    const uint64_t end = pending.end - core_.options_.cost.semaphore_delay;
    result_.timeline.push_back(
        {{static_cast<isa::Queue>(queue), pending.index}, pending.start, end});
  }
  Clock clock = pending.clock;
  clock[queue] = core_.strict_.start_clock()[queue] + pending.index + 1;
  for (const SemaphoreUpdate& update : UpdatesOf(pending.words)) {
    uint32_t& semaphore = result_.semaphores[update.semaphore];
    const bool fault =
        (update.op == isa::UpdateOp::kAdd && update.value > kMaxSemaphore - semaphore) ||
        (update.op == isa::UpdateOp::kSub && update.value > semaphore);
    if (fault) {
      Stop(isa::Error::kSemaphoreFault, queue, pending.index, update.semaphore);
      continue;
    }
    if (update.op == isa::UpdateOp::kAdd) semaphore += update.value;
    if (update.op == isa::UpdateOp::kSub) semaphore -= update.value;
    if (update.op == isa::UpdateOp::kSet) semaphore = update.value;
    if (core_.options_.strict) order_.Update(update.semaphore, update.op, update.value, clock);
  }
}

void LaunchRun::Stop(isa::Error code, uint32_t queue, uint32_t index, uint64_t address) {
  if (stopped_) return;
  stopped_ = true;
  result_.status = isa::Status::kError;
  result_.error = {code, static_cast<isa::Queue>(queue), index, address};
}

void LaunchRun::StopForWatchdog() {
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    if (queues_[q].next == queues_[q].count && queues_[q].pending.empty()) continue;
    Stop(isa::Error::kWatchdog, q, queues_[q].next, 0);
    break;
  }
  result_.hang_report = Report();
  time_ += launch_.watchdog;
}

std::string LaunchRun::Report() const {
  std::array<StuckQueue, isa::kNumQueues> stuck;
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    stuck[q] = {queues_[q].next, queues_[q].count, queues_[q].words};
  }
  return HangReport(stuck, result_.semaphores);
}

void LaunchRun::Conclude() {
  result_.cycles = time_;
  result_.sticky = core_.state_.sticky;
  std::array<uint32_t, isa::kNumQueues> issued;
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    const QueueRun& run = queues_[q];
    issued[q] = run.next;
    result_.queues[q].index = run.next;
    if (run.next == run.count) continue;
    result_.queues[q].state = isa::WaitState::kHalted;
    if (!run.fetched || run.fault) continue;
    for (const SemaphoreWait& wait : WaitsOf(run.words)) {
      if (WaitHolds(wait, result_.semaphores[wait.semaphore])) continue;
      result_.queues[q].state = isa::WaitState::kSemaphore;
      result_.queues[q].semaphore = wait.semaphore;
      break;
    }
  }
  if (core_.options_.strict) core_.strict_.EndLaunch(issued);
}

}  // namespace neuron::sim
