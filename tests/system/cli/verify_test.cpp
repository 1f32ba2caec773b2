// SPDX-License-Identifier: Apache-2.0
// `neuron verify`: the precision that a model needs, and what it says of host segments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/system/support/made_models.h"

namespace neuron::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// On "hosted": a convolution, a CumSum, which no engine has, and a convolution.
class VerifyTest : public MadeModelsTest {
 protected:
  ProgramResult Verify(const std::string& precision) {
    return Neuron({"verify", folder().string(), "--device", "functional", "--filter", "hosted/*",
                   "--precision", precision, "--json", ResultsPath()});
  }
  std::string ResultsPath() const { return (folder() / "results.json").string(); }
  nlohmann::json Cases() const { return ReadJson(ResultsPath()).at("cases"); }

  // The largest difference to ONNX Runtime over the model's cases.
  double LargestError(const std::string& precision) {
    EXPECT_EQ(Verify(precision).exit_code, 0);
    double largest = 0;
    for (const nlohmann::json& row : Cases()) {
      largest = std::max(largest, row.at("max_error").get<double>());
    }
    return largest;
  }

  void SetTolerance(double absolute) {
    nlohmann::json manifest = ReadJson(folder() / "manifest.json");
    for (nlohmann::json& model : manifest.at("models")) {
      if (model.at("name") == "hosted") {
        model["tolerance"] = {{"fp32", {{"abs", absolute}, {"rel", 0.0}}}};
      }
    }
    WriteFile(folder() / "manifest.json", manifest.dump());
  }
};

TEST_F(VerifyTest, AModelThatMissesItsToleranceIsCompiledAgainAccurately) {
  const double fast = LargestError("fast");
  const double accurate = LargestError("accurate");
  ASSERT_GT(fast, 4 * accurate);

  SetTolerance(2 * fast);
  EXPECT_EQ(Verify("auto").exit_code, 0);
  for (const nlohmann::json& row : Cases()) {
    EXPECT_EQ(row.at("precision"), "fast") << row;
  }

  SetTolerance(std::sqrt(fast * accurate));
  EXPECT_EQ(Verify("fast").exit_code, 1);
  EXPECT_EQ(Verify("activations").exit_code, 1) << "its weights have as many digits as its inputs";
  EXPECT_EQ(Verify("auto").exit_code, 0);
  EXPECT_EQ(Cases().size(), 2U) << "one row for each case, whatever was tried";
  for (const nlohmann::json& row : Cases()) {
    EXPECT_EQ(row.at("precision"), "accurate") << row;
    EXPECT_EQ(row.at("verdict"), "pass") << row;
  }

  SetTolerance(accurate / 100);
  EXPECT_EQ(Verify("auto").exit_code, 1);
}

// Of the convolutions before and after the host's CumSum.
TEST_F(VerifyTest, TuneFindsThePrecisionThatProductsNeed) {
  const double fast = LargestError("fast");
  const double accurate = LargestError("accurate");
  const std::string file = (folder() / "precision.json").string();
  const auto tune = [&](double tolerance) {
    SetTolerance(tolerance);
    const ProgramResult result = Neuron({"tune", folder().string(), "--device", "functional",
                                         "--filter", "hosted/*", "--output", file});
    return std::pair(result.exit_code, ReadJson(file).at("hosted"));
  };
  EXPECT_EQ(tune(2 * fast), std::pair(0, nlohmann::json("fast")));
  EXPECT_EQ(tune(accurate / 100), std::pair(1, nlohmann::json("accurate")));

  const auto [exit_code, nodes] = tune(std::sqrt(fast * accurate));
  EXPECT_EQ(exit_code, 0);
  ASSERT_TRUE(nodes.is_object()) << nodes;
  EXPECT_TRUE(nodes.contains("before")) << "the sum adds up its errors: " << nodes;
  EXPECT_EQ(Verify(file).exit_code, 0);
  for (const nlohmann::json& row : Cases()) {
    EXPECT_EQ(row.at("precision"), nodes);
    EXPECT_LE(row.at("max_error_of_allowed").get<double>(), 0.85);
  }

  // What is known to suffice is where the next search begins: it only takes back.
  WriteFile(file, R"({"hosted": {"before": "accurate", "after": "accurate"}})");
  EXPECT_EQ(tune(std::sqrt(fast * accurate)).second, nodes);

  const std::string package = (folder() / "hosted.ncx").string();
  EXPECT_EQ(Neuron({"compile", Model("hosted"), "--precision", file, "-o", package}).exit_code, 0);
  const ProgramResult other =
      Neuron({"compile", Model("sequence"), "--precision", file, "-o", package});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.errors, HasSubstr("has no entry for the model 'sequence'"));
}

