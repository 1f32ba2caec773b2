// SPDX-License-Identifier: Apache-2.0
// Device DRAM, handed out in pieces.
#ifndef NEURON_HOST_RUNTIME_ALLOCATOR_H_
#define NEURON_HOST_RUNTIME_ALLOCATOR_H_

#include <cstdint>
#include <map>

#include "base/status.h"

namespace neuron::runtime {

// First fit over a sorted list of free pieces, which are joined when freed. Addresses and sizes are
// multiples of kAlignment. Not thread-safe.
class Allocator {
 public:
  static constexpr uint64_t kAlignment = 64;

  explicit Allocator(uint64_t bytes);

  // At least one unit, also for 0 bytes. kResourceExhausted names what was asked and what is free.
  Result<uint64_t> Allocate(uint64_t bytes);
  // `address` must come from Allocate and not have been freed.
  void Free(uint64_t address);
  uint64_t free_bytes() const { return free_bytes_; }

  // `bytes` as it is allocated.
  static uint64_t RoundUp(uint64_t bytes);

 private:
  std::map<uint64_t, uint64_t> free_;  // address -> bytes
  std::map<uint64_t, uint64_t> used_;
  uint64_t free_bytes_;
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_ALLOCATOR_H_
