// SPDX-License-Identifier: Apache-2.0
// Recurrent operators in the forms that only the host runs, against ONNX Runtime 1.31.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ops/run_operator.h"

namespace neuron {
namespace {

using testing::FloatNear;
using testing::Pointwise;

using Attributes = std::map<std::string, AttributeValue>;
using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

// ((i * step) mod 17 - 8) * scale.
HostTensor Ramp(const Shape& shape, int step, float scale) {
  HostTensor tensor(ElementType::kFloat32, shape);
  int at = 0;
  for (float& value : tensor.as<float>()) {
    value = static_cast<float>(at * step % 17 - 8) * scale;
    ++at;
  }
  return tensor;
}

HostTensor Lengths(std::vector<int32_t> values) {
  const auto size = static_cast<int64_t>(values.size());
  return Tensor<int32_t>(ElementType::kInt32, {size}, std::move(values));
}

// The operator with so many gates on three steps of two sequences of width 2.
std::vector<HostTensor> RunCell(const std::string& op, int64_t gates, Attributes attributes,
                                bool bias, std::vector<HostTensor> more = {},
                                int64_t directions = 1) {
  std::vector<HostTensor> operands = {Ramp({3, 2, 2}, 5, 0.125F),
                                      Ramp({directions, 2 * gates, 2}, 7, 0.0625F),
                                      Ramp({directions, 2 * gates, 2}, 3, 0.0625F),
                                      bias ? Ramp({1, 4 * gates}, 11, 0.03125F) : HostTensor()};
  operands.insert(operands.end(), more.begin(), more.end());
  attributes["hidden_size"] = int64_t{2};
  auto result = RunOperator(op, operands, attributes, op == "LSTM" ? 3 : 2);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? std::move(*result) : std::vector<HostTensor>(3);
}

void ExpectNumbers(const HostTensor& got, const Numbers& expected) {
  EXPECT_THAT(got.ToFloats(), Pointwise(FloatNear(1e-6F), expected));
}

TEST(Recurrent, EndsEachSequenceAtItsLengthInBothDirections) {
  const auto y =
      RunCell("RNN", 1, {{"direction", std::string("bidirectional")}}, false, {Lengths({1, 3})}, 2);
  EXPECT_EQ(y[0].shape, (Shape{3, 2, 2, 2}));
  ExpectNumbers(y[0], {0.4803488F,  -0.2740616F, -0.1777783F, -0.124353F, -0.02343327F,
                       -0.1626062F, -0.3980439F, 0.2866887F,  0,          0,
                       -0.1293346F, 0.4362381F,  0,           0,          0.4637794F,
                       -0.4601824F, 0,           0,           -0.493296F, 0.4955812F,
                       0,           0,           0.3852839F,  -0.2153263F});
  ExpectNumbers(y[1], {0.4803488F, -0.2740616F, -0.493296F, 0.4955812F, -0.02343327F, -0.1626062F,
                       -0.3980439F, 0.2866887F});
}

TEST(Recurrent, ASequenceWithoutStepsEndsInZeros) {
  const auto y = RunCell("LSTM", 4, {}, false,
                         {Lengths({0, 2}), Ramp({1, 2, 2}, 4, 0.25F), Ramp({1, 2, 2}, 6, 0.25F)});
  ExpectNumbers(y[0], {0, 0, 0.246529F, -0.4222928F, 0, 0, 0.2117497F, -0.08165441F, 0, 0, 0, 0});
  ExpectNumbers(y[1], {0, 0, 0.2117497F, -0.08165441F});
  ExpectNumbers(y[2], {0, 0, 0.3734547F, -0.204469F});
}

TEST(Recurrent, LengthsOutsideTheInputAreRefused) {
  for (const auto& lengths : {Lengths({4, 1}), Lengths({-1, 1}), Lengths({1})}) {
    const auto result = RunOperator("RNN", {Ramp({3, 2, 2}, 5, 1), Ramp({1, 2, 2}, 5, 1),
                                            Ramp({1, 2, 2}, 5, 1), HostTensor(), lengths});
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(Recurrent, CouplesTheInputAndForgetGates) {
  const auto y = RunCell("LSTM", 4, {{"input_forget", int64_t{1}}}, true);
  ExpectNumbers(y[0],
                {-0.1040087F, -0.00926425F, 0.002202196F, -0.01282452F, -0.1055225F, -0.01606644F,
                 0.08320732F, 0.1478629F, -0.07963545F, -0.02078627F, 0.1350134F, 0.207596F});
  ExpectNumbers(y[2], {-0.1936928F, -0.03656369F, 0.2296514F, 0.5085015F});
}

TEST(Recurrent, GruTakesOtherActivations) {
  const auto y = RunCell("GRU", 3,
                         {{"activations", Names{"HardSigmoid", "LeakyRelu"}},
                          {"activation_alpha", Numbers{0.25F, 0.125F}},
                          {"activation_beta", Numbers{0.375F}}},
                         true);
  ExpectNumbers(y[0],
                {0.07843018F, 0.02593994F, 0.158844F, -0.02746582F, 0.1358573F, 0.003660955F,
                 0.02032804F, -0.04962706F, 0.1765996F, -0.01344756F, -0.01858527F, -0.06901022F});
}

TEST(Recurrent, ParametersGoToTheActivationsThatTakeThem) {
  const auto y = RunCell("LSTM", 4,
                         {{"activations", Names{"Sigmoid", "LeakyRelu", "HardSigmoid"}},
                          {"activation_alpha", Numbers{0.5F, 0.25F}},
                          {"activation_beta", Numbers{0.75F}}},
                         true);
  ExpectNumbers(y[0], {0.3389408F, 0.3548146F, 0.2962013F, 0.455539F, 0.3584094F, 0.3432971F,
                       0.5085768F, 0.3149629F, 0.3423705F, 0.3741793F, 0.4967101F, 0.3556641F});
  ExpectNumbers(y[2], {-0.1692198F, 0.0176746F, 0.1021198F, 0.6706069F});
}

struct ActivationCase {
  const char* name;
  Attributes parameters;
  Numbers expected;  // of 0.75 and -0.5
};

TEST(Recurrent, EveryActivation) {
  const std::vector<ActivationCase> cases = {
      {"Affine",
       {{"activation_alpha", Numbers{0.5F}}, {"activation_beta", Numbers{0.25F}}},
       {0.625F, 0}},
      {"ScaledTanh",
       {{"activation_alpha", Numbers{0.5F}}, {"activation_beta", Numbers{2}}},
       {0.4525741F, -0.3807971F}},
      {"LeakyRelu", {}, {0.75F, -0.005F}},
      {"ThresholdedRelu", {{"activation_alpha", Numbers{0.5F}}}, {0.75F, 0}},
      {"HardSigmoid", {}, {0.65F, 0.4F}},
      {"Elu", {}, {0.75F, -0.3934693F}},
      {"Softsign", {}, {0.4285714F, -0.3333333F}},
      {"Softplus", {}, {1.136871F, 0.474077F}},
      {"Relu", {}, {0.75F, 0}},
      {"Tanh", {}, {0.6351490F, -0.4621172F}},
      {"Sigmoid", {}, {0.6791787F, 0.3775407F}},
  };
  for (const ActivationCase& c : cases) {
    SCOPED_TRACE(c.name);
    Attributes attributes = c.parameters;
    attributes["activations"] = Names{c.name};
    ExpectNumbers(
        RunOne("RNN",
               {Floats({1, 2, 1}, {0.75F, -0.5F}), Floats({1, 1, 1}, {1}), Floats({1, 1, 1}, {0})},
               attributes),
        c.expected);
  }
}

TEST(Recurrent, AnUnknownActivationIsRefused) {
  const HostTensor one = Floats({1, 1, 1}, {1});
  EXPECT_EQ(RunOperator("RNN", {one, one, one}, {{"activations", Names{"Mish"}}}).status().code(),
            StatusCode::kUnsupported);
}

TEST(Recurrent, ClipBoundsTheInputsOfActivations) {
  const HostTensor y = RunOne(
      "RNN", {Floats({1, 2, 1}, {3, -0.25F}), Floats({1, 1, 1}, {1}), Floats({1, 1, 1}, {0})},
      {{"activations", Names{"Affine"}}, {"activation_alpha", Numbers{2}}, {"clip", 0.5F}});
  ExpectNumbers(y, {1, -0.5F});
}

}  // namespace
}  // namespace neuron
