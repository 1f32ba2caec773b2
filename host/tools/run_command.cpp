// SPDX-License-Identifier: Apache-2.0
// `neuron run`: one model, inputs of one step or a sequence of steps, outputs and cost.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <random>

#include "host/tools/cli.h"
#include "host/tools/layer_report.h"
#include "host/tools/npy.h"
#include "host/tools/report.h"
#include "host/tools/session.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron run MODEL.onnx|MODEL.ncx --input NAME=FILE.npy ... [options]";
constexpr char kText[] =
    "Runs a model on a device and prints its outputs, cycles, busy and stall cycles of each\n"
    "engine, tensor utilisation (useful MACs / (P * P * cycles)), DRAM bytes, simulated kHz and\n"
    "wall-clock time. An ONNX model is compiled first, for the device's configuration.\n"
    "With --steps N the model runs N times; its states (--state) stay on the device in between. "
    "An\n"
    "input of shape [N, ...] gives each step its part, {} in a file name becomes the step's "
    "number\n"
    "(000, 001, ...), and any other input serves all steps. An input file for a state sets its\n"
    "value before the first step; without one it starts at zero. Outputs are written as [N, ...].\n"
    "Exit codes: 0 ok, 2 usage or unfit inputs, 3 compile error, 4 device error, 5 file error.\n";
constexpr int64_t kMostJsonValues = 4096;

po::options_description Options() {
  po::options_description options;
  options.add_options()("device", po::value<std::string>()->default_value(""),
                        "device, such as functional, functional:tiny?strict=1 or rtl:sim "
                        "(default: $NEURON_DEVICE, else functional)")(
      "input", po::value<std::vector<std::string>>()->multitoken()->composing(),
      "NAME=FILE.npy; FILE.npy alone for a model with one input (repeatable)")(
      "random", po::value<uint32_t>(), "fill inputs that are not given with values from this seed")(
      "steps", po::value<uint32_t>()->default_value(1), "how often to run")(
      "output-dir", po::value<std::string>(),
      "write each output to DIR/NAME.npy, and each state at the end to DIR/NAME.state.npy")(
      "json", po::value<std::string>(), "write the report as JSON to FILE ('-': standard output)")(
      "timeout", po::value<double>()->default_value(0), "seconds for one launch (0: 600)")(
      "watchdog", po::value<uint32_t>()->default_value(0),
      "cycles without a finished instruction that mean a hang (0: the default)")(
      "progress", "show progress also when the standard error is no terminal");
  return options.add(CompileOptionsDescription());
}

HostTensor RandomTensor(const nrt::TensorInfo& info, std::mt19937& random) {
  HostTensor tensor(static_cast<ElementType>(info.dtype), info.shape);
  if (tensor.type == ElementType::kFloat32) {
    std::uniform_real_distribution<float> distribution(-1.0F, 1.0F);
    for (float& value : tensor.as<float>()) {
      value = distribution(random);
    }
  } else if (ElementBytes(tensor.type) == 1 && tensor.type != ElementType::kBool) {
    for (std::byte& value : tensor.data) {
      value = static_cast<std::byte>(random());
    }
  }
  return tensor;  // indices, flags and other types stay zero
}

// Where the values of one input come from.
struct Source {
  std::string file;
  HostTensor tensor;  // of all steps, when `file` has no place for a step's number
};
using Sources = std::map<std::string, Source>;

constexpr char kStepMark[] = "{}";

HostTensor ReadFile(const std::string& path) {
  Result<HostTensor> tensor = ReadNpy(path);
  if (!tensor.ok()) {
    throw Failure{kExitFile, tensor.status().message()};
  }
  return std::move(tensor).value();
}

Sources ReadSources(const po::variables_map& values, const std::vector<nrt::TensorInfo>& infos) {
  Sources sources;
  if (values.count("input") == 0) {
    return sources;
  }
  for (const std::string& text : values["input"].as<std::vector<std::string>>()) {
    const size_t at = text.rfind('=');
    if (at == std::string::npos && infos.size() != 1) {
      throw Failure{kExitUsage, fmt::format("--input '{}' is not of the form NAME=FILE.npy", text)};
    }
    const std::string name = at == std::string::npos ? infos[0].name : text.substr(0, at);
    Source& source = sources[name];
    source.file = at == std::string::npos ? text : text.substr(at + 1);
    if (source.file.find(kStepMark) == std::string::npos) {
      source.tensor = ReadFile(source.file);
    }
  }
  return sources;
}

// Part `step` of a tensor with one dimension more than the model's; otherwise the tensor itself.
HostTensor PartOf(const HostTensor& tensor, const nrt::TensorInfo& info, size_t step,
                  size_t steps) {
  const bool parted = tensor.shape.size() == info.shape.size() + 1 &&
                      tensor.shape[0] == static_cast<int64_t>(steps);
  if (!parted || tensor.shape == info.shape) {
    return tensor;
  }
  HostTensor part(tensor.type, {tensor.shape.begin() + 1, tensor.shape.end()});
  std::copy_n(tensor.data.begin() + static_cast<ptrdiff_t>(step * part.data.size()),
              part.data.size(), part.data.begin());
  return part;
}

