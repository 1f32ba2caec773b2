// SPDX-License-Identifier: Apache-2.0
// libnrt for C++17 and later: owning handles and values over nrt.h, header only.
//
//   auto runtime = nrt::Runtime::Open("functional");
//   if (!runtime.ok()) { std::cerr << runtime.status().message(); return; }
//   auto model = runtime->LoadFile("model.ncx");
//   auto input = runtime->Allocate(model->inputs()[0].size);
//   ...
//   nrt::Status status = model->Execute({{"x", &*input}}, {{"y", &*output}});
//
// Nothing throws but what the standard library throws when memory ends. Objects may be moved, not
// copied, and used from any thread; each keeps what it depends on alive. A moved-from object may
// only be destroyed or assigned to.
#ifndef NEURON_NRT_HPP_
#define NEURON_NRT_HPP_

#include <neuron/nrt.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nrt {

// What a call answered: a code of nrt.h and, unless it succeeded, an explanation.
class [[nodiscard]] Status {
 public:
  Status() = default;
  // The outcome of a C call of this thread, with nrt_last_error() as its message.
  explicit Status(nrt_status code)
      : code_(code), message_(code == NRT_SUCCESS ? "" : nrt_last_error()) {}

  bool ok() const { return code_ == NRT_SUCCESS; }
  nrt_status code() const { return code_; }
  const char* name() const { return nrt_status_name(code_); }
  const std::string& message() const { return message_; }

 private:
  nrt_status code_ = NRT_SUCCESS;
  std::string message_;
};

// A T, or the Status that explains its absence. Use the value only when ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status() : *std::get_if<Status>(&state_); }
  T& operator*() { return *std::get_if<T>(&state_); }
  const T& operator*() const { return *std::get_if<T>(&state_); }
  T* operator->() { return std::get_if<T>(&state_); }
  const T* operator->() const { return std::get_if<T>(&state_); }

 private:
  std::variant<T, Status> state_;
};

// One input, output or state tensor of a model.
struct TensorInfo {
  std::string name;
  nrt_tensor_usage usage = NRT_TENSOR_INPUT;
  nrt_dtype dtype = NRT_DTYPE_FLOAT32;
  std::vector<int64_t> shape;
  size_t size = 0;         // bytes
  bool quantized = false;  // real = (stored - zero_point) * scale
  float scale = 1.0F;
  int32_t zero_point = 0;
};

namespace internal {
using RuntimeHandle = std::shared_ptr<nrt_runtime>;

inline TensorInfo Convert(const nrt_tensor_info& info) {
  TensorInfo result;
  result.name = info.name;
  result.usage = info.usage;
  result.dtype = info.dtype;
  result.shape.assign(info.shape, info.shape + info.rank);
  result.size = info.size;
  result.quantized = info.quantized != 0;
  result.scale = info.scale;
  result.zero_point = info.zero_point;
  return result;
}
}  // namespace internal

// Device memory.
class Tensor {
 public:
  size_t size() const {
    size_t size = 0;
    return nrt_tensor_size(handle_.get(), &size) == NRT_SUCCESS ? size : 0;
  }
  Status Write(const void* data, size_t size, size_t offset = 0) {
    return Status(nrt_tensor_write(handle_.get(), data, offset, size));
  }
  Status Read(void* data, size_t size, size_t offset = 0) const {
    return Status(nrt_tensor_read(handle_.get(), data, offset, size));
  }
  template <typename T>
  Status Write(const std::vector<T>& values) {
    return Write(values.data(), values.size() * sizeof(T));
  }
  // Fills `values`, whose size says how much to read.
  template <typename T>
  Status Read(std::vector<T>& values) const {
    return Read(values.data(), values.size() * sizeof(T));
  }

 private:
  friend class Runtime;
  friend class Model;
  struct Free {
    void operator()(nrt_tensor* tensor) const { nrt_free_tensor(tensor); }
  };
  Tensor(internal::RuntimeHandle runtime, nrt_tensor* handle)
      : runtime_(std::move(runtime)), handle_(handle) {}

  internal::RuntimeHandle runtime_;
  std::unique_ptr<nrt_tensor, Free> handle_;
};

