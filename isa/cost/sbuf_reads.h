// SPDX-License-Identifier: Apache-2.0
// SBUF's read side, where TensorE goes first (docs/rtl.md, seam 2): how long DMA's row reads take
// beside the streams of the array.
//
// A row read needs all banks of its group (axi_bytes / 4 neighbouring ones) in one cycle, and the
// next row lies in the next group. TensorE takes one bank a cycle; FP32 vectors that lie side by
// side hold each group for as many cycles as it has banks, and in them DMA can read one row of the
// other group and then has to wait: with 8 banks and rows of 4 words a quarter of its rate. Vectors
// of 8 bits share words, so that TensorE reads in one cycle of four, and DMA loses little.
#ifndef NEURON_ISA_COST_SBUF_READS_H_
#define NEURON_ISA_COST_SBUF_READS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "isa/cost/cost_model.h"

namespace neuron::isa {

// Row reads that are granted in so many cycles.
struct ReadShare {
  uint64_t granted = 1;
  uint64_t cycles = 1;
};

// Of DMA that reads row after row while TensorE streams one pass of `tensor`. Pure function.
ReadShare RowReadsBeside(const Config& config, const TensorInstruction& tensor);

// The reads of one launch. Instructions are given in the order in which they start.
class SbufReads {
 public:
  explicit SbufReads(const Config& config) : config_(config) {}

  // TensorE streams `words` (kInstructionWords) in cycles start to end; nothing else streams then.
  void Stream(uint64_t start, uint64_t end, std::span<const uint32_t> words);

  // DMA queue `dma` (from 0) works from `start` on for `occupancy` cycles, in which it reads
  // `reads` rows when nobody refuses it. It is done with its instruction before. Returns end(dma).
  uint64_t Read(uint32_t dma, uint64_t start, uint64_t occupancy, uint64_t reads);

  // When the last instruction of the queue is done with its reads, as far as streams have started:
  // a later one can move it.
  uint64_t end(uint32_t dma) const { return readers_[dma].end; }

 private:
  struct Reader {
    uint64_t end = 0;
    uint64_t occupancy = 1;
    uint64_t reads = 0;
  };

  // Moves the reader's end by what it loses from cycle `from` to the end of the stream.
  void Delay(Reader& reader, uint64_t from);

  Config config_;
  std::array<Reader, kNumDmaQueues> readers_;
  uint64_t stream_end_ = 0;
  TensorInstruction stream_ = {};
  std::optional<ReadShare> share_;  // beside stream_, when somebody has asked
};

}  // namespace neuron::isa

#endif  // NEURON_ISA_COST_SBUF_READS_H_
