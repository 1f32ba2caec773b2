// SPDX-License-Identifier: Apache-2.0
// One case of a zoo-shaped folder on a device: what `neuron verify` does for each row.
#ifndef NEURON_HOST_TOOLS_VERIFY_CASE_H_
#define NEURON_HOST_TOOLS_VERIFY_CASE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/compiler/import/import.h"
#include "host/tools/checks.h"
#include "host/tools/cli.h"
#include "host/tools/compare.h"
#include "host/tools/layer_report.h"
#include "host/tools/session.h"
#include "host/tools/zoo.h"

namespace neuron::tools {

// The outcome of a case. Cycles and utilisation of a sequence are those of its steps together.
struct Row {
  std::string model;
  std::string name;
  bool pass = false;
  compiler::PrecisionChoice precision;  // what it was compiled with
  std::string message;                  // why it failed
  std::optional<OutputError> error;
  nrt_execution_stats stats{};
  size_t steps = 0;
  size_t states = 0;  // tensors that stay on the device between steps
  std::vector<HostRow> host_segments;
  std::vector<CheckResult> checks;
};

// What the rows share.
struct Verifier {
  Zoo zoo;
  nrt::Runtime runtime;
  nrt_device_info device;
  isa::CostParameters cost;                           // of the memory that models are compiled for
  ElementType float_storage = ElementType::kFloat32;  // of --auto-cast
  compiler::PrecisionChoice precision;                // of --precision
  compiler::ResidentWeights resident_weights = compiler::ResidentWeights::kOff;
  bool reduced = false;           // tolerances of reduced precision
  std::filesystem::path outputs;  // where outputs are written; empty: nowhere
  nrt::ExecuteOptions execute;
  Progress progress;
};

// A compiled model, kept for the cases that share shapes and states.
struct Compiled {
  std::map<std::string, Shape> shapes;
  std::map<size_t, size_t> states;                       // graph input <- graph output
  std::map<std::string, std::vector<double>> constants;  // inputs fixed when compiling
  std::unique_ptr<Session> session;
  std::vector<HostRow> host_segments;
};

// How a step's arrays bind the model: the shapes of all inputs, the values of those that are fixed.
compiler::ImportOptions ImportOptionsFor(const ZooModel& model, const StepArrays& arrays);

// Compiles the model unless `compiled` fits, runs the case and judges it. A sequence that carries
// tensors is compiled with them as states and runs twice: once with the states left on the device,
// which the expectations look at and `outputs` gets, as MODEL/CASE/[step_NNN/]output_N.npy, and
// once with the stored ones written before each step.
Row VerifyCase(Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
               Compiled& compiled);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_VERIFY_CASE_H_
