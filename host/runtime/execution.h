// SPDX-License-Identifier: Apache-2.0
// One asynchronous execution of a model.
#ifndef NEURON_HOST_RUNTIME_EXECUTION_H_
#define NEURON_HOST_RUNTIME_EXECUTION_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "host/runtime/model.h"

namespace neuron::runtime {

// Thread-safe. The execution goes on when its last handle is dropped.
class Execution {
 public:
  // Queues the execution on the model's runtime. `binding` comes from Model::Bind.
  static Result<std::shared_ptr<Execution>> Start(const std::shared_ptr<Model>& model,
                                                  Binding binding, ExecuteOptions options);

  // The execution's status, or nullopt when it has not ended within `timeout`.
  std::optional<Status> Wait(std::chrono::milliseconds timeout);

  // Ends the execution with kCancelled unless it has ended: at once when it has not begun, else as
  // soon as the device has stopped its launch.
  void Cancel();

 private:
  void Finish(Status status);

  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  std::mutex mutex_;
  std::condition_variable ended_;
  bool begun_ = false;
  std::optional<Status> status_;
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_EXECUTION_H_
