// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/strict_checker.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "sim/functional/simd.h"

namespace neuron::sim {
namespace {

bool IsDmaQueue(uint32_t queue) { return queue >= static_cast<uint32_t>(isa::Queue::kDma0); }

NEURON_SIMD uint32_t Largest(const uint32_t* values, int64_t count) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, values[i]);
  return largest;
}

bool IsScalarOperand(const isa::Access& access) {
  return std::strncmp(access.role, "scal", 4) == 0 || std::strcmp(access.role, "bias") == 0;
}

// The same elements in the same order.
bool InPlace(const isa::Access& a, const isa::Access& b) {
  const auto same_dim = [](const isa::AccessDim& x, const isa::AccessDim& y) {
    return x.count == y.count && (x.count <= 1 || x.stride == y.stride);
  };
  return a.base == b.base && a.element_bytes == b.element_bytes && a.dim_count == b.dim_count &&
         a.segment == b.segment &&
         std::equal(a.dims.begin(), a.dims.begin() + a.dim_count, b.dims.begin(), same_dim);
}

}  // namespace

const char* Name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kUninitialisedRead:
      return "uninitialised read";
    case FindingKind::kRace:
      return "race";
    case FindingKind::kOverlappingOperands:
      return "overlapping operands";
  }
  return "unknown";
}

std::string Finding::ToString() const {
  char place[64];
  if (space == isa::Space::kDram) {
    std::snprintf(place, sizeof place, "dram 0x%llx", static_cast<unsigned long long>(address));
  } else {
    std::snprintf(place, sizeof place, "%s partition %u, byte 0x%llx", isa::Name(space), partition,
                  static_cast<unsigned long long>(address));
  }
  std::string text = std::string(Name(kind)) + ": " + isa::Name(instruction.queue) +
                     " instruction " + std::to_string(instruction.index) + " (" + operand +
                     ") at " + place;
  if (kind == FindingKind::kRace) {
    text += std::string(" with ") + isa::Name(other.queue) + " instruction " +
            std::to_string(other.index) + ", which no semaphore orders before it";
  }
  return text;
}

StrictChecker::StrictChecker(const isa::Config& config) {
  sbuf_.partition_bytes = config.sbuf_bytes;
  sbuf_.initialised.resize(size_t{config.p} * config.sbuf_bytes);
  psum_.partition_bytes = config.psum_bytes;
  psum_.initialised.resize(size_t{config.p} * config.psum_bytes);
}

void StrictChecker::BeginLaunch(const Launch& launch, size_t max_findings, LaunchResult* result) {
  segments_ = launch.segments;
  max_findings_ = max_findings;
  result_ = result;
  dram_.clear();
  for (size_t q = 0; q < latest_.size(); ++q) {
    // What an empty queue does is ordered after everything.
    latest_[q] = start_;
    if (launch.queue_count[q] == 0) latest_[q].fill(~0u);
  }
}

void StrictChecker::EndLaunch(const std::array<uint32_t, isa::kNumQueues>& issued) {
  for (size_t q = 0; q < start_.size(); ++q) start_[q] += issued[q];
  if (*std::max_element(start_.begin(), start_.end()) < 1u << 31) return;
  // Long before clock values wrap, forget who touched what.
  start_ = {};
  for (Shadow* shadow : {&sbuf_, &psum_}) {
    shadow->last_read = {};
    shadow->last_write = {};
  }
}

void StrictChecker::MarkInitialised(isa::Space space) {
  std::vector<uint8_t>& bytes = ShadowOf(space).initialised;
  std::fill(bytes.begin(), bytes.end(), uint8_t{1});
}

void StrictChecker::OnInstruction(InstructionId instruction, std::span<const uint32_t> words,
                                  const Clock& clock) {
  const auto queue = static_cast<uint32_t>(instruction.queue);
  latest_[queue] = clock;
  std::vector<Use> uses;
  for (const isa::Access& access : isa::AccessesOf(words)) {
    uses.push_back({access, Footprint(access, ShadowOf(access.space).partition_bytes)});
  }
  const bool accumulates = instruction.queue == isa::Queue::kTensor &&
                           isa::TensorInstruction::Decode(words).accumulate != 0;
  for (Use& use : uses) {
    if (use.access.space == isa::Space::kDram) {
      const auto base = static_cast<int64_t>(segments_[use.access.segment].base);
      for (ByteRun& run : use.runs) run = {run.begin + base, run.end + base};
      CheckDramRace(instruction, use, clock);
      continue;
    }
    if (!use.access.write || accumulates) CheckInitialised(instruction, use);
    CheckOnChipRace(instruction, use, clock);
  }
  CheckOverlap(instruction, uses);
  const uint32_t id = start_[queue] + instruction.index + 1;
  for (const Use& use : uses) {
    if (use.access.space == isa::Space::kDram) {
      dram_.push_back({instruction, id, use.access.write, use.runs});
    } else {
      Record(queue, id, use);
    }
  }
}

