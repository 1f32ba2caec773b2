// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/runtime.h"

#include <fmt/core.h>

#include <cstdlib>
#include <vector>

#include "driver/plugin.h"

namespace neuron::runtime {

Result<std::shared_ptr<Runtime>> Runtime::Open(const std::string& uri) {
  const char* variable = std::getenv("NEURON_DEVICE");
  std::string name = uri;
  if (name.empty()) {
    name = variable != nullptr && *variable != '\0' ? variable : "functional";
  }
  NEURON_ASSIGN_OR_RETURN(std::unique_ptr<driver::Device> device, driver::OpenDevice(name));
  return std::shared_ptr<Runtime>(new Runtime(std::move(device), std::move(name)));
}

Runtime::Runtime(std::unique_ptr<driver::Device> device, std::string uri)
    : uri_(std::move(uri)),
      info_(device->info()),
      device_(std::move(device)),
      allocator_(info_.dram_bytes) {}

Runtime::~Runtime() { Close(); }

void Runtime::Close() {
  std::thread worker;
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->closing = true;
    worker = std::move(worker_);
  }
  queue_->arrived.notify_all();
  if (worker.joinable() && worker.get_id() == std::this_thread::get_id()) {
    worker.detach();  // the last owner was a piece of work: this thread ends by itself
  } else if (worker.joinable()) {
    worker.join();
  }
  const std::lock_guard lock(device_mutex_);
  device_.reset();
}

uint64_t Runtime::free_bytes() const {
  const std::lock_guard lock(memory_mutex_);
  return allocator_.free_bytes();
}

Status Runtime::WithDevice(const std::function<Status(driver::Device&)>& use) {
  const std::lock_guard lock(device_mutex_);
  if (device_ == nullptr) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("the device '{}' was closed", uri_));
  }
  return use(*device_);
}

Result<uint64_t> Runtime::Allocate(uint64_t bytes) {
  const std::lock_guard lock(memory_mutex_);
  return allocator_.Allocate(bytes);
}

void Runtime::Free(uint64_t address) {
  const std::lock_guard lock(memory_mutex_);
  allocator_.Free(address);
}

Status Runtime::Submit(std::function<void()> work) {
  const std::lock_guard lock(queue_->mutex);
  if (queue_->closing) {
    return Status(StatusCode::kFailedPrecondition, fmt::format("the device '{}' was closed", uri_));
  }
  queue_->work.push_back(std::move(work));
  if (!worker_.joinable()) {
    worker_ = std::thread(&Runtime::Work, queue_);
  }
  queue_->arrived.notify_one();
  return OkStatus();
}

void Runtime::Work(const std::shared_ptr<WorkQueue>& queue) {
  std::unique_lock lock(queue->mutex);
  while (true) {
    queue->arrived.wait(lock, [&] { return queue->closing || !queue->work.empty(); });
    if (queue->work.empty()) {
      return;
    }
    std::function<void()> work = std::move(queue->work.front());
    queue->work.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // may be the last owner of the runtime
    lock.lock();
  }
}

Result<std::shared_ptr<Buffer>> Buffer::Allocate(std::shared_ptr<Runtime> runtime, uint64_t bytes) {
  NEURON_ASSIGN_OR_RETURN(const uint64_t address, runtime->Allocate(bytes));
  std::shared_ptr<Buffer> buffer(new Buffer(std::move(runtime), address, bytes));
  NEURON_RETURN_IF_ERROR(buffer->Clear());
  return buffer;
}

Buffer::Buffer(std::shared_ptr<Runtime> runtime, uint64_t address, uint64_t bytes)
    : runtime_(std::move(runtime)), address_(address), bytes_(bytes) {}

Buffer::~Buffer() { runtime_->Free(address_); }

Status Buffer::CheckRange(uint64_t offset, uint64_t size) const {
  if (offset > bytes_ || size > bytes_ - offset) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{} bytes at offset {} are outside the tensor of {} bytes", size,
                              offset, bytes_));
  }
  return OkStatus();
}

Status Buffer::Write(uint64_t offset, std::span<const std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckRange(offset, data.size()));
  return runtime_->WithDevice(
      [&](driver::Device& device) { return device.WriteMemory(address_ + offset, data); });
}

Status Buffer::Read(uint64_t offset, std::span<std::byte> data) {
  NEURON_RETURN_IF_ERROR(CheckRange(offset, data.size()));
  return runtime_->WithDevice(
      [&](driver::Device& device) { return device.ReadMemory(address_ + offset, data); });
}

Status Buffer::Clear() {
  const std::vector<std::byte> zeros(capacity());
  return runtime_->WithDevice(
      [&](driver::Device& device) { return device.WriteMemory(address_, zeros); });
}

}  // namespace neuron::runtime
