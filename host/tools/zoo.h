// SPDX-License-Identifier: Apache-2.0
// A folder of models with cases: its manifest and the arrays of its cases.
#ifndef NEURON_HOST_TOOLS_ZOO_H_
#define NEURON_HOST_TOOLS_ZOO_H_

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::tools {

// A graph input or output as the manifest describes it.
struct ZooTensor {
  std::string name;
  std::optional<double> scale;  // of a quantised one
  double zero_point = 0;
};

// What may differ from the reference.
struct Tolerance {
  std::vector<double> abs;          // one for each output; empty: no element-wise rule
  double rel = 0;                   // |x - ref| <= abs + rel * |ref|
  std::optional<double> max_lsb;    // integer outputs
  std::vector<double> relative_l2;  // one for each output, for reduced precision
};

struct ZooCase {
  std::string name;
  std::filesystem::path directory;  // absolute
  bool sequence = false;
  size_t steps = 1;
  std::map<size_t, size_t> carry;  // graph input <- graph output of the step before
  nlohmann::json checks;           // the manifest's `check`
};

struct ZooModel {
  std::string name;
  std::filesystem::path file;  // absolute
  std::vector<ZooTensor> inputs;
  std::vector<ZooTensor> outputs;
  Tolerance tolerance;
  std::vector<ZooCase> cases;
};

struct Zoo {
  std::filesystem::path directory;
  std::vector<ZooModel> models;
};

// Reads DIR/manifest.json. kNotFound, or kDataCorrupt with what is missing in it.
Result<Zoo> ReadZoo(const std::filesystem::path& directory);

// Inputs and reference outputs of one step, in graph order.
struct StepArrays {
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
};
Result<StepArrays> ReadStep(const ZooModel& model, const ZooCase& zoo_case, size_t step);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_ZOO_H_
