// SPDX-License-Identifier: Apache-2.0
// Small models of many operators on the Verilated hardware.
#include <gtest/gtest.h>

#include "tests/system/support/made_models.h"
#include "tests/system/support/model_case.h"

namespace neuron::test {
namespace {

class ModelsRtlTest : public MadeModelsTest {
 protected:
  void SetUp() override {
    if (!HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
    MadeModelsTest::SetUp();
  }
};

TEST_F(ModelsRtlTest, CasesMatchOnnxRuntime) { EXPECT_TRUE(Verifies(folder(), "rtl", "*")); }

TEST_F(ModelsRtlTest, CasesHaveTheBitsOfTheFunctionalModel) {
  for (const char* model : kMadeModels) {
    for (const ModelCase& test_case : CasesOf(folder(), model)) {
      EXPECT_TRUE(GivesSameBits(test_case, "sim", "functional", "rtl"));
    }
  }
}

// Each operand is split into a high and a low part, and three products add up in PSUM.
TEST_F(ModelsRtlTest, AccurateProductsHaveTheBitsOfTheFunctionalModel) {
  const std::vector<std::string> accurate = {"--precision", "accurate"};
  const std::vector<ModelCase> convolutions = CasesOf(folder(), "convolutions");
  const std::vector<ModelCase> sequence = CasesOf(folder(), "sequence");
  ASSERT_FALSE(convolutions.empty());
  ASSERT_FALSE(sequence.empty());
  EXPECT_TRUE(GivesSameBits(convolutions[0], "sim", "functional", "rtl", accurate));
  EXPECT_TRUE(GivesSameBits(sequence[0], "sim", "functional", "rtl", accurate));

  const std::string some = (folder() / "precision.json").string();
  WriteFile(some, R"({"convolutions": {"stem": "accurate", "dilated": "activations"}})");
  EXPECT_TRUE(GivesSameBits(convolutions[0], "sim", "functional", "rtl", {"--precision", some}));
  EXPECT_TRUE(GivesSameBits(sequence[0], "tiny", "functional:tiny", "rtl:tiny", accurate));
}

TEST_F(ModelsRtlTest, SlowMemoryChangesCyclesAndNoBit) {
  for (const char* model : kMadeModels) {
    const std::vector<ModelCase> cases = CasesOf(folder(), model);
    ASSERT_FALSE(cases.empty());
    EXPECT_TRUE(GivesSameBits(cases[0], "sim", "functional",
                              "rtl?latency=150&bytes_per_cycle=4&outstanding=2"));
  }
}

TEST_F(ModelsRtlTest, WeightsThatStayInSbufKeepEveryBit) {
  EXPECT_TRUE(VerifiesWithSameBits(folder(), "recurrent/*", "functional", "rtl",
                                   {"--resident-weights", "on"}));
}

TEST_F(ModelsRtlTest, SmallestConfigurationHasTheBitsOfTheFunctionalModel) {
  const std::vector<ModelCase> cases = CasesOf(folder(), "quantised");
  ASSERT_FALSE(cases.empty());
  EXPECT_TRUE(GivesSameBits(cases[0], "tiny", "functional:tiny", "rtl:tiny"));
}

}  // namespace
}  // namespace neuron::test
