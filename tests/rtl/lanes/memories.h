// SPDX-License-Identifier: Apache-2.0
// SBUF and PSUM as the tests of the engines with lanes see them.
#ifndef NEURON_TESTS_RTL_LANES_MEMORIES_H_
#define NEURON_TESTS_RTL_LANES_MEMORIES_H_

#include <cstdint>
#include <vector>

#include "neuron/isa.h"

namespace neuron::lane_test {

// One memory: little-endian bytes, [partition][byte address].
class Memory {
 public:
  Memory(uint32_t partitions, uint32_t bytes) : rows_(partitions, std::vector<uint8_t>(bytes)) {}

  uint32_t bytes() const { return static_cast<uint32_t>(rows_[0].size()); }
  // Element of 1, 2 or 4 bytes at a byte address that is inside the memory.
  uint32_t Load(uint32_t partition, int64_t address, uint32_t bytes) const {
    uint32_t value = 0;
    for (uint32_t b = bytes; b-- > 0;) value = value << 8 | rows_[partition].at(address + b);
    return value;
  }
  void Store(uint32_t partition, int64_t address, uint32_t bytes, uint32_t value) {
    for (uint32_t b = 0; b < bytes; ++b) {
      rows_[partition].at(address + b) = static_cast<uint8_t>(value >> (8 * b));
    }
  }
  bool operator==(const Memory&) const = default;

 private:
  std::vector<std::vector<uint8_t>> rows_;
};

// The two memories of a core.
struct Memories {
  explicit Memories(const isa::Config& config)
      : sbuf(config.p, config.sbuf_bytes), psum(config.p, config.psum_bytes) {}

  Memory& In(uint32_t space) {
    return space == static_cast<uint32_t>(isa::Space::kPsum) ? psum : sbuf;
  }
  bool operator==(const Memories&) const = default;

  Memory sbuf;
  Memory psum;
};

}  // namespace neuron::lane_test

#endif  // NEURON_TESTS_RTL_LANES_MEMORIES_H_
