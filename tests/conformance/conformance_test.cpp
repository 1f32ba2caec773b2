// SPDX-License-Identifier: Apache-2.0
// The conformance tests on the functional model: none is wrong, and those that docs/conformance.md
// lists as passing pass.
#include <gtest/gtest.h>

#include <set>

#include "tests/conformance/expectations.h"
#include "tests/conformance/report.h"
#include "tests/system/support/workspace.h"

namespace neuron::conformance {
namespace {

TEST(ConformanceTest, NoTestIsWrongAndDocumentedOnesPass) {
  ExpectConformance("functional?strict=1");
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
