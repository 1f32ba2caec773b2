// SPDX-License-Identifier: Apache-2.0
// Every case of the zoo's models on the functional model against ONNX Runtime's results, one model
// against exact arithmetic.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"
#include "tests/system/zoo/exact_zoo.h"

namespace neuron::test {
namespace {

// Those whose outputs are within the zoo's tolerance of ONNX Runtime's.
constexpr const char* kZooModels[] = {
    "wakeword_melspectrogram",
    "wakeword_embedding",
    "wakeword_alexa",
    "streaming_wakeword_int8",
    "silero_vad",
    "kws_dscnn_int8",
    "resnet8_fp32",
    "resnet8_int8",
    "vww_mobilenet_fp32",
    "vww_mobilenet_int8",
    "anomaly_fp32",
    "anomaly_int8",
    "mobilenet_v1_025_128_uint8",
    "mobilenet_v1_025_224_fp32",
    "stories260k_t64",
    "movie_review",
    "g2p_encoder",
    "g2p_decoder",
    "hifigan_v2",
    "blazeface_front",
    "ultraface_rfb320",
    "ppocr_det",
    "ppocr_rec",
};

class ZooTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  }
};

TEST_P(ZooTest, CasesMatchOnnxRuntime) {
  EXPECT_TRUE(Verifies(*ZooDirectory(), "functional", std::string(GetParam()) + "/*",
                       {"--precision", "tests/baselines/precision.json"}));
}

// What single precision allows is not asked of it; it still finds the faces and the words.
TEST_P(ZooTest, SixteenBitsAreWithinTheToleranceForReducedPrecision) {
  EXPECT_TRUE(Verifies(*ZooDirectory(), "functional", std::string(GetParam()) + "/*",
                       {"--auto-cast", "bf16"}));
}

// A model that the list lacks would not be tested.
TEST(ZooModelsTest, AreThoseOfTheManifest) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  const nlohmann::json manifest = ReadJson(*ZooDirectory() / "manifest.json");
  ASSERT_TRUE(manifest.is_object());
  for (const nlohmann::json& model : manifest.at("models")) {
    const auto name = model.at("name").get<std::string>();
    EXPECT_TRUE(name == kExactZooModel ||
                std::ranges::find(kZooModels, name) != std::end(kZooModels))
        << name;
  }
}

// Every output and state of every step is within the tolerance of what exact sums give.
TEST(ZooExactTest, QuantisedSequenceHasTheValuesOfExactArithmetic) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  if (!Python()) GTEST_SKIP() << "no Python with ONNX: NEURON_PYTHON is not set";
  const TemporaryDirectory folder;
  ASSERT_TRUE(WriteExactZoo(folder.path()));
  EXPECT_TRUE(Verifies(folder.path(), "functional", kExactZooModel));
}

// As speech it is that of the reference, also with the roundings that go the other way.
TEST(ZooExactTest, QuantisedSequenceSoundsAsItsReference) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  for (const char* cast : {"none", "bf16"}) {
    EXPECT_TRUE(Verifies(*ZooDirectory(), "functional", kExactZooModel,
                         {"--precision", "fast", "--tolerance", "reduced", "--auto-cast", cast}));
  }
}

class ZooResidencyTest : public ZooTest {};

TEST_P(ZooResidencyTest, WeightsThatStayInSbufKeepEveryBit) {
  EXPECT_TRUE(VerifiesWithSameBits(*ZooDirectory(), GetParam(), "functional", "functional?strict=1",
                                   {"--resident-weights", "auto"}));
}

// Sequences with states, single cases that follow one another, and one that does not fit.
INSTANTIATE_TEST_SUITE_P(Cases, ZooResidencyTest,
                         testing::Values("silero_vad/speech_8k", "g2p_decoder/alexa",
                                         "wakeword_alexa/*", "anomaly_fp32/*",
                                         "stories260k_t64/greedy_*"),
                         [](const auto& info) {
                           const std::string filter = info.param;
                           return filter.substr(0, filter.find('/'));
                         });

INSTANTIATE_TEST_SUITE_P(Models, ZooTest, testing::ValuesIn(kZooModels),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace neuron::test
