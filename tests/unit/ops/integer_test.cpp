// SPDX-License-Identifier: Apache-2.0
// Products of 8-bit integers, against sums worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/ops/run_operator.h"

namespace neuron {
namespace {

using testing::ElementsAre;

using Integers = std::vector<int64_t>;

HostTensor Signed(Shape shape, std::vector<int8_t> values) {
  return Tensor<int8_t>(ElementType::kInt8, std::move(shape), std::move(values));
}
HostTensor Unsigned(Shape shape, std::vector<uint8_t> values) {
  return Tensor<uint8_t>(ElementType::kUint8, std::move(shape), std::move(values));
}
HostTensor Words(Shape shape, std::vector<int32_t> values) {
  return Tensor<int32_t>(ElementType::kInt32, std::move(shape), std::move(values));
}

TEST(MatMulInteger, TakesOneZeroPointForEachColumn) {
  // [[1, 3], [5, 253]] times [[0, -2, 4], [3, 5, -127]].
  const HostTensor y = RunOne(
      "MatMulInteger", {Unsigned({2, 2}, {3, 5, 7, 255}), Signed({2, 3}, {1, -2, 3, 4, 5, -128}),
                        Unsigned({}, {2}), Signed({3}, {1, 0, -1})});
  EXPECT_EQ(y.type, ElementType::kInt32);
  EXPECT_EQ(y.shape, (Shape{2, 3}));
  EXPECT_THAT(y.ToInts(), ElementsAre(9, 13, -377, 759, 1255, -32111));
}

TEST(MatMulInteger, TakesOneZeroPointForEachRow) {
  // [[1, 3], [0, 248]] times [[0, -2, 4], [3, 5, -127]].
  const HostTensor y = RunOne(
      "MatMulInteger", {Unsigned({2, 2}, {3, 5, 7, 255}), Signed({2, 3}, {1, -2, 3, 4, 5, -128}),
                        Unsigned({2}, {2, 7}), Signed({3}, {1, 0, -1})});
  EXPECT_THAT(y.ToInts(), ElementsAre(9, 13, -377, 744, 1240, -31496));
}

TEST(MatMulInteger, BroadcastsBatchesAndVectors) {
  const HostTensor row = Signed({2}, {1, -2});
  const HostTensor matrices = Signed({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, -8});
  const HostTensor left = RunOne("MatMulInteger", {row, matrices});
  EXPECT_EQ(left.shape, (Shape{2, 2}));
  EXPECT_THAT(left.ToInts(), ElementsAre(-5, -6, -9, 22));
  const HostTensor right = RunOne("MatMulInteger", {matrices, row});
  EXPECT_EQ(right.shape, (Shape{2, 2}));
  EXPECT_THAT(right.ToInts(), ElementsAre(-3, -5, -7, 23));
  // The zero-points of an array of matrices: 1 for the first, 2 for the second.
  const HostTensor each = RunOne("MatMulInteger", {Signed({1, 2}, {1, -2}), matrices, HostTensor(),
                                                   Signed({2, 1, 2}, {1, 1, 2, 2})});
  EXPECT_EQ(each.shape, (Shape{2, 1, 2}));
  EXPECT_THAT(each.ToInts(), ElementsAre(-4, -5, -7, 24));
}

TEST(MatMulInteger, IsExactBeyondFloatsAndWrapsBeyond32Bits) {
  const auto product = [](int64_t depth) {
    const std::vector<uint8_t> most(static_cast<size_t>(depth), 255);
    return RunOne("MatMulInteger", {Unsigned({1, depth}, most), Unsigned({depth, 1}, most)});
  };
  EXPECT_THAT(product(301).ToInts(), ElementsAre(19572525));
  EXPECT_THAT(product(40000).ToInts(), ElementsAre(2601000000 - (int64_t{1} << 32)));
}

TEST(MatMulInteger, RefusesZeroPointsThatDoNotFit) {
  const HostTensor a = Signed({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(
      RunOperator("MatMulInteger", {a, a, HostTensor(), Signed({3}, {0, 0, 0})}).status().code(),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(RunOperator("MatMulInteger", {a, a, Unsigned({}, {0})}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(ConvInteger, PadsWithTheZeroPointAndCentresEachFilter) {
  // 0 1 2 3 4 under the filters 1 2 and 2 4.
  const HostTensor y = RunOne("ConvInteger",
                              {Unsigned({1, 1, 4}, {2, 3, 4, 5}), Unsigned({2, 1, 2}, {1, 2, 3, 5}),
                               Unsigned({}, {1}), Unsigned({2}, {0, 1})},
                              {{"pads", Integers{1, 0}}});
  EXPECT_EQ(y.type, ElementType::kInt32);
  EXPECT_EQ(y.shape, (Shape{1, 2, 4}));
  EXPECT_THAT(y.ToInts(), ElementsAre(2, 5, 8, 11, 4, 10, 16, 22));
}

TEST(ConvInteger, PadsSameUpperInGroups) {
  const HostTensor y = RunOne(
      "ConvInteger", {Signed({1, 2, 3}, {1, 2, 3, -4, 5, 6}), Signed({2, 1, 2}, {1, 1, 2, -1})},
      {{"group", int64_t{2}}, {"auto_pad", std::string("SAME_UPPER")}});
  EXPECT_THAT(y.ToInts(), ElementsAre(3, 5, 3, -13, 4, 12));
}

TEST(ConvInteger, StridesAndDilates) {
  const HostTensor x = Unsigned({1, 1, 3, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  const HostTensor y = RunOne("ConvInteger", {x, Signed({1, 1, 2, 2}, {1, -1, 10, 100})},
                              {{"strides", Integers{1, 2}}, {"dilations", Integers{2, 1}}});
  // Rows 0 and 2, columns 0 1 and 2 3.
  EXPECT_THAT(y.ToInts(), ElementsAre(1 - 2 + 110 + 1200, 3 - 4 + 130 + 1400));
}

TEST(ConvInteger, ConvolvesThreeSpatialAxes) {
  const HostTensor y = RunOne("ConvInteger", {Unsigned({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
                                              Signed({1, 1, 2, 1, 2}, {1, 10, 100, -1})});
  EXPECT_EQ(y.shape, (Shape{1, 1, 1, 2, 1}));
  EXPECT_THAT(y.ToInts(), ElementsAre(1 + 20 + 500 - 6, 3 + 40 + 700 - 8));
}

TEST(QLinearConv, RoundsHalfToEvenForEachChannel) {
  // 1 3 -3 times 1 at 0.5, and times 2 plus 1 at 1.
  const HostTensor y = RunOne(
      "QLinearConv", {Unsigned({1, 1, 3}, {129, 131, 125}), Floats({}, {0.5F}), Unsigned({}, {128}),
                      Signed({2, 1, 1}, {1, 3}), Floats({2}, {1, 2}), Signed({2}, {0, 1}),
                      Floats({}, {1}), Unsigned({}, {10}), Words({2}, {0, 1})});
  EXPECT_EQ(y.type, ElementType::kUint8);
  EXPECT_EQ(y.shape, (Shape{1, 2, 3}));
  EXPECT_THAT(y.ToInts(), ElementsAre(10, 12, 8, 13, 17, 5));
}

TEST(QLinearMatMul, ScalesRowsAndColumns) {
  // [[1, 2], [2, 3]] times [[5, 4], [7, 6]] = [[19, 16], [31, 26]] at [[0.5, 0.25], [1, 0.5]].
  const HostTensor y = RunOne(
      "QLinearMatMul", {Signed({2, 2}, {1, 2, 3, 4}), Floats({2}, {1, 2}), Signed({2}, {0, 1}),
                        Signed({2, 2}, {5, 6, 7, 8}), Floats({2}, {0.5F, 0.25F}),
                        Signed({2}, {0, 2}), Floats({}, {1}), Signed({}, {-1})});
  EXPECT_EQ(y.type, ElementType::kInt8);
  EXPECT_THAT(y.ToInts(), ElementsAre(10 - 1, 4 - 1, 31 - 1, 13 - 1));
}

TEST(QLinearMatMul, BroadcastsAndSaturates) {
  const HostTensor y =
      RunOne("QLinearMatMul", {Signed({2, 1, 2}, {127, 127, -128, -128}), Floats({}, {1}),
                               Signed({}, {0}), Signed({2}, {1, 1}), Floats({}, {1}),
                               Signed({}, {0}), Floats({}, {1}), Unsigned({}, {7})});
  EXPECT_EQ(y.shape, (Shape{2, 1}));
  EXPECT_THAT(y.ToInts(), ElementsAre(255, 0));
}

}  // namespace
}  // namespace neuron
