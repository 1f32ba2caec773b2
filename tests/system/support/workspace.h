// SPDX-License-Identifier: Apache-2.0
// Files and programs that the system tests work with.
#ifndef NEURON_TESTS_SYSTEM_SUPPORT_WORKSPACE_H_
#define NEURON_TESTS_SYSTEM_SUPPORT_WORKSPACE_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/system/support/subprocess.h"

namespace neuron::test {

// A directory that is empty at first and goes away with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The path of a file in it.
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The program `name` of this build: it lies beside the running test.
std::string Program(const std::string& name);

// `neuron ARGUMENTS...` of this build.
ProgramResult Neuron(std::vector<std::string> arguments,
                     std::chrono::seconds limit = std::chrono::seconds(60));

// Whether this build has the plug-in of a device scheme.
bool HasDevice(const std::string& scheme);

// Environment variables: the model zoo's directory and a Python with ONNX; nothing when unset or
// when there is no such file.
std::optional<std::filesystem::path> ZooDirectory();
std::optional<std::string> Python();

std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, const std::string& content);
// Discarded (is_discarded()) when the file is absent or not JSON.
nlohmann::json ReadJson(const std::filesystem::path& path);

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_SUPPORT_WORKSPACE_H_
