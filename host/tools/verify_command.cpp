// SPDX-License-Identifier: Apache-2.0
// `neuron verify`: every case of a model folder on a device, compared with its reference.
#include <fmt/core.h>
#include <fnmatch.h>
#include <neuron/isa.h>

#include <iostream>

#include "host/tools/report.h"
#include "host/tools/verify_case.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron verify DIR [--device URI] [--filter GLOB] [--json FILE]";
constexpr char kText[] =
    "Compiles each model of a folder with a manifest.json, runs its cases and compares outputs "
    "and\n"
    "expectations. A model that does not compile is a failed row with its message. The largest "
    "error\n"
    "is in steps (lsb) for integer outputs and relative to the reference's largest value for "
    "others. A sequence that carries tensors from step to step is compiled with them as states\n"
    "and runs twice, with its states kept on the device and with the stored ones; both must pass.\n"
    "Exit codes: 0 all cases pass, 1 a case failed, 2 usage, 4 no device, 5 file error.\n";

constexpr int kFullMantissa = 18;  // bits from which a configuration counts as single precision

bool Matches(const std::string& glob, const std::string& model, const std::string& name) {
  return glob.empty() || fnmatch(glob.c_str(), model.c_str(), 0) == 0 ||
         fnmatch(glob.c_str(), (model + "/" + name).c_str(), 0) == 0;
}

std::string ErrorText(const Row& row) {
  if (!row.error.has_value()) {
    return "-";
  }
  return row.error->integer ? fmt::format("{} lsb", row.error->largest)
                            : fmt::format("{:.2e}", row.error->relative_to_peak);
}

void PrintHeader() {
  std::cout << fmt::format("{:<44} {:<7} {:>10} {:>14} {:>7} {:>5}\n", "case", "verdict", "error",
                           "cycles", "util", "host");
}

void PrintRow(const Row& row) {
  const bool ran = row.stats.cycles != 0;
  std::cout << fmt::format(
      "{:<44} {:<7} {:>10} {:>14} {:>7} {:>5}\n", row.model + "/" + row.name,
      row.pass ? "pass" : "FAIL", ErrorText(row), ran ? Grouped(row.stats.cycles) : "-",
      ran ? fmt::format("{:.1f} %", 100 * row.stats.utilization) : "-", row.host_segments.size());
  if (!row.message.empty()) {
    std::cout << "    " << row.message << "\n";
  }
  std::cout << std::flush;
}

const char* VerdictName(CheckResult::Verdict verdict) {
  switch (verdict) {
    case CheckResult::Verdict::kPass:
      return "pass";
    case CheckResult::Verdict::kFail:
      return "fail";
    case CheckResult::Verdict::kNotEvaluated:
      break;
  }
  return "not evaluated";
}

nlohmann::json RowJson(const Row& row) {
  nlohmann::json checks = nlohmann::json::array();
  for (const CheckResult& check : row.checks) {
    checks.push_back(
        {{"rule", check.rule}, {"verdict", VerdictName(check.verdict)}, {"detail", check.detail}});
  }
  nlohmann::json json = {{"model", row.model},
                         {"case", row.name},
                         {"verdict", row.pass ? "pass" : "fail"},
                         {"message", row.message},
                         {"steps", row.steps},
                         {"states", row.states},
                         {"host_segments", row.host_segments},
                         {"checks", checks},
                         {"stats", StatsJson(row.stats)},
                         {"cycles", row.stats.cycles},
                         {"utilization", row.stats.utilization}};
  if (row.error.has_value()) {
    json["max_error"] = row.error->largest;
    json["max_error_unit"] = row.error->integer ? "lsb" : "absolute";
    json["max_error_relative_to_peak"] = row.error->relative_to_peak;
  }
  return json;
}

