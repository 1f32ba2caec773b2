// SPDX-License-Identifier: Apache-2.0
// The corners of the host operators that ONNX's own test cases (import_conformance_test) leave
// open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/ops/run_operator.h"

namespace neuron {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HostTensorTest, CountsSaturateInsteadOfOverflowing) {
  const Shape huge = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_EQ(ElementCount(huge), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ElementCount(Shape{}), 1);
  EXPECT_EQ(ElementCount(Shape{3, 0, 5}), 0);
}

TEST(HostTensorTest, HalfPrecisionReadsSubnormals) {
  const auto half = Tensor<uint16_t>(ElementType::kFloat16, {4}, {0x3C00, 0x0001, 0xFC00, 0x8400});
  EXPECT_EQ(half.ValueAt(0), 1.0);
  EXPECT_EQ(half.ValueAt(1), std::ldexp(1.0, -24));
  EXPECT_EQ(half.ValueAt(2), -INFINITY);
  EXPECT_EQ(half.ValueAt(3), -std::ldexp(1.0, -14));
}

TEST(EvaluateTest, FloatToHalfRoundsToNearestEven) {
  const HostTensor half =
      RunOne("Cast", {Floats({4}, {1.0F + 0x1p-11F, 1.0F + 0x1.8p-10F, 65520.0F, 0x1p-25F})},
             {{"to", int64_t{10}}});
  EXPECT_THAT(half.as<uint16_t>(), ElementsAre(0x3C00, 0x3C02, 0x7C00, 0x0000));
}

TEST(EvaluateTest, IntegersWrapAndNeverTrap) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_THAT(RunOne("Neg", {Ints({least})}).ToInts(), ElementsAre(least));
  EXPECT_THAT(RunOne("Div", {Ints({least}), Ints({-1})}).ToInts(), ElementsAre(least));
  EXPECT_THAT(RunOne("Mod", {Ints({-7}), Ints({3})}).ToInts(), ElementsAre(2));
  EXPECT_THAT(RunOne("Pow", {Ints({3}), Ints({4})}).ToInts(), ElementsAre(81));
  const auto by_zero = RunOperator("Div", {Ints({1}), Ints({0})});
  EXPECT_THAT(by_zero.status().message(), HasSubstr("division by zero"));
}

TEST(EvaluateTest, NanPassesThroughMaxReluAndClip) {
  const HostTensor x = Floats({2}, {NAN, -1.0F});
  for (const HostTensor& y : {RunOne("Relu", {x}), RunOne("Max", {x, Floats({}, {0})}),
                              RunOne("Clip", {x, Floats({}, {0}), Floats({}, {6})})}) {
    EXPECT_TRUE(std::isnan(y.ValueAt(0)));
    EXPECT_EQ(y.ValueAt(1), 0.0);
  }
}

TEST(EvaluateTest, QuantizeRoundsHalfToEvenAndSaturates) {
  const HostTensor zero = Tensor<int8_t>(ElementType::kInt8, {}, {1});
  const HostTensor y = RunOne(
      "QuantizeLinear", {Floats({5}, {0.25F, 0.75F, -0.25F, 1e9F, NAN}), Floats({}, {0.5F}), zero});
  EXPECT_THAT(y.ToInts(), ElementsAre(1, 3, 1, 127, 0));
}

TEST(EvaluateTest, DequantizeTakesOneScaleForEachSlice) {
  const HostTensor x = Tensor<uint8_t>(ElementType::kUint8, {2, 2}, {10, 20, 30, 40});
  const HostTensor zero = Tensor<uint8_t>(ElementType::kUint8, {2}, {10, 20});
  EXPECT_THAT(RunOne("DequantizeLinear", {x, Floats({2}, {1, 0.5F}), zero}, {{"axis", int64_t{0}}})
                  .ToFloats(),
              ElementsAre(0, 10, 5, 10));
}

TEST(EvaluateTest, SliceWalksBackwards) {
  EXPECT_THAT(RunOne("Slice", {Ints({0, 1, 2, 3, 4}), Ints({-1}),
                               Ints({std::numeric_limits<int64_t>::min()}), Ints({0}), Ints({-2})})
                  .ToInts(),
              ElementsAre(4, 2, 0));
}

