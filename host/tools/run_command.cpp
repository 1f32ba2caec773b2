// SPDX-License-Identifier: Apache-2.0
// `neuron run`: one model, one set of inputs, outputs and cost.
#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <random>

#include "host/tools/cli.h"
#include "host/tools/npy.h"
#include "host/tools/report.h"
#include "host/tools/session.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron run MODEL.onnx|MODEL.ncx --input NAME=FILE.npy ... [options]";
constexpr char kText[] =
    "Runs a model once on a device and prints its outputs, cycles, busy and stall cycles of each\n"
    "engine, tensor utilisation (useful MACs / (P * P * cycles)), DRAM bytes, simulated kHz and\n"
    "wall-clock time. An ONNX model is compiled first, for the device's configuration.\n"
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
      "output-dir", po::value<std::string>(), "write each output to DIR/NAME.npy")(
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

NamedTensors ReadInputs(const po::variables_map& values,
                        const std::vector<nrt::TensorInfo>& infos) {
  NamedTensors inputs;
  if (values.count("input") != 0) {
    for (const std::string& text : values["input"].as<std::vector<std::string>>()) {
      const size_t at = text.rfind('=');
      if (at == std::string::npos && infos.size() != 1) {
        throw Failure{kExitUsage,
                      fmt::format("--input '{}' is not of the form NAME=FILE.npy", text)};
      }
      const std::string name = at == std::string::npos ? infos[0].name : text.substr(0, at);
      Result<HostTensor> tensor = ReadNpy(at == std::string::npos ? text : text.substr(at + 1));
      if (!tensor.ok()) {
        throw Failure{kExitFile, tensor.status().message()};
      }
      inputs[name] = std::move(tensor).value();
    }
  }
  if (values.count("random") != 0) {
    std::mt19937 random(values["random"].as<uint32_t>());
    for (const nrt::TensorInfo& info : infos) {
      if (!inputs.contains(info.name)) {
        inputs[info.name] = RandomTensor(info, random);
      }
    }
  }
  return inputs;
}

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

void WriteOutputs(const std::string& directory, const RunResult& result) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const auto& [name, tensor] : result.outputs) {
    const Status status = WriteNpy(std::filesystem::path(directory) / FileName(name), tensor);
    if (!status.ok()) {
      throw Failure{kExitFile, status.message()};
    }
  }
}

nlohmann::json ReportJson(const ncx::PackageData& package, const nrt_device_info& device,
                          const Session& session, const RunResult& result) {
  nlohmann::json outputs = nlohmann::json::array();
  for (const nrt::TensorInfo& info : session.outputs()) {
    outputs.push_back(TensorJson(info.name, result.outputs.at(info.name), kMostJsonValues));
  }
  nlohmann::json report = StatsJson(result.stats);
  report["model"] = package.model_name;
  report["device"] = {{"description", device.description}, {"configuration", device.configuration}};
  report["host_segments"] = HostOperatorsJson(package);
  report["outputs"] = outputs;
  if (!result.findings.empty()) {
    report["findings"] = result.findings;
  }
  return report;
}

nrt::ExecuteOptions ExecuteOptionsOf(const po::variables_map& values) {
  const double seconds = values["timeout"].as<double>();
  if (!(seconds >= 0 && seconds < 1e9)) {
    throw Failure{kExitUsage, "--timeout must be a number of seconds"};
  }
  return {.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)),
          .watchdog_cycles = values["watchdog"].as<uint32_t>()};
}

}  // namespace

int RunCommand(const Arguments& arguments) {
  po::variables_map values;
  if (Parse(arguments, Options(), "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  const nrt::ExecuteOptions execute = ExecuteOptionsOf(values);
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
  const NamedTensors inputs = ReadInputs(values, session->inputs());
  progress.Show(fmt::format("running on {}", device.description));
  const Result<RunResult> result = session->Run(inputs, execute);
  progress.Clear();
  if (!result.ok()) {
    const bool unfit = result.status().code() == StatusCode::kInvalidArgument;
    throw FailureOf(result.status(), unfit ? kExitUsage : kExitDevice);
  }
  if (values.count("output-dir") != 0) {
    WriteOutputs(values["output-dir"].as<std::string>(), *result);
  }
  const bool json_only = values.count("json") != 0 && values["json"].as<std::string>() == "-";
  if (values.count("json") != 0) {
    WriteJson(values["json"].as<std::string>(), ReportJson(package, device, *session, *result));
  }
  if (!json_only) {
    std::cout << fmt::format("model         {} on {}, configuration {}\n", package.model_name,
                             device.description, device.configuration)
              << HostOperatorsText(package);
    for (const nrt::TensorInfo& info : session->outputs()) {
      std::cout << "output        " << TensorText(info.name, result->outputs.at(info.name)) << "\n";
    }
    std::cout << StatsText(result->stats) << result->findings;
  }
  return kExitOk;
}

}  // namespace neuron::tools
