// SPDX-License-Identifier: Apache-2.0
// fuzz_isa: random programs on the RTL and on the functional model, which must agree bit for bit.
// Exit status 0: all agree; 1: one does not; 2: wrong arguments.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>

#include "driver/disassemble.h"
#include "sim/rtl/rtl_chip.h"
#include "tests/rtl/fuzz/fuzz_runner.h"

namespace neuron::test {
namespace {

namespace po = boost::program_options;

void PrintProgram(const FuzzProgram& program) {
  for (size_t i = 0; i < program.items.size(); ++i) {
    std::printf("%4zu %-6s %s\n", i, isa::Name(program.items[i].queue),
                driver::Disassemble(program.items[i].words).c_str());
  }
}

// Says what differs, where it begins and how to see it again.
void Report(const isa::Config& config, const FuzzProgram& program, uint64_t seed,
            const std::string& failure) {
  std::printf("seed %llu (meant to end: %s)\n  %s\n", static_cast<unsigned long long>(seed),
              program.ending.c_str(), failure.c_str());
  const size_t first = FirstDifferingInstruction(config, program, seed);
  const FuzzOutcome prefix = RunFuzzProgram(config, program, seed, first + 1);
  if (!prefix.failure.empty()) {
    std::printf("  first with instruction %zu, %s: %s\n    %s\n", first,
                isa::Name(program.items[first].queue),
                driver::Disassemble(program.items[first].words).c_str(), prefix.failure.c_str());
  }
  std::printf("  reproduce: fuzz_isa --config %s --seed %llu --count 1 [--print] [--waves FILE]\n",
              config.name, static_cast<unsigned long long>(seed));
}

// Counts what has run and says so every few seconds.
class Campaign {
 public:
  Campaign(const isa::Config& config, uint64_t seed, uint64_t count)
      : config_(config), first_(seed), count_(count) {}

  bool finished() const { return done_ == count_; }
  uint64_t next_seed() const { return first_ + done_; }
  size_t failures() const { return failures_; }

  void Add(const FuzzProgram& program, const FuzzOutcome& outcome) {
    ++done_;
    ++endings_[isa::Name(outcome.error)];
    if (program.trace_records != 0) ++traced_;
    if (!outcome.failure.empty()) ++failures_;
    instructions_ += outcome.instructions;
    cycles_ += outcome.cycles;
    launch_cycles_ += outcome.launch_cycles;
    if (Seconds(last_report_) >= kReportSeconds && !finished()) {
      std::printf("%llu of %llu programs, %.1f a second, %zu failed; next seed %llu\n",
                  static_cast<unsigned long long>(done_), static_cast<unsigned long long>(count_),
                  static_cast<double>(done_) / Seconds(start_), failures_,
                  static_cast<unsigned long long>(next_seed()));
      std::fflush(stdout);
      last_report_ = Clock::now();
    }
  }

  void Print() const {
    std::printf(
        "%llu programs from seed %llu on %s: %zu failed; %llu instructions, %llu cycles "
        "(%llu in launches), %.1f s, %.1f s of processor time\n",
        static_cast<unsigned long long>(done_), static_cast<unsigned long long>(first_),
        config_.name, failures_, static_cast<unsigned long long>(instructions_),
        static_cast<unsigned long long>(cycles_), static_cast<unsigned long long>(launch_cycles_),
        Seconds(start_), static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
    std::printf("traced: %llu; ended with error", static_cast<unsigned long long>(traced_));
    for (const auto& [name, number] : endings_) {
      std::printf(" %s: %llu", name.c_str(), static_cast<unsigned long long>(number));
    }
    std::printf("\n");
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kReportSeconds = 5;

  static double Seconds(Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  }

  const isa::Config& config_;
  uint64_t first_, count_, done_ = 0;
  size_t failures_ = 0;
  uint64_t instructions_ = 0, cycles_ = 0, launch_cycles_ = 0, traced_ = 0;
  std::map<std::string, uint64_t> endings_;  // programs by error
  Clock::time_point start_ = Clock::now(), last_report_ = start_;
};

int Main(int argc, char** argv) {
  uint64_t seed = 1, count = 1;
  std::string config_name, waves, coverage;
  uint32_t queues = kAllQueues;
  size_t max_failures = 1, instructions = ~size_t{0};
  po::options_description options("fuzz_isa: random programs, RTL against the functional model");
  options.add_options()("help,h", "this text")("seed", po::value(&seed)->default_value(1),
                                               "seed of the first program")(
      "count", po::value(&count)->default_value(1), "programs to run, seeds counting up")(
      "config", po::value(&config_name)->default_value("tiny"), "hardware configuration")(
      "max-failures", po::value(&max_failures)->default_value(1), "stop after so many")(
      "instructions", po::value(&instructions), "only the first so many of each program")(
      "queues", po::value(&queues)->default_value(kAllQueues), "mask of the queues to use")(
      "waves", po::value(&waves), "FST file for the launches")(
      "coverage", po::value(&coverage),
      "file for the coverage of all programs, which then share a chip")("print",
                                                                        "print the programs");
  po::variables_map arguments;
  try {
    po::store(po::parse_command_line(argc, argv, options), arguments);
    po::notify(arguments);
  } catch (const po::error& error) {
    std::cerr << "fuzz_isa: " << error.what() << "\n" << options;
    return 2;
  }
  if (arguments.count("help") != 0) {
    std::cout << options;
    return 0;
  }
  const isa::Config* config = isa::FindConfig(config_name);
  if (config == nullptr) {
    std::cerr << "fuzz_isa: no configuration '" << config_name << "'\n";
    return 2;
  }

  Campaign campaign(*config, seed, count);
  std::unique_ptr<sim::RtlChip> chip;  // with coverage
  while (!campaign.finished() && campaign.failures() < max_failures) {
    const uint64_t next = campaign.next_seed();
    const FuzzProgram program = GenerateProgram(*config, next, queues);
    if (arguments.count("print") != 0) PrintProgram(program);
    const FuzzOutcome outcome = RunFuzzProgram(*config, program, next, instructions, waves,
                                               coverage.empty() ? nullptr : &chip);
    campaign.Add(program, outcome);
    if (!outcome.failure.empty()) Report(*config, program, next, outcome.failure);
  }
  campaign.Print();
  if (chip != nullptr) {
    if (const Status status = chip->WriteCoverage(coverage); !status.ok()) {
      std::cerr << "fuzz_isa: " << status.ToString() << "\n";
      return 1;
    }
  }
  return campaign.failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace neuron::test

int main(int argc, char** argv) { return neuron::test::Main(argc, argv); }
