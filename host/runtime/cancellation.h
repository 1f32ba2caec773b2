// SPDX-License-Identifier: Apache-2.0
// A request, from any thread, to end an execution early.
#ifndef NEURON_HOST_RUNTIME_CANCELLATION_H_
#define NEURON_HOST_RUNTIME_CANCELLATION_H_

#include <mutex>

#include "base/status.h"
#include "driver/device.h"

namespace neuron::runtime {

// Shared by an execution and those who may cancel it. Thread-safe.
class Cancellation {
 public:
  // No launch starts afterwards, and one that runs is stopped.
  void Request() {
    const std::lock_guard lock(mutex_);
    requested_ = true;
    if (running_ != nullptr) {
      // Wait tells the execution what became of the launch.
      static_cast<void>(running_->Abort(0));
    }
  }
  bool requested() const {
    const std::lock_guard lock(mutex_);
    return requested_;
  }

  // Starts a launch that Request can stop; Ended must follow. kCancelled when that was requested.
  Status Launch(driver::Device& device, const driver::LaunchDescriptor& launch) {
    const std::lock_guard lock(mutex_);
    if (requested_) {
      return Status(StatusCode::kCancelled, "the execution was cancelled");
    }
    NEURON_RETURN_IF_ERROR(device.Launch(0, launch));
    running_ = &device;
    return OkStatus();
  }
  void Ended() {
    const std::lock_guard lock(mutex_);
    running_ = nullptr;
  }

 private:
  mutable std::mutex mutex_;
  bool requested_ = false;
  driver::Device* running_ = nullptr;  // has a launch of this execution
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_CANCELLATION_H_
