// SPDX-License-Identifier: Apache-2.0
#include "host/tools/precision.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

using compiler::AccurateProducts;
using nlohmann::json;

constexpr char kFast[] = "fast";
constexpr char kAccurate[] = "accurate";

AccurateProducts FromJson(const json& value) {
  if (value.is_array()) {
    return {.all = false, .nodes = value.get<std::vector<std::string>>()};
  }
  if (value != kFast && value != kAccurate) {
    throw std::invalid_argument(value.dump() + " is not \"fast\", \"accurate\" or a list of nodes");
  }
  return {.all = value == kAccurate, .nodes = {}};
}

json ToJson(const AccurateProducts& accurate) {
  return accurate.all || accurate.nodes.empty() ? json(PrecisionText(accurate))
                                                : json(accurate.nodes);
}

// `nodes` without the `count` from `first` on.
std::vector<std::string> Without(const std::vector<std::string>& nodes, size_t first,
                                 size_t count) {
  std::vector<std::string> rest = nodes;
  const auto from = rest.begin() + static_cast<std::ptrdiff_t>(first);
  rest.erase(from, from + static_cast<std::ptrdiff_t>(count));
  return rest;
}

// The shortest start of `nodes` that is good, as bisection finds it.
std::vector<std::string> ShortestStart(const std::vector<std::string>& nodes,
                                       const TryNodes& good) {
  size_t bad = 0;
  size_t length = nodes.size();
  while (length - bad > 1) {
    const size_t middle = bad + (length - bad) / 2;
    (good(Without(nodes, middle, nodes.size() - middle)) ? length : bad) = middle;
  }
  return Without(nodes, length, nodes.size() - length);
}

}  // namespace

std::string PrecisionText(const AccurateProducts& accurate) {
  if (accurate.all) {
    return kAccurate;
  }
  return accurate.nodes.empty() ? kFast : fmt::format("{} {}", accurate.nodes.size(), kAccurate);
}

PrecisionFile ReadPrecisionFile(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw Failure{
        kExitFile,
        fmt::format("cannot read '{}': --precision is fast, accurate, for verify auto, or "
                    "a file that 'neuron tune' wrote",
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
  for (const auto& [model, accurate] : file) {
    value[model] = ToJson(accurate);
  }
  WriteJson(path, value);
}

std::vector<std::string> FewestNodes(const std::vector<std::string>& nodes, const TryNodes& good) {
  std::vector<std::string> kept = ShortestStart(nodes, good);
  for (size_t group = std::max<size_t>(kept.size() / 4, 1); group >= 1; group /= 2) {
    for (size_t end = kept.size(); end > 0;) {
      const size_t first = end > group ? end - group : 0;
      std::vector<std::string> fewer = Without(kept, first, end - first);
      if (good(fewer)) {
        kept = std::move(fewer);
      }
      end = first;
    }
  }
  return kept;
}

}  // namespace neuron::tools
