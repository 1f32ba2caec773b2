// SPDX-License-Identifier: Apache-2.0
// The memory port that all queues share: when the data of a transfer has passed through it.
#ifndef NEURON_ISA_COST_MEMORY_PORT_H_
#define NEURON_ISA_COST_MEMORY_PORT_H_

#include <cstdint>

#include "isa/cost/cost_model.h"

namespace neuron::isa {

// Beats pass in the order of the calls. Where the memory is as fast as the port, reads and writes
// pass beside each other, one beat a cycle; a slower memory does both in turn.
class MemoryPort {
 public:
  MemoryPort(const Config& config, const CostParameters& parameters)
      : beat_bytes_(config.axi_bytes), bytes_per_cycle_(parameters.bytes_per_cycle) {}

  // An instruction of `cost` that starts at cycle `start`, itself fetched before: the cycle at
  // which its data has passed; `start` when it has none.
  uint64_t Pass(uint64_t start, const InstructionCost& cost);

 private:
  uint64_t Take(uint64_t& free_at, uint64_t start, uint64_t beats) const;

  uint64_t beat_bytes_;
  uint64_t bytes_per_cycle_;  // 0: as fast as the port
  // In cycles, or in bytes since the launch where the memory is slower than the port.
  uint64_t reads_free_ = 0;
  uint64_t writes_free_ = 0;
};

}  // namespace neuron::isa

#endif  // NEURON_ISA_COST_MEMORY_PORT_H_
