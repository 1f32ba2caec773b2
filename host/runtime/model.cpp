// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/model.h"

#include <fmt/core.h>

#include <algorithm>
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

// Whether a segment's memory belongs to the model: callers and states bring the rest.
bool IsOwn(const ncx::PackageData& package, size_t segment) {
  switch (package.segments[segment].kind) {
    case ncx::SegmentKind::kImage:
    case ncx::SegmentKind::kScratch:
      return true;
    case ncx::SegmentKind::kInput:
    case ncx::SegmentKind::kOutput:
      return std::ranges::count_if(package.tensors, [&](const ncx::Tensor& tensor) {
               return tensor.segment == segment && tensor.role != ncx::TensorRole::kIntermediate;
             }) > 1;
    case ncx::SegmentKind::kState:
    case ncx::SegmentKind::kNextState:
      break;
  }
  return false;
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
    : runtime_(std::move(runtime)),
      id_(runtime_->NewModelId()),
      package_(std::move(package)),
      own_(package_.segments.size()) {
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
    if (IsOwn(model->package_, i)) {
      NEURON_ASSIGN_OR_RETURN(model->own_[i], Buffer::Allocate(model->runtime_, segments[i].bytes));
    }
  }
  NEURON_RETURN_IF_ERROR(model->own_[0]->Write(0, model->package_.image));
  NEURON_ASSIGN_OR_RETURN(model->state_, State::Allocate(model->runtime_, model->package_));
  return model;
}

const std::vector<const ncx::Tensor*>& Model::tensors(ncx::TensorRole role) const {
  return by_role_[static_cast<size_t>(role)];
}

uint64_t Model::device_bytes() const {
  uint64_t bytes = state_->device_bytes();
  for (const std::shared_ptr<Buffer>& buffer : own_) {
    bytes += buffer == nullptr ? 0 : buffer->capacity();
  }
  return bytes;
}

Status Model::BindRole(ncx::TensorRole role, const TensorMap& bound, Binding& binding) const {
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
    NEURON_ASSIGN_OR_RETURN(const uint64_t needed, ncx::TensorBytes(tensor->type, tensor->shape));
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
    if (own_[tensor->segment] == nullptr) {
      binding.segments[tensor->segment] = buffer;
    } else {
      (role == ncx::TensorRole::kInput ? binding.copied_in : binding.copied_out)
          .push_back({tensor, buffer});
    }
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

Result<Binding> Model::Bind(const TensorMap& inputs, const TensorMap& outputs) const {
  Binding binding;
  binding.segments = own_;
  NEURON_RETURN_IF_ERROR(BindRole(ncx::TensorRole::kInput, inputs, binding));
  NEURON_RETURN_IF_ERROR(BindRole(ncx::TensorRole::kOutput, outputs, binding));
  std::set<uint64_t> addresses;
  for (const TensorMap* bound : {&inputs, &outputs}) {
    for (const auto& [name, buffer] : *bound) {
      if (!addresses.insert(buffer->address()).second) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("the tensor of '{}' is bound twice in one execution of model "
                                  "'{}'",
                                  name, package_.model_name));
      }
    }
  }
  return binding;
}

ExecutionStats Model::last_stats() const {
  const std::lock_guard lock(stats_mutex_);
  return last_stats_;
}

}  // namespace neuron::runtime
