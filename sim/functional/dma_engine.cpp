// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/dma_engine.h"

#include <algorithm>
#include <array>
#include <vector>

#include "isa/check/access.h"

namespace neuron::sim {
namespace {

constexpr auto kDram = static_cast<uint32_t>(isa::Space::kDram);

// Where a DMA address lies in the host's memory; SBUF partitions follow one another there, so a
// stride over partitions is a stride in the host's memory, too.
class HostView {
 public:
  HostView(uint32_t space, const isa::Segment& segment, std::span<std::byte> dram, CoreState& state)
      : is_dram_(space == kDram),
        origin_(is_dram_ ? dram.data() + segment.base : state.sbuf.data().data()),
        partition_bytes_(state.sbuf.bytes()) {}

  std::byte* At(uint32_t address) const {
    return origin_ + (is_dram_ ? int64_t{address}
                               : Linear(address >> isa::kSbufPartitionShift,
                                        address & ((1u << isa::kSbufPartitionShift) - 1)));
  }
  int64_t Stride(int64_t stride) const {
    if (is_dram_) return stride;
    const isa::DmaStride split = isa::SplitDmaStride(stride);
    return Linear(split.partitions, split.bytes);
  }

 private:
  int64_t Linear(int64_t partition, int64_t offset) const {
    return partition * partition_bytes_ + offset;
  }

  bool is_dram_;
  std::byte* origin_;
  int64_t partition_bytes_;
};

void CopyStrided(std::byte* to, int64_t to_stride, const std::byte* from, int64_t from_stride,
                 uint32_t bytes, uint64_t count) {
  if (to_stride == bytes && from_stride == bytes) {
    std::memmove(to, from, count * bytes);
    return;
  }
  for (uint64_t i = 0; i < count; ++i, to += to_stride, from += from_stride) {
    StoreElement(to, bytes, LoadElement(from, bytes));
  }
}

// The destination: takes runs of elements and places them along the four dimensions.
class Destination {
 public:
  Destination(const isa::DmaInstruction& i, const HostView& view)
      : bytes_(1u << i.element_log2),
        base_(view.At(i.dst_base)),
        sizes_{i.dst_size0, i.dst_size1, i.dst_size2, i.dst_size3},
        strides_{view.Stride(i.dst_stride0), view.Stride(i.dst_stride1), view.Stride(i.dst_stride2),
                 view.Stride(i.dst_stride3)} {}

  // All elements have their value. Sizes of the two sides agree modulo 2^48 only.
  bool full() const { return index_[3] == sizes_[3]; }

  // The next `count` elements; a from_stride of 0 repeats one element. What is beyond the last
  // element is dropped.
  void Put(const std::byte* from, int64_t from_stride, uint64_t count) {
    while (count > 0 && !full()) {
      const uint64_t run = std::min<uint64_t>(count, sizes_[0] - index_[0]);
      CopyStrided(Position(), strides_[0], from, from_stride, bytes_, run);
      from += from_stride * static_cast<int64_t>(run);
      count -= run;
      Advance(static_cast<uint32_t>(run));
    }
  }

 private:
  std::byte* Position() const {
    std::byte* at = base_;
    for (size_t d = 0; d < 4; ++d) at += index_[d] * strides_[d];
    return at;
  }
  void Advance(uint32_t run) {
    index_[0] += run;
    for (size_t d = 0; d < 3 && index_[d] == sizes_[d]; ++d) {
      index_[d] = 0;
      ++index_[d + 1];
    }
  }

