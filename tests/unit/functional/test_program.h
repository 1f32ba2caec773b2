// SPDX-License-Identifier: Apache-2.0
// A small program on a functional core: DRAM with the instruction streams in segment 0 and data in
// segment 1, both built by the test.
#ifndef NEURON_TESTS_UNIT_FUNCTIONAL_TEST_PROGRAM_H_
#define NEURON_TESTS_UNIT_FUNCTIONAL_TEST_PROGRAM_H_

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "sim/functional/functional_core.h"

namespace neuron::sim {

// From a partition to the next in DMA's addresses of SBUF.
constexpr uint32_t kPartition = 1u << isa::kSbufPartitionShift;

class TestProgram {
 public:
  static constexpr uint32_t kDataSegment = 1;
  static constexpr uint64_t kDataBase = 0x40000;
  static constexpr uint64_t kDataBytes = 0x40000;

  explicit TestProgram(const char* config = "sim", FunctionalOptions options = {})
      : core(*isa::FindConfig(config), options), dram(kDataBase + kDataBytes) {
    launch.segments[0] = {0, kDataBase, true, false};
    launch.segments[kDataSegment] = {kDataBase, kDataBytes, true, true};
  }

  template <typename Instruction>
  void Add(isa::Queue queue, const Instruction& instruction) {
    std::array<uint32_t, isa::kInstructionWords> words;
    instruction.Encode(words);
    streams_[static_cast<uint32_t>(queue)].push_back(words);
  }
  void Add(const isa::TensorInstruction& i) { Add(isa::Queue::kTensor, i); }
  void Add(const isa::VectorInstruction& i) { Add(isa::Queue::kVector, i); }
  void Add(const isa::ScalarInstruction& i) { Add(isa::Queue::kScalar, i); }
  void Add(const isa::DmaInstruction& i) { Add(isa::Queue::kDma0, i); }

  // Runs what was added since the last run.
  LaunchResult Run() {
    uint32_t offset = 0;
    for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
      launch.queue_offset[q] = offset;
      launch.queue_count[q] = static_cast<uint32_t>(streams_[q].size());
      for (const auto& words : streams_[q]) {
        std::memcpy(dram.data() + offset, words.data(), isa::kInstructionBytes);
        offset += isa::kInstructionBytes;
      }
      streams_[q].clear();
    }
    return core.Run(launch, dram);
  }

  // On-chip memory as 32-bit words; marks nothing as initialised.
  uint32_t Sbuf(uint32_t partition, uint32_t address, uint32_t bytes = 4) {
    return LoadElement(core.state().sbuf.Row(partition) + address, bytes);
  }
  void SetSbuf(uint32_t partition, uint32_t address, uint32_t value, uint32_t bytes = 4) {
    StoreElement(core.state().sbuf.Row(partition) + address, bytes, value);
  }
  uint32_t Psum(uint32_t partition, uint32_t address) {
    return LoadElement(core.state().psum.Row(partition) + address, 4);
  }
  void SetPsum(uint32_t partition, uint32_t address, uint32_t value) {
    StoreElement(core.state().psum.Row(partition) + address, 4, value);
  }
  // All of SBUF and PSUM counts as written.
  void MarkInitialised() {
    core.strict_checker().MarkInitialised(isa::Space::kSbuf);
    core.strict_checker().MarkInitialised(isa::Space::kPsum);
  }

  FunctionalCore core;
  std::vector<std::byte> dram;
  Launch launch;

 private:
  std::array<std::vector<std::array<uint32_t, isa::kInstructionWords>>, isa::kNumQueues> streams_;
};

inline uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }
inline float Value(uint32_t bits) { return std::bit_cast<float>(bits); }
template <typename E>
uint32_t Field(E value) {
  return static_cast<uint32_t>(value);
}

// Instructions with all sizes 1 over `part_count` partitions.
inline isa::TensorInstruction Matmul(uint32_t part_count, uint32_t columns, uint32_t n) {
  isa::TensorInstruction i;
  i.opcode = Field(isa::Opcode::kMatmul);
  i.part_count = part_count;
  i.column_count = columns;
  i.outer_size0 = i.outer_size1 = i.outer_size2 = 1;
  i.inner_size0 = n;
  i.inner_size1 = i.inner_size2 = 1;
  i.stationary_stride = 4;
  i.moving_stride0 = 4;
  return i;
}
inline isa::VectorInstruction Vector(isa::Opcode opcode, uint32_t part_count, uint32_t n) {
  isa::VectorInstruction i;
  i.opcode = Field(opcode);
  i.part_count = part_count;
  i.size0 = n;
  i.size1 = i.size2 = i.window_size0 = i.window_size1 = i.window_size2 = 1;
  i.in0_stride0 = i.in1_stride0 = i.out_stride0 = 4;
  return i;
}
inline isa::ScalarInstruction Scalar(isa::Opcode opcode, uint32_t part_count, uint32_t n) {
  isa::ScalarInstruction i;
  i.opcode = Field(opcode);
  i.part_count = part_count;
  i.size0 = n;
  i.size1 = i.size2 = 1;
  i.in_stride0 = i.out_stride0 = 4;
  i.scale = Bits(1.0F);
  i.clamp_low = 0xFF800000u;
  i.clamp_high = 0x7F800000u;
  return i;
}
// A contiguous copy of `n` 32-bit words.
inline isa::DmaInstruction Dma(isa::Opcode opcode, isa::Space source, uint32_t from,
                               isa::Space destination, uint32_t to, uint32_t n) {
  isa::DmaInstruction i;
  i.opcode = Field(opcode);
  i.src_space = Field(source);
  i.dst_space = Field(destination);
  i.src_segment = i.dst_segment = TestProgram::kDataSegment;
  i.element_log2 = 2;
  i.src_base = from;
  i.dst_base = to;
  i.src_size0 = i.dst_size0 = i.valid0 = n;
  i.src_size1 = i.src_size2 = i.src_size3 = i.valid1 = 1;
  i.dst_size1 = i.dst_size2 = i.dst_size3 = 1;
  i.src_stride0 = i.dst_stride0 = 4;
  return i;
}

}  // namespace neuron::sim

#endif  // NEURON_TESTS_UNIT_FUNCTIONAL_TEST_PROGRAM_H_
