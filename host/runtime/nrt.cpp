// SPDX-License-Identifier: Apache-2.0
// The C API: handles, arguments and status codes around Runtime, Model and Buffer.
#include "neuron/nrt.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "host/runtime/execution.h"
#include "host/runtime/model.h"
#include "host/runtime/runtime.h"

using neuron::OkStatus;
using neuron::Result;
using neuron::Status;
using neuron::StatusCode;
using neuron::ncx::TensorRole;
using neuron::runtime::Binding;
using neuron::runtime::Buffer;
using neuron::runtime::ExecuteOptions;
using neuron::runtime::Execution;
using neuron::runtime::ExecutionStats;
using neuron::runtime::Model;
using neuron::runtime::Runtime;
using neuron::runtime::State;
using neuron::runtime::TensorMap;

struct nrt_runtime {
  std::shared_ptr<Runtime> runtime;
};
struct nrt_model {
  std::shared_ptr<Model> model;
};
struct nrt_tensor {
  std::shared_ptr<Buffer> buffer;
};
struct nrt_tensor_set {
  TensorMap tensors;
};
struct nrt_state {
  std::shared_ptr<Model> model;
  std::shared_ptr<State> state;
};
struct nrt_execution {
  std::shared_ptr<Execution> execution;
};

namespace {

thread_local std::string last_error;

nrt_status ToC(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return NRT_SUCCESS;
    case StatusCode::kInvalidArgument:
      return NRT_INVALID_ARGUMENT;
    case StatusCode::kNotFound:
      return NRT_NOT_FOUND;
    case StatusCode::kUnsupported:
      return NRT_UNSUPPORTED;
    case StatusCode::kDataCorrupt:
      return NRT_DATA_CORRUPT;
    case StatusCode::kResourceExhausted:
      return NRT_RESOURCE_EXHAUSTED;
    case StatusCode::kFailedPrecondition:
      return NRT_FAILED_PRECONDITION;
    case StatusCode::kTimeout:
      return NRT_TIMEOUT;
    case StatusCode::kExecutionError:
      return NRT_EXECUTION_ERROR;
    case StatusCode::kDeviceLost:
      return NRT_DEVICE_LOST;
    case StatusCode::kIoError:
      return NRT_IO_ERROR;
    case StatusCode::kInternal:
      return NRT_INTERNAL;
    case StatusCode::kCancelled:
      return NRT_CANCELLED;
  }
  return NRT_INTERNAL;
}

nrt_status Finish(nrt_status status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (const std::exception&) {
    last_error.clear();
  }
  return status;
}

// Runs the body of an API function: no exception leaves it, and the thread's message is set.
template <typename Body>
nrt_status Guard(Body body) noexcept {
  try {
    const Status status = body();
    return Finish(ToC(status.code()), status.message().c_str());
  } catch (const std::bad_alloc&) {
    return Finish(NRT_RESOURCE_EXHAUSTED, "the host is out of memory");
  } catch (const std::exception& error) {
    return Finish(NRT_INTERNAL, error.what());
  }
}

template <typename... Pointers>
Status RequireNonNull(const char* names, Pointers... pointers) {
  if ((... || (pointers == nullptr))) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("a required argument is NULL; required are {}", names));
  }
  return OkStatus();
}

// Copies as much of `value` as the caller's structure has and keeps its struct_size.
template <typename T>
Status CopyOut(T value, T* target) {
  const size_t size = target->struct_size;
  if (size < sizeof(size_t)) {
    return Status(StatusCode::kInvalidArgument,
                  "struct_size is not set; set it to sizeof of the structure");
  }
  value.struct_size = size;
  std::memcpy(static_cast<void*>(target), &value, std::min(size, sizeof(T)));
  return OkStatus();
}

void CopyName(const std::string& from, char (&to)[NRT_MAX_NAME]) {
  const size_t count = std::min<size_t>(from.size(), NRT_MAX_NAME - 1);
  std::memcpy(to, from.data(), count);
  to[count] = '\0';
}

Status RoleOf(nrt_tensor_usage usage, TensorRole* role) {
  switch (usage) {
    case NRT_TENSOR_INPUT:
      *role = TensorRole::kInput;
      return OkStatus();
    case NRT_TENSOR_OUTPUT:
      *role = TensorRole::kOutput;
      return OkStatus();
    case NRT_TENSOR_STATE:
      *role = TensorRole::kState;
      return OkStatus();
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("no tensor usage {}", static_cast<int>(usage)));
}

