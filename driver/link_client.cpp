// SPDX-License-Identifier: Apache-2.0
#include "driver/link_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/crc32.h"

namespace neuron::driver {
namespace {

constexpr size_t kMaxTransfer = 16384;     // payload bytes of one memory request
constexpr uint32_t kMaxPayload = 1 << 16;  // a header that promises more is noise
constexpr int kAttempts = 3;               // of a request that can be repeated without harm

std::chrono::milliseconds Until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Status StatusOf(isa::LinkStatus status, isa::LinkOp op, uint64_t address, uint32_t length) {
  const std::string text = fmt::format("the device answered {} to {} of {} bytes at {:#x}",
                                       isa::Name(status), isa::Name(op), length, address);
  switch (status) {
    case isa::LinkStatus::kOk:
      return OkStatus();
    case isa::LinkStatus::kBadCrc:
      return Status(StatusCode::kDataCorrupt, text);
    case isa::LinkStatus::kBadOp:
      return Status(StatusCode::kUnsupported, text);
    case isa::LinkStatus::kBadAddress:
    case isa::LinkStatus::kBadLength:
      return Status(StatusCode::kInvalidArgument, text);
    case isa::LinkStatus::kBusy:
      return Status(StatusCode::kFailedPrecondition, text);
  }
  return Status(StatusCode::kInternal,
                fmt::format("{} (unknown status {})", text, static_cast<uint32_t>(status)));
}

}  // namespace

void LinkClient::QueueEvent(const Frame& frame) {
  constexpr size_t kEventBytes = 8;  // core, core status, error code, zero, launch id
  if (frame.payload_ok && frame.payload.size() == kEventBytes) {
    const std::span<const std::byte> payload(frame.payload);
    events_.push_back(
        {.core = static_cast<uint32_t>(payload[0]),
         .launch_id = static_cast<uint32_t>(LoadLittleEndian(payload.subspan(4, 4)))});
  }
}

std::optional<LinkClient::Frame> LinkClient::ParseFrame() {
  size_t start = 0;
  std::optional<Frame> found;
  const std::span<const std::byte> bytes(received_);
  while (start + kResponseHeaderBytes <= bytes.size()) {
    const std::span<const std::byte> rest = bytes.subspan(start);
    const std::optional<ResponseHeader> header = DecodeResponseHeader(rest);
    if (!header.has_value() || header->length > kMaxPayload) {
      ++start;
      continue;
    }
    const size_t payload = header->length == 0 ? 0 : header->length + kLinkCrcBytes;
    if (rest.size() < kResponseHeaderBytes + payload) {
      break;
    }
    found.emplace(Frame{.header = *header, .payload = {}});
    if (payload != 0) {
      const auto data = rest.subspan(kResponseHeaderBytes, header->length);
      const auto crc = rest.subspan(kResponseHeaderBytes + header->length, kLinkCrcBytes);
      found->payload.assign(data.begin(), data.end());
      found->payload_ok = LoadLittleEndian(crc) == Crc32(data);
    }
    start += kResponseHeaderBytes + payload;
    break;
  }
  received_.erase(received_.begin(), received_.begin() + static_cast<ptrdiff_t>(start));
  return found;
}

Result<std::optional<LinkClient::Frame>> LinkClient::NextFrame(Clock::time_point deadline) {
  std::array<std::byte, kMaxTransfer> chunk;
  while (true) {
    std::optional<Frame> frame = ParseFrame();
    if (frame.has_value()) {
      return frame;
    }
    NEURON_ASSIGN_OR_RETURN(const size_t count, stream_->Receive(chunk, Until(deadline)));
    received_.insert(received_.end(), chunk.begin(), chunk.begin() + static_cast<ptrdiff_t>(count));
    if (count == 0 && Clock::now() >= deadline) {
      return std::optional<Frame>();
    }
  }
}

Result<std::vector<std::byte>> LinkClient::Repeat(isa::LinkOp op, uint64_t address, uint32_t length,
                                                  std::span<const std::byte> payload) {
  for (int attempt = 1;; ++attempt) {
    Result<std::vector<std::byte>> answer = Exchange(op, address, length, payload);
    const StatusCode code = answer.status().code();
    const bool damaged = code == StatusCode::kTimeout || code == StatusCode::kDataCorrupt;
    if (!damaged || attempt == kAttempts) {
      return answer;
    }
  }
}

Result<std::vector<std::byte>> LinkClient::Exchange(isa::LinkOp op, uint64_t address,
                                                    uint32_t length,
                                                    std::span<const std::byte> payload) {
  const Clock::time_point deadline = Clock::now() + timeout_;
  const uint16_t tag = next_tag_++;
  NEURON_RETURN_IF_ERROR(stream_->Send(
      EncodeRequest({.op = op, .tag = tag, .length = length, .address = address}, payload),
      timeout_));
  while (true) {
    NEURON_ASSIGN_OR_RETURN(std::optional<Frame> frame, NextFrame(deadline));
    if (!frame.has_value()) {
      return Status(StatusCode::kTimeout,
                    fmt::format("the device did not answer {} at {:#x} within {} ms", isa::Name(op),
                                address, timeout_.count()));
    }
    if (frame->header.op == isa::LinkOp::kEvent) {
      QueueEvent(*frame);
      continue;
    }
    if (frame->header.op != isa::LinkOp::kResponse || frame->header.tag != tag) {
      continue;
    }
    NEURON_RETURN_IF_ERROR(StatusOf(frame->header.status, op, address, length));
    if (!frame->payload_ok) {
      return Status(StatusCode::kDataCorrupt,
                    fmt::format("the answer to {} at {:#x} fails its CRC", isa::Name(op), address));
    }
    return std::move(frame->payload);
  }
}

Status LinkClient::ReadMemory(uint64_t address, std::span<std::byte> data) {
  while (!data.empty()) {
    const size_t count = std::min(data.size(), kMaxTransfer);
    NEURON_ASSIGN_OR_RETURN(
        const std::vector<std::byte> payload,
        Repeat(isa::LinkOp::kReadMemory, address, static_cast<uint32_t>(count), {}));
    if (payload.size() != count) {
      return Status(
          StatusCode::kDataCorrupt,
          fmt::format("the device answered {} bytes instead of {}", payload.size(), count));
    }
    std::memcpy(data.data(), payload.data(), count);
    data = data.subspan(count);
    address += count;
  }
  return OkStatus();
}

Status LinkClient::WriteMemory(uint64_t address, std::span<const std::byte> data) {
  while (!data.empty()) {
    const size_t count = std::min(data.size(), kMaxTransfer);
    const Result<std::vector<std::byte>> done =
        Repeat(isa::LinkOp::kWriteMemory, address, static_cast<uint32_t>(count), data.first(count));
    NEURON_RETURN_IF_ERROR(done.status());
    data = data.subspan(count);
    address += count;
  }
  return OkStatus();
}

Status LinkClient::ReadRegisters(uint32_t address, std::span<uint32_t> values) {
  const auto bytes = static_cast<uint32_t>(values.size_bytes());
  NEURON_ASSIGN_OR_RETURN(const std::vector<std::byte> payload,
                          Repeat(isa::LinkOp::kReadRegister, address, bytes, {}));
  if (payload.size() != bytes) {
    return Status(StatusCode::kDataCorrupt,
                  fmt::format("the device answered {} bytes instead of {}", payload.size(), bytes));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint32_t>(
        LoadLittleEndian(std::span(payload).subspan(i * sizeof(uint32_t), sizeof(uint32_t))));
  }
  return OkStatus();
}

Status LinkClient::WriteRegisters(uint32_t address, std::span<const uint32_t> values) {
  std::vector<std::byte> payload(values.size_bytes());
  for (size_t i = 0; i < values.size(); ++i) {
    StoreLittleEndian(std::span(payload).subspan(i * sizeof(uint32_t), sizeof(uint32_t)),
                      values[i]);
  }
  return Repeat(isa::LinkOp::kWriteRegister, address, static_cast<uint32_t>(payload.size()),
                payload)
      .status();
}

Status LinkClient::Doorbell(uint32_t core) {
  return Exchange(isa::LinkOp::kDoorbell, core, 0, {}).status();
}

Result<std::optional<LinkEvent>> LinkClient::WaitEvent(std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  while (events_.empty()) {
    NEURON_ASSIGN_OR_RETURN(std::optional<Frame> frame, NextFrame(deadline));
    if (!frame.has_value()) {
      return std::optional<LinkEvent>();
    }
    if (frame->header.op == isa::LinkOp::kEvent) {
      QueueEvent(*frame);
    }
  }
  const LinkEvent event = events_.front();
  events_.pop_front();
  return std::optional<LinkEvent>(event);
}

}  // namespace neuron::driver
