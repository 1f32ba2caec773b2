// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/import/reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

float ApplyFunction(Function function, float alpha, double t) {
  switch (function) {
    case Function::kIdentity:
      return static_cast<float>(t);
    case Function::kLeaky:
      return static_cast<float>(t < 0.0 ? t * alpha : t);
    case Function::kExp:
      return static_cast<float>(std::exp(t));
    case Function::kLog:
      return static_cast<float>(std::log(t));
    case Function::kSqrt:
      return static_cast<float>(std::sqrt(t));
    case Function::kRsqrt:
      return static_cast<float>(1.0 / std::sqrt(t));
    case Function::kReciprocal:
      return static_cast<float>(1.0 / t);
    case Function::kSin:
      return static_cast<float>(std::sin(t));
    case Function::kSigmoid:
      return static_cast<float>(1.0 / (1.0 + std::exp(-t)));
    case Function::kTanh:
      return static_cast<float>(std::tanh(t));
    case Function::kGelu:
      return static_cast<float>(0.5 * t * (1.0 + std::erf(t / std::sqrt(2.0))));
    case Function::kErf:
      return static_cast<float>(std::erf(t));
    case Function::kSilu:
      return static_cast<float>(t / (1.0 + std::exp(-t)));
    case Function::kSoftplus:
      return static_cast<float>(t > 30.0 ? t : std::log1p(std::exp(t)));
  }
  return 0.0F;
}

float Apply(const Activation& a, float t) {
  if (!std::isnan(t)) {
    t = std::min(std::max(t, a.clamp_low), a.clamp_high);
  }
  return ApplyFunction(a.function, a.alpha, t);
}

// The stored integer for `steps` in units of the scale.
template <typename T>
T Saturate(float steps, int32_t zero_point) {
  const double rounded = std::isnan(steps) ? 0.0 : std::nearbyint(static_cast<double>(steps));
  return static_cast<T>(std::clamp(rounded + zero_point,
                                   static_cast<double>(std::numeric_limits<T>::min()),
                                   static_cast<double>(std::numeric_limits<T>::max())));
}

HostTensor FloatTensor(Shape shape, const std::vector<float>& values) {
  return MakeTensor<float>(ElementType::kFloat32, std::move(shape), std::span<const float>(values));
}

class Executor {
 public:
  explicit Executor(const LayerGraph& graph) : graph_(graph), tensors_(graph.values.size()) {
    for (size_t i = 0; i < graph.values.size(); ++i) {
      if (graph.values[i].constant) {
        tensors_[i] = *graph.values[i].constant;
      }
    }
  }

  HostTensor& tensor(ValueId id) { return tensors_[static_cast<size_t>(id)]; }

  Status Run(const Layer& layer) {
    return std::visit([&](const auto& body) { return RunBody(layer, body); }, layer.body);
  }

 private:
  const Value& value(ValueId id) const { return graph_.value(id); }

  // Which entry of a per-axis list belongs to element `index`.
  static size_t Group(const Shape& shape, int axis, size_t count, int64_t index) {
    if (count == 1 || axis < 0) {
      return 0;
    }
    const int64_t inner =
        ElementCount(std::span<const int64_t>(shape).subspan(static_cast<size_t>(axis) + 1));
    return static_cast<size_t>(index / inner % static_cast<int64_t>(count));
  }

  // The real values of a stored tensor.
  HostTensor Real(ValueId id) {
    const HostTensor& stored = tensor(id);
    const auto& quantization = value(id).quantization;
    if (!quantization) {
      return FloatTensor(stored.shape, stored.ToFloats());
    }
    std::vector<float> reals(static_cast<size_t>(stored.elements()));
    for (size_t i = 0; i < reals.size(); ++i) {
      const size_t g = Group(stored.shape, quantization->axis, quantization->scale.size(),
                             static_cast<int64_t>(i));
      reals[i] = static_cast<float>(stored.ValueAt(static_cast<int64_t>(i)) -
                                    quantization->zero_point[g]) *
                 quantization->scale[g];
    }
    return FloatTensor(stored.shape, reals);
  }

  // Real units of one step of a tensor with one scale; 1 for floats.
  float StepOf(ValueId id) const {
    const auto& quantization = value(id).quantization;
    return quantization ? quantization->scale[0] : 1.0F;
  }

