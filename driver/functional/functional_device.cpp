// SPDX-License-Identifier: Apache-2.0
#include "driver/functional/functional_device.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "driver/plugin.h"

namespace neuron::driver {
namespace {

constexpr uint64_t kDefaultDram = uint64_t{1} << 30;
constexpr uint64_t kMaxDram = (uint64_t{1} << 32) - 64;  // what a 32-bit address reaches

Result<isa::Config> FindConfiguration(const std::string& name) {
  const isa::Config* config = isa::FindConfig(name);
  if (config != nullptr) {
    return *config;
  }
  std::string known;
  for (const isa::Config& candidate : isa::kConfigs) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate.name);
  }
  return Status(StatusCode::kNotFound,
                fmt::format("no configuration '{}'; there are: {}", name, known));
}

// latency and bytes_per_cycle (0: as fast as the port), as of the rtl device.
Status ReadMemoryTiming(const DeviceUri& uri, isa::CostParameters& cost) {
  constexpr uint64_t kMaxLatency = 1 << 20;
  constexpr uint64_t kMaxBytesPerCycle = 1 << 10;
  NEURON_ASSIGN_OR_RETURN(const uint64_t latency,
                          uri.Number("latency", cost.memory_latency, kMaxLatency));
  NEURON_ASSIGN_OR_RETURN(const uint64_t rate,
                          uri.Number("bytes_per_cycle", cost.bytes_per_cycle, kMaxBytesPerCycle));
  cost.memory_latency = static_cast<uint32_t>(latency);
  cost.bytes_per_cycle = static_cast<uint32_t>(rate);
  return OkStatus();
}

sim::Launch ToSimulation(const LaunchDescriptor& launch) {
  sim::Launch result;
  std::copy(launch.segments.begin(), launch.segments.end(), result.segments.begin());
  result.queue_offset = launch.queue_offset;
  result.queue_count = launch.queue_count;
  result.watchdog = launch.watchdog_cycles;
  return result;
}

LaunchResult FromSimulation(const sim::LaunchResult& from, double seconds) {
  LaunchResult result;
  if (from.error.code != isa::Error::kNone) {
    result.error = {.code = from.error.code,
                    .queue = static_cast<uint32_t>(from.error.queue),
                    .index = from.error.index,
                    .address = from.error.address};
  }
  result.sticky = from.sticky;
  result.cycles = from.cycles;
  result.counters = from.counters;
  result.wall_seconds = seconds;
  for (const sim::Finding& finding : from.findings) {
    result.findings.push_back(finding.ToString());
  }
  if (from.finding_count > from.findings.size()) {
    result.findings.push_back(
        fmt::format("and {} more", from.finding_count - from.findings.size()));
  }
  return result;
}

}  // namespace

FunctionalDevice::Dram::Dram(uint64_t bytes) : bytes_(bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) {
    data_ = static_cast<std::byte*>(memory);
  }
}

FunctionalDevice::Dram::~Dram() {
  if (data_ != nullptr) {
    munmap(data_, bytes_);
  }
}

Result<std::unique_ptr<Device>> FunctionalDevice::Open(const DeviceUri& uri) {
  NEURON_RETURN_IF_ERROR(
      uri.CheckOptions({"strict", "seed", "dram", "latency", "bytes_per_cycle"}));
  NEURON_ASSIGN_OR_RETURN(const isa::Config config, FindConfiguration(uri.configuration));
  NEURON_ASSIGN_OR_RETURN(const uint64_t strict, uri.Number("strict", 0, 1));
  NEURON_ASSIGN_OR_RETURN(const uint64_t seed, uri.Number("seed", 0, UINT64_MAX));
  NEURON_ASSIGN_OR_RETURN(const uint64_t dram, uri.Number("dram", kDefaultDram, kMaxDram));
  if (dram == 0) {
    return Status(StatusCode::kInvalidArgument, "the option dram must not be 0");
  }
  sim::FunctionalOptions options;
  options.strict = strict != 0;
  options.seed = seed;
  NEURON_RETURN_IF_ERROR(ReadMemoryTiming(uri, options.cost));
  std::unique_ptr<FunctionalDevice> device(new FunctionalDevice(uri, config, options, dram));
  if (!device->dram_.valid()) {
    return Status(StatusCode::kResourceExhausted,
                  fmt::format("the host has no {} bytes of memory for the device", dram));
  }
  return std::unique_ptr<Device>(std::move(device));
}

FunctionalDevice::FunctionalDevice(const DeviceUri& uri, const isa::Config& config,
                                   const sim::FunctionalOptions& options, uint64_t dram_bytes)
    : dram_(dram_bytes), options_(options), cores_(config.num_cores) {
  info_.config = config;
  info_.configuration = uri.configuration;
  info_.isa_version = isa::kIsaVersion;
  info_.isa_hash = isa::kIsaHash;
  info_.cores = config.num_cores;
  info_.dram_bytes = dram_bytes;
  info_.description = fmt::format("functional model{}", options.strict ? ", strict" : "");
  for (Core& core : cores_) {
    core.model = std::make_unique<sim::FunctionalCore>(config, options);
  }
}

