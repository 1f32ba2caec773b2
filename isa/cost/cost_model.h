// SPDX-License-Identifier: Apache-2.0
// What an instruction costs, in cycles: the one place that says so, for the compiler's estimates
// and the functional model's timeline. The formulas and constants are those that the testbenches
// measure without refused requests (docs/rtl.md):
//
//   matmul    occupancy passes * max(n, columns, min_pass), latency P + tensor_fill
//   VectorE   occupancy 1 + groups * (n + 12); windows of w: groups * (n * w + 11), sums
//             groups * (n * w + 7 * (n - 1) + 19); 2 for each scalar operand in SBUF
//   ScalarE   occupancy 1 + groups * (n + 15), table functions groups * (n + 31), sums 7 more for
//             each group; 2 for each scalar operand in SBUF; load_table entries + 3
//   DMA       occupancy pieces + 4, latency 7 and for each DRAM side memory_latency + burst; a
//             piece is axi_bytes where dimension 0 is contiguous, else one element; reads of DRAM
//             at most 16 bursts in memory_latency + 2
//
// with n elements per partition and groups = lane groups that the partition window touches.
// An engine takes its next instruction after the occupancy, but not sooner than the queue has
// fetched and checked one (issue); the instruction is finished after the latency. Pure functions.
#ifndef NEURON_ISA_COST_COST_MODEL_H_
#define NEURON_ISA_COST_COST_MODEL_H_

#include <cstdint>
#include <span>

#include "neuron/isa.h"

namespace neuron::isa {

struct CostParameters {
  uint32_t min_pass = 5;         // shortest matmul pass
  uint32_t tensor_fill = 13;     // aligner, array exit, PSUM; and P rows
  uint32_t memory_latency = 60;  // from a request to its first data
  uint32_t bytes_per_cycle = 0;  // of the memory, reads and writes together; 0: as fast as the port
  uint32_t burst = 16;           // beats of the last burst, not hidden, of so many or more
  uint32_t semaphore_delay = 3;  // from the end of an instruction to the start of one that waits
};

// Bytes that the memory passes in a cycle, no more than its port. Pure function.
uint32_t BytesPerCycle(const Config& config, const CostParameters& parameters);

// Cycles in which DMA gets so many read bursts, however short: only some are on their way at once.
uint64_t ReadBurstCycles(const CostParameters& parameters, uint64_t bursts);

struct InstructionCost {
  uint64_t occupancy = 1;   // cycles until the engine takes its next instruction
  uint64_t latency = 0;     // further cycles until all writes are done
  uint64_t issue = 0;       // cycles in which the queue fetches and checks it
  uint64_t bytes_read = 0;  // from DRAM
  uint64_t bytes_written = 0;
  uint64_t read_beats = 0;  // of the memory port
  uint64_t write_beats = 0;
  uint64_t sbuf_reads = 0;  // rows of SBUF that DMA reads, spread over the occupancy (sbuf_reads.h)
};

// The cost of a legal instruction (kInstructionWords words).
InstructionCost EstimateCost(const Config& config, const CostParameters& parameters,
                             std::span<const uint32_t> words);

}  // namespace neuron::isa

#endif  // NEURON_ISA_COST_COST_MODEL_H_
