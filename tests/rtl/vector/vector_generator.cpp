// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/vector/vector_generator.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "sim/functional/numerics.h"

namespace neuron::vector_test {
namespace {

using isa::Dtype;
using isa::Opcode;
using isa::VectorInstruction;

constexpr std::array kOpcodes = {
    Opcode::kTensorTensor, Opcode::kTensorScalar, Opcode::kScalarTensorTensor,
    Opcode::kReduce,       Opcode::kArgmax,       Opcode::kSelect,
    Opcode::kIota,         Opcode::kFill};
constexpr std::array kReductions = {isa::Alu::kAdd, isa::Alu::kMax, isa::Alu::kMin};
constexpr uint32_t kNumAlus = 14;
constexpr uint32_t kNumDtypes = 6;

constexpr uint32_t kSpecialWords[] = {
    0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x80800000, 0x3F800000, 0xBF800000,
    0x3F000000, 0xBFC00000, 0x40200000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000,
    0x7F800001, 0xFFFFFFFF, 0x477FF000, 0x477FEFFF, 0x38800000, 0x387FFFFF, 0x387FE000, 0x4F000000,
    0xCF000000, 0x4EFFFFFF, 0x437F8000, 0xC3008000, 0x42FF0000, 0x7F7F8000, 0x7C007BFF, 0x03FF0400,
    0xFC007E00, 0x7C018000, 0x7FFFFFFF, 0x80000001, 0x01FFFFFF, 0x01000001, 0x7F80FF80, 0x00808000};

}  // namespace

uint32_t InterestingWord(std::mt19937_64& random) {
  const auto bits = static_cast<uint32_t>(random());
  switch (random() % 6) {
    case 0:
      return kSpecialWords[random() % std::size(kSpecialWords)];
    case 1:  // FP32 numbers of ordinary size
      return (bits & 0x807FFFFFu) | static_cast<uint32_t>(112 + random() % 30) << 23;
    case 2:  // few significant bits: ties, equal values
      return (bits & 0x80600000u) | static_cast<uint32_t>(122 + random() % 12) << 23;
    case 3:  // halves: BF16 or FP16 numbers of ordinary size
      return (bits & 0x8FFF8FFFu) | 0x30003000u;
    case 4:  // a small integer
      return static_cast<uint32_t>(static_cast<int32_t>(bits) >> (random() % 32));
    default:
      return bits;
  }
}

void InstructionGenerator::Fill(Memories& memories) {
  for (Memory* memory : {&memories.sbuf, &memories.psum}) {
    for (uint32_t p = 0; p < config_.p; ++p) {
      for (uint32_t a = 0; a < memory->bytes(); a += 4) {
        memory->Store(p, a, 4, InterestingWord(random_));
      }
    }
  }
}

VectorInstruction InstructionGenerator::Random(uint32_t work) {
  return Random(work, kOpcodes[Below(kOpcodes.size())]);
}

VectorInstruction InstructionGenerator::Random(uint32_t work, Opcode opcode) {
  for (;;) {
    VectorInstruction i = Shape(work, opcode);
    if (PlaceOperands(i)) return i;
  }
}

VectorInstruction InstructionGenerator::Shape(uint32_t work, Opcode opcode) {
  VectorInstruction i;
  std::array<uint32_t, isa::kInstructionWords> junk;
  for (uint32_t& word : junk) word = static_cast<uint32_t>(random_());
  i = VectorInstruction::Decode(junk);
  i.opcode = static_cast<uint32_t>(opcode);
  const Uses uses = UsesOf(i.opcode);
  const bool whole = Below(2) == 0;
  i.part_start = whole ? 0 : Below(config_.p);
  i.part_count = whole ? config_.p : 1 + Below(config_.p - i.part_start);

  auto type_and_space = [&](bool used, auto& dtype, auto& space) {
    if (!used) return;
    const bool psum = Below(3) == 0;
    space = static_cast<uint32_t>(psum ? isa::Space::kPsum : isa::Space::kSbuf);
    dtype =
        psum ? static_cast<uint32_t>(Below(2) ? Dtype::kFp32 : Dtype::kInt32) : Below(kNumDtypes);
  };
  type_and_space(uses.in0, i.in0_dtype, i.in0_space);
  type_and_space(uses.in1, i.in1_dtype, i.in1_space);
  type_and_space(true, i.out_dtype, i.out_space);
  i.alu0 = Below(kNumAlus);
  i.alu1 = Below(kNumAlus);
  if (i.opcode == static_cast<uint32_t>(Opcode::kReduce)) {
    i.alu0 = static_cast<uint32_t>(kReductions[Below(kReductions.size())]);
    if (Below(2)) i.alu1 = static_cast<uint32_t>(isa::Alu::kBypass);
  }
  i.scalar0 = i.scalar0_operand ? 4 * Below(config_.sbuf_bytes / 4) : InterestingWord(random_);
  i.scalar1 = i.scalar1_operand ? 4 * Below(config_.sbuf_bytes / 4) : InterestingWord(random_);

  uint32_t left = 1 + Below(work);
  auto size = [&] {
    const uint32_t value = 1 + Below(Below(2) ? left : std::min(left, 4u));
    left = std::max(1u, left / value);
    return value;
  };
  if (uses.window) {
    i.window_size0 = size();
    i.window_size1 = size();
    i.window_size2 = size();
  }
  i.size0 = size();
  i.size1 = size();
  i.size2 = size();

  auto stride = [&](uint32_t dtype) {
    const auto bytes = static_cast<int32_t>(sim::DtypeBytes(static_cast<Dtype>(dtype)));
    return (static_cast<int32_t>(Below(24)) - 10) * bytes;
  };
  if (uses.in0) {
    for (auto* s : {&i.in0_stride0, &i.in0_stride1, &i.in0_stride2, &i.in0_window_stride0,
                    &i.in0_window_stride1, &i.in0_window_stride2}) {
      *s = stride(i.in0_dtype);
    }
  }
  if (uses.in1) {
    for (auto* s : {&i.in1_stride0, &i.in1_stride1, &i.in1_stride2}) *s = stride(i.in1_dtype);
  }
  for (auto* s : {&i.out_stride0, &i.out_stride1, &i.out_stride2}) *s = stride(i.out_dtype);
  return i;
}

bool InstructionGenerator::Place(const Pattern& pattern, uint32_t& base) {
  int64_t low = 0;
  int64_t high = 0;
  for (const Dimension& d : pattern.dimensions) {
    const int64_t reach = int64_t{d.stride} * (d.size - 1);
    (reach < 0 ? low : high) += reach;
  }
  const int64_t memory = pattern.space == static_cast<uint32_t>(isa::Space::kPsum)
                             ? config_.psum_bytes
                             : config_.sbuf_bytes;
  const int64_t slots = (memory - (high - low)) / pattern.bytes;
  if (slots <= 0) return false;
  // Mostly near one another, so that instructions see what others wrote.
  const auto limit = static_cast<uint32_t>(Below(8) ? std::min<int64_t>(slots, 600) : slots);
  base = static_cast<uint32_t>(-low + int64_t{pattern.bytes} * Below(limit));
  return true;
}

std::vector<bool> InstructionGenerator::Footprint(const Pattern& pattern, uint32_t base) const {
  std::vector<bool> touched(std::max(config_.sbuf_bytes, config_.psum_bytes));
  std::vector<int64_t> addresses = {base};
  for (const Dimension& d : pattern.dimensions) {
    std::vector<int64_t> next;
    for (const int64_t address : addresses) {
      for (int64_t n = 0; n < d.size; ++n) next.push_back(address + n * d.stride);
    }
    addresses = std::move(next);
  }
  for (const int64_t address : addresses) {
    for (uint32_t b = 0; b < pattern.bytes; ++b) touched[address + b] = true;
  }
  return touched;
}

bool InstructionGenerator::Overlap(const Pattern& out, uint32_t out_base, const Pattern& in,
                                   uint32_t in_base) const {
  if (out.space != in.space) return false;
  const std::vector<bool> a = Footprint(out, out_base);
  const std::vector<bool> b = Footprint(in, in_base);
  for (size_t n = 0; n < a.size(); ++n) {
    if (a[n] && b[n]) return true;
  }
  return false;
}

bool InstructionGenerator::PlaceOperands(VectorInstruction& i) {
  const Uses uses = UsesOf(i.opcode);
  auto bytes = [](uint32_t dtype) { return sim::DtypeBytes(static_cast<Dtype>(dtype)); };
  auto pattern = [&](uint32_t space, uint32_t dtype, int32_t s0, int32_t s1, int32_t s2) {
    return Pattern{space, bytes(dtype), {{i.size0, s0}, {i.size1, s1}, {i.size2, s2}}};
  };
  Pattern in0 = pattern(i.in0_space, i.in0_dtype, i.in0_stride0, i.in0_stride1, i.in0_stride2);
  if (uses.window) {
    in0.dimensions.push_back({i.window_size0, i.in0_window_stride0});
    in0.dimensions.push_back({i.window_size1, i.in0_window_stride1});
    in0.dimensions.push_back({i.window_size2, i.in0_window_stride2});
  }
  const Pattern in1 =
      pattern(i.in1_space, i.in1_dtype, i.in1_stride0, i.in1_stride1, i.in1_stride2);
  if (uses.in0 && !Place(in0, i.in0_base)) return false;
  if (uses.in1 && !Place(in1, i.in1_base)) return false;

  // In place, when the elements are distinct and of the same size.
  const bool in_place = uses.in0 && !uses.window && Below(4) == 0 &&
                        bytes(i.in0_dtype) == bytes(i.out_dtype) && i.in0_space == i.out_space;
  if (in_place) {
    const auto element = static_cast<int32_t>(bytes(i.in0_dtype));
    i.in0_stride0 = element;
    i.in0_stride1 = element * static_cast<int32_t>(i.size0);
    i.in0_stride2 = i.in0_stride1 * static_cast<int32_t>(i.size1);
    i.out_stride0 = i.in0_stride0;
    i.out_stride1 = i.in0_stride1;
    i.out_stride2 = i.in0_stride2;
    in0 = pattern(i.in0_space, i.in0_dtype, i.in0_stride0, i.in0_stride1, i.in0_stride2);
    if (!Place(in0, i.in0_base)) return false;
    i.out_base = i.in0_base;
    return !uses.in1 || !Overlap(in0, i.in0_base, in1, i.in1_base);
  }
  const Pattern out =
      pattern(i.out_space, i.out_dtype, i.out_stride0, i.out_stride1, i.out_stride2);
  return Place(out, i.out_base) && (!uses.in0 || !Overlap(out, i.out_base, in0, i.in0_base)) &&
         (!uses.in1 || !Overlap(out, i.out_base, in1, i.in1_base));
}

std::string Describe(const VectorInstruction& i) {
  char text[600];
  std::snprintf(
      text, sizeof text,
      "%s alu %u %u, types %u %u -> %u, spaces %u %u -> %u, zero points %u %u -> %u, predicate %u, "
      "scalars %u:0x%x %u:0x%x, partitions %u+%u, sizes %ux%ux%u, window %ux%ux%u, bases 0x%x 0x%x "
      "-> 0x%x, out strides %d %d %d",
      isa::Name(static_cast<Opcode>(i.opcode)), i.alu0, i.alu1, i.in0_dtype, i.in1_dtype,
      i.out_dtype, i.in0_space, i.in1_space, i.out_space, i.in0_zero_point, i.in1_zero_point,
      i.out_zero_point, i.predicate, i.scalar0_operand, i.scalar0, i.scalar1_operand, i.scalar1,
      i.part_start, i.part_count, i.size2, i.size1, i.size0, i.window_size2, i.window_size1,
      i.window_size0, i.in0_base, i.in1_base, i.out_base, i.out_stride2, i.out_stride1,
      i.out_stride0);
  return text;
}

}  // namespace neuron::vector_test
