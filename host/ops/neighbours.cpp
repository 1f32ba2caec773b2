// SPDX-License-Identifier: Apache-2.0
// Operators whose results depend on where an element stands: running sums, triangles, and
// normalisation by neighbouring channels or groups.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

Result<Tensors> CumSum(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const HostTensor& x = call.in(0);
  if (call.in(1).elements() != 1) {
    return call.Error("its axis must be one number");
  }
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.in(1).ToInts()[0], x.shape.size()));
  const bool exclusive = call.node.Int("exclusive", 0) != 0;
  const bool reverse = call.node.Int("reverse", 0) != 0;
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  const int64_t size = x.shape[static_cast<size_t>(axis)];
  const int64_t inner =
      ElementCount(std::span<const int64_t>(x.shape).subspan(static_cast<size_t>(axis) + 1));
  for (int64_t fibre = 0; size > 0 && fibre < x.elements() / size; ++fibre) {
    const int64_t base = fibre / inner * size * inner + fibre % inner;
    double sum = 0.0;
    for (int64_t k = 0; k < size; ++k) {
      const int64_t at = base + (reverse ? size - 1 - k : k) * inner;
      const double value = x.ValueAt(at);
      StoreDouble(y, at, exclusive ? sum : sum + value);
      sum += value;
    }
  }
  return One(std::move(y));
}

Result<Tensors> Trilu(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  HostTensor y = call.in(0);
  const size_t rank = y.shape.size();
  if (rank < 2 || (call.has(1) && call.in(1).elements() != 1)) {
    return call.Error("needs a matrix and one number for its diagonal");
  }
  const int64_t k = call.has(1) ? call.in(1).ToInts()[0] : 0;
  const bool upper = call.node.Int("upper", 1) != 0;
  const auto bytes = static_cast<int64_t>(ElementBytes(y.type));
  for (int64_t i = 0; i < y.elements(); ++i) {
    const int64_t diagonal = i % y.shape[rank - 1] - i / y.shape[rank - 1] % y.shape[rank - 2];
    if (upper ? diagonal < k : diagonal > k) {
      std::fill_n(y.data.begin() + i * bytes, bytes, std::byte{0});
    }
  }
  return One(std::move(y));
}

// x / (bias + alpha / size * sum of squares over `size` channels around x) ^ beta.
Result<Tensors> Lrn(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  const int64_t size = call.node.Int("size", 0);
  if (x.shape.size() < 2 || size < 1) {
    return call.Error("needs an operand [N, C, ...] and a positive size");
  }
  const double alpha = call.node.Float("alpha", 1e-4F);
  const double beta = call.node.Float("beta", 0.75F);
  const double bias = call.node.Float("bias", 1.0F);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  const int64_t plane = ElementCount(std::span<const int64_t>(x.shape).subspan(2));
  for (int64_t i = 0; i < x.elements(); ++i) {
    const int64_t c = i / plane % x.shape[1];
    double sum = 0.0;
    for (int64_t other = std::max<int64_t>(0, c - (size - 1) / 2);
         other <= std::min(x.shape[1] - 1, c + size / 2); ++other) {
      sum += std::pow(x.ValueAt(i + (other - c) * plane), 2);
    }
    StoreDouble(y, i,
                x.ValueAt(i) / std::pow(bias + alpha / static_cast<double>(size) * sum, beta));
  }
  return One(std::move(y));
}

// Each group of channels normalised to mean 0 and variance 1; scale and bias for each channel, or
// (before operator set 21) each group.
Result<Tensors> GroupNormalization(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(3));
  const HostTensor& x = call.in(0);
  const int64_t groups = call.node.Int("num_groups", 0);
  if (x.shape.size() < 2 || groups < 1 || x.shape[1] % groups != 0 ||
      call.in(1).elements() != call.in(2).elements() ||
      (call.in(1).elements() != groups && call.in(1).elements() != x.shape[1])) {
    return call.Error("its groups, scale or bias do not fit the channels");
  }
  const double epsilon = call.node.Float("epsilon", 1e-5F);
  const int64_t row = x.elements() / std::max<int64_t>(x.shape[0] * groups, 1);
  const int64_t plane = ElementCount(std::span<const int64_t>(x.shape).subspan(2));
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  for (int64_t base = 0; base < x.elements(); base += row) {
    double mean = 0.0;
    double variance = 0.0;
    for (int64_t i = 0; i < row; ++i) {
      mean += x.ValueAt(base + i) / static_cast<double>(row);
    }
    for (int64_t i = 0; i < row; ++i) {
      variance += std::pow(x.ValueAt(base + i) - mean, 2) / static_cast<double>(row);
    }
    for (int64_t i = base; i < base + row; ++i) {
      const int64_t c = i / plane % x.shape[1];
      const int64_t at = call.in(1).elements() == groups ? c / (x.shape[1] / groups) : c;
      StoreDouble(y, i,
                  (x.ValueAt(i) - mean) / std::sqrt(variance + epsilon) * call.in(1).ValueAt(at) +
                      call.in(2).ValueAt(at));
    }
  }
  return One(std::move(y));
}

}  // namespace

std::span<const Operator> NeighbourOperators() {
  static constexpr Operator kOperators[] = {
      {"CumSum", CumSum},
      {"Trilu", Trilu},
      {"LRN", Lrn},
      {"GroupNormalization", GroupNormalization},
  };
  return kOperators;
}

}  // namespace neuron::ops
