// SPDX-License-Identifier: Apache-2.0
// The functional model as a device: needs no hardware and no simulator.
#ifndef NEURON_DRIVER_FUNCTIONAL_FUNCTIONAL_DEVICE_H_
#define NEURON_DRIVER_FUNCTIONAL_FUNCTIONAL_DEVICE_H_

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "driver/device.h"
#include "driver/uri.h"
#include "sim/functional/functional_core.h"

namespace neuron::driver {

// Options of the URI: strict=0|1 (default 0) looks for uninitialised reads, races and overlaps;
// seed=N draws timing from a seed; dram=BYTES (default 1 GiB, taken from the host as it is
// written). Each core runs in a thread of its own while it has a launch.
class FunctionalDevice : public Device {
 public:
  static Result<std::unique_ptr<Device>> Open(const DeviceUri& uri);
  ~FunctionalDevice() override;

  const DeviceInfo& info() const override { return info_; }
  Status WriteMemory(uint64_t address, std::span<const std::byte> data) override;
  Status ReadMemory(uint64_t address, std::span<std::byte> data) override;
  Status Launch(uint32_t core, const LaunchDescriptor& launch) override;
  Result<LaunchResult> Wait(uint32_t core, std::chrono::milliseconds timeout) override;
  Result<HangReport> Inspect(uint32_t core) override;
  Status Abort(uint32_t core) override;
  Status Reset() override;

 private:
  struct TimedResult {
    sim::LaunchResult result;
    double seconds = 0;
  };
  struct Core {
    std::unique_ptr<sim::FunctionalCore> model;
    LaunchDescriptor launch;
    std::future<TimedResult> running;  // valid from Launch until Wait has its result
    std::atomic<bool> active = false;  // the model runs: Abort, from any thread, means something
    sim::LaunchResult last;            // of the last launch that Wait has seen
  };
  // Anonymous memory of the host, which costs nothing until it is touched.
  class Dram {
   public:
    explicit Dram(uint64_t bytes);
    ~Dram();
    Dram(const Dram&) = delete;
    Dram& operator=(const Dram&) = delete;
    bool valid() const { return data_ != nullptr; }
    std::span<std::byte> span() const { return {data_, bytes_}; }

   private:
    std::byte* data_ = nullptr;
    uint64_t bytes_;
  };

  FunctionalDevice(const DeviceUri& uri, const isa::Config& config,
                   const sim::FunctionalOptions& options, uint64_t dram_bytes);
  Status CheckRange(uint64_t address, uint64_t bytes) const;
  Status CheckCore(uint32_t core) const;
  void StopAll();

  DeviceInfo info_;
  Dram dram_;
  sim::FunctionalOptions options_;
  std::vector<Core> cores_;
};

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_FUNCTIONAL_FUNCTIONAL_DEVICE_H_
