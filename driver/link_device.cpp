// SPDX-License-Identifier: Apache-2.0
#include "driver/link_device.h"

#include <fmt/core.h>

#include <algorithm>

namespace neuron::driver {
namespace {

using std::chrono::milliseconds;

// Bits of registers, as isa/neuron.json describes them.
constexpr uint32_t kControlAbort = 1U << 1;
constexpr uint32_t kControlReset = 1U << 2;
constexpr uint32_t kPermissionRead = 1U << 0;
constexpr uint32_t kPermissionWrite = 1U << 1;

// How long Wait listens for the completion event before it looks at the status register and for
// a request to abort.
constexpr milliseconds kPollInterval{200};

uint64_t Join(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }

uint32_t RegisterOf(uint32_t core, uint32_t address) {
  return core * isa::kRegisterBlockBytes + address;
}

}  // namespace

LinkDevice::LinkDevice(std::unique_ptr<ByteStream> stream, LinkDeviceOptions options)
    : options_(std::move(options)), link_(std::move(stream), options_.request_timeout) {}

Result<std::unique_ptr<LinkDevice>> LinkDevice::Open(std::unique_ptr<ByteStream> stream,
                                                     LinkDeviceOptions options) {
  std::unique_ptr<LinkDevice> device(new LinkDevice(std::move(stream), std::move(options)));
  NEURON_RETURN_IF_ERROR(device->ReadCapability());
  return device;
}

Status LinkDevice::ReadCapability() {
  constexpr uint32_t kMagicWord = 0;
  constexpr uint32_t kVersionWord = 1;
  constexpr uint32_t kHashWord = 2;
  std::array<uint32_t, isa::kRegCapabilityCount> words{};
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(isa::kRegCapability, words));
  if (words[kMagicWord] != isa::kCapabilityMagic) {
    return Status(
        StatusCode::kUnsupported,
        fmt::format("the device is no NeuronCore: its capability ROM begins with {:#010x}",
                    words[kMagicWord]));
  }
  info_.config = isa::ConfigFromCapability(words);
  info_.configuration = info_.config.name;
  info_.isa_version = words[kVersionWord];
  info_.isa_hash = words[kHashWord];
  info_.cores = info_.config.num_cores;
  info_.dram_bytes = options_.dram_bytes;
  info_.description = options_.description;
  info_.measures_cycles = true;
  cores_.resize(info_.cores);
  return OkStatus();
}

Status LinkDevice::CheckCore(uint32_t core) const {
  if (core >= cores_.size()) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("core {} of {} does not exist", core, cores_.size()));
  }
  return OkStatus();
}

Status LinkDevice::CheckMemory(uint64_t address, size_t bytes) const {
  if (address > info_.dram_bytes || bytes > info_.dram_bytes - address) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} bytes at {:#x} are outside the device's memory of {} bytes",
                              bytes, address, info_.dram_bytes));
  }
  return OkStatus();
}

Status LinkDevice::WriteMemory(uint64_t address, std::span<const std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckMemory(address, data.size()));
  if (options_.backdoor != nullptr && data.size() >= options_.backdoor_bytes) {
    return options_.backdoor->Write(address, data);
  }
  return link_.WriteMemory(address, data);
}

Status LinkDevice::ReadMemory(uint64_t address, std::span<std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckMemory(address, data.size()));
  if (options_.backdoor != nullptr && data.size() >= options_.backdoor_bytes) {
    return options_.backdoor->Read(address, data);
  }
  return link_.ReadMemory(address, data);
}

Status LinkDevice::WriteSegments(uint32_t core, const std::vector<isa::Segment>& segments) {
  if (segments.size() > isa::kNumSegments) {
    return Status(StatusCode::kInvalidArgument, fmt::format("{} segments; a launch has at most {}",
                                                            segments.size(), isa::kNumSegments));
  }
  std::array<uint32_t, isa::kNumSegments> base{};
  std::array<uint32_t, isa::kNumSegments> limit{};
  std::array<uint32_t, isa::kNumSegments> permission{};  // none for segments that are not used
  for (size_t i = 0; i < segments.size(); ++i) {
    NEURON_RETURN_IF_ERROR(CheckMemory(segments[i].base, segments[i].limit));
    base[i] = static_cast<uint32_t>(segments[i].base);
    limit[i] = static_cast<uint32_t>(segments[i].limit);
    permission[i] = (segments[i].readable ? kPermissionRead : 0) |
                    (segments[i].writable ? kPermissionWrite : 0);
  }
  NEURON_RETURN_IF_ERROR(link_.WriteRegisters(RegisterOf(core, isa::kRegSegmentBase), base));
  NEURON_RETURN_IF_ERROR(link_.WriteRegisters(RegisterOf(core, isa::kRegSegmentLimit), limit));
  return link_.WriteRegisters(RegisterOf(core, isa::kRegSegmentPermission), permission);
}

Status LinkDevice::Launch(uint32_t core, const LaunchDescriptor& launch) {
  NEURON_RETURN_IF_ERROR(CheckCore(core));
  CoreState& state = cores_[core];
  if (state.running) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("core {} is running", core));
  }
  NEURON_RETURN_IF_ERROR(WriteSegments(core, launch.segments));
  const auto write = [&](uint32_t address, uint32_t value) {
    return link_.WriteRegisters(RegisterOf(core, address), {&value, 1});
  };
  state.launch_id = next_launch_id_++;
  NEURON_RETURN_IF_ERROR(write(isa::kRegWatchdog, launch.watchdog_cycles));
  NEURON_RETURN_IF_ERROR(write(isa::kRegLaunchId, state.launch_id));
  NEURON_RETURN_IF_ERROR(write(isa::kRegTraceBase, static_cast<uint32_t>(launch.trace_base)));
  NEURON_RETURN_IF_ERROR(write(isa::kRegTraceSize, launch.trace_records));
  NEURON_RETURN_IF_ERROR(
      link_.WriteRegisters(RegisterOf(core, isa::kRegQueueOffset), launch.queue_offset));
  NEURON_RETURN_IF_ERROR(
      link_.WriteRegisters(RegisterOf(core, isa::kRegQueueCount), launch.queue_count));
  state.launch = launch;
  abort_requested_ = false;
  state.started = std::chrono::steady_clock::now();
  NEURON_RETURN_IF_ERROR(link_.Doorbell(core));
  state.running = true;
  return OkStatus();
}

