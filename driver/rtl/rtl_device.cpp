// SPDX-License-Identifier: Apache-2.0
// The Verilated chip as a device. Registers, doorbells and events go through the simulated host
// link, byte by byte; transfers of 4 KiB and more go straight to the simulated DRAM, unless the URI
// says memory=link.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "driver/link_device.h"
#include "driver/plugin.h"
#include "sim/rtl/rtl_chip.h"

namespace neuron::driver {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr uint64_t kDefaultDram = uint64_t{256} << 20;
constexpr uint64_t kMaxDram = (uint64_t{1} << 32) - 64;  // what a 32-bit address reaches
constexpr uint64_t kCyclesPerLook = 64;  // simulated between two looks at the link and the clock
constexpr milliseconds kRequestTimeout{60000};

// The link pins. Simulated time passes only while the host waits for bytes.
class RtlStream : public ByteStream {
 public:
  explicit RtlStream(std::shared_ptr<sim::RtlChip> chip) : chip_(std::move(chip)) {}

  Status Send(std::span<const std::byte> data, milliseconds /*timeout*/) override {
    chip_->Send(data);
    return OkStatus();
  }

  Result<size_t> Receive(std::span<std::byte> buffer, milliseconds timeout) override {
    const Clock::time_point deadline = Clock::now() + timeout;
    while (held_.empty()) {
      held_ = chip_->Receive();
      if (!held_.empty()) {
        break;
      }
      NEURON_RETURN_IF_ERROR(chip_->Step(kCyclesPerLook));
      if (chip_->received() == 0 && Clock::now() >= deadline) {
        return size_t{0};
      }
    }
    const size_t count = std::min(buffer.size(), held_.size());
    std::copy_n(held_.begin(), count, buffer.begin());
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(count));
    return count;
  }

 private:
  std::shared_ptr<sim::RtlChip> chip_;
  std::vector<std::byte> held_;  // received and not yet taken
};

class RtlBackdoor : public MemoryBackdoor {
 public:
  explicit RtlBackdoor(std::shared_ptr<sim::RtlChip> chip) : chip_(std::move(chip)) {}

  Status Write(uint64_t address, std::span<const std::byte> data) override {
    std::memcpy(chip_->dram().data() + address, data.data(), data.size());
    return OkStatus();
  }
  Status Read(uint64_t address, std::span<std::byte> data) override {
    std::memcpy(data.data(), chip_->dram().data() + address, data.size());
    return OkStatus();
  }

 private:
  std::shared_ptr<sim::RtlChip> chip_;
};

Result<sim::RtlChipOptions> ChipOptions(const DeviceUri& uri) {
  sim::RtlChipOptions options;
  NEURON_ASSIGN_OR_RETURN(options.dram_bytes, uri.Number("dram", kDefaultDram, kMaxDram));
  if (options.dram_bytes == 0) {
    return Status(StatusCode::kInvalidArgument, "the option dram must not be 0");
  }
  const auto number = [&](const char* key, uint32_t& value, uint64_t maximum) -> Status {
    NEURON_ASSIGN_OR_RETURN(const uint64_t given, uri.Number(key, value, maximum));
    value = static_cast<uint32_t>(given);
    return OkStatus();
  };
  NEURON_RETURN_IF_ERROR(number("latency", options.timing.latency, 1 << 20));
  NEURON_RETURN_IF_ERROR(number("bytes_per_cycle", options.timing.bytes_per_cycle, 1 << 10));
  options.timing.max_outstanding = 16;
  NEURON_RETURN_IF_ERROR(number("outstanding", options.timing.max_outstanding, 1 << 10));
  NEURON_RETURN_IF_ERROR(number("stall_percent", options.timing.stall_percent, 99));
  NEURON_ASSIGN_OR_RETURN(options.random_seed, uri.Number("seed", 1, UINT64_MAX));
  options.timing.seed = options.random_seed;
  return options;
}

Status StartWaves(const DeviceUri& uri, sim::RtlChip& chip) {
  NEURON_ASSIGN_OR_RETURN(const uint64_t from, uri.Number("waves_from", 0, UINT64_MAX));
  NEURON_ASSIGN_OR_RETURN(const uint64_t to, uri.Number("waves_to", UINT64_MAX, UINT64_MAX));
  const std::string file = uri.Text("waves", "");
  const bool windowed = uri.options.contains("waves_from") || uri.options.contains("waves_to");
  if (windowed && file.empty()) {
    return Status(StatusCode::kInvalidArgument, "waves_from and waves_to need waves=FILE");
  }
  if (windowed) {
    chip.WavesInWindow(file, from, to);
  } else if (!file.empty()) {
    chip.WavesWhileRunning(file);
  }
  return OkStatus();
}

// Options of the URI: dram, latency, bytes_per_cycle (0: as fast as the port), outstanding,
// stall_percent, seed, memory=link|backdoor, waves, waves_from, waves_to; see docs/software.md.
Result<std::unique_ptr<Device>> OpenRtl(const DeviceUri& uri) {
  NEURON_RETURN_IF_ERROR(
      uri.CheckOptions({"dram", "latency", "bytes_per_cycle", "outstanding", "stall_percent",
                        "seed", "memory", "waves", "waves_from", "waves_to"}));
  const std::string memory = uri.Text("memory", "backdoor");
  if (memory != "backdoor" && memory != "link") {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("option memory={} is neither link nor backdoor", memory));
  }
  NEURON_ASSIGN_OR_RETURN(const sim::RtlChipOptions options, ChipOptions(uri));
  NEURON_ASSIGN_OR_RETURN(std::unique_ptr<sim::RtlChip> created,
                          sim::CreateRtlChip(uri.configuration, options));
  const std::shared_ptr<sim::RtlChip> chip = std::move(created);
  NEURON_RETURN_IF_ERROR(StartWaves(uri, *chip));
  NEURON_RETURN_IF_ERROR(chip->Reset());
  LinkDeviceOptions link{
      .dram_bytes = options.dram_bytes,
      .description = fmt::format(
          "RTL simulation, memory latency {} cycles, {} bytes per cycle", options.timing.latency,
          options.timing.bytes_per_cycle == 0 ? chip->config().axi_bytes
                                              : options.timing.bytes_per_cycle),
      .request_timeout = kRequestTimeout,
      .backdoor = memory == "backdoor" ? std::make_unique<RtlBackdoor>(chip) : nullptr};
  NEURON_ASSIGN_OR_RETURN(std::unique_ptr<LinkDevice> device,
                          LinkDevice::Open(std::make_unique<RtlStream>(chip), std::move(link)));
  return std::unique_ptr<Device>(std::move(device));
}

}  // namespace
}  // namespace neuron::driver

extern "C" uint32_t neuron_device_abi_version() { return neuron::driver::kPluginAbiVersion; }

extern "C" neuron::driver::Device* neuron_device_open(const neuron::driver::DeviceUri& uri,
                                                      neuron::Status* status) {
  auto device = neuron::driver::OpenRtl(uri);
  *status = device.status();
  return device.ok() ? device->release() : nullptr;
}
