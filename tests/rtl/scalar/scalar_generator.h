// SPDX-License-Identifier: Apache-2.0
// Random legal ScalarE instructions and memory contents.
#ifndef NEURON_TESTS_RTL_SCALAR_SCALAR_GENERATOR_H_
#define NEURON_TESTS_RTL_SCALAR_SCALAR_GENERATOR_H_

#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "host/compiler/function_tables.h"
#include "neuron/isa.h"
#include "tests/rtl/scalar/scalar_reference.h"

namespace neuron::scalar_test {

// Keeps a reference to the configuration it is made with.
class InstructionGenerator {
 public:
  InstructionGenerator(const isa::Config& config, uint64_t seed) : config_(config), random_(seed) {}

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  // 32 bits that hold something interesting for some type.
  uint32_t Word();
  // Fills both memories with interesting words.
  void Fill(Memories& memories);
  // A legal instruction, `activate` or at times `load_table`, with at most about `work` elements.
  // Fields it does not use are random.
  isa::ScalarInstruction Random(uint32_t work);
  // A legal `activate`.
  isa::ScalarInstruction Activate(uint32_t work);
  // A legal `load_table` of `entries` entries.
  isa::ScalarInstruction LoadTable(uint32_t entries);

 private:
  struct Pattern {
    uint32_t space;
    uint32_t bytes;  // of an element
    std::array<uint32_t, 3> sizes;
    std::array<int32_t, 3> strides;
  };

  isa::ScalarInstruction Junk();
  bool Place(const Pattern& pattern, uint32_t& base);
  bool PlaceOperands(isa::ScalarInstruction& i);
  bool Overlap(const Pattern& out, uint32_t out_base, const Pattern& in, uint32_t in_base) const;

  const isa::Config& config_;
  std::mt19937_64 random_;
};

// Writes a function's coefficients to partitions load.part_start .. + 3 from load.in_base on, where
// `load` loads them, and sets the fields of `activate` that belong to the function.
void PlaceFunction(const compiler::FunctionTable& table, const isa::ScalarInstruction& load,
                   Memories& memories, isa::ScalarInstruction& activate);

// One line about an instruction, for failure messages.
std::string Describe(const isa::ScalarInstruction& i);

}  // namespace neuron::scalar_test

#endif  // NEURON_TESTS_RTL_SCALAR_SCALAR_GENERATOR_H_