po::options_description Options() {
  po::options_description options = MemoryOptionsDescription();
  options.add(AutoCastDescription());
  options.add_options()("device", po::value<std::string>()->default_value(""),
                        "device (default: $NEURON_DEVICE, else functional)")(
      "filter", po::value<std::string>()->default_value(""),
      "only what matches this glob: MODEL or MODEL/CASE")(
      "tolerance", po::value<std::string>()->default_value("auto"),
      "fp32, reduced, or auto: reduced on configurations with narrow multipliers")(
      "json", po::value<std::string>(), "write the results as JSON to FILE ('-': standard output)")(
      "timeout", po::value<double>()->default_value(0), "seconds for one launch (0: 600)")(
      "progress", "show progress also when the standard error is no terminal");
  return options;
}

bool UseReduced(const std::string& tolerance, const std::string& configuration,
                ElementType float_storage) {
  if (tolerance == "auto") {
    if (float_storage != ElementType::kFloat32) {
      return true;
    }
    const isa::Config* config = isa::FindConfig(configuration);
    return config != nullptr && config->mantissa_width < kFullMantissa;
  }
  if (tolerance != "fp32" && tolerance != "reduced") {
    throw Failure{kExitUsage,
                  fmt::format("--tolerance '{}' is not fp32, reduced or auto", tolerance)};
  }
  return tolerance == "reduced";
}

Verifier MakeVerifier(const po::variables_map& values) {
  Result<Zoo> zoo = ReadZoo(values["DIR"].as<std::string>());
  if (!zoo.ok()) {
    throw Failure{kExitFile, zoo.status().message()};
  }
  nrt::Result<nrt::Runtime> runtime = nrt::Runtime::Open(values["device"].as<std::string>());
  if (!runtime.ok()) {
    throw FailureOf(FromRuntime(runtime.status()), kExitDevice);
  }
  const nrt_device_info device = *runtime->info();
  const ElementType float_storage = FloatStorageOf(values);
  const double seconds = values["timeout"].as<double>();
  return {.zoo = std::move(zoo).value(),
          .runtime = std::move(*runtime),
          .device = device,
          .cost = MemoryOf(values),
          .float_storage = float_storage,
          .reduced = UseReduced(values["tolerance"].as<std::string>(), device.configuration,
                                float_storage),
          .execute = {.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))},
          .progress = Progress(values.count("progress") != 0)};
}

}  // namespace

int VerifyCommand(const Arguments& arguments) {
  po::variables_map values;
  if (Parse(arguments, Options(), "DIR", kUsage, kText, values)) {
    return kExitOk;
  }
  Verifier verifier = MakeVerifier(values);
  const std::string glob = values["filter"].as<std::string>();
  const bool json_only = values.count("json") != 0 && values["json"].as<std::string>() == "-";
  nlohmann::json rows = nlohmann::json::array();
  size_t passed = 0;
  if (!json_only) {
    PrintHeader();
  }
  for (const ZooModel& model : verifier.zoo.models) {
    Compiled compiled;
    for (const ZooCase& zoo_case : model.cases) {
      if (!Matches(glob, model.name, zoo_case.name)) {
        continue;
      }
      const Row row = VerifyCase(verifier, model, zoo_case, compiled);
      passed += row.pass ? 1 : 0;
      rows.push_back(RowJson(row));
      if (!json_only) {
        PrintRow(row);
      }
    }
  }
  if (rows.empty()) {
    throw Failure{kExitUsage, fmt::format("--filter '{}' matches no case", glob)};
  }
  const bool all = passed == rows.size();
  if (!json_only) {
    std::cout << fmt::format("{} of {} cases pass on {}\n", passed, rows.size(),
                             verifier.device.description);
  }
  if (values.count("json") != 0) {
    const size_t failed = rows.size() - passed;
    WriteJson(values["json"].as<std::string>(),
              {{"device", verifier.device.description},
               {"configuration", verifier.device.configuration},
               {"tolerance", verifier.reduced ? "reduced" : "fp32"},
               {"passed", passed},
               {"failed", failed},
               {"cases", rows}});
  }
  return all ? kExitOk : kExitMismatch;
}

}  // namespace neuron::tools