// The inputs of a step and, for the first, the states that are given.
class InputFeed {
 public:
  InputFeed(const po::variables_map& values, const Session& session)
      : session_(session),
        sources_(ReadSources(values, session.inputs())),
        steps_(values["steps"].as<uint32_t>()) {
    if (values.count("random") != 0) {
      random_.emplace(values["random"].as<uint32_t>());
    }
  }

  NamedTensors Step(size_t step) {
    NamedTensors inputs;
    for (const nrt::TensorInfo& info : session_.inputs()) {
      const auto source = sources_.find(info.name);
      if (source != sources_.end()) {
        inputs[info.name] = PartOf(Read(source->second, step), info, step, steps_);
      } else if (random_.has_value()) {
        inputs[info.name] = RandomTensor(info, *random_);
      }
    }
    for (const auto& [name, source] : sources_) {
      if (step == 0 && !inputs.contains(name)) {
        inputs[name] = Read(source, step);
      }
    }
    return inputs;
  }

 private:
  static HostTensor Read(const Source& source, size_t step) {
    const size_t mark = source.file.find(kStepMark);
    if (mark == std::string::npos) {
      return source.tensor;
    }
    std::string file = source.file;
    return ReadFile(file.replace(mark, sizeof(kStepMark) - 1, fmt::format("{:03}", step)));
  }

  const Session& session_;
  Sources sources_;
  size_t steps_;
  std::optional<std::mt19937> random_;
};

// An output's name as a file name: characters that a path or a shell reads become '_'.
std::string FileName(const std::string& name) {
  std::string file = name;
  for (char& c : file) {
    if (c == '/' || c == '\\' || c == ':' || c == ' ') {
      c = '_';
    }
  }
  return file + ".npy";
}

void WriteTensor(const std::string& directory, const std::string& name, const HostTensor& tensor) {
  const Status status = WriteNpy(std::filesystem::path(directory) / FileName(name), tensor);
  if (!status.ok()) {
    throw Failure{kExitFile, status.message()};
  }
}

// How many executions found their weights in SBUF, and what that was worth.
struct Residency {
  size_t resident_steps = 0;
  uint64_t first_cycles = 0;     // of the last execution that read all its weights
  uint64_t repeated_cycles = 0;  // of the last one that found them in SBUF; 0: there was none
};

// All steps: the last outputs, those of all steps behind one another, and the sum of the costs.
struct SequenceResult {
  RunResult last;
  std::map<std::string, std::vector<std::byte>> data;
  NamedTensors states;  // at the end
  Residency residency;
};

void WriteOutputs(const std::string& directory, const SequenceResult& result, size_t steps) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const auto& [name, tensor] : result.last.outputs) {
    HostTensor all = tensor;
    if (steps > 1) {
      all.shape.insert(all.shape.begin(), static_cast<int64_t>(steps));
      all.data = SharedBytes(result.data.at(name));
    }
    WriteTensor(directory, name, all);
  }
  for (const auto& [name, tensor] : result.states) {
    WriteTensor(directory, name + ".state", tensor);
  }
}

nlohmann::json ReportJson(const ncx::PackageData& package, const nrt_device_info& device,
                          const Session& session, const SequenceResult& result, size_t steps) {
  nlohmann::json outputs = nlohmann::json::array();
  for (const nrt::TensorInfo& info : session.outputs()) {
    outputs.push_back(TensorJson(info.name, result.last.outputs.at(info.name), kMostJsonValues));
  }
  nlohmann::json states = nlohmann::json::array();
  for (const nrt::TensorInfo& info : session.states()) {
    states.push_back(TensorJson(info.name, result.states.at(info.name), kMostJsonValues));
  }
  nlohmann::json report = StatsJson(result.last.stats);
  report["model"] = package.model_name;
  report["device"] = {{"description", device.description}, {"configuration", device.configuration}};
  report["host_segments"] = HostRowsJson(HostRowsOf(package));
  report["steps"] = steps;
  report["weights"] = {{"resident_bytes", ncx::ResidentBytes(package)},
                       {"resident_steps", result.residency.resident_steps},
                       {"first_cycles", result.residency.first_cycles},
                       {"repeated_cycles", result.residency.repeated_cycles}};
  report["outputs"] = outputs;
  report["states"] = states;
  if (!result.last.findings.empty()) {
    report["findings"] = result.last.findings;
  }
  return report;
}

void AddResidency(const nrt_execution_stats& stats, Residency& residency) {
  if (stats.weights_resident != 0) {
    residency.resident_steps += 1;
    residency.repeated_cycles = stats.cycles;
  } else {
    residency.first_cycles = stats.cycles;
  }
}

