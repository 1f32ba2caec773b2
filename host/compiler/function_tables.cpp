// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/function_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace neuron::compiler {
namespace {

using Real = long double;
using RealFunction = Real (*)(Real);
using Entry = std::array<float, 4>;

constexpr int kDegree = 3;
constexpr int kFp32Bias = 127;

Real Evaluate(const Entry& c, Real d) { return ((c[3] * d + c[2]) * d + c[1]) * d + c[0]; }

// Coefficients of the polynomial of degree N - 1 through N points (Newton's divided differences).
template <size_t N>
std::array<Real, N> Interpolate(const std::array<Real, N>& x, std::array<Real, N> y) {
  for (size_t order = 1; order < N; ++order) {
    for (size_t i = N - 1; i >= order; --i) y[i] = (y[i] - y[i - 1]) / (x[i] - x[i - order]);
  }
  std::array<Real, N> c = {};
  for (size_t i = N; i-- > 0;) {
    for (size_t j = N - 1; j > 0; --j) c[j] = c[j - 1] - x[i] * c[j];
    c[0] = y[i] - x[i] * c[0];
  }
  return c;
}

template <size_t N>
std::array<Real, N> ChebyshevNodes(Real low, Real high) {
  std::array<Real, N> nodes;
  for (size_t i = 0; i < N; ++i) {
    const Real angle = std::numbers::pi_v<Real> * static_cast<Real>(2 * i + 1) / (2 * N);
    nodes[i] = (low + high) / 2 + (high - low) / 2 * std::cos(angle);
  }
  return nodes;
}

// f(start + d) for d between 0 and `width` (of either sign). Interpolation in the Chebyshev nodes
// is close to minimax; c0 then takes up what rounding the others to FP32 has moved.
template <typename F>
Entry FitSegment(F f, Real start, Real width) {
  const auto d = ChebyshevNodes<kDegree + 1>(0, width);
  std::array<Real, kDegree + 1> y;
  for (size_t i = 0; i < d.size(); ++i) y[i] = f(start + d[i]);
  const auto c = Interpolate(d, y);
  Entry entry = {0.0F, static_cast<float>(c[1]), static_cast<float>(c[2]),
                 static_cast<float>(c[3])};
  constexpr int kSamples = 64;
  Real low = std::numeric_limits<Real>::max();
  Real high = std::numeric_limits<Real>::lowest();
  for (int i = 0; i <= kSamples; ++i) {
    const Real at = width * i / kSamples;
    const Real rest = f(start + at) - Evaluate(entry, at);
    low = std::min(low, rest);
    high = std::max(high, rest);
  }
  entry[0] = static_cast<float>((low + high) / 2);
  return entry;
}

// f(d) for d between 0 and `width`, exact at 0.
template <typename F>
Entry FitFromZero(F f, Real width) {
  const auto d = ChebyshevNodes<kDegree>(0, width);
  std::array<Real, kDegree> y;
  for (size_t i = 0; i < d.size(); ++i) y[i] = (f(d[i]) - f(0)) / d[i];
  const auto c = Interpolate(d, y);
  return {static_cast<float>(f(0)), static_cast<float>(c[0]), static_cast<float>(c[1]),
          static_cast<float>(c[2])};
}

// 2^index_bits segments over x in [low, high).
template <typename F>
void AppendUniform(F f, Real low, Real high, uint32_t index_bits, std::vector<Entry>& entries) {
  const uint32_t count = 1u << index_bits;
  const Real width = (high - low) / count;
  for (uint32_t i = 0; i < count; ++i) entries.push_back(FitSegment(f, low + width * i, width));
}

FunctionTable Uniform(isa::Func func, uint32_t index_bits, RealFunction f, Real low, Real high) {
  FunctionTable table;
  table.func = func;
  table.index_bits = index_bits;
  AppendUniform(f, low, high, index_bits, table.entries);
  return table;
}

// Segments over [1, 2) and [2, 4), for functions of the significand and the exponent's parity.
FunctionTable TwoOctaves(isa::Func func, uint32_t index_bits, RealFunction f) {
  FunctionTable table = Uniform(func, index_bits, f, 1, 2);
  AppendUniform(f, 2, 4, index_bits, table.entries);
  return table;
}

// A function on both sides of zero: one segment up to 2^exp_min, 2^index_bits in each octave up to
// 2^(exp_max + 1), and beyond that `positive` and `negative`, polynomials in t itself.
struct SignedShape {
  uint32_t index_bits;
  int exp_min;
  int exp_max;
  Entry positive;
  Entry negative;
  float clamp_low = std::numeric_limits<float>::lowest();
};

void AppendSide(RealFunction f, const SignedShape& shape, Real sign, const Entry& beyond,
                std::vector<Entry>& entries) {
  entries.push_back(FitFromZero(f, sign * std::ldexp(Real{1}, shape.exp_min)));
  for (int e = shape.exp_min; e <= shape.exp_max; ++e) {
    const Real octave = sign * std::ldexp(Real{1}, e);
    AppendUniform(f, octave, 2 * octave, shape.index_bits, entries);
  }
  entries.push_back(beyond);
}

FunctionTable Signed(RealFunction f, const SignedShape& shape) {
  FunctionTable table;
  table.func = isa::Func::kTable;
  table.index_bits = shape.index_bits;
  table.exp_min = static_cast<uint32_t>(shape.exp_min + kFp32Bias);
  table.exp_max = static_cast<uint32_t>(shape.exp_max + kFp32Bias);
  table.clamp_low = shape.clamp_low;
  table.clamp_high = std::numeric_limits<float>::max();
  AppendSide(f, shape, 1, shape.positive, table.entries);
  table.negative_offset = static_cast<uint32_t>(table.entries.size());
  AppendSide(f, shape, -1, shape.negative, table.entries);
  return table;
}

Real Sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
Real Gelu(Real x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); }
Real Silu(Real x) { return x * Sigmoid(x); }
Real Softplus(Real x) { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, Real{0}); }

