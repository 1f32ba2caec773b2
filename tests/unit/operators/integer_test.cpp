// SPDX-License-Identifier: Apache-2.0
// Operators on 8-bit integers, against sums of integers written out here.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

HostTensor Byte(ElementType type, int value) {
  HostTensor tensor(type, {});
  tensor.data[0] = static_cast<std::byte>(value);
  return tensor;
}

// sum over k of (a[m, k] - za) * (b[k, n] - zb).
std::vector<int64_t> Products(const HostTensor& a, int64_t za, const HostTensor& b, int64_t zb) {
  const auto x = a.ToInts();
  const auto w = b.ToInts();
  const int64_t depth = b.shape[0];
  const int64_t columns = b.shape[1];
  std::vector<int64_t> sums;
  for (int64_t m = 0; m < a.elements() / depth; ++m) {
    for (int64_t n = 0; n < columns; ++n) {
      int64_t sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += (x[static_cast<size_t>(m * depth + k)] - za) *
               (w[static_cast<size_t>(k * columns + n)] - zb);
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

TEST(MatMulInteger, IsExactWithAnyZeroPoints) {
  const HostTensor a = Bytes(ElementType::kUint8, {5, 37}, 1);
  const HostTensor b = Bytes(ElementType::kInt8, {37, 18}, 2);
  const auto got = RunOnEngines({"MatMulInteger",
                                 {Input(a), Constant(b), Constant(Byte(ElementType::kUint8, 117)),
                                  Constant(Byte(ElementType::kInt8, -9))},
                                 {}});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].type, ElementType::kInt32);
  EXPECT_EQ(got[0].ToInts(), Products(a, 117, b, -9));
}

TEST(MatMulInteger, TakesAZeroPointThatIsComputed) {
  const HostTensor a = Bytes(ElementType::kUint8, {5, 37}, 3);
  const HostTensor b = Bytes(ElementType::kInt8, {37, 18}, 4);
  const auto got = RunOnEngines(
      {"MatMulInteger", {Input(a), Constant(b), Input(Byte(ElementType::kUint8, 201))}, {}});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].ToInts(), Products(a, 201, b, 0));
}

TEST(ConvInteger, PadsWithTheZeroPoint) {
  const HostTensor x = Bytes(ElementType::kUint8, {1, 3, 6, 7}, 5);
  const HostTensor w = Bytes(ElementType::kInt8, {18, 3, 3, 3}, 6);
  const auto got = RunOnEngines({"ConvInteger",
                                 {Input(x), Constant(w), Constant(Byte(ElementType::kUint8, 3))},
                                 {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}});
  ASSERT_EQ(got.size(), 1U);
  ASSERT_EQ(got[0].shape, (Shape{1, 18, 6, 7}));
  const auto in = x.ToInts();
  const auto weights = w.ToInts();
  const auto sums = got[0].ToInts();
  for (int64_t m = 0; m < 18; ++m) {
    for (int64_t at = 0; at < 42; ++at) {
      int64_t sum = 0;
      for (int64_t tap = 0; tap < 27; ++tap) {
        const int64_t y = at / 7 + tap / 3 % 3 - 1;
        const int64_t column = at % 7 + tap % 3 - 1;
        if (y >= 0 && y < 6 && column >= 0 && column < 7) {
          sum += (in[static_cast<size_t>((tap / 9 * 6 + y) * 7 + column)] - 3) *
                 weights[static_cast<size_t>(m * 27 + tap)];
        }
      }
      ASSERT_EQ(sums[static_cast<size_t>(m * 42 + at)], sum) << "channel " << m << " at " << at;
    }
  }
}

// round_half_even(sum * scale) + zero, in float32 as docs/numerics.md section 6 says.
int64_t Requantised(int64_t sum, float scale, int64_t zero, int64_t low, int64_t high) {
  const double rounded = std::nearbyint(static_cast<float>(sum) * scale);
  return std::clamp(static_cast<int64_t>(rounded) + zero, low, high);
}

TEST(QLinearMatMul, RoundsTheExactSumOnce) {
  const HostTensor a = Bytes(ElementType::kUint8, {4, 40}, 7);
  const HostTensor b = Bytes(ElementType::kInt8, {40, 18}, 8);
  const auto got = RunOnEngines(
      {"QLinearMatMul",
       {Input(a), Constant(FloatList({}, {0.02F})), Constant(Byte(ElementType::kUint8, 100)),
        Constant(b), Constant(FloatList({}, {0.01F})), Constant(Byte(ElementType::kInt8, 5)),
        Constant(FloatList({}, {0.25F})), Constant(Byte(ElementType::kUint8, 131))},
       {}});
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].type, ElementType::kUint8);
  const auto sums = Products(a, 100, b, 5);
  const auto scale = static_cast<float>(double{0.02F} * double{0.01F} / double{0.25F});
  const auto stored = got[0].ToInts();
  for (size_t i = 0; i < sums.size(); ++i) {
    ASSERT_EQ(stored[i], Requantised(sums[i], scale, 131, 0, 255)) << "element " << i;
  }
}

