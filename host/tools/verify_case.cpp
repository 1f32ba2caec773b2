// SPDX-License-Identifier: Apache-2.0
#include "host/tools/verify_case.h"

#include <fmt/core.h>

#include <cmath>

#include "host/tools/npy.h"
#include "host/tools/report.h"

namespace neuron::tools {
namespace {

// Where the values of a sequence's states come from.
enum class Carry { kOnDevice, kStored };

const char* NameOf(Carry carry) {
  return carry == Carry::kOnDevice ? "states carried on the device" : "stored states";
}

std::map<std::string, Shape> ShapesOf(const ZooModel& model, const StepArrays& arrays) {
  std::map<std::string, Shape> shapes;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    shapes[model.inputs[i].name] = arrays.inputs[i].shape;
  }
  return shapes;
}

// Integer inputs without a dimension choose between variants of a model (a sampling rate): they are
// fixed to the case's value.
std::map<std::string, std::vector<double>> ConstantsOf(const ZooModel& model,
                                                       const StepArrays& arrays) {
  std::map<std::string, std::vector<double>> constants;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const HostTensor& input = arrays.inputs[i];
    if (input.type == ElementType::kInt64 && input.shape.empty()) {
      constants[model.inputs[i].name] = {input.ValueAt(0)};
    }
  }
  return constants;
}

}  // namespace

compiler::ImportOptions ImportOptionsFor(const ZooModel& model, const StepArrays& arrays) {
  compiler::ImportOptions options;
  options.path = model.file.string();
  options.input_shapes = ShapesOf(model, arrays);
  options.constants = ConstantsOf(model, arrays);
  return options;
}

namespace {

Status Prepare(Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
               const StepArrays& arrays, Compiled& compiled) {
  compiler::CompileOptions options;
  options.import = ImportOptionsFor(model, arrays);
  if (compiled.session != nullptr && compiled.shapes == options.import.input_shapes &&
      compiled.states == zoo_case.carry && compiled.constants == options.import.constants) {
    return OkStatus();
  }
  compiled.session.reset();
  compiled.shapes = options.import.input_shapes;
  compiled.states = zoo_case.carry;
  compiled.constants = options.import.constants;
  options.configuration = verifier.device.configuration;
  options.cost = verifier.cost;
  options.import.float_storage = verifier.float_storage;
  options.import.precision = verifier.precision;
  options.resident_weights = verifier.resident_weights;
  for (const auto& [input, output] : zoo_case.carry) {
    options.states.push_back({model.inputs.at(input).name, model.outputs.at(output).name});
  }
  Result<compiler::CompileOutput> output = compiler::Compile(options);
  if (!output.ok()) {
    return Status(output.status().code(), "compile: " + output.status().message());
  }
  compiled.host_segments = HostRowsOf(output->package);
  NEURON_ASSIGN_OR_RETURN(Session session, Session::Load(verifier.runtime, output->package));
  compiled.session = std::make_unique<Session>(std::move(session));
  return OkStatus();
}

// What a step is given: its inputs and, where they do not come from the device, the states.
NamedTensors InputsOf(const ZooModel& model, const ZooCase& zoo_case, const Compiled& compiled,
                      const StepArrays& arrays, bool with_states) {
  NamedTensors named;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const bool fixed = compiled.constants.contains(model.inputs[i].name);
    if (!fixed && (with_states || !zoo_case.carry.contains(i))) {
      named[model.inputs[i].name] = arrays.inputs[i];
    }
  }
  return named;
}

// Output `index` of the graph after an execution, from the state that it became or the result.
Result<HostTensor> OutputOf(const ZooModel& model, const ZooCase& zoo_case, const Session& session,
                            const RunResult& result, size_t index) {
  for (const auto& [input, output] : zoo_case.carry) {
    if (output == index) {
      return session.ReadState(model.inputs[input].name);
    }
  }
  const auto found = result.outputs.find(model.outputs[index].name);
  if (found == result.outputs.end()) {
    return Status(StatusCode::kNotFound,
                  fmt::format("the compiled model has no output '{}'", model.outputs[index].name));
  }
  return found->second;
}

void Compare(const Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
             const StepArrays& actual, const StepArrays& reference, const std::string& where,
             Row& row) {
  // Where a model has no tolerance for reduced precision, the case's expectations alone judge it.
  const bool by_checks =
      verifier.reduced && model.tolerance.relative_l2.empty() && !zoo_case.checks.empty();
  for (size_t i = 0; i < actual.outputs.size(); ++i) {
    OutputError error = CompareOutput(actual.outputs[i], reference.outputs[i], model.tolerance, i,
                                      verifier.reduced);
    error.pass = error.pass || (by_checks && !error.integer && std::isfinite(error.largest));
    if (!error.pass) {
      error.detail = where + error.detail;
    }
    Merge(error, row.error);
  }
}

