// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/state.h"

#include <fmt/core.h>

namespace neuron::runtime {
namespace {

Status CheckRange(const ncx::Tensor& tensor, uint64_t offset, uint64_t size) {
  NEURON_ASSIGN_OR_RETURN(const uint64_t bytes, ncx::TensorBytes(tensor.type, tensor.shape));
  if (offset > bytes || size > bytes - offset) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} bytes at offset {} are outside state '{}' of {} bytes", size,
                              offset, tensor.name, bytes));
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<State>> State::Allocate(const std::shared_ptr<Runtime>& runtime,
                                               const ncx::PackageData& package) {
  std::shared_ptr<State> state(new State(runtime));
  state->buffers_.resize(package.segments.size());
  for (size_t i = 0; i < package.segments.size(); ++i) {
    const ncx::Segment& segment = package.segments[i];
    const bool next = segment.kind == ncx::SegmentKind::kNextState;
    if (next) {
      state->exchanged_.push_back(i - 1);
    }
    if (next || segment.kind == ncx::SegmentKind::kState) {
      NEURON_ASSIGN_OR_RETURN(state->buffers_[i], Buffer::Allocate(runtime, segment.bytes));
    }
  }
  return state;
}

Status State::Reset() {
  return runtime_->WithDevice([&](driver::Device& device) {
    for (const std::shared_ptr<Buffer>& buffer : buffers_) {
      if (buffer != nullptr) {
        const std::vector<std::byte> zeros(buffer->capacity());
        NEURON_RETURN_IF_ERROR(device.WriteMemory(buffer->address(), zeros));
      }
    }
    return OkStatus();
  });
}

Status State::Read(const ncx::Tensor& tensor, uint64_t offset, std::span<std::byte> data) const {
  NEURON_RETURN_IF_ERROR(CheckRange(tensor, offset, data.size()));
  return runtime_->WithDevice([&](driver::Device& device) {
    return device.ReadMemory(buffers_[tensor.segment]->address() + tensor.offset + offset, data);
  });
}

Status State::Write(const ncx::Tensor& tensor, uint64_t offset, std::span<const std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckRange(tensor, offset, data.size()));
  return runtime_->WithDevice([&](driver::Device& device) {
    return device.WriteMemory(buffers_[tensor.segment]->address() + tensor.offset + offset, data);
  });
}

uint64_t State::device_bytes() const {
  uint64_t bytes = 0;
  for (const std::shared_ptr<Buffer>& buffer : buffers_) {
    bytes += buffer == nullptr ? 0 : buffer->capacity();
  }
  return bytes;
}

void State::Bind(std::vector<std::shared_ptr<Buffer>>& segments) const {
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (buffers_[i] != nullptr) {
      segments[i] = buffers_[i];
    }
  }
}

void State::Advance() {
  for (const size_t segment : exchanged_) {
    std::swap(buffers_[segment], buffers_[segment + 1]);
  }
}

}  // namespace neuron::runtime