TEST(QLinearConv, HasAScaleForEachChannelAndAnIntegerBias) {
  const HostTensor x = Bytes(ElementType::kInt8, {1, 20, 9}, 9);
  const HostTensor w = Bytes(ElementType::kInt8, {3, 20, 1}, 10);
  HostTensor bias(ElementType::kInt32, {3});
  bias.as<int32_t>()[0] = -1000;
  bias.as<int32_t>()[2] = 4321;
  const std::vector<float> scales = {0.01F, 0.02F, 0.005F};
  HostTensor zeros(ElementType::kInt8, {3});
  const auto got = RunOnEngines(
      {"QLinearConv",
       {Input(x), Constant(FloatList({}, {0.04F})), Constant(Byte(ElementType::kInt8, -7)),
        Constant(w), Constant(FloatList({3}, scales)), Constant(zeros),
        Constant(FloatList({}, {0.5F})), Constant(Byte(ElementType::kInt8, 11)), Constant(bias)},
       {}});
  ASSERT_EQ(got.size(), 1U);
  const auto in = x.ToInts();
  const auto weights = w.ToInts();
  const auto stored = got[0].ToInts();
  for (size_t m = 0; m < 3; ++m) {
    for (size_t t = 0; t < 9; ++t) {
      int64_t sum = bias.as<int32_t>()[m];
      for (size_t c = 0; c < 20; ++c) {
        sum += (in[c * 9 + t] + 7) * weights[m * 20 + c];
      }
      const auto scale = static_cast<float>(double{0.04F} * double{scales[m]} / double{0.5F});
      ASSERT_EQ(stored[m * 9 + t], Requantised(sum, scale, 11, -128, 127))
          << "channel " << m << " at " << t;
    }
  }
}

// Powers of two: every product is exact.
const HostTensor kSliceScales = FloatList({3}, {0.5F, 0.0625F, 2.0F});

HostTensor RepeatedByte(ElementType type, int value) {
  HostTensor tensor(type, {3});
  std::ranges::fill(tensor.data, static_cast<std::byte>(value));
  return tensor;
}

TEST(DequantizeLinear, HasAScaleForEachSliceOfAComputedTensor) {
  const HostTensor x = Bytes(ElementType::kUint8, {2, 3, 5}, 11);
  const auto got = RunOnEngines(
      {"DequantizeLinear",
       {Input(x), Constant(kSliceScales), Constant(RepeatedByte(ElementType::kUint8, 7))},
       {{"axis", int64_t{1}}}});
  ASSERT_EQ(got.size(), 1U);
  const auto stored = x.ToInts();
  for (size_t i = 0; i < stored.size(); ++i) {
    const float scale = kSliceScales.as<float>()[i / 5 % 3];
    ASSERT_EQ(got[0].as<float>()[i], static_cast<float>(stored[i] - 7) * scale) << "element " << i;
  }
}

TEST(QuantizeLinear, HasAScaleForEachSliceOfAComputedTensor) {
  const HostTensor x = Floats({2, 5, 3}, 12, -40.0F, 40.0F);
  const auto got = RunOnEngines(
      {"QuantizeLinear",
       {Input(x), Constant(kSliceScales), Constant(RepeatedByte(ElementType::kInt8, -3))},
       {{"axis", int64_t{2}}}});
  ASSERT_EQ(got.size(), 1U);
  const auto stored = got[0].ToInts();
  for (size_t i = 0; i < stored.size(); ++i) {
    const float steps = x.as<float>()[i] / kSliceScales.as<float>()[i % 3];
    ASSERT_EQ(stored[i], std::clamp(std::nearbyint(steps) - 3.0F, -128.0F, 127.0F))
        << "element " << i;
  }
}

constexpr ElementType kUint8 = ElementType::kUint8;
constexpr ElementType kInt8 = ElementType::kInt8;

TEST(MatMulInteger, RunsOnTheHostWhereTheEnginesCannot) {
  const Operand a = Input(Bytes(kUint8, {5, 37}, 11));
  const Operand b = Constant(Bytes(kInt8, {37, 3}, 12));
  const Operand none;
  const char* kOperand = "its second operand is not a constant matrix with one zero-point";
  EXPECT_THAT(HostReasons({"MatMulInteger", {a, Input(b.value)}, {}}),
              ElementsAre(HasSubstr(kOperand)));
  EXPECT_THAT(HostReasons({"MatMulInteger", {a, b, none, Constant(Bytes(kInt8, {3}, 13))}, {}}),
              ElementsAre(HasSubstr(kOperand)));
  EXPECT_THAT(HostReasons({"MatMulInteger", {a, Constant(Bytes(kInt8, {2, 37, 3}, 14))}, {}}),
              ElementsAre(HasSubstr(kOperand)));
  EXPECT_THAT(HostReasons({"MatMulInteger", {Input(Bytes(kUint8, {37}, 15)), b}, {}}),
              ElementsAre(HasSubstr(kOperand)));
  EXPECT_THAT(
      HostReasons({"MatMulInteger",
                   {Input(Bytes(kUint8, {1, 4000}, 16)), Constant(Bytes(kInt8, {4000, 2}, 17))},
                   {}}),
      ElementsAre(HasSubstr("its sums may exceed 2^24")));
}

