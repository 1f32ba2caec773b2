// SPDX-License-Identifier: Apache-2.0
// nc_instr_check finds exactly the faults of isa/check, on instructions that are legal, nearly
// legal and random, and takes as long as isa/cost says.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <vector>

#include "Vcheck_dma.h"
#include "Vcheck_scalar.h"
#include "Vcheck_tensor.h"
#include "Vcheck_vector.h"
#include "isa/check/instruction_check.h"
#include "isa/cost/check_cycles.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

using Words = std::array<uint32_t, kInstructionWords>;
constexpr int kInstructions = 20000;
constexpr int kMaxCycles = 2000;

// The segment table of the test: sizes and permissions of all kinds.
std::vector<Segment> MakeSegments() {
  std::vector<Segment> segments(kNumSegments);
  for (uint32_t i = 0; i < kNumSegments; ++i) {
    segments[i] = {.base = i * 0x10000u,
                   .limit = (i % 5) * 1024,
                   .readable = i % 7 != 1,
                   .writable = i % 3 != 1};
  }
  segments[9].limit = 0xFFFFFFFF;
  return segments;
}

template <typename Model>
class Checker {
 public:
  explicit Checker(const std::vector<Segment>& segments) : segments_(segments) {
    context_.randReset(2);
    context_.randSeed(1);
    context_.fatalOnError(false);
    model_.rst_ni = 0;
    model_.start_i = 0;
    Tick();
    Tick();
    model_.rst_ni = 1;
    Tick();
  }

  std::optional<Fault> Check(const Words& words) {
    for (uint32_t i = 0; i < kInstructionWords; ++i) model_.instr_i[i] = words[i];
    model_.start_i = 1;
    Tick();
    model_.start_i = 0;
    for (int cycle = 0; cycle < kMaxCycles; ++cycle) {
      if (model_.done_o) {
        cycles_ = cycle + 1;
        if (!model_.fault_o) return std::nullopt;
        return Fault{static_cast<Error>(model_.code_o), model_.address_o};
      }
      Tick();
    }
    ADD_FAILURE() << "the check does not end";
    return std::nullopt;
  }

  // Of the last check, from its start to its end.
  uint32_t cycles() const { return cycles_; }

 private:
  void Tick() {
    model_.clk_i = 0;
    model_.eval();
    const uint32_t index = model_.segment_o;
    model_.clk_i = 1;
    model_.eval();
    model_.segment_base_i = static_cast<uint32_t>(segments_[index].base);
    model_.segment_limit_i = static_cast<uint32_t>(segments_[index].limit);
    model_.segment_permission_i =
        (segments_[index].readable ? 1 : 0) | (segments_[index].writable ? 2 : 0);
    model_.eval();
  }

  VerilatedContext context_;
  Model model_{&context_};
  const std::vector<Segment>& segments_;
  uint32_t cycles_ = 0;
};

bool Contains(const char* text, const char* part) {
  return std::string(text).find(part) != std::string::npos;
}

// A value for a field: mostly small enough to be legal, sometimes at an edge, sometimes anything.
int64_t RandomValue(const FieldInfo& field, std::mt19937& random) {
  const auto below = [&](uint32_t n) { return static_cast<int64_t>(random() % n); };
  const uint32_t kind = random() % 100;
  if (kind < 2) return static_cast<int64_t>(random());
  if (kind < 4) return below(2) ? -1 : 0;
  if (Contains(field.name, "stride")) {
    const int64_t scale[] = {0, 1, 2, 4, 4, 8, -4, 64, 1 << 20, (1 << 20) + 4, -(1 << 20) - 4};
    return scale[below(std::size(scale))];
  }
  if (Contains(field.name, "size") || Contains(field.name, "valid")) return 1 + below(3);
  if (Contains(field.name, "pad_low")) return below(8) == 0;
  if (Contains(field.name, "base")) return 4 * below(400) + (below(4) == 0 ? below(4) : 0);
  if (Contains(field.name, "part_start") || Contains(field.name, "column_start")) return below(3);
  if (Contains(field.name, "count")) return 1 + below(3);
  if (Contains(field.name, "space")) return below(2) * 2 * below(2);
  if (Contains(field.name, "dtype")) return below(6);
  if (Contains(field.name, "scalar") || Contains(field.name, "bias") ||
      Contains(field.name, "scale")) {
    return field.width == 1 ? below(2) : 4 * below(900);
  }
  if (Contains(field.name, "index_limit")) return below(5);
  if (Contains(field.name, "index_bits")) return 3 + below(8);
  return below(uint32_t{1} << std::min(field.width, 10u));
}

