// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/fuzz/trace_check.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace neuron::test {
namespace {

constexpr size_t kRecordBytes = 16;

std::string Describe(const sim::InstructionTiming& timing) {
  return std::string(isa::Name(timing.instruction.queue)) + " " +
         std::to_string(timing.instruction.index) + " (cycles " + std::to_string(timing.start) +
         " to " + std::to_string(timing.end) + ")";
}

// The `index`-th instruction of `queue`; nullptr when there is none.
const FuzzItem* ItemOf(const FuzzProgram& program, const sim::InstructionId& id) {
  uint32_t left = id.index;
  for (const FuzzItem& item : program.items) {
    if (item.queue == id.queue && left-- == 0) return &item;
  }
  return nullptr;
}

// Those that ended before, by queue and index.
using Ended = std::array<std::vector<std::optional<uint64_t>>, isa::kNumQueues>;

std::string CheckWaits(const sim::InstructionTiming& timing, const Clock& after,
                       const Ended& ended) {
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    if (after[q] == 0 || ended[q].size() < after[q] || !ended[q][after[q] - 1]) continue;
    const uint64_t end = *ended[q][after[q] - 1];
    if (end <= timing.start) continue;
    return "trace: " + Describe(timing) + " starts before " +
           isa::Name(static_cast<isa::Queue>(q)) + " " + std::to_string(after[q] - 1) +
           " ends in cycle " + std::to_string(end) + ", for which it waits";
  }
  return "";
}

sim::InstructionTiming Decode(const std::byte* record, uint32_t& reserved) {
  std::array<uint32_t, 4> words;
  std::memcpy(words.data(), record, kRecordBytes);
  reserved = words[3];
  const auto queue = static_cast<isa::Queue>(words[2] >> 24);
  return {{queue, words[2] & 0xFFFFFF}, words[0], words[1]};
}

}  // namespace

std::string CheckTimeline(const FuzzProgram& program,
                          std::span<const sim::InstructionTiming> timeline) {
  Ended ended;
  uint64_t last_end = 0;
  for (const sim::InstructionTiming& timing : timeline) {
    const FuzzItem* item = ItemOf(program, timing.instruction);
    if (item == nullptr) return "trace: no instruction " + Describe(timing) + " in the program";
    std::vector<std::optional<uint64_t>>& queue = ended[static_cast<size_t>(item->queue)];
    if (timing.instruction.index < queue.size()) {
      return "trace: " + Describe(timing) + " is recorded after a later one of its queue";
    }
    if (timing.end < timing.start || timing.end < last_end) {
      return "trace: " + Describe(timing) + " ends before it starts or before cycle " +
             std::to_string(last_end) + ", when the one recorded before it ends";
    }
    std::string text = CheckWaits(timing, item->after, ended);
    if (!text.empty()) return text;
    queue.resize(timing.instruction.index + 1);
    queue.back() = last_end = timing.end;
  }
  return "";
}

std::string CheckTrace(const FuzzProgram& program, const Clock& finished, uint64_t cycles,
                       const ChipHost::TraceCount& count, std::span<const std::byte> chip_dram,
                       std::span<std::byte> dram) {
  uint64_t total = 0;
  for (uint32_t number : finished) total += number;
  if (uint64_t{count.written} + count.dropped != total) {
    return "trace: " + std::to_string(count.written) + " records written and " +
           std::to_string(count.dropped) + " dropped, but " + std::to_string(total) +
           " instructions ended";
  }
  const uint32_t present = std::min(count.written, program.trace_records);
  std::vector<sim::InstructionTiming> timeline;
  for (uint32_t i = 0; i < present; ++i) {
    const uint32_t slot = (count.written - present + i) % program.trace_records;
    const size_t at = program.trace_base + slot * kRecordBytes;
    uint32_t reserved = 0;
    const sim::InstructionTiming timing = Decode(chip_dram.data() + at, reserved);
    timeline.push_back(timing);
    const auto q = static_cast<uint32_t>(timing.instruction.queue);
    if (reserved != 0 || q >= isa::kNumQueues || timing.instruction.index >= finished[q] ||
        timing.end > cycles) {
      return "trace: record " + std::to_string(slot) +
             " is not one of an instruction that ended: " + "queue " + std::to_string(q) +
             ", index " + std::to_string(timing.instruction.index) + ", cycles " +
             std::to_string(timing.start) + " to " + std::to_string(timing.end) + " of " +
             std::to_string(cycles) + ", reserved word " + std::to_string(reserved);
    }
    std::memcpy(dram.data() + at, chip_dram.data() + at, kRecordBytes);
  }
  return CheckTimeline(program, timeline);
}

}  // namespace neuron::test
