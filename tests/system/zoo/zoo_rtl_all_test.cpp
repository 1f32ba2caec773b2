// SPDX-License-Identifier: Apache-2.0
// Every model of the zoo that is small enough to simulate, with all its cases, on the Verilated
// hardware, one of them held to exact arithmetic. It takes minutes: ctest --preset release -C
// on-demand -L rtl-zoo-all
#include <gtest/gtest.h>

#include <iostream>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"
#include "tests/system/zoo/exact_zoo.h"

namespace neuron::test {
namespace {

constexpr int64_t kMostMacs = 50'000'000;  // of one inference

// The manifest's models of at most kMostMacs; one empty name without a zoo.
std::vector<std::string> SmallModels() {
  std::vector<std::string> names;
  if (!ZooDirectory()) return {""};
  const nlohmann::json manifest = ReadJson(*ZooDirectory() / "manifest.json");
  if (!manifest.is_object()) return {""};
  for (const nlohmann::json& model : manifest.at("models")) {
    if (model.at("macs_per_inference") <= kMostMacs) names.push_back(model.at("name"));
  }
  return names;
}

class ZooRtlAllTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam().empty()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
    if (!HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  }
};

TEST_P(ZooRtlAllTest, CasesMatchTheReferenceWithTheBitsOfTheFunctionalModel) {
  const TemporaryDirectory exact;
  std::filesystem::path folder = *ZooDirectory();
  if (GetParam() == kExactZooModel) {
    if (!Python()) GTEST_SKIP() << "no Python with ONNX: NEURON_PYTHON is not set";
    ASSERT_TRUE(WriteExactZoo(exact.path()));
    folder = exact.path();
  }
  const auto result = VerifiesWithSameBits(folder, GetParam(), "functional", "rtl");
  EXPECT_TRUE(result);
  std::cout << result.message() << std::flush;
}

INSTANTIATE_TEST_SUITE_P(Models, ZooRtlAllTest, testing::ValuesIn(SmallModels()),
                         [](const auto& info) {
                           return info.param.empty() ? "NoZoo" : info.param;
                         });

}  // namespace
}  // namespace neuron::test
