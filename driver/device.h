// SPDX-License-Identifier: Apache-2.0
// A NeuronCore device as the runtime sees it, whatever it is: the functional model, the Verilated
// RTL or a board. Devices are plug-ins (plugin.h) and are opened by URI (uri.h).
#ifndef NEURON_DRIVER_DEVICE_H_
#define NEURON_DRIVER_DEVICE_H_

#include <neuron/isa.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "isa/check/instruction_check.h"

namespace neuron::driver {

struct DeviceInfo {
  isa::Config config;
  std::string configuration;  // config.name, owned
  uint32_t isa_version = 0;
  uint32_t isa_hash = 0;
  uint32_t cores = 1;
  uint64_t dram_bytes = 0;  // addresses 0 .. dram_bytes - 1
  std::string description;  // for a person: "functional model", "RTL simulation, 16 B/cycle, ..."
  bool measures_cycles = false;  // cycles are counted by hardware or RTL, not by a model
};

// One launch of a core. Segment addresses are DRAM byte addresses, 64-byte aligned.
struct LaunchDescriptor {
  std::vector<isa::Segment> segments;                    // at most isa::kNumSegments
  std::array<uint32_t, isa::kNumQueues> queue_offset{};  // bytes in segment 0
  std::array<uint32_t, isa::kNumQueues> queue_count{};   // instructions
  uint32_t watchdog_cycles = 0;  // stop when no instruction finishes for so long; 0: never
  uint64_t trace_base = 0;       // DRAM byte address of the trace ring
  uint32_t trace_records = 0;    // its size; 0: tracing off
};

struct ErrorRecord {
  isa::Error code = isa::Error::kNone;
  uint32_t queue = 0;
  uint32_t index = 0;    // of the instruction in its queue
  uint64_t address = 0;  // what it means depends on the code: isa/neuron.json
};

// One line for a person: "access_range in vector[12], address 0x10003".
std::string ToString(const ErrorRecord& error);

using QueueCounters = std::array<uint64_t, isa::kNumCounters>;  // indexed by isa::Counter

struct LaunchResult {
  std::optional<ErrorRecord> error;  // absent: the program finished
  uint32_t sticky = 0;               // bits isa::Sticky
  uint64_t cycles = 0;
  bool cycles_measured = false;
  std::array<QueueCounters, isa::kNumQueues> counters{};
  uint32_t trace_count = 0;           // records written
  uint32_t trace_dropped = 0;         // records lost
  double wall_seconds = 0;            // from the doorbell to the end
  std::vector<std::string> findings;  // strict mode: uninitialised reads, races, overlaps
};

// What a queue is doing.
struct QueueState {
  uint32_t index = 0;  // of the instruction that its front end holds
  uint32_t count = 0;  // instructions of the launch
  isa::WaitState state = isa::WaitState::kDone;
  uint32_t semaphore = 0;       // waited for, when state is kSemaphore
  uint32_t outstanding = 0;     // instructions handed over and not finished
  std::vector<uint32_t> words;  // the instruction itself; empty when the queue holds none
};

struct HangReport {
  std::array<QueueState, isa::kNumQueues> queues;
  std::array<uint32_t, isa::kNumSemaphores> semaphores{};
};

// "conv1 (Conv)" for an instruction of a queue, or "".
using SourceLookup = std::function<std::string(uint32_t queue, uint32_t index)>;

// Several lines: for each queue its instruction (disassembled), its source, and what it waits for;
// then the semaphores that are not zero.
std::string ToString(const HangReport& report, const SourceLookup& source = {});

// Not thread-safe: the caller serialises. Only Abort() may be called from any thread.
class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;

  // DRAM. kInvalidArgument outside 0 .. dram_bytes.
  virtual Status WriteMemory(uint64_t address, std::span<const std::byte> data) = 0;
  virtual Status ReadMemory(uint64_t address, std::span<std::byte> data) = 0;

  // Starts a program. kFailedPrecondition while one is running.
  virtual Status Launch(uint32_t core, const LaunchDescriptor& launch) = 0;
  // Waits until the launch has ended, well or with an error record. kTimeout when it has not ended
  // after `timeout`: it is still running, and Inspect and Abort are what to call next.
  virtual Result<LaunchResult> Wait(uint32_t core, std::chrono::milliseconds timeout) = 0;
  // The state of all queues of the last launch, running or ended.
  virtual Result<HangReport> Inspect(uint32_t core) = 0;
  // Stops the running launch, if there is one; Wait then returns error kAborted.
  virtual Status Abort(uint32_t core) = 0;
  // Stops everything; DRAM keeps its content.
  virtual Status Reset() = 0;
};

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_DEVICE_H_