// What a model remembers from one execution to the next, for one stream of executions. `index`
// counts Model::states().
class State {
 public:
  Status Reset() { return Status(nrt_state_reset(handle_.get())); }
  Status Write(size_t index, const void* data, size_t size, size_t offset = 0) {
    return Status(nrt_state_write(handle_.get(), index, data, offset, size));
  }
  Status Read(size_t index, void* data, size_t size, size_t offset = 0) const {
    return Status(nrt_state_read(handle_.get(), index, data, offset, size));
  }
  template <typename T>
  Status Write(size_t index, const std::vector<T>& values) {
    return Write(index, values.data(), values.size() * sizeof(T));
  }
  // Fills `values`, whose size says how much to read.
  template <typename T>
  Status Read(size_t index, std::vector<T>& values) const {
    return Read(index, values.data(), values.size() * sizeof(T));
  }

 private:
  friend class Model;
  struct Free {
    void operator()(nrt_state* state) const { nrt_free_state(state); }
  };
  State(internal::RuntimeHandle runtime, nrt_state* handle)
      : runtime_(std::move(runtime)), handle_(handle) {}

  internal::RuntimeHandle runtime_;
  std::unique_ptr<nrt_state, Free> handle_;
};

// Tensors of an execution by name. The tensors must live until the call returns.
using Bindings = std::map<std::string, Tensor*>;

struct ExecuteOptions {
  std::chrono::milliseconds timeout{0};  // of one launch; 0: the default of nrt.h
  uint32_t watchdog_cycles = 0;          // 0: the default of nrt.h
  State* state = nullptr;                // read and replaced; null: the model's own
};

// An execution that was started with Model::ExecuteAsync. Dropping it does not stop it.
class Execution {
 public:
  // The execution's status; code NRT_NOT_READY when it has not ended within `timeout`.
  Status Wait(std::chrono::milliseconds timeout) {
    return Status(nrt_wait(handle_.get(), static_cast<uint64_t>(timeout.count())));
  }
  // Asks it to end early: Wait then gives NRT_CANCELLED, unless it ended first.
  Status Cancel() { return Status(nrt_cancel(handle_.get())); }

 private:
  friend class Model;
  struct Free {
    void operator()(nrt_execution* execution) const { nrt_free_execution(execution); }
  };
  explicit Execution(nrt_execution* handle) : handle_(handle) {}
  std::unique_ptr<nrt_execution, Free> handle_;
};

// A kernel package on a device.
class Model {
 public:
  Result<nrt_model_info> info() const {
    nrt_model_info info = {};
    info.struct_size = sizeof(info);
    const Status status(nrt_get_model_info(handle_.get(), &info));
    return status.ok() ? Result<nrt_model_info>(info) : Result<nrt_model_info>(status);
  }
  // In the model's order.
  std::vector<TensorInfo> inputs() const { return tensors(NRT_TENSOR_INPUT); }
  std::vector<TensorInfo> outputs() const { return tensors(NRT_TENSOR_OUTPUT); }
  std::vector<TensorInfo> states() const { return tensors(NRT_TENSOR_STATE); }

  Status Execute(const Bindings& inputs, const Bindings& outputs,
                 const ExecuteOptions& options = {}) {
    Set in;
    Set out;
    Status status = in.Fill(inputs);
    if (status.ok()) status = out.Fill(outputs);
    if (!status.ok()) return status;
    const nrt_execute_options given = Convert(options);
    return Status(nrt_execute(handle_.get(), in.get(), out.get(), &given));
  }
  Result<Execution> ExecuteAsync(const Bindings& inputs, const Bindings& outputs,
                                 const ExecuteOptions& options = {}) {
    Set in;
    Set out;
    Status status = in.Fill(inputs);
    if (status.ok()) status = out.Fill(outputs);
    if (!status.ok()) return status;
    const nrt_execute_options given = Convert(options);
    nrt_execution* execution = nullptr;
    status = Status(nrt_execute_async(handle_.get(), in.get(), out.get(), &given, &execution));
    if (!status.ok()) return status;
    return Execution(execution);
  }
  // Of the last execution.
  Result<nrt_execution_stats> stats() const {
    nrt_execution_stats stats = {};
    stats.struct_size = sizeof(stats);
    const Status status(nrt_get_execution_stats(handle_.get(), &stats));
    return status.ok() ? Result<nrt_execution_stats>(stats) : Result<nrt_execution_stats>(status);
  }
  // What strict mode found in the last execution, a line each.
  std::string findings() const {
    size_t needed = 0;
    if (nrt_get_execution_findings(handle_.get(), nullptr, 0, &needed) != NRT_SUCCESS) return "";
    std::string text(needed, '\0');
    nrt_get_execution_findings(handle_.get(), text.data(), text.size(), &needed);
    text.resize(text.find('\0') == std::string::npos ? 0 : text.find('\0'));
    return text;
  }
  // A new state with all tensors zero, for one more stream of executions.
  Result<State> AllocateState() { return Made(nrt_allocate_state); }
  // The state of executions that name none.
  Result<State> state() { return Made(nrt_get_model_state); }