  uint32_t bytes_;
  std::byte* base_;
  std::array<uint32_t, 4> sizes_;
  std::array<int64_t, 4> strides_;
  std::array<uint32_t, 4> index_ = {};
};

void Fill(const isa::DmaInstruction& i, Destination& destination) {
  const uint32_t value = i.fill_value;
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  while (!destination.full()) destination.Put(bytes, 0, i.dst_size0);
}

std::optional<isa::Fault> Copy(const isa::DmaInstruction& i, const HostView& source_view,
                               const CoreState& state, Destination& destination) {
  const uint32_t fill_value = i.fill_value;
  const auto* fill = reinterpret_cast<const std::byte*>(&fill_value);
  const std::byte* base = source_view.At(i.src_base);
  const std::array<int64_t, 4> strides = {
      source_view.Stride(i.src_stride0), source_view.Stride(i.src_stride1),
      source_view.Stride(i.src_stride2), source_view.Stride(i.src_stride3)};
  const uint32_t pad_high0 = i.src_size0 - i.pad_low0 - i.valid0;
  constexpr uint32_t kOffsetMask = (1u << isa::kSbufPartitionShift) - 1;
  for (uint32_t i3 = 0; i3 < i.src_size3; ++i3) {
    int64_t row = i3;
    if (i.indirect) {
      const std::byte* list =
          state.sbuf.Row(i.index_base >> isa::kSbufPartitionShift) + (i.index_base & kOffsetMask);
      const auto index = static_cast<int32_t>(LoadElement(list + size_t{i3} * 4, 4));
      if (index < 0 || static_cast<uint32_t>(index) >= i.index_limit) {
        return isa::Fault{isa::Error::kAccessRange, static_cast<uint32_t>(index)};
      }
      row = index;
    }
    for (int64_t i2 = 0; i2 < i.src_size2; ++i2) {
      for (uint32_t i1 = 0; i1 < i.src_size1 && !destination.full(); ++i1) {
        if (i1 < i.pad_low1 || i1 - i.pad_low1 >= i.valid1 || i.valid0 == 0) {
          destination.Put(fill, 0, i.src_size0);
          continue;
        }
        const std::byte* from =
            base + (i1 - i.pad_low1) * strides[1] + i2 * strides[2] + row * strides[3];
        destination.Put(fill, 0, i.pad_low0);
        destination.Put(from, strides[0], i.valid0);
        destination.Put(fill, 0, pad_high0);
      }
    }
  }
  return std::nullopt;
}

void Transpose(const isa::DmaInstruction& i, CoreState& state) {
  const isa::Segment none;
  const HostView view(static_cast<uint32_t>(isa::Space::kSbuf), none, {}, state);
  const uint32_t bytes = 1u << i.element_log2;
  const int64_t partition = state.sbuf.bytes();
  for (int64_t b = 0; b < i.src_size1; ++b) {
    const std::byte* from = view.At(i.src_base) + b * view.Stride(i.src_stride1);
    std::byte* to = view.At(i.dst_base) + b * view.Stride(i.dst_stride1);
    for (int64_t f = 0; f < i.src_size0; ++f) {
      CopyStrided(to + f * partition, view.Stride(i.dst_stride0),
                  from + f * view.Stride(i.src_stride0), partition, bytes, i.part_count);
    }
  }
}

// The first DRAM byte that a legal instruction reaches beyond the end of memory.
std::optional<uint64_t> BeyondMemory(const isa::DmaInstruction& i,
                                     std::span<const isa::Segment> segments, uint64_t dram_bytes) {
  std::array<uint32_t, isa::kInstructionWords> words;
  i.Encode(words);
  for (const isa::Access& access : isa::AccessesOf(words)) {
    if (access.space != isa::Space::kDram) continue;
    const isa::AccessExtent extent = isa::ExtentOf(access);
    const uint64_t base = segments[access.segment].base;
    if (base + static_cast<uint64_t>(extent.high) >= dram_bytes) {
      return std::max(dram_bytes, base + static_cast<uint64_t>(extent.low));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<isa::Fault> ExecuteDma(const isa::DmaInstruction& i,
                                     std::span<const isa::Segment> segments,
                                     std::span<std::byte> dram, CoreState& state) {
  if (auto address = BeyondMemory(i, segments, dram.size())) {
    return isa::Fault{isa::Error::kBusError, *address};
  }
  const auto opcode = static_cast<isa::Opcode>(i.opcode);
  if (opcode == isa::Opcode::kDmaTranspose) {
    Transpose(i, state);
    return std::nullopt;
  }
  Destination destination(i, HostView(i.dst_space, segments[i.dst_segment], dram, state));
  if (opcode == isa::Opcode::kDmaFill) {
    Fill(i, destination);
    return std::nullopt;
  }
  return Copy(i, HostView(i.src_space, segments[i.src_segment], dram, state), state, destination);
}

}  // namespace neuron::sim
