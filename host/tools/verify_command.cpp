// SPDX-License-Identifier: Apache-2.0
// `neuron verify`: every case of a model folder on a device, compared with its reference.
#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>

#include "host/tools/precision.h"
#include "host/tools/verifier.h"
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
    "Exit codes: 0 all cases pass, 1 a case failed, 2 usage, 4 no device, 5 file error.\n";

po::options_description Options() {
  po::options_description options = VerifierDescription();
  options.add_options()(
      "precision", po::value<std::string>()->default_value("auto"),
      "fast, activations, accurate (compile --help tells), auto: the first of them with which all "
      "cases of a model pass; or a file of 'neuron tune', with auto for models that it lacks")(
      "output-dir", po::value<std::string>()->default_value(""),
      "write the outputs to DIR/MODEL/CASE/[step_NNN/]output_N.npy")(
      "json", po::value<std::string>(), "write the results as JSON to FILE ('-': standard output)")(
      "markdown", po::value<std::string>(),
      "write a table to FILE, between the lines '<!-- verify: begin -->' and '<!-- verify: end "
      "-->' where it has them");
  return options;
}

// What --precision says: one for all models, or a file's, or neither.
struct PrecisionOption {
  std::optional<compiler::PrecisionChoice> all;
  PrecisionFile file;

  // What a model is tried with, until its float outputs are within their tolerances.
  std::vector<compiler::PrecisionChoice> AttemptsAt(const std::string& model, bool reduced) const {
    const auto found = file.find(model);
    if (all || found != file.end()) {
      return {all ? *all : found->second};
    }
    if (reduced) {
      return std::vector<compiler::PrecisionChoice>(1);
    }
    std::vector<compiler::PrecisionChoice> attempts;
    attempts.reserve(compiler::kPrecisions.size());
    for (const compiler::Precision precision : compiler::kPrecisions) {
      attempts.push_back({.others = precision, .nodes = {}});
    }
    return attempts;
  }
};

PrecisionOption OptionOf(const po::variables_map& values) {
  const auto name = values["precision"].as<std::string>();
  if (name == "auto") {
    return {};
  }
  if (const auto choice = PrecisionForAll(name)) {
    return {.all = choice, .file = {}};
  }
  return {.all = {}, .file = ReadPrecisionFile(name)};
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
  const PrecisionOption precision = OptionOf(values);
  Verifier verifier = MakeVerifier(values);
  verifier.outputs = values["output-dir"].as<std::string>();
  const std::string glob = values["filter"].as<std::string>();
  const bool json_only = values.count("json") != 0 && values["json"].as<std::string>() == "-";
  const auto print = [&](const Row& row) {
    if (!json_only) {
      std::cout << RowLine(row) << std::flush;
    }
    return true;
  };
  std::vector<Row> rows;
  if (!json_only) {
    std::cout << HeaderLine();
  }
  for (const ZooModel& model : verifier.zoo.models) {
    const std::vector<ZooCase> cases = CasesOf(model, glob);
    std::vector<Row> verified;
    for (const auto& choice : precision.AttemptsAt(model.name, verifier.reduced)) {
      verifier.precision = choice;
      verified = VerifyModel(verifier, model, cases, print);
      if (std::ranges::none_of(verified, IsInaccurate)) {
        break;
      }
    }
    std::ranges::move(verified, std::back_inserter(rows));
  }
  if (rows.empty()) {
    throw Failure{kExitUsage, fmt::format("--filter '{}' matches no case", glob)};
  }
  const auto passed = static_cast<size_t>(std::ranges::count_if(rows, &Row::pass));
  if (!json_only) {
    std::cout << fmt::format("{} of {} cases pass on {}\n", passed, rows.size(),
                             verifier.device.description);
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
