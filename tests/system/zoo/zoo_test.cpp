// SPDX-License-Identifier: Apache-2.0
// Every case of the zoo's models on the functional model against ONNX Runtime's results.
#include <gtest/gtest.h>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"
#include "tests/system/zoo/zoo_models.h"

namespace neuron::test {
namespace {

class ZooTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  }
};

TEST_P(ZooTest, CasesMatchOnnxRuntime) {
  EXPECT_TRUE(Verifies(*ZooDirectory(), "functional", std::string(GetParam()) + "/*"));
}

class ZooResidencyTest : public ZooTest {};

TEST_P(ZooResidencyTest, WeightsThatStayInSbufKeepEveryBit) {
  EXPECT_TRUE(VerifiesWithSameBits(*ZooDirectory(), GetParam(), "functional", "functional?strict=1",
                                   {"--resident-weights", "auto"}));
}

// Sequences with states, single cases that follow one another, and one that does not fit.
INSTANTIATE_TEST_SUITE_P(Cases, ZooResidencyTest,
                         testing::Values("silero_vad/speech_8k", "g2p_decoder/alexa",
                                         "wakeword_alexa/*", "anomaly_fp32/*",
                                         "stories260k_t64/greedy_*"),
                         [](const auto& info) {
                           const std::string filter = info.param;
                           return filter.substr(0, filter.find('/'));
                         });

INSTANTIATE_TEST_SUITE_P(Models, ZooTest, testing::ValuesIn(kZooModels),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace neuron::test
