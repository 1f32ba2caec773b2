// SPDX-License-Identifier: Apache-2.0
// usage: vector_speed
// Processor time of a simulated cycle of nc_vector_engine (configuration sim), idle and busy.
#include <cstdio>
#include <ctime>

#include "Vvector_sim.h"
#include "tests/rtl/vector/vector_bench.h"

namespace neuron::vector_test {
namespace {

template <typename Work>
double MicrosecondsPerCycle(Work work) {
  const std::clock_t start = std::clock();  // processor time: other programs do not count
  const uint64_t cycles = work();
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return seconds * 1e6 / static_cast<double>(cycles);
}

void Measure() {
  const isa::Config config = *isa::FindConfig("sim");
  VectorBench<Vvector_sim> bench(config, 1);
  const double idle = MicrosecondsPerCycle([&] {
    constexpr uint64_t kCycles = 500'000;
    bench.BareCycles(kCycles);
    return kCycles;
  });
  std::printf("idle: %.3f us per cycle\n", idle);
  struct Case {
    const char* name;
    isa::Opcode opcode;
    isa::Alu alu0;
    isa::Alu alu1;
    uint32_t window;
    isa::Dtype dtype;
  };
  using isa::Alu;
  using isa::Dtype;
  using isa::Opcode;
  for (const Case& c :
       {Case{"tensor_tensor add", Opcode::kTensorTensor, Alu::kAdd, Alu::kBypass, 1, Dtype::kFp32},
        Case{"tensor_tensor mul, bf16", Opcode::kTensorTensor, Alu::kMul, Alu::kBypass, 1,
             Dtype::kBf16},
        Case{"tensor_scalar mul add", Opcode::kTensorScalar, Alu::kMul, Alu::kAdd, 1, Dtype::kFp32},
        Case{"tensor_scalar mul add, int8", Opcode::kTensorScalar, Alu::kMul, Alu::kAdd, 1,
             Dtype::kInt8},
        Case{"reduce max 9", Opcode::kReduce, Alu::kMax, Alu::kBypass, 9, Dtype::kFp32},
        Case{"reduce add 49", Opcode::kReduce, Alu::kAdd, Alu::kMul, 49, Dtype::kFp32},
        Case{"fill", Opcode::kFill, Alu::kAdd, Alu::kAdd, 1, Dtype::kFp32}}) {
    isa::VectorInstruction i;
    i.opcode = static_cast<uint32_t>(c.opcode);
    i.part_count = config.p;
    i.in0_dtype = i.in1_dtype = i.out_dtype = static_cast<uint32_t>(c.dtype);
    i.alu0 = static_cast<uint32_t>(c.alu0);
    i.alu1 = static_cast<uint32_t>(c.alu1);
    i.scalar0 = 0x3FC00000;
    i.scalar1 = 0x40200000;
    i.size0 = 1000;
    i.size1 = i.size2 = i.window_size1 = i.window_size2 = 1;
    i.window_size0 = c.window;
    i.in0_stride0 = i.in1_stride0 = i.out_stride0 = 4;
    const double busy = MicrosecondsPerCycle([&] {
      uint64_t cycles = 0;
      while (cycles < 100'000) cycles += bench.RunOnConstantData(i);
      return cycles;
    });
    std::printf("%s: %.3f us per cycle\n", c.name, busy);
  }
}

}  // namespace
}  // namespace neuron::vector_test

int main() {
  neuron::vector_test::Measure();
  return 0;
}
