// SPDX-License-Identifier: Apache-2.0
// The DMA queue against the element-by-element reference: every feature by name, then at random.
#include <algorithm>

#include "Vdma_sim.h"
#include "Vdma_tiny.h"
#include "dma_bench.h"
#include "dma_random.h"

namespace neuron::dma_test {
namespace {

using isa::DmaInstruction;

struct Tiny {
  using Model = Vdma_tiny;
  static constexpr const char* kName = "tiny";
};
struct Sim {
  using Model = Vdma_sim;
  static constexpr const char* kName = "sim";
};

template <class C>
class Dma : public ::testing::Test {
 protected:
  // Runs the program twice on the same hardware and compares all memories with the reference,
  // unless a bus error makes them undefined.
  Outcome Check(const std::vector<DmaInstruction>& program, const Manners& manners = {}) {
    Outcome outcome;
    for (int pass = 0; pass < 2; ++pass) {
      Memories got = memories_;
      Memories expected = memories_;
      for (const auto& instruction : program) Execute(instruction, expected);
      outcome = bench_.Run(program, got, manners);
      EXPECT_EQ(outcome.done, program.size());
      if (!manners.bad_beats.empty()) continue;
      ExpectSame(expected, got,
                 std::string(C::kName) + ", seed " + std::to_string(kSeed) + ", pass " +
                     std::to_string(pass));
    }
    return outcome;
  }

  void SetIndices(uint32_t address, const std::vector<uint32_t>& indices) {
    for (size_t n = 0; n < indices.size(); ++n)
      for (int k = 0; k < 4; ++k) memories_.Sbuf(address + 4 * n + k) = indices[n] >> (8 * k);
  }