constexpr Entry kZero = {0, 0, 0, 0};
constexpr Entry kOne = {1, 0, 0, 0};
constexpr Entry kMinusOne = {-1, 0, 0, 0};
constexpr Entry kInput = {0, 1, 0, 0};

// silu(t) decays too slowly to be cut off at -16: a cubic takes it to zero at the clamp.
FunctionTable SiluTable() {
  constexpr float kClamp = -20.0F;
  SignedShape shape = {3, -3, 3, kInput, kZero, kClamp};
  const auto tail = ChebyshevNodes<kDegree + 1>(Real{-16}, Real{kClamp});
  std::array<Real, kDegree + 1> y;
  for (size_t i = 0; i < tail.size(); ++i) y[i] = Silu(tail[i]);
  const auto c = Interpolate(tail, y);
  shape.negative = {static_cast<float>(c[0]), static_cast<float>(c[1]), static_cast<float>(c[2]),
                    static_cast<float>(c[3])};
  return Signed(Silu, shape);
}

FunctionTable Make(Function function) {
  switch (function) {
    case Function::kIdentity:
    case Function::kLeaky: {
      FunctionTable none;
      none.func = function == Function::kLeaky ? isa::Func::kLeaky : isa::Func::kIdentity;
      return none;
    }
    case Function::kExp:
      return Uniform(
          isa::Func::kExp, 4, [](Real x) -> Real { return std::exp2(x); }, 0, 1);
    case Function::kSin:
      return Uniform(
          isa::Func::kSin, 5,
          [](Real x) -> Real { return std::sin(2 * std::numbers::pi_v<Real> * x); }, 0, 1);
    case Function::kLog:
      return Uniform(
          isa::Func::kLog, 4, [](Real x) -> Real { return std::log(x); }, 1, 2);
    case Function::kReciprocal:
      return Uniform(
          isa::Func::kRecip, 4, [](Real x) -> Real { return 1 / x; }, 1, 2);
    case Function::kSqrt:
      return TwoOctaves(isa::Func::kSqrt, 3, [](Real x) -> Real { return std::sqrt(x); });
    case Function::kRsqrt:
      return TwoOctaves(isa::Func::kRsqrt, 4, [](Real x) -> Real { return 1 / std::sqrt(x); });
    case Function::kSigmoid:
      return Signed(Sigmoid, {3, -2, 3, kOne, kZero});
    case Function::kTanh:
      return Signed([](Real x) -> Real { return std::tanh(x); }, {3, -3, 2, kOne, kMinusOne});
    case Function::kErf:
      return Signed([](Real x) -> Real { return std::erf(x); }, {3, -3, 1, kOne, kMinusOne});
    case Function::kGelu:
      return Signed(Gelu, {3, -3, 2, kInput, kZero});
    case Function::kSilu:
      return SiluTable();
    case Function::kSoftplus:
      return Signed(Softplus, {3, -3, 3, kInput, kZero});
  }
  return {};
}

constexpr size_t kNumFunctions = static_cast<size_t>(Function::kSoftplus) + 1;

}  // namespace

const FunctionTable& TableFor(Function function) {
  static const std::array<FunctionTable, kNumFunctions> tables = [] {
    std::array<FunctionTable, kNumFunctions> made;
    for (size_t i = 0; i < kNumFunctions; ++i) made[i] = Make(static_cast<Function>(i));
    return made;
  }();
  return tables[static_cast<size_t>(function)];
}

}  // namespace neuron::compiler
