// SPDX-License-Identifier: Apache-2.0
// `neuron tune`: how much precision a model's products need for its cases to pass.
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
    "Finds for each model of a folder with a manifest.json how much precision each of its "
    "products\n"
    "needs for its cases to be within the element-wise tolerance, and writes that for --precision\n"
    "of compile and verify. Each difference may be --margin of what is allowed. Where fast "
    "suffices\n"
    "it stays; where accurate does not suffice either, the file says accurate. Of a model that "
    "fails\n"
    "for another reason it says nothing. Each trial compiles the model and runs its cases; there "
    "are\n"
    "about three times as many trials as there are products. Where the file names nodes of the\n"
    "model already and that passes, it is only asked which of them need less: remove the entry to\n"
    "search anew. Entries of other models are kept.\n"
    "Exit codes: 0 all models pass, 1 one does not, 2 usage, 4 no device, 5 file error.\n";

po::options_description Options() {
  po::options_description options = VerifierDescription();
  options.add_options()("output", po::value<std::string>()->default_value("precision.json"),
                        "the file to write")(
      "margin", po::value<double>()->default_value(0.85, "0.85"),
      "share of the allowed difference that a tuned model may use: other inputs need the rest");
  return options;
}

// Tries choices of precision on a model's cases.
class Tuner {
 public:
  Tuner(Verifier& verifier, const ZooModel& model, std::vector<ZooCase> cases, double margin)
      : verifier_(verifier), model_(model), cases_(std::move(cases)), margin_(margin) {}

  // What the model needs; nothing where it fails for another reason than its precision. `known` may
  // be more than that.
  std::optional<compiler::PrecisionChoice> Tune(
      const std::optional<compiler::PrecisionChoice>& known) {
    const compiler::PrecisionChoice fast;
    const compiler::PrecisionChoice accurate = {.others = compiler::Precision::kAccurate,
                                                .nodes = {}};
    if (Attempt(fast).good) {
      return fast;
    }
    if (!Attempt(accurate).good) {
      reached_ = false;
      return inaccurate_ ? std::optional(accurate) : std::nullopt;
    }
    const std::vector<ProductNode> nodes = Nodes();
    const TryPrecision attempt = [&](const auto& choice) { return Attempt(choice); };
    if (known && !known->nodes.empty() && Attempt(*known).good) {
      return LeastOf(*known, nodes, attempt);
    }
    compiler::PrecisionChoice all;
    for (const ProductNode& node : nodes) {
      all.nodes[node.name] = compiler::Precision::kAccurate;
    }
    // Cases that fix inputs to other values, or bind other shapes, may lack some of the nodes.
    if (!Attempt(all).good) {
      return accurate;
    }
    return CheapestPrecision(nodes, attempt);
  }

  // Whether a choice passes.
  bool reached() const { return reached_; }

 private:
  bool IsWithin(const Row& row) const {
    return row.pass && (!row.error.has_value() || row.error->of_allowed <= margin_);
  }

  // Runs all cases, with the margin. Prints the outcome.
  PrecisionOutcome Attempt(const compiler::PrecisionChoice& choice) {
    verifier_.precision = choice;
    const std::vector<Row> rows =
        VerifyModel(verifier_, model_, cases_, [](const Row&) { return true; });
    const auto beyond =
        std::ranges::find_if_not(rows, [&](const Row& row) { return IsWithin(row); });
    PrecisionOutcome outcome = {.good = beyond == rows.end(), .error = 0};
    for (const Row& row : rows) {
      outcome.error += row.error.has_value() ? row.error->energy : 0;
    }
    inaccurate_ = !outcome.good && (beyond->pass || IsInaccurate(*beyond));
    std::cout << fmt::format("{:<28} {:<28} {:>14} cycles  {}\n", model_.name,
                             PrecisionText(choice), Grouped(rows.back().stats.cycles),
                             outcome.good ? "passes" : "no: " + Reason(*beyond))
              << std::flush;
    return outcome;
  }

  static std::string Reason(const Row& row) {
    return row.pass ? fmt::format("{} uses {:.0f} % of what is allowed", row.name,
                                  100 * row.error->of_allowed)
                    : fmt::format("{}: {}", row.name, row.message);
  }

  // The nodes that can have more than fast precision.
  std::vector<ProductNode> Nodes() const {
    const Result<StepArrays> step = ReadStep(model_, cases_.front(), 0);
    if (!step.ok()) {
      throw FailureOf(step.status(), kExitFile);
    }
    compiler::ImportOptions options = ImportOptionsFor(model_, *step);
    options.float_storage = verifier_.float_storage;
    options.precision.others = compiler::Precision::kAccurate;
    const Result<compiler::LayerGraph> graph = compiler::ImportModel(options);
    if (!graph.ok()) {
      throw FailureOf(graph.status(), kExitCompile);
    }
    std::vector<ProductNode> nodes;
    for (const compiler::Layer& layer : graph->layers) {
      const auto* matrix = std::get_if<compiler::MatrixLayer>(&layer.body);
      if (matrix == nullptr || matrix->precision == compiler::Precision::kFast) {
        continue;
      }
      const auto known = std::ranges::find(nodes, layer.name, &ProductNode::name);
      if (known != nodes.end()) {
        known->macs += layer.macs;
      } else {
        nodes.push_back({layer.name, layer.macs});
      }
    }
    return nodes;
  }

  Verifier& verifier_;
  const ZooModel& model_;
  std::vector<ZooCase> cases_;
  double margin_;
  bool inaccurate_ = false;  // a case missed nothing but its tolerance or the margin
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
    const auto known = file.find(model.name);
    if (const auto choice =
            tuner.Tune(known != file.end() ? std::optional(known->second) : std::nullopt)) {
      file[model.name] = *choice;
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
