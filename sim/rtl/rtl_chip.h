// SPDX-License-Identifier: Apache-2.0
// The Verilated chip with a clock, memory and a host link: what the rtl device and the RTL tests
// run on. Everything that the real host can see goes through the link bytes; the rest is for tests,
// waves and measurements. Not thread-safe.
#ifndef NEURON_SIM_RTL_RTL_CHIP_H_
#define NEURON_SIM_RTL_RTL_CHIP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "neuron/isa.h"
#include "sim/rtl/dram.h"

namespace neuron::sim {

struct RtlChipOptions {
  uint64_t dram_bytes = uint64_t{256} << 20;
  DramTiming timing;
  // Registers and memories start with random values drawn from this seed; 0: with zeros.
  uint64_t random_seed = 1;
};

class RtlChip {
 public:
  virtual ~RtlChip() = default;

  virtual const isa::Config& config() const = 0;

  // Holds reset for some cycles. Memory keeps its content, unsent and unread link bytes are lost.
  virtual Status Reset() = 0;

  // Runs `cycles` cycles. kInternal when an assertion of the RTL failed, now or before: the message
  // has the cycle; the assertion's name and place are on standard output.
  virtual Status Step(uint64_t cycles) = 0;
  // Runs until `done` says so (asked before each cycle); false after `max_cycles`.
  Result<bool> RunUntil(const std::function<bool()>& done, uint64_t max_cycles);

  virtual uint64_t cycles() const = 0;
  // A core executes a launch.
  virtual bool running() const = 0;

  // Link bytes to the chip, queued until it takes them, and from the chip: those that have arrived.
  virtual void Send(std::span<const std::byte> bytes) = 0;
  virtual size_t unsent() const = 0;
  virtual std::vector<std::byte> Receive() = 0;
  virtual size_t received() const = 0;  // bytes that Receive would return
  // The host stops taking bytes.
  virtual void PauseReceive(bool pause) = 0;

  // External memory, content and timing, without simulated time.
  virtual Dram& dram() = 0;

  // On-chip memories, without simulated time: `bytes` from byte `address` of one partition of the
  // core. kInvalidArgument when out of range.
  Status Peek(uint32_t core, isa::Space space, uint32_t partition, uint32_t address,
              std::span<std::byte> bytes);
  Status Poke(uint32_t core, isa::Space space, uint32_t partition, uint32_t address,
              std::span<const std::byte> bytes);

  // FST waves from now on until StopWaves. kIoError when the file cannot be written.
  virtual Status StartWaves(const std::string& path) = 0;
  virtual void StopWaves() = 0;
  // Waves of cycles [begin, end), or of everything while a launch runs.
  virtual void WavesInWindow(const std::string& path, uint64_t begin, uint64_t end) = 0;
  virtual void WavesWhileRunning(const std::string& path) = 0;

  // Line and toggle coverage so far; kUnsupported unless built with NEURON_RTL_COVERAGE.
  virtual Status WriteCoverage(const std::string& path) = 0;

 private:
  // The 32-bit word of a partition; nullptr when there is none.
  virtual uint32_t* MemoryWord(uint32_t core, isa::Space space, uint32_t partition,
                               uint32_t address) = 0;
};

// The chip of a configuration that this build has; kNotFound with the names of those it has.
Result<std::unique_ptr<RtlChip>> CreateRtlChip(std::string_view config,
                                               const RtlChipOptions& options = {});

// The configurations that this build has.
std::vector<std::string> RtlConfigs();

}  // namespace neuron::sim

#endif  // NEURON_SIM_RTL_RTL_CHIP_H_
