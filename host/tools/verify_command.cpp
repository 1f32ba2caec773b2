// SPDX-License-Identifier: Apache-2.0
// `neuron verify`: every case of a model folder on a device, compared with its reference.
#include <fmt/core.h>
#include <fnmatch.h>
#include <neuron/isa.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "host/tools/verify_table.h"

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
    "A sequence of a network that rounds to 8 bits inside passes by rule where it misses the\n"
    "element-wise tolerance and meets what the manifest asks of the whole sequence.\n"
    "Exit codes: 0 all cases pass, 1 a case failed, 2 usage, 4 no device, 5 file error.\n";

constexpr int kFullMantissa = 18;  // bits from which a configuration counts as single precision

bool Matches(const std::string& glob, const std::string& model, const std::string& name) {
  return glob.empty() || fnmatch(glob.c_str(), model.c_str(), 0) == 0 ||
         fnmatch(glob.c_str(), (model + "/" + name).c_str(), 0) == 0;
}

po::options_description Options() {
  po::options_description options = MemoryOptionsDescription();
  options.add(AutoCastDescription());
  options.add(ResidentDescription());
  options.add_options()("device", po::value<std::string>()->default_value(""),
                        "device (default: $NEURON_DEVICE, else functional)")(
      "filter", po::value<std::string>()->default_value(""),
      "only what matches this glob: MODEL or MODEL/CASE")(
      "precision", po::value<std::string>()->default_value("auto"),
      "fast, accurate (compile --help tells), or auto: fast for a model whose cases all pass with "
      "it,"
      " accurate for others")(
      "tolerance", po::value<std::string>()->default_value("auto"),
      "fp32, reduced, or auto: reduced on configurations with narrow multipliers")(
      "output-dir", po::value<std::string>()->default_value(""),
      "write the outputs to DIR/MODEL/CASE/[step_NNN/]output_N.npy")(
      "json", po::value<std::string>(), "write the results as JSON to FILE ('-': standard output)")(
      "markdown", po::value<std::string>(),
      "write a table to FILE, between the lines '<!-- verify: begin -->' and '<!-- verify: end "
      "-->' "
      "where it has them")("timeout", po::value<double>()->default_value(0),
                           "seconds for one launch (0: 600)")(
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

enum class Precision { kFast, kAccurate, kAuto };

Precision PrecisionOf(const po::variables_map& values) {
  if (values["precision"].as<std::string>() == "auto") {
    return Precision::kAuto;
  }
  return IsAccurate(values) ? Precision::kAccurate : Precision::kFast;
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
          .resident_weights = ResidentOf(values),
          .reduced = UseReduced(values["tolerance"].as<std::string>(), device.configuration,
                                float_storage),
          .outputs = values["output-dir"].as<std::string>(),
          .execute = {.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))},
          .progress = Progress(values.count("progress") != 0)};
}

// The cases of one model that the glob matches.
std::vector<Row> VerifyModel(Verifier& verifier, const ZooModel& model, const std::string& glob,
                             bool prints) {
  Compiled compiled;
  std::vector<Row> rows;
  for (const ZooCase& zoo_case : model.cases) {
    if (!Matches(glob, model.name, zoo_case.name)) {
      continue;
    }
    rows.push_back(VerifyCase(verifier, model, zoo_case, compiled));
    if (prints) {
      std::cout << RowLine(rows.back()) << std::flush;
    }
  }
  return rows;
}

// A float output beyond its tolerance.
bool IsInaccurate(const Row& row) {
  return row.error.has_value() && !row.error->pass && !row.error->integer;
}

nlohmann::json ResultsJson(const Verifier& verifier, const std::vector<Row>& rows, size_t passed) {
  nlohmann::json cases = nlohmann::json::array();
  for (const Row& row : rows) {
    cases.push_back(RowJson(row));
  }
  return {{"device", verifier.device.description},
          {"configuration", verifier.device.configuration},
          {"tolerance", verifier.reduced ? "reduced" : "fp32"},
          {"passed", passed},
          {"failed", rows.size() - passed},
          {"cases", cases}};
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
  const Precision precision = PrecisionOf(values);
  std::vector<Row> rows;
  if (!json_only) {
    std::cout << HeaderLine();
  }
  for (const ZooModel& model : verifier.zoo.models) {
    verifier.accurate = precision == Precision::kAccurate;
    std::vector<Row> verified = VerifyModel(verifier, model, glob, !json_only);
    if (precision == Precision::kAuto && !verifier.reduced &&
        std::ranges::any_of(verified, IsInaccurate)) {
      verifier.accurate = true;
      verified = VerifyModel(verifier, model, glob, !json_only);
    }
    std::ranges::move(verified, std::back_inserter(rows));
  }
  if (rows.empty()) {
    throw Failure{kExitUsage, fmt::format("--filter '{}' matches no case", glob)};
  }
  const auto passed = static_cast<size_t>(std::ranges::count_if(rows, &Row::passes));
  if (!json_only) {
    std::cout << fmt::format("{} pass on {}\n", PassedText(rows), verifier.device.description);
  }
  if (values.count("json") != 0) {
    WriteJson(values["json"].as<std::string>(), ResultsJson(verifier, rows, passed));
  }
  if (values.count("markdown") != 0) {
    WriteMarkdown(values["markdown"].as<std::string>(),
                  MarkdownTable(rows, verifier.device.description));
  }
  return passed == rows.size() ? kExitOk : kExitMismatch;
}

}  // namespace neuron::tools
