// SPDX-License-Identifier: Apache-2.0
#include "dma_random.h"

#include <algorithm>

namespace neuron::dma_test {

using isa::DmaInstruction;

namespace {

constexpr int kIndexBytes = 128;      // index lists, at the top of the source half of SBUF
constexpr int kDramArea = 64 * 1024;  // bytes of each segment that are used

}  // namespace

DmaInstruction Copy(uint32_t src_space, uint32_t dst_space, int element_log2) {
  DmaInstruction i;
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  i.src_space = src_space;
  i.dst_space = dst_space;
  i.element_log2 = element_log2;
  i.src_size0 = i.src_size1 = i.src_size2 = i.src_size3 = 1;
  i.dst_size0 = i.dst_size1 = i.dst_size2 = i.dst_size3 = 1;
  i.src_stride0 = i.dst_stride0 = 1 << element_log2;
  i.valid0 = i.valid1 = 1;
  return i;
}

void RandomProgram::Place(Side& side, const std::array<uint32_t, 4>& extent, uint32_t space,
                          bool is_source, int log2) {
  const int element = 1 << log2;
  const int area = space == kDram ? kDramArea : config_.sbuf_bytes / 2 - kIndexBytes;
  // Offsets and, in SBUF, partitions are kept apart: each dimension steps in one or both.
  int low = 0, high = element, low_part = 0, high_part = 0;
  for (int d = 0; d < 4; ++d) {
    const int steps = static_cast<int>(std::max(extent[d], 1u)) - 1;
    int bytes = 0, parts = 0;
    if (d == 0 && Below(3) != 0) {
      bytes = element;
    } else if (space == kSbuf && Below(2) != 0 &&
               steps + high_part - low_part < static_cast<int>(config_.p)) {
      parts = Below(2) != 0 ? 1 : -1;
      if (Below(3) == 0) bytes = element * (Below(9) - 4);
    } else {
      bytes = Below(2) != 0 ? high - low : element * (Below(101) - 50);
    }
    if ((high - low) + std::abs(bytes) * steps > area) bytes = 0;
    (bytes < 0 ? low : high) += bytes * steps;
    (parts < 0 ? low_part : high_part) += parts * steps;
    side.stride[d] = parts * (1 << 20) + bytes;
  }
  const int room = area - (high - low);
  int offset = Below(room + 1) - low;
  if (space == kSbuf || Below(2) == 0) offset = (offset + low) / element * element - low;
  const int half = space == kSbuf && !is_source ? config_.sbuf_bytes / 2 : 0;
  const int part = space == kSbuf ? Below(config_.p - (high_part - low_part)) - low_part : 0;
  side.base = static_cast<uint32_t>(part * (1 << 20) + offset + half);
}

DmaInstruction RandomProgram::RandomCopy() {
  DmaInstruction i = Copy(Below(2) ? kDram : kSbuf, Below(2) ? kDram : kSbuf, Below(3));
  Side src{}, dst{};
  src.size = {1u + Below(Below(3) ? 20 : 90), 1u + Below(6), 1u + Below(3), 1u + Below(3)};
  // The same number of elements, dealt out anew.
  std::vector<uint32_t> factors;
  for (uint32_t size : src.size)
    for (uint32_t f = 2; size > 1; ++f)
      for (; size % f == 0; size /= f) factors.push_back(f);
  dst.size = {1, 1, 1, 1};
  for (const uint32_t f : factors) dst.size[Below(3) ? 0 : Below(4)] *= f;

  std::array<uint32_t, 4> extent = src.size;
  if (Below(3) == 0) {
    i.pad_low0 = Below(src.size[0] + 1);
    extent[0] = Below(src.size[0] - i.pad_low0 + 1);
    i.pad_low1 = Below(src.size[1] + 1);
    extent[1] = Below(src.size[1] - i.pad_low1 + 1);
    i.fill_value = random_();
  }
  i.valid0 = extent[0];
  i.valid1 = extent[1];
  if (Below(4) == 0) {
    i.indirect = 1;
    i.index_limit = 1 + Below(9);
    extent[3] = i.index_limit;
    // Every list has a place of its own.
    const uint32_t offset = config_.sbuf_bytes / 2 - kIndexBytes + 16 * (lists_ / config_.p) + 4;
    i.index_base = (lists_++ % config_.p << 20) + offset;
    for (uint32_t n = 0; n < src.size[3]; ++n)
      for (int k = 0; k < 4; ++k)
        memories_.Sbuf(i.index_base + 4 * n + k) = k == 0 ? Below(i.index_limit) : 0;
  }
  Place(src, extent, i.src_space, true, i.element_log2);
  Place(dst, dst.size, i.dst_space, false, i.element_log2);
  i.src_base = src.base;
  i.dst_base = dst.base;
  i.src_size0 = src.size[0], i.src_size1 = src.size[1];
  i.src_size2 = src.size[2], i.src_size3 = src.size[3];
  i.src_stride0 = src.stride[0], i.src_stride1 = src.stride[1];
  i.src_stride2 = src.stride[2], i.src_stride3 = src.stride[3];
  i.dst_size0 = dst.size[0], i.dst_size1 = dst.size[1];
  i.dst_size2 = dst.size[2], i.dst_size3 = dst.size[3];
  i.dst_stride0 = dst.stride[0], i.dst_stride1 = dst.stride[1];
  i.dst_stride2 = dst.stride[2], i.dst_stride3 = dst.stride[3];
  if (Below(6) == 0) {
    i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaFill);
    i.fill_value = random_();
  }
  return i;
}

DmaInstruction RandomProgram::RandomTranspose() {
  DmaInstruction i = Copy(kSbuf, kSbuf, Below(3));
  i.opcode = static_cast<uint32_t>(isa::Opcode::kDmaTranspose);
  const int element = 1 << i.element_log2;
  i.part_count = 1 + Below(config_.p);
  i.src_size0 = 1 + Below(config_.p);
  i.src_size1 = 1 + Below(4);
  i.src_stride0 = element * (1 + Below(3));
  i.src_stride1 = i.src_stride0 * static_cast<int>(i.src_size0);
  i.dst_stride0 = element * (1 + Below(3));
  i.dst_stride1 = i.dst_stride0 * static_cast<int>(i.part_count);
  i.src_base = (Below(config_.p - i.part_count + 1) << 20) + element * Below(16);
  i.dst_base =
      (Below(config_.p - i.src_size0 + 1) << 20) + config_.sbuf_bytes / 2 + element * Below(16);
  return i;
}

std::vector<DmaInstruction> RandomProgram::Generate(int count) {
  std::vector<DmaInstruction> program;
  while (static_cast<int>(program.size()) < count)
    program.push_back(Below(5) ? RandomCopy() : RandomTranspose());
  return program;
}

}  // namespace neuron::dma_test