Result<const neuron::ncx::Tensor*> FindTensor(const Model& model, nrt_tensor_usage usage,
                                              size_t index) {
  TensorRole role{};
  NEURON_RETURN_IF_ERROR(RoleOf(usage, &role));
  const auto& tensors = model.tensors(role);
  if (index >= tensors.size()) {
    return Status(StatusCode::kNotFound,
                  fmt::format("tensor {} of {} does not exist", index, tensors.size()));
  }
  return tensors[index];
}

Status DescribeTensor(const neuron::ncx::Tensor& tensor, nrt_tensor_usage usage,
                      nrt_tensor_info* target) {
  if (tensor.shape.size() > NRT_MAX_DIMS) {
    return Status(StatusCode::kUnsupported,
                  fmt::format("tensor '{}' has {} dimensions", tensor.name, tensor.shape.size()));
  }
  nrt_tensor_info info{};
  CopyName(tensor.name, info.name);
  info.usage = usage;
  info.dtype = static_cast<nrt_dtype>(tensor.type);
  info.rank = static_cast<uint32_t>(tensor.shape.size());
  std::copy(tensor.shape.begin(), tensor.shape.end(), info.shape);
  NEURON_ASSIGN_OR_RETURN(info.size, neuron::ncx::TensorBytes(tensor.type, tensor.shape));
  if (tensor.scale.size() == 1) {
    info.quantized = 1;
    info.scale = tensor.scale[0];
    info.zero_point = tensor.zero_point[0];
  }
  return CopyOut(info, target);
}

Result<ExecuteOptions> OptionsOf(const Model& model, const nrt_execute_options* options) {
  nrt_execute_options given{};
  if (options != nullptr) {
    std::memcpy(&given, options, std::min(options->struct_size, sizeof(given)));
  }
  constexpr uint64_t kLongest = 1000ULL * 3600 * 24 * 365;  // ms; keeps clock arithmetic in range
  const uint64_t timeout = given.timeout_ms != 0 ? given.timeout_ms : NRT_DEFAULT_TIMEOUT_MS;
  if (given.state != nullptr && given.state->model.get() != &model) {
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("the state is of model '{}' as loaded elsewhere; allocate one of the "
                    "model that is executed, '{}'",
                    given.state->model->package().model_name, model.package().model_name));
  }
  ExecuteOptions result;
  result.timeout = std::chrono::milliseconds(std::min(timeout, kLongest));
  result.watchdog_cycles =
      given.watchdog_cycles != 0 ? given.watchdog_cycles : NRT_DEFAULT_WATCHDOG_CYCLES;
  result.state = given.state == nullptr ? nullptr : given.state->state;
  return result;
}

nrt_execution_stats ToC(const ExecutionStats& from, uint64_t partitions) {
  using neuron::isa::Counter;
  nrt_execution_stats to{};
  to.cycles = from.cycles;
  to.cycles_measured = from.cycles_measured ? 1 : 0;
  to.launches = from.launches;
  to.host_operators = from.host_operators;
  to.sticky = from.sticky;
  to.macs = from.macs;
  const double peak =
      static_cast<double>(partitions * partitions) * static_cast<double>(from.cycles);
  to.utilization = peak > 0 ? static_cast<double>(from.macs) / peak : 0;
  to.device_seconds = from.device_seconds;
  to.host_seconds = from.host_seconds;
  to.total_seconds = from.total_seconds;
  to.simulated_khz =
      from.device_seconds > 0 ? static_cast<double>(from.cycles) / from.device_seconds / 1000 : 0;
  to.findings = static_cast<uint32_t>(from.findings.size());
  to.weights_resident = from.weights_resident ? 1 : 0;
  static_assert(NRT_NUM_QUEUES == neuron::isa::kNumQueues);
  for (size_t i = 0; i < NRT_NUM_QUEUES; ++i) {
    const auto counter = [&](Counter which) {
      return from.counters[i][static_cast<size_t>(which)];
    };
    to.queue[i] = {.busy = counter(Counter::kBusy),
                   .stall_semaphore = counter(Counter::kStallSemaphore),
                   .stall_bank = counter(Counter::kStallBank),
                   .stall_fetch = counter(Counter::kStallFetch),
                   .stall_memory = counter(Counter::kStallMemory),
                   .instructions = counter(Counter::kInstructions),
                   .bytes_read = counter(Counter::kBytesRead),
                   .bytes_written = counter(Counter::kBytesWritten)};
    to.dram_bytes_read += to.queue[i].bytes_read;
    to.dram_bytes_written += to.queue[i].bytes_written;
  }
  return to;
}

}  // namespace

