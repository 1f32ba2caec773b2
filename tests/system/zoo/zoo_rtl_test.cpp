// SPDX-License-Identifier: Apache-2.0
// The zoo's models on the Verilated hardware: a sample of the cases, of every kind of network.
// zoo_rtl_all_test runs them all.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

constexpr const char* kSample[] = {
    "wakeword_melspectrogram/alexa_frame",
    "wakeword_embedding/turn_on_the_light_frame",
    "wakeword_alexa/alexa_recorded",
    "streaming_wakeword_int8/sample_wake_word",
    "kws_dscnn_int8/say_left",
    "resnet8_fp32/cat",
    "resnet8_int8/parrot",
    "vww_mobilenet_int8/cat",
    "anomaly_fp32/normal_start",
    "anomaly_int8/speech_not_machine",
    "mobilenet_v1_025_128_uint8/chelsea",
    "movie_review/positive",
    "g2p_encoder/alexa",
    "g2p_decoder/alexa",
};

class ZooRtlTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
    if (!HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  }
};

TEST_P(ZooRtlTest, MatchesOnnxRuntimeWithTheBitsOfTheFunctionalModel) {
  EXPECT_TRUE(VerifiesWithSameBits(*ZooDirectory(), GetParam(), "functional", "rtl"));
}

INSTANTIATE_TEST_SUITE_P(Sample, ZooRtlTest, testing::ValuesIn(kSample), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '/', '_');
  return name;
});

}  // namespace
}  // namespace neuron::test
