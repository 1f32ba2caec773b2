// SPDX-License-Identifier: Apache-2.0
#include "host/tools/session.h"

#include <fmt/core.h>

#include <algorithm>

namespace neuron::tools {
namespace {

StatusCode CodeOf(nrt_status code) {
  switch (code) {
    case NRT_SUCCESS:
      return StatusCode::kOk;
    case NRT_INVALID_ARGUMENT:
      return StatusCode::kInvalidArgument;
    case NRT_NOT_FOUND:
      return StatusCode::kNotFound;
    case NRT_UNSUPPORTED:
      return StatusCode::kUnsupported;
    case NRT_DATA_CORRUPT:
      return StatusCode::kDataCorrupt;
    case NRT_RESOURCE_EXHAUSTED:
      return StatusCode::kResourceExhausted;
    case NRT_FAILED_PRECONDITION:
      return StatusCode::kFailedPrecondition;
    case NRT_TIMEOUT:
    case NRT_NOT_READY:
      return StatusCode::kTimeout;
    case NRT_EXECUTION_ERROR:
      return StatusCode::kExecutionError;
    case NRT_DEVICE_LOST:
      return StatusCode::kDeviceLost;
    case NRT_IO_ERROR:
      return StatusCode::kIoError;
    case NRT_CANCELLED:
      return StatusCode::kCancelled;
    case NRT_INTERNAL:
      break;
  }
  return StatusCode::kInternal;
}

std::string Describe(ElementType type, const Shape& shape) {
  return fmt::format("{} {}", ElementTypeName(type), ShapeToString(shape));
}

// "'x' float32 [1, 4], 'y' ..."
std::string Describe(const std::vector<nrt::TensorInfo>& infos) {
  std::string text;
  for (const nrt::TensorInfo& info : infos) {
    text += fmt::format("{}'{}' {}", text.empty() ? "" : ", ", info.name,
                        Describe(static_cast<ElementType>(info.dtype), info.shape));
  }
  return text;
}

bool Has(const std::vector<nrt::TensorInfo>& infos, const std::string& name) {
  return std::ranges::any_of(infos, [&](const nrt::TensorInfo& info) { return info.name == name; });
}

Status CheckTensor(const char* kind, const nrt::TensorInfo& info, const HostTensor& tensor) {
  const auto type = static_cast<ElementType>(info.dtype);
  if (tensor.type == type && tensor.shape == info.shape) {
    return OkStatus();
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{} '{}' is {}, given is {}", kind, info.name,
                            Describe(type, info.shape), Describe(tensor.type, tensor.shape)));
}

}  // namespace

Status FromRuntime(const nrt::Status& status) {
  return status.ok() ? OkStatus() : Status(CodeOf(status.code()), status.message());
}

Result<Session> Session::Load(nrt::Runtime& runtime, const ncx::PackageData& package) {
  const std::vector<std::byte> file = ncx::Serialize(package);
  nrt::Result<nrt::Model> model = runtime.Load(file.data(), file.size());
  if (!model.ok()) {
    return FromRuntime(model.status());
  }
  nrt::Result<nrt::State> state = model->state();
  if (!state.ok()) {
    return FromRuntime(state.status());
  }
  Session session(std::move(*model), std::move(*state));
  session.input_infos_ = session.model_.inputs();
  session.output_infos_ = session.model_.outputs();
  session.state_infos_ = session.model_.states();
  NEURON_RETURN_IF_ERROR(session.AllocateAll(runtime, session.input_infos_, session.inputs_));
  NEURON_RETURN_IF_ERROR(session.AllocateAll(runtime, session.output_infos_, session.outputs_));
  return session;
}

Status Session::AllocateAll(nrt::Runtime& runtime, const std::vector<nrt::TensorInfo>& infos,
                            std::vector<nrt::Tensor>& tensors) {
  for (const nrt::TensorInfo& info : infos) {
    nrt::Result<nrt::Tensor> tensor = runtime.Allocate(info.size);
    if (!tensor.ok()) {
      return FromRuntime(tensor.status());
    }
    tensors.push_back(std::move(*tensor));
  }
  return OkStatus();
}

Status Session::WriteInputs(const NamedTensors& inputs) {
  for (const auto& [name, tensor] : inputs) {
    if (!Has(input_infos_, name) && !Has(state_infos_, name)) {
      const std::string states =
          state_infos_.empty() ? "" : ", and states " + Describe(state_infos_);
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("the model has no input '{}'; it has {}{}", name,
                                Describe(input_infos_), states));
    }
  }
  for (size_t i = 0; i < input_infos_.size(); ++i) {
    const nrt::TensorInfo& info = input_infos_[i];
    const auto found = inputs.find(info.name);
    if (found == inputs.end()) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("input '{}' is missing; the model has {}", info.name,
                                Describe(input_infos_)));
    }
    const HostTensor& tensor = found->second;
    NEURON_RETURN_IF_ERROR(CheckTensor("input", info, tensor));
    if (!tensor.data.empty()) {
      NEURON_RETURN_IF_ERROR(FromRuntime(inputs_[i].Write(tensor.data.data(), tensor.data.size())));
    }
  }
  for (size_t i = 0; i < state_infos_.size(); ++i) {
    const auto found = inputs.find(state_infos_[i].name);
    if (found != inputs.end()) {
      const HostTensor& tensor = found->second;
      NEURON_RETURN_IF_ERROR(CheckTensor("state", state_infos_[i], tensor));
      NEURON_RETURN_IF_ERROR(FromRuntime(state_.Write(i, tensor.data.data(), tensor.data.size())));
    }
  }
  return OkStatus();
}

Result<HostTensor> Session::ReadState(const std::string& name) const {
  for (size_t i = 0; i < state_infos_.size(); ++i) {
    if (state_infos_[i].name == name) {
      HostTensor tensor(static_cast<ElementType>(state_infos_[i].dtype), state_infos_[i].shape);
      NEURON_RETURN_IF_ERROR(FromRuntime(state_.Read(i, tensor.data.data(), tensor.data.size())));
      return tensor;
    }
  }
  return Status(StatusCode::kNotFound, fmt::format("the model has no state '{}'; it has {}", name,
                                                   Describe(state_infos_)));
}

Result<RunResult> Session::Run(const NamedTensors& inputs, const nrt::ExecuteOptions& options) {
  NEURON_RETURN_IF_ERROR(WriteInputs(inputs));
  nrt::Bindings in;
  nrt::Bindings out;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    in[input_infos_[i].name] = &inputs_[i];
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    out[output_infos_[i].name] = &outputs_[i];
  }
  NEURON_RETURN_IF_ERROR(FromRuntime(model_.Execute(in, out, options)));
  RunResult result;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    HostTensor tensor(static_cast<ElementType>(output_infos_[i].dtype), output_infos_[i].shape);
    if (!tensor.data.empty()) {
      NEURON_RETURN_IF_ERROR(FromRuntime(outputs_[i].Read(tensor.data.data(), tensor.data.size())));
    }
    result.outputs[output_infos_[i].name] = std::move(tensor);
  }
  const nrt::Result<nrt_execution_stats> stats = model_.stats();
  NEURON_RETURN_IF_ERROR(FromRuntime(stats.status()));
  result.stats = *stats;
  result.findings = model_.findings();
  return result;
}

}  // namespace neuron::tools
