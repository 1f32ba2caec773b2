// SPDX-License-Identifier: Apache-2.0
// Random legal instructions: every opcode, type and shape of access pattern that one configuration
// allows, small enough to run in some thousand cycles.
#ifndef NEURON_TESTS_RTL_FUZZ_INSTRUCTION_GENERATOR_H_
#define NEURON_TESTS_RTL_FUZZ_INSTRUCTION_GENERATOR_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>

#include "isa/check/access.h"
#include "isa/check/instruction_check.h"
#include "neuron/isa.h"

namespace neuron::test {

using Words = std::array<uint32_t, isa::kInstructionWords>;

// Segments that the generated instructions use; segment 0 is the image.
inline constexpr uint32_t kDataSegment = 1;   // read and write
inline constexpr uint32_t kConstSegment = 2;  // read only; begins with indices
inline constexpr uint32_t kIndexCount = 64;   // INT32 indices in [0, kIndexLimit) ...
inline constexpr uint32_t kIndexLimit = 5;
inline constexpr uint32_t kBadIndexCount = 8;  // ... and behind them some outside

// Instructions without waits and updates. Each is legal and deterministic on its own: no element is
// written twice, and what it writes it does not read, unless in place.
class InstructionGenerator {
 public:
  InstructionGenerator(const isa::Config& config, std::span<const isa::Segment> segments,
                       uint64_t seed)
      : config_(config), segments_(segments.begin(), segments.end()), random_(seed) {}

  Words Next(isa::Queue queue);

  // The two halves of a gather: loads `count` indices into SBUF, at most kBadIndexCount, of which
  // those from number `bad` on are out of range; copies the rows that they name, below `limit`.
  Words LoadIndices(uint32_t address, uint32_t partition, uint32_t count, uint32_t bad);
  Words Gather(uint32_t address, uint32_t partition, uint32_t count, uint32_t limit);
  // Loads all entries of the function table.
  Words LoadWholeTable();

  uint32_t Below(uint32_t n) { return n == 0 ? 0 : static_cast<uint32_t>(random_() % n); }
  bool Chance(uint32_t percent) { return Below(100) < percent; }

 private:
  struct Dims {
    std::array<uint32_t, 3> sizes;
    std::array<int32_t, 3> strides;
  };

  Words Matmul();
  Words Vector();
  Words Scalar();
  Words LoadTable();
  Words Copy();
  Words Fill();
  Words Transpose();

  uint32_t Pick(std::initializer_list<uint32_t> values) {
    return values.begin()[Below(static_cast<uint32_t>(values.size()))];
  }
  template <typename Instruction>
  void Window(Instruction& instruction);
  // Sizes whose product is at most `limit`.
  std::array<uint32_t, 3> Sizes(uint32_t limit);
  int32_t Stride(uint32_t element_bytes);
  // Strides that give every element its own place.
  std::array<int32_t, 3> SpreadStrides(const std::array<uint32_t, 3>& sizes,
                                       uint32_t element_bytes);
  // A base for which the pattern stays inside `bytes`; out of range when there is none.
  uint32_t Base(std::initializer_list<std::pair<uint32_t, int32_t>> dims, uint32_t element_bytes,
                uint32_t bytes);
  uint32_t SpaceBytes(uint32_t space) const;
  uint32_t RandomSpace() {
    return static_cast<uint32_t>(Chance(60) ? isa::Space::kSbuf : isa::Space::kPsum);
  }
  uint32_t RandomDtype(uint32_t space);
  uint32_t RandomFloat();
  // One DMA side: up to four sizes with strides and a base.
  struct Side {
    std::array<uint32_t, 4> sizes;
    std::array<int32_t, 4> strides;
    uint32_t base;
  };
  std::array<uint32_t, 4> SplitCount(uint32_t count);
  Side DmaSide(const std::array<uint32_t, 4>& sizes, bool sbuf, uint32_t element_bytes,
               uint32_t segment, bool spread);

  bool Acceptable(isa::Queue queue, const Words& words) const;

  const isa::Config& config_;
  std::vector<isa::Segment> segments_;
  std::mt19937_64 random_;
};

// The bytes that an access touches as sorted, distinct keys: space, partition and byte. Empty when
// an element is touched twice and `distinct` is asked for, or when there are too many.
std::vector<uint64_t> TouchedElements(const isa::Access& access, bool distinct);

}  // namespace neuron::test

#endif  // NEURON_TESTS_RTL_FUZZ_INSTRUCTION_GENERATOR_H_
