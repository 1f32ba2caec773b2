// SPDX-License-Identifier: Apache-2.0
// Operators of one operand, element by element.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// Applies f(double) to a floating tensor; the result has its type and shape.
template <typename F>
Result<Tensors> MapFloat(const Call& call, F f) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  if (!IsFloat(x.type)) {
    return call.Error(std::string("is not defined for ") + ElementTypeName(x.type));
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  for (int64_t i = 0; i < x.elements(); ++i) {
    StoreDouble(y, i, f(x.ValueAt(i)));
  }
  return One(std::move(y));
}

template <double (*F)(double)>
Result<Tensors> Float(const Call& call) {
  return MapFloat(call, F);
}

// A float function and its counterpart on integers (wrapping).
template <typename F, typename G>
Result<Tensors> MapAny(const Call& call, F on_float, G on_int) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  if (IsFloat(x.type)) {
    return MapFloat(call, on_float);
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  const std::vector<int64_t> values = x.ToInts();
  for (size_t i = 0; i < values.size(); ++i) {
    StoreInt(y, static_cast<int64_t>(i), on_int(values[i]));
  }
  return One(std::move(y));
}

int64_t WrapNegate(int64_t x) { return static_cast<int64_t>(-static_cast<uint64_t>(x)); }
double SigmoidOf(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double SoftplusOf(double x) { return x > 30.0 ? x : std::log1p(std::exp(x)); }
double ReciprocalOf(double x) { return 1.0 / x; }
double SignOf(double x) { return x > 0 ? 1.0 : (x < 0 ? -1.0 : 0.0); }
double SoftsignOf(double x) { return x / (1.0 + std::fabs(x)); }
double HardSwishOf(double x) { return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0); }
double ErfOf(double x) { return std::erf(x); }
double ExpOf(double x) { return std::exp(x); }
double LogOf(double x) { return std::log(x); }
double SqrtOf(double x) { return std::sqrt(x); }
double SinOf(double x) { return std::sin(x); }
double MishOf(double x) { return x * std::tanh(SoftplusOf(x)); }
double CosOf(double x) { return std::cos(x); }
double TanhOf(double x) { return std::tanh(x); }
double FloorOf(double x) { return std::floor(x); }
double CeilOf(double x) { return std::ceil(x); }
double RoundOf(double x) { return std::nearbyint(x); }
// NaN passes through, as in ONNX Runtime.
double ReluOf(double x) { return x < 0.0 ? 0.0 : x; }

Result<Tensors> Abs(const Call& call) {
  return MapAny(
      call, [](double x) { return std::fabs(x); },
      [](int64_t x) { return x < 0 ? WrapNegate(x) : x; });
}

Result<Tensors> Neg(const Call& call) {
  return MapAny(
      call, [](double x) { return -x; }, WrapNegate);
}

Result<Tensors> Relu(const Call& call) {
  return MapAny(call, ReluOf, [](int64_t x) { return std::max<int64_t>(x, 0); });
}

Result<Tensors> Sign(const Call& call) {
  return MapAny(call, SignOf, [](int64_t x) { return static_cast<int64_t>((x > 0) - (x < 0)); });
}

Result<Tensors> LeakyRelu(const Call& call) {
  const double alpha = call.node.Float("alpha", 0.01F);
  return MapFloat(call, [alpha](double x) { return x < 0 ? alpha * x : x; });
}

