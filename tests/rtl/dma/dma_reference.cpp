// SPDX-License-Identifier: Apache-2.0
#include "dma_reference.h"

namespace neuron::dma_test {
namespace {

constexpr uint32_t kDram = static_cast<uint32_t>(isa::Space::kDram);

uint8_t& Byte(Memories& m, uint32_t space, uint32_t segment, uint32_t address) {
  return space == kDram ? m.dram.at(segment + address) : m.Sbuf(address);
}

void Transpose(const isa::DmaInstruction& i, Memories& m) {
  const int bytes = 1 << i.element_log2;
  const Memories before = m;
  for (uint32_t b = 0; b < i.src_size1; ++b)
    for (uint32_t f = 0; f < i.src_size0; ++f)
      for (uint32_t q = 0; q < i.part_count; ++q)
        for (int k = 0; k < bytes; ++k)
          m.Sbuf(i.dst_base + b * i.dst_stride1 + (f << 20) + q * i.dst_stride0 + k) =
              const_cast<Memories&>(before).Sbuf(i.src_base + b * i.src_stride1 + (q << 20) +
                                                 f * i.src_stride0 + k);
}

}  // namespace

std::optional<uint32_t> Execute(const isa::DmaInstruction& i, Memories& m) {
  if (i.opcode == static_cast<uint32_t>(isa::Opcode::kDmaTranspose)) {
    Transpose(i, m);
    return std::nullopt;
  }
  const int bytes = 1 << i.element_log2;
  const bool copy = i.opcode == static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  std::vector<uint32_t> stream;
  std::optional<uint32_t> bad_index;
  if (copy) {
    for (uint32_t i3 = 0; i3 < i.src_size3 && !bad_index; ++i3) {
      uint32_t row = i3;
      if (i.indirect) {
        row = 0;
        for (int k = 0; k < 4; ++k) row |= uint32_t{m.Sbuf(i.index_base + 4 * i3 + k)} << (8 * k);
        if (row >= i.index_limit || row >> 31 != 0) {
          bad_index = row;
          break;
        }
      }
      for (uint32_t i2 = 0; i2 < i.src_size2; ++i2)
        for (uint32_t i1 = 0; i1 < i.src_size1; ++i1)
          for (uint32_t i0 = 0; i0 < i.src_size0; ++i0) {
            const bool padded = i0 < i.pad_low0 || i0 >= i.pad_low0 + i.valid0 || i1 < i.pad_low1 ||
                                i1 >= i.pad_low1 + i.valid1;
            uint32_t element = i.fill_value;
            const uint32_t address = i.src_base + (i0 - i.pad_low0) * i.src_stride0 +
                                     (i1 - i.pad_low1) * i.src_stride1 + i2 * i.src_stride2 +
                                     row * i.src_stride3;
            if (!padded) {
              element = 0;
              for (int k = 0; k < bytes; ++k)
                element |= uint32_t{Byte(m, i.src_space, m.src_segment, address + k)} << (8 * k);
            }
            stream.push_back(element);
          }
    }
  }
  size_t n = 0;
  for (uint32_t i3 = 0; i3 < i.dst_size3; ++i3)
    for (uint32_t i2 = 0; i2 < i.dst_size2; ++i2)
      for (uint32_t i1 = 0; i1 < i.dst_size1; ++i1)
        for (uint32_t i0 = 0; i0 < i.dst_size0; ++i0, ++n) {
          if (copy && n >= stream.size()) return bad_index;
          const uint32_t element = copy ? stream[n] : i.fill_value;
          const uint32_t address = i.dst_base + i0 * i.dst_stride0 + i1 * i.dst_stride1 +
                                   i2 * i.dst_stride2 + i3 * i.dst_stride3;
          for (int k = 0; k < bytes; ++k)
            Byte(m, i.dst_space, m.dst_segment, address + k) = uint8_t(element >> (8 * k));
        }
  return bad_index;
}

}  // namespace neuron::dma_test