Result<bool> LinkDevice::IsRunning(uint32_t core) {
  uint32_t status = 0;
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegStatus), {&status, 1}));
  return isa::Status{status} == isa::Status::kRunning;
}

Result<LaunchResult> LinkDevice::Wait(uint32_t core, milliseconds timeout) {
  NEURON_RETURN_IF_ERROR(CheckCore(core));
  CoreState& state = cores_[core];
  if (!state.running) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("core {} has no launch", core));
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    NEURON_ASSIGN_OR_RETURN(const std::optional<LinkEvent> event,
                            link_.WaitEvent(std::clamp(left, milliseconds(0), kPollInterval)));
    const bool ours = event.has_value() && event->launch_id == state.launch_id;
    if (event.has_value() && !ours) {
      continue;  // of a launch that was given up
    }
    if (abort_requested_.exchange(false)) {
      const uint32_t abort = kControlAbort;
      NEURON_RETURN_IF_ERROR(link_.WriteRegisters(RegisterOf(core, isa::kRegControl), {&abort, 1}));
    }
    if (!ours) {
      NEURON_ASSIGN_OR_RETURN(const bool running, IsRunning(core));
      if (running && std::chrono::steady_clock::now() >= deadline) {
        return Status(
            StatusCode::kTimeout,
            fmt::format("the launch on core {} has not ended after {} ms", core, timeout.count()));
      }
      if (running) {
        continue;
      }
    }
    state.running = false;
    return ReadResult(core);
  }
}

Result<LaunchResult> LinkDevice::ReadResult(uint32_t core) {
  LaunchResult result;
  result.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - cores_[core].started)
          .count();
  // Status to cycles are neighbours.
  std::array<uint32_t, (isa::kRegCycles + 8 - isa::kRegStatus) / 4> words{};
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegStatus), words));
  const auto word = [&](uint32_t address) { return words[(address - isa::kRegStatus) / 4]; };
  if (isa::Status{word(isa::kRegStatus)} == isa::Status::kError) {
    result.error = {.code = isa::Error{word(isa::kRegErrorCode)},
                    .queue = word(isa::kRegErrorQueue),
                    .index = word(isa::kRegErrorIndex),
                    .address = Join(word(isa::kRegErrorAddress), word(isa::kRegErrorAddress + 4))};
  }
  result.sticky = word(isa::kRegSticky);
  result.cycles = Join(word(isa::kRegCycles), word(isa::kRegCycles + 4));
  result.cycles_measured = info_.measures_cycles;

  std::array<uint32_t, isa::kRegCounterCount> counters{};
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegCounter), counters));
  for (size_t queue = 0; queue < isa::kNumQueues; ++queue) {
    for (size_t counter = 0; counter < isa::kNumCounters; ++counter) {
      const size_t at = (queue * isa::kNumCounters + counter) * 2;
      result.counters[queue][counter] = Join(counters[at], counters[at + 1]);
    }
  }
  std::array<uint32_t, 2> trace{};
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegTraceCount), trace));
  result.trace_count = trace[0];
  result.trace_dropped = trace[1];
  return result;
}

Result<HangReport> LinkDevice::Inspect(uint32_t core) {
  NEURON_RETURN_IF_ERROR(CheckCore(core));
  const LaunchDescriptor& launch = cores_[core].launch;
  HangReport report;
  std::array<uint32_t, isa::kNumQueues> index{};
  std::array<uint32_t, isa::kNumQueues> state{};
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegQueueIndex), index));
  NEURON_RETURN_IF_ERROR(link_.ReadRegisters(RegisterOf(core, isa::kRegQueueState), state));
  NEURON_RETURN_IF_ERROR(
      link_.ReadRegisters(RegisterOf(core, isa::kRegSemaphore), report.semaphores));
  for (size_t q = 0; q < isa::kNumQueues; ++q) {
    QueueState& queue = report.queues[q];
    queue.index = index[q];
    queue.count = launch.queue_count[q];
    queue.state = isa::WaitState{state[q] & 0x7U};
    queue.semaphore = (state[q] >> 8) & 0x1FU;
    queue.outstanding = (state[q] >> 16) & 0xFU;
    if (queue.index < queue.count && !launch.segments.empty()) {
      queue.words.resize(isa::kInstructionWords);
      const uint64_t address = launch.segments[0].base + launch.queue_offset[q] +
                               uint64_t{queue.index} * isa::kInstructionBytes;
      NEURON_RETURN_IF_ERROR(ReadMemory(address, std::as_writable_bytes(std::span(queue.words))));
    }
  }
  return report;
}

Status LinkDevice::Abort(uint32_t core) {
  NEURON_RETURN_IF_ERROR(CheckCore(core));
  abort_requested_ = true;
  return OkStatus();
}

Status LinkDevice::Reset() {
  for (uint32_t core = 0; core < cores_.size(); ++core) {
    const uint32_t reset = kControlReset;
    NEURON_RETURN_IF_ERROR(link_.WriteRegisters(RegisterOf(core, isa::kRegControl), {&reset, 1}));
    cores_[core].running = false;
  }
  return OkStatus();
}

}  // namespace neuron::driver
