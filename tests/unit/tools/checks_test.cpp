// SPDX-License-Identifier: Apache-2.0
// Tolerances and expectations: on made-up arrays, and on the reference outputs of the model zoo,
// which must satisfy every expectation.
#include "host/tools/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "host/tools/compare.h"

namespace neuron::tools {
namespace {

using ::testing::HasSubstr;
using Verdict = CheckResult::Verdict;

HostTensor Floats(Shape shape, const std::vector<float>& values) {
  return MakeTensor<float>(ElementType::kFloat32, std::move(shape), values);
}

HostTensor Bytes(const std::vector<int8_t>& values) {
  return MakeTensor<int8_t>(ElementType::kInt8, {static_cast<int64_t>(values.size())}, values);
}

TEST(Compare, FloatsUseAbsolutePlusRelative) {
  Tolerance tolerance;
  tolerance.abs = {0.1};
  tolerance.rel = 0.01;
  const HostTensor reference = Floats({2}, {0, 100});
  EXPECT_TRUE(CompareOutput(Floats({2}, {0.09F, 101}), reference, tolerance, 0, false).pass);
  const OutputError error = CompareOutput(Floats({2}, {0, 102}), reference, tolerance, 0, false);
  EXPECT_FALSE(error.pass);
  EXPECT_EQ(error.largest, 2);
  EXPECT_NEAR(error.relative_to_peak, 0.02, 1e-9);
  EXPECT_NEAR(error.of_allowed, 2 / 1.1, 1e-9);
  EXPECT_THAT(error.detail, HasSubstr("output 0 [1] is 102, reference 100"));
}

TEST(Compare, TheWorstOfSeveralKeepsTheLargestShareOfWhatIsAllowedAndAllEnergy) {
  std::optional<OutputError> worst;
  Merge({.largest = 1, .relative_to_peak = 0.5, .of_allowed = 0.1, .energy = 0.01, .detail = {}},
        worst);
  Merge({.largest = 1, .relative_to_peak = 0.1, .of_allowed = 0.9, .energy = 0.5, .detail = {}},
        worst);
  EXPECT_EQ(worst->relative_to_peak, 0.5);
  EXPECT_EQ(worst->of_allowed, 0.9);
  EXPECT_DOUBLE_EQ(worst->energy, 0.51);
}

TEST(Compare, EnergyIsTheMeanSquareOfTheShares) {
  Tolerance tolerance;
  tolerance.abs = {0.5};
  const OutputError error =
      CompareOutput(Floats({4}, {1, 2.25F, 3, 5}), Floats({4}, {1, 2, 3, 4}), tolerance, 0, false);
  EXPECT_DOUBLE_EQ(error.energy, (0.25 + 4) / 4);
  EXPECT_EQ(error.of_allowed, 2);
}

TEST(Compare, NanAndInfinityAgreeWithThemselvesOnly) {
  Tolerance tolerance;
  tolerance.abs = {1e9};
  tolerance.relative_l2 = {1e9};
  for (const float rel : {0.0F, 0.01F}) {
    for (const bool reduced : {false, true}) {
      tolerance.rel = rel;
      const auto compare = [&](float actual, float reference) {
        return CompareOutput(Floats({2}, {1, actual}), Floats({2}, {1, reference}), tolerance, 0,
                             reduced);
      };
      for (const float special : {NAN, INFINITY, -INFINITY}) {
        EXPECT_TRUE(compare(special, special).pass) << special << " reduced " << reduced;
        EXPECT_EQ(compare(special, special).largest, 0) << special;
        EXPECT_EQ(compare(special, special).of_allowed, 0) << special;
        EXPECT_FALSE(compare(special, 0).pass) << special << " reduced " << reduced;
        EXPECT_FALSE(compare(0, special).pass) << special << " reduced " << reduced;
        EXPECT_EQ(compare(0, special).largest, INFINITY) << special;
      }
      EXPECT_FALSE(compare(-INFINITY, INFINITY).pass) << reduced;
      EXPECT_FALSE(compare(NAN, INFINITY).pass) << reduced;
      EXPECT_FALSE(compare(INFINITY, NAN).pass) << reduced;
    }
  }
}

TEST(Compare, ElementsBesideANanAreStillCompared) {
  Tolerance tolerance;
  tolerance.abs = {0.1};
  tolerance.relative_l2 = {0.1};
  const HostTensor reference = Floats({3}, {NAN, 3, INFINITY});
  for (const bool reduced : {false, true}) {
    EXPECT_TRUE(
        CompareOutput(Floats({3}, {NAN, 3.05F, INFINITY}), reference, tolerance, 0, reduced).pass);
    EXPECT_FALSE(
        CompareOutput(Floats({3}, {NAN, 3.5F, INFINITY}), reference, tolerance, 0, reduced).pass);
  }
}

TEST(Compare, IntegersUseSteps) {
  Tolerance tolerance;
  tolerance.max_lsb = 2;
  EXPECT_TRUE(CompareOutput(Bytes({1, -126}), Bytes({3, -128}), tolerance, 0, false).pass);
  EXPECT_FALSE(CompareOutput(Bytes({1, -125}), Bytes({3, -128}), tolerance, 0, true).pass);
  tolerance.max_lsb.reset();
  EXPECT_FALSE(CompareOutput(Bytes({1}), Bytes({2}), tolerance, 0, false).pass);
}

TEST(Compare, ReducedPrecisionUsesTheWholeOutput) {
  Tolerance tolerance;
  tolerance.abs = {1e-6};
  tolerance.relative_l2 = {0.1};
  const HostTensor reference = Floats({2}, {3, 4});
  EXPECT_TRUE(CompareOutput(Floats({2}, {3, 4.4F}), reference, tolerance, 0, true).pass);
  EXPECT_FALSE(CompareOutput(Floats({2}, {3, 4.6F}), reference, tolerance, 0, true).pass);
}

TEST(Compare, AnotherShapeOrTypeFails) {
  EXPECT_FALSE(CompareOutput(Floats({1, 2}, {1, 2}), Floats({2}, {1, 2}), {}, 0, false).pass);
  EXPECT_FALSE(CompareOutput(Bytes({1}), Floats({1}, {1}), {}, 0, false).pass);
}

TEST(Checks, FailuresSayWhatWasFound) {
  CaseArrays arrays;
  arrays.actual = {{.inputs = {}, .outputs = {Floats({1, 3}, {0.1F, 0.7F, 0.2F})}}};
  arrays.reference = arrays.actual;
  const auto evaluate = [&](const char* check) {
    return EvaluateCheck(nlohmann::json::parse(check), {}, arrays, {});
  };
  EXPECT_EQ(evaluate(R"({"rule": "top1", "output": 0, "index": 1})").verdict, Verdict::kPass);
  const CheckResult wrong = evaluate(R"({"rule": "top1", "output": 0, "index": 2})");
  EXPECT_EQ(wrong.verdict, Verdict::kFail);
  EXPECT_THAT(wrong.detail, HasSubstr("largest at 1, expected 2"));
  EXPECT_EQ(evaluate(R"({"rule": "value", "output": 0, "at": [0, 1], "ge": 0.5})").verdict,
            Verdict::kPass);
  EXPECT_EQ(evaluate(R"({"rule": "value", "output": 0, "at": [0, 9], "ge": 0.5})").verdict,
            Verdict::kNotEvaluated);
  EXPECT_EQ(evaluate(R"({"rule": "top1", "output": 5, "index": 2})").verdict,
            Verdict::kNotEvaluated);
  EXPECT_EQ(evaluate(R"({"rule": "taste"})").verdict, Verdict::kNotEvaluated);
}

TEST(Checks, ReferenceOutputsOfTheZooSatisfyEveryCheck) {
  const char* directory = std::getenv("NEURON_ZOO");
  if (directory == nullptr) {
    GTEST_SKIP() << "NEURON_ZOO does not name a model zoo";
  }
  const Result<Zoo> zoo = ReadZoo(directory);
  ASSERT_TRUE(zoo.ok()) << zoo.status().ToString();
  for (const ZooModel& model : zoo->models) {
    for (const ZooCase& zoo_case : model.cases) {
      CaseArrays arrays;
      for (size_t step = 0; step < zoo_case.steps; ++step) {
        Result<StepArrays> loaded = ReadStep(model, zoo_case, step);
        ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
        arrays.actual.push_back(std::move(loaded).value());
      }
      arrays.reference = arrays.actual;
      for (const nlohmann::json& check : zoo_case.checks) {
        const CheckResult result = EvaluateCheck(check, model, arrays, zoo->directory);
        EXPECT_EQ(result.verdict, Verdict::kPass)
            << model.name << "/" << zoo_case.name << " " << result.rule << ": " << result.detail;
      }
    }
  }
}

}  // namespace
}  // namespace neuron::tools
