// SPDX-License-Identifier: Apache-2.0
// Estimated cycles of one instruction. The constants are those of CostParameters; the formulas:
//
//   matmul          occupancy = passes * max(n, column_start + column_count, min_pass)
//                   latency   = part_start + part_count + tensor_fill
//   VectorE, ScalarE  occupancy = lane groups * elements + lane_overhead (elements read, for
//   windows) load_table      occupancy = size0 + lane_overhead DMA             occupancy = the
//   slower side: rows * ceil(row bytes / axi_bytes) where dimension 0
//                   is contiguous, else one element a cycle; latency = dma_latency
//
// An engine takes its next instruction after the occupancy; the instruction is finished after the
// latency. Pure functions.
#ifndef NEURON_SIM_FUNCTIONAL_COST_MODEL_H_
#define NEURON_SIM_FUNCTIONAL_COST_MODEL_H_

#include <cstdint>
#include <span>

#include "neuron/isa.h"

namespace neuron::sim {

struct CostParameters {
  uint32_t min_pass = 8;         // shortest matmul pass
  uint32_t tensor_fill = 20;     // aligner, array exit, PSUM
  uint32_t lane_overhead = 12;   // start and drain of a lane pipeline
  uint32_t dma_latency = 60;     // first data from DRAM or SBUF
  uint32_t issue_interval = 40;  // cycles that the queue takes to check an instruction
  uint32_t semaphore_delay = 3;  // from the end of an instruction to the start of one that waits
};

struct InstructionCost {
  uint64_t occupancy = 1;   // cycles until the engine takes its next instruction
  uint64_t latency = 0;     // further cycles until all writes are done
  uint64_t bytes_read = 0;  // from DRAM
  uint64_t bytes_written = 0;
};

// The cost of a legal instruction (kInstructionWords words).
InstructionCost EstimateCost(const isa::Config& config, const CostParameters& parameters,
                             std::span<const uint32_t> words);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_COST_MODEL_H_