Result<Tensors> Elu(const Call& call) {
  const double alpha = call.node.Float("alpha", 1.0F);
  return MapFloat(call, [alpha](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

Result<Tensors> Selu(const Call& call) {
  const double alpha = call.node.Float("alpha", 1.67326319217681884765625F);
  const double gamma = call.node.Float("gamma", 1.05070102214813232421875F);
  return MapFloat(call, [=](double x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

Result<Tensors> Celu(const Call& call) {
  const double alpha = call.node.Float("alpha", 1.0F);
  return MapFloat(call, [alpha](double x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

Result<Tensors> HardSigmoid(const Call& call) {
  const double alpha = call.node.Float("alpha", 0.2F);
  const double beta = call.node.Float("beta", 0.5F);
  return MapFloat(call, [=](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}

Result<Tensors> Gelu(const Call& call) {
  const bool tanh_form = call.node.String("approximate", "none") == "tanh";
  return MapFloat(call, [tanh_form](double x) {
    const double inner = tanh_form ? std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x))
                                   : std::erf(x / std::sqrt(2.0));
    return 0.5 * x * (1.0 + inner);
  });
}

Result<Tensors> Not(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  if (call.in(0).type != ElementType::kBool) {
    return call.Error("needs a bool operand");
  }
  HostTensor y = call.in(0);
  for (std::byte& value : y.data) {
    value = value == std::byte{0} ? std::byte{1} : std::byte{0};
  }
  return One(std::move(y));
}

Result<Tensors> Identity(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  return One(call.in(0));
}

// Keeps everything, as at inference.
Result<Tensors> Dropout(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const bool training = call.has(2) && call.in(2).elements() == 1 && call.in(2).ValueAt(0) != 0.0;
  const double ratio = call.has(1) && call.in(1).elements() == 1 ? call.in(1).ValueAt(0) : 0.5;
  if (training && ratio != 0.0) {
    return call.Error("training mode drops elements at random", StatusCode::kUnsupported);
  }
  Tensors results = One(call.in(0));
  if (call.node.outputs.size() > 1 && !call.node.outputs[1].empty()) {
    NEURON_ASSIGN_OR_RETURN(HostTensor mask, Allocate(call, ElementType::kBool, call.in(0).shape));
    std::fill(mask.data.begin(), mask.data.end(), std::byte{1});
    results.push_back(std::move(mask));
  }
  return results;
}

Result<Tensors> Cast(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const auto to = static_cast<ElementType>(call.node.Int("to", 0));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, to, x.shape));
  if (IsFloat(x.type) || IsFloat(to)) {
    for (int64_t i = 0; i < x.elements(); ++i) {
      StoreDouble(y, i, x.ValueAt(i));
    }
  } else {
    const std::vector<int64_t> values = x.ToInts();
    for (size_t i = 0; i < values.size(); ++i) {
      StoreInt(y, static_cast<int64_t>(i), values[i]);
    }
  }
  return One(std::move(y));
}

Result<Tensors> Clip(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  double low = call.node.Float("min", -std::numeric_limits<float>::infinity());
  double high = call.node.Float("max", std::numeric_limits<float>::infinity());
  for (size_t i = 1; i <= 2; ++i) {
    if (call.has(i)) {
      if (call.in(i).elements() != 1) {
        return call.Error("bounds must have one element");
      }
      (i == 1 ? low : high) = call.in(i).ValueAt(0);
    }
  }
  const auto clip = [=](double x) { return x < low ? std::min(low, high) : std::min(x, high); };
  constexpr double kLimit = 9.2e18;  // inside int64
  const auto int_low = static_cast<int64_t>(std::clamp(low, -kLimit, kLimit));
  const auto int_high = static_cast<int64_t>(std::clamp(high, -kLimit, kLimit));
  const auto clip_int = [=](int64_t x) {
    return static_cast<double>(x) < low ? int_low : (static_cast<double>(x) > high ? int_high : x);
  };
  return MapAny(
      call, [clip](double x) { return std::isnan(x) ? x : clip(x); }, clip_int);
}

Result<Tensors> IsNan(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, ElementType::kBool, call.in(0).shape));
  for (int64_t i = 0; i < y.elements(); ++i) {
    StoreInt(y, i, std::isnan(call.in(0).ValueAt(i)) ? 1 : 0);
  }
  return One(std::move(y));
}

}  // namespace

std::span<const Operator> UnaryOperators() {
  static constexpr Operator kOperators[] = {
      {"Abs", Abs},
      {"Neg", Neg},
      {"Relu", Relu},
      {"Sign", Sign},
      {"Exp", Float<ExpOf>},
      {"Log", Float<LogOf>},
      {"Sqrt", Float<SqrtOf>},
      {"Sin", Float<SinOf>},
      {"Cos", Float<CosOf>},
      {"Tanh", Float<TanhOf>},
      {"Erf", Float<ErfOf>},
      {"Sigmoid", Float<SigmoidOf>},
      {"Softplus", Float<SoftplusOf>},
      {"Softsign", Float<SoftsignOf>},
      {"Reciprocal", Float<ReciprocalOf>},
      {"HardSwish", Float<HardSwishOf>},
      {"Floor", Float<FloorOf>},
      {"Ceil", Float<CeilOf>},
      {"Round", Float<RoundOf>},
      {"LeakyRelu", LeakyRelu},
      {"Elu", Elu},
      {"Selu", Selu},
      {"Celu", Celu},
      {"Mish", Float<MishOf>},
      {"HardSigmoid", HardSigmoid},
      {"Gelu", Gelu},
      {"Not", Not},
      {"Identity", Identity},
      {"Dropout", Dropout},
      {"Cast", Cast},
      {"Clip", Clip},
      {"IsNaN", IsNan},
  };
  return kOperators;
}

}  // namespace neuron::ops
