// SPDX-License-Identifier: Apache-2.0
// The two directions of bytes between host and chip: what a simulated FIFO or a USB endpoint pair
// gives to the link client.
#ifndef NEURON_DRIVER_BYTE_STREAM_H_
#define NEURON_DRIVER_BYTE_STREAM_H_

#include <chrono>
#include <cstddef>
#include <span>

#include "base/status.h"

namespace neuron::driver {

// Not thread-safe.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Sends all of `data`. kTimeout when the chip does not take it in time, kDeviceLost when the
  // device is gone.
  virtual Status Send(std::span<const std::byte> data, std::chrono::milliseconds timeout) = 0;

  // Fills the front of `buffer` with at least one byte and returns how many; 0 when none came
  // within `timeout`. kDeviceLost when the device is gone.
  virtual Result<size_t> Receive(std::span<std::byte> buffer,
                                 std::chrono::milliseconds timeout) = 0;
};

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_BYTE_STREAM_H_
