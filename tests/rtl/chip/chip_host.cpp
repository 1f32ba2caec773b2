// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/chip/chip_host.h"

#include <cstdio>
#include <cstring>
#include <random>

namespace neuron::test {
namespace {

constexpr uint64_t kAnswerCycles = 2000000;
constexpr uint64_t kPollCycles = 4;

}  // namespace

std::vector<std::byte> Program::Place(sim::Launch& launch) const {
  std::vector<std::byte> image;
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    launch.queue_offset[q] = static_cast<uint32_t>(image.size());
    launch.queue_count[q] = count(static_cast<isa::Queue>(q));
    const std::span<const std::byte> bytes = std::as_bytes(std::span(words_[q]));
    image.insert(image.end(), bytes.begin(), bytes.end());
  }
  return image;
}

Result<ChipHost::Frame> ChipHost::NextFrame(uint64_t max_cycles) {
  const uint64_t end = chip_.cycles() + max_cycles;
  while (true) {
    const std::vector<std::byte> more = chip_.Receive();
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    if (bytes_.size() >= driver::kResponseHeaderBytes) {
      const auto header = driver::DecodeResponseHeader(bytes_);
      if (!header) return Status(StatusCode::kDataCorrupt, "the chip sent a bad response header");
      const size_t payload = header->length ? header->length + driver::kLinkCrcBytes : 0;
      const size_t total = driver::kResponseHeaderBytes + payload;
      if (bytes_.size() >= total) {
        Frame frame{*header, {}};
        const auto begin = bytes_.begin() + driver::kResponseHeaderBytes;
        frame.payload.assign(begin, begin + header->length);
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(total));
        return frame;
      }
    }
    if (chip_.cycles() >= end) return Status(StatusCode::kTimeout, "no frame from the chip");
    NEURON_RETURN_IF_ERROR(chip_.Step(kPollCycles));
  }
}

Result<std::vector<std::byte>> ChipHost::Ask(isa::LinkOp op, uint64_t address, uint32_t length,
                                             std::span<const std::byte> payload,
                                             isa::LinkStatus accepted) {
  driver::RequestHeader request;
  request.op = op;
  request.tag = ++tag_;
  request.length = length;
  request.address = address;
  chip_.Send(driver::EncodeRequest(request, payload));
  while (true) {
    NEURON_ASSIGN_OR_RETURN(Frame frame, NextFrame(kAnswerCycles));
    if (frame.header.op == isa::LinkOp::kEvent) {
      events_.push_back(std::move(frame));
      continue;
    }
    if (frame.header.tag != tag_) return Status(StatusCode::kDataCorrupt, "wrong tag");
    if (frame.header.status != isa::LinkStatus::kOk && frame.header.status != accepted) {
      return Status(StatusCode::kFailedPrecondition,
                    std::string("the chip answers ") + isa::Name(frame.header.status));
    }
    return std::move(frame.payload);
  }
}

Status ChipHost::WriteRegisters(uint32_t address, std::span<const uint32_t> values) {
  return Ask(isa::LinkOp::kWriteRegister, address, static_cast<uint32_t>(values.size_bytes()),
             std::as_bytes(values))
      .status();
}

Result<std::vector<uint32_t>> ChipHost::ReadRegisters(uint32_t address, uint32_t count) {
  NEURON_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                          Ask(isa::LinkOp::kReadRegister, address, 4 * count));
  std::vector<uint32_t> values(count);
  if (bytes.size() != 4 * size_t{count}) return Status(StatusCode::kDataCorrupt, "short response");
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Status ChipHost::SetTrace(uint64_t base, uint32_t records) {
  const uint32_t values[] = {static_cast<uint32_t>(base), records};
  return WriteRegisters(isa::kRegTraceBase, values);
}

Result<ChipHost::TraceCount> ChipHost::ReadTraceCount() {
  NEURON_ASSIGN_OR_RETURN(const std::vector<uint32_t> values,
                          ReadRegisters(isa::kRegTraceCount, 2));
  return TraceCount{values[0], values[1]};
}

Status ChipHost::SetSegments(std::span<const isa::Segment> segments) {
  // All permissions: an entry keeps what was there before. Without one, the rest does not matter.
  std::vector<uint32_t> base, limit, permission;
  size_t used = 0;
  for (const isa::Segment& segment : segments) {
    base.push_back(static_cast<uint32_t>(segment.base));
    limit.push_back(static_cast<uint32_t>(segment.limit));
    permission.push_back((segment.readable ? 1 : 0) | (segment.writable ? 2 : 0));
    if (permission.back() != 0) used = permission.size();
  }
  NEURON_RETURN_IF_ERROR(WriteRegisters(isa::kRegSegmentPermission, permission));
  if (used == 0) return OkStatus();
  NEURON_RETURN_IF_ERROR(WriteRegisters(isa::kRegSegmentBase, std::span(base).first(used)));
  return WriteRegisters(isa::kRegSegmentLimit, std::span(limit).first(used));
}

Status ChipHost::Start(const sim::Launch& launch, uint32_t launch_id) {
  NEURON_RETURN_IF_ERROR(SetSegments(launch.segments));
  NEURON_RETURN_IF_ERROR(WriteRegisters(isa::kRegQueueOffset, launch.queue_offset));
  NEURON_RETURN_IF_ERROR(WriteRegisters(isa::kRegQueueCount, launch.queue_count));
  const uint32_t watchdog_and_id[] = {static_cast<uint32_t>(launch.watchdog), launch_id};
  NEURON_RETURN_IF_ERROR(WriteRegisters(isa::kRegWatchdog, watchdog_and_id));
  return Restart();
}

