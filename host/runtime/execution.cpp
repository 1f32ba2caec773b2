// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/execution.h"

#include <exception>

namespace neuron::runtime {
namespace {

// Execute, with what the host's libraries throw as a status: nothing may leave the worker thread.
Status ExecuteGuarded(Model& model, const std::vector<std::shared_ptr<Buffer>>& segments,
                      const ExecuteOptions& options) noexcept {
  try {
    return model.Execute(segments, options);
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "the host is out of memory");
  } catch (const std::exception& error) {
    return Status(StatusCode::kInternal, error.what());
  }
}

}  // namespace

Result<std::shared_ptr<Execution>> Execution::Start(const std::shared_ptr<Model>& model,
                                                    std::vector<std::shared_ptr<Buffer>> segments,
                                                    const ExecuteOptions& options) {
  auto execution = std::make_shared<Execution>();
  NEURON_RETURN_IF_ERROR(
      model->runtime()->Submit([execution, model, segments = std::move(segments), options] {
        Status status = ExecuteGuarded(*model, segments, options);
        const std::lock_guard lock(execution->mutex_);
        execution->status_ = std::move(status);
        execution->ended_.notify_all();
      }));
  return execution;
}

std::optional<Status> Execution::Wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, timeout, [this] { return status_.has_value(); });
  return status_;
}

}  // namespace neuron::runtime
