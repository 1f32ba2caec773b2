// SPDX-License-Identifier: Apache-2.0
// The compiler's function tables, evaluated bit for bit as the hardware does, against long double:
// within 2^-20, relative where the result is at least 1 and absolute below.
#include "host/compiler/function_tables.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numbers>
#include <random>

#include "sim/functional/numerics.h"

namespace neuron {
namespace {

using compiler::Function;
using Real = long double;

constexpr uint32_t kOneBits = 0x3F800000u;
constexpr Real kTolerance = 0x1p-20L;

// A table as the core holds it, at a base that is not zero.
class Loaded {
 public:
  explicit Loaded(Function function) : table_(compiler::TableFor(function)), memory_(512) {
    constexpr uint32_t kBase = 37;
    for (size_t i = 0; i < table_.entries.size(); ++i) {
      for (size_t c = 0; c < 4; ++c) {
        memory_[kBase + i][c] = std::bit_cast<uint32_t>(table_.entries[i][c]);
      }
    }
    spec_.func = table_.func;
    spec_.index_bits = table_.index_bits;
    spec_.exp_min = table_.exp_min;
    spec_.exp_max = table_.exp_max;
    spec_.table_base = kBase;
    spec_.negative_base = kBase + table_.negative_offset;
    spec_.clamp_low = std::bit_cast<uint32_t>(table_.clamp_low);
    spec_.clamp_high = std::bit_cast<uint32_t>(table_.clamp_high);
  }

  float operator()(float x) const {
    return std::bit_cast<float>(
        sim::Activate(spec_, memory_, std::bit_cast<uint32_t>(x), kOneBits, 0));
  }
  size_t size() const { return table_.entries.size(); }

 private:
  const compiler::FunctionTable& table_;
  std::vector<sim::TableEntry> memory_;
  sim::FunctionSpec spec_;
};

struct Case {
  const char* name;
  Function function;
  Real (*exact)(Real);
  float low, high;   // the stated range
  bool logarithmic;  // samples over exponents rather than evenly
};

Real Sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }

const Case kCases[] = {
    {"Exp", Function::kExp, [](Real x) -> Real { return std::exp(x); }, -87.0F, 88.0F, false},
    {"Log", Function::kLog, [](Real x) -> Real { return std::log(x); }, 1.2e-38F, 3.4e38F, true},
    {"Sqrt", Function::kSqrt, [](Real x) -> Real { return std::sqrt(x); }, 1.2e-38F, 3.4e38F, true},
    {"Rsqrt", Function::kRsqrt, [](Real x) -> Real { return 1 / std::sqrt(x); }, 1.2e-38F, 3.4e38F,
     true},
    {"Reciprocal", Function::kReciprocal, [](Real x) -> Real { return 1 / x; }, 1.2e-38F, 8e37F,
     true},
    {"Sin", Function::kSin, [](Real x) -> Real { return std::sin(x); }, -127.9F, 127.9F, false},
    {"Sigmoid", Function::kSigmoid, Sigmoid, -100.0F, 100.0F, false},
    {"Tanh", Function::kTanh, [](Real x) -> Real { return std::tanh(x); }, -40.0F, 40.0F, false},
    {"Gelu", Function::kGelu,
     [](Real x) -> Real { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); }, -50.0F,
     50.0F, false},
    {"Erf", Function::kErf, [](Real x) -> Real { return std::erf(x); }, -20.0F, 20.0F, false},
    {"Silu", Function::kSilu, [](Real x) -> Real { return x * Sigmoid(x); }, -100.0F, 100.0F,
     false},
    {"Softplus", Function::kSoftplus,
     [](Real x) -> Real { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, Real{0}); },
     -100.0F, 100.0F, false},
};

class FunctionTableTest : public testing::TestWithParam<Case> {};

TEST_P(FunctionTableTest, IsWithinTwoToTheMinus20) {
  const Case& c = GetParam();
  const Loaded function(c.function);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> wide(c.logarithmic ? std::log(c.low) : c.low,
                                              c.logarithmic ? std::log(c.high) : c.high);
  std::uniform_real_distribution<double> near_zero(c.logarithmic ? 0.25 : std::max(-5.0F, c.low),
                                                   c.logarithmic ? 4.0 : std::min(5.0F, c.high));
  Real worst = 0;
  float worst_at = 0;
  for (int i = 0; i < 200000; ++i) {
    double sample = i % 2 ? near_zero(random) : wide(random);
    if (c.logarithmic && i % 2 == 0) sample = std::exp(sample);
    const float x = static_cast<float>(sample);
    const Real exact = c.exact(x);
    const Real error = std::fabs(function(x) - exact) / std::max(Real{1}, std::fabs(exact));
    if (!(error <= worst)) {
      worst = error;
      worst_at = x;
    }
  }
  RecordProperty("entries", static_cast<int>(function.size()));
  RecordProperty("error_log2", std::to_string(std::log2(worst)));
  EXPECT_LE(worst, kTolerance) << "2^" << std::log2(worst) << " at " << worst_at;
  EXPECT_LE(function.size(), 128u);
}

INSTANTIATE_TEST_SUITE_P(All, FunctionTableTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(FunctionTables, ValuesAtZeroAndFarOutAreExact) {
  EXPECT_EQ(Loaded(Function::kTanh)(0.0F), 0.0F);
  EXPECT_EQ(Loaded(Function::kSigmoid)(0.0F), 0.5F);
  EXPECT_EQ(Loaded(Function::kGelu)(1e30F), 1e30F);
  EXPECT_EQ(Loaded(Function::kGelu)(-1e30F), 0.0F);
  EXPECT_EQ(Loaded(Function::kSigmoid)(INFINITY), 1.0F);
  EXPECT_EQ(Loaded(Function::kTanh)(-INFINITY), -1.0F);
  EXPECT_EQ(Loaded(Function::kExp)(-INFINITY), 0.0F);
  EXPECT_EQ(Loaded(Function::kExp)(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(Loaded(Function::kSilu)(NAN)));
}

TEST(FunctionTables, ExpAndReciprocalTogetherAreSmall) {
  EXPECT_LE(Loaded(Function::kExp).size() + Loaded(Function::kReciprocal).size(), 32u);
}

}  // namespace
}  // namespace neuron
