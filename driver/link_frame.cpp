// SPDX-License-Identifier: Apache-2.0
#include "driver/link_frame.h"

#include "base/crc32.h"

namespace neuron::driver {
namespace {

void AppendCrc(std::vector<std::byte>& frame, std::span<const std::byte> covered) {
  std::array<std::byte, kLinkCrcBytes> crc;
  StoreLittleEndian(crc, Crc32(covered));
  frame.insert(frame.end(), crc.begin(), crc.end());
}

void AppendPayload(std::vector<std::byte>& frame, std::span<const std::byte> payload) {
  if (!payload.empty()) {
    frame.insert(frame.end(), payload.begin(), payload.end());
    AppendCrc(frame, payload);
  }
}

// Whether `bytes` begin with a sync byte and end with the CRC of what is before.
bool IsHeader(std::span<const std::byte> bytes) {
  const size_t covered = bytes.size() - kLinkCrcBytes;
  return bytes[0] == std::byte{kLinkSync} &&
         LoadLittleEndian(bytes.last(kLinkCrcBytes)) == Crc32(bytes.first(covered));
}

}  // namespace

uint64_t LoadLittleEndian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = (value << 8) | static_cast<uint64_t>(bytes[i]);
  }
  return value;
}

void StoreLittleEndian(std::span<std::byte> bytes, uint64_t value) {
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(value & 0xFFU);
    value >>= 8;
  }
}

std::vector<std::byte> EncodeRequest(const RequestHeader& header,
                                     std::span<const std::byte> payload) {
  std::vector<std::byte> frame(kRequestHeaderBytes - kLinkCrcBytes);
  const std::span<std::byte> bytes(frame);
  bytes[0] = std::byte{kLinkSync};
  StoreLittleEndian(bytes.subspan(1, 1), static_cast<uint64_t>(header.op));
  StoreLittleEndian(bytes.subspan(2, 2), header.tag);
  StoreLittleEndian(bytes.subspan(4, 4), header.length);
  StoreLittleEndian(bytes.subspan(8, 8), header.address);
  AppendCrc(frame, std::vector<std::byte>(frame));
  AppendPayload(frame, payload);
  return frame;
}

std::vector<std::byte> EncodeResponse(const ResponseHeader& header,
                                      std::span<const std::byte> payload) {
  std::vector<std::byte> frame(kResponseHeaderBytes - kLinkCrcBytes);
  const std::span<std::byte> bytes(frame);
  bytes[0] = std::byte{kLinkSync};
  StoreLittleEndian(bytes.subspan(1, 1), static_cast<uint64_t>(header.op));
  StoreLittleEndian(bytes.subspan(2, 2), header.tag);
  StoreLittleEndian(bytes.subspan(4, 1), static_cast<uint64_t>(header.status));
  StoreLittleEndian(bytes.subspan(8, 4), header.length);
  AppendCrc(frame, std::vector<std::byte>(frame));
  AppendPayload(frame, payload);
  return frame;
}

std::optional<ResponseHeader> DecodeResponseHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < kResponseHeaderBytes || !IsHeader(bytes.first(kResponseHeaderBytes))) {
    return std::nullopt;
  }
  return ResponseHeader{.op = isa::LinkOp{static_cast<uint32_t>(bytes[1])},
                        .tag = static_cast<uint16_t>(LoadLittleEndian(bytes.subspan(2, 2))),
                        .status = isa::LinkStatus{static_cast<uint32_t>(bytes[4])},
                        .length = static_cast<uint32_t>(LoadLittleEndian(bytes.subspan(8, 4)))};
}

std::optional<RequestHeader> DecodeRequestHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < kRequestHeaderBytes || !IsHeader(bytes.first(kRequestHeaderBytes))) {
    return std::nullopt;
  }
  return RequestHeader{.op = isa::LinkOp{static_cast<uint32_t>(bytes[1])},
                       .tag = static_cast<uint16_t>(LoadLittleEndian(bytes.subspan(2, 2))),
                       .length = static_cast<uint32_t>(LoadLittleEndian(bytes.subspan(4, 4))),
                       .address = LoadLittleEndian(bytes.subspan(8, 8))};
}

}  // namespace neuron::driver
