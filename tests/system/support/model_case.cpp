// SPDX-License-Identifier: Apache-2.0
#include "tests/system/support/model_case.h"

#include <set>

#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

constexpr std::chrono::seconds kLimit(600);
constexpr std::chrono::seconds kVerifyLimit(3600);  // all cases of a model on the RTL

std::string Binding(const nlohmann::json& input) {
  std::string text = input.at("name").get<std::string>() + ":";
  const auto& shape = input.at("case_shape");
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(shape[i].get<int64_t>());
  }
  return text;
}

// Files below a directory, relative to it.
std::set<std::string> FileNames(const std::filesystem::path& directory) {
  std::set<std::string> names;
  if (!std::filesystem::exists(directory)) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(directory).string());
  }
  return names;
}

// That both directories hold the same files, and at least one.
testing::AssertionResult SameFiles(const std::filesystem::path& a, const std::filesystem::path& b) {
  const std::set<std::string> names = FileNames(a);
  if (names.empty() || names != FileNames(b)) {
    return testing::AssertionFailure() << "the runs wrote different or no output files";
  }
  for (const std::string& name : names) {
    if (ReadFile(a / name) != ReadFile(b / name)) {
      return testing::AssertionFailure() << name << " differs";
    }
  }
  return testing::AssertionSuccess();
}

// The output directory of a run, or the failure.
testing::AssertionResult Run(const ModelCase& test_case, const std::string& package,
                             const std::string& device, const std::string& directory) {
  std::filesystem::create_directory(directory);
  std::vector<std::string> arguments = {"run",  package,        "--device",
                                        device, "--output-dir", directory};
  for (const std::string& input : test_case.arguments) {
    arguments.insert(arguments.end(), {"--input", input});
  }
  const ProgramResult result = Neuron(arguments, kLimit);
  if (result.exit_code == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "neuron run --device " << device << ": " << result.ToString();
}

// `neuron verify`, whose outputs go below `outputs`; success carries what it printed.
testing::AssertionResult VerifiesInto(const std::string& outputs,
                                      const std::filesystem::path& folder,
                                      const std::string& device, const std::string& filter,
                                      const std::vector<std::string>& options = {}) {
  std::vector<std::string> arguments = {"verify",   folder.string(), "--device",     device,
                                        "--filter", filter,          "--output-dir", outputs};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProgramResult result = Neuron(arguments, kVerifyLimit);
  if (result.exit_code != 0) return testing::AssertionFailure() << result.ToString();
  return testing::AssertionSuccess() << result.output;
}

}  // namespace

std::vector<ModelCase> CasesOf(const std::filesystem::path& folder, const std::string& model) {
  std::vector<ModelCase> cases;
  const nlohmann::json manifest = ReadJson(folder / "manifest.json");
  if (!manifest.is_object()) return cases;
  for (const nlohmann::json& entry : manifest.at("models")) {
    if (entry.at("name") != model) continue;
    for (const nlohmann::json& described : entry.at("cases")) {
      if (described.value("other_shape", false)) continue;
      ModelCase test_case;
      test_case.model = model;
      test_case.name = described.at("name");
      test_case.onnx = (folder / entry.at("file").get<std::string>()).string();
      const std::filesystem::path directory = folder / described.at("dir").get<std::string>();
      for (size_t i = 0; i < entry.at("inputs").size(); ++i) {
        const nlohmann::json& input = entry.at("inputs")[i];
        test_case.bindings.push_back(Binding(input));
        test_case.arguments.push_back(
            input.at("name").get<std::string>() + "=" +
            (directory / ("input_" + std::to_string(i) + ".npy")).string());
      }
      cases.push_back(std::move(test_case));
    }
  }
  return cases;
}

testing::AssertionResult Compiles(const ModelCase& test_case, const std::string& configuration,
                                  const std::string& package,
                                  const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"compile",     test_case.onnx, "--config",
                                        configuration, "--output",     package};
  for (const std::string& binding : test_case.bindings) {
    arguments.insert(arguments.end(), {"--bind", binding});
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProgramResult compiled = Neuron(arguments, kLimit);
  if (compiled.exit_code == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "neuron compile: " << compiled.ToString();
}

testing::AssertionResult GivesSameBits(const ModelCase& test_case, const std::string& configuration,
                                       const std::string& device_a, const std::string& device_b,
                                       const std::vector<std::string>& options) {
  const TemporaryDirectory directory;
  const std::string package = directory / "model.ncx";
  const testing::AssertionResult compiled = Compiles(test_case, configuration, package, options);
  if (!compiled) return compiled;
  for (const auto& [name, device] : {std::pair("a", device_a), std::pair("b", device_b)}) {
    const testing::AssertionResult ran = Run(test_case, package, device, directory / name);
    if (!ran) return ran;
  }
  const testing::AssertionResult same = SameFiles(directory / "a", directory / "b");
  if (same) return same;
  return testing::AssertionFailure() << test_case.model << "/" << test_case.name << " on "
                                     << device_a << " and " << device_b << ": " << same.message();
}

testing::AssertionResult Verifies(const std::filesystem::path& folder, const std::string& device,
                                  const std::string& filter,
                                  const std::vector<std::string>& options) {
  const TemporaryDirectory directory;
  return VerifiesInto(directory / "outputs", folder, device, filter, options);
}

testing::AssertionResult VerifiesWithSameBits(const std::filesystem::path& folder,
                                              const std::string& filter,
                                              const std::string& device_a,
                                              const std::string& device_b,
                                              const std::vector<std::string>& options_b) {
  const TemporaryDirectory directory;
  const testing::AssertionResult a = VerifiesInto(directory / "a", folder, device_a, filter);
  const testing::AssertionResult b =
      VerifiesInto(directory / "b", folder, device_b, filter, options_b);
  const testing::AssertionResult same = SameFiles(directory / "a", directory / "b");
  if (!same) {
    return testing::AssertionFailure()
           << filter << " on " << device_a << " and " << device_b << ": " << same.message() << "\n"
           << a.message() << b.message();
  }
  return a ? b : testing::AssertionFailure() << a.message() << b.message();
}

}  // namespace neuron::test
