// SPDX-License-Identifier: Apache-2.0
// Small models of many operators on the functional model.
#include <gtest/gtest.h>

#include "tests/system/support/made_models.h"
#include "tests/system/support/model_case.h"

namespace neuron::test {
namespace {

using ModelsTest = MadeModelsTest;

TEST_F(ModelsTest, CasesMatchOnnxRuntime) { EXPECT_TRUE(Verifies(folder(), "functional", "*")); }

TEST_F(ModelsTest, StrictModeFindsNoRacesAndNoUninitialisedReads) {
  EXPECT_TRUE(Verifies(folder(), "functional?strict=1", "*"));
}

TEST_F(ModelsTest, ReducedStorageStaysWithinItsTolerance) {
  for (const char* storage : {"bf16", "fp16"}) {
    const ProgramResult result = Neuron(
        {"verify", folder().string(), "--device", "functional?strict=1", "--auto-cast", storage});
    EXPECT_EQ(result.exit_code, 0) << "--auto-cast " << storage << ": " << result.ToString();
  }
}

TEST_F(ModelsTest, WrongReferenceFailsTheCase) {
  const std::filesystem::path reference =
      folder() / "cases" / "convolutions" / "random_0" / "output_0.npy";
  std::string bytes = ReadFile(reference);
  bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 0x02);
  WriteFile(reference, bytes);
  const ProgramResult result =
      Neuron({"verify", folder().string(), "--device", "functional", "--filter", "convolutions/*"});
  EXPECT_EQ(result.exit_code, 1) << result.ToString();
}

TEST_F(ModelsTest, ChainsThatFitSbufReadTheirInputAndWeightsAndWriteTheirOutput) {
  constexpr uint64_t kInput = 32 * 16 * 16;
  constexpr uint64_t kOutput = 32 * 8 * 8;
  constexpr uint64_t kWeights = 32 * 32 * (3 * 3 + 1);
  // A bias and a scale for each output channel of both products, rows aligned to 16 bytes; less
  // than any tensor in between.
  constexpr uint64_t kWords = 2 * 32 * 16;
  for (const auto& [model, element] : {std::pair("chain", 4), std::pair("quantised_chain", 1)}) {
    SCOPED_TRACE(model);
    const std::string package = (folder() / "model.ncx").string();
    const std::string report = (folder() / "report.json").string();
    const ProgramResult compiled =
        Neuron({"compile", Model(model), "--output", package, "--json", report});
    ASSERT_EQ(compiled.exit_code, 0) << compiled.ToString();
    EXPECT_EQ(ReadJson(report).at("scratch_bytes"), 0);
    const ProgramResult run =
        Neuron({"run", package, "--device", "functional", "--random", "1", "--json", report});
    ASSERT_EQ(run.exit_code, 0) << run.ToString();
    EXPECT_GE(ReadJson(report).at("dram_bytes_read"), element * (kInput + kWeights));
    EXPECT_LE(ReadJson(report).at("dram_bytes_read"), element * (kInput + kWeights) + kWords);
    EXPECT_EQ(ReadJson(report).at("dram_bytes_written"), element * kOutput);
  }
}

TEST_F(ModelsTest, TableGoesBetweenTheLinesThatMarkItsPlace) {
  const std::string page = (folder() / "page.md").string();
  WriteFile(page, "before\n<!-- verify: begin -->\nold\n<!-- verify: end -->\nafter\n");
  for (int run = 0; run < 2; ++run) {
    const ProgramResult result = Neuron({"verify", folder().string(), "--device", "functional",
                                         "--filter", "recurrent", "--markdown", page});
    ASSERT_EQ(result.exit_code, 0) << result.ToString();
    const std::string text = ReadFile(page);
    EXPECT_EQ(text.find("before\n<!-- verify: begin -->\n1 of 1 cases pass"), 0U) << text;
    EXPECT_NE(text.find("| recurrent/stream | pass | "), std::string::npos) << text;
    EXPECT_NE(text.find("|\n<!-- verify: end -->\nafter\n"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace neuron::test
