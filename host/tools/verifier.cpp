// SPDX-License-Identifier: Apache-2.0
#include "host/tools/verifier.h"

#include <fmt/core.h>
#include <fnmatch.h>
#include <neuron/isa.h>

#include <algorithm>
#include <iterator>

namespace neuron::tools {
namespace {

constexpr int kFullMantissa = 18;  // bits from which a configuration counts as single precision

bool Matches(const std::string& glob, const std::string& model, const std::string& name) {
  return glob.empty() || fnmatch(glob.c_str(), model.c_str(), 0) == 0 ||
         fnmatch(glob.c_str(), (model + "/" + name).c_str(), 0) == 0;
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

}  // namespace

po::options_description VerifierDescription() {
  po::options_description options = MemoryOptionsDescription();
  options.add(AutoCastDescription());
  options.add(ResidentDescription());
  options.add_options()("device", po::value<std::string>()->default_value(""),
                        "device (default: $NEURON_DEVICE, else functional)")(
      "filter", po::value<std::string>()->default_value(""),
      "only what matches this glob: MODEL or MODEL/CASE")(
      "tolerance", po::value<std::string>()->default_value("auto"),
      "fp32; reduced: relative L2 errors and expectations; or auto: reduced on configurations with "
      "narrow multipliers and with --auto-cast")("timeout", po::value<double>()->default_value(0),
                                                 "seconds for one launch (0: 600)")(
      "progress", "show progress also when the standard error is no terminal");
  return options;
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
          .precision = {},
          .resident_weights = ResidentOf(values),
          .reduced = UseReduced(values["tolerance"].as<std::string>(), device.configuration,
                                float_storage),
          .outputs = {},
          .execute = {.timeout = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))},
          .progress = Progress(values.count("progress") != 0)};
}

std::vector<ZooCase> CasesOf(const ZooModel& model, const std::string& glob) {
  std::vector<ZooCase> cases;
  std::ranges::copy_if(model.cases, std::back_inserter(cases), [&](const ZooCase& zoo_case) {
    return Matches(glob, model.name, zoo_case.name);
  });
  return cases;
}

std::vector<Row> VerifyModel(Verifier& verifier, const ZooModel& model,
                             const std::vector<ZooCase>& cases,
                             const std::function<bool(const Row&)>& each) {
  Compiled compiled;
  std::vector<Row> rows;
  for (const ZooCase& zoo_case : cases) {
    rows.push_back(VerifyCase(verifier, model, zoo_case, compiled));
    if (!each(rows.back())) {
      break;
    }
  }
  return rows;
}

bool IsInaccurate(const Row& row) {
  return row.error.has_value() && !row.error->pass && !row.error->integer;
}

}  // namespace neuron::tools