extern "C" {

const char* nrt_status_name(nrt_status status) {
  switch (status) {
    case NRT_SUCCESS:
      return "NRT_SUCCESS";
    case NRT_INVALID_ARGUMENT:
      return "NRT_INVALID_ARGUMENT";
    case NRT_NOT_FOUND:
      return "NRT_NOT_FOUND";
    case NRT_UNSUPPORTED:
      return "NRT_UNSUPPORTED";
    case NRT_DATA_CORRUPT:
      return "NRT_DATA_CORRUPT";
    case NRT_RESOURCE_EXHAUSTED:
      return "NRT_RESOURCE_EXHAUSTED";
    case NRT_FAILED_PRECONDITION:
      return "NRT_FAILED_PRECONDITION";
    case NRT_TIMEOUT:
      return "NRT_TIMEOUT";
    case NRT_EXECUTION_ERROR:
      return "NRT_EXECUTION_ERROR";
    case NRT_DEVICE_LOST:
      return "NRT_DEVICE_LOST";
    case NRT_IO_ERROR:
      return "NRT_IO_ERROR";
    case NRT_INTERNAL:
      return "NRT_INTERNAL";
    case NRT_NOT_READY:
      return "NRT_NOT_READY";
    case NRT_CANCELLED:
      return "NRT_CANCELLED";
  }
  return "NRT_UNKNOWN_STATUS";
}

const char* nrt_last_error(void) { return last_error.c_str(); }

nrt_status nrt_get_version(nrt_version* version) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("version", version));
    return CopyOut(nrt_version{.struct_size = 0,
                               .major = NRT_VERSION_MAJOR,
                               .minor = NRT_VERSION_MINOR,
                               .patch = NRT_VERSION_PATCH,
                               .isa_version = neuron::isa::kIsaVersion,
                               .isa_hash = neuron::isa::kIsaHash},
                   version);
  });
}

nrt_status nrt_init(const char* device, nrt_runtime** runtime) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("runtime", runtime));
    *runtime = nullptr;
    NEURON_ASSIGN_OR_RETURN(std::shared_ptr<Runtime> opened,
                            Runtime::Open(device == nullptr ? "" : device));
    *runtime = new nrt_runtime{std::move(opened)};
    return OkStatus();
  });
}

nrt_status nrt_close(nrt_runtime* runtime) {
  return Guard([&] {
    if (runtime != nullptr) {
      runtime->runtime->Close();
      delete runtime;
    }
    return OkStatus();
  });
}

nrt_status nrt_get_device_info(nrt_runtime* runtime, nrt_device_info* info) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("runtime, info", runtime, info));
    const neuron::driver::DeviceInfo& device = runtime->runtime->info();
    nrt_device_info result{};
    CopyName(device.description, result.description);
    CopyName(device.configuration, result.configuration);
    result.isa_version = device.isa_version;
    result.isa_hash = device.isa_hash;
    result.cores = device.cores;
    result.partitions = device.config.p;
    result.dram_bytes = device.dram_bytes;
    result.dram_free_bytes = runtime->runtime->free_bytes();
    result.measures_cycles = device.measures_cycles ? 1 : 0;
    return CopyOut(result, info);
  });
}

nrt_status nrt_load(nrt_runtime* runtime, const void* bytes, size_t size, nrt_model** model) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("runtime, bytes, model", runtime, bytes, model));
    *model = nullptr;
    NEURON_ASSIGN_OR_RETURN(
        std::shared_ptr<Model> loaded,
        Model::Load(runtime->runtime, {static_cast<const std::byte*>(bytes), size}));
    *model = new nrt_model{std::move(loaded)};
    return OkStatus();
  });
}

