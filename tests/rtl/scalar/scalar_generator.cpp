// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/scalar/scalar_generator.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <vector>

namespace neuron::scalar_test {
namespace {

using isa::Dtype;
using isa::Func;
using isa::Opcode;
using isa::ScalarInstruction;

constexpr uint32_t kNumDtypes = 6;
constexpr uint32_t kNumFuncs = 9;

constexpr uint32_t kSpecialWords[] = {
    0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x80800000, 0x3F800000, 0xBF800000,
    0x3F000000, 0xBFC00000, 0x3F7FFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000,
    0x7F800001, 0xFFFFFFFF, 0x477FF000, 0x477FEFFF, 0x38800000, 0x387FFFFF, 0x387FE000, 0x4F000000,
    0xCF000000, 0x4EFFFFFF, 0x437F8000, 0xC3008000, 0x42FEFFFF, 0xC3000000, 0x43000000, 0xC2FFFFFF,
    0x7C007BFF, 0x03FF0400, 0xFC007E00, 0x7C018000, 0x7FFFFFFF, 0x80000001, 0x42B17218, 0xC2AEAC50,
    0x33800000, 0xB3000001, 0x32FFFFFF, 0x41B17218, 0x7F80FF80, 0x00808000, 0x01000000, 0x7F000000};

}  // namespace

uint32_t InstructionGenerator::Word() {
  const auto bits = static_cast<uint32_t>(random_());
  switch (Below(6)) {
    case 0:
      return kSpecialWords[Below(std::size(kSpecialWords))];
    case 1:  // FP32 numbers of ordinary size
      return (bits & 0x807FFFFFu) | (112 + Below(30)) << 23;
    case 2:  // few significant bits: ties, equal values
      return (bits & 0x80600000u) | (122 + Below(12)) << 23;
    case 3:  // halves: BF16 or FP16 numbers of ordinary size
      return (bits & 0x8FFF8FFFu) | 0x30003000u;
    case 4:  // a small integer
      return static_cast<uint32_t>(static_cast<int32_t>(bits) >> Below(32));
    default:
      return bits;
  }
}

void InstructionGenerator::Fill(Memories& memories) {
  for (Memory* memory : {&memories.sbuf, &memories.psum}) {
    for (uint32_t p = 0; p < config_.p; ++p) {
      for (uint32_t a = 0; a < memory->bytes(); a += 4) memory->Store(p, a, 4, Word());
    }
  }
}

ScalarInstruction InstructionGenerator::Random(uint32_t work) {
  return Below(6) == 0 ? LoadTable(1 + Below(40)) : Activate(work);
}

ScalarInstruction InstructionGenerator::Junk() {
  std::array<uint32_t, isa::kInstructionWords> junk;
  for (uint32_t& word : junk) word = static_cast<uint32_t>(random_());
  return ScalarInstruction::Decode(junk);
}

ScalarInstruction InstructionGenerator::LoadTable(uint32_t entries) {
  ScalarInstruction i = Junk();
  i.opcode = static_cast<uint32_t>(Opcode::kLoadTable);
  i.part_count = 4;
  i.part_start = Below(config_.p - 3);
  i.in_space = static_cast<uint32_t>(isa::Space::kSbuf);
  i.size0 = entries;
  i.in_base = 4 * Below(config_.sbuf_bytes / 4 - entries + 1);
  return i;
}

ScalarInstruction InstructionGenerator::Activate(uint32_t work) {
  for (;;) {
    ScalarInstruction i = Junk();
    i.opcode = static_cast<uint32_t>(Opcode::kActivate);
    const bool whole = Below(2) == 0;
    i.part_start = whole ? 0 : Below(config_.p);
    i.part_count = whole ? config_.p : 1 + Below(config_.p - i.part_start);
    auto type_and_space = [&](uint32_t& dtype, uint32_t& space) {
      const bool psum = Below(3) == 0;
      space = static_cast<uint32_t>(psum ? isa::Space::kPsum : isa::Space::kSbuf);
      dtype =
          psum ? static_cast<uint32_t>(Below(2) ? Dtype::kFp32 : Dtype::kInt32) : Below(kNumDtypes);
    };
    type_and_space(i.in_dtype, i.in_space);
    type_and_space(i.out_dtype, i.out_space);
    i.func = Below(kNumFuncs);
    i.table_index_bits = 4 + Below(7);
    if (i.func != static_cast<uint32_t>(Func::kExp) &&
        i.func != static_cast<uint32_t>(Func::kSin)) {
      i.table_index_bits = Below(11);
    }
    if (Below(4)) {  // segments around the ordinary numbers
      i.table_exp_min = 110 + Below(20);
      i.table_exp_max = 120 + Below(16);
    }
    i.scale = i.scale_operand ? 4 * Below(config_.sbuf_bytes / 4) : Word();
    i.bias = i.bias_operand ? 4 * Below(config_.sbuf_bytes / 4) : Word();
    if (!i.scale_operand && Below(2)) i.scale = std::bit_cast<uint32_t>(1.0F);
    if (!i.bias_operand && Below(2)) i.bias = 0;
    i.alpha = Word();
    i.clamp_low = Below(2) ? 0xFF800000u : Word();
    i.clamp_high = Below(2) ? 0x7F800000u : Word();

    uint32_t left = 1 + Below(work);
    for (uint32_t* size : {&i.size0, &i.size1, &i.size2}) {
      *size = 1 + Below(Below(2) ? left : std::min(left, 4u));
      left = std::max(1u, left / *size);
    }
    auto stride = [&](uint32_t dtype) {
      const auto bytes = static_cast<int32_t>(sim::DtypeBytes(static_cast<Dtype>(dtype)));
      if (Below(2)) return bytes;
      return bytes * (static_cast<int32_t>(Below(17)) - 8);
    };
    for (auto* s : {&i.in_stride0, &i.in_stride1, &i.in_stride2}) *s = stride(i.in_dtype);
    for (auto* s : {&i.out_stride0, &i.out_stride1, &i.out_stride2}) *s = stride(i.out_dtype);
    if (PlaceOperands(i)) return i;
  }
}

bool InstructionGenerator::Place(const Pattern& pattern, uint32_t& base) {
  int64_t low = 0;
  int64_t high = 0;
  for (size_t d = 0; d < 3; ++d) {
    const int64_t reach = int64_t{pattern.strides[d]} * (pattern.sizes[d] - 1);
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

bool InstructionGenerator::Overlap(const Pattern& out, uint32_t out_base, const Pattern& in,
                                   uint32_t in_base) const {
  if (out.space != in.space) return false;
  auto footprint = [&](const Pattern& pattern, int64_t base) {
    std::vector<bool> touched(std::max(config_.sbuf_bytes, config_.psum_bytes));
    for (int64_t i2 = 0; i2 < pattern.sizes[2]; ++i2) {
      for (int64_t i1 = 0; i1 < pattern.sizes[1]; ++i1) {
        for (int64_t i0 = 0; i0 < pattern.sizes[0]; ++i0) {
          const int64_t address =
              base + i0 * pattern.strides[0] + i1 * pattern.strides[1] + i2 * pattern.strides[2];
          for (uint32_t b = 0; b < pattern.bytes; ++b) touched[address + b] = true;
        }
      }
    }
    return touched;
  };
  const std::vector<bool> a = footprint(out, out_base);
  const std::vector<bool> b = footprint(in, in_base);
  for (size_t n = 0; n < a.size(); ++n) {
    if (a[n] && b[n]) return true;
  }
  return false;
}

bool InstructionGenerator::PlaceOperands(ScalarInstruction& i) {
  const uint32_t in_bytes = sim::DtypeBytes(static_cast<Dtype>(i.in_dtype));
  const uint32_t out_bytes = sim::DtypeBytes(static_cast<Dtype>(i.out_dtype));
  const std::array<uint32_t, 3> sizes = {i.size0, i.size1, i.size2};
  if (i.sum_enable) i.sum_base = 4 * Below(config_.sbuf_bytes / 4);
  // In place, when the elements are distinct and of the same size.
  if (Below(4) == 0 && in_bytes == out_bytes && i.in_space == i.out_space) {
    i.in_stride0 = i.out_stride0 = static_cast<int32_t>(in_bytes);
    i.in_stride1 = i.out_stride1 = static_cast<int32_t>(in_bytes * i.size0);
    i.in_stride2 = i.out_stride2 = static_cast<int32_t>(in_bytes * i.size0 * i.size1);
    const Pattern in = {i.in_space, in_bytes, sizes, {i.in_stride0, i.in_stride1, i.in_stride2}};
    if (!Place(in, i.in_base)) return false;
    i.out_base = i.in_base;
    return true;
  }
  const Pattern in = {i.in_space, in_bytes, sizes, {i.in_stride0, i.in_stride1, i.in_stride2}};
  const Pattern out = {
      i.out_space, out_bytes, sizes, {i.out_stride0, i.out_stride1, i.out_stride2}};
  return Place(in, i.in_base) && Place(out, i.out_base) && !Overlap(out, i.out_base, in, i.in_base);
}

void PlaceFunction(const compiler::FunctionTable& table, const ScalarInstruction& load,
                   Memories& memories, ScalarInstruction& activate) {
  for (size_t n = 0; n < table.entries.size(); ++n) {
    for (uint32_t c = 0; c < 4; ++c) {
      memories.sbuf.Store(load.part_start + c, load.in_base + 4 * static_cast<int64_t>(n), 4,
                          std::bit_cast<uint32_t>(table.entries[n][c]));
    }
  }
  activate.func = static_cast<uint32_t>(table.func);
  activate.table_index_bits = table.index_bits;
  activate.table_exp_min = table.exp_min;
  activate.table_exp_max = table.exp_max;
  activate.table_base = load.table_base;
  activate.table_negative_base = (load.table_base + table.negative_offset) & 0xFFFF;
  activate.clamp_low = std::bit_cast<uint32_t>(table.clamp_low);
  activate.clamp_high = std::bit_cast<uint32_t>(table.clamp_high);
}

std::string Describe(const ScalarInstruction& i) {
  char text[600];
  std::snprintf(text, sizeof text,
                "%s %s, types %u -> %u, spaces %u -> %u, zero points %u -> %u, sum %u at 0x%x, "
                "scale %u:0x%x, bias %u:0x%x, alpha 0x%x, clamps 0x%x 0x%x, table k %u e %u..%u "
                "bases %u %u, partitions %u+%u, sizes %ux%ux%u, bases 0x%x -> 0x%x, out strides %d "
                "%d %d",
                isa::Name(static_cast<Opcode>(i.opcode)), isa::Name(static_cast<Func>(i.func)),
                i.in_dtype, i.out_dtype, i.in_space, i.out_space, i.in_zero_point, i.out_zero_point,
                i.sum_enable, i.sum_base, i.scale_operand, i.scale, i.bias_operand, i.bias, i.alpha,
                i.clamp_low, i.clamp_high, i.table_index_bits, i.table_exp_min, i.table_exp_max,
                i.table_base, i.table_negative_base, i.part_start, i.part_count, i.size2, i.size1,
                i.size0, i.in_base, i.out_base, i.out_stride2, i.out_stride1, i.out_stride0);
  return text;
}

}  // namespace neuron::scalar_test
