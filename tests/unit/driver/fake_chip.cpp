// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/driver/fake_chip.h"

#include <algorithm>
#include <array>

#include "base/crc32.h"

namespace neuron::testing {

using driver::LoadLittleEndian;
using driver::StoreLittleEndian;
using isa::LinkOp;
using isa::LinkStatus;

FakeChip::FakeChip() {
  const auto words = isa::CapabilityWords(*isa::FindConfig("sim"));
  for (uint32_t i = 0; i < words.size(); ++i) {
    registers[isa::kRegCapability + 4 * i] = words[i];
  }
}

void FakeChip::SendEvent(uint32_t core, uint32_t launch_id) {
  std::array<std::byte, 8> payload{};
  payload[0] = static_cast<std::byte>(core);
  StoreLittleEndian(std::span(payload).subspan(4, 4), launch_id);
  const std::vector<std::byte> frame =
      driver::EncodeResponse({.op = LinkOp::kEvent, .length = payload.size()}, payload);
  to_host.insert(to_host.end(), frame.begin(), frame.end());
}

void FakeChip::Take(std::span<const std::byte> bytes) {
  from_host_.insert(from_host_.end(), bytes.begin(), bytes.end());
  while (from_host_.size() >= driver::kRequestHeaderBytes) {
    const auto header = driver::DecodeRequestHeader(from_host_);
    if (!header.has_value()) {
      from_host_.erase(from_host_.begin());
      continue;
    }
    const bool write = header->op == LinkOp::kWriteMemory || header->op == LinkOp::kWriteRegister;
    const size_t size = write ? header->length + driver::kLinkCrcBytes : 0;
    if (from_host_.size() < driver::kRequestHeaderBytes + size) {
      return;
    }
    const std::vector<std::byte> frame(
        from_host_.begin(),
        from_host_.begin() + static_cast<ptrdiff_t>(driver::kRequestHeaderBytes + size));
    from_host_.erase(from_host_.begin(), from_host_.begin() + static_cast<ptrdiff_t>(frame.size()));
    const auto payload = std::span(frame).subspan(driver::kRequestHeaderBytes);
    const auto data = payload.first(write ? header->length : 0);
    if (write && LoadLittleEndian(payload.last(driver::kLinkCrcBytes)) != Crc32(data)) {
      Respond(*header, LinkStatus::kBadCrc, {});
      continue;
    }
    Execute(*header, data);
  }
}

void FakeChip::Execute(const driver::RequestHeader& header, std::span<const std::byte> payload) {
  ++requests;
  const uint64_t end = header.address + header.length;
  const auto at = static_cast<ptrdiff_t>(header.address);
  switch (header.op) {
    case LinkOp::kReadMemory:
    case LinkOp::kWriteMemory:
      if (end > memory.size()) {
        Respond(header, LinkStatus::kBadAddress, {});
      } else if (header.op == LinkOp::kWriteMemory) {
        std::copy(payload.begin(), payload.end(), memory.begin() + at);
        Respond(header, LinkStatus::kOk, {});
      } else {
        Respond(header, LinkStatus::kOk, std::span(memory).subspan(header.address, header.length));
      }
      return;
    case LinkOp::kReadRegister: {
      std::vector<std::byte> values(header.length);
      for (uint32_t i = 0; i < header.length; i += 4) {
        StoreLittleEndian(std::span(values).subspan(i, 4),
                          registers[static_cast<uint32_t>(header.address) + i]);
      }
      Respond(header, LinkStatus::kOk, values);
      return;
    }
    case LinkOp::kWriteRegister:
      for (uint32_t i = 0; i < header.length; i += 4) {
        registers[static_cast<uint32_t>(header.address) + i] =
            static_cast<uint32_t>(LoadLittleEndian(payload.subspan(i, 4)));
      }
      Respond(header, LinkStatus::kOk, {});
      return;
    case LinkOp::kDoorbell:
      if (on_doorbell) {
        on_doorbell(*this);
      }
      Respond(header, LinkStatus::kOk, {});
      return;
    case LinkOp::kResponse:
    case LinkOp::kEvent:
      break;
  }
  Respond(header, LinkStatus::kBadOp, {});
}

void FakeChip::Respond(const driver::RequestHeader& header, LinkStatus status,
                       std::span<const std::byte> payload) {
  if (drop_responses > 0) {
    --drop_responses;
    return;
  }
  std::vector<std::byte> frame =
      driver::EncodeResponse({.op = LinkOp::kResponse,
                              .tag = header.tag,
                              .status = status,
                              .length = static_cast<uint32_t>(payload.size())},
                             payload);
  if (corrupt_payloads > 0 && !payload.empty()) {
    --corrupt_payloads;
    frame[driver::kResponseHeaderBytes] ^= std::byte{1};
  }
  if (corrupt_headers > 0) {
    --corrupt_headers;
    frame[2] ^= std::byte{1};
  }
  to_host.insert(to_host.end(), noise.begin(), noise.end());
  noise.clear();
  to_host.insert(to_host.end(), frame.begin(), frame.end());
}

Status FakeStream::Send(std::span<const std::byte> data, std::chrono::milliseconds /*timeout*/) {
  if (chip_.lost) {
    return Status(StatusCode::kDeviceLost, "the fake chip was unplugged");
  }
  chip_.Take(data);
  return OkStatus();
}

Result<size_t> FakeStream::Receive(std::span<std::byte> buffer,
                                   std::chrono::milliseconds /*timeout*/) {
  if (chip_.lost) {
    return Status(StatusCode::kDeviceLost, "the fake chip was unplugged");
  }
  // Few bytes at a time, so that frames arrive in pieces.
  const size_t count = std::min({buffer.size(), chip_.to_host.size(), size_t{7}});
  std::copy_n(chip_.to_host.begin(), count, buffer.begin());
  chip_.to_host.erase(chip_.to_host.begin(), chip_.to_host.begin() + static_cast<ptrdiff_t>(count));
  return count;
}

}  // namespace neuron::testing
