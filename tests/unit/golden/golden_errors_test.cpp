// SPDX-License-Identifier: Apache-2.0
// What a user reads when a model is refused, word for word. To write the files anew after a change,
// and then read them: NEURON_UPDATE_GOLDEN=1 build/release/bin/golden_errors_test
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/golden/refused_models.h"

namespace neuron::compiler {
namespace {

std::filesystem::path GoldenFile(const std::string& name) {
  return std::filesystem::path("tests/unit/golden") / (name + ".txt");
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class GoldenErrorsTest : public testing::TestWithParam<RefusedModel> {};

TEST_P(GoldenErrorsTest, SaysWhatItAlwaysSaid) {
  const RefusedModel& model = GetParam();
  const Result<CompileOutput> output = Compile(model.options);
  ASSERT_FALSE(output.ok()) << model.name << " compiles now: it is no refused model any more";
  const std::string message = output.status().ToString() + "\n";
  if (std::getenv("NEURON_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GoldenFile(model.name)) << message;
    return;
  }
  EXPECT_EQ(message, Read(GoldenFile(model.name)))
      << "if the new message is better, write the files anew: NEURON_UPDATE_GOLDEN=1 "
         "build/release/bin/golden_errors_test";
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenErrorsTest, testing::ValuesIn(RefusedModels()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace neuron::compiler