template <typename Model>
void CompareWithReference(Queue queue, Format format, std::vector<Opcode> opcodes, uint32_t seed) {
  const std::vector<Segment> segments = MakeSegments();
  const Config& config = *FindConfig("tiny");
  Checker<Model> checker(segments);
  std::mt19937 random(seed);
  std::map<Error, int> seen;

  for (int n = 0; n < kInstructions; ++n) {
    Words words{};
    for (const FieldInfo& field : HeaderFields())
      SetField(words, field, RandomValue(field, random));
    for (const FieldInfo& field : FormatFields(format)) {
      SetField(words, field, RandomValue(field, random));
    }
    const uint32_t opcode = random() % 50 == 0
                                ? random() % 256
                                : static_cast<uint32_t>(opcodes[random() % opcodes.size()]);
    words[0] = (words[0] & ~0xFFu) | opcode;
    if (format == Format::kDma && random() % 4 != 0) {
      for (int d = 0; d < 4; ++d) words[18 + d] = words[10 + d];  // equal counts
      if (random() % 2) {
        words[28] = words[10];
        words[29] = words[11];
        words[27] = 0;
      }
    }
    if (format == Format::kScalar && opcode == static_cast<uint32_t>(Opcode::kLoadTable)) {
      if (random() % 4 != 0) words[0] = (words[0] & 0xFFFF) | 4u << 24;
    }

    const std::optional<Fault> expected = CheckInstruction(config, queue, words, segments);
    const std::optional<Fault> got = checker.Check(words);
    seen[expected ? expected->code : Error::kNone]++;
    if (expected != got) {
      std::string text;
      for (uint32_t word : words) text += std::to_string(word) + " ";
      FAIL() << "seed " << seed << ", instruction " << n << ": " << text << "\nexpected "
             << (expected ? Describe(*expected) : "none") << "\ngot      "
             << (got ? Describe(*got) : "none");
    }
    if (!got) {
      ASSERT_EQ(checker.cycles(), CheckCycles(words)) << "seed " << seed << ", instruction " << n;
    }
  }
  // The stimulus is worth something only if it reaches all kinds of outcomes.
  EXPECT_GT(seen[Error::kNone], kInstructions / 200);
  EXPECT_GT(seen[Error::kIllegalInstruction], kInstructions / 100);
  EXPECT_GT(seen[Error::kAccessRange], kInstructions / 100);
  if (format == Format::kDma) {
    EXPECT_GT(seen[Error::kSegmentViolation], kInstructions / 100);
  }
}

TEST(InstrCheck, TensorEqualsReference) {
  CompareWithReference<Vcheck_tensor>(Queue::kTensor, Format::kTensor, {Opcode::kMatmul}, 1);
}

TEST(InstrCheck, VectorEqualsReference) {
  CompareWithReference<Vcheck_vector>(
      Queue::kVector, Format::kVector,
      {Opcode::kTensorTensor, Opcode::kTensorScalar, Opcode::kScalarTensorTensor, Opcode::kReduce,
       Opcode::kArgmax, Opcode::kSelect, Opcode::kIota, Opcode::kFill},
      2);
}

TEST(InstrCheck, ScalarEqualsReference) {
  CompareWithReference<Vcheck_scalar>(Queue::kScalar, Format::kScalar,
                                      {Opcode::kActivate, Opcode::kLoadTable}, 3);
}

TEST(InstrCheck, DmaEqualsReference) {
  CompareWithReference<Vcheck_dma>(Queue::kDma0, Format::kDma,
                                   {Opcode::kDmaCopy, Opcode::kDmaFill, Opcode::kDmaTranspose}, 4);
}

}  // namespace
}  // namespace neuron::isa
