// SPDX-License-Identifier: Apache-2.0
// Softmax and the normalisations.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// [outer, size, inner] around an axis, or around all axes from it on (opset < 13).
struct Block {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};

Result<Block> SoftmaxBlock(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  if (!IsFloat(x.type)) {
    return call.Error("needs a floating-point operand");
  }
  const bool flat = call.node.opset < 13;
  NEURON_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(call, call.node.Int("axis", flat ? 1 : -1), x.shape.size()));
  Block block;
  for (size_t i = 0; i < x.shape.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    (at < axis ? block.outer : (at == axis || flat ? block.size : block.inner)) *= x.shape[i];
  }
  return block;
}

Result<Tensors> SoftmaxWith(const Call& call, bool logarithm) {
  NEURON_ASSIGN_OR_RETURN(const Block block, SoftmaxBlock(call));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  for (int64_t fibre = 0; fibre < block.outer * block.inner && block.size > 0; ++fibre) {
    const int64_t base = fibre / block.inner * block.size * block.inner + fibre % block.inner;
    double largest = x.ValueAt(base);
    for (int64_t k = 1; k < block.size; ++k) {
      largest = std::max(largest, x.ValueAt(base + k * block.inner));
    }
    double sum = 0.0;
    for (int64_t k = 0; k < block.size; ++k) {
      sum += std::exp(x.ValueAt(base + k * block.inner) - largest);
    }
    for (int64_t k = 0; k < block.size; ++k) {
      const int64_t at = base + k * block.inner;
      const double shifted = x.ValueAt(at) - largest;
      StoreDouble(y, at, logarithm ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
  }
  return One(std::move(y));
}

Result<Tensors> Softmax(const Call& call) { return SoftmaxWith(call, false); }
Result<Tensors> LogSoftmax(const Call& call) { return SoftmaxWith(call, true); }

// Mean and variance of each channel over all else.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> variance;
};

ChannelStatistics StatisticsOf(const HostTensor& x, int64_t plane) {
  const auto channels = static_cast<size_t>(x.shape[1]);
  const double count =
      static_cast<double>(x.elements()) / static_cast<double>(std::max<size_t>(channels, 1));
  ChannelStatistics result{std::vector<double>(channels), std::vector<double>(channels)};
  const auto channel = [&](int64_t i) { return static_cast<size_t>(i / plane) % channels; };
  for (int64_t i = 0; i < x.elements(); ++i) {
    result.mean[channel(i)] += x.ValueAt(i) / count;
  }
  for (int64_t i = 0; i < x.elements(); ++i) {
    result.variance[channel(i)] += std::pow(x.ValueAt(i) - result.mean[channel(i)], 2) / count;
  }
  return result;
}

// The running value `old` moved towards the batch's.
Result<HostTensor> MoveTowards(const Call& call, const HostTensor& old,
                               const std::vector<double>& batch) {
  const double momentum = call.node.Float("momentum", 0.9F);
  NEURON_ASSIGN_OR_RETURN(HostTensor moved, Allocate(call, old.type, old.shape));
  for (int64_t c = 0; c < old.elements(); ++c) {
    StoreDouble(moved, c,
                old.ValueAt(c) * momentum + batch[static_cast<size_t>(c)] * (1.0 - momentum));
  }
  return moved;
}

Result<Tensors> BatchNormalization(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(5));
  const HostTensor& x = call.in(0);
  if (x.shape.size() < 2 || !IsFloat(x.type)) {
    return call.Error("needs a floating-point operand [N, C, ...]");
  }
  const int64_t channels = x.shape[1];
  for (size_t i = 1; i < 5; ++i) {
    if (call.in(i).elements() != channels) {
      return call.Error("input " + std::to_string(i) + " must have one element for each channel");
    }
  }
  const double epsilon = call.node.Float("epsilon", 1e-5F);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  const int64_t plane = ElementCount(std::span<const int64_t>(x.shape).subspan(2));
  const bool training = call.node.Int("training_mode", 0) != 0;
  const ChannelStatistics statistics =
      training ? StatisticsOf(x, plane)
               : ChannelStatistics{ToDoubles(call.in(3)), ToDoubles(call.in(4))};
  for (int64_t i = 0; i < x.elements(); ++i) {
    const int64_t c = i / plane % channels;
    const auto at = static_cast<size_t>(c);
    const double scale = call.in(1).ValueAt(c) / std::sqrt(statistics.variance[at] + epsilon);
    StoreDouble(y, i, (x.ValueAt(i) - statistics.mean[at]) * scale + call.in(2).ValueAt(c));
  }
  Tensors results = One(std::move(y));
  if (training) {
    NEURON_ASSIGN_OR_RETURN(HostTensor mean, MoveTowards(call, call.in(3), statistics.mean));
    NEURON_ASSIGN_OR_RETURN(HostTensor variance,
                            MoveTowards(call, call.in(4), statistics.variance));
    results.push_back(std::move(mean));
    results.push_back(std::move(variance));
  }
  return results;
}

