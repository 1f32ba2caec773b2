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

// One execution: outputs by name, and what it cost. States are read with Session::ReadState.
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
  const std::vector<nrt::TensorInfo>& states() const { return state_infos_; }
  nrt::Model& model() { return model_; }

  // Executes with every input, after setting the states that `inputs` names too; the others keep
  // what the execution before left. kInvalidArgument when an input is missing, unknown, or of
  // another type or shape than the model's; then what the runtime reports.
  Result<RunResult> Run(const NamedTensors& inputs, const nrt::ExecuteOptions& options);
  // The present value of state `name`; kNotFound when there is none.
  Result<HostTensor> ReadState(const std::string& name) const;

 private:
  Session(nrt::Model model, nrt::State state)
      : model_(std::move(model)), state_(std::move(state)) {}
  Status AllocateAll(nrt::Runtime& runtime, const std::vector<nrt::TensorInfo>& infos,
                     std::vector<nrt::Tensor>& tensors);
  Status WriteInputs(const NamedTensors& inputs);

  nrt::Model model_;
  nrt::State state_;
  std::vector<nrt::TensorInfo> input_infos_;
  std::vector<nrt::TensorInfo> output_infos_;
  std::vector<nrt::TensorInfo> state_infos_;
  std::vector<nrt::Tensor> inputs_;   // as input_infos_
  std::vector<nrt::Tensor> outputs_;  // as output_infos_
};

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_SESSION_H_