  // A tensor with one scale, or without, in steps from its zero-point.
  HostTensor Steps(ValueId id) {
    std::vector<float> steps = tensor(id).ToFloats();
    const auto& quantization = value(id).quantization;
    const auto zero = quantization ? static_cast<float>(quantization->zero_point[0]) : 0.0F;
    std::for_each(steps.begin(), steps.end(), [zero](float& v) { v -= zero; });
    return FloatTensor(tensor(id).shape, steps);
  }

  // Stores numbers that count steps of the scale (kFloat32: plain values).
  void StoreSteps(ValueId id, const std::vector<float>& steps, size_t group_count = 1,
                  int axis = -1) {
    const Value& target = value(id);
    HostTensor& out = tensor(id) = HostTensor(target.type, target.shape);
    for (size_t i = 0; i < steps.size(); ++i) {
      const size_t g = Group(target.shape, axis, group_count, static_cast<int64_t>(i));
      const int32_t zero = target.quantization ? target.quantization->zero_point[g] : 0;
      if (target.type == ElementType::kInt8) {
        out.as<int8_t>()[i] = Saturate<int8_t>(steps[i], zero);
      } else if (target.type == ElementType::kUint8 || target.type == ElementType::kBool) {
        out.as<uint8_t>()[i] = Saturate<uint8_t>(steps[i], zero);
      } else if (target.type == ElementType::kInt32) {
        out.as<int32_t>()[i] = Saturate<int32_t>(steps[i], zero);
      } else {
        out.as<float>()[i] = steps[i];
      }
    }
  }

  void StoreReals(ValueId id, std::vector<float> reals) {
    const Value& target = value(id);
    if (!target.quantization) {
      return StoreSteps(id, reals);
    }
    const auto& scale = target.quantization->scale;
    for (size_t i = 0; i < reals.size(); ++i) {
      reals[i] /= scale[Group(target.shape, target.quantization->axis, scale.size(),
                              static_cast<int64_t>(i))];
    }
    StoreSteps(id, reals, scale.size(), target.quantization->axis);
  }

  // Runs one ONNX operator, by the rules of opset 13.
  Result<HostTensor> Onnx(const Layer& layer, const std::string& op,
                          std::map<std::string, AttributeValue> attributes,
                          std::vector<const HostTensor*> operands) {
    HostNode node;
    node.name = layer.name;
    node.op_type = op;
    node.opset = 13;
    node.inputs.assign(operands.size(), "x");
    node.outputs = {"y"};
    node.attributes = std::move(attributes);
    NEURON_ASSIGN_OR_RETURN(auto results, Evaluate(node, operands));
    return std::move(results.front());
  }

  // Runs an operator on the real value of input 0 and stores the result.
  Status OnReal(const Layer& layer, const std::string& op,
                std::map<std::string, AttributeValue> attributes) {
    const HostTensor x = Real(layer.inputs[0]);
    NEURON_ASSIGN_OR_RETURN(const HostTensor y, Onnx(layer, op, std::move(attributes), {&x}));
    StoreReals(layer.outputs[0], y.ToFloats());
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const MatrixLayer& matrix) {
    return matrix.weight.type == ElementType::kFloat32 ? RunFloatMatrix(layer, matrix)
                                                       : RunIntegerMatrix(layer, matrix);
  }

  Status RunFloatMatrix(const Layer& layer, const MatrixLayer& matrix) {
    HostTensor x = Real(layer.inputs[0]);
    HostTensor y;
    if (matrix.is_conv) {
      if (x.shape.size() == 3) {
        x.shape.insert(x.shape.begin() + 2, 1);
      }
      NEURON_ASSIGN_OR_RETURN(
          y, Onnx(layer, "Conv",
                  {{"strides", std::vector<int64_t>{matrix.strides.begin(), matrix.strides.end()}},
                   {"dilations",
                    std::vector<int64_t>{matrix.dilations.begin(), matrix.dilations.end()}},
                   {"pads", std::vector<int64_t>{matrix.pads.begin(), matrix.pads.end()}},
                   {"group", matrix.group}},
                  {&x, &matrix.weight}));
    } else {
      const int64_t depth = matrix.weight.shape[1];
      x.shape = {x.elements() / depth, depth};
      NEURON_ASSIGN_OR_RETURN(y,
                              Onnx(layer, "Gemm", {{"transB", int64_t{1}}}, {&x, &matrix.weight}));
    }
    std::vector<float> values = y.ToFloats();
    const auto filters = matrix.bias.size();
    const size_t inner = matrix.is_conv ? static_cast<size_t>(y.shape[2] * y.shape[3]) : 1;
    for (size_t i = 0; i < values.size(); ++i) {
      const float bias = filters == 0 ? 0.0F : matrix.bias[i / inner % filters];
      values[i] = Apply(matrix.activation, values[i] + bias);
    }
    StoreReals(layer.outputs[0], std::move(values));
    return OkStatus();
  }