// Normalises rows of `size` contiguous elements to mean 0 and variance 1, then y = n * s(row, i) +
// b. Further results: the mean and the inverse standard deviation of each row, of shape [rows].
template <typename ScaleAndBias>
Result<Tensors> NormalizeRows(const Call& call, int64_t size, ScaleAndBias parameters) {
  const HostTensor& x = call.in(0);
  const double epsilon = call.node.Float("epsilon", 1e-5F);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, x.shape));
  NEURON_ASSIGN_OR_RETURN(HostTensor means,
                          Allocate(call, ElementType::kFloat32, {x.elements() / size}));
  NEURON_ASSIGN_OR_RETURN(HostTensor inverses,
                          Allocate(call, ElementType::kFloat32, {x.elements() / size}));
  for (int64_t base = 0; base < x.elements(); base += size) {
    double mean = 0.0;
    double square = 0.0;
    for (int64_t i = 0; i < size; ++i) {
      mean += x.ValueAt(base + i) / static_cast<double>(size);
    }
    for (int64_t i = 0; i < size; ++i) {
      square += std::pow(x.ValueAt(base + i) - mean, 2) / static_cast<double>(size);
    }
    const double inverse = 1.0 / std::sqrt(square + epsilon);
    StoreDouble(means, base / size, mean);
    StoreDouble(inverses, base / size, inverse);
    for (int64_t i = 0; i < size; ++i) {
      const auto [scale, bias] = parameters(base / size, i);
      StoreDouble(y, base + i, (x.ValueAt(base + i) - mean) * inverse * scale + bias);
    }
  }
  return Tensors{std::move(y), std::move(means), std::move(inverses)};
}

Result<Tensors> InstanceNormalization(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(3));
  const Shape& shape = call.in(0).shape;
  if (shape.size() < 3 || call.in(1).elements() != shape[1] || call.in(2).elements() != shape[1]) {
    return call.Error("needs [N, C, ...] and one scale and bias for each channel");
  }
  const int64_t plane = ElementCount(std::span<const int64_t>(shape).subspan(2));
  if (plane == 0) {
    return One(call.in(0));
  }
  NEURON_ASSIGN_OR_RETURN(Tensors results, NormalizeRows(call, plane, [&](int64_t row, int64_t) {
                            const int64_t c = row % shape[1];
                            return std::pair(call.in(1).ValueAt(c), call.in(2).ValueAt(c));
                          }));
  return One(std::move(results[0]));
}

Result<Tensors> LayerNormalization(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const Shape& shape = call.in(0).shape;
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", -1), shape.size()));
  const int64_t size =
      ElementCount(std::span<const int64_t>(shape).subspan(static_cast<size_t>(axis)));
  if (call.in(1).elements() != size || (call.has(2) && call.in(2).elements() != size)) {
    return call.Error("scale and bias must have " + std::to_string(size) + " elements");
  }
  if (size == 0) {
    return One(call.in(0));
  }
  NEURON_ASSIGN_OR_RETURN(Tensors results, NormalizeRows(call, size, [&](int64_t, int64_t i) {
                            return std::pair(call.in(1).ValueAt(i),
                                             call.has(2) ? call.in(2).ValueAt(i) : 0.0);
                          }));
  // One mean and one deviation for each row: the normalised axes have the size 1.
  Shape rows = shape;
  std::fill(rows.begin() + axis, rows.end(), 1);
  results[1].shape = rows;
  results[2].shape = rows;
  return results;
}

}  // namespace

std::span<const Operator> NormalizationOperators() {
  static constexpr Operator kOperators[] = {
      {"Softmax", Softmax},
      {"LogSoftmax", LogSoftmax},
      {"BatchNormalization", BatchNormalization},
      {"InstanceNormalization", InstanceNormalization},
      {"LayerNormalization", LayerNormalization},
  };
  return kOperators;
}

}  // namespace neuron::ops
