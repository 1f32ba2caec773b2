// SPDX-License-Identifier: Apache-2.0
#include "host/tools/zoo.h"

#include <fmt/core.h>

#include <fstream>

#include "host/tools/npy.h"

namespace neuron::tools {
namespace {

using nlohmann::json;

// One number or a list of them.
std::vector<double> Numbers(const json& value) {
  return value.is_array() ? value.get<std::vector<double>>()
                          : std::vector<double>{value.get<double>()};
}

Tolerance ReadTolerance(const json& value) {
  Tolerance tolerance;
  const json& elementwise = value.contains("fp32") ? value["fp32"] : value;
  if (elementwise.contains("abs")) {
    tolerance.abs = Numbers(elementwise["abs"]);
    tolerance.rel = elementwise.value("rel", 0.0);
  }
  if (value.contains("max_lsb")) {
    tolerance.max_lsb = value["max_lsb"].get<double>();
  }
  if (value.contains("reduced")) {
    tolerance.relative_l2 = Numbers(value["reduced"].at("relative_l2"));
  }
  return tolerance;
}

ZooTensor ReadTensor(const json& value) {
  ZooTensor tensor{.name = value.at("name").get<std::string>(), .scale = {}};
  if (value.contains("scale") && value["scale"].is_number()) {
    tensor.scale = value["scale"].get<double>();
    tensor.zero_point = value.value("zero_point", 0.0);
  }
  return tensor;
}

ZooCase ReadCase(const json& value, const std::filesystem::path& directory) {
  ZooCase result;
  result.name = value.at("name").get<std::string>();
  result.directory = directory / value.at("dir").get<std::string>();
  result.sequence = value.value("kind", "single") == "sequence";
  result.steps = result.sequence ? value.at("steps").get<size_t>() : 1;
  if (value.contains("carry")) {
    for (const auto& [input, output] : value["carry"].items()) {
      result.carry[std::stoul(input)] = output.get<size_t>();
    }
  }
  result.checks = value.value("check", json::array());
  return result;
}

ZooModel ReadModel(const json& value, const std::filesystem::path& directory) {
  ZooModel model;
  model.name = value.at("name").get<std::string>();
  model.file = directory / value.at("file").get<std::string>();
  for (const json& input : value.at("inputs")) {
    model.inputs.push_back(ReadTensor(input));
  }
  for (const json& output : value.at("outputs")) {
    model.outputs.push_back(ReadTensor(output));
  }
  model.tolerance = ReadTolerance(value.at("tolerance"));
  for (const json& zoo_case : value.at("cases")) {
    model.cases.push_back(ReadCase(zoo_case, directory));
  }
  return model;
}

}  // namespace

Result<Zoo> ReadZoo(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "manifest.json";
  std::ifstream stream(path);
  if (!stream) {
    return Status(StatusCode::kNotFound, fmt::format("no file '{}'", path.string()));
  }
  try {
    const json manifest = json::parse(stream);
    Zoo zoo{.directory = directory, .models = {}};
    for (const json& model : manifest.at("models")) {
      zoo.models.push_back(ReadModel(model, directory));
    }
    return zoo;
  } catch (const std::exception& error) {
    return Status(StatusCode::kDataCorrupt,
                  fmt::format("'{}' is not a manifest: {}", path.string(), error.what()));
  }
}

Result<StepArrays> ReadStep(const ZooModel& model, const ZooCase& zoo_case, size_t step) {
  std::filesystem::path directory = zoo_case.directory;
  if (zoo_case.sequence) {
    directory /= fmt::format("step_{:03}", step);
  }
  StepArrays arrays;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    NEURON_ASSIGN_OR_RETURN(HostTensor tensor, ReadNpy(directory / fmt::format("input_{}.npy", i)));
    arrays.inputs.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    NEURON_ASSIGN_OR_RETURN(HostTensor tensor,
                            ReadNpy(directory / fmt::format("output_{}.npy", i)));
    arrays.outputs.push_back(std::move(tensor));
  }
  return arrays;
}

}  // namespace neuron::tools