TEST(EvaluateTest, TopKKeepsTheFirstOfEquals) {
  auto result = RunOperator("TopK", {Floats({4}, {1, 3, 3, 2}), Ints({3})}, {}, 2);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_THAT((*result)[0].ToFloats(), ElementsAre(3, 3, 2));
  EXPECT_THAT((*result)[1].ToInts(), ElementsAre(1, 2, 3));
}

TEST(EvaluateTest, GroupedDilatedConvolution) {
  const HostTensor x = Floats({1, 2, 5}, {1, 2, 3, 4, 5, 10, 20, 30, 40, 50});
  const HostTensor w = Floats({2, 1, 2}, {1, -1, 2, 0.5F});
  const HostTensor y =
      RunOne("Conv", {x, w}, {{"group", int64_t{2}}, {"dilations", std::vector<int64_t>{2}}});
  EXPECT_THAT(y.ToFloats(), ElementsAre(-2, -2, -2, 35, 60, 85));
}

TEST(EvaluateTest, ErrorsNameTheNodeAndTheOperator) {
  for (const auto& result :
       {RunOperator("Frobnicate", {Floats({1}, {0})}), RunOperator("Add", {Floats({2}, {0, 0})}),
        RunOperator("Add", {Floats({2}, {0, 0}), Floats({3}, {0, 0, 0})}),
        RunOperator("Gather", {Floats({2}, {0, 0}), Ints({7})}),
        RunOperator("Reshape", {Floats({2}, {0, 0}), Ints({-1, -1})}),
        RunOperator("Softmax", {Floats({2}, {0, 0})}, {{"axis", int64_t{3}}})}) {
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(), HasSubstr("node 'the node' ("));
  }
}

TEST(EvaluateTest, ResultsThatAreTooLargeAreRefused) {
  const auto huge = RunOperator("ConstantOfShape", {Ints({int64_t{1} << 40, int64_t{1} << 40})});
  EXPECT_EQ(huge.status().code(), StatusCode::kResourceExhausted);
  const auto negative = RunOperator("ConstantOfShape", {Ints({-1})});
  EXPECT_EQ(negative.status().code(), StatusCode::kInvalidArgument);
}

TEST(EvaluateTest, AnUnimplementedOutputIsRefused) {
  const auto result = RunOperator("MaxPool", {Floats({1, 1, 2}, {1, 2})},
                                  {{"kernel_shape", std::vector<int64_t>{2}}}, 3);
  EXPECT_EQ(result.status().code(), StatusCode::kUnsupported);
}

TEST(EvaluateTest, MaxPoolTellsWhereTheMaximaAre) {
  const HostTensor x = Floats({1, 2, 4}, {1, 5, 2, 3, 9, 0, 0, 7});
  const auto result = RunOperator("MaxPool", {x}, {{"kernel_shape", std::vector<int64_t>{2}}}, 2);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_THAT((*result)[0].ToFloats(), ElementsAre(5, 5, 3, 9, 0, 7));
  EXPECT_THAT((*result)[1].ToInts(), ElementsAre(1, 1, 3, 4, 5, 7));
}

TEST(EvaluateTest, ConvolvesThreeSpatialAxes) {
  const HostTensor x = Floats({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const HostTensor w = Floats({1, 1, 2, 1, 2}, {1, 10, 100, 1000});
  const auto result = RunOperator("Conv", {x, w});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ((*result)[0].shape, (Shape{1, 1, 1, 2, 1}));
  EXPECT_THAT((*result)[0].ToFloats(), ElementsAre(6521, 8743));
}

TEST(EvaluateTest, GruCarriesItsState) {
  // One unit, zero weights but the recurrent candidate: h' = (1 - 0.5) * tanh(0.5 * h) + 0.5 * h.
  const HostTensor x = Floats({2, 1, 1}, {0, 0});
  const HostTensor w = Floats({1, 3, 1}, {0, 0, 0});
  const HostTensor r = Floats({1, 3, 1}, {0, 0, 1});
  auto result =
      RunOperator("GRU", {x, w, r, HostTensor(), HostTensor(), Floats({1, 1, 1}, {1})}, {}, 2);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const double first = 0.5 * std::tanh(0.5) + 0.5;
  const double second = 0.5 * std::tanh(0.5 * first) + 0.5 * first;
  EXPECT_NEAR((*result)[0].ValueAt(0), first, 1e-6);
  EXPECT_NEAR((*result)[1].ValueAt(0), second, 1e-6);
}

}  // namespace
}  // namespace neuron