  // One exact sum: output position (n, m, oy, ox) of a convolution.
  static int64_t IntegerSum(const MatrixLayer& matrix, const std::vector<int64_t>& x,
                            const std::vector<int64_t>& w, const Shape& in, int64_t n, int64_t m,
                            int64_t oy, int64_t ox) {
    const Shape& kernel = matrix.weight.shape;
    const int64_t first = m / (kernel[0] / matrix.group) * kernel[1];
    int64_t sum = 0;
    for (int64_t c = 0; c < kernel[1]; ++c) {
      for (int64_t ky = 0; ky < kernel[2]; ++ky) {
        const int64_t y = oy * matrix.strides[0] - matrix.pads[0] + ky * matrix.dilations[0];
        if (y < 0 || y >= in[2]) {
          continue;
        }
        for (int64_t kx = 0; kx < kernel[3]; ++kx) {
          const int64_t column = ox * matrix.strides[1] - matrix.pads[1] + kx * matrix.dilations[1];
          if (column >= 0 && column < in[3]) {
            sum += x[static_cast<size_t>(((n * in[1] + first + c) * in[2] + y) * in[3] + column)] *
                   w[static_cast<size_t>(((m * kernel[1] + c) * kernel[2] + ky) * kernel[3] + kx)];
          }
        }
      }
    }
    return sum;
  }

