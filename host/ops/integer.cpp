// SPDX-License-Identifier: Apache-2.0
// ConvInteger, MatMulInteger, QLinearConv and QLinearMatMul: exact sums of products of 8-bit
// integers, in 32 bits that wrap.
#include <cmath>

#include "host/ops/products.h"

namespace neuron::ops {
namespace {

// The low 32 bits of each element: unsigned, so that sums that do not fit wrap.
using Words = std::vector<uint32_t>;

// A scale or zero-point, broadcast to the tensor that it is for.
struct Parameter {
  std::vector<double> values = {0.0};
  std::vector<int64_t> strides;
};

// Operand `index` for a tensor of shape `of`: one number, one for each index of `axis`, or an array
// that broadcasts. 0 when it is absent.
Result<Parameter> ParameterOf(const Call& call, size_t index, const Shape& of, size_t axis) {
  Parameter parameter;
  Shape shape;
  if (call.has(index)) {
    parameter.values = ToDoubles(call.in(index));
    shape = call.in(index).shape;
  }
  if (parameter.values.size() == 1) {
    shape.clear();
  } else if (shape.size() == 1) {
    shape.insert(shape.end(), of.size() - 1 - axis, 1);
  }
  const auto full = BroadcastShapes(shape, of);
  if (!full || *full != of) {
    return call.Error("operand " + std::to_string(index) + " of shape " +
                      ShapeToString(call.in(index).shape) + " does not fit a tensor of shape " +
                      ShapeToString(of));
  }
  parameter.strides = BroadcastStrides(shape, of);
  return parameter;
}

// Operand `index`, seen in the shape `of`, less zero-point operand `zero`.
Result<Words> Centred(const Call& call, size_t index, const Shape& of, size_t zero, size_t axis) {
  const HostTensor& tensor = call.in(index);
  if (!Is8Bit(tensor.type) || (call.has(zero) && call.in(zero).type != tensor.type)) {
    return call.Error("operand " + std::to_string(index) +
                      " and its zero-point must be int8 or both uint8");
  }
  NEURON_ASSIGN_OR_RETURN(const Parameter origin, ParameterOf(call, zero, of, axis));
  const std::vector<int64_t> values = tensor.ToInts();
  Words words(values.size());
  ForEachIndex<1>(of, {origin.strides}, [&](int64_t i, const std::array<int64_t, 1>& at) {
    const auto taken = static_cast<int64_t>(origin.values[static_cast<size_t>(at[0])]);
    words[static_cast<size_t>(i)] = static_cast<uint32_t>(values[static_cast<size_t>(i)] - taken);
  });
  return words;
}

Result<Words> ConvolutionSums(const Call& call, const Convolution& conv, size_t weights,
                              size_t zero, size_t weights_zero) {
  if (call.has(zero) && call.in(zero).elements() != 1) {
    return call.Error("the zero-point of the input is not one number");
  }
  NEURON_ASSIGN_OR_RETURN(const Words x, Centred(call, 0, conv.input, zero, 0));
  NEURON_ASSIGN_OR_RETURN(const Words w,
                          Centred(call, weights, call.in(weights).shape, weights_zero, 0));
  return Convolve(conv, x, w);
}

Result<Words> ProductSums(const Call& call, const MatrixProduct& product, size_t right, size_t zero,
                          size_t right_zero) {
  NEURON_ASSIGN_OR_RETURN(const Words x,
                          Centred(call, 0, product.left, zero, product.left.size() - 2));
  NEURON_ASSIGN_OR_RETURN(
      const Words w, Centred(call, right, product.right, right_zero, product.right.size() - 1));
  return Multiply(product, x, w);
}

Tensors StoreSums(const Words& sums, const Shape& shape) {
  return One(MakeTensor<uint32_t>(ElementType::kInt32, shape, std::span<const uint32_t>(sums)));
}

Result<Tensors> ConvInteger(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  NEURON_ASSIGN_OR_RETURN(const Convolution conv, ConvolutionOf(call, 1));
  NEURON_ASSIGN_OR_RETURN(const Words sums, ConvolutionSums(call, conv, 1, 2, 3));
  return StoreSums(sums, conv.output);
}

Result<Tensors> MatMulInteger(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  NEURON_ASSIGN_OR_RETURN(const MatrixProduct product, MatrixProductOf(call, 1));
  NEURON_ASSIGN_OR_RETURN(const Words sums, ProductSums(call, product, 1, 2, 3));
  return StoreSums(sums, product.output);
}

// Which operands of the QLinear operators are what.
enum QLinearOperand : size_t {
  kX,
  kScale,
  kZero,
  kWeights,
  kWeightScale,
  kWeightZero,
  kOutputScale,
  kOutputZero,
  kBias,
};

// round_half_even(sum * (x scale * weight scale / output scale)) + zero-point, saturated. The sums
// have the shape `full`, scales of the input lie along `rows` and those of the weights along
// `columns`. The factor is rounded to float, as on the engines (docs/numerics.md section 6).
Result<Tensors> Requantised(const Call& call, const Words& sums, const Shape& full,
                            const Shape& output, size_t rows, size_t columns) {
  const ElementType type = call.in(kOutputZero).type;
  if (!Is8Bit(type)) {
    return call.Error(std::string("cannot quantise to ") + ElementTypeName(type),
                      StatusCode::kUnsupported);
  }
  NEURON_ASSIGN_OR_RETURN(const Parameter from, ParameterOf(call, kScale, full, rows));
  NEURON_ASSIGN_OR_RETURN(const Parameter weight, ParameterOf(call, kWeightScale, full, columns));
  NEURON_ASSIGN_OR_RETURN(const Parameter to, ParameterOf(call, kOutputScale, full, rows));
  NEURON_ASSIGN_OR_RETURN(const Parameter zero, ParameterOf(call, kOutputZero, full, rows));
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, type, output));
  const auto of = [](const Parameter& parameter, int64_t at) {
    return parameter.values[static_cast<size_t>(at)];
  };
  ForEachIndex<4>(full, {from.strides, weight.strides, to.strides, zero.strides},
                  [&](int64_t i, const std::array<int64_t, 4>& at) {
                    const auto scale =
                        static_cast<float>(of(from, at[0]) * of(weight, at[1]) / of(to, at[2]));
                    const auto sum = static_cast<int32_t>(sums[static_cast<size_t>(i)]);
                    const float steps = std::nearbyint(static_cast<float>(sum) * scale);
                    StoreDouble(y, i, static_cast<double>(steps) + of(zero, at[3]));
                  });
  return One(std::move(y));
}

