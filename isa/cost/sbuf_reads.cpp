// SPDX-License-Identifier: Apache-2.0
#include "isa/cost/sbuf_reads.h"

#include <algorithm>

namespace neuron::isa {
namespace {

constexpr uint32_t kWordBytes = 4;

// The addresses of one pass's vectors, one after the other.
class VectorWalk {
 public:
  explicit VectorWalk(const TensorInstruction& i)
      : i_(i), address_(i.moving_base), row_(address_), plane_(address_) {}

  uint32_t word() const { return address_ / kWordBytes; }
  void Step() {
    address_ += static_cast<uint32_t>(i_.moving_stride0);
    if (++at0_ < i_.inner_size0) return;
    at0_ = 0;
    row_ += static_cast<uint32_t>(i_.moving_stride1);
    if (++at1_ == i_.inner_size1) {
      at1_ = 0;
      plane_ += static_cast<uint32_t>(i_.moving_stride2);
      row_ = plane_;
    }
    address_ = row_;
  }

 private:
  const TensorInstruction& i_;
  uint32_t address_;
  uint32_t row_;
  uint32_t plane_;
  uint32_t at0_ = 0;
  uint32_t at1_ = 0;
};

}  // namespace

ReadShare RowReadsBeside(const Config& config, const TensorInstruction& tensor) {
  const uint32_t row_words = config.axi_bytes / kWordBytes;
  const uint32_t groups = config.sbuf_banks / row_words;
  const uint32_t vectors = tensor.inner_size0 * tensor.inner_size1 * tensor.inner_size2;
  constexpr uint32_t kNone = ~0u;
  VectorWalk moving(tensor);
  uint32_t column = 0;
  uint32_t kept = kNone;
  uint32_t group = 0;  // that DMA asks for
  ReadShare share{0, std::max(vectors, tensor.column_count)};
  for (uint32_t cycle = 0; cycle < share.cycles; ++cycle) {
    uint32_t moving_bank = kNone;
    if (cycle < vectors) {
      if (moving.word() != kept) moving_bank = moving.word() % config.sbuf_banks;
      kept = moving.word();
      moving.Step();
    }
    uint32_t column_bank = kNone;
    if (column < tensor.column_count) {
      const uint32_t address =
          tensor.stationary_base + column * static_cast<uint32_t>(tensor.stationary_stride);
      column_bank = address / kWordBytes % config.sbuf_banks;
      if (column_bank == moving_bank) {
        column_bank = kNone;
      } else {
        ++column;
      }
    }
    const auto takes = [&](uint32_t bank) { return bank != kNone && bank / row_words == group; };
    if (takes(moving_bank) || takes(column_bank)) continue;
    ++share.granted;
    group = (group + 1) % groups;
  }
  return share;
}

void SbufReads::Stream(uint64_t start, uint64_t end, std::span<const uint32_t> words) {
  stream_ = TensorInstruction::Decode(words);
  stream_end_ = end;
  share_.reset();
  for (Reader& reader : readers_) Delay(reader, start);
}

uint64_t SbufReads::Read(uint32_t dma, uint64_t start, uint64_t occupancy, uint64_t reads) {
  Reader& reader = readers_[dma];
  reader = {start + occupancy, occupancy, reads};
  Delay(reader, start);
  return reader.end;
}

void SbufReads::Delay(Reader& reader, uint64_t from) {
  if (reader.reads == 0 || reader.end <= from || stream_end_ <= from) return;
  if (!share_) share_ = RowReadsBeside(config_, stream_);
  // Of `slow` cycles beside the stream, `work` bring the instruction forward.
  const uint64_t work = share_->granted * reader.occupancy;
  const uint64_t slow = share_->cycles * reader.reads;
  if (work >= slow) return;
  const uint64_t beside = stream_end_ - from;
  const uint64_t left = reader.end - from;
  const uint64_t done = std::min(left, beside * work / slow);
  reader.end += (done < left ? beside : left * slow / work) - done;
}

}  // namespace neuron::isa
