// SPDX-License-Identifier: Apache-2.0
// Strict mode: what a correct program never does although the hardware would go on. Reports reads
// of SBUF and PSUM bytes that nothing has written, races between queues, and outputs that overlap
// inputs of their own instruction.
#ifndef NEURON_SIM_FUNCTIONAL_STRICT_CHECKER_H_
#define NEURON_SIM_FUNCTIONAL_STRICT_CHECKER_H_

#include <array>
#include <deque>
#include <span>
#include <vector>

#include "isa/check/access.h"
#include "sim/functional/footprint.h"
#include "sim/functional/launch.h"
#include "sim/functional/semaphore_order.h"

namespace neuron::sim {

// Knows which bytes are initialised for the life of a core, and who touched what last for the
// launch at hand. Not thread-safe.
class StrictChecker {
 public:
  explicit StrictChecker(const isa::Config& config);

  // Starts a launch; findings go to `result` (at most `max_findings`, all are counted). Both
  // arguments must outlive the launch.
  void BeginLaunch(const Launch& launch, size_t max_findings, LaunchResult* result);
  // Instruction ids of the coming launch start after this clock.
  const Clock& start_clock() const { return start_; }

  // Checks and records an instruction that starts with `clock` (without itself).
  void OnInstruction(InstructionId instruction, std::span<const uint32_t> words,
                     const Clock& clock);
  // Ends the launch; `issued` instructions of each queue have been seen.
  void EndLaunch(const std::array<uint32_t, isa::kNumQueues>& issued);

  // Marks on-chip bytes as written from outside (tests, debuggers).
  void MarkInitialised(isa::Space space);

 private:
  // Last access of each queue to each byte of an on-chip memory, as clock values; allocated when
  // a queue first touches the memory.
  struct Shadow {
    uint32_t partition_bytes = 0;
    std::vector<uint8_t> initialised;
    std::array<std::vector<uint32_t>, isa::kNumQueues> last_read;
    std::array<std::vector<uint32_t>, isa::kNumQueues> last_write;
  };
  // An access to DRAM that is not yet ordered before both DMA queues.
  struct DramAccess {
    InstructionId instruction;
    uint32_t id;  // clock value
    bool write;
    std::vector<ByteRun> runs;
  };
  struct Use {
    isa::Access access;
    std::vector<ByteRun> runs;
  };

  Shadow& ShadowOf(isa::Space space) { return space == isa::Space::kPsum ? psum_ : sbuf_; }
  void CheckInitialised(InstructionId instruction, const Use& use);
  void CheckOnChipRace(InstructionId instruction, const Use& use, const Clock& clock);
  void CheckDramRace(InstructionId instruction, const Use& use, const Clock& clock);
  void CheckOverlap(InstructionId instruction, const std::vector<Use>& uses);
  void Record(uint32_t queue, uint32_t id, const Use& use);
  // Reports the first byte of `runs` whose last access by `other` is not before `ordered`.
  bool FindUnordered(const std::vector<uint32_t>& last, uint32_t ordered, InstructionId instruction,
                     uint32_t other, const Use& use);
  void Report(FindingKind kind, InstructionId instruction, InstructionId other, const Use& use,
              int64_t byte);

  Shadow sbuf_;
  Shadow psum_;
  std::deque<DramAccess> dram_;
  std::array<Clock, isa::kNumQueues> latest_ = {};  // last clock of each queue
  Clock start_ = {};
  std::span<const isa::Segment> segments_;
  size_t max_findings_ = 0;
  LaunchResult* result_ = nullptr;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_STRICT_CHECKER_H_
