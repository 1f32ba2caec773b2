// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/expectations.h"

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

}  // namespace

void ExpectConformance(const std::string& device, size_t step) {
  if (!std::filesystem::exists(kDataFolder)) {
    GTEST_SKIP() << "no test data: install the Debian package libonnx-testdata";
  }
  const auto names = ReadNames(kNamesFile);
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  std::vector<std::string> chosen;
  for (size_t i = 0; i < names->size(); i += step) {
    chosen.push_back((*names)[i]);
  }
  auto runtime = nrt::Runtime::Open(device);
  ASSERT_TRUE(runtime.ok()) << runtime.status().message();
  const std::set<std::string> documented = DocumentedPasses();
  EXPECT_FALSE(documented.empty()) << kPage << " lists no passing test";
  for (const Row& row : RunNodeTests(*runtime, chosen)) {
    EXPECT_NE(row.outcome.verdict, Verdict::kWrong) << row.name << ": " << row.outcome.reason;
    if (documented.contains(row.name)) {
      EXPECT_EQ(row.outcome.verdict, Verdict::kPass)
          << row.name << " passed when " << kPage << " was written: " << row.outcome.reason;
    }
  }
}

}  // namespace neuron::conformance
