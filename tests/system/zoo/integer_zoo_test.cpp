// SPDX-License-Identifier: Apache-2.0
// Whole 8-bit networks against an integer reference written out in Python from docs/numerics.md:
// every integer of every layer must be equal.
#include <gtest/gtest.h>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

class IntegerZooTest : public testing::TestWithParam<const char*> {};

TEST_P(IntegerZooTest, EveryIntegerEqualsTheReference) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  if (!Python()) GTEST_SKIP() << "no Python with ONNX: NEURON_PYTHON is not set";
  const TemporaryDirectory folder;
  const ProgramResult written =
      RunProgram({*Python(), "tests/system/zoo/integer_reference.py", ZooDirectory()->string(),
                  folder.path().string(), GetParam()},
                 std::chrono::seconds(300));
  ASSERT_EQ(written.exit_code, 0) << written.ToString();
  EXPECT_TRUE(Verifies(folder.path(), "functional?strict=1", "*"));
}

INSTANTIATE_TEST_SUITE_P(Models, IntegerZooTest,
                         testing::Values("resnet8_int8", "kws_dscnn_int8", "vww_mobilenet_int8",
                                         "anomaly_int8", "streaming_wakeword_int8",
                                         "mobilenet_v1_025_128_uint8"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace neuron::test
