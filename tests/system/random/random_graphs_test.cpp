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
  const char* first = "0";
  const char* count = kCount;
};
class RandomGraphsTest : public testing::TestWithParam<Campaign> {};

TEST_P(RandomGraphsTest, AgreeWithOnnxRuntime) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
  std::cout << "seed " << GetParam().seed << ", " << GetParam().count << " models\n";
  const ProgramResult result =
      RunProgram({*Python(), "tests/system/random/random_graphs.py", "--neuron", Program("neuron"),
                  "--seed", GetParam().seed, "--precision", GetParam().precision, "--first",
                  GetParam().first, "--count", GetParam().count},
                 std::chrono::seconds(500));
  std::cout << result.output;
  EXPECT_EQ(result.exit_code, 0) << result.ToString();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphsTest,
                         testing::Values(Campaign{"101", "auto"}, Campaign{"103", "auto"},
                                         Campaign{"104", "accurate"},
                                         Campaign{"105", "activations"}),
                         [](const auto& info) {
                           return std::string(info.param.seed) + "_" + info.param.precision;
                         });

// Models whose tensors take more of SBUF than the estimates of host/compiler/tile say.
INSTANTIATE_TEST_SUITE_P(LargerThanEstimated, RandomGraphsTest,
                         testing::Values(Campaign{"911", "auto", "3598", "1"},
                                         Campaign{"912", "auto", "1554", "1"}),
                         [](const auto& info) { return std::string(info.param.seed); });

}  // namespace
}  // namespace neuron::test
