// SPDX-License-Identifier: Apache-2.0
// How fast the DMA queue moves data: the rates that docs/rtl.md promises, with 60 cycles of
// latency.
#include <cstdio>

#include "Vdma_sim.h"
#include "dma_bench.h"
#include "dma_random.h"

namespace neuron::dma_test {
namespace {

using isa::DmaInstruction;

class DmaRate : public ::testing::Test {
 protected:
  // Runs one instruction and returns its cycles; the result is checked.
  uint64_t Cycles(const DmaInstruction& instruction) { return Cycles(std::vector{instruction}); }

  uint64_t Cycles(const std::vector<DmaInstruction>& program) {
    Memories memories = RandomMemories(config_, random_);
    Memories expected = memories;
    for (const auto& instruction : program) Execute(instruction, expected);
    outcome_ = bench_.Run(program, memories, Manners{});
    ExpectSame(expected, memories, "rate");
    EXPECT_TRUE(outcome_.faults.empty());
    return outcome_.cycles;
  }

  void Report(const char* what, uint64_t cycles, uint64_t units, const char* unit) {
    std::printf("%-44s %6llu cycles, %.3f %s per cycle\n", what, (unsigned long long)cycles,
                double(units) / cycles, unit);
  }

  static constexpr uint32_t kSeed = 7;
  std::mt19937 random_{kSeed};
  const isa::Config& config_ = *isa::FindConfig("sim");
  DmaBench<Vdma_sim> bench_{config_, kSeed};
  Outcome outcome_;
};

TEST_F(DmaRate, LongLoadMovesABeatPerCycle) {
  DmaInstruction i = Copy(kDram, kSbuf, 2);
  i.src_size0 = i.valid0 = i.dst_size0 = 8192;  // 2048 beats
  const uint64_t cycles = Cycles(i);
  Report("load, 32 KiB contiguous", cycles, 2048, "beats");
  EXPECT_LE(cycles, 2048u + 120);
  EXPECT_EQ(outcome_.bytes_read, 32768u);
}

TEST_F(DmaRate, UnalignedLoadMovesABeatPerCycle) {
  DmaInstruction i = Copy(kDram, kSbuf, 0);
  i.src_size0 = i.valid0 = i.dst_size0 = 32768;
  i.src_base = 5;
  i.dst_base = 11;
  const uint64_t cycles = Cycles(i);
  Report("load, 32 KiB unaligned", cycles, 2048, "beats");
  EXPECT_LE(cycles, 2048u + 120);
}

TEST_F(DmaRate, LongStoreMovesABeatPerCycle) {
  DmaInstruction i = Copy(kSbuf, kDram, 2);
  i.src_size0 = i.valid0 = i.dst_size0 = 8192;
  const uint64_t cycles = Cycles(i);
  Report("store, 32 KiB contiguous", cycles, 2048, "beats");
  EXPECT_LE(cycles, 2048u + 120);
  EXPECT_EQ(outcome_.bytes_written, 32768u);
}

TEST_F(DmaRate, DramToDramMovesABeatPerCycle) {
  DmaInstruction i = Copy(kDram, kDram, 2);
  i.src_size0 = i.valid0 = i.dst_size0 = 8192;
  const uint64_t cycles = Cycles(i);
  Report("DRAM to DRAM, 32 KiB contiguous", cycles, 2048, "beats");
  EXPECT_LE(cycles, 2048u + 200);
}

TEST_F(DmaRate, RowsOf64BytesKeepThreeQuarters) {
  // Both sides in rows of 64 bytes: partitions on one, spaced rows on the other.
  for (const bool load : {true, false}) {
    DmaInstruction i = load ? Copy(kDram, kSbuf, 2) : Copy(kSbuf, kDram, 2);
    i.src_size0 = i.valid0 = i.dst_size0 = 16;
    i.src_size1 = i.valid1 = i.dst_size1 = 16;
    i.src_size2 = i.dst_size2 = 16;
    (load ? i.src_stride1 : i.dst_stride1) = 192;
    (load ? i.src_stride2 : i.dst_stride2) = 16 * 192;
    (load ? i.dst_stride1 : i.src_stride1) = 1 << 20;
    (load ? i.dst_stride2 : i.src_stride2) = 64;
    const uint64_t cycles = Cycles(i);
    Report(load ? "load, 256 rows of 64 bytes" : "store, 256 rows of 64 bytes", cycles, 1024,
           "beats");
    EXPECT_LE(cycles - 80, 1024 * 4 / 3);
  }
}

TEST_F(DmaRate, StridedElementsInsideBeatsGoOnePerCycle) {
  DmaInstruction i = Copy(kDram, kSbuf, 0);
  i.src_size0 = i.valid0 = i.dst_size0 = 4096;
  i.src_stride0 = 3;
  uint64_t cycles = Cycles(i);
  Report("load, bytes with stride 3", cycles, 4096, "elements");
  EXPECT_LE(cycles, 4096u + 120);
  i = Copy(kSbuf, kDram, 0);
  i.src_size0 = i.valid0 = i.dst_size0 = 4096;
  i.dst_stride0 = 3;
  cycles = Cycles(i);
  Report("store, bytes with stride 3", cycles, 4096, "elements");
  EXPECT_LE(cycles, 4096u + 160);
}

TEST_F(DmaRate, ScatteredElementsAreLimitedByRequests) {
  DmaInstruction i = Copy(kDram, kSbuf, 2);
  i.src_size0 = i.valid0 = i.dst_size0 = 1024;
  i.src_stride0 = 64;
  const uint64_t cycles = Cycles(i);
  Report("load, words with stride 64", cycles, 1024, "elements");
  EXPECT_LE(cycles, 1024u * 64 / 16 + 600);  // 16 requests in 60-odd cycles
}

TEST_F(DmaRate, SmallLoadsOverlap) {
  std::vector<DmaInstruction> program;
  for (int k = 0; k < 64; ++k) {
    DmaInstruction i = Copy(kDram, kSbuf, 2);
    i.src_size0 = i.valid0 = i.dst_size0 = 64;
    i.src_base = 256 * k;
    i.dst_base = 256 * k;
    program.push_back(i);
  }
  const uint64_t cycles = Cycles(program);
  Report("load, 64 instructions of 256 bytes", cycles, 1024, "beats");
  EXPECT_LE(cycles, 64u * 24 + 100);
}

TEST_F(DmaRate, LatencyOfOneElement) {
  Report("load, one word", Cycles(Copy(kDram, kSbuf, 2)), 1, "elements");
  EXPECT_LE(outcome_.cycles, 60u + 14);
  Report("store, one word", Cycles(Copy(kSbuf, kDram, 2)), 1, "elements");
  EXPECT_LE(outcome_.cycles, 60u + 16);
  DmaInstruction i = Copy(kSbuf, kSbuf, 2);
  i.dst_base = 64;
  Report("SBUF to SBUF, one word", Cycles(i), 1, "elements");
  EXPECT_LE(outcome_.cycles, 14u);
  i.src_size0 = i.valid0 = i.dst_size0 = 4096;
  i.dst_base = 32768;
  Report("SBUF to SBUF, 16 KiB", Cycles(i), 1024, "beats");
  EXPECT_LE(outcome_.cycles, 1024u + 20);
}

TEST_F(DmaRate, TransposeMovesAColumnPerCycle) {
  DmaInstruction i = Copy(kSbuf, kSbuf, 2);
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaTranspose);
  i.part_count = config_.p;
  i.src_size0 = config_.p;
  i.src_size1 = 32;
  i.src_stride0 = 4;
  i.src_stride1 = 4 * config_.p;
  i.dst_base = 32768;
  i.dst_stride0 = 4;
  i.dst_stride1 = 4 * config_.p;
  const uint64_t cycles = Cycles(i);
  Report("transpose, 32 blocks of P x P", cycles, 32 * config_.p, "columns");
  // A block of P columns now and then waits a cycle for its half of the buffer.
  EXPECT_LE(cycles, 32u * config_.p * 104 / 100 + config_.p + 12);
}

}  // namespace
}  // namespace neuron::dma_test
