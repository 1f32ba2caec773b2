// SPDX-License-Identifier: Apache-2.0
// Speed of the functional model on one thread: convolutions 3x3 with 64 input and 64 output
// channels on a 16 x 16 image, in GMAC/s (multiplications that contribute to the result per
// second of processor time).
#include <cstdio>
#include <ctime>
#include <random>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

constexpr uint32_t kChannels = 64;
constexpr uint32_t kSize = 16;
constexpr uint32_t kPitch = kSize + 2;
constexpr uint32_t kRepeats = 40;

// One instruction for each block of P output channels: all taps, all input channel blocks.
double Measure(isa::Dtype dtype, bool strict) {
  FunctionalOptions options;
  options.strict = strict;
  TestProgram program("sim", options);
  const isa::Config& config = program.core.config();
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (uint32_t p = 0; p < config.p; ++p) {
    for (uint32_t a = 0; a < config.sbuf_bytes; a += 4) {
      program.SetSbuf(p, a, dtype == isa::Dtype::kFp32 ? Bits(uniform(random)) : random());
    }
  }
  program.MarkInitialised();
  const auto bytes = static_cast<int32_t>(DtypeBytes(dtype));
  const uint32_t blocks = kChannels / config.p;
  const int32_t image = static_cast<int32_t>(kPitch * kPitch) * bytes;
  isa::TensorInstruction conv = Matmul(config.p, config.p, kSize);
  conv.moving_dtype = conv.stationary_dtype = Field(dtype);
  conv.inner_size1 = kSize;
  conv.moving_stride0 = bytes;
  conv.moving_stride1 = static_cast<int32_t>(kPitch) * bytes;
  conv.outer_size0 = 3;
  conv.outer_size1 = 3;
  conv.outer_size2 = blocks;
  conv.moving_outer_stride0 = bytes;
  conv.moving_outer_stride1 = static_cast<int32_t>(kPitch) * bytes;
  conv.moving_outer_stride2 = image;
  conv.stationary_stride = bytes;
  conv.stationary_outer_stride0 = static_cast<int32_t>(config.p) * bytes;
  conv.stationary_outer_stride1 = 3 * conv.stationary_outer_stride0;
  conv.stationary_outer_stride2 = 9 * conv.stationary_outer_stride0;
  const uint32_t weights = static_cast<uint32_t>(image) * blocks;
  for (uint32_t r = 0; r < kRepeats; ++r) {
    for (uint32_t m = 0; m < blocks; ++m) {
      conv.stationary_base =
          weights + m * blocks * static_cast<uint32_t>(conv.stationary_outer_stride2);
      conv.psum_base = m * kSize * kSize * 4;
      program.Add(conv);
    }
  }
  const std::clock_t start = std::clock();
  const LaunchResult result = program.Run();
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  if (result.status != isa::Status::kDone || result.finding_count != 0) {
    std::printf("the program failed: %s\n", isa::Name(result.error.code));
    return 0;
  }
  const double macs = double{kRepeats} * kChannels * kChannels * 9 * kSize * kSize;
  return macs / seconds * 1e-9;
}

}  // namespace
}  // namespace neuron::sim

int main() {
  using neuron::isa::Dtype;
  for (bool strict : {false, true}) {
    for (Dtype dtype : {Dtype::kFp32, Dtype::kInt8}) {
      std::printf("conv 3x3, 64 -> 64 channels, %s, strict %s: %.2f GMAC/s\n",
                  neuron::isa::Name(dtype), strict ? "on" : "off",
                  neuron::sim::Measure(dtype, strict));
    }
  }
  return 0;
}
