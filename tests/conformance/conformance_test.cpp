// SPDX-License-Identifier: Apache-2.0
// The conformance tests on the functional model: none is wrong, and those that docs/conformance.md
// lists as passing pass.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/conformance/report.h"
#include "tests/system/support/workspace.h"

namespace neuron::conformance {
namespace {

constexpr const char* kPage = "docs/conformance.md";

// The tests that the page lists as passing.
std::set<std::string> DocumentedPasses() {
  std::set<std::string> names;
  std::istringstream page(test::ReadFile(kPage));
  for (std::string line; std::getline(page, line);) {
    const size_t verdict = line.find(" | pass | ");
    if (line.starts_with("| ") && verdict != std::string::npos) {
      names.insert(line.substr(2, verdict - 2));
    }
  }
  return names;
}

TEST(ConformanceTest, NoTestIsWrongAndDocumentedOnesPass) {
  if (!std::filesystem::exists(kDataFolder)) {
    GTEST_SKIP() << "no test data: install the Debian package libonnx-testdata";
  }
  const auto names = ReadNames(kNamesFile);
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  auto runtime = nrt::Runtime::Open("functional?strict=1");
  ASSERT_TRUE(runtime.ok()) << runtime.status().message();
  const std::set<std::string> documented = DocumentedPasses();
  EXPECT_FALSE(documented.empty()) << kPage << " lists no passing test";
  for (const Row& row : RunNodeTests(*runtime, *names)) {
    EXPECT_NE(row.outcome.verdict, Verdict::kWrong) << row.name << ": " << row.outcome.reason;
    if (documented.contains(row.name)) {
      EXPECT_EQ(row.outcome.verdict, Verdict::kPass)
          << row.name << " passed when " << kPage << " was written: " << row.outcome.reason;
    }
  }
}

TEST(ConformanceTest, ListHasEveryTestThatTheZooNames) {
  const auto zoo = test::ZooDirectory();
  if (!zoo) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  const auto wanted = ReadNames(*zoo / "onnx_node_tests.txt");
  const auto names = ReadNames(kNamesFile);
  ASSERT_TRUE(wanted.ok()) << wanted.status().ToString();
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  const std::set<std::string> known(names->begin(), names->end());
  for (const std::string& name : *wanted) {
    EXPECT_TRUE(known.contains(name)) << name << " is not in " << kNamesFile;
  }
}

}  // namespace
}  // namespace neuron::conformance
