// SPDX-License-Identifier: Apache-2.0
// The memories of one core and what an executing instruction sees of the rest of the machine.
#ifndef NEURON_SIM_FUNCTIONAL_CORE_STATE_H_
#define NEURON_SIM_FUNCTIONAL_CORE_STATE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "neuron/isa.h"
#include "sim/functional/numerics.h"

namespace neuron::sim {

// One on-chip memory: `partitions` rows of `bytes` bytes. Addresses are checked by the caller.
class PartitionedMemory {
 public:
  PartitionedMemory(uint32_t partitions, uint32_t bytes)
      : bytes_(bytes), data_(size_t{partitions} * bytes) {}

  uint32_t bytes() const { return bytes_; }
  std::byte* Row(uint32_t partition) { return data_.data() + size_t{partition} * bytes_; }
  const std::byte* Row(uint32_t partition) const {
    return data_.data() + size_t{partition} * bytes_;
  }
  std::span<std::byte> data() { return data_; }

 private:
  uint32_t bytes_;
  std::vector<std::byte> data_;
};

// Little-endian loads and stores of an element of 1, 2 or 4 bytes.
inline uint32_t LoadElement(const std::byte* from, uint32_t bytes) {
  if (bytes == 1) return static_cast<uint8_t>(*from);
  if (bytes == 2) {
    uint16_t value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline void StoreElement(std::byte* to, uint32_t bytes, uint32_t value) {
  std::memcpy(to, &value, bytes);
}

// All that a core keeps from one launch to the next.
struct CoreState {
  explicit CoreState(const isa::Config& configuration)
      : config(configuration),
        sbuf(configuration.p, configuration.sbuf_bytes),
        psum(configuration.p, configuration.psum_bytes),
        table(configuration.table_entries) {}

  PartitionedMemory& Memory(uint32_t space) {
    return space == static_cast<uint32_t>(isa::Space::kPsum) ? psum : sbuf;
  }

  isa::Config config;
  PartitionedMemory sbuf;
  PartitionedMemory psum;
  std::vector<TableEntry> table;
  uint32_t sticky = 0;  // bits of isa::Sticky, cleared at launch
};

inline uint32_t StickyBit(isa::Sticky flag) { return 1u << static_cast<uint32_t>(flag); }

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_CORE_STATE_H_
