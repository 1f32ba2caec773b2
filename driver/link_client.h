// SPDX-License-Identifier: Apache-2.0
// The host side of the link protocol (docs/link.md): one request at a time over a ByteStream.
#ifndef NEURON_DRIVER_LINK_CLIENT_H_
#define NEURON_DRIVER_LINK_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "driver/byte_stream.h"
#include "driver/link_frame.h"

namespace neuron::driver {

// A launch ended.
struct LinkEvent {
  uint32_t core = 0;
  uint32_t launch_id = 0;
};

// Not thread-safe. A request is answered within the timeout given at construction; memory and
// register accesses are tried three times. Damaged frames and late answers are skipped.
// Errors: kTimeout without an answer, kDataCorrupt for a bad payload CRC, kInvalidArgument for an
// address or length that the chip refuses, kFailedPrecondition for busy, kDeviceLost.
class LinkClient {
 public:
  LinkClient(std::unique_ptr<ByteStream> stream, std::chrono::milliseconds timeout)
      : stream_(std::move(stream)), timeout_(timeout) {}

  // DRAM, any address and size; long transfers are split.
  Status ReadMemory(uint64_t address, std::span<std::byte> data);
  Status WriteMemory(uint64_t address, std::span<const std::byte> data);

  // Consecutive registers from a byte address in the chip's register space.
  Status ReadRegisters(uint32_t address, std::span<uint32_t> values);
  Status WriteRegisters(uint32_t address, std::span<const uint32_t> values);

  // Starts the launch that is set up in the registers of `core`.
  Status Doorbell(uint32_t core);

  // The oldest event not yet taken; nullopt when none comes within `timeout`.
  Result<std::optional<LinkEvent>> WaitEvent(std::chrono::milliseconds timeout);

 private:
  using Clock = std::chrono::steady_clock;
  struct Frame {
    ResponseHeader header;
    std::vector<std::byte> payload;
    bool payload_ok = true;
  };

  // Sends a request and waits for its answer; returns the payload.
  Result<std::vector<std::byte>> Exchange(isa::LinkOp op, uint64_t address, uint32_t length,
                                          std::span<const std::byte> payload);
  // Exchange, again when frames are lost or damaged.
  Result<std::vector<std::byte>> Repeat(isa::LinkOp op, uint64_t address, uint32_t length,
                                        std::span<const std::byte> payload);
  // The next whole frame; nullopt when the deadline passes.
  Result<std::optional<Frame>> NextFrame(Clock::time_point deadline);
  // Takes a frame out of `received_` if a whole one is there; drops bytes that begin none.
  std::optional<Frame> ParseFrame();
  void QueueEvent(const Frame& frame);

  std::unique_ptr<ByteStream> stream_;
  std::chrono::milliseconds timeout_;
  std::vector<std::byte> received_;  // bytes not yet parsed
  std::deque<LinkEvent> events_;
  uint16_t next_tag_ = 1;
};

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_LINK_CLIENT_H_
