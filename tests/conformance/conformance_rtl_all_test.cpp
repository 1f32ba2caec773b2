// SPDX-License-Identifier: Apache-2.0
// All conformance tests on the Verilated hardware. It takes minutes: ctest --preset release -C
// on-demand -L conformance-all
#include <gtest/gtest.h>

#include "tests/conformance/expectations.h"
#include "tests/system/support/workspace.h"

namespace neuron::conformance {
namespace {

TEST(ConformanceRtlAllTest, NoTestIsWrongAndDocumentedOnesPass) {
  if (!test::HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  ExpectConformance("rtl");
}

}  // namespace
}  // namespace neuron::conformance
