// SPDX-License-Identifier: Apache-2.0
// fuzz_isa: random programs on the RTL and on the functional model, which must agree bit for bit.
// Exit status 0: all agree; 1: one does not; 2: wrong arguments.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

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

int Main(int argc, char** argv) {
  uint64_t seed = 1, count = 1;
  std::string config_name, waves;
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
      "waves", po::value(&waves), "FST file for the launches")("print", "print the programs");
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

  const auto start = std::chrono::steady_clock::now();
  uint64_t cycles = 0, total = 0;
  size_t failures = 0;
  for (uint64_t i = 0; i < count && failures < max_failures; ++i) {
    const FuzzProgram program = GenerateProgram(*config, seed + i, queues);
    if (arguments.count("print") != 0) PrintProgram(program);
    const FuzzOutcome outcome = RunFuzzProgram(*config, program, seed + i, instructions, waves);
    cycles += outcome.cycles;
    total += outcome.instructions;
    if (!outcome.failure.empty()) {
      ++failures;
      Report(*config, program, seed + i, outcome.failure);
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "%llu programs from seed %llu on %s: %zu failed; %llu instructions, %llu cycles, %.1f s\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(seed), config->name,
      failures, static_cast<unsigned long long>(total), static_cast<unsigned long long>(cycles),
      seconds);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace neuron::test

int main(int argc, char** argv) { return neuron::test::Main(argc, argv); }
