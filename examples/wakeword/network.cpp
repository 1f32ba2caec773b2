// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <fmt/format.h>

#include <utility>

namespace wakeword {
namespace {

std::string Describe(const nrt::Status& status) {
  return fmt::format("{}: {}", status.name(), status.message());
}

// "" for success.
std::string Explain(const nrt::Status& status) { return status.ok() ? "" : Describe(status); }

// Whether `tensors` is one float tensor of `size` elements.
bool IsVector(const std::vector<nrt::TensorInfo>& tensors, size_t size) {
  return tensors.size() == 1 && tensors[0].dtype == NRT_DTYPE_FLOAT32 &&
         tensors[0].size == size * sizeof(float);
}

}  // namespace

Network::Network(nrt::Model model, nrt::State state, nrt::Tensor input, nrt::Tensor output)
    : model_(std::move(model)),
      state_(std::move(state)),
      states_(model_.states()),
      input_(std::move(input)),
      output_(std::move(output)),
      input_name_(model_.inputs()[0].name),
      output_name_(model_.outputs()[0].name) {}

std::optional<Network> Network::Load(nrt::Runtime& runtime, const std::string& path,
                                     size_t input_size, size_t output_size, std::string* error) {
  nrt::Result<nrt::Model> model = runtime.LoadFile(path);
  if (!model.ok()) {
    *error = Describe(model.status());
    return std::nullopt;
  }
  if (!IsVector(model->inputs(), input_size) || !IsVector(model->outputs(), output_size)) {
    *error = fmt::format("'{}' must have one float32 input of {} elements and one output of {}",
                         path, input_size, output_size);
    return std::nullopt;
  }
  nrt::Result<nrt::State> state = model->AllocateState();
  if (!state.ok()) {
    *error = Describe(state.status());
    return std::nullopt;
  }
  nrt::Result<nrt::Tensor> input = runtime.Allocate(input_size * sizeof(float));
  nrt::Result<nrt::Tensor> output = runtime.Allocate(output_size * sizeof(float));
  if (!input.ok() || !output.ok()) {
    *error = Describe(input.ok() ? output.status() : input.status());
    return std::nullopt;
  }
  return Network(std::move(*model), std::move(*state), std::move(*input), std::move(*output));
}

std::string Network::Run(const std::vector<float>& input, std::vector<float>* output) {
  nrt::ExecuteOptions options;
  options.state = &state_;
  nrt::Status status = input_.Write(input);
  if (status.ok()) {
    status = model_.Execute({{input_name_, &input_}}, {{output_name_, &output_}}, options);
  }
  if (!status.ok()) return Describe(status);
  const nrt::Result<nrt_execution_stats> stats = model_.stats();
  if (!stats.ok()) return Describe(stats.status());
  cost_.runs += 1;
  cost_.cycles += stats->cycles;
  cost_.macs += stats->macs;
  cost_.dram_bytes += stats->dram_bytes_read + stats->dram_bytes_written;
  cost_.device_seconds += stats->device_seconds;
  cost_.measured = cost_.measured && stats->cycles_measured != 0;
  output->resize(output_.size() / sizeof(float));
  status = output_.Read(*output);
  return Explain(status);
}

std::string Network::ResetStates() { return Explain(state_.Reset()); }

std::string Network::ReadState(const std::string& name, std::vector<float>* values) const {
  const std::optional<size_t> index = FindState(name);
  if (!index) return fmt::format("the model has no float32 state '{}'", name);
  values->resize(states_[*index].size / sizeof(float));
  return Explain(state_.Read(*index, *values));
}

std::string Network::WriteState(const std::string& name, const std::vector<float>& values) {
  const std::optional<size_t> index = FindState(name);
  if (!index) return fmt::format("the model has no float32 state '{}'", name);
  return Explain(state_.Write(*index, values));
}

size_t Network::state_bytes() const {
  size_t bytes = 0;
  for (const nrt::TensorInfo& state : states_) bytes += state.size;
  return bytes;
}

std::optional<size_t> Network::FindState(const std::string& name) const {
  for (size_t index = 0; index < states_.size(); ++index) {
    if (states_[index].name == name && states_[index].dtype == NRT_DTYPE_FLOAT32) return index;
  }
  return std::nullopt;
}

}  // namespace wakeword