Status ChipHost::Restart() {
  events_.clear();
  return Ask(isa::LinkOp::kDoorbell, 0, 0).status();
}

Result<uint32_t> ChipHost::WaitEnd(uint64_t max_cycles) {
  if (events_.empty()) {
    NEURON_ASSIGN_OR_RETURN(Frame frame, NextFrame(max_cycles));
    if (frame.header.op != isa::LinkOp::kEvent) {
      return Status(StatusCode::kDataCorrupt, "a response without a request");
    }
    events_.push_back(std::move(frame));
  }
  const Frame frame = std::move(events_.front());
  events_.erase(events_.begin());
  if (frame.payload.size() != 8) return Status(StatusCode::kDataCorrupt, "event of another size");
  return static_cast<uint32_t>(driver::LoadLittleEndian(std::span(frame.payload).subspan(4, 4)));
}

Result<sim::LaunchResult> ChipHost::ReadResult(bool with_counters) {
  constexpr uint32_t kWords = (isa::kRegCycles - isa::kRegStatus) / 4 + 2;
  NEURON_ASSIGN_OR_RETURN(const std::vector<uint32_t> words,
                          ReadRegisters(isa::kRegStatus, kWords));
  const auto word = [&](uint32_t address) { return words[(address - isa::kRegStatus) / 4]; };
  sim::LaunchResult result;
  result.status = static_cast<isa::Status>(word(isa::kRegStatus));
  result.sticky = word(isa::kRegSticky);
  result.error.code = static_cast<isa::Error>(word(isa::kRegErrorCode));
  result.error.queue = static_cast<isa::Queue>(word(isa::kRegErrorQueue));
  result.error.index = word(isa::kRegErrorIndex);
  result.error.address = word(isa::kRegErrorAddress) | uint64_t{word(isa::kRegErrorAddress + 4)}
                                                           << 32;
  result.cycles = word(isa::kRegCycles) | uint64_t{word(isa::kRegCycles + 4)} << 32;
  NEURON_ASSIGN_OR_RETURN(const std::vector<uint32_t> semaphores,
                          ReadRegisters(isa::kRegSemaphore, isa::kNumSemaphores));
  std::copy(semaphores.begin(), semaphores.end(), result.semaphores.begin());
  if (!with_counters) return result;
  NEURON_ASSIGN_OR_RETURN(const std::vector<uint32_t> counters,
                          ReadRegisters(isa::kRegCounter, isa::kNumQueues * isa::kNumCounters * 2));
  for (uint32_t q = 0; q < isa::kNumQueues; ++q) {
    for (uint32_t c = 0; c < isa::kNumCounters; ++c) {
      const size_t at = (q * isa::kNumCounters + c) * 2;
      result.counters[q][c] = counters[at] | uint64_t{counters[at + 1]} << 32;
    }
  }
  return result;
}

Result<sim::LaunchResult> ChipHost::Run(const sim::Launch& launch, uint64_t max_cycles) {
  NEURON_RETURN_IF_ERROR(Start(launch));
  NEURON_RETURN_IF_ERROR(WaitEnd(max_cycles).status());
  return ReadResult();
}

namespace {

std::string Difference(const char* where, uint32_t partition, uint64_t address, uint32_t expected,
                       uint32_t got) {
  char text[160];
  std::snprintf(text, sizeof text, "%s partition %u address 0x%llx: expected 0x%02x, got 0x%02x",
                where, partition, static_cast<unsigned long long>(address), expected, got);
  return text;
}

std::string CompareOnChip(sim::RtlChip& chip, isa::Space space, sim::PartitionedMemory& memory) {
  std::vector<std::byte> row(memory.bytes());
  for (uint32_t p = 0; p < chip.config().p; ++p) {
    if (const Status status = chip.Peek(0, space, p, 0, row); !status.ok())
      return status.ToString();
    const std::byte* expected = memory.Row(p);
    if (std::memcmp(row.data(), expected, row.size()) == 0) continue;
    for (uint32_t i = 0; i < row.size(); ++i) {
      if (row[i] != expected[i]) {
        return Difference(isa::Name(space), p, i, static_cast<uint32_t>(expected[i]),
                          static_cast<uint32_t>(row[i]));
      }
    }
  }
  return "";
}

}  // namespace

std::string CompareMemories(sim::RtlChip& chip, sim::FunctionalCore& model,
                            std::span<const std::byte> dram) {
  std::string text = CompareOnChip(chip, isa::Space::kSbuf, model.state().sbuf);
  if (text.empty()) text = CompareOnChip(chip, isa::Space::kPsum, model.state().psum);
  if (!text.empty()) return text;
  const std::byte* got = chip.dram().data();
  for (size_t i = 0; i < dram.size(); ++i) {
    if (dram[i] != got[i]) {
      return Difference("dram", 0, i, static_cast<uint32_t>(dram[i]),
                        static_cast<uint32_t>(got[i]));
    }
  }
  return "";
}

void RandomiseMemories(sim::RtlChip& chip, sim::FunctionalCore& model, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (const isa::Space space : {isa::Space::kSbuf, isa::Space::kPsum}) {
    sim::PartitionedMemory& memory =
        space == isa::Space::kSbuf ? model.state().sbuf : model.state().psum;
    for (uint32_t p = 0; p < chip.config().p; ++p) {
      std::byte* row = memory.Row(p);
      for (uint32_t i = 0; i + 8 <= memory.bytes(); i += 8) {
        const uint64_t value = random();
        std::memcpy(row + i, &value, sizeof value);
      }
      if (!chip.Poke(0, space, p, 0, {row, memory.bytes()}).ok()) return;
    }
  }
}

}  // namespace neuron::test
