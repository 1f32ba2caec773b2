// SPDX-License-Identifier: Apache-2.0
// The host of the RTL tests: drives a simulated chip through its link, cycle by cycle, and runs the
// launches that the functional model runs too.
#ifndef NEURON_TESTS_RTL_CHIP_CHIP_HOST_H_
#define NEURON_TESTS_RTL_CHIP_CHIP_HOST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "driver/link_frame.h"
#include "sim/functional/functional_core.h"
#include "sim/rtl/rtl_chip.h"

namespace neuron::test {

// The streams of a launch, to be placed in segment 0 one after the other.
class Program {
 public:
  template <typename Instruction>
  void Add(isa::Queue queue, const Instruction& instruction) {
    std::vector<uint32_t>& words = words_[static_cast<size_t>(queue)];
    words.resize(words.size() + isa::kInstructionWords);
    instruction.Encode(std::span(words).last(isa::kInstructionWords));
  }
  void AddWords(isa::Queue queue, std::span<const uint32_t> instruction) {
    std::vector<uint32_t>& words = words_[static_cast<size_t>(queue)];
    words.insert(words.end(), instruction.begin(), instruction.end());
  }
  uint32_t count(isa::Queue queue) const {
    return static_cast<uint32_t>(words_[static_cast<size_t>(queue)].size() /
                                 isa::kInstructionWords);
  }
  std::span<const uint32_t> instruction(isa::Queue queue, uint32_t index) const {
    return std::span(words_[static_cast<size_t>(queue)])
        .subspan(size_t{index} * isa::kInstructionWords, isa::kInstructionWords);
  }
  // Bytes of segment 0, and the launch's queue offsets and counts.
  std::vector<std::byte> Place(sim::Launch& launch) const;

 private:
  std::vector<uint32_t> words_[isa::kNumQueues];
};

// Not thread-safe. Every wait ends: kTimeout after the cycles given.
class ChipHost {
 public:
  explicit ChipHost(sim::RtlChip& chip) : chip_(chip) {}

  // One request and its response. The status of the response must be ok, or `accepted`.
  Result<std::vector<std::byte>> Ask(isa::LinkOp op, uint64_t address, uint32_t length,
                                     std::span<const std::byte> payload = {},
                                     isa::LinkStatus accepted = isa::LinkStatus::kOk);
  Status WriteRegisters(uint32_t address, std::span<const uint32_t> values);
  Result<std::vector<uint32_t>> ReadRegisters(uint32_t address, uint32_t count);

  // Where core 0's next launches leave their trace: a ring of `records`, 0 for none.
  Status SetTrace(uint64_t base, uint32_t records);
  struct TraceCount {
    uint32_t written = 0;
    uint32_t dropped = 0;
  };
  Result<TraceCount> ReadTraceCount();

  // Sets up the registers of core 0 and rings the doorbell.
  Status Start(const sim::Launch& launch, uint32_t launch_id = 1);
  // Rings it again: the launch before once more, its registers being as they were.
  Status Restart();
  // Runs until the event of core 0's launch, at most `max_cycles`; its launch id.
  Result<uint32_t> WaitEnd(uint64_t max_cycles);
  // What the registers say about the last launch: status, error, sticky flags, cycles, semaphores
  // and, if asked for, counters.
  Result<sim::LaunchResult> ReadResult(bool with_counters = true);
  // Start, WaitEnd and ReadResult.
  Result<sim::LaunchResult> Run(const sim::Launch& launch, uint64_t max_cycles = 1000000);

 private:
  struct Frame {
    driver::ResponseHeader header;
    std::vector<std::byte> payload;
  };
  Result<Frame> NextFrame(uint64_t max_cycles);
  Status SetSegments(std::span<const isa::Segment> segments);

  sim::RtlChip& chip_;
  std::vector<std::byte> bytes_;  // received, not yet parsed
  std::vector<Frame> events_;
  uint16_t tag_ = 0;
};

// Compares the on-chip memories of both, and `dram` with the chip's. Empty when equal, else the
// first difference with its place and both values.
std::string CompareMemories(sim::RtlChip& chip, sim::FunctionalCore& model,
                            std::span<const std::byte> dram);

// Fills the on-chip memories of both with the same random bytes.
void RandomiseMemories(sim::RtlChip& chip, sim::FunctionalCore& model, uint64_t seed);

}  // namespace neuron::test

#endif  // NEURON_TESTS_RTL_CHIP_CHIP_HOST_H_