 private:
  friend class Runtime;
  struct Free {
    void operator()(nrt_model* model) const { nrt_unload(model); }
  };
  // A tensor set for the length of a call.
  class Set {
   public:
    Set() = default;
    Set(const Set&) = delete;
    Set& operator=(const Set&) = delete;
    ~Set() { nrt_free_tensor_set(set_); }
    Status Fill(const Bindings& bindings) {
      Status status(nrt_allocate_tensor_set(&set_));
      for (const auto& binding : bindings) {
        if (!status.ok()) break;
        nrt_tensor* tensor = binding.second == nullptr ? nullptr : binding.second->handle_.get();
        status = Status(nrt_add_tensor_to_set(set_, binding.first.c_str(), tensor));
      }
      return status;
    }
    nrt_tensor_set* get() const { return set_; }

   private:
    nrt_tensor_set* set_ = nullptr;
  };

  Model(internal::RuntimeHandle runtime, nrt_model* handle)
      : runtime_(std::move(runtime)), handle_(handle) {}
  static nrt_execute_options Convert(const ExecuteOptions& options) {
    nrt_execute_options result = {};
    result.struct_size = sizeof(result);
    result.timeout_ms = static_cast<uint64_t>(options.timeout.count());
    result.watchdog_cycles = options.watchdog_cycles;
    result.state = options.state == nullptr ? nullptr : options.state->handle_.get();
    return result;
  }
  Result<State> Made(nrt_status (*make)(nrt_model*, nrt_state**)) {
    nrt_state* state = nullptr;
    const Status status(make(handle_.get(), &state));
    if (!status.ok()) return status;
    return State(runtime_, state);
  }
  std::vector<TensorInfo> tensors(nrt_tensor_usage usage) const {
    std::vector<TensorInfo> result;
    size_t count = 0;
    if (nrt_get_model_tensor_count(handle_.get(), usage, &count) != NRT_SUCCESS) return result;
    for (size_t i = 0; i < count; ++i) {
      nrt_tensor_info info = {};
      info.struct_size = sizeof(info);
      if (nrt_get_model_tensor_info(handle_.get(), usage, i, &info) == NRT_SUCCESS) {
        result.push_back(internal::Convert(info));
      }
    }
    return result;
  }

  internal::RuntimeHandle runtime_;
  std::unique_ptr<nrt_model, Free> handle_;
};

// An open device. It is closed when this and everything made from it is gone.
class Runtime {
 public:
  // "" : the environment variable NEURON_DEVICE, or the functional model.
  static Result<Runtime> Open(const std::string& device = "") {
    nrt_runtime* runtime = nullptr;
    const Status status(nrt_init(device.empty() ? nullptr : device.c_str(), &runtime));
    if (!status.ok()) return status;
    return Runtime(internal::RuntimeHandle(runtime, [](nrt_runtime* open) { nrt_close(open); }));
  }
  Result<nrt_device_info> info() const {
    nrt_device_info info = {};
    info.struct_size = sizeof(info);
    const Status status(nrt_get_device_info(handle_.get(), &info));
    return status.ok() ? Result<nrt_device_info>(info) : Result<nrt_device_info>(status);
  }
  Result<Model> LoadFile(const std::string& path) {
    nrt_model* model = nullptr;
    const Status status(nrt_load_file(handle_.get(), path.c_str(), &model));
    if (!status.ok()) return status;
    return Model(handle_, model);
  }
  Result<Model> Load(const void* bytes, size_t size) {
    nrt_model* model = nullptr;
    const Status status(nrt_load(handle_.get(), bytes, size, &model));
    if (!status.ok()) return status;
    return Model(handle_, model);
  }
  // Zero-filled device memory.
  Result<Tensor> Allocate(size_t size) {
    nrt_tensor* tensor = nullptr;
    const Status status(nrt_allocate_tensor(handle_.get(), size, &tensor));
    if (!status.ok()) return status;
    return Tensor(handle_, tensor);
  }

 private:
  explicit Runtime(internal::RuntimeHandle handle) : handle_(std::move(handle)) {}
  internal::RuntimeHandle handle_;
};

}  // namespace nrt

#endif  // NEURON_NRT_HPP_
