// SPDX-License-Identifier: Apache-2.0
#include "tests/system/support/workspace.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace neuron::test {
namespace {

std::filesystem::path BinaryDirectory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::optional<std::filesystem::path> FromEnvironment(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0' || !std::filesystem::exists(value)) return std::nullopt;
  return std::filesystem::path(value);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  constexpr size_t kDistinct = 6;  // characters that mkdtemp chooses, an X each until then
  std::string name = (std::filesystem::temp_directory_path() / "neuron-test-").string();
  name.append(kDistinct, 'X');
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Program(const std::string& name) { return (BinaryDirectory() / name).string(); }

ProgramResult Neuron(std::vector<std::string> arguments, std::chrono::seconds limit) {
  arguments.insert(arguments.begin(), Program("neuron"));
  return RunProgram(arguments, limit);
}

bool HasDevice(const std::string& scheme) {
  return std::filesystem::exists(BinaryDirectory().parent_path() / "lib" /
                                 ("libneuron-device-" + scheme + ".so"));
}

std::optional<std::filesystem::path> ZooDirectory() { return FromEnvironment("NEURON_ZOO"); }

std::optional<std::string> Python() {
  const auto path = FromEnvironment("NEURON_PYTHON");
  return path ? std::optional(path->string()) : std::nullopt;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
}

nlohmann::json ReadJson(const std::filesystem::path& path) {
  return nlohmann::json::parse(ReadFile(path), nullptr, false);
}

}  // namespace neuron::test
