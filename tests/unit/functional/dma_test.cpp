// SPDX-License-Identifier: Apache-2.0
// DMA: every instruction against the loops of docs/isa.md section 5, one element at a time.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Opcode;
using isa::Space;

// Where an address lies, in a copy of the machine.
std::byte* Place(uint32_t space, int64_t address, CoreState& state, std::vector<std::byte>& dram) {
  if (space == Field(Space::kDram)) {
    return dram.data() + TestProgram::kDataBase + address;
  }
  return state.sbuf.Row(static_cast<uint32_t>(address / kPartition)) + address % kPartition;
}

void ReferenceCopy(const isa::DmaInstruction& i, CoreState& state, std::vector<std::byte>& dram) {
  const uint32_t bytes = 1u << i.element_log2;
  std::vector<uint32_t> stream;
  for (int64_t i3 = 0; i3 < i.src_size3; ++i3) {
    const int64_t row =
        i.indirect ? LoadElement(Place(0, i.index_base + 4 * i3, state, dram), 4) : i3;
    for (int64_t i2 = 0; i2 < i.src_size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.src_size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.src_size0; ++i0) {
          const int64_t v0 = i0 - i.pad_low0;
          const int64_t v1 = i1 - i.pad_low1;
          const bool padded = v0 < 0 || v0 >= i.valid0 || v1 < 0 || v1 >= i.valid1;
          const int64_t at = i.src_base + v0 * i.src_stride0 + v1 * i.src_stride1 +
                             i2 * i.src_stride2 + row * i.src_stride3;
          stream.push_back(padded ? i.fill_value
                                  : LoadElement(Place(i.src_space, at, state, dram), bytes));
        }
      }
    }
  }
  size_t next = 0;
  for (int64_t i3 = 0; i3 < i.dst_size3; ++i3) {
    for (int64_t i2 = 0; i2 < i.dst_size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.dst_size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.dst_size0; ++i0) {
          const int64_t at = i.dst_base + i0 * i.dst_stride0 + i1 * i.dst_stride1 +
                             i2 * i.dst_stride2 + i3 * i.dst_stride3;
          StoreElement(Place(i.dst_space, at, state, dram), bytes, stream[next++]);
        }
      }
    }
  }
}

void Randomise(TestProgram& program, std::mt19937& random) {
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t a = 0; a < 4096; a += 4) program.SetSbuf(p, a, random());
  }
  for (uint64_t a = 0; a < TestProgram::kDataBytes; a += 4) {
    StoreElement(program.dram.data() + TestProgram::kDataBase + a, 4, random());
  }
}

void ExpectSame(TestProgram& program, CoreState& state, const std::vector<std::byte>& dram,
                uint32_t seed) {
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t a = 0; a < 4096; ++a) {
      ASSERT_EQ(program.Sbuf(p, a, 1), LoadElement(state.sbuf.Row(p) + a, 1))
          << "seed " << seed << ", partition " << p << ", byte " << a;
    }
  }
  for (uint64_t a = TestProgram::kDataBase; a < dram.size(); ++a) {
    ASSERT_EQ(program.dram[a], dram[a]) << "seed " << seed << ", DRAM byte " << a;
  }
}

// Sources in the lower half of SBUF and DRAM, destinations in the upper half.
isa::DmaInstruction RandomCopy(std::mt19937& random) {
  const auto below = [&random](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kSbuf, 0, Space::kSbuf, 0, 1);
  i.element_log2 = below(3);
  const auto bytes = static_cast<int32_t>(1u << i.element_log2);
  i.src_space = below(2) ? Field(Space::kDram) : 0;
  i.dst_space = below(2) ? Field(Space::kDram) : 0;
  const uint32_t sizes[] = {1 + below(8), 1 + below(4), 1 + below(3), 1 + below(2)};
  i.src_size0 = sizes[0];
  i.src_size1 = sizes[1];
  i.src_size2 = sizes[2];
  i.src_size3 = sizes[3];
  i.dst_size0 = sizes[0] * sizes[1];  // other dimensions, as many elements
  i.dst_size1 = sizes[3];
  i.dst_size2 = sizes[2];
  i.pad_low0 = below(3) ? 0 : below(sizes[0] + 1);
  i.valid0 = below(3) ? sizes[0] - i.pad_low0 : below(sizes[0] - i.pad_low0 + 1);
  i.pad_low1 = below(3) ? 0 : below(sizes[1] + 1);
  i.valid1 = below(3) ? sizes[1] - i.pad_low1 : below(sizes[1] - i.pad_low1 + 1);
  i.fill_value = static_cast<uint32_t>(random());
  const auto stride = [&]() { return (static_cast<int32_t>(below(13)) - 4) * bytes; };
  i.src_base = 1000;
  i.src_stride0 = below(2) ? bytes : stride();
  i.src_stride1 = stride();
  i.src_stride2 = stride();
  i.src_stride3 = stride();
  if (i.src_space == 0 && below(2)) i.src_stride3 += kPartition;
  i.dst_base = 3000;
  i.dst_stride0 = below(2) ? bytes : stride();
  i.dst_stride1 = stride();
  i.dst_stride2 = stride();
  if (i.dst_space == 0 && below(2)) i.dst_stride2 += kPartition;
  if (below(4) == 0 && i.src_space == Field(Space::kDram)) {
    i.indirect = 1;
    i.index_base = 2 * kPartition + 64;
    i.index_limit = 3;
  }
  return i;
}