  Status RunIntegerMatrix(const Layer& layer, const MatrixLayer& given) {
    const HostTensor& stored = tensor(layer.inputs[0]);
    std::vector<int64_t> x = stored.ToInts();
    std::vector<int64_t> w = given.weight.ToInts();
    const int32_t zero = value(layer.inputs[0]).quantization->zero_point[0];
    std::for_each(x.begin(), x.end(), [&](int64_t& q) { q -= zero; });
    std::for_each(w.begin(), w.end(), [&](int64_t& q) { q -= given.weight_zero_point; });
    MatrixLayer matrix = given;
    Shape in = stored.shape;
    Shape out = value(layer.outputs[0]).shape;
    if (!matrix.is_conv) {  // a 1 x 1 convolution over rows
      const int64_t depth = matrix.weight.shape[1];
      in = {stored.elements() / depth, depth, 1, 1};
      out = {in[0], matrix.weight.shape[0], 1, 1};
      matrix.weight.shape = {matrix.weight.shape[0], depth, 1, 1};
    } else if (in.size() == 3) {
      in.insert(in.begin() + 2, 1);
      out.insert(out.begin() + 2, 1);
    }
    std::vector<float> steps;
    for (int64_t n = 0; n < out[0]; ++n) {
      for (int64_t m = 0; m < out[1]; ++m) {
        const auto filter = static_cast<size_t>(m);
        const int64_t bias = matrix.bias_int.empty() ? 0 : matrix.bias_int[filter];
        const float scale = matrix.scale[matrix.scale.size() == 1 ? 0 : filter];
        for (int64_t at = 0; at < out[2] * out[3]; ++at) {
          const int64_t sum = IntegerSum(matrix, x, w, in, n, m, at / out[3], at % out[3]) + bias;
          const auto wrapped = static_cast<int32_t>(static_cast<uint64_t>(sum));
          steps.push_back(Apply(matrix.activation, static_cast<float>(wrapped) * scale));
        }
      }
    }
    const Function function = matrix.activation.function;
    if (function == Function::kIdentity || function == Function::kLeaky) {
      StoreSteps(layer.outputs[0], steps);
    } else {
      StoreReals(layer.outputs[0], std::move(steps));
    }
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const BatchMatmulLayer& matmul) {
    const HostTensor a = Steps(layer.inputs[0]);
    const HostTensor b = Steps(layer.inputs[1]);
    NEURON_ASSIGN_OR_RETURN(const HostTensor y, Onnx(layer, "MatMul", {}, {&a, &b}));
    std::vector<float> values = y.ToFloats();
    const float scale =
        matmul.alpha * StepOf(layer.inputs[0]) * StepOf(layer.inputs[1]) / StepOf(layer.outputs[0]);
    std::for_each(values.begin(), values.end(), [&](float& v) { v *= scale; });
    StoreSteps(layer.outputs[0], values);
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const BinaryLayer& binary) {
    constexpr const char* kOperators[] = {"Add",        "Sub",  "Mul", "Div",
                                          "Max",        "Min",  "Pow", "Equal",
                                          "Greater",    "Less", "",    "GreaterOrEqual",
                                          "LessOrEqual"};
    const HostTensor a = Real(layer.inputs[0]);
    const HostTensor b = Real(layer.inputs[1]);
    const bool differs = binary.op == BinaryOp::kNotEqual;
    NEURON_ASSIGN_OR_RETURN(
        const HostTensor y,
        Onnx(layer, differs ? "Equal" : kOperators[static_cast<size_t>(binary.op)], {}, {&a, &b}));
    std::vector<float> values = y.ToFloats();
    std::for_each(values.begin(), values.end(), [&](float& v) { v = differs ? 1.0F - v : v; });
    std::for_each(values.begin(), values.end(), [&](float& v) { v = Apply(binary.activation, v); });
    StoreReals(layer.outputs[0], std::move(values));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const UnaryLayer& unary) {
    const HostTensor x = Real(layer.inputs[0]);
    std::vector<float> values = x.ToFloats();
    for (size_t i = 0; i < values.size(); ++i) {
      const auto pick = [&](const std::vector<float>& list) {
        return list[Group(x.shape, unary.axis, list.size(), static_cast<int64_t>(i))];
      };
      values[i] = Apply(unary.activation, values[i] * pick(unary.scale) + pick(unary.bias));
    }
    StoreReals(layer.outputs[0], std::move(values));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const PoolLayer& pool) {
    HostTensor x = Real(layer.inputs[0]);
    if (x.shape.size() == 3) {
      x.shape.insert(x.shape.begin() + 2, 1);
    }
    const auto list = [](const auto& a) { return std::vector<int64_t>{a.begin(), a.end()}; };
    NEURON_ASSIGN_OR_RETURN(const HostTensor y,
                            Onnx(layer, pool.op == ReduceOp::kMax ? "MaxPool" : "AveragePool",
                                 {{"kernel_shape", list(pool.kernel)},
                                  {"strides", list(pool.strides)},
                                  {"dilations", list(pool.dilations)},
                                  {"pads", list(pool.pads)},
                                  {"count_include_pad", int64_t{pool.count_include_pad ? 1 : 0}}},
                                 {&x}));
    StoreReals(layer.outputs[0], y.ToFloats());
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const ReduceLayer& reduce) {
    constexpr const char* kOperators[] = {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"};
    return OnReal(layer, kOperators[static_cast<size_t>(reduce.op)],
                  {{"axes", std::vector<int64_t>(reduce.axes.begin(), reduce.axes.end())}});
  }

  Status RunBody(const Layer& layer, const SoftmaxLayer& softmax) {
    return OnReal(layer, "Softmax", {{"axis", int64_t{softmax.axis}}});
  }

  Status RunBody(const Layer& layer, const NormalizeLayer& normalize) {
    std::vector<float> y = Real(layer.inputs[0]).ToFloats();
    const size_t columns = normalize.scale.size();
    for (size_t row = 0; row < y.size(); row += columns) {
      const std::span<float> x(y.data() + row, columns);
      const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(columns);
      double variance = 0.0;
      for (const float element : x) {
        variance += (element - mean) * (element - mean) / static_cast<double>(columns);
      }
      const double inverse = 1.0 / std::sqrt(variance + normalize.epsilon);
      for (size_t i = 0; i < columns; ++i) {
        x[i] = static_cast<float>((x[i] - mean) * inverse * normalize.scale[i] + normalize.bias[i]);
      }
    }
    StoreReals(layer.outputs[0], std::move(y));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const PadLayer& pad) {
    std::vector<int64_t> pads = pad.low;
    pads.insert(pads.end(), pad.high.begin(), pad.high.end());
    return OnReal(layer, "Pad", {{"pads", pads}, {"value", pad.value}});
  }

  // Movement keeps the stored elements.
  Status Move(const Layer& layer, const std::string& op,
              std::map<std::string, AttributeValue> attributes) {
    std::vector<const HostTensor*> operands;
    for (const ValueId id : layer.inputs) {
      operands.push_back(&tensor(id));
    }
    NEURON_ASSIGN_OR_RETURN(tensor(layer.outputs[0]),
                            Onnx(layer, op, std::move(attributes), operands));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const ReshapeLayer&) {
    HostTensor y = tensor(layer.inputs[0]);
    y.shape = value(layer.outputs[0]).shape;
    tensor(layer.outputs[0]) = std::move(y);
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const TransposeLayer& transpose) {
    return Move(layer, "Transpose",
                {{"perm", std::vector<int64_t>(transpose.perm.begin(), transpose.perm.end())}});
  }

  // The elements of a movement layer, each with where it comes from: `source` maps an index of the
  // output to a linear index of input 0.
  template <typename Source>
  Status MoveEach(const Layer& layer, Source source) {
    const Shape& shape = value(layer.outputs[0]).shape;
    HostTensor y(value(layer.outputs[0]).type, shape);
    const HostTensor& x = tensor(layer.inputs[0]);
    const auto bytes = static_cast<int64_t>(ElementBytes(x.type));
    Shape index(shape.size());
    for (int64_t i = 0; i < y.elements(); ++i) {
      int64_t rest = i;
      for (size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
        index[axis] = rest % shape[axis];
      }
      std::copy_n(x.data.begin() + source(index) * bytes, bytes, y.data.begin() + i * bytes);
    }
    tensor(layer.outputs[0]) = std::move(y);
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const TakeLayer& take) {
    const Shape from = tensor(layer.inputs[0]).shape;
    return MoveEach(layer, [&](const Shape& index) {
      int64_t source = 0;
      for (size_t axis = 0; axis < from.size(); ++axis) {
        const bool taken = axis == static_cast<size_t>(take.axis);
        const auto at = static_cast<size_t>(index[axis]);
        source = source * from[axis] + (taken ? take.indices[at] : index[axis]);
      }
      return source;
    });
  }

  Status RunBody(const Layer& layer, const ExpandLayer&) {
    const Shape from = tensor(layer.inputs[0]).shape;
    return MoveEach(layer, [&](const Shape& index) {
      int64_t source = 0;
      for (size_t axis = 0; axis < from.size(); ++axis) {
        const int64_t at = index[index.size() - from.size() + axis];
        source = source * from[axis] + (from[axis] == 1 ? 0 : at);
      }
      return source;
    });
  }

  Status RunBody(const Layer& layer, const GatherLayer&) {
    NEURON_ASSIGN_OR_RETURN(tensor(layer.outputs[0]),
                            Onnx(layer, "Gather", {{"axis", int64_t{0}}},
                                 {&tensor(layer.inputs[0]), &tensor(layer.inputs[1])}));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const SelectLayer&) {
    NEURON_ASSIGN_OR_RETURN(
        tensor(layer.outputs[0]),
        Onnx(layer, "Where", {},
             {&tensor(layer.inputs[0]), &tensor(layer.inputs[1]), &tensor(layer.inputs[2])}));
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const ArgLayer& arg) {
    const HostTensor x = Real(layer.inputs[0]);
    NEURON_ASSIGN_OR_RETURN(HostTensor y, Onnx(layer, arg.smallest ? "ArgMin" : "ArgMax",
                                               {{"axis", int64_t{arg.axis}}}, {&x}));
    y.shape = value(layer.outputs[0]).shape;
    tensor(layer.outputs[0]) = std::move(y);
    return OkStatus();
  }

  // Input k's index i goes to index i * inputs + k.
  Status Interleave(const Layer& layer, size_t axis, int64_t first) {
    HostTensor y(value(layer.outputs[0]).type, value(layer.outputs[0]).shape);
    const auto count = static_cast<int64_t>(layer.inputs.size());
    const auto inner_shape = std::span<const int64_t>(y.shape).subspan(axis + 1);
    const int64_t row = ElementCount(inner_shape) * static_cast<int64_t>(ElementBytes(y.type));
    for (int64_t k = 0; k < count; ++k) {
      const HostTensor& x = tensor(layer.inputs[static_cast<size_t>(k)]);
      const int64_t size = x.shape[axis];
      const int64_t rows = row == 0 ? 0 : static_cast<int64_t>(x.data.size()) / row;
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t phase = (k - first + count) % count;
        const int64_t to = (i / size * y.shape[axis] + i % size * count + phase) * row;
        std::copy_n(x.data.begin() + i * row, row, y.data.begin() + to);
      }
    }
    tensor(layer.outputs[0]) = std::move(y);
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const ConcatLayer& concat) {
    if (concat.interleaved) {
      return Interleave(layer, static_cast<size_t>(concat.axis), concat.first);
    }
    return Move(layer, "Concat", {{"axis", int64_t{concat.axis}}});
  }