  static constexpr uint32_t kSeed = 20;
  const isa::Config& config_ = *isa::FindConfig(C::kName);
  std::mt19937 random_{kSeed};
  DmaBench<typename C::Model> bench_{config_, kSeed};
  Memories memories_ = RandomMemories(config_, random_);
};

using Configurations = ::testing::Types<Tiny, Sim>;
TYPED_TEST_SUITE(Dma, Configurations);

TYPED_TEST(Dma, CopiesAtEveryPairOfAlignments) {
  for (const auto& [src, dst] :
       {std::pair{kDram, kSbuf}, {kSbuf, kDram}, {kSbuf, kSbuf}, {kDram, kDram}}) {
    std::vector<DmaInstruction> program;
    for (uint32_t s = 0; s < this->config_.axi_bytes; s += 3)
      for (uint32_t d = 0; d < this->config_.axi_bytes; d += 5) {
        DmaInstruction i = Copy(src, dst, 0);
        i.src_size0 = i.valid0 = i.dst_size0 = 1 + (s * 7 + d * 3) % 45;
        i.src_base = s;
        i.dst_base = 2048 + d + 64 * (program.size() % 16);
        program.push_back(i);
      }
    this->Check(program);
  }
}

TYPED_TEST(Dma, WalksFourDimensionsOnBothSides) {
  DmaInstruction i = Copy(kDram, kSbuf, 1);
  i.src_size0 = i.valid0 = 3;
  i.src_size1 = i.valid1 = 4;
  i.src_size2 = 5;
  i.src_size3 = 2;
  i.src_stride1 = 100;
  i.src_stride2 = -6;
  i.src_stride3 = 1000;
  i.src_base = 500;
  i.dst_size0 = 10;
  i.dst_size1 = 2;
  i.dst_size2 = 3;
  i.dst_size3 = 2;
  i.dst_stride1 = 1 << 20;
  i.dst_stride2 = 40;
  i.dst_stride3 = (2 << 20) - 4;
  i.dst_base = 1024;
  this->Check({i});
}

TYPED_TEST(Dma, NegativeStridesRunBackwards) {
  DmaInstruction i = Copy(kDram, kSbuf, 2);
  i.src_size0 = i.valid0 = i.dst_size0 = 100;
  i.src_stride0 = -4;
  i.src_base = 396;
  DmaInstruction back = Copy(kSbuf, kDram, 2);
  back.src_size0 = back.valid0 = back.dst_size0 = 100;
  back.src_base = 1024;
  back.dst_stride0 = -4;
  back.dst_base = 800;
  this->Check({i, back});
}

TYPED_TEST(Dma, FillsBothSpacesWithEveryElementSize) {
  std::vector<DmaInstruction> program;
  for (int log2 = 0; log2 < 3; ++log2)
    for (const uint32_t space : {kSbuf, kDram}) {
      DmaInstruction i = Copy(space, space, log2);
      i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
      i.fill_value = 0x04030201;
      i.dst_base = 128 * program.size() + (4 << log2);
      i.dst_size0 = 23;
      i.dst_size1 = 3;
      i.dst_stride1 = space == kSbuf ? 1 << 20 : 4096;
      i.src_size0 = 0;  // ignored
      program.push_back(i);
    }
  this->Check(program);
}

TYPED_TEST(Dma, PadsTheTwoInnerDimensions) {
  std::vector<DmaInstruction> program;
  for (int log2 = 0; log2 < 3; ++log2)
    for (const int stride : {1, 2}) {
      DmaInstruction i = Copy(kDram, kSbuf, log2);
      i.src_size0 = 9;
      i.src_size1 = 7;
      i.src_size2 = 2;
      i.pad_low0 = 2;
      i.valid0 = 4 + stride;
      i.pad_low1 = 1;
      i.valid1 = 5;
      i.src_stride0 = stride << log2;
      i.src_stride1 = 60;
      i.src_stride2 = 600;
      i.fill_value = 0x44332211;
      i.dst_size0 = 9 * 7 * 2;
      i.dst_base = 512 * (2 * log2 + stride - 1);
      program.push_back(i);
      i.dst_base += 1 << 20;
      i.valid0 = 7;  // padding on the low side only
      program.push_back(i);
      i.dst_base += 1 << 20;
      i.valid1 = 0;  // nothing but padding
      program.push_back(i);
    }
  this->Check(program);
}

TYPED_TEST(Dma, GathersRowsByAnIndexList) {
  const std::vector<uint32_t> indices = {5, 0, 17, 17, 300, 1};
  this->SetIndices((1 << 20) + 20, indices);
  DmaInstruction i = Copy(kDram, kSbuf, 2);
  i.indirect = 1;
  i.index_base = (1 << 20) + 20;
  i.index_limit = 301;
  i.src_size0 = i.valid0 = 8;
  i.src_size3 = indices.size();
  i.src_stride3 = 36;
  i.dst_size0 = 8 * indices.size();
  i.dst_base = 1024;
  Manners noisy;
  noisy.noise_percent = 60;
  this->Check({i}, noisy);
}

TYPED_TEST(Dma, AnIndexOutOfRangeEndsTheInstruction) {
  for (const uint32_t bad : {301u, 0x80000000u})
    for (const uint32_t dst : {kSbuf, kDram})
      for (const size_t position : {0u, 3u, 5u}) {
        std::vector<uint32_t> indices = {5, 0, 17, 17, 300, 1};
        indices[position] = bad;
        this->SetIndices(40, indices);
        DmaInstruction i = Copy(kDram, dst, 0);
        i.indirect = 1;
        i.index_base = 40;
        i.index_limit = 301;
        i.src_size0 = i.valid0 = 13;
        i.src_size3 = 6;
        i.src_stride3 = 29;
        i.dst_size0 = 6;
        i.dst_size1 = 13;
        i.dst_stride1 = 7;
        i.dst_base = 1024;
        DmaInstruction after = Copy(kDram, kSbuf, 2);
        after.src_size0 = after.valid0 = after.dst_size0 = 20;
        after.dst_base = 2048;
        const Outcome outcome = this->Check({after, i, after});
        const Fault fault{1, static_cast<uint32_t>(isa::Error::kAccessRange), bad};
        EXPECT_EQ(outcome.faults, std::vector{fault});
      }
}

TYPED_TEST(Dma, ReadAndWriteBusErrorsAreReportedWithTheirAddress) {
  for (const bool write : {false, true}) {
    DmaInstruction i = write ? Copy(kSbuf, kDram, 2) : Copy(kDram, kSbuf, 2);
    i.src_size0 = i.valid0 = i.dst_size0 = 200;
    DmaInstruction other = i;
    other.src_base = other.dst_base = 1024;
    Manners manners;
    const uint32_t segment = write ? this->memories_.dst_segment : this->memories_.src_segment;
    manners.bad_beats = {segment + 64 + 256, segment + 64 + 320};
    const Outcome outcome = this->Check({other, i, other, i}, manners);
    ASSERT_EQ(outcome.faults.size(), 2u);
    for (const int k : {0, 1}) {
      EXPECT_EQ(outcome.faults[k].instruction, 1u + 2 * k);
      EXPECT_EQ(outcome.faults[k].code, static_cast<uint32_t>(isa::Error::kBusError));
      // A read names the beat, a write the burst that holds it.
      const uint32_t bad = kDramBase + segment + 320;
      EXPECT_LE(outcome.faults[k].address, bad);
      EXPECT_GT(outcome.faults[k].address + (write ? 16 * this->config_.axi_bytes : 1), bad);
    }
  }
}

TYPED_TEST(Dma, TransposesBlocks) {
  const uint32_t p = this->config_.p;
  std::vector<DmaInstruction> program;
  for (int log2 = 0; log2 < 3; ++log2)
    for (const uint32_t parts : {p, p - 1, 1u}) {
      DmaInstruction i = Copy(kSbuf, kSbuf, log2);
      i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaTranspose);
      i.part_count = parts;
      i.src_size0 = parts == 1 ? p : std::max(1u, p - 2);
      i.src_size1 = 3;
      i.src_base = ((p - parts) << 20) + (3 << log2);
      i.src_stride0 = 1 << log2;
      i.src_stride1 = p << log2;
      i.dst_base = 2048 + (256 * program.size()) % 1024 + ((p - i.src_size0) << 20);
      i.dst_stride0 = 1 << log2;
      i.dst_stride1 = parts << log2;
      program.push_back(i);
      DmaInstruction copy = Copy(kDram, kSbuf, 2);  // runs between transposes
      copy.src_size0 = copy.valid0 = copy.dst_size0 = 16;
      copy.dst_base = 3800;
      program.push_back(copy);
    }
  Manners noisy;
  noisy.noise_percent = 50;
  this->Check(program);
  this->Check(program, noisy);
}

TYPED_TEST(Dma, DoneComesInOrderAfterTheWrites) {
  DmaInstruction store = Copy(kSbuf, kDram, 2);
  store.src_size0 = store.valid0 = store.dst_size0 = 64;
  DmaInstruction local = Copy(kSbuf, kSbuf, 2);  // would overtake the store's slow responses
  local.src_size0 = local.valid0 = local.dst_size0 = 4;
  local.dst_base = 2048;
  DmaInstruction second = store;
  second.dst_base = 512;
  const std::vector<DmaInstruction> program = {store, local, second, second};
  Memories memories = this->memories_;
  Manners slow;
  slow.latency = 150;
  size_t seen = 0;
  this->bench_.Run(program, memories, slow, [&](size_t k, const Memories& now) {
    EXPECT_EQ(k, seen++);
    Memories expected = this->memories_;
    for (size_t n = 0; n <= k; ++n) Execute(program[n], expected);
    const size_t at = expected.dst_segment + program[k].dst_base;
    if (program[k].dst_space == kDram) {
      EXPECT_TRUE(std::equal(expected.dram.begin() + at, expected.dram.begin() + at + 256,
                             now.dram.begin() + at));
    }
  });
  EXPECT_EQ(seen, program.size());
}

TYPED_TEST(Dma, RandomProgramsMatchTheReference) {
  const uint32_t seeds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  for (const uint32_t seed : seeds) {
    std::mt19937 random(seed);
    DmaBench<typename TypeParam::Model> bench(this->config_, seed);
    for (int pass = 0; pass < 3; ++pass) {
      Memories memories = RandomMemories(this->config_, random);
      RandomProgram generator(this->config_, memories, random);
      const std::vector<DmaInstruction> program = generator.Generate(12);
      Memories expected = memories;
      for (const auto& instruction : program) Execute(instruction, expected);
      Manners manners;
      manners.latency = random() % 80;
      manners.stall_percent = random() % 3 ? random() % 70 : 0;
      manners.noise_percent = random() % 3 ? random() % 90 : 0;
      const Outcome outcome = bench.Run(program, memories, manners);
      EXPECT_EQ(outcome.done, program.size());
      EXPECT_TRUE(outcome.faults.empty());
      ExpectSame(expected, memories,
                 std::string(TypeParam::kName) + ", seed " + std::to_string(seed) + ", pass " +
                     std::to_string(pass));
      if (this->HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace neuron::dma_test