nrt_status nrt_load_file(nrt_runtime* runtime, const char* path, nrt_model** model) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("runtime, path, model", runtime, path, model));
    *model = nullptr;
    NEURON_ASSIGN_OR_RETURN(std::shared_ptr<Model> loaded, Model::LoadFile(runtime->runtime, path));
    *model = new nrt_model{std::move(loaded)};
    return OkStatus();
  });
}

nrt_status nrt_unload(nrt_model* model) {
  return Guard([&] {
    delete model;
    return OkStatus();
  });
}

nrt_status nrt_get_model_info(nrt_model* model, nrt_model_info* info) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, info", model, info));
    const neuron::ncx::PackageData& package = model->model->package();
    nrt_model_info result{};
    CopyName(package.model_name, result.name);
    CopyName(package.configuration, result.configuration);
    for (const neuron::ncx::Step& step : package.steps) {
      if (step.kind == neuron::ncx::StepKind::kHost) {
        result.host_operators += 1;
        continue;
      }
      result.launches += 1;
      result.macs += package.launches[step.index].macs;
      result.estimated_cycles += package.launches[step.index].estimated_cycles;
    }
    result.device_bytes = model->model->device_bytes();
    result.resident_bytes = neuron::ncx::ResidentBytes(package);
    return CopyOut(result, info);
  });
}

nrt_status nrt_get_model_tensor_count(nrt_model* model, nrt_tensor_usage usage, size_t* count) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, count", model, count));
    TensorRole role{};
    NEURON_RETURN_IF_ERROR(RoleOf(usage, &role));
    *count = model->model->tensors(role).size();
    return OkStatus();
  });
}

nrt_status nrt_get_model_tensor_info(nrt_model* model, nrt_tensor_usage usage, size_t index,
                                     nrt_tensor_info* info) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, info", model, info));
    NEURON_ASSIGN_OR_RETURN(const neuron::ncx::Tensor* tensor,
                            FindTensor(*model->model, usage, index));
    return DescribeTensor(*tensor, usage, info);
  });
}

nrt_status nrt_allocate_tensor(nrt_runtime* runtime, size_t size, nrt_tensor** tensor) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("runtime, tensor", runtime, tensor));
    *tensor = nullptr;
    NEURON_ASSIGN_OR_RETURN(std::shared_ptr<Buffer> buffer,
                            Buffer::Allocate(runtime->runtime, size));
    *tensor = new nrt_tensor{std::move(buffer)};
    return OkStatus();
  });
}

nrt_status nrt_free_tensor(nrt_tensor* tensor) {
  return Guard([&] {
    delete tensor;
    return OkStatus();
  });
}

nrt_status nrt_tensor_size(nrt_tensor* tensor, size_t* size) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("tensor, size", tensor, size));
    *size = tensor->buffer->bytes();
    return OkStatus();
  });
}

nrt_status nrt_tensor_write(nrt_tensor* tensor, const void* data, size_t offset, size_t size) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("tensor, data", tensor, data));
    return tensor->buffer->Write(offset, {static_cast<const std::byte*>(data), size});
  });
}

nrt_status nrt_tensor_read(nrt_tensor* tensor, void* data, size_t offset, size_t size) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("tensor, data", tensor, data));
    return tensor->buffer->Read(offset, {static_cast<std::byte*>(data), size});
  });
}

nrt_status nrt_allocate_state(nrt_model* model, nrt_state** state) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, state", model, state));
    *state = nullptr;
    NEURON_ASSIGN_OR_RETURN(std::shared_ptr<State> allocated,
                            State::Allocate(model->model->runtime(), model->model->package()));
    *state = new nrt_state{model->model, std::move(allocated)};
    return OkStatus();
  });
}

nrt_status nrt_get_model_state(nrt_model* model, nrt_state** state) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, state", model, state));
    *state = new nrt_state{model->model, model->model->state()};
    return OkStatus();
  });
}

nrt_status nrt_free_state(nrt_state* state) {
  return Guard([&] {
    delete state;
    return OkStatus();
  });
}

nrt_status nrt_state_reset(nrt_state* state) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("state", state));
    return state->state->Reset();
  });
}

nrt_status nrt_state_read(nrt_state* state, size_t index, void* data, size_t offset, size_t size) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("state, data", state, data));
    NEURON_ASSIGN_OR_RETURN(const neuron::ncx::Tensor* tensor,
                            FindTensor(*state->model, NRT_TENSOR_STATE, index));
    return state->state->Read(*tensor, offset, {static_cast<std::byte*>(data), size});
  });
}