Result<Tensors> QLinearConv(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(kOutputZero + 1));
  NEURON_ASSIGN_OR_RETURN(const Convolution conv, ConvolutionOf(call, kWeights));
  NEURON_ASSIGN_OR_RETURN(Words sums, ConvolutionSums(call, conv, kWeights, kZero, kWeightZero));
  if (call.has(kBias)) {
    const HostTensor& bias = call.in(kBias);
    if (bias.type != ElementType::kInt32 || bias.elements() != conv.filters) {
      return call.Error("the bias is not an int32 for each of " + std::to_string(conv.filters) +
                        " channels");
    }
    const auto plane = static_cast<size_t>(conv.window.output_size());
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] += bias.as<uint32_t>()[i / plane % bias.as<uint32_t>().size()];
    }
  }
  return Requantised(call, sums, conv.output, conv.output, 1, 1);
}

Result<Tensors> QLinearMatMul(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(kOutputZero + 1));
  NEURON_ASSIGN_OR_RETURN(const MatrixProduct product, MatrixProductOf(call, kWeights));
  NEURON_ASSIGN_OR_RETURN(const Words sums,
                          ProductSums(call, product, kWeights, kZero, kWeightZero));
  const size_t rank = product.full.size();
  return Requantised(call, sums, product.full, product.output, rank - 2, rank - 1);
}

}  // namespace

std::span<const Operator> IntegerOperators() {
  static constexpr Operator kOperators[] = {
      {"ConvInteger", ConvInteger},
      {"MatMulInteger", MatMulInteger},
      {"QLinearConv", QLinearConv},
      {"QLinearMatMul", QLinearMatMul},
  };
  return kOperators;
}

}  // namespace neuron::ops
