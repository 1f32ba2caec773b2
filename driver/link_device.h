// SPDX-License-Identifier: Apache-2.0
// The Device behind a link: registers, launches and memory through the link protocol. The rtl
// plug-in and boards differ only in their ByteStream.
#ifndef NEURON_DRIVER_LINK_DEVICE_H_
#define NEURON_DRIVER_LINK_DEVICE_H_

#include <atomic>
#include <memory>
#include <vector>

#include "driver/device.h"
#include "driver/link_client.h"

namespace neuron::driver {

// Direct access to a simulator's DRAM, for bulk transfers that would take long over the link.
class MemoryBackdoor {
 public:
  virtual ~MemoryBackdoor() = default;
  virtual Status Write(uint64_t address, std::span<const std::byte> data) = 0;
  virtual Status Read(uint64_t address, std::span<std::byte> data) = 0;
};

struct LinkDeviceOptions {
  uint64_t dram_bytes = 0;
  std::string description;
  std::chrono::milliseconds request_timeout{30000};
  // Transfers of at least `backdoor_bytes` go through `backdoor` when it is set.
  std::unique_ptr<MemoryBackdoor> backdoor;
  size_t backdoor_bytes = 4096;
};

class LinkDevice : public Device {
 public:
  // Reads the capability ROM. kUnsupported when what answers is no NeuronCore.
  static Result<std::unique_ptr<LinkDevice>> Open(std::unique_ptr<ByteStream> stream,
                                                  LinkDeviceOptions options);

  const DeviceInfo& info() const override { return info_; }
  Status WriteMemory(uint64_t address, std::span<const std::byte> data) override;
  Status ReadMemory(uint64_t address, std::span<std::byte> data) override;
  Status Launch(uint32_t core, const LaunchDescriptor& launch) override;
  Result<LaunchResult> Wait(uint32_t core, std::chrono::milliseconds timeout) override;
  Result<HangReport> Inspect(uint32_t core) override;
  Status Abort(uint32_t core) override;
  Status Reset() override;

 private:
  struct CoreState {
    bool running = false;
    LaunchDescriptor launch;
    uint32_t launch_id = 0;
    std::chrono::steady_clock::time_point started;
  };

  LinkDevice(std::unique_ptr<ByteStream> stream, LinkDeviceOptions options);
  Status ReadCapability();
  Status CheckCore(uint32_t core) const;
  Status CheckMemory(uint64_t address, size_t bytes) const;
  Status WriteSegments(uint32_t core, const std::vector<isa::Segment>& segments);
  Result<bool> IsRunning(uint32_t core);
  Result<LaunchResult> ReadResult(uint32_t core);

  LinkDeviceOptions options_;
  LinkClient link_;
  DeviceInfo info_;
  std::vector<CoreState> cores_;
  std::atomic<bool> abort_requested_ = false;  // set by Abort from any thread, served by Wait
  uint32_t next_launch_id_ = 1;
};

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_LINK_DEVICE_H_
