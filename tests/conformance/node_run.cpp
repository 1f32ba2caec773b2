// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/node_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/compiler/compiler.h"
#include "host/tools/session.h"

namespace neuron::conformance {
namespace {

namespace fs = std::filesystem;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

double PeakOf(const HostTensor& tensor) {
  double peak = 0;
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    const double magnitude = std::fabs(tensor.ValueAt(i));
    peak = std::isfinite(magnitude) ? std::max(peak, magnitude) : peak;
  }
  return peak;
}

// Empty when every element agrees, else where the first difference is.
std::string Difference(const HostTensor& actual, const HostTensor& expected) {
  if (actual.type != expected.type || actual.shape != expected.shape) {
    return fmt::format("is {} {} instead of {} {}", ElementTypeName(actual.type),
                       ShapeToString(actual.shape), ElementTypeName(expected.type),
                       ShapeToString(expected.shape));
  }
  const double peak = PeakOf(expected);
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double a = actual.ValueAt(i);
    const double e = expected.ValueAt(i);
    const double allowed = IsFloat(expected.type) ? AllowedDifference(expected.type, e, peak) : 0;
    const bool same = a == e || (std::isnan(a) && std::isnan(e)) || std::fabs(a - e) <= allowed;
    if (!same) {
      return fmt::format("element {} is {:.7g} instead of {:.7g}, allowed difference {:.2g}", i, a,
                         e, allowed);
    }
  }
  return "";
}

// Whether input `index` may decide a shape: a target shape, axes, scales, a number of elements, an
// If's condition.
bool IsParameter(const HostTensor& value, size_t index) {
  const bool is_integer = value.type == ElementType::kInt64 || value.type == ElementType::kInt32 ||
                          value.type == ElementType::kBool;
  return value.shape.size() <= 1 && (is_integer || index > 0);
}

Result<compiler::CompileOutput> CompileWith(const fs::path& model, const std::string& configuration,
                                            const std::vector<std::string>& names,
                                            const DataSet& set, bool parameters_are_constants) {
  compiler::CompileOptions options;
  options.import.path = model.string();
  options.configuration = configuration;
  for (size_t i = 0; i < names.size() && i < set.inputs.size(); ++i) {
    const HostTensor& value = set.inputs[i];
    if (parameters_are_constants && IsParameter(value, i)) {
      const std::vector<int64_t> ints = value.ToInts();
      const std::vector<float> floats = value.ToFloats();
      std::vector<double>& constant = options.import.constants[names[i]];
      if (value.type == ElementType::kFloat32) {
        constant.assign(floats.begin(), floats.end());
      } else {
        constant.assign(ints.begin(), ints.end());
      }
    }
    options.import.input_shapes[names[i]] = value.shape;
  }
  return compiler::Compile(options);
}

std::string WhereItRan(const ncx::PackageData& package) {
  std::set<std::string> operators;
  for (const ncx::HostOp& op : package.host_ops) {
    operators.insert(op.node.op_type);
  }
  if (operators.empty()) {
    return package.launches.empty() ? "compiler" : "engines";
  }
  std::string text = "host:";
  for (const std::string& name : operators) {
    text += (text.back() == ':' ? " " : ", ") + name;
  }
  return text;
}

// Runs the package on the set's inputs. kUnsupported when a host segment refuses its operands.
Result<tools::RunResult> RunPackage(nrt::Runtime& runtime, const ncx::PackageData& package,
                                    const std::vector<std::string>& names, const DataSet& set) {
  NEURON_ASSIGN_OR_RETURN(tools::Session session, tools::Session::Load(runtime, package));
  tools::NamedTensors inputs;
  for (const nrt::TensorInfo& info : session.inputs()) {
    const auto at = std::ranges::find(names, info.name) - names.begin();
    inputs[info.name] = set.inputs[static_cast<size_t>(at)];
  }
  return session.Run(inputs, {});
}

// Judges a run against the expected outputs, which are in the order of the package's.
Outcome Judge(const ncx::PackageData& package, const Result<tools::RunResult>& result,
              const DataSet& set) {
  Outcome outcome{Verdict::kPass, WhereItRan(package), ""};
  if (!result.ok()) {
    outcome.verdict =
        result.status().code() == StatusCode::kUnsupported ? Verdict::kRefused : Verdict::kWrong;
    outcome.reason = FirstLine(result.status().message());
    return outcome;
  }
  if (!result->findings.empty()) {
    return {Verdict::kWrong, outcome.where, "strict mode: " + FirstLine(result->findings)};
  }
  size_t next = 0;
  for (const ncx::Tensor& tensor : package.tensors) {
    if (tensor.role != ncx::TensorRole::kOutput || next >= set.outputs.size()) {
      continue;
    }
    const std::string difference = Difference(result->outputs.at(tensor.name), set.outputs[next++]);
    if (!difference.empty()) {
      return {Verdict::kWrong, outcome.where,
              fmt::format("output '{}' {}", tensor.name, difference)};
    }
  }
  return outcome;
}

}  // namespace

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kWrong:
      break;
  }
  return "wrong";
}

double AllowedDifference(ElementType type, double expected, double peak) {
  const double relative = type == ElementType::kFloat16    ? 0x1p-10
                          : type == ElementType::kBfloat16 ? 0x1p-7
                                                           : 1e-3;
  return relative * std::fabs(expected) + 1e-7 + 0x1p-20 + 0x1p-17 * peak;
}

Outcome RunNodeTest(nrt::Runtime& runtime, const fs::path& folder) {
  const Result<std::vector<DataSet>> sets = ReadDataSets(folder);
  if (!sets.ok()) {
    return {Verdict::kRefused, "", FirstLine(sets.status().message())};
  }
  const fs::path model = folder / "model.onnx";
  const std::string configuration = runtime.info()->configuration;
  const Result<std::vector<std::string>> names = ReadInputNames(model);
  if (!names.ok()) {
    return {Verdict::kRefused, "", FirstLine(names.status().message())};
  }
  Outcome outcome;
  for (const DataSet& set : *sets) {
    Result<compiler::CompileOutput> output = CompileWith(model, configuration, *names, set, false);
    if (!output.ok()) {
      Result<compiler::CompileOutput> again = CompileWith(model, configuration, *names, set, true);
      if (!again.ok()) {
        return {Verdict::kRefused, "", FirstLine(again.status().message())};
      }
      output = std::move(again);
    }
    outcome = Judge(output->package, RunPackage(runtime, output->package, *names, set), set);
    if (outcome.verdict != Verdict::kPass) {
      break;
    }
  }
  return outcome;
}

}  // namespace neuron::conformance