nrt_status nrt_state_write(nrt_state* state, size_t index, const void* data, size_t offset,
                           size_t size) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("state, data", state, data));
    NEURON_ASSIGN_OR_RETURN(const neuron::ncx::Tensor* tensor,
                            FindTensor(*state->model, NRT_TENSOR_STATE, index));
    return state->state->Write(*tensor, offset, {static_cast<const std::byte*>(data), size});
  });
}

nrt_status nrt_allocate_tensor_set(nrt_tensor_set** set) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("set", set));
    *set = new nrt_tensor_set{};
    return OkStatus();
  });
}

nrt_status nrt_free_tensor_set(nrt_tensor_set* set) {
  return Guard([&] {
    delete set;
    return OkStatus();
  });
}

nrt_status nrt_add_tensor_to_set(nrt_tensor_set* set, const char* name, nrt_tensor* tensor) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("set, name, tensor", set, name, tensor));
    set->tensors[name] = tensor->buffer;
    return OkStatus();
  });
}

nrt_status nrt_execute(nrt_model* model, nrt_tensor_set* inputs, nrt_tensor_set* outputs,
                       const nrt_execute_options* options) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, inputs, outputs", model, inputs, outputs));
    NEURON_ASSIGN_OR_RETURN(const ExecuteOptions given, OptionsOf(*model->model, options));
    NEURON_ASSIGN_OR_RETURN(const Binding binding,
                            model->model->Bind(inputs->tensors, outputs->tensors));
    return model->model->Execute(binding, given);
  });
}

nrt_status nrt_execute_async(nrt_model* model, nrt_tensor_set* inputs, nrt_tensor_set* outputs,
                             const nrt_execute_options* options, nrt_execution** execution) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(
        RequireNonNull("model, inputs, outputs, execution", model, inputs, outputs, execution));
    *execution = nullptr;
    NEURON_ASSIGN_OR_RETURN(ExecuteOptions given, OptionsOf(*model->model, options));
    NEURON_ASSIGN_OR_RETURN(Binding binding, model->model->Bind(inputs->tensors, outputs->tensors));
    NEURON_ASSIGN_OR_RETURN(std::shared_ptr<Execution> started,
                            Execution::Start(model->model, std::move(binding), std::move(given)));
    *execution = new nrt_execution{std::move(started)};
    return OkStatus();
  });
}

nrt_status nrt_wait(nrt_execution* execution, uint64_t timeout_ms) {
  if (execution == nullptr) {
    return Finish(NRT_INVALID_ARGUMENT, "a required argument is NULL; required are execution");
  }
  constexpr uint64_t kLongest = 1000ULL * 3600 * 24 * 365;
  bool finished = false;
  const nrt_status status = Guard([&] {
    const auto timeout = std::chrono::milliseconds(std::min(timeout_ms, kLongest));
    const std::optional<Status> result = execution->execution->Wait(timeout);
    finished = result.has_value();
    return result.value_or(OkStatus());
  });
  return finished || status != NRT_SUCCESS
             ? status
             : Finish(NRT_NOT_READY, "the execution has not ended yet; wait again");
}

nrt_status nrt_cancel(nrt_execution* execution) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("execution", execution));
    execution->execution->Cancel();
    return OkStatus();
  });
}

nrt_status nrt_free_execution(nrt_execution* execution) {
  return Guard([&] {
    delete execution;
    return OkStatus();
  });
}

nrt_status nrt_get_execution_stats(nrt_model* model, nrt_execution_stats* stats) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, stats", model, stats));
    return CopyOut(ToC(model->model->last_stats(), model->model->runtime()->info().config.p),
                   stats);
  });
}

nrt_status nrt_get_execution_findings(nrt_model* model, char* text, size_t size, size_t* needed) {
  return Guard([&] {
    NEURON_RETURN_IF_ERROR(RequireNonNull("model, needed", model, needed));
    std::string all;
    for (const std::string& finding : model->model->last_stats().findings) {
      all += finding + '\n';
    }
    *needed = all.size() + 1;
    if (text != nullptr && size != 0) {
      const size_t count = std::min(all.size(), size - 1);
      std::memcpy(text, all.data(), count);
      text[count] = '\0';
    }
    return OkStatus();
  });
}

}  // extern "C"
