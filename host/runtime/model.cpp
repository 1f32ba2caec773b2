// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/model.h"

#include <fmt/core.h>

#include <set>

namespace neuron::runtime {
namespace {

Status CheckTarget(const ncx::PackageData& package, const Runtime& runtime) {
  const driver::DeviceInfo& device = runtime.info();
  if (package.configuration == device.configuration && package.isa_version == device.isa_version &&
      package.isa_hash == device.isa_hash) {
    return OkStatus();
  }
  return Status(
      StatusCode::kUnsupported,
      fmt::format(
          "kernel '{}' was compiled for configuration '{}', ISA version {} ({:08x}); device "
          "'{}' has configuration '{}', ISA version {} ({:08x}); compile it for '{}'",
          package.model_name, package.configuration, package.isa_version, package.isa_hash,
          runtime.uri(), device.configuration, device.isa_version, device.isa_hash,
          device.configuration));
}

std::string Names(const std::vector<const ncx::Tensor*>& tensors) {
  std::string names;
  for (const ncx::Tensor* tensor : tensors) {
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", tensor->name);
  }
  return names.empty() ? "none" : names;
}

}  // namespace

Model::Model(std::shared_ptr<Runtime> runtime, ncx::PackageData package)
    : runtime_(std::move(runtime)), package_(std::move(package)), own_(package_.segments.size()) {
  for (const ncx::Tensor& tensor : package_.tensors) {
    by_role_[static_cast<size_t>(tensor.role)].push_back(&tensor);
  }
}

Result<std::shared_ptr<Model>> Model::Load(std::shared_ptr<Runtime> runtime,
                                           std::span<const std::byte> file) {
  NEURON_ASSIGN_OR_RETURN(ncx::PackageData package, ncx::Load(file));
  return Place(std::move(runtime), std::move(package));
}

Result<std::shared_ptr<Model>> Model::LoadFile(std::shared_ptr<Runtime> runtime,
                                               const std::string& path) {
  NEURON_ASSIGN_OR_RETURN(ncx::PackageData package, ncx::LoadFile(path));
  return Place(std::move(runtime), std::move(package));
}

Result<std::shared_ptr<Model>> Model::Place(std::shared_ptr<Runtime> runtime,
                                            ncx::PackageData package) {
  NEURON_RETURN_IF_ERROR(CheckTarget(package, *runtime));
  std::shared_ptr<Model> model(new Model(std::move(runtime), std::move(package)));
  const std::vector<ncx::Segment>& segments = model->package_.segments;
  for (size_t i = 0; i < segments.size(); ++i) {
    const ncx::SegmentKind kind = segments[i].kind;
    if (kind == ncx::SegmentKind::kInput || kind == ncx::SegmentKind::kOutput) {
      continue;
    }
    NEURON_ASSIGN_OR_RETURN(model->own_[i], Buffer::Allocate(model->runtime_, segments[i].bytes));
  }
  NEURON_RETURN_IF_ERROR(model->own_[0]->Write(0, model->package_.image));
  return model;
}

const std::vector<const ncx::Tensor*>& Model::tensors(ncx::TensorRole role) const {
  return by_role_[static_cast<size_t>(role)];
}

std::shared_ptr<Buffer> Model::StateBuffer(const ncx::Tensor& tensor) const {
  return own_[tensor.segment];
}

Status Model::ResetState() {
  for (const ncx::Tensor* tensor : tensors(ncx::TensorRole::kState)) {
    NEURON_RETURN_IF_ERROR(own_[tensor->segment]->Clear());
  }
  return OkStatus();
}

uint64_t Model::device_bytes() const {
  uint64_t bytes = 0;
  for (const std::shared_ptr<Buffer>& buffer : own_) {
    bytes += buffer == nullptr ? 0 : buffer->capacity();
  }
  return bytes;
}

Status Model::BindRole(ncx::TensorRole role, const TensorMap& bound, Segments& segments) const {
  const char* kind = role == ncx::TensorRole::kInput ? "input" : "output";
  std::set<std::string> known;
  for (const ncx::Tensor* tensor : tensors(role)) {
    known.insert(tensor->name);
    const auto found = bound.find(tensor->name);
    if (found == bound.end()) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("{} '{}' of model '{}' has no tensor", kind, tensor->name,
                                package_.model_name));
    }
    const std::shared_ptr<Buffer>& buffer = found->second;
    const uint64_t needed = package_.segments[tensor->segment].bytes;
    if (buffer->runtime() != runtime_) {
      return Status(
          StatusCode::kInvalidArgument,
          fmt::format("the tensor bound to {} '{}' is on another device", kind, tensor->name));
    }
    if (buffer->capacity() < needed) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("{} '{}' is {} of shape {} and needs {} bytes; its tensor has {}",
                                kind, tensor->name, ElementTypeName(tensor->type),
                                ShapeToString(tensor->shape), needed, buffer->bytes()));
    }
    segments[tensor->segment] = buffer;
  }
  for (const auto& [name, buffer] : bound) {
    if (!known.contains(name)) {
      return Status(StatusCode::kNotFound,
                    fmt::format("model '{}' has no {} '{}'; it has {}", package_.model_name, kind,
                                name, Names(tensors(role))));
    }
  }
  return OkStatus();
}

Result<Model::Segments> Model::Bind(const TensorMap& inputs, const TensorMap& outputs) const {
  Segments segments = own_;
  NEURON_RETURN_IF_ERROR(BindRole(ncx::TensorRole::kInput, inputs, segments));
  NEURON_RETURN_IF_ERROR(BindRole(ncx::TensorRole::kOutput, outputs, segments));
  std::set<uint64_t> addresses;
  for (const std::shared_ptr<Buffer>& buffer : segments) {
    if (!addresses.insert(buffer->address()).second) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("a tensor is bound twice in one execution of model '{}'",
                                package_.model_name));
    }
  }
  return segments;
}

ExecutionStats Model::last_stats() const {
  const std::lock_guard lock(stats_mutex_);
  return last_stats_;
}

}  // namespace neuron::runtime
