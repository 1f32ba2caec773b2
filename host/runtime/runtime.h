// SPDX-License-Identifier: Apache-2.0
// An open device with its memory and its queue of asynchronous work.
#ifndef NEURON_HOST_RUNTIME_RUNTIME_H_
#define NEURON_HOST_RUNTIME_RUNTIME_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "base/status.h"
#include "driver/device.h"
#include "host/runtime/allocator.h"

namespace neuron::runtime {

// Thread-safe. Held by everything that lives on the device; Close ends the device at once, and what
// still refers to it then fails with kFailedPrecondition.
class Runtime {
 public:
  // `uri` empty: NEURON_DEVICE, or "functional".
  static Result<std::shared_ptr<Runtime>> Open(const std::string& uri);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Finishes queued work and closes the device.
  void Close();

  const driver::DeviceInfo& info() const { return info_; }
  const std::string& uri() const { return uri_; }
  uint64_t free_bytes() const;

  // Calls `use` with the device, alone. kFailedPrecondition after Close.
  Status WithDevice(const std::function<Status(driver::Device&)>& use);

  // The model whose constants the core's SBUF holds, by its id; kNoModel when that is not known.
  // For those who have the device, inside WithDevice. Whatever runs on the core must set it.
  static constexpr uint64_t kNoModel = 0;
  uint64_t resident_model() const { return resident_model_; }
  void set_resident_model(uint64_t id) { resident_model_ = id; }
  // An id that no other model of this runtime has, nor had.
  uint64_t NewModelId() { return ++last_model_; }

  Result<uint64_t> Allocate(uint64_t bytes);
  void Free(uint64_t address);

  // Runs `work` on the worker thread, after everything submitted earlier. `work` must not throw.
  Status Submit(std::function<void()> work);

 private:
  // Shared with the worker thread, which may outlive the runtime by the end of its last work.
  struct WorkQueue {
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<std::function<void()>> work;
    bool closing = false;
  };

  Runtime(std::unique_ptr<driver::Device> device, std::string uri);
  static void Work(const std::shared_ptr<WorkQueue>& queue);

  const std::string uri_;
  const driver::DeviceInfo info_;

  std::mutex device_mutex_;
  std::unique_ptr<driver::Device> device_;  // null after Close
  uint64_t resident_model_ = kNoModel;      // guarded by device_mutex_
  std::atomic<uint64_t> last_model_ = kNoModel;

  mutable std::mutex memory_mutex_;
  Allocator allocator_;

  const std::shared_ptr<WorkQueue> queue_ = std::make_shared<WorkQueue>();
  std::thread worker_;  // started with the first submission; guarded by queue_->mutex
};

// A piece of device memory, freed with its last owner.
class Buffer {
 public:
  // Zero-filled.
  static Result<std::shared_ptr<Buffer>> Allocate(std::shared_ptr<Runtime> runtime, uint64_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  const std::shared_ptr<Runtime>& runtime() const { return runtime_; }
  uint64_t address() const { return address_; }
  uint64_t bytes() const { return bytes_; }
  // What may be addressed: bytes() rounded up to the allocator's unit.
  uint64_t capacity() const { return Allocator::RoundUp(bytes_); }

  // kInvalidArgument outside the buffer.
  Status Write(uint64_t offset, std::span<const std::byte> data);
  Status Read(uint64_t offset, std::span<std::byte> data);
  Status Clear();

 private:
  Buffer(std::shared_ptr<Runtime> runtime, uint64_t address, uint64_t bytes);
  Status CheckRange(uint64_t offset, uint64_t size) const;

  std::shared_ptr<Runtime> runtime_;
  uint64_t address_;
  uint64_t bytes_;
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_RUNTIME_H_
