// SPDX-License-Identifier: Apache-2.0
// Whatever file it is given, `neuron compile` ends in time with one of its exit codes, says why,
// and leaves no package behind when it failed.
#include <gtest/gtest.h>

#include <set>

#include "tests/system/hostile/mutation.h"
#include "tests/system/support/made_models.h"

namespace neuron::test {
namespace {

constexpr std::chrono::seconds kLimit(20);

// Compiles `file`; the failure names `what` and shows what happened.
testing::AssertionResult EndsCleanly(const std::string& file, const std::string& what,
                                     const std::string& binding = "") {
  const TemporaryDirectory directory;
  const std::string package = directory / "out.ncx";
  std::vector<std::string> arguments = {"compile", file, "--output", package};
  if (!binding.empty()) arguments.insert(arguments.end(), {"--bind", binding});
  const ProgramResult result = Neuron(arguments, kLimit);
  const bool known = std::set<int>{0, 2, 3, 5}.contains(result.exit_code);
  const bool explained = result.exit_code == 0 || result.errors.rfind("neuron: ", 0) == 0;
  const bool tidy = (result.exit_code == 0) == std::filesystem::exists(package);
  if (known && explained && tidy) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << what << (known ? "" : ": not an exit code of the command")
         << (explained ? "" : ": no message")
         << (tidy ? "" : ": package and exit code contradict each other") << "\n"
         << result.ToString();
}

class HostileOnnxTest : public MadeModelsTest {
 protected:
  // Mutations of a made model with seeds [first, first + count).
  void ExpectMutationsEndCleanly(const std::string& model, uint32_t first, uint32_t count,
                                 const std::string& binding = "") {
    const TemporaryDirectory directory;
    const std::string original = ReadFile(Model(model));
    const std::string file = directory / "mutated.onnx";
    for (uint32_t seed = first; seed < first + count; ++seed) {
      WriteFile(file, Mutate(original, seed));
      EXPECT_TRUE(
          EndsCleanly(file, "mutation of " + model + ", seed " + std::to_string(seed), binding));
    }
  }
};

TEST_F(HostileOnnxTest, UntouchedModelsCompile) {
  for (const char* model : {"convolutions", "quantised"}) {
    const TemporaryDirectory directory;
    const ProgramResult result =
        Neuron({"compile", Model(model), "--output", directory / "out.ncx"}, kLimit);
    EXPECT_EQ(result.exit_code, 0) << result.ToString();
  }
}

TEST_F(HostileOnnxTest, MutatedFloatModelsEndCleanly) {
  ExpectMutationsEndCleanly("convolutions", 1000, 100);
}

TEST_F(HostileOnnxTest, MutatedQuantisedModelsEndCleanly) {
  ExpectMutationsEndCleanly("quantised", 2000, 100);
}

TEST_F(HostileOnnxTest, MutatedSequenceModelsEndCleanly) {
  ExpectMutationsEndCleanly("sequence", 3000, 50, "batch=1");
}

TEST_F(HostileOnnxTest, WrongModelsAreRefusedOrCompiled) {
  const std::string directory = (folder() / "hostile").string();
  const ProgramResult made =
      RunProgram({*Python(), "tests/system/hostile/make_hostile.py", directory});
  ASSERT_EQ(made.exit_code, 0) << made.ToString();
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_TRUE(EndsCleanly(entry.path().string(), entry.path().filename().string()));
    ++files;
  }
  EXPECT_GT(files, 40);
}

}  // namespace
}  // namespace neuron::test
