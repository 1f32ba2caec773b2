// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/fuzz/fuzz_runner.h"

#include <cstring>
#include <memory>
#include <optional>

#include "tests/rtl/chip/chip_host.h"
#include "tests/rtl/fuzz/trace_check.h"

namespace neuron::test {
namespace {

constexpr uint64_t kMaxCycles = 3000000;

// Longest latency of the memory where the watchdog has little patience: on it the longest
// instruction, with an element for each byte of a segment, ends in time.
constexpr uint32_t kQuickLatency = 20;

// Slow memory only where the watchdog has the patience for it.
sim::DramTiming RandomTiming(uint64_t seed, uint64_t watchdog) {
  std::mt19937_64 random(seed);
  sim::DramTiming timing;
  timing.seed = seed;
  if (watchdog < kPatientWatchdog) {
    timing.latency = 1 + static_cast<uint32_t>(random() % kQuickLatency);
    timing.max_outstanding = 16 + static_cast<uint32_t>(random() % 16);
    timing.stall_percent = static_cast<uint32_t>(random() % 20);
    return timing;
  }
  timing.latency = 1 + static_cast<uint32_t>(random() % 80);
  timing.bytes_per_cycle = random() % 3 == 0 ? 1 + static_cast<uint32_t>(random() % 16) : 0;
  timing.max_outstanding = 1 + static_cast<uint32_t>(random() % 32);
  timing.stall_percent = random() % 2 ? static_cast<uint32_t>(random() % 70) : 0;
  return timing;
}

std::string Describe(const sim::LaunchResult& result) {
  char text[200];
  std::snprintf(
      text, sizeof text, "status %s, error %s queue %s index %u address 0x%llx, sticky %u",
      isa::Name(result.status), isa::Name(result.error.code), isa::Name(result.error.queue),
      result.error.index, static_cast<unsigned long long>(result.error.address), result.sticky);
  return text;
}

// Instructions of each queue that ended.
Clock Finished(const sim::LaunchResult& result) {
  Clock finished{};
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    finished[q] = static_cast<uint32_t>(
        result.counters[q][static_cast<uint32_t>(isa::Counter::kInstructions)]);
  }
  return finished;
}

std::string CompareResults(const sim::LaunchResult& expected, const sim::LaunchResult& got) {
  if (got.status != expected.status || got.sticky != expected.sticky ||
      !(got.error == expected.error)) {
    return "expected " + Describe(expected) + "\n  got      " + Describe(got);
  }
  for (uint32_t s = 0; s < isa::kNumSemaphores; ++s) {
    if (got.semaphores[s] != expected.semaphores[s]) {
      return "semaphore " + std::to_string(s) + ": expected " +
             std::to_string(expected.semaphores[s]) + ", got " + std::to_string(got.semaphores[s]);
    }
  }
  return "";
}

// A program on both machines.
class Duel {
 public:
  Duel(const FuzzProgram& program, const isa::Config& config, uint64_t seed, size_t instructions);

  // Makes the chip and gives both the same memories; empty, or what went wrong.
  std::string Prepare(uint64_t seed, const std::string& waves);
  // One launch; empty, or what differs.
  std::string Run(const sim::DramTiming& timing);

  // Prepare makes a chip unless it is given one.
  void TakeChip(std::unique_ptr<sim::RtlChip> chip) { chip_ = std::move(chip); }
  std::unique_ptr<sim::RtlChip> ReturnChip() { return std::move(chip_); }

  uint32_t instructions() const { return instructions_; }
  uint64_t cycles() const { return chip_ ? chip_->cycles() : 0; }
  uint64_t launch_cycles() const { return launch_cycles_; }
  isa::Error error() const { return error_; }

 private:
  Status MakeChip(uint64_t seed);
  Result<sim::LaunchResult> RunChip();
  std::string Compare(const sim::LaunchResult& expected, const sim::LaunchResult& got);
  std::string CompareTraces(const sim::LaunchResult& expected, const sim::LaunchResult& got);