// Writes a step's outputs below verifier.outputs, in the layout of a zoo.
Status SaveOutputs(const Verifier& verifier, const Row& row, const ZooCase& zoo_case, size_t step,
                   const StepArrays& actual) {
  std::filesystem::path directory = verifier.outputs / row.model / row.name;
  if (zoo_case.sequence) {
    directory /= fmt::format("step_{:03}", step);
  }
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return Status(StatusCode::kIoError, fmt::format("cannot make the directory {}: {}",
                                                    directory.string(), error.message()));
  }
  for (size_t i = 0; i < actual.outputs.size(); ++i) {
    NEURON_RETURN_IF_ERROR(
        WriteNpy(directory / fmt::format("output_{}.npy", i), actual.outputs[i]));
  }
  return OkStatus();
}

Result<CaseArrays> RunSteps(Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
                            Carry carry, Compiled& compiled, Row& row) {
  CaseArrays arrays;
  for (size_t step = 0; step < zoo_case.steps; ++step) {
    NEURON_ASSIGN_OR_RETURN(StepArrays reference, ReadStep(model, zoo_case, step));
    NEURON_RETURN_IF_ERROR(Prepare(verifier, model, zoo_case, reference, compiled));
    row.host_segments = compiled.host_segments;
    row.states = compiled.session->states().size();
    verifier.progress.Show(
        fmt::format("{}/{} step {} of {}", row.model, row.name, step + 1, zoo_case.steps));
    const bool with_states = step == 0 || carry == Carry::kStored;
    NEURON_ASSIGN_OR_RETURN(
        const RunResult result,
        compiled.session->Run(InputsOf(model, zoo_case, compiled, reference, with_states),
                              verifier.execute));
    if (!result.findings.empty()) {
      return Status(StatusCode::kExecutionError, "strict mode: " + result.findings);
    }
    if (carry == Carry::kOnDevice) {
      AddStats(result.stats, verifier.device.partitions, row.stats);
      ++row.steps;
    }
    StepArrays actual{.inputs = reference.inputs, .outputs = {}};
    for (size_t i = 0; i < model.outputs.size(); ++i) {
      NEURON_ASSIGN_OR_RETURN(HostTensor output,
                              OutputOf(model, zoo_case, *compiled.session, result, i));
      actual.outputs.push_back(std::move(output));
    }
    const std::string where =
        (zoo_case.sequence ? fmt::format("step {}: ", step) : "") +
        (zoo_case.carry.empty() ? "" : fmt::format("with {}: ", NameOf(carry)));
    Compare(verifier, model, zoo_case, actual, reference, where, row);
    if (carry == Carry::kOnDevice && !verifier.outputs.empty()) {
      NEURON_RETURN_IF_ERROR(SaveOutputs(verifier, row, zoo_case, step, actual));
    }
    arrays.actual.push_back(std::move(actual));
    arrays.reference.push_back(std::move(reference));
  }
  return arrays;
}

Status RunCase(Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
               Compiled& compiled, Row& row) {
  NEURON_ASSIGN_OR_RETURN(const CaseArrays arrays,
                          RunSteps(verifier, model, zoo_case, Carry::kOnDevice, compiled, row));
  if (!zoo_case.carry.empty()) {
    NEURON_RETURN_IF_ERROR(
        RunSteps(verifier, model, zoo_case, Carry::kStored, compiled, row).status());
  }
  for (const nlohmann::json& check : zoo_case.checks) {
    row.checks.push_back(EvaluateCheck(check, model, arrays, verifier.zoo.directory));
  }
  return OkStatus();
}

// The verdict and, for a failure, the first reason.
void Decide(const Status& status, Row& row) {
  if (!status.ok()) {
    row.message = status.message();
    return;
  }
  if (row.error.has_value() && !row.error->pass) {
    row.message = row.error->detail;
    return;
  }
  for (const CheckResult& check : row.checks) {
    if (check.verdict == CheckResult::Verdict::kFail) {
      row.message = fmt::format("{}: {}", check.rule, check.detail);
      return;
    }
  }
  row.pass = true;
}

}  // namespace

Row VerifyCase(Verifier& verifier, const ZooModel& model, const ZooCase& zoo_case,
               Compiled& compiled) {
  Row row;
  row.model = model.name;
  row.name = zoo_case.name;
  row.precision = verifier.precision;
  verifier.progress.Show(fmt::format("{}/{}: compiling", row.model, row.name));
  try {
    Decide(RunCase(verifier, model, zoo_case, compiled, row), row);
  } catch (const std::exception& error) {
    row.message = fmt::format("internal error: {}", error.what());
  }
  verifier.progress.Clear();
  return row;
}

}  // namespace neuron::tools
