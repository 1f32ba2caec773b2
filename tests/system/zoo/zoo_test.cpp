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

INSTANTIATE_TEST_SUITE_P(Models, ZooTest, testing::ValuesIn(kZooModels),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace neuron::test