// A model without tolerances of its own for reduced precision.
TEST_F(VerifyTest, ExpectationsJudgeReducedPrecision) {
  const auto verify = [&](const nlohmann::json& checks) {
    SetTolerance(1e-12);
    nlohmann::json manifest = ReadJson(folder() / "manifest.json");
    for (nlohmann::json& model : manifest.at("models")) {
      for (nlohmann::json& test_case : model.at("cases")) {
        test_case["check"] = checks;
      }
    }
    WriteFile(folder() / "manifest.json", manifest.dump());
    return Neuron({"verify", folder().string(), "--device", "functional", "--filter", "hosted/*",
                   "--precision", "fast", "--tolerance", "reduced"});
  };
  const auto signal_to_error = [](double least) {
    return nlohmann::json::array({{{"rule", "ser_db"}, {"output", 0}, {"ge", least}}});
  };
  EXPECT_EQ(verify(signal_to_error(15)).exit_code, 0);
  const ProgramResult noisy = verify(signal_to_error(1000));
  EXPECT_EQ(noisy.exit_code, 1);
  EXPECT_THAT(noisy.output, HasSubstr("ser_db: signal to error"));
  const ProgramResult unchecked = verify(nlohmann::json::array());
  EXPECT_EQ(unchecked.exit_code, 1) << "something has to judge";
  EXPECT_THAT(unchecked.output, HasSubstr("allowed difference"));
}

TEST_F(VerifyTest, HostSegmentsAreReportedWithTheirShareOfOperationsAndTime) {
  const ProgramResult result = Verify("fast");
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_THAT(result.output, AllOf(HasSubstr("host segment running_sum (CumSum), 0.4 % of the "
                                             "operations: no engine has this operator"),
                                   HasSubstr("host time ")));
  for (const nlohmann::json& row : Cases()) {
    const nlohmann::json& segment = row.at("host_segments").at(0);
    EXPECT_EQ(segment.at("node"), "running_sum");
    EXPECT_EQ(segment.at("operations"), 20 * 9 * 9);
    EXPECT_GT(segment.at("share"), 0.0);
    EXPECT_GT(row.at("stats").at("host_time_share"), 0.0);
    EXPECT_LT(row.at("stats").at("host_time_share"), 1.0);
  }
}

TEST_F(VerifyTest, CompileAndRunReportHostSegmentsAlike) {
  const std::string segment = "running_sum (CumSum), 0.4 % of the operations";
  const std::string package = (folder() / "hosted.ncx").string();
  const ProgramResult compiled = Neuron(
      {"compile", Model("hosted"), "--output", package, "--report", "--json", ResultsPath()});
  ASSERT_EQ(compiled.exit_code, 0) << compiled.ToString();
  EXPECT_THAT(compiled.output, AllOf(HasSubstr("host segment " + segment),
                                     HasSubstr("host segments: share of all operations")));
  EXPECT_GT(ReadJson(ResultsPath()).at("host_segments").at(0).at("share"), 0.0);

  const std::string input = (folder() / "cases/hosted/random_0/input_0.npy").string();
  const ProgramResult run = Neuron(
      {"run", package, "--device", "functional", "--input", "x=" + input, "--json", ResultsPath()});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  EXPECT_THAT(run.output, AllOf(HasSubstr("host segment  " + segment), HasSubstr("1 operator, "),
                                HasSubstr("% of the time")));
  EXPECT_GT(ReadJson(ResultsPath()).at("host_segments").at(0).at("share"), 0.0);
  EXPECT_GT(ReadJson(ResultsPath()).at("host_time_share"), 0.0);
  EXPECT_THAT(Neuron({"inspect", package}).output, HasSubstr(segment));
}

}  // namespace
}  // namespace neuron::test
