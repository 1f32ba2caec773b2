// SPDX-License-Identifier: Apache-2.0
#include "host/tools/precision.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

using compiler::Precision;
using compiler::PrecisionChoice;
using nlohmann::json;

constexpr char kOthers[] = "*";  // in a file: nodes that are not named

Precision FromName(const json& value) {
  const auto precision = value.is_string()
                             ? compiler::PrecisionNamed(value.get_ref<const std::string&>())
                             : std::nullopt;
  if (!precision) {
    throw std::invalid_argument(value.dump() +
                                " is not \"fast\", \"activations\", \"accurate\" or those by node");
  }
  return *precision;
}

PrecisionChoice FromJson(const json& value) {
  PrecisionChoice choice;
  if (!value.is_object()) {
    choice.others = FromName(value);
    return choice;
  }
  for (const auto& [node, precision] : value.items()) {
    (node == kOthers ? choice.others : choice.nodes[node]) = FromName(precision);
  }
  return choice;
}

// More precision for a node, and what it is worth.
struct Step {
  const ProductNode* node = nullptr;
  Precision to = Precision::kFast;
  double gain = 0;  // error that it takes away
  double cost = 0;  // multiply-accumulates

  double Worth() const { return gain / std::max(cost, 1.0); }
};

// The error that a node adds where all others are accurate, by its own precision.
double ErrorOf(const ProductNode& node, Precision precision, double least,
               const TryPrecision& attempt) {
  return std::max(
      attempt({.others = Precision::kAccurate, .nodes = {{node.name, precision}}}).error - least,
      0.0);
}

// The steps that a node may take, those worth more first: both, or one to the end where the second
// is worth more than the first.
std::vector<Step> StepsOf(const ProductNode& node, double fast, double activations) {
  const auto macs = static_cast<double>(node.macs);
  const Step first = {&node, Precision::kActivations, fast - activations, macs};
  const Step second = {&node, Precision::kAccurate, activations, macs};
  if (first.Worth() >= second.Worth()) {
    return {first, second};
  }
  return {{&node, Precision::kAccurate, fast, 2 * macs}};
}

PrecisionChoice After(const std::vector<Step>& steps, size_t count) {
  PrecisionChoice choice;
  for (const Step& step : std::span(steps).first(count)) {
    choice.nodes[step.node->name] = step.to;
  }
  return choice;
}

// The fewest of the first steps that are good, as bisection finds them.
PrecisionChoice FewestSteps(const std::vector<Step>& steps, const TryPrecision& attempt) {
  size_t bad = 0;
  size_t good = steps.size();
  while (good - bad > 1) {
    const size_t middle = bad + (good - bad) / 2;
    (attempt(After(steps, middle)).good ? good : bad) = middle;
  }
  return After(steps, good);
}

// Less precision for the node, where that is good.
void TakeBack(const ProductNode& node, const TryPrecision& attempt, PrecisionChoice& choice) {
  const Precision needed = choice.nodes.at(node.name);
  for (const Precision less : compiler::kPrecisions) {
    if (less == needed) {
      return;
    }
    PrecisionChoice cheaper = choice;
    cheaper.nodes[node.name] = less;
    if (less == Precision::kFast) {
      cheaper.nodes.erase(node.name);
    }
    if (attempt(cheaper).good) {
      choice = std::move(cheaper);
      return;
    }
  }
}

}  // namespace

std::string PrecisionText(const PrecisionChoice& choice) {
  if (choice.nodes.empty()) {
    return std::string(NameOf(choice.others));
  }
  std::vector<std::string> parts;
  for (const Precision precision : compiler::kPrecisions) {
    const auto count =
        std::ranges::count(choice.nodes, precision, [](const auto& entry) { return entry.second; });
    if (count != 0) {
      parts.push_back(fmt::format("{} {}", count, NameOf(precision)));
    }
  }
  if (choice.others != Precision::kFast) {
    parts.push_back(fmt::format("others {}", NameOf(choice.others)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

json PrecisionJson(const PrecisionChoice& choice) {
  if (choice.nodes.empty()) {
    return NameOf(choice.others);
  }
  json value = json::object();
  if (choice.others != Precision::kFast) {
    value[kOthers] = NameOf(choice.others);
  }
  for (const auto& [node, precision] : choice.nodes) {
    value[node] = NameOf(precision);
  }
  return value;
}

PrecisionFile ReadPrecisionFile(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw Failure{
        kExitFile,
        fmt::format("cannot read '{}': --precision is fast, activations, accurate, for verify "
                    "auto, or a file that 'neuron tune' wrote",
                    path)};
  }
  try {
    PrecisionFile file;
    for (const auto& [model, value] : json::parse(stream).get<std::map<std::string, json>>()) {
      file[model] = FromJson(value);
    }
    return file;
  } catch (const std::exception& error) {
    throw Failure{kExitUsage,
                  fmt::format("'{}' is not a file of 'neuron tune': {}", path, error.what())};
  }
}

void WritePrecisionFile(const std::string& path, const PrecisionFile& file) {
  json value = json::object();
  for (const auto& [model, choice] : file) {
    value[model] = PrecisionJson(choice);
  }
  WriteJson(path, value);
}

std::optional<PrecisionChoice> PrecisionForAll(const std::string& text) {
  const auto precision = compiler::PrecisionNamed(text);
  return precision ? std::optional(PrecisionChoice{.others = *precision, .nodes = {}})
                   : std::nullopt;
}

PrecisionChoice CheapestPrecision(const std::vector<ProductNode>& nodes,
                                  const TryPrecision& attempt) {
  const double least = attempt({.others = Precision::kAccurate, .nodes = {}}).error;
  std::vector<Step> steps;
  for (const ProductNode& node : nodes) {
    const double activations = ErrorOf(node, Precision::kActivations, least, attempt);
    const double fast = std::max(ErrorOf(node, Precision::kFast, least, attempt), activations);
    std::ranges::copy(StepsOf(node, fast, activations), std::back_inserter(steps));
  }
  // Stable: a node's first step stays before its second.
  std::ranges::stable_sort(steps, std::ranges::greater(), &Step::Worth);
  return LeastOf(FewestSteps(steps, attempt), nodes, attempt);
}

PrecisionChoice LeastOf(PrecisionChoice choice, std::vector<ProductNode> nodes,
                        const TryPrecision& attempt) {
  std::ranges::stable_sort(nodes, std::ranges::greater(), &ProductNode::macs);
  for (const ProductNode& node : nodes) {
    if (choice.nodes.contains(node.name)) {
      TakeBack(node, attempt, choice);
    }
  }
  return choice;
}

}  // namespace neuron::tools
