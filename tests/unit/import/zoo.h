// SPDX-License-Identifier: Apache-2.0
// The model zoo's cases as tensors, for tests.
#ifndef NEURON_TESTS_UNIT_IMPORT_ZOO_H_
#define NEURON_TESTS_UNIT_IMPORT_ZOO_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::zoo {

// The folder named by NEURON_ZOO, else ../shared/zoo beside the source tree; nothing if absent.
std::optional<std::filesystem::path> Find();

// A NumPy file, version 1.0, little-endian, C order.
Result<HostTensor> ReadNpy(const std::filesystem::path& path);

struct Case {
  std::string name;  // "alexa_frame", "stream/step_003"
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
};

// One model of the manifest with its cases; a sequence gives one case for each step, at most
// `max_steps`.
struct Model {
  std::filesystem::path file;
  std::vector<std::string> input_names;
  std::optional<int> max_lsb;    // integer outputs
  std::vector<double> absolute;  // per output, float outputs; empty: not stated
  std::vector<Case> cases;
};
Result<Model> Load(const std::filesystem::path& zoo, const std::string& model, int max_steps);

}  // namespace neuron::zoo

#endif  // NEURON_TESTS_UNIT_IMPORT_ZOO_H_
