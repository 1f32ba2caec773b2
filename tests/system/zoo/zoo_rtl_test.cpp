// SPDX-License-Identifier: Apache-2.0
// The zoo's models on the Verilated hardware: the first case of each against ONNX Runtime, the last
// against the functional model, bit for bit.
#include <gtest/gtest.h>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"
#include "tests/system/zoo/zoo_models.h"

namespace neuron::test {
namespace {

class ZooRtlTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
    if (!HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
    cases_ = CasesOf(*ZooDirectory(), GetParam());
    ASSERT_FALSE(cases_.empty()) << "the zoo has no model " << GetParam();
  }

  std::vector<ModelCase> cases_;
};

TEST_P(ZooRtlTest, FirstCaseMatchesOnnxRuntime) {
  EXPECT_TRUE(
      Verifies(*ZooDirectory(), "rtl", std::string(GetParam()) + "/" + cases_.front().name));
}

TEST_P(ZooRtlTest, LastCaseHasTheBitsOfTheFunctionalModel) {
  EXPECT_TRUE(GivesSameBits(cases_.back(), "sim", "functional", "rtl"));
}

INSTANTIATE_TEST_SUITE_P(Models, ZooRtlTest, testing::ValuesIn(kZooModels),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace neuron::test
