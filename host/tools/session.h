// SPDX-License-Identifier: Apache-2.0
// A model on a device, with host tensors in and out: what `run` and `verify` execute with.
#ifndef NEURON_HOST_TOOLS_SESSION_H_
#define NEURON_HOST_TOOLS_SESSION_H_

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ncx/package.h"
#include "host/ops/host_tensor.h"
#include "neuron/nrt.hpp"

namespace neuron::tools {

using NamedTensors = std::map<std::string, HostTensor>;

// One execution: outputs by name, and what it cost.
struct RunResult {
  NamedTensors outputs;
  nrt_execution_stats stats{};
  std::string findings;  // of strict mode, a line each
};

// A runtime status as the tools' own.
Status FromRuntime(const nrt::Status& status);

// Not thread-safe.
class Session {
 public:
  // Puts `package` on the device.
  static Result<Session> Load(nrt::Runtime& runtime, const ncx::PackageData& package);

  const std::vector<nrt::TensorInfo>& inputs() const { return input_infos_; }
  const std::vector<nrt::TensorInfo>& outputs() const { return output_infos_; }
  nrt::Model& model() { return model_; }

  // kInvalidArgument when an input is missing, unknown, or of another type or shape than the
  // model's; then what the runtime reports.
  Result<RunResult> Run(const NamedTensors& inputs, const nrt::ExecuteOptions& options);

 private:
  explicit Session(nrt::Model model) : model_(std::move(model)) {}
  Status AllocateAll(nrt::Runtime& runtime, const std::vector<nrt::TensorInfo>& infos,
                     std::vector<nrt::Tensor>& tensors);
  Status WriteInputs(const NamedTensors& inputs);

  nrt::Model model_;
  std::vector<nrt::TensorInfo> input_infos_;
  std::vector<nrt::TensorInfo> output_infos_;
  std::vector<nrt::Tensor> inputs_;   // as input_infos_
  std::vector<nrt::Tensor> outputs_;  // as output_infos_
};

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_SESSION_H_
