// SPDX-License-Identifier: Apache-2.0
// Random legal VectorE instructions and memory contents.
#ifndef NEURON_TESTS_RTL_VECTOR_VECTOR_GENERATOR_H_
#define NEURON_TESTS_RTL_VECTOR_VECTOR_GENERATOR_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "neuron/isa.h"
#include "tests/rtl/vector/vector_reference.h"

namespace neuron::vector_test {

// 32 bits that hold something interesting for some type: special FP32 and FP16 values, numbers near
// one another, small integers, any bits.
uint32_t InterestingWord(std::mt19937_64& random);

// Keeps a reference to the configuration it is made with.
class InstructionGenerator {
 public:
  InstructionGenerator(const isa::Config& config, uint64_t seed) : config_(config), random_(seed) {}

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  // Fills both memories with interesting words.
  void Fill(Memories& memories);
  // A legal instruction that reads at most about `work` elements. Fields it does not use are
  // random.
  isa::VectorInstruction Random(uint32_t work);
  isa::VectorInstruction Random(uint32_t work, isa::Opcode opcode);

 private:
  struct Dimension {
    uint32_t size;
    int32_t stride;
  };
  // What an access pattern touches.
  struct Pattern {
    uint32_t space;
    uint32_t bytes;  // of an element
    std::vector<Dimension> dimensions;
  };

  isa::VectorInstruction Shape(uint32_t work, isa::Opcode opcode);
  bool Place(const Pattern& pattern, uint32_t& base);
  // The bytes of a pattern at `base`, one flag for each byte of its memory.
  std::vector<bool> Footprint(const Pattern& pattern, uint32_t base) const;
  bool PlaceOperands(isa::VectorInstruction& i);
  bool Overlap(const Pattern& out, uint32_t out_base, const Pattern& in, uint32_t in_base) const;

  const isa::Config& config_;
  std::mt19937_64 random_;
};

// One line about an instruction, for failure messages.
std::string Describe(const isa::VectorInstruction& i);

}  // namespace neuron::vector_test

#endif  // NEURON_TESTS_RTL_VECTOR_VECTOR_GENERATOR_H_
