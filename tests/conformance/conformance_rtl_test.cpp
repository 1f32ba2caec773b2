// SPDX-License-Identifier: Apache-2.0
// A spread sample of the conformance tests on the Verilated hardware. All of them:
// build/release/bin/conformance --device rtl
#include <gtest/gtest.h>

#include "tests/conformance/report.h"
#include "tests/system/support/workspace.h"

namespace neuron::conformance {
namespace {

constexpr size_t kEvery = 20;  // one test in so many

TEST(ConformanceRtlTest, SampleIsNotWrong) {
  if (!test::HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  if (!std::filesystem::exists(kDataFolder)) {
    GTEST_SKIP() << "no test data: install the Debian package libonnx-testdata";
  }
  const auto names = ReadNames(kNamesFile);
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  std::vector<std::string> sample;
  for (size_t i = 0; i < names->size(); i += kEvery) {
    sample.push_back((*names)[i]);
  }
  auto runtime = nrt::Runtime::Open("rtl");
  ASSERT_TRUE(runtime.ok()) << runtime.status().message();
  for (const Row& row : RunNodeTests(*runtime, sample)) {
    EXPECT_NE(row.outcome.verdict, Verdict::kWrong) << row.name << ": " << row.outcome.reason;
  }
}

}  // namespace
}  // namespace neuron::conformance
