// SPDX-License-Identifier: Apache-2.0
// The instruction streams of one launch under construction. Instructions are appended in one
// sequential order, as if they ran one after the other; the builder works out what each touches and
// puts in the semaphore waits and updates that make the queues' parallel execution give the same
// result.
#ifndef NEURON_HOST_COMPILER_CODEGEN_PROGRAM_H_
#define NEURON_HOST_COMPILER_CODEGEN_PROGRAM_H_

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/estimate.h"
#include "host/compiler/codegen/hazard.h"
#include "host/ncx/package.h"
#include "neuron/isa.h"

namespace neuron::compiler {

class ProgramBuilder {
 public:
  // `serial`: every instruction waits until the one before it has finished.
  ProgramBuilder(const isa::Config& config, const isa::CostParameters& cost, bool serial = false)
      : serial_(serial), estimate_(config, cost) {}

  // The instructions appended from now on come from node `node` of the package.
  void SetNode(uint32_t node) { node_ = node; }

  // Append one instruction. Wait and update fields are overwritten. Fails only when an instruction
  // would need more waits than it has fields for.
  Status Append(isa::TensorInstruction instruction);
  Status Append(isa::VectorInstruction instruction);
  Status Append(isa::ScalarInstruction instruction);
  Status Append(isa::Queue queue, isa::DmaInstruction instruction);

  uint32_t count(isa::Queue queue) const { return hazards_.count(queue); }
  bool empty() const;
  // Bytes that DMA instructions move to or from DRAM.
  uint64_t dram_bytes() const { return dram_bytes_; }
  // The DMA queue that is estimated to be free first.
  isa::Queue FreeDma() const;

  // Appends the streams to `image` (128-byte aligned) and describes them. Returns the estimated
  // work of each node.
  std::map<uint32_t, ScheduleWork> Finish(std::vector<std::byte>& image, ncx::Launch& launch) const;

 private:
  template <typename Instruction>
  Status AppendSynchronised(isa::Queue queue, Instruction& instruction,
                            const std::vector<Access>& accesses);

  bool serial_;
  uint32_t last_queue_ = 0;  // of the instruction appended last
  uint32_t last_count_ = 0;  // its number in that queue, from 1; 0: none yet
  HazardTracker hazards_;
  ScheduleEstimate estimate_;
  uint32_t node_ = 0;
  uint64_t dram_bytes_ = 0;
  std::array<std::vector<uint32_t>, isa::kNumQueues> words_;
  std::vector<ncx::SourceRange> source_;
};

// What an instruction reads and writes, from its fields (docs/isa.md).
std::vector<Access> AccessesOf(const isa::TensorInstruction& instruction);
std::vector<Access> AccessesOf(const isa::VectorInstruction& instruction);
std::vector<Access> AccessesOf(const isa::ScalarInstruction& instruction);
std::vector<Access> AccessesOf(const isa::DmaInstruction& instruction);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_PROGRAM_H_
