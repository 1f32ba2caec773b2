// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <fmt/format.h>

#include <utility>

namespace wakeword {
namespace {

std::string Describe(const nrt::Status& status) {
  return fmt::format("{}: {}", status.name(), status.message());
}

// Whether `tensors` is one float tensor of `size` elements.
bool IsVector(const std::vector<nrt::TensorInfo>& tensors, size_t size) {
  return tensors.size() == 1 && tensors[0].dtype == NRT_DTYPE_FLOAT32 &&
         tensors[0].size == size * sizeof(float);
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
  runs += other.runs;
  cycles += other.cycles;
  macs += other.macs;
  dram_bytes += other.dram_bytes;
  device_seconds += other.device_seconds;
  measured = measured && other.measured;
  return *this;
}

Network::Network(nrt::Model model, nrt::Tensor input, nrt::Tensor output)
    : model_(std::move(model)),
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
  nrt::Result<nrt::Tensor> input = runtime.Allocate(input_size * sizeof(float));
  nrt::Result<nrt::Tensor> output = runtime.Allocate(output_size * sizeof(float));
  if (!input.ok() || !output.ok()) {
    *error = Describe(input.ok() ? output.status() : input.status());
    return std::nullopt;
  }
  return Network(std::move(*model), std::move(*input), std::move(*output));
}

std::string Network::Run(const std::vector<float>& input, std::vector<float>* output) {
  nrt::Status status = input_.Write(input);
  if (status.ok()) {
    status = model_.Execute({{input_name_, &input_}}, {{output_name_, &output_}});
  }
  if (!status.ok()) return Describe(status);
  const nrt::Result<nrt_execution_stats> stats = model_.stats();
  if (!stats.ok()) return Describe(stats.status());
  cost_ += Cost{.runs = 1,
                .cycles = stats->cycles,
                .macs = stats->macs,
                .dram_bytes = stats->dram_bytes_read + stats->dram_bytes_written,
                .device_seconds = stats->device_seconds,
                .measured = stats->cycles_measured != 0};
  output->resize(output_.size() / sizeof(float));
  status = output_.Read(*output);
  return status.ok() ? "" : Describe(status);
}

}  // namespace wakeword
