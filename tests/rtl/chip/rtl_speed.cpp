// SPDX-License-Identifier: Apache-2.0
// rtl_speed [config] [passes]: simulated kHz of the Verilated chip with the array busy, and at
// rest.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "tests/rtl/chip/chip_host.h"

namespace neuron::test {
namespace {

constexpr uint32_t kImageBase = 0x1000;
constexpr uint32_t kPassesPerInstruction = 64;

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

// Back-to-back passes of 256 columns over all of SBUF, all partitions and columns.
isa::TensorInstruction BusyMatmul(const isa::Config& config) {
  isa::TensorInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
  i.part_count = config.p;
  i.column_count = config.p;
  i.accumulate = 1;
  i.stationary_stride = 4;
  i.stationary_base = config.sbuf_bytes / 2;
  i.stationary_outer_stride0 = static_cast<int32_t>(4 * config.p) % 512;
  i.moving_stride0 = 4;
  i.moving_outer_stride0 = 4;
  i.inner_size0 = 256;
  i.inner_size1 = i.inner_size2 = 1;
  i.outer_size0 = 4;
  i.outer_size1 = kPassesPerInstruction / 4;
  i.outer_size2 = 1;
  return i;
}

int Main(const char* config_name, uint32_t passes) {
  sim::RtlChipOptions options;
  options.dram_bytes = 1 << 20;
  auto chip = sim::CreateRtlChip(config_name, options);
  if (!chip.ok()) {
    std::fprintf(stderr, "rtl_speed: %s\n", chip.status().ToString().c_str());
    return 1;
  }
  const isa::Config& config = (*chip)->config();
  std::mt19937 random(1);
  std::vector<float> row(config.sbuf_bytes / 4);
  for (uint32_t p = 0; p < config.p; ++p) {
    for (float& value : row) value = static_cast<float>(random() % 2000) / 1000.0f - 1.0f;
    if (!(*chip)->Poke(0, isa::Space::kSbuf, p, 0, std::as_bytes(std::span(row))).ok()) return 1;
  }
  Program program;
  for (uint32_t n = 0; n < passes / kPassesPerInstruction; ++n) {
    program.Add(isa::Queue::kTensor, BusyMatmul(config));
  }
  sim::Launch launch;
  launch.segments[0] = {kImageBase, 0x80000, true, false};
  const std::vector<std::byte> image = program.Place(launch);
  std::memcpy((*chip)->dram().data() + kImageBase, image.data(), image.size());

  ChipHost host(**chip);
  auto start = std::chrono::steady_clock::now();
  const auto result = host.Run(launch, uint64_t{1} << 32);
  double seconds = Seconds(start);
  if (!result.ok() || result->status != isa::Status::kDone) {
    std::fprintf(stderr, "rtl_speed: the program does not end well\n");
    return 1;
  }
  const double useful = 256.0 * passes;
  std::printf("%s busy: %.1f kHz, %llu cycles, array used in %.1f%% of them\n", config.name,
              static_cast<double>(result->cycles) / seconds / 1000,
              static_cast<unsigned long long>(result->cycles),
              100.0 * useful / static_cast<double>(result->cycles));
  constexpr uint64_t kIdleCycles = 200000;
  start = std::chrono::steady_clock::now();
  if (!(*chip)->Step(kIdleCycles).ok()) return 1;
  seconds = Seconds(start);
  std::printf("%s idle: %.1f kHz\n", config.name, kIdleCycles / seconds / 1000);
  return 0;
}

}  // namespace
}  // namespace neuron::test

int main(int argc, char** argv) {
  const uint32_t passes =
      argc > 2 ? static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)) : 1024;
  return neuron::test::Main(argc > 1 ? argv[1] : "sim", passes);
}
