// SPDX-License-Identifier: Apache-2.0
// `neuron tune`: which products of a model have to be accurate for its cases to pass.
#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "host/tools/precision.h"
#include "host/tools/verifier.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron tune DIR [--output FILE] [--filter GLOB] [--device URI]";
constexpr char kText[] =
    "Finds for each model of a folder with a manifest.json how few of its products have to be\n"
    "accurate for its cases to be within the element-wise tolerance, and writes that for\n"
    "--precision of compile and verify. Each difference may be --margin of what is allowed. Where\n"
    "fast suffices it stays; where accurate does not suffice either, the file says accurate. Of a\n"
    "model that fails for another reason it says nothing. Each trial compiles the model and runs\n"
    "its cases until one fails; there are about twice as many trials as there are products.\n"
    "Entries of other models that the file has already are kept.\n"
    "Exit codes: 0 all models pass, 1 one does not, 2 usage, 4 no device, 5 file error.\n";

po::options_description Options() {
  po::options_description options = VerifierDescription();
  options.add_options()("output", po::value<std::string>()->default_value("precision.json"),
                        "the file to write")(
      "margin", po::value<double>()->default_value(0.85, "0.85"),
      "share of the allowed difference that a tuned model may use: other inputs need the rest");
  return options;
}

// Tries choices of accurate products on a model's cases.
class Tuner {
 public:
  Tuner(Verifier& verifier, const ZooModel& model, std::vector<ZooCase> cases, double margin)
      : verifier_(verifier), model_(model), cases_(std::move(cases)), margin_(margin) {}

  // Whether all cases pass, with the margin. Prints the outcome.
  bool Passes(const compiler::AccurateProducts& accurate) {
    verifier_.accurate = accurate;
    const auto within = [&](const Row& row) {
      return row.pass && (!row.error.has_value() || row.error->of_allowed <= margin_);
    };
    const std::vector<Row> rows = VerifyModel(verifier_, model_, cases_, within);
    const bool passes = std::ranges::all_of(rows, within);
    const Row& last = rows.back();
    inaccurate_ = IsInaccurate(last) || (last.pass && !passes);
    std::cout << fmt::format("{:<28} {:<12} {:>14} cycles  {}\n", model_.name,
                             PrecisionText(accurate), Grouped(last.stats.cycles),
                             passes ? "passes" : "no: " + Reason(last))
              << std::flush;
    return passes;
  }

  // What the model needs; nothing where it fails for another reason than its precision.
  std::optional<compiler::AccurateProducts> Tune() {
    const compiler::AccurateProducts fast;
    const compiler::AccurateProducts accurate = {.all = true, .nodes = {}};
    if (Passes(fast)) {
      return fast;
    }
    if (!Passes(accurate)) {
      reached_ = false;
      return inaccurate_ ? std::optional(accurate) : std::nullopt;
    }
    // Cases that fix inputs to other values, or bind other shapes, may lack some of the nodes.
    const std::vector<std::string> all = Nodes();
    const auto good = [&](const std::vector<std::string>& nodes) {
      return Passes({.all = false, .nodes = nodes});
    };
    if (!good(all)) {
      return accurate;
    }
    return compiler::AccurateProducts{.all = false, .nodes = FewestNodes(all, good)};
  }

  // Whether a choice passes.
  bool reached() const { return reached_; }

 private:
  static std::string Reason(const Row& row) {
    return row.pass ? fmt::format("{} uses {:.0f} % of what is allowed", row.name,
                                  100 * row.error->of_allowed)
                    : fmt::format("{}: {}", row.name, row.message);
  }

  // The nodes that can be accurate.
  std::vector<std::string> Nodes() const {
    const Result<StepArrays> step = ReadStep(model_, cases_.front(), 0);
    if (!step.ok()) {
      throw FailureOf(step.status(), kExitFile);
    }
    compiler::ImportOptions options = ImportOptionsFor(model_, *step);
    options.float_storage = verifier_.float_storage;
    options.accurate.all = true;
    const Result<compiler::LayerGraph> graph = compiler::ImportModel(options);
    if (!graph.ok()) {
      throw FailureOf(graph.status(), kExitCompile);
    }
    return compiler::AccurateNodes(*graph);
  }

  Verifier& verifier_;
  const ZooModel& model_;
  std::vector<ZooCase> cases_;
  double margin_;
  bool inaccurate_ = false;  // the last case missed nothing but its tolerance or the margin
  bool reached_ = true;
};

}  // namespace

int TuneCommand(const Arguments& arguments) {
  po::variables_map values;
  if (Parse(arguments, Options(), "DIR", kUsage, kText, values)) {
    return kExitOk;
  }
  const std::string path = values["output"].as<std::string>();
  const double margin = values["margin"].as<double>();
  if (!(margin > 0 && margin <= 1)) {
    throw Failure{kExitUsage, fmt::format("--margin '{}' is not a share between 0 and 1", margin)};
  }
  PrecisionFile file;
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    file = ReadPrecisionFile(path);
  }
  WritePrecisionFile(path, file);  // before the search, which takes minutes
  Verifier verifier = MakeVerifier(values);
  const std::string glob = values["filter"].as<std::string>();
  bool reached = true;
  bool any = false;
  for (const ZooModel& model : verifier.zoo.models) {
    const std::vector<ZooCase> cases = CasesOf(model, glob);
    if (cases.empty()) {
      continue;
    }
    any = true;
    Tuner tuner(verifier, model, cases, margin);
    if (const auto accurate = tuner.Tune()) {
      file[model.name] = *accurate;
      WritePrecisionFile(path, file);
    }
    reached = reached && tuner.reached();
  }
  if (!any) {
    throw Failure{kExitUsage, fmt::format("--filter '{}' matches no case", glob)};
  }
  return reached ? kExitOk : kExitMismatch;
}

}  // namespace neuron::tools