TEST(Dma, CopyEqualsNaiveLoops) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    FunctionalOptions options;
    options.strict = false;
    TestProgram program("tiny", options);
    Randomise(program, random);
    const isa::DmaInstruction i = RandomCopy(random);
    for (uint32_t n = 0; n < 2; ++n) program.SetSbuf(2, 64 + 4 * n, 2 - 2 * n);
    CoreState state = program.core.state();
    std::vector<std::byte> dram = program.dram;
    ReferenceCopy(i, state, dram);
    program.Add(i);
    ASSERT_EQ(program.Run().error, ErrorRecord{}) << "seed " << seed;
    ExpectSame(program, state, dram, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(Dma, FillWritesEveryElement) {
  TestProgram program("tiny");
  isa::DmaInstruction i = Dma(Opcode::kDmaFill, Space::kSbuf, 0, Space::kSbuf, 16, 3);
  i.element_log2 = 1;
  i.dst_stride0 = 4;
  i.dst_size1 = 4;
  i.dst_stride1 = kPartition;
  i.fill_value = 0xABCD1234;
  i.src_size0 = 0;  // ignored
  program.Add(i);
  ASSERT_EQ(program.Run().error, ErrorRecord{});
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t n = 0; n < 3; ++n) EXPECT_EQ(program.Sbuf(p, 16 + 4 * n), 0x1234u);
  }
}

TEST(Dma, TransposeExchangesPartitionsAndElements) {
  for (uint32_t log2 = 0; log2 < 3; ++log2) {
    TestProgram program("tiny");
    std::mt19937 random(log2);
    Randomise(program, random);
    program.MarkInitialised();
    const uint32_t bytes = 1u << log2;
    isa::DmaInstruction i = Dma(Opcode::kDmaTranspose, Space::kSbuf, 64, Space::kSbuf, 1024, 3);
    i.element_log2 = log2;
    i.part_count = 4;
    i.src_size1 = 5;
    i.src_stride0 = static_cast<int32_t>(bytes);
    i.src_stride1 = 32;
    i.dst_stride0 = static_cast<int32_t>(bytes) * 2;
    i.dst_stride1 = 64;
    program.Add(i);
    const LaunchResult result = program.Run();
    ASSERT_EQ(result.error, ErrorRecord{});
    EXPECT_EQ(result.finding_count, 0u);
    for (uint32_t b = 0; b < 5; ++b) {
      for (uint32_t f = 0; f < 3; ++f) {
        for (uint32_t q = 0; q < 4; ++q) {
          ASSERT_EQ(program.Sbuf(f, 1024 + b * 64 + q * bytes * 2, bytes),
                    program.Sbuf(q, 64 + b * 32 + f * bytes, bytes));
        }
      }
    }
  }
}

TEST(Dma, IndexOutsideItsLimitIsAnAccessRangeErrorWithTheIndex) {
  TestProgram program("tiny");
  program.MarkInitialised();
  isa::DmaInstruction i = Dma(Opcode::kDmaCopy, Space::kDram, 0, Space::kSbuf, 0, 2);
  i.src_size3 = i.dst_size1 = 2;
  i.src_stride3 = i.dst_stride1 = 8;
  i.indirect = 1;
  i.index_base = kPartition + 256;
  i.index_limit = 10;
  program.SetSbuf(1, 256, 9);
  program.SetSbuf(1, 260, static_cast<uint32_t>(-1));
  i.update0_op = static_cast<uint32_t>(isa::UpdateOp::kAdd);
  i.update0_sem = 4;
  i.update0_value = 1;
  program.Add(i);
  const LaunchResult result = program.Run();
  EXPECT_EQ(result.error,
            (ErrorRecord{isa::Error::kAccessRange, isa::Queue::kDma0, 0, 0xFFFFFFFFu}));
  EXPECT_EQ(result.semaphores[4], 0u) << "its updates are void";
  const auto& counters = result.counters[static_cast<size_t>(isa::Queue::kDma0)];
  EXPECT_EQ(counters[static_cast<size_t>(isa::Counter::kInstructions)], 1u) << "but it has ended";
}

TEST(Dma, SegmentBeyondMemoryIsABusError) {
  TestProgram program("tiny");
  program.launch.segments[TestProgram::kDataSegment].limit = 1 << 30;
  program.Add(Dma(Opcode::kDmaCopy, Space::kDram, TestProgram::kDataBytes - 4, Space::kSbuf, 0, 2));
  EXPECT_EQ(program.Run().error, (ErrorRecord{isa::Error::kBusError, isa::Queue::kDma0, 0,
                                              TestProgram::kDataBase + TestProgram::kDataBytes}));
}

}  // namespace
}  // namespace neuron::sim
