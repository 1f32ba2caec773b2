// SPDX-License-Identifier: Apache-2.0
// Random legal DMA programs without hazards between their instructions.
#ifndef NEURON_TESTS_RTL_DMA_DMA_RANDOM_H_
#define NEURON_TESTS_RTL_DMA_DMA_RANDOM_H_

#include <array>
#include <random>
#include <vector>

#include "dma_reference.h"
#include "neuron/isa.h"

namespace neuron::dma_test {

inline constexpr uint32_t kSbuf = static_cast<uint32_t>(isa::Space::kSbuf);
inline constexpr uint32_t kDram = static_cast<uint32_t>(isa::Space::kDram);

// A copy of one element from address 0 to address 0; a test sets what it is about.
isa::DmaInstruction Copy(uint32_t src_space, uint32_t dst_space, int element_log2);

// Sources lie in the lower half of SBUF and in the source segment; destinations in the upper half
// and in the destination segment. Index lists lie at the top of the lower half.
class RandomProgram {
 public:
  RandomProgram(const isa::Config& config, Memories& memories, std::mt19937& random)
      : config_(config), memories_(memories), random_(random) {}

  std::vector<isa::DmaInstruction> Generate(int count);

 private:
  struct Side {
    std::array<uint32_t, 4> size;
    std::array<int32_t, 4> stride;
    uint32_t base;
  };

  int Below(int n) { return static_cast<int>(random_() % n); }
  isa::DmaInstruction RandomCopy();
  isa::DmaInstruction RandomTranspose();
  // Strides and a base for dimensions of `extent` accessed elements, inside the side's area.
  void Place(Side& side, const std::array<uint32_t, 4>& extent, uint32_t space, bool is_source,
             int log2);

  const isa::Config& config_;
  Memories& memories_;
  std::mt19937& random_;
  uint32_t lists_ = 0;  // index lists placed
};

}  // namespace neuron::dma_test

#endif  // NEURON_TESTS_RTL_DMA_DMA_RANDOM_H_
