// SPDX-License-Identifier: Apache-2.0
#include "isa/cost/memory_port.h"

#include <algorithm>

namespace neuron::isa {

uint64_t MemoryPort::Take(uint64_t& free_at, uint64_t start, uint64_t beats) const {
  if (bytes_per_cycle_ == 0) {
    free_at = std::max(free_at, start) + beats;
    return free_at;
  }
  free_at = std::max(free_at, start * bytes_per_cycle_) + beats * beat_bytes_;
  return (free_at + bytes_per_cycle_ - 1) / bytes_per_cycle_;
}

uint64_t MemoryPort::Pass(uint64_t start, const InstructionCost& cost) {
  uint64_t& writes_free = bytes_per_cycle_ == 0 ? writes_free_ : reads_free_;
  uint64_t passed = start;
  if (cost.read_beats != 0) passed = Take(reads_free_, start, cost.read_beats);
  if (cost.write_beats != 0) passed = std::max(passed, Take(writes_free, start, cost.write_beats));
  Take(reads_free_, start, kInstructionBytes / beat_bytes_);
  return passed;
}

}  // namespace neuron::isa