void StrictChecker::CheckInitialised(InstructionId instruction, const Use& use) {
  const std::vector<uint8_t>& bytes = ShadowOf(use.access.space).initialised;
  for (const ByteRun& run : use.runs) {
    const void* found =
        std::memchr(bytes.data() + run.begin, 0, static_cast<size_t>(run.end - run.begin));
    if (found == nullptr) continue;
    Report(FindingKind::kUninitialisedRead, instruction, {}, use,
           static_cast<const uint8_t*>(found) - bytes.data());
    return;
  }
}

bool StrictChecker::FindUnordered(const std::vector<uint32_t>& last, uint32_t ordered,
                                  InstructionId instruction, uint32_t other, const Use& use) {
  if (last.empty()) return false;
  for (const ByteRun& run : use.runs) {
    if (Largest(last.data() + run.begin, run.end - run.begin) <= ordered) continue;
    const auto found = std::find_if(last.begin() + run.begin, last.begin() + run.end,
                                    [ordered](uint32_t id) { return id > ordered; });
    Report(FindingKind::kRace, instruction,
           {static_cast<isa::Queue>(other), *found - start_[other] - 1}, use, found - last.begin());
    return true;
  }
  return false;
}

void StrictChecker::CheckOnChipRace(InstructionId instruction, const Use& use, const Clock& clock) {
  const Shadow& shadow = ShadowOf(use.access.space);
  const auto queue = static_cast<uint32_t>(instruction.queue);
  for (uint32_t other = 0; other < isa::kNumQueues; ++other) {
    // Within a queue only a DMA read can overtake a write.
    if (other == queue && (use.access.write || !IsDmaQueue(queue))) continue;
    if (FindUnordered(shadow.last_write[other], clock[other], instruction, other, use)) return;
    if (use.access.write &&
        FindUnordered(shadow.last_read[other], clock[other], instruction, other, use)) {
      return;
    }
  }
}

void StrictChecker::CheckDramRace(InstructionId instruction, const Use& use, const Clock& clock) {
  const auto dma0 = static_cast<uint32_t>(isa::Queue::kDma0);
  std::erase_if(dram_, [&](const DramAccess& access) {
    const auto q = static_cast<uint32_t>(access.instruction.queue);
    return latest_[dma0][q] >= access.id && latest_[dma0 + 1][q] >= access.id;
  });
  for (const DramAccess& earlier : dram_) {
    if (!earlier.write && !use.access.write) continue;
    const auto other = static_cast<uint32_t>(earlier.instruction.queue);
    if (clock[other] >= earlier.id) continue;
    const bool same_queue = earlier.instruction.queue == instruction.queue;
    if (same_queue && (use.access.write || !earlier.write)) continue;
    if (use.runs.front().begin >= earlier.runs.back().end ||
        earlier.runs.front().begin >= use.runs.back().end) {
      continue;
    }
    const int64_t common = FirstCommonByte(use.runs, earlier.runs);
    if (common < 0) continue;
    Report(FindingKind::kRace, instruction, earlier.instruction, use, common);
    return;
  }
}

void StrictChecker::CheckOverlap(InstructionId instruction, const std::vector<Use>& uses) {
  if (instruction.queue == isa::Queue::kTensor) return;
  for (const Use& out : uses) {
    if (!out.access.write) continue;
    for (const Use& in : uses) {
      if (in.access.write || in.access.space != out.access.space || IsScalarOperand(in.access) ||
          InPlace(in.access, out.access)) {
        continue;
      }
      const int64_t common = FirstCommonByte(in.runs, out.runs);
      if (common < 0) continue;
      Report(FindingKind::kOverlappingOperands, instruction, {}, out, common);
      return;
    }
  }
}

void StrictChecker::Record(uint32_t queue, uint32_t id, const Use& use) {
  Shadow& shadow = ShadowOf(use.access.space);
  std::vector<uint32_t>& last =
      use.access.write ? shadow.last_write[queue] : shadow.last_read[queue];
  if (last.empty()) last.resize(shadow.initialised.size());
  for (const ByteRun& run : use.runs) {
    std::fill(last.begin() + run.begin, last.begin() + run.end, id);
    if (use.access.write) {
      std::fill(shadow.initialised.begin() + run.begin, shadow.initialised.begin() + run.end,
                uint8_t{1});
    }
  }
}

void StrictChecker::Report(FindingKind kind, InstructionId instruction, InstructionId other,
                           const Use& use, int64_t byte) {
  ++result_->finding_count;
  if (result_->findings.size() >= max_findings_) return;
  Finding finding = {
      kind, instruction, other, use.access.space, 0, static_cast<uint64_t>(byte), use.access.role};
  if (use.access.space != isa::Space::kDram) {
    const uint32_t partition_bytes = ShadowOf(use.access.space).partition_bytes;
    finding.partition = static_cast<uint32_t>(byte / partition_bytes);
    finding.address = static_cast<uint64_t>(byte % partition_bytes);
  }
  result_->findings.push_back(std::move(finding));
}

}  // namespace neuron::sim
