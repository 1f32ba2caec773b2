// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/zoo.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

namespace neuron::zoo {
namespace {

Status Malformed(const std::filesystem::path& path) {
  return Status(StatusCode::kDataCorrupt,
                "'" + path.string() + "' is not a NumPy file of version 1");
}

std::vector<HostTensor> ReadAll(const std::filesystem::path& folder, const std::string& stem) {
  std::vector<HostTensor> tensors;
  for (int i = 0;; ++i) {
    auto tensor = ReadNpy(folder / (stem + "_" + std::to_string(i) + ".npy"));
    if (!tensor.ok()) {
      return tensors;
    }
    tensors.push_back(std::move(*tensor));
  }
}

}  // namespace

std::optional<std::filesystem::path> Find() {
  std::filesystem::path folder = "../shared/zoo";  // tests run in the source folder
  if (const char* given = std::getenv("NEURON_ZOO"); given != nullptr && *given != '\0') {
    folder = given;
  }
  std::error_code error;
  if (!std::filesystem::exists(folder / "manifest.json", error)) {
    return std::nullopt;
  }
  return folder;
}

Result<HostTensor> ReadNpy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[10] = {};
  if (!file.read(magic, sizeof(magic)) || std::string(magic + 1, 5) != "NUMPY") {
    return Malformed(path);
  }
  const auto length = static_cast<uint8_t>(magic[8]) + 256U * static_cast<uint8_t>(magic[9]);
  std::string header(length, '\0');
  file.read(header.data(), static_cast<std::streamsize>(length));
  static const std::map<std::string, ElementType> kTypes = {
      {"<f4", ElementType::kFloat32}, {"|i1", ElementType::kInt8},  {"|u1", ElementType::kUint8},
      {"<i4", ElementType::kInt32},   {"<i8", ElementType::kInt64}, {"<f8", ElementType::kFloat64},
      {"|b1", ElementType::kBool}};
  std::smatch match;
  static const std::regex kPattern(
      R"('descr': '([^']*)', 'fortran_order': False, 'shape': \(([^)]*)\))");
  if (!std::regex_search(header, match, kPattern) || !kTypes.contains(match[1])) {
    return Malformed(path);
  }
  Shape shape;
  const std::string dims = match[2];
  static const std::regex kNumber(R"(\d+)");
  for (std::sregex_iterator it(dims.begin(), dims.end(), kNumber), end; it != end; ++it) {
    shape.push_back(std::stoll(it->str()));
  }
  HostTensor tensor(kTypes.at(match[1]), shape);
  if (!file.read(reinterpret_cast<char*>(tensor.data.data()),
                 static_cast<std::streamsize>(tensor.data.size()))) {
    return Malformed(path);
  }
  return tensor;
}

Result<Model> Load(const std::filesystem::path& zoo, const std::string& model, int max_steps) {
  std::ifstream file(zoo / "manifest.json");
  const auto manifest = nlohmann::json::parse(file, nullptr, false);
  for (const auto& entry : manifest["models"]) {
    if (entry["name"] != model) {
      continue;
    }
    Model result;
    result.file = zoo / entry["file"].get<std::string>();
    for (const auto& input : entry["inputs"]) {
      result.input_names.push_back(input["name"]);
    }
    const auto& tolerance = entry["tolerance"];
    if (tolerance.contains("max_lsb")) {
      result.max_lsb = tolerance["max_lsb"].get<int>();
    }
    const auto& real = tolerance.contains("fp32") ? tolerance["fp32"] : tolerance;
    if (real.contains("abs")) {
      result.absolute = real["abs"].get<std::vector<double>>();
    }
    for (const auto& item : entry["cases"]) {
      const auto folder = zoo / item["dir"].get<std::string>();
      const std::string name = item["name"];
      if (item["kind"] != "sequence") {
        result.cases.push_back({name, ReadAll(folder, "input"), ReadAll(folder, "output")});
        continue;
      }
      for (int step = 0; step < max_steps; ++step) {
        char part[32];
        std::snprintf(part, sizeof(part), "step_%03d", step);
        if (std::filesystem::exists(folder / part)) {
          result.cases.push_back({name + "/" + part, ReadAll(folder / part, "input"),
                                  ReadAll(folder / part, "output")});
        }
      }
    }
    return result;
  }
  return Status(StatusCode::kNotFound, "the zoo has no model '" + model + "'");
}

}  // namespace neuron::zoo
