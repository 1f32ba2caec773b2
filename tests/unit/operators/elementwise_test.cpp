// SPDX-License-Identifier: Apache-2.0
// Functions, comparisons, truth values, selection and conversions.
#include <limits>

#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

const Shape kShape = {2, 19, 5};

TEST(Functions, OfOneVariable) {
  for (const char* op : {"Elu", "Selu", "Celu", "Softsign", "HardSigmoid", "HardSwish", "Neg",
                         "Abs", "Reciprocal", "Erf", "Softplus", "Sign", "Cos", "Sin", "Tanh"}) {
    ExpectLikeHost({op, {Input(Floats(kShape, 1, -4.0F, 4.0F))}, {}});
  }
}

TEST(Functions, OfNewerOperatorSets) {
  ExpectLikeHost({"Mish", {Input(Floats(kShape, 2, -6.0F, 6.0F))}, {}, 1, 18});
  ExpectLikeHost({"Gelu", {Input(Floats(kShape, 3, -6.0F, 6.0F))}, {}, 1, 20});
  ExpectLikeHost({"Gelu",
                  {Input(Floats(kShape, 4, -6.0F, 6.0F))},
                  {{"approximate", std::string("tanh")}},
                  1,
                  20});
}

TEST(Functions, EluAndCeluTakeTheirAlpha) {
  ExpectLikeHost({"Elu", {Input(Floats(kShape, 5))}, {{"alpha", 0.3F}}});
  ExpectLikeHost({"Celu", {Input(Floats(kShape, 6))}, {{"alpha", 2.5F}}});
}

TEST(Functions, PReluWithOneSlopeOrOneForEachChannel) {
  ExpectLikeHost({"PRelu", {Input(Floats(kShape, 7)), Constant(FloatList({1}, {0.2F}))}, {}});
  ExpectLikeHost({"PRelu", {Input(Floats(kShape, 8)), Constant(Floats({19, 1}, 9))}, {}});
  ExpectLikeHost({"PRelu", {Input(Floats(kShape, 8)), Input(Floats({19, 1}, 9))}, {}});
}

// Ties, values next to integers, values without a fraction, beyond 32 bits, and no numbers.
TEST(Rounding, GivesTheSameIntegersAsTheHost) {
  const HostTensor x =
      FloatList({20}, {0.5F,  1.5F,  2.5F,      -0.5F,      -1.5F, -2.5F,      0.49999997F,
                       2.0F,  -2.0F, 1.0001F,   -1.0001F,   0.0F,  8388607.5F, 8388609.0F,
                       -3e9F, 1e30F, kInfinity, -kInfinity, kNaN,  1234567.25F});
  for (const char* op : {"Round", "Floor", "Ceil"}) {
    ExpectLikeHost({op, {Input(x)}, {}}, 0.0);
  }
}

TEST(Comparisons, GiveTruthValues) {
  const HostTensor a = FloatList({2, 3}, {1, 2, 3, -1, 0, kNaN});
  const HostTensor b = FloatList({3}, {1, 3, 3});
  for (const char* op : {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
    ExpectLikeHost({op, {Input(a), Input(b)}, {}});
    ExpectLikeHost({op, {Input(a), Constant(b)}, {}});
  }
  ExpectLikeHost({"IsNaN", {Input(a)}, {}});
}

TEST(Truth, AndOrXorNot) {
  const HostTensor a = Bytes(ElementType::kBool, {3, 17}, 1);
  const HostTensor b = Bytes(ElementType::kBool, {3, 17}, 2);
  for (const char* op : {"And", "Or", "Xor"}) {
    ExpectLikeHost({op, {Input(a), Input(b)}, {}});
  }
  ExpectLikeHost({"Not", {Input(a)}, {}});
}

TEST(Where, ChoosesWithBroadcasting) {
  const HostTensor condition = Bytes(ElementType::kBool, {4, 1, 18}, 3);
  ExpectLikeHost(
      {"Where", {Input(condition), Input(Floats({4, 5, 18}, 4)), Input(Floats({5, 1}, 5))}, {}},
      0.0);
  ExpectLikeHost(
      {"Where", {Input(condition), Constant(FloatList({}, {-1e9F})), Input(Floats({18}, 5))}, {}},
      0.0);
}

TEST(Trilu, ZeroesATriangleWhateverItHolds) {
  HostTensor x = Floats({2, 5, 7}, 6);
  x.as<float>()[20] = kInfinity;
  for (const int64_t upper : {0, 1}) {
    ExpectLikeHost({"Trilu", {Input(x), Constant(IntList({1}))}, {{"upper", upper}}}, 0.0);
  }
}

TEST(Cast, BetweenTruthIntegersAndFloats) {
  const auto to = [](ElementType type) {
    return std::map<std::string, AttributeValue>{{"to", static_cast<int64_t>(type)}};
  };
  ExpectLikeHost({"Cast", {Input(Bytes(ElementType::kBool, {33}, 1))}, to(ElementType::kFloat32)});
  ExpectLikeHost({"Cast", {Input(Bytes(ElementType::kInt8, {33}, 2))}, to(ElementType::kFloat32)});
  ExpectLikeHost({"Cast", {Input(Bytes(ElementType::kUint8, {33}, 3))}, to(ElementType::kFloat32)});
  ExpectLikeHost(
      {"Cast", {Input(FloatList({4}, {0, -0.0F, 0.25F, kNaN}))}, to(ElementType::kBool)});
}

}  // namespace
}  // namespace neuron::compiler
