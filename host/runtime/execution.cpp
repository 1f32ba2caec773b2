// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/execution.h"

#include <exception>

namespace neuron::runtime {
namespace {

// Execute, with what the host's libraries throw as a status: nothing may leave the worker thread.
Status ExecuteGuarded(Model& model, const Binding& binding,
                      const ExecuteOptions& options) noexcept {
  try {
    return model.Execute(binding, options);
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "the host is out of memory");
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, error.what());
  }
}

}  // namespace

Result<std::shared_ptr<Execution>> Execution::Start(const std::shared_ptr<Model>& model,
                                                    Binding binding, ExecuteOptions options) {
  auto execution = std::make_shared<Execution>();
  options.cancellation = execution->cancellation_;
  NEURON_RETURN_IF_ERROR(model->runtime()->Submit(
      [execution, model, binding = std::move(binding), options = std::move(options)] {
        {
          const std::lock_guard lock(execution->mutex_);
          if (execution->status_.has_value()) {
            return;  // cancelled while it waited
          }
          execution->begun_ = true;
        }
        execution->Finish(ExecuteGuarded(*model, binding, options));
      }));
  return execution;
}

void Execution::Finish(Status status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  ended_.notify_all();
}

std::optional<Status> Execution::Wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, timeout, [this] { return status_.has_value(); });
  return status_;
}

void Execution::Cancel() {
  {
    const std::lock_guard lock(mutex_);
    if (status_.has_value()) {
      return;
    }
    if (!begun_) {
      status_ = Status(StatusCode::kCancelled, "the execution was cancelled before it began");
      ended_.notify_all();
      return;
    }
  }
  cancellation_->Request();
}

}  // namespace neuron::runtime
