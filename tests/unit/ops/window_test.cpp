// SPDX-License-Identifier: Apache-2.0
// Transposed convolutions, norms over windows and resizing, against ONNX Runtime 1.31 or by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ops/run_operator.h"

namespace neuron {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

using Attributes = std::map<std::string, AttributeValue>;
using Integers = std::vector<int64_t>;

// The full result of stride 2 is 1 10 102 20 203 30 300; ONNX Runtime cuts it so.
std::vector<float> Transposed(const std::string& auto_pad, int64_t size) {
  return RunOne(
             "ConvTranspose", {Floats({1, 1, 3}, {1, 2, 3}), Floats({1, 1, 3}, {1, 10, 100})},
             {{"strides", Integers{2}}, {"output_shape", Integers{size}}, {"auto_pad", auto_pad}})
      .ToFloats();
}

TEST(ConvTranspose, SameUpperCutsTheOddPadOffTheEndAndTheOthersOffTheStart) {
  for (const char* auto_pad : {"NOTSET", "VALID", "SAME_LOWER"}) {
    SCOPED_TRACE(auto_pad);
    EXPECT_THAT(Transposed(auto_pad, 6), ElementsAre(10, 102, 20, 203, 30, 300));
    EXPECT_THAT(Transposed(auto_pad, 4), ElementsAre(102, 20, 203, 30));
  }
  EXPECT_THAT(Transposed("SAME_UPPER", 6), ElementsAre(1, 10, 102, 20, 203, 30));
  EXPECT_THAT(Transposed("SAME_UPPER", 4), ElementsAre(10, 102, 20, 203));
}

TEST(ConvTranspose, AnEvenPadIsCutEquallyAndALargerOutputGrowsAtItsEnd) {
  for (const char* auto_pad : {"NOTSET", "SAME_UPPER", "SAME_LOWER"}) {
    SCOPED_TRACE(auto_pad);
    EXPECT_THAT(Transposed(auto_pad, 5), ElementsAre(10, 102, 20, 203, 30));
    EXPECT_THAT(Transposed(auto_pad, 8), ElementsAre(1, 10, 102, 20, 203, 30, 300, 0));
  }
}

TEST(ConvTranspose, SpreadsOverThreeSpatialAxes) {
  const HostTensor y =
      RunOne("ConvTranspose", {Floats({1, 1, 1, 1, 2}, {1, 2}),
                               Floats({1, 1, 2, 1, 2}, {1, 10, 100, 1000}), Floats({1}, {0.5F})});
  EXPECT_EQ(y.shape, (Shape{1, 1, 2, 1, 3}));
  EXPECT_THAT(y.ToFloats(), ElementsAre(1.5F, 12.5F, 20.5F, 100.5F, 1200.5F, 2000.5F));
}

TEST(LpPool, TakesNormsOverThreeSpatialAxes) {
  const HostTensor x = Floats({1, 1, 2, 2, 2}, {3, 0, 0, 0, 0, 0, 0, -4});
  const Attributes window = {{"kernel_shape", Integers{2, 2, 2}}};
  EXPECT_THAT(RunOne("LpPool", {x}, window).ToFloats(), ElementsAre(5));
  for (const auto& [p, norm] : {std::pair{1, 7.0F}, {2, 5.0F}, {3, 4.497941F}}) {
    Attributes attributes = window;
    attributes["p"] = int64_t{p};
    EXPECT_THAT(RunOne("LpPool", {x}, attributes).ToFloats(), ElementsAre(FloatNear(norm, 1e-6F)));
    EXPECT_THAT(RunOne("GlobalLpPool", {x}, {{"p", int64_t{p}}}).ToFloats(),
                ElementsAre(FloatNear(norm, 1e-6F)));
  }
}

TEST(LpPool, PaddingAddsNothing) {
  EXPECT_THAT(RunOne("LpPool", {Floats({1, 1, 3}, {3, -4, 12})},
                     {{"kernel_shape", Integers{2}}, {"pads", Integers{1, 1}}})
                  .ToFloats(),
              ElementsAre(3, 5, FloatNear(12.649111F, 1e-5F), 12));
}

HostTensor Resized(const HostTensor& x, const std::vector<HostTensor>& sizes,
                   const std::string& coordinates, Integers axes, const std::string& mode) {
  std::vector<HostTensor> operands = {x};
  operands.insert(operands.end(), sizes.begin(), sizes.end());
  return RunOne("Resize", operands,
                {{"axes", std::move(axes)},
                 {"mode", mode},
                 {"nearest_mode", std::string("floor")},
                 {"coordinate_transformation_mode", coordinates}},
                18);
}

TEST(Resize, ScalesBelongToTheAxesInTheirOrder) {
  const HostTensor x = Floats({1, 1, 2, 3}, {0, 4, 8, 20, 40, 80});
  const HostTensor y =
      Resized(x, {HostTensor(), Floats({2}, {2, 3})}, "asymmetric", {3, 2}, "linear");
  EXPECT_EQ(y.shape, (Shape{1, 1, 6, 6}));
  EXPECT_THAT(y.ToFloats(), Pointwise(FloatNear(1e-4F),
                                      std::vector<float>{0,         2,         4,  6,  8,  8,   //
                                                         6.666667F, 11.33333F, 16, 24, 32, 32,  //
                                                         13.33333F, 20.66667F, 28, 42, 56, 56,  //
                                                         20,        30,        40, 60, 80, 80,  //
                                                         20,        30,        40, 60, 80, 80,  //
                                                         20,        30,        40, 60, 80, 80}));
}

TEST(Resize, SizesBelongToTheAxesInTheirOrder) {
  const HostTensor x = Floats({1, 1, 2, 3}, {0, 4, 8, 20, 40, 80});
  const HostTensor y =
      Resized(x, {HostTensor(), HostTensor(), Ints({6, 4})}, "asymmetric", {-1, -2}, "nearest");
  EXPECT_EQ(y.shape, (Shape{1, 1, 4, 6}));
  EXPECT_THAT(y.ToFloats(), ElementsAre(0, 0, 4, 4, 8, 8, 0, 0, 4, 4, 8, 8,  //
                                        20, 20, 40, 40, 80, 80, 20, 20, 40, 40, 80, 80));
}

TEST(Resize, RegionsBelongToTheAxesInTheirOrder) {
  // Columns 0 and 1 of rows 0.5 and 1.
  const HostTensor x = Floats({1, 1, 2, 3}, {0, 4, 8, 20, 40, 80});
  const HostTensor y = Resized(x, {Floats({4}, {0, 0.5F, 0.5F, 1}), HostTensor(), Ints({2, 2})},
                               "tf_crop_and_resize", {3, 2}, "linear");
  EXPECT_THAT(y.ToFloats(), ElementsAre(10, 22, 20, 40));
}

TEST(Resize, AnAxisGivenTwiceIsRefused) {
  const auto result =
      RunOperator("Resize", {Floats({1, 1, 2, 2}, {1, 2, 3, 4}), HostTensor(), Floats({2}, {2, 2})},
                  {{"axes", Integers{3, -1}}}, 1, 18);
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
}

TEST(Resize, IntegersAreCutOffOnceAfterAllAxes) {
  const auto linear = [](const HostTensor& x, float scale) {
    return RunOne("Resize", {x, HostTensor(), Floats({4}, {1, 1, scale, scale})},
                  {{"mode", std::string("linear")}})
        .ToInts();
  };
  EXPECT_THAT(
      linear(Tensor<int8_t>(ElementType::kInt8, {1, 1, 2, 3}, {-101, 50, 33, 7, -8, 99}), 2),
      ElementsAreArray({-101, -63, 12, 45, 37, 33, -74, -46, 8,  39, 46, 49,  //
                        -20,  -13, 0,  25, 63, 82, 7,   3,   -4, 18, 72, 99}));
  EXPECT_THAT(linear(Tensor<uint8_t>(ElementType::kUint8, {1, 1, 2, 2}, {1, 251, 6, 200}), 3),
              ElementsAreArray({1, 1, 84, 167, 251, 251, 1, 1, 84, 167, 251, 251,  //
                                2, 2, 79, 156, 234, 234, 4, 4, 75, 146, 217, 217,  //
                                6, 6, 70, 135, 200, 200, 6, 6, 70, 135, 200, 200}));
  EXPECT_THAT(linear(Tensor<uint8_t>(ElementType::kUint8, {1, 1, 2, 2}, {5, 5, 5, 5}), 3),
              testing::Each(5));
}

}  // namespace
}  // namespace neuron
