// SPDX-License-Identifier: Apache-2.0
// A chip in memory that speaks the link protocol, with faults on request: for tests of the link
// client and of the link device.
#ifndef NEURON_TESTS_UNIT_DRIVER_FAKE_CHIP_H_
#define NEURON_TESTS_UNIT_DRIVER_FAKE_CHIP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "driver/byte_stream.h"
#include "driver/link_frame.h"

namespace neuron::testing {

// What the chip holds and how it misbehaves; shared by the test and the stream.
struct FakeChip {
  FakeChip();

  std::vector<std::byte> memory = std::vector<std::byte>(1 << 20);
  std::map<uint32_t, uint32_t> registers;  // absent: reads as zero
  int requests = 0;                        // whole requests seen

  // Called at a doorbell, before the answer: sets status registers and may send the event.
  std::function<void(FakeChip&)> on_doorbell;

  int drop_responses = 0;        // do not send the next so many
  int corrupt_payloads = 0;      // flip a bit in the payload of the next so many
  int corrupt_headers = 0;       // flip a bit in the header of the next so many
  std::vector<std::byte> noise;  // sent before the next response
  bool lost = false;             // the device is gone

  void SendEvent(uint32_t core, uint32_t launch_id);
  void Take(std::span<const std::byte> bytes);

  std::vector<std::byte> to_host;

 private:
  void Execute(const driver::RequestHeader& header, std::span<const std::byte> payload);
  void Respond(const driver::RequestHeader& header, isa::LinkStatus status,
               std::span<const std::byte> payload);
  std::vector<std::byte> from_host_;
};

class FakeStream : public driver::ByteStream {
 public:
  explicit FakeStream(FakeChip& chip) : chip_(chip) {}
  Status Send(std::span<const std::byte> data, std::chrono::milliseconds timeout) override;
  Result<size_t> Receive(std::span<std::byte> buffer, std::chrono::milliseconds timeout) override;

 private:
  FakeChip& chip_;
};

}  // namespace neuron::testing

#endif  // NEURON_TESTS_UNIT_DRIVER_FAKE_CHIP_H_