TEST(ConvInteger, RunsOnTheHostWhereTheEnginesCannot) {
  const Operand x = Input(Bytes(kUint8, {1, 3, 6, 7}, 18));
  const Operand w = Constant(Bytes(kInt8, {2, 3, 3, 3}, 19));
  const Operand none;
  EXPECT_THAT(HostReasons({"ConvInteger", {x, w, Input(Byte(kUint8, 3))}, {}}),
              ElementsAre(HasSubstr("the zero-point of its input is not one constant")));
  EXPECT_THAT(HostReasons({"ConvInteger", {x, Input(w.value)}, {}}),
              ElementsAre(HasSubstr("its weights or their parameters are computed")));
  EXPECT_THAT(HostReasons({"ConvInteger", {x, w, none, Constant(Bytes(kInt8, {2}, 20))}, {}}),
              ElementsAre(HasSubstr("zero-points differ between channels")));
  EXPECT_THAT(HostReasons({"ConvInteger",
                           {Input(Bytes(kUint8, {1, 2, 4, 5, 6}, 21)),
                            Constant(Bytes(kInt8, {3, 2, 2, 2, 2}, 22))},
                           {}}),
              ElementsAre(HasSubstr("over one or two dimensions")));
}

// A QLinear node of x and w whose other operands are the constants given.
OperatorCase QLinear(const std::string& op, Operand x, Operand w, HostTensor weight_scale,
                     HostTensor weight_zero) {
  return {op,
          {std::move(x), Constant(FloatList({}, {0.02F})), Constant(Byte(kUint8, 100)),
           std::move(w), Constant(std::move(weight_scale)), Constant(std::move(weight_zero)),
           Constant(FloatList({}, {0.25F})), Constant(Byte(kUint8, 131))},
          {}};
}

TEST(QLinearConv, RunsOnTheHostWhereTheEnginesCannot) {
  const Operand x = Input(Bytes(kUint8, {1, 3, 6, 7}, 23));
  const Operand w = Constant(Bytes(kInt8, {2, 3, 3, 3}, 24));
  const HostTensor scale = FloatList({}, {0.01F});
  EXPECT_THAT(HostReasons(QLinear("QLinearConv", x, w, scale, Bytes(kInt8, {2}, 25))),
              ElementsAre(HasSubstr("zero-points differ between channels")));
  EXPECT_THAT(HostReasons(QLinear("QLinearConv", x, Input(w.value), scale, Byte(kInt8, 1))),
              ElementsAre(HasSubstr("its weights or their parameters are computed")));
  EXPECT_THAT(
      HostReasons(QLinear("QLinearConv", Input(Bytes(kUint8, {1, 2, 4, 5, 6}, 26)),
                          Constant(Bytes(kInt8, {3, 2, 2, 2, 2}, 27)), scale, Byte(kInt8, 1))),
      ElementsAre(HasSubstr("over one or two dimensions")));
  OperatorCase computed = QLinear("QLinearConv", x, w, scale, Byte(kInt8, 1));
  computed.operands[6] = Input(FloatList({}, {0.25F}));
  EXPECT_THAT(HostReasons(computed),
              ElementsAre(HasSubstr("its output's scale or zero-point is computed")));
}

TEST(QLinearMatMul, RunsOnTheHostWhereTheEnginesCannot) {
  const Operand a = Input(Bytes(kUint8, {2, 4, 20}, 28));
  const HostTensor scale = FloatList({}, {0.01F});
  EXPECT_THAT(HostReasons(QLinear("QLinearMatMul", a, Input(Bytes(kInt8, {20, 3}, 29)), scale,
                                  Byte(kInt8, 1))),
              ElementsAre(HasSubstr("its operands differ in rank")));
  EXPECT_THAT(HostReasons(QLinear("QLinearMatMul", a, Constant(Bytes(kInt8, {20, 3}, 30)), scale,
                                  Bytes(kInt8, {3}, 31))),
              ElementsAre(HasSubstr("is computed or not one number")));
}

TEST(QLinear, ReportsTheWorkOfTheHost) {
  const HostTensor scale = FloatList({}, {0.01F});
  const auto conv =
      HostSegments(QLinear("QLinearConv", Input(Bytes(kUint8, {1, 3, 6, 7}, 32)),
                           Input(Bytes(kInt8, {2, 3, 3, 3}, 33)), scale, Byte(kInt8, 1)));
  ASSERT_EQ(conv.size(), 1U);
  EXPECT_EQ(conv[0].macs, 2 * 4 * 5 * 27);
  const auto product =
      HostSegments(QLinear("QLinearMatMul", Input(Bytes(kUint8, {2, 4, 20}, 34)),
                           Input(Bytes(kInt8, {20, 3}, 35)), scale, Byte(kInt8, 1)));
  ASSERT_EQ(product.size(), 1U);
  EXPECT_EQ(product[0].macs, 2 * 4 * 3 * 20);
}

}  // namespace
}  // namespace neuron::compiler