std::string ResidencyText(const ncx::PackageData& package, compiler::ResidentWeights asked,
                          const Residency& residency, size_t steps) {
  const std::string staying = StayingText(package, asked);
  if (package.repeat_launches.empty()) {
    return staying.empty() ? "" : fmt::format("weights       {}\n", staying);
  }
  std::string text =
      fmt::format("weights       {}; found there in {} of {} steps; {} cycles when read", staying,
                  residency.resident_steps, steps, Grouped(residency.first_cycles));
  if (residency.resident_steps > 0) {
    text += fmt::format(", {} when found", Grouped(residency.repeated_cycles));
  }
  return text + "\n";
}

nrt::ExecuteOptions ExecuteOptionsOf(const po::variables_map& values) {
  const double seconds = values["timeout"].as<double>();
  return {.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)),
          .watchdog_cycles = values["watchdog"].as<uint32_t>()};
}

// Runs all steps. Throws Failure.
SequenceResult RunSequence(const po::variables_map& values, Session& session,
                           const nrt_device_info& device, Progress& progress) {
  const nrt::ExecuteOptions execute = ExecuteOptionsOf(values);
  const size_t steps = values["steps"].as<uint32_t>();
  InputFeed feed(values, session);
  SequenceResult result;
  nrt_execution_stats sum{};
  std::string findings;
  for (size_t step = 0; step < steps; ++step) {
    progress.Show(fmt::format("running on {}: step {} of {}", device.description, step + 1, steps));
    Result<RunResult> one = session.Run(feed.Step(step), execute);
    progress.Clear();
    if (!one.ok()) {
      const bool unfit = one.status().code() == StatusCode::kInvalidArgument;
      throw FailureOf(one.status(), unfit ? kExitUsage : kExitDevice);
    }
    AddStats(one->stats, device.partitions, sum);
    AddResidency(one->stats, result.residency);
    findings += one->findings;
    for (const auto& [name, tensor] : one->outputs) {
      std::vector<std::byte>& all = result.data[name];
      all.insert(all.end(), tensor.data.begin(), tensor.data.end());
    }
    result.last = std::move(one).value();
  }
  result.last.stats = sum;
  result.last.findings = findings;
  for (const nrt::TensorInfo& info : session.states()) {
    Result<HostTensor> state = session.ReadState(info.name);
    if (!state.ok()) {
      throw FailureOf(state.status(), kExitDevice);
    }
    result.states[info.name] = std::move(state).value();
  }
  return result;
}

void PrintResult(const ncx::PackageData& package, const nrt_device_info& device,
                 const Session& session, compiler::ResidentWeights asked,
                 const SequenceResult& result, size_t steps) {
  std::cout << fmt::format("model         {} on {}, configuration {}\n", package.model_name,
                           device.description, device.configuration);
  for (const HostRow& row : HostRowsOf(package)) {
    std::cout << fmt::format("host segment  {}\n", HostRowText(row));
  }
  if (steps > 1) {
    std::cout << fmt::format("steps         {}; outputs of the last, cost of all\n", steps);
  }
  for (const nrt::TensorInfo& info : session.outputs()) {
    std::cout << "output        " << TensorText(info.name, result.last.outputs.at(info.name))
              << "\n";
  }
  for (const nrt::TensorInfo& info : session.states()) {
    std::cout << "state         " << TensorText(info.name, result.states.at(info.name)) << "\n";
  }
  std::cout << ResidencyText(package, asked, result.residency, steps)
            << StatsText(result.last.stats) << result.last.findings;
}

}  // namespace

int RunCommand(const Arguments& arguments) {
  po::variables_map values;
  if (Parse(arguments, Options(), "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  const size_t steps = values["steps"].as<uint32_t>();
  if (steps == 0) {
    throw Failure{kExitUsage, "--steps '0' is not at least 1"};
  }
  Progress progress(values.count("progress") != 0);
  nrt::Result<nrt::Runtime> runtime = nrt::Runtime::Open(values["device"].as<std::string>());
  if (!runtime.ok()) {
    throw FailureOf(FromRuntime(runtime.status()), kExitDevice);
  }
  const nrt_device_info device = *runtime->info();
  if (values["config"].defaulted()) {
    values.at("config").value() = std::string(device.configuration);
  }
  const std::string path = values["MODEL"].as<std::string>();
  const ncx::PackageData package = LoadOrCompile(values, path, progress);
  Result<Session> session = Session::Load(*runtime, package);
  if (!session.ok()) {
    throw FailureOf(session.status(), kExitDevice);
  }
  const SequenceResult result = RunSequence(values, *session, device, progress);
  if (values.count("output-dir") != 0) {
    WriteOutputs(values["output-dir"].as<std::string>(), result, steps);
  }
  const bool json_only = values.count("json") != 0 && values["json"].as<std::string>() == "-";
  if (values.count("json") != 0) {
    WriteJson(values["json"].as<std::string>(),
              ReportJson(package, device, *session, result, steps));
  }
  if (!json_only) {
    PrintResult(package, device, *session, ResidentOf(values), result, steps);
  }
  return kExitOk;
}

}  // namespace neuron::tools
