// SPDX-License-Identifier: Apache-2.0
// Frames of the link protocol (docs/link.md): their bytes and nothing else. All numbers are
// little-endian. A header carries a CRC-32 of the bytes before it, a payload one of itself.
#ifndef NEURON_DRIVER_LINK_FRAME_H_
#define NEURON_DRIVER_LINK_FRAME_H_

#include <neuron/isa.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace neuron::driver {

inline constexpr uint8_t kLinkSync = 0x4E;
inline constexpr size_t kRequestHeaderBytes = 20;
inline constexpr size_t kResponseHeaderBytes = 16;
inline constexpr size_t kLinkCrcBytes = 4;

struct RequestHeader {
  isa::LinkOp op = isa::LinkOp::kReadMemory;
  uint16_t tag = 0;
  uint32_t length = 0;   // payload bytes: to be read or to follow
  uint64_t address = 0;  // DRAM byte, register byte, or core (doorbell)
};

// Responses and events.
struct ResponseHeader {
  isa::LinkOp op = isa::LinkOp::kResponse;
  uint16_t tag = 0;
  isa::LinkStatus status = isa::LinkStatus::kOk;
  uint32_t length = 0;  // payload bytes that follow, without their CRC
};

// A request with its payload (writes) and CRCs.
std::vector<std::byte> EncodeRequest(const RequestHeader& header,
                                     std::span<const std::byte> payload);

// A response or event as the chip sends it: for tests and simulated devices.
std::vector<std::byte> EncodeResponse(const ResponseHeader& header,
                                      std::span<const std::byte> payload);

// The header in the first kResponseHeaderBytes of `bytes`; nullopt when they hold none.
std::optional<ResponseHeader> DecodeResponseHeader(std::span<const std::byte> bytes);

// The header in the first kRequestHeaderBytes of `bytes`: for tests and simulated devices.
std::optional<RequestHeader> DecodeRequestHeader(std::span<const std::byte> bytes);

// Little-endian numbers in frames and payloads.
uint64_t LoadLittleEndian(std::span<const std::byte> bytes);
void StoreLittleEndian(std::span<std::byte> bytes, uint64_t value);

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_LINK_FRAME_H_