  Status RunBody(const Layer& layer, const SliceLayer& slice) {
    const Shape from = tensor(layer.inputs[0]).shape;
    return MoveEach(layer, [&](const Shape& index) {
      int64_t source = 0;
      for (size_t axis = 0; axis < from.size(); ++axis) {
        source = source * from[axis] + slice.starts[axis] + index[axis] * slice.steps[axis];
      }
      return source;
    });
  }

  Status RunBody(const Layer& layer, const StoreLayer& store) {
    const HostTensor& piece = tensor(layer.inputs[0]);
    HostTensor& whole = tensor(layer.outputs[0]);
    const Value& described = value(layer.outputs[0]);
    if (whole.shape != described.shape) {
      whole = HostTensor(described.type, described.shape);
    }
    const size_t bytes = ElementBytes(piece.type);
    const Shape& size = piece.shape;
    for (int64_t i = 0; i < piece.elements(); ++i) {
      int64_t rest = i;
      int64_t to = 0;
      int64_t step = 1;
      for (size_t axis = size.size(); axis-- > 0;) {
        to += (store.starts[axis] + rest % size[axis]) * step;
        rest /= size[axis];
        step *= whole.shape[axis];
      }
      std::memcpy(whole.data.data() + static_cast<size_t>(to) * bytes,
                  piece.data.data() + static_cast<size_t>(i) * bytes, bytes);
    }
    return OkStatus();
  }