FunctionalDevice::~FunctionalDevice() { StopAll(); }

void FunctionalDevice::StopAll() {
  for (Core& core : cores_) {
    if (core.running.valid()) {
      core.model->RequestAbort();
      core.last = core.running.get().result;
    }
  }
}

Status FunctionalDevice::CheckRange(uint64_t address, uint64_t bytes) const {
  if (address > info_.dram_bytes || bytes > info_.dram_bytes - address) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} bytes at {:#x} are outside the device's memory of {} bytes",
                              bytes, address, info_.dram_bytes));
  }
  return OkStatus();
}

Status FunctionalDevice::CheckCore(uint32_t core) const {
  if (core >= cores_.size()) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("core {} of {} does not exist", core, cores_.size()));
  }
  return OkStatus();
}

Status FunctionalDevice::WriteMemory(uint64_t address, std::span<const std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckRange(address, data.size()));
  std::copy(data.begin(), data.end(), dram_.span().begin() + static_cast<ptrdiff_t>(address));
  return OkStatus();
}

Status FunctionalDevice::ReadMemory(uint64_t address, std::span<std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckRange(address, data.size()));
  const auto source = dram_.span().subspan(address, data.size());
  std::copy(source.begin(), source.end(), data.begin());
  return OkStatus();
}

Status FunctionalDevice::Launch(uint32_t core_index, const LaunchDescriptor& launch) {
  NEURON_RETURN_IF_ERROR(CheckCore(core_index));
  Core& core = cores_[core_index];
  if (core.running.valid()) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("core {} is running", core_index));
  }
  if (launch.segments.size() > isa::kNumSegments) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} segments; a launch has at most {}", launch.segments.size(),
                              isa::kNumSegments));
  }
  for (const isa::Segment& segment : launch.segments) {
    NEURON_RETURN_IF_ERROR(CheckRange(segment.base, segment.limit));
  }
  if (launch.trace_records != 0) {
    return Status(StatusCode::kUnsupported, "the functional model writes no trace; use rtl");
  }
  core.launch = launch;
  core.model->ForgetAbort();
  core.active = true;
  core.running = std::async(std::launch::async, [this, &core, run = ToSimulation(launch)] {
    const auto start = std::chrono::steady_clock::now();
    TimedResult timed{.result = core.model->Run(run, dram_.span())};
    core.active = false;
    timed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return timed;
  });
  return OkStatus();
}

Result<LaunchResult> FunctionalDevice::Wait(uint32_t core_index,
                                            std::chrono::milliseconds timeout) {
  NEURON_RETURN_IF_ERROR(CheckCore(core_index));
  Core& core = cores_[core_index];
  if (!core.running.valid()) {
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("core {} has no launch", core_index));
  }
  if (core.running.wait_for(timeout) != std::future_status::ready) {
    return Status(StatusCode::kTimeout,
                  fmt::format("the launch on core {} has not ended after {} ms", core_index,
                              timeout.count()));
  }
  TimedResult timed = core.running.get();
  core.last = std::move(timed.result);
  return FromSimulation(core.last, timed.seconds);
}

Result<HangReport> FunctionalDevice::Inspect(uint32_t core_index) {
  NEURON_RETURN_IF_ERROR(CheckCore(core_index));
  const Core& core = cores_[core_index];
  if (core.running.valid()) {
    return Status(StatusCode::kUnsupported,
                  "the functional model can be inspected when its launch has ended");
  }
  HangReport report;
  report.semaphores = core.last.semaphores;
  for (size_t q = 0; q < isa::kNumQueues; ++q) {
    QueueState& queue = report.queues[q];
    queue.index = core.last.queues[q].index;
    queue.count = core.launch.queue_count[q];
    queue.state = core.last.queues[q].state;
    queue.semaphore = core.last.queues[q].semaphore;
    if (queue.index < queue.count) {
      queue.words.resize(isa::kInstructionWords);
      const uint64_t address = core.launch.segments[0].base + core.launch.queue_offset[q] +
                               uint64_t{queue.index} * isa::kInstructionBytes;
      NEURON_RETURN_IF_ERROR(CheckRange(address, isa::kInstructionBytes));
      std::memcpy(queue.words.data(), dram_.span().data() + address, isa::kInstructionBytes);
    }
  }
  return report;
}

Status FunctionalDevice::Abort(uint32_t core) {
  NEURON_RETURN_IF_ERROR(CheckCore(core));
  if (cores_[core].active) {
    cores_[core].model->RequestAbort();
  }
  return OkStatus();
}

Status FunctionalDevice::Reset() {
  StopAll();
  for (Core& core : cores_) {
    core.model = std::make_unique<sim::FunctionalCore>(info_.config, options_);
    core.last = {};
  }
  return OkStatus();
}

}  // namespace neuron::driver

extern "C" uint32_t neuron_device_abi_version() { return neuron::driver::kPluginAbiVersion; }

extern "C" neuron::driver::Device* neuron_device_open(const neuron::driver::DeviceUri& uri,
                                                      neuron::Status* status) {
  auto device = neuron::driver::FunctionalDevice::Open(uri);
  *status = device.status();
  return device.ok() ? device->release() : nullptr;
}
