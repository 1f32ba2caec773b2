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
    case NRT_INTERNAL:
      break;
  }
  return StatusCode::kInternal;
}

std::string Describe(ElementType type, const Shape& shape) {
  return fmt::format("{} {}", ElementTypeName(type), ShapeToString(shape));
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
  Session session(std::move(*model));
  session.input_infos_ = session.model_.inputs();
  session.output_infos_ = session.model_.outputs();
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
  std::string known;
  for (const nrt::TensorInfo& info : input_infos_) {
    known += fmt::format("{}'{}' {}", known.empty() ? "" : ", ", info.name,
                         Describe(static_cast<ElementType>(info.dtype), info.shape));
  }
  for (const auto& [name, tensor] : inputs) {
    if (std::none_of(input_infos_.begin(), input_infos_.end(),
                     [&](const nrt::TensorInfo& info) { return info.name == name; })) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("the model has no input '{}'; it has {}", name, known));
    }
  }
  for (size_t i = 0; i < input_infos_.size(); ++i) {
    const nrt::TensorInfo& info = input_infos_[i];
    const auto found = inputs.find(info.name);
    if (found == inputs.end()) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("input '{}' is missing; the model has {}", info.name, known));
    }
    const HostTensor& tensor = found->second;
    const auto type = static_cast<ElementType>(info.dtype);
    if (tensor.type != type || tensor.shape != info.shape) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("input '{}' is {}, given is {}", info.name,
                                Describe(type, info.shape), Describe(tensor.type, tensor.shape)));
    }
    NEURON_RETURN_IF_ERROR(FromRuntime(inputs_[i].Write(tensor.data.data(), tensor.data.size())));
  }
  return OkStatus();
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
    NEURON_RETURN_IF_ERROR(FromRuntime(outputs_[i].Read(tensor.data.data(), tensor.data.size())));
    result.outputs[output_infos_[i].name] = std::move(tensor);
  }
  const nrt::Result<nrt_execution_stats> stats = model_.stats();
  NEURON_RETURN_IF_ERROR(FromRuntime(stats.status()));
  result.stats = *stats;
  result.findings = model_.findings();
  return result;
}

}  // namespace neuron::tools
