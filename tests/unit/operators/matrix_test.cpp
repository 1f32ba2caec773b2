// SPDX-License-Identifier: Apache-2.0
// Transposed convolutions, products with broadcasting, Einsum.
#include <gmock/gmock.h>

#include <numeric>

#include "host/ops/einsum.h"
#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

using Attributes = std::map<std::string, AttributeValue>;
using Ints = std::vector<int64_t>;

struct TransposedCase {
  const char* name;
  Shape input, weights;
  Attributes attributes;
};
class ConvTranspose : public testing::TestWithParam<TransposedCase> {};

TEST_P(ConvTranspose, LikeHost) {
  const TransposedCase& c = GetParam();
  const auto group = c.attributes.find("group");
  const int64_t groups = group == c.attributes.end() ? 1 : std::get<int64_t>(group->second);
  ExpectLikeHost({"ConvTranspose",
                  {Input(Floats(c.input, 1)), Constant(Floats(c.weights, 2)),
                   Constant(Floats({c.weights[1] * groups}, 3))},
                  c.attributes});
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ConvTranspose,
    testing::Values(
        TransposedCase{"Stride2Kernel4",
                       {1, 20, 5, 6},
                       {20, 18, 4, 4},
                       {{"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
        TransposedCase{"KernelSmallerThanStride",
                       {1, 3, 4, 5},
                       {3, 4, 2, 1},
                       {{"strides", Ints{3, 2}}, {"output_padding", Ints{1, 1}}}},
        TransposedCase{"UnequalPads",
                       {2, 3, 4, 5},
                       {3, 5, 3, 3},
                       {{"strides", Ints{2, 1}}, {"pads", Ints{0, 2, 1, 0}}}},
        TransposedCase{"Dilated",
                       {1, 4, 5, 5},
                       {4, 3, 3, 2},
                       {{"strides", Ints{2, 3}}, {"dilations", Ints{3, 2}}}},
        TransposedCase{"DilationSharesAFactorWithTheStride",
                       {1, 2, 4, 4},
                       {2, 3, 3, 3},
                       {{"strides", Ints{2, 4}}, {"dilations", Ints{2, 2}}}},
        TransposedCase{
            "Groups", {1, 6, 4, 4}, {6, 5, 3, 3}, {{"strides", Ints{2, 2}}, {"group", int64_t{3}}}},
        TransposedCase{"Depthwise",
                       {1, 20, 4, 4},
                       {20, 1, 2, 2},
                       {{"strides", Ints{2, 2}}, {"group", int64_t{20}}}},
        TransposedCase{"OneDimension",
                       {1, 16, 30},
                       {16, 17, 16},
                       {{"strides", Ints{8}}, {"pads", Ints{4, 4}}}},
        TransposedCase{"CutBecauseItExceedsSbuf",
                       {1, 8, 5000},
                       {8, 8, 5},
                       {{"strides", Ints{3}}, {"pads", Ints{1, 2}}}},
        TransposedCase{"CroppedBelowTheStride",
                       {1, 2, 2, 2},
                       {2, 2, 3, 3},
                       {{"strides", Ints{3, 3}}, {"pads", Ints{2, 2, 2, 2}}}},
        TransposedCase{"OutputShape",
                       {1, 2, 5, 5},
                       {2, 3, 3, 3},
                       {{"strides", Ints{2, 2}}, {"output_shape", Ints{10, 12}}}},
        TransposedCase{"SameUpper",
                       {1, 2, 5, 5},
                       {2, 3, 3, 3},
                       {{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}}}),
    [](const auto& info) { return std::string(info.param.name); });

// The full result is 1 10 102 20 203 30 300; ONNX Runtime 1.31 cuts it so.
TEST(ConvTranspose, SameUpperCutsTheOddPadOffTheEndAndTheOthersOffTheStart) {
  const auto expect = [](const char* auto_pad, const std::vector<float>& expected) {
    SCOPED_TRACE(auto_pad);
    const auto size = static_cast<int64_t>(expected.size());
    const auto got = RunOnEngines(
        {"ConvTranspose",
         {Input(FloatList({1, 1, 3}, {1, 2, 3})), Constant(FloatList({1, 1, 3}, {1, 10, 100}))},
         {{"strides", Ints{2}},
          {"output_shape", Ints{size}},
          {"auto_pad", std::string(auto_pad)}}});
    ASSERT_EQ(got.size(), 1U);
    ExpectClose(got[0], FloatList({1, 1, size}, expected), 1e-5);
  };
  for (const char* auto_pad : {"NOTSET", "SAME_LOWER"}) {
    expect(auto_pad, {10, 102, 20, 203, 30, 300});
    expect(auto_pad, {102, 20, 203, 30});
    expect(auto_pad, {10, 102, 20, 203, 30});
  }
  expect("SAME_UPPER", {1, 10, 102, 20, 203, 30});
  expect("SAME_UPPER", {10, 102, 20, 203});
}

TEST(ConvTranspose, ThreeSpatialAxesRunOnTheHost) {
  EXPECT_THAT(
      HostReasons({"ConvTranspose",
                   {Input(Floats({1, 2, 3, 4, 5}, 4)), Constant(Floats({2, 3, 2, 2, 2}, 5))},
                   {}}),
      testing::ElementsAre(testing::HasSubstr("one or two spatial dimensions, not 3")));
}

struct ProductCase {
  Shape a, b;
};
class MatMul : public testing::TestWithParam<ProductCase> {};

// Positive, so that a sum of one element does not cancel.
HostTensor Positive(const Shape& shape, uint32_t seed) { return Floats(shape, seed, 0.1F, 2.0F); }

TEST_P(MatMul, OfTwoComputedOperands) {
  ExpectLikeHost(
      {"MatMul", {Input(Positive(GetParam().a, 4)), Input(Positive(GetParam().b, 5))}, {}});
}

TEST_P(MatMul, WithAConstantOperand) {
  ExpectLikeHost(
      {"MatMul", {Input(Positive(GetParam().a, 4)), Constant(Positive(GetParam().b, 5))}, {}});
  ExpectLikeHost(
      {"MatMul", {Constant(Positive(GetParam().a, 4)), Input(Positive(GetParam().b, 5))}, {}});
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatMul,
                         testing::Values(ProductCase{{3, 20}, {20, 5}},
                                         ProductCase{{2, 4, 3, 20}, {4, 20, 18}},
                                         ProductCase{{2, 1, 3, 7}, {5, 7, 2}},
                                         ProductCase{{5, 7}, {3, 7, 19}},
                                         ProductCase{{20}, {20, 18}},
                                         ProductCase{{3, 18, 20}, {20}}, ProductCase{{20}, {20}}));

TEST(Gemm, OfTwoComputedMatricesAndAnAddend) {
  ExpectLikeHost(
      {"Gemm",
       {Input(Floats({7, 5}, 6)), Input(Floats({9, 7}, 7)), Input(Floats({9}, 8))},
       Attributes{
           {"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5F}, {"beta", 2.0F}}});
}

TEST(Einsum, Products) {
  const auto equation = [](const char* text) {
    return Attributes{{"equation", std::string(text)}};
  };
  ExpectLikeHost(
      {"Einsum", {Input(Floats({3, 18}, 9)), Input(Floats({18, 5}, 10))}, equation("ij,jk->ik")});
  ExpectLikeHost({"Einsum",
                  {Input(Floats({2, 5, 3, 8}, 11)), Input(Floats({2, 6, 3, 8}, 12))},
                  equation("bqhd,bkhd->bhqk")});
  ExpectLikeHost({"Einsum",
                  {Input(Floats({4, 6, 2}, 13)), Input(Floats({6, 2, 3}, 14))},
                  equation("abc,bcd->da")});
  ExpectLikeHost({"Einsum", {Input(Floats({4, 17}, 15))}, equation("ij->ji")});
  ExpectLikeHost({"Einsum", {Input(Floats({4, 17}, 15))}, equation("ij->i")});
}

// Operand i holds 1 + 4 i, 2 + 4 i, ...; `values` are numpy.einsum's, and ONNX Runtime's where it
// takes the equation.
struct EinsumCase {
  const char* name;
  const char* equation;
  std::vector<Shape> operands;
  Shape shape;
  std::vector<float> values;
};
class EinsumBroadcast : public testing::TestWithParam<EinsumCase> {};

HostTensor Counted(const Shape& shape, float first) {
  std::vector<float> values(static_cast<size_t>(ElementCount(shape)));
  std::iota(values.begin(), values.end(), first);
  return FloatList(shape, std::move(values));
}

TEST_P(EinsumBroadcast, LikeNumPy) {
  const EinsumCase& c = GetParam();
  const HostTensor expected = FloatList(c.shape, c.values);
  OperatorCase test{"Einsum", {}, Attributes{{"equation", std::string(c.equation)}}};
  for (size_t i = 0; i < c.operands.size(); ++i) {
    test.operands.push_back(Input(Counted(c.operands[i], 1.0F + 4.0F * static_cast<float>(i))));
  }
  const auto computed = RunOnEngines(test);
  ASSERT_EQ(computed.size(), 1U);
  ExpectClose(computed[0], expected, 1e-5);
  ExpectClose(OnHost(test), expected, 0.0);

  if (test.operands.size() == 1) {
    return;
  }
  test.operands.back().constant = true;
  const auto with_constant = RunOnEngines(test);
  ASSERT_EQ(with_constant.size(), 1U);
  ExpectClose(with_constant[0], expected, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Ellipsis, EinsumBroadcast,
    testing::Values(
        EinsumCase{"BatchedMatrices",
                   "...ij,...jk->...ik",
                   {{2, 2, 3}, {2, 3, 2}},
                   {2, 2, 2},
                   {46, 52, 109, 124, 316, 340, 433, 466}},
        EinsumCase{"NoAxes", "...ij,...jk->...ik", {{2, 3}, {3, 2}}, {2, 2}, {46, 52, 109, 124}},
        EinsumCase{"OfDifferentLengths",
                   "...ij,...jk->...ik",
                   {{2, 1, 2, 2}, {3, 2, 2}},
                   {2, 3, 2, 2},
                   {19, 22, 43, 50,  31,  34,  71,  78,  43,  46,  99,  106,
                    67, 78, 91, 106, 111, 122, 151, 166, 155, 166, 211, 226}},
        EinsumCase{"InOneOperand",
                   "...ij,jk->...ik",
                   {{2, 2, 3}, {3, 2}},
                   {2, 2, 2},
                   {46, 52, 109, 124, 172, 196, 235, 268}},
        EinsumCase{"InTheOtherOperand",
                   "ij,...jk->...ik",
                   {{2, 3}, {2, 1, 3, 2}},
                   {2, 1, 2, 2},
                   {46, 52, 109, 124, 82, 88, 199, 214}},
        EinsumCase{"Between", "b...d,b...e->...", {{2, 3, 2}, {2, 3, 2}}, {3}, {378, 618, 922}},
        EinsumCase{"BehindAndBefore",
                   "k...,jk...->j...",
                   {{2, 3}, {2, 2, 3}},
                   {2, 3},
                   {37, 57, 81, 67, 99, 135}},
        EinsumCase{"OfOneElementAgainstMore", "...i,...i->...", {{1, 3}, {2, 3}}, {2}, {38, 56}},
        EinsumCase{"Alone", "...,...", {{2, 1}, {3}}, {2, 3}, {5, 6, 7, 10, 12, 14}},
        EinsumCase{"ImplicitResult",
                   "...kj,ik",
                   {{2, 2, 2}, {2, 2}},
                   {2, 2, 2},
                   {23, 34, 31, 46, 67, 78, 91, 106}},
        EinsumCase{
            "ImplicitResultSums", "a...b,b...a", {{2, 3, 2}, {2, 3, 2}}, {3}, {165, 285, 437}},
        EinsumCase{"OneOperand", "i...->...", {{3, 2, 2}}, {2, 2}, {15, 18, 21, 24}},
        EinsumCase{"OneOperandTransposed",
                   "...ij->j...i",
                   {{2, 1, 2, 3}},
                   {3, 2, 1, 2},
                   {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}},
        EinsumCase{"UpperCaseFirst",
                   "...aB",
                   {{2, 2, 3}},
                   {2, 3, 2},
                   {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}},
        EinsumCase{"LetterOfOneElement", "ij,jk->ik", {{2, 1}, {3, 2}}, {2, 2}, {21, 24, 42, 48}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Einsum, DiagonalsAreReadOnTheHost) {
  // The operand is 1 .. 8; the diagonals of its two matrices are 1, 4 and 5, 8.
  const HostTensor got = OnHost({"Einsum",
                                 {Input(Counted({2, 2, 2}, 1))},
                                 Attributes{{"equation", std::string("...ii->...i")}}});
  ExpectClose(got, FloatList({2, 2}, {1, 4, 5, 8}), 0.0);
}

TEST(Einsum, EquationsThatDoNotFit) {
  const std::vector<Shape> matrices = {{2, 3}, {3, 4}};
  EXPECT_TRUE(ParseEinsum("...ij,...jk->...ik", matrices));
  for (const char* equation :
       {"ij,jk,kl->il", "ij->ij", "ijk,jk->ik", "ij,kj->ik", "ij,jk->il", "ij,jk->ii", "...j,jk->k",
        "......,jk->jk", "i.j,jk->ik", "...ijk,jk->ik", "0j,jk->0k", "...,...->..."}) {
    EXPECT_FALSE(ParseEinsum(equation, matrices)) << equation;
  }
}

}  // namespace
}  // namespace neuron::compiler