  const FuzzProgram& program_;
  const isa::Config& config_;
  uint32_t instructions_ = 0;
  uint64_t launch_cycles_ = 0;
  isa::Error error_ = isa::Error::kNone;
  sim::Launch launch_;
  std::vector<std::byte> dram_;  // the functional model's
  sim::FunctionalCore model_;
  std::unique_ptr<sim::RtlChip> chip_;
  std::optional<ChipHost> host_;
};

sim::FunctionalOptions ModelOptions(const FuzzProgram& program) {
  sim::FunctionalOptions options;
  options.record_timeline = program.trace_records != 0;
  // The model ends what it estimates to outlast the watchdog.
  if (program.watchdog < kPatientWatchdog) options.cost.memory_latency = kQuickLatency;
  return options;
}

Duel::Duel(const FuzzProgram& program, const isa::Config& config, uint64_t seed,
           size_t instructions)
    : program_(program),
      config_(config),
      dram_(GenerateDram(seed)),
      model_(config, ModelOptions(program)) {
  Program streams;
  for (size_t i = 0; i < std::min(instructions, program.items.size()); ++i) {
    streams.AddWords(program.items[i].queue, program.items[i].words);
    ++instructions_;
  }
  std::copy(std::begin(kFuzzSegments), std::end(kFuzzSegments), launch_.segments.begin());
  launch_.watchdog = program.watchdog;
  const std::vector<std::byte> image = streams.Place(launch_);
  std::memcpy(dram_.data() + kFuzzSegments[0].base, image.data(), image.size());
}

Status Duel::MakeChip(uint64_t seed) {
  if (chip_) return chip_->Reset();
  sim::RtlChipOptions options;
  options.dram_bytes = kFuzzDramBytes;
  options.random_seed = seed + 1;
  NEURON_ASSIGN_OR_RETURN(chip_, sim::CreateRtlChip(config_.name, options));
  return OkStatus();
}

std::string Duel::Prepare(uint64_t seed, const std::string& waves) {
  if (const Status status = MakeChip(seed); !status.ok()) return status.ToString();
  std::memcpy(chip_->dram().data(), dram_.data(), dram_.size());
  RandomiseMemories(*chip_, model_, seed);
  model_.strict_checker().MarkInitialised(isa::Space::kSbuf);
  model_.strict_checker().MarkInitialised(isa::Space::kPsum);
  if (!waves.empty()) {
    if (const Status status = chip_->StartWaves(waves); !status.ok()) return status.ToString();
  }
  host_.emplace(*chip_);
  if (program_.trace_records == 0) return "";
  const Status status = host_->SetTrace(program_.trace_base, program_.trace_records);
  return status.ok() ? "" : status.ToString();
}

Result<sim::LaunchResult> Duel::RunChip() {
  NEURON_RETURN_IF_ERROR(launch_cycles_ == 0 ? host_->Start(launch_) : host_->Restart());
  NEURON_RETURN_IF_ERROR(host_->WaitEnd(kMaxCycles).status());
  NEURON_ASSIGN_OR_RETURN(sim::LaunchResult result, host_->ReadResult(program_.trace_records != 0));
  launch_cycles_ += result.cycles;
  error_ = result.error.code;
  return result;
}

std::string Duel::Run(const sim::DramTiming& timing) {
  chip_->dram().SetTiming(timing);
  const sim::LaunchResult expected = model_.Run(launch_, dram_);
  for (const sim::Finding& finding : expected.findings) {
    if (finding.kind != sim::FindingKind::kUninitialisedRead) {
      return "the generated program is not deterministic: " + finding.ToString();
    }
  }
  const Result<sim::LaunchResult> got = RunChip();
  return got.ok() ? Compare(expected, *got) : got.status().ToString();
}

std::string Duel::Compare(const sim::LaunchResult& expected, const sim::LaunchResult& got) {
  std::string text = CompareResults(expected, got);
  if (text.empty() && program_.trace_records != 0) text = CompareTraces(expected, got);
  return text.empty() ? CompareMemories(*chip_, model_, dram_) : text;
}

std::string Duel::CompareTraces(const sim::LaunchResult& expected, const sim::LaunchResult& got) {
  const Clock finished = Finished(expected), got_finished = Finished(got);
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    if (got_finished[q] != finished[q]) {
      return std::string(isa::Name(static_cast<isa::Queue>(q))) + ": expected " +
             std::to_string(finished[q]) + " ended instructions, got " +
             std::to_string(got_finished[q]);
    }
  }
  std::string text = CheckTimeline(program_, expected.timeline);
  if (!text.empty()) return "of the functional model: " + text;
  const auto count = host_->ReadTraceCount();
  if (!count.ok()) return count.status().ToString();
  return CheckTrace(program_, finished, got.cycles, *count, {chip_->dram().data(), kFuzzDramBytes},
                    dram_);
}

}  // namespace

FuzzOutcome RunFuzzProgram(const isa::Config& config, const FuzzProgram& program, uint64_t seed,
                           size_t instructions, const std::string& waves,
                           std::unique_ptr<sim::RtlChip>* chip) {
  Duel duel(program, config, seed, instructions);
  if (chip != nullptr) duel.TakeChip(std::move(*chip));
  FuzzOutcome outcome;
  outcome.failure = duel.Prepare(seed, waves);
  for (uint64_t run = 0; run < 2 && outcome.failure.empty(); ++run) {
    outcome.failure = duel.Run(RandomTiming(2 * seed + run, program.watchdog));
    if (!outcome.failure.empty()) {
      outcome.failure = "run " + std::to_string(run + 1) + ": " + outcome.failure;
    }
  }
  outcome.instructions = duel.instructions();
  outcome.error = duel.error();
  outcome.cycles = duel.cycles();
  outcome.launch_cycles = duel.launch_cycles();
  if (chip != nullptr) *chip = duel.ReturnChip();
  return outcome;
}

size_t FirstDifferingInstruction(const isa::Config& config, const FuzzProgram& program,
                                 uint64_t seed) {
  size_t good = 0, bad = program.items.size();
  while (bad - good > 1) {
    const size_t middle = (good + bad) / 2;
    (RunFuzzProgram(config, program, seed, middle).failure.empty() ? good : bad) = middle;
  }
  return bad - 1;
}

}  // namespace neuron::test
