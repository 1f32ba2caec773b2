// SPDX-License-Identifier: Apache-2.0
// A spread sample of the conformance tests on the Verilated hardware. All of them, on demand:
// conformance_rtl_all_test.cpp.
#include <gtest/gtest.h>

#include "tests/conformance/expectations.h"
#include "tests/system/support/workspace.h"

namespace neuron::conformance {
namespace {

constexpr size_t kEvery = 20;  // one test in so many

TEST(ConformanceRtlTest, NoTestOfASampleIsWrongAndDocumentedOnesPass) {
  if (!test::HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  ExpectConformance("rtl", kEvery);
}

}  // namespace
}  // namespace neuron::conformance
