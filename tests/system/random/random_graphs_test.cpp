// SPDX-License-Identifier: Apache-2.0
// Random small models agree with ONNX Runtime. A campaign:
// build/venv/bin/python tests/system/random/random_graphs.py --seed N --count M
#include <gtest/gtest.h>

#include <iostream>

#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

constexpr const char* kCount = "100";  // models for each seed

struct Campaign {
  const char* seed;
  const char* precision;
};
class RandomGraphsTest : public testing::TestWithParam<Campaign> {};

TEST_P(RandomGraphsTest, AgreeWithOnnxRuntime) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
  std::cout << "seed " << GetParam().seed << ", " << kCount << " models\n";
  const ProgramResult result = RunProgram(
      {*Python(), "tests/system/random/random_graphs.py", "--neuron", Program("neuron"), "--seed",
       GetParam().seed, "--precision", GetParam().precision, "--count", kCount},
      std::chrono::seconds(500));
  std::cout << result.output;
  EXPECT_EQ(result.exit_code, 0) << result.ToString();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphsTest,
                         testing::Values(Campaign{"101", "auto"}, Campaign{"103", "auto"},
                                         Campaign{"104", "accurate"}),
                         [](const auto& info) {
                           return std::string(info.param.seed) + "_" + info.param.precision;
                         });

}  // namespace
}  // namespace neuron::test