  Status RunBody(const Layer& layer, const HostLayer& host) {
    std::vector<const HostTensor*> operands;
    for (const ValueId id : layer.inputs) {
      operands.push_back(id == kNoValue ? nullptr : &tensor(id));
    }
    NEURON_ASSIGN_OR_RETURN(auto results, Evaluate(host.node, operands));
    for (size_t i = 0; i < layer.outputs.size(); ++i) {
      if (layer.outputs[i] == kNoValue) {
        continue;
      }
      const Value& expected = value(layer.outputs[i]);
      if (results[i].type != expected.type || results[i].shape != expected.shape) {
        return Status(StatusCode::kInvalidArgument,
                      "host layer '" + layer.name + "' made " + ShapeToString(results[i].shape) +
                          " of " + ElementTypeName(results[i].type) + ", not " +
                          ShapeToString(expected.shape) + " of " + ElementTypeName(expected.type));
      }
      tensor(layer.outputs[i]) = std::move(results[i]);
    }
    return OkStatus();
  }

  const LayerGraph& graph_;
  std::vector<HostTensor> tensors_;
};

}  // namespace

Result<std::vector<HostTensor>> RunReference(const LayerGraph& graph,
                                             std::span<const HostTensor> inputs) {
  if (inputs.size() != graph.inputs.size()) {
    return Status(StatusCode::kInvalidArgument,
                  "the model has " + std::to_string(graph.inputs.size()) + " inputs, not " +
                      std::to_string(inputs.size()));
  }
  Executor executor(graph);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    if (inputs[i].type != value.type || inputs[i].shape != value.shape) {
      return Status(StatusCode::kInvalidArgument,
                    "input '" + value.name + "' is " + ElementTypeName(value.type) +
                        ShapeToString(value.shape) + ", not " + ElementTypeName(inputs[i].type) +
                        ShapeToString(inputs[i].shape));
    }
    executor.tensor(graph.inputs[i]) = inputs[i];
  }
  for (const Layer& layer : graph.layers) {
    NEURON_RETURN_IF_ERROR(executor.Run(layer));
  }
  std::vector<HostTensor> outputs;
  for (const ValueId id : graph.outputs) {
    outputs.push_back(executor.tensor(id));
  }
  return outputs;
}

}  // namespace neuron::compiler
