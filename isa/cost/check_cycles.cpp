// SPDX-License-Identifier: Apache-2.0
#include "isa/cost/check_cycles.h"

#include <algorithm>
#include <bit>
#include <initializer_list>

#include "isa/check/access.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

constexpr uint32_t kDigitBits = 4;  // of a size that are multiplied in one cycle
constexpr uint32_t kStartAndLegal = 2;

uint32_t Digits(uint64_t size) {
  const auto bits = static_cast<uint32_t>(std::bit_width(size));
  return std::max(1u, (bits + kDigitBits - 1) / kDigitBits);
}

uint32_t CountCycles(std::initializer_list<uint32_t> sizes) {
  uint32_t cycles = 1;
  for (const uint32_t size : sizes) {
    if (size != 1) cycles += 1 + Digits(size);
  }
  return cycles;
}

uint32_t CountCycles(std::span<const uint32_t> words, Format format, Opcode opcode) {
  if (format == Format::kTensor) {
    const TensorInstruction i = TensorInstruction::Decode(words);
    return CountCycles({i.inner_size0, i.inner_size1, i.inner_size2});
  }
  if (opcode == Opcode::kDmaCopy) {
    const DmaInstruction i = DmaInstruction::Decode(words);
    if (i.src_size0 == i.dst_size0 && i.src_size1 == i.dst_size1 && i.src_size2 == i.dst_size2 &&
        i.src_size3 == i.dst_size3) {
      return 0;
    }
    return CountCycles({i.src_size0, i.src_size1, i.src_size2, i.src_size3}) +
           CountCycles({i.dst_size0, i.dst_size1, i.dst_size2, i.dst_size3});
  }
  return 0;
}

// Patterns that are looked at, used or not.
uint32_t PatternSlots(Format format, Opcode opcode) {
  switch (format) {
    case Format::kTensor:
    case Format::kDma:
      return 3;
    case Format::kVector:
      return 5;
    case Format::kScalar:
      return opcode == Opcode::kLoadTable ? 1 : 5;
  }
  return 0;
}

uint32_t WalkCycles(const Access& access) {
  uint32_t cycles = 2;
  for (uint32_t d = 0; d < access.dim_count; ++d) {
    const int64_t count = access.dims[d].count;
    if (count > 1) cycles += 1 + Digits(static_cast<uint64_t>(count - 1));
  }
  return cycles;
}

}  // namespace

uint32_t CheckCycles(std::span<const uint32_t> words) {
  const OpcodeInfo* info = FindOpcode(words[0] & 0xFF);
  if (info == nullptr) return 0;
  const bool dma = info->format == Format::kDma;
  const uint32_t slots = PatternSlots(info->format, info->opcode);
  uint32_t cycles = kStartAndLegal + CountCycles(words, info->format, info->opcode);
  // DMA goes through the patterns once for SBUF and once for DRAM; one that it passes over costs
  // a cycle.
  uint32_t passed_over = dma ? 2 * slots : slots;
  for (const Access& access : AccessesOf(words)) {
    cycles += WalkCycles(access) * (dma && access.space == Space::kSbuf ? 2 : 1);
    --passed_over;
  }
  return cycles + passed_over;
}

}  // namespace neuron::isa
