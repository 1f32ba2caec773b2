// SPDX-License-Identifier: Apache-2.0
// Layers whose tensors SBUF does not hold, made by make_large.py, on the functional model.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

class LargeModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
    const ProgramResult made =
        RunProgram({*Python(), "tests/system/models/make_large.py", folder_.path().string()});
    ASSERT_EQ(made.exit_code, 0) << made.ToString();
  }

  TemporaryDirectory folder_;
};

TEST_F(LargeModelsTest, MatchOnnxRuntimeWhereSbufIsSmall) {
  EXPECT_TRUE(Verifies(folder_.path(), "functional:sim-small?strict=1", "*_small/*",
                       {"--precision", "fast"}));
}

TEST_F(LargeModelsTest, MatchOnnxRuntime) {
  EXPECT_TRUE(Verifies(folder_.path(), "functional?strict=1", "*[!l]/*", {"--precision", "fast"}));
}

// Scores of 512 tokens take a megabyte a head: all of SBUF.
TEST_F(LargeModelsTest, ScoresOfAttentionStayOnChip) {
  const std::string package = (folder_.path() / "attention.ncx").string();
  const ProgramResult result =
      Neuron({"compile", (folder_.path() / "models" / "attention_512.onnx").string(), "--output",
              package, "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_EQ(nlohmann::json::parse(result.output).at("scratch_bytes"), 0) << result.output;
}

}  // namespace
}  // namespace neuron::test
