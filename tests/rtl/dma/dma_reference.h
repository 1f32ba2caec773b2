// SPDX-License-Identifier: Apache-2.0
// What a DMA instruction does, straight from docs/isa.md section 5, element by element.
#ifndef NEURON_TESTS_RTL_DMA_DMA_REFERENCE_H_
#define NEURON_TESTS_RTL_DMA_DMA_REFERENCE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "neuron/isa.h"

namespace neuron::dma_test {

// The memories as a DMA queue addresses them. Copyable: a test keeps one as the expectation.
struct Memories {
  int p = 0;
  int sbuf_bytes = 0;
  std::vector<uint8_t> sbuf;  // partition * sbuf_bytes + offset
  std::vector<uint8_t> dram;
  uint32_t src_segment = 0;  // byte offset of the source's segment in dram
  uint32_t dst_segment = 0;

  // The byte at a DMA address of SBUF.
  uint8_t& Sbuf(uint32_t address) {
    return sbuf.at(size_t{address >> 20} * sbuf_bytes + (address & 0xFFFFF));
  }
};

// Executes one instruction. Returns the index that was out of range, if one was: everything before
// its row is then written.
std::optional<uint32_t> Execute(const isa::DmaInstruction& instruction, Memories& memories);

}  // namespace neuron::dma_test

#endif  // NEURON_TESTS_RTL_DMA_DMA_REFERENCE_H_
