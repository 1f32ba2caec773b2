// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/fuzz/fuzz_runner.h"

#include <cstring>

#include "tests/rtl/chip/chip_host.h"

namespace neuron::test {
namespace {

constexpr uint64_t kMaxCycles = 3000000;

sim::DramTiming RandomTiming(uint64_t seed) {
  std::mt19937_64 random(seed);
  sim::DramTiming timing;
  timing.latency = 1 + static_cast<uint32_t>(random() % 80);
  timing.bytes_per_cycle = random() % 3 == 0 ? 1 + static_cast<uint32_t>(random() % 16) : 0;
  timing.max_outstanding = 1 + static_cast<uint32_t>(random() % 32);
  timing.stall_percent = random() % 2 ? static_cast<uint32_t>(random() % 70) : 0;
  timing.seed = seed;
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

}  // namespace

FuzzOutcome RunFuzzProgram(const isa::Config& config, const FuzzProgram& program, uint64_t seed,
                           size_t instructions, const std::string& waves) {
  FuzzOutcome outcome;
  Program streams;
  for (size_t i = 0; i < std::min(instructions, program.items.size()); ++i) {
    streams.AddWords(program.items[i].queue, program.items[i].words);
    ++outcome.instructions;
  }
  sim::Launch launch;
  std::copy(std::begin(kFuzzSegments), std::end(kFuzzSegments), launch.segments.begin());
  launch.watchdog = program.watchdog;
  const std::vector<std::byte> image = streams.Place(launch);
  std::vector<std::byte> dram = GenerateDram(seed);
  std::memcpy(dram.data() + kFuzzSegments[0].base, image.data(), image.size());

  sim::RtlChipOptions options;
  options.dram_bytes = kFuzzDramBytes;
  options.random_seed = seed + 1;
  auto chip = sim::CreateRtlChip(config.name, options);
  if (!chip.ok()) {
    outcome.failure = chip.status().ToString();
    return outcome;
  }
  std::memcpy((*chip)->dram().data(), dram.data(), dram.size());
  sim::FunctionalCore model(config);
  RandomiseMemories(**chip, model, seed);
  model.strict_checker().MarkInitialised(isa::Space::kSbuf);
  model.strict_checker().MarkInitialised(isa::Space::kPsum);
  if (!waves.empty()) (*chip)->WavesWhileRunning(waves);

  ChipHost host(**chip);
  for (uint64_t run = 0; run < 2 && outcome.failure.empty(); ++run) {
    (*chip)->dram().SetTiming(RandomTiming(2 * seed + run));
    const sim::LaunchResult expected = model.Run(launch, dram);
    for (const sim::Finding& finding : expected.findings) {
      if (finding.kind != sim::FindingKind::kUninitialisedRead) {
        outcome.failure = "the generated program is not deterministic: " + finding.ToString();
        return outcome;
      }
    }
    const auto got = host.Run(launch, kMaxCycles);
    if (!got.ok()) {
      outcome.failure = got.status().ToString();
    } else {
      outcome.failure = CompareResults(expected, *got);
      if (outcome.failure.empty()) outcome.failure = CompareMemories(**chip, model, dram);
    }
    if (!outcome.failure.empty()) {
      outcome.failure = "run " + std::to_string(run + 1) + ": " + outcome.failure;
    }
  }
  outcome.cycles = (*chip)->cycles();
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
