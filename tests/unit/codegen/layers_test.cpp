// SPDX-License-Identifier: Apache-2.0
// Small layer graphs through the code generator and the functional model, against the host's ONNX
// operators.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "host/compiler/codegen/codegen.h"
#include "host/ops/evaluate.h"
#include "tests/unit/codegen/package_runner.h"

namespace neuron::compiler {
namespace {

// A graph under construction: values by name, layers in order.
class GraphBuilder {
 public:
  ValueId Input(const std::string& name, Shape shape, ElementType type = ElementType::kFloat32,
                std::optional<Quantization> quantization = {}) {
    const ValueId id = Add(name, std::move(shape), type, std::move(quantization));
    graph_.value(id).is_input = true;
    graph_.inputs.push_back(id);
    return id;
  }
  ValueId Constant(const std::string& name, HostTensor tensor) {
    const ValueId id = Add(name, tensor.shape, tensor.type, {});
    graph_.value(id).constant = std::move(tensor);
    return id;
  }
  ValueId Layer(LayerBody body, std::vector<ValueId> inputs, Shape shape,
                ElementType type = ElementType::kFloat32,
                std::optional<Quantization> quantization = {}) {
    const ValueId id = Add("t" + std::to_string(graph_.values.size()), std::move(shape), type,
                           std::move(quantization));
    compiler::Layer layer;
    layer.name = "layer" + std::to_string(graph_.layers.size());
    layer.inputs = std::move(inputs);
    layer.outputs = {id};
    layer.body = std::move(body);
    graph_.layers.push_back(std::move(layer));
    return id;
  }
  LayerGraph Finish(ValueId output) {
    graph_.value(output).is_output = true;
    graph_.outputs = {output};
    return graph_;
  }

 private:
  ValueId Add(const std::string& name, Shape shape, ElementType type,
              std::optional<Quantization> quantization) {
    Value value;
    value.name = name;
    value.shape = std::move(shape);
    value.type = type;
    value.quantization = std::move(quantization);
    graph_.values.push_back(std::move(value));
    return static_cast<ValueId>(graph_.values.size()) - 1;
  }
  LayerGraph graph_;
};

HostTensor RandomFloats(Shape shape, uint32_t seed, float low = -2.0F, float high = 2.0F) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  HostTensor tensor(ElementType::kFloat32, std::move(shape));
  for (float& v : tensor.as<float>()) v = uniform(random);
  return tensor;
}

HostTensor RandomInt8(Shape shape, uint32_t seed) {
  std::mt19937 random(seed);
  HostTensor tensor(ElementType::kInt8, std::move(shape));
  for (int8_t& v : tensor.as<int8_t>()) v = static_cast<int8_t>(random());
  return tensor;
}

HostTensor Ints(std::vector<int64_t> values) {
  return MakeTensor<int64_t>(ElementType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

HostTensor Onnx(const std::string& op, std::map<std::string, AttributeValue> attributes,
                const std::vector<HostTensor>& inputs) {
  HostNode node;
  node.name = op;
  node.op_type = op;
  node.attributes = std::move(attributes);
  node.outputs = {"y"};
  std::vector<const HostTensor*> pointers;
  for (const HostTensor& input : inputs) {
    node.inputs.push_back("x" + std::to_string(pointers.size()));
    pointers.push_back(&input);
  }
  auto result = Evaluate(node, pointers);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? (*result)[0] : HostTensor();
}

HostTensor RunGraph(const LayerGraph& graph, const std::vector<HostTensor>& inputs) {
  const auto package = GenerateCode(graph, *isa::FindConfig("sim"));
  EXPECT_TRUE(package.ok()) << package.status().ToString();
  if (!package.ok()) return {};
  const PackageRun run = RunPackage(*package, inputs, 5);
  EXPECT_EQ(run.error, "");
  return run.outputs.empty() ? HostTensor() : run.outputs[0];
}

void ExpectNear(const HostTensor& got, const HostTensor& expected, double relative = 1e-5) {
  ASSERT_EQ(got.shape, expected.shape);
  double largest = 1e-30;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    largest = std::max(largest, std::abs(expected.ValueAt(i)));
  }
  for (int64_t i = 0; i < expected.elements(); ++i) {
    ASSERT_NEAR(got.ValueAt(i), expected.ValueAt(i), relative * largest) << "element " << i;
  }
}

// --- element by element --------------------------------------------------------------------------

TEST(Binary, AddsEqualShapes) {
  GraphBuilder g;
  const Shape shape = {1, 20, 7, 9};
  const ValueId a = g.Input("a", shape);
  const ValueId b = g.Input("b", shape);
  const LayerGraph graph = g.Finish(g.Layer(BinaryLayer{BinaryOp::kAdd, {}}, {a, b}, shape));
  const auto x = RandomFloats(shape, 1);
  const auto y = RandomFloats(shape, 2);
  ExpectNear(RunGraph(graph, {x, y}), Onnx("Add", {}, {x, y}), 0.0);
}

struct BroadcastCase {
  Shape a, b, out;
};
class BinaryBroadcast : public testing::TestWithParam<BroadcastCase> {};

TEST_P(BinaryBroadcast, FollowsNumpy) {
  const BroadcastCase& c = GetParam();
  const std::pair<BinaryOp, const char*> ops[] = {{BinaryOp::kSub, "Sub"},
                                                  {BinaryOp::kMul, "Mul"},
                                                  {BinaryOp::kMax, "Max"},
                                                  {BinaryOp::kDiv, "Div"}};
  for (const auto& [op, name] : ops) {
    GraphBuilder g;
    const ValueId a = g.Input("a", c.a);
    const ValueId b = g.Constant("b", RandomFloats(c.b, 4, 0.5F, 3.0F));
    const LayerGraph graph = g.Finish(g.Layer(BinaryLayer{op, {}}, {a, b}, c.out));
    const auto x = RandomFloats(c.a, 3);
    ExpectNear(RunGraph(graph, {x}), Onnx(name, {}, {x, *graph.values[1].constant}));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BinaryBroadcast,
                         testing::Values(BroadcastCase{{1, 20, 6, 5}, {}, {1, 20, 6, 5}},
                                         BroadcastCase{{1, 20, 6, 5}, {20, 1, 1}, {1, 20, 6, 5}},
                                         BroadcastCase{{1, 20, 6, 5}, {5}, {1, 20, 6, 5}},
                                         BroadcastCase{{1, 20, 6, 5}, {1, 1, 6, 1}, {1, 20, 6, 5}},
                                         BroadcastCase{{1, 20, 6, 5}, {1, 20, 6, 5}, {1, 20, 6, 5}},
                                         BroadcastCase{{3, 1}, {1, 4}, {3, 4}},
                                         BroadcastCase{{40}, {1}, {40}}));

TEST(Binary, RowBesideAnImageOfOneChannel) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 20, 6, 5});
  MatrixLayer conv;
  conv.weight = RandomFloats({1, 20, 1, 1}, 31);
  const ValueId b = g.Layer(conv, {a}, {1, 1, 6, 5});
  const auto row = RandomFloats({5}, 32);
  const ValueId c = g.Constant("c", row);
  BinaryLayer add;
  add.op = BinaryOp::kMax;
  const LayerGraph graph = g.Finish(g.Layer(add, {c, b}, {1, 1, 6, 5}));
  const auto x = RandomFloats({1, 20, 6, 5}, 33);
  ExpectNear(RunGraph(graph, {x}), Onnx("Max", {}, {row, Onnx("Conv", {}, {x, conv.weight})}),
             3e-5);
}

TEST(Binary, QuantisedAddWithReluRoundsOnce) {
  const Shape shape = {1, 17, 5, 6};
  const Quantization qa{{0.03F}, {4}, -1};
  const Quantization qb{{0.05F}, {-7}, -1};
  const Quantization qy{{0.04F}, {-20}, -1};
  GraphBuilder g;
  const ValueId a = g.Input("a", shape, ElementType::kInt8, qa);
  const ValueId b = g.Input("b", shape, ElementType::kInt8, qb);
  BinaryLayer add;
  add.activation.clamp_low = 0.0F;
  const LayerGraph graph = g.Finish(g.Layer(add, {a, b}, shape, ElementType::kInt8, qy));
  const auto x = RandomInt8(shape, 5);
  const auto y = RandomInt8(shape, 6);
  const HostTensor got = RunGraph(graph, {x, y});
  for (int64_t i = 0; i < got.elements(); ++i) {
    const double real = std::max(0.0, (x.ValueAt(i) - 4) * 0.03 + (y.ValueAt(i) + 7) * 0.05);
    EXPECT_NEAR(got.ValueAt(i), std::clamp(real / 0.04 - 20, -128.0, 127.0), 0.501) << i;
  }
}

TEST(Unary, FunctionsAgreeWithOnnx) {
  const std::tuple<Function, const char*, float, float> functions[] = {
      {Function::kSigmoid, "Sigmoid", -8.0F, 8.0F},
      {Function::kTanh, "Tanh", -5.0F, 5.0F},
      {Function::kExp, "Exp", -10.0F, 5.0F},
      {Function::kLog, "Log", 1e-6F, 50.0F},
      {Function::kSqrt, "Sqrt", 0.0F, 90.0F},
      {Function::kReciprocal, "Reciprocal", 0.1F, 9.0F}};
  for (const auto& [function, name, low, high] : functions) {
    const Shape shape = {1, 33, 50};
    GraphBuilder g;
    const ValueId a = g.Input("a", shape);
    UnaryLayer unary;
    unary.activation.function = function;
    const LayerGraph graph = g.Finish(g.Layer(unary, {a}, shape));
    const auto x = RandomFloats(shape, 7, low, high);
    SCOPED_TRACE(name);
    ExpectNear(RunGraph(graph, {x}), Onnx(name, {}, {x}), 2e-6);
  }
}

TEST(Unary, ScalesAndShiftsEachChannel) {
  const Shape shape = {2, 21, 4, 3};
  GraphBuilder g;
  const ValueId a = g.Input("a", shape);
  UnaryLayer unary;
  unary.axis = 1;
  unary.scale = RandomFloats({21}, 8).ToFloats();
  unary.bias = RandomFloats({21}, 9).ToFloats();
  const LayerGraph graph = g.Finish(g.Layer(unary, {a}, shape));
  const auto x = RandomFloats(shape, 10);
  const auto scale = MakeTensor<float>(ElementType::kFloat32, {21, 1, 1}, unary.scale);
  const auto bias = MakeTensor<float>(ElementType::kFloat32, {21, 1, 1}, unary.bias);
  ExpectNear(RunGraph(graph, {x}), Onnx("Add", {}, {Onnx("Mul", {}, {x, scale}), bias}), 0.0);
}

// --- windows and reductions
// ------------------------------------------------------------------------

TEST(Pool, MaxIgnoresPadding) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 19, 9, 11});
  PoolLayer pool;
  pool.kernel = {3, 3};
  pool.strides = {2, 2};
  pool.pads = {1, 1, 1, 1};
  const LayerGraph graph = g.Finish(g.Layer(pool, {a}, {1, 19, 5, 6}));
  const auto x = RandomFloats({1, 19, 9, 11}, 11, -9.0F, -1.0F);
  const std::vector<int64_t> kernel = {3, 3}, strides = {2, 2}, pads = {1, 1, 1, 1};
  ExpectNear(RunGraph(graph, {x}),
             Onnx("MaxPool", {{"kernel_shape", kernel}, {"strides", strides}, {"pads", pads}}, {x}),
             0.0);
}

TEST(Pool, MeanCountsPaddingWhenAsked) {
  for (const bool include : {false, true}) {
    GraphBuilder g;
    const ValueId a = g.Input("a", {1, 19, 9, 11});
    PoolLayer pool;
    pool.op = ReduceOp::kMean;
    pool.kernel = {3, 2};
    pool.strides = {2, 1};
    pool.pads = {1, 0, 1, 1};
    pool.count_include_pad = include;
    const LayerGraph graph = g.Finish(g.Layer(pool, {a}, {1, 19, 5, 11}));
    const auto x = RandomFloats({1, 19, 9, 11}, 12);
    const std::vector<int64_t> kernel = {3, 2}, strides = {2, 1}, pads = {1, 0, 1, 1};
    ExpectNear(RunGraph(graph, {x}), Onnx("AveragePool",
                                          {{"kernel_shape", kernel},
                                           {"strides", strides},
                                           {"pads", pads},
                                           {"count_include_pad", int64_t{include}}},
                                          {x}));
  }
}

TEST(Reduce, AnyAxes) {
  const Shape shape = {2, 18, 3, 5};
  for (int mask = 1; mask < 15; ++mask) {
    ReduceLayer reduce;
    std::vector<int64_t> axes;
    Shape out;
    for (int axis = 0; axis < 4; ++axis) {
      if ((mask >> axis) & 1) {
        reduce.axes.push_back(axis);
        axes.push_back(axis);
      } else {
        out.push_back(shape[static_cast<size_t>(axis)]);
      }
    }
    for (const auto& [op, name] :
         {std::pair(ReduceOp::kMax, "ReduceMax"), std::pair(ReduceOp::kMean, "ReduceMean")}) {
      reduce.op = op;
      GraphBuilder g;
      const ValueId a = g.Input("a", shape);
      const LayerGraph graph = g.Finish(g.Layer(reduce, {a}, out));
      const auto x = RandomFloats(shape, 13);
      SCOPED_TRACE(std::string(name) + " mask " + std::to_string(mask));
      ExpectNear(RunGraph(graph, {x}), Onnx(name, {{"axes", axes}, {"keepdims", int64_t{0}}}, {x}));
    }
  }
}

// Many groups of each partition become one before partitions are brought together; the last group
// may not reach all of them.
TEST(Reduce, PartitionsWithSeveralGroups) {
  for (const int64_t channels : {128, 129, 144, 200}) {
    const Shape shape = {2, channels, 3};
    for (const std::vector<int>& axes : {std::vector<int>{1}, std::vector<int>{0, 1, 2}}) {
      for (const auto& [op, name] :
           {std::pair(ReduceOp::kMin, "ReduceMin"), std::pair(ReduceOp::kMean, "ReduceMean")}) {
        GraphBuilder g;
        const ValueId a = g.Input("a", shape);
        const Shape out = axes.size() == 1 ? Shape{2, 1, 3} : Shape{1, 1, 1};
        const LayerGraph graph = g.Finish(g.Layer(ReduceLayer{op, axes}, {a}, out));
        const auto x = RandomFloats(shape, 16);
        SCOPED_TRACE(std::string(name) + " of " + ShapeToString(shape));
        const std::vector<int64_t> over(axes.begin(), axes.end());
        ExpectNear(RunGraph(graph, {x}), Onnx(name, {{"axes", over}}, {x}));
      }
    }
  }
}

TEST(Reduce, EverythingToAScalar) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 1, 8, 32});
  const LayerGraph graph =
      g.Finish(g.Layer(ReduceLayer{ReduceOp::kMax, {0, 1, 2, 3}}, {a}, Shape{}));
  const auto x = RandomFloats({1, 1, 8, 32}, 14);
  ExpectNear(RunGraph(graph, {x}), Onnx("ReduceMax", {{"keepdims", int64_t{0}}}, {x}), 0.0);
}

TEST(Softmax, AnyAxis) {
  for (int axis = 0; axis < 3; ++axis) {
    GraphBuilder g;
    const Shape shape = {3, 20, 6};
    const ValueId a = g.Input("a", shape);
    const LayerGraph graph = g.Finish(g.Layer(SoftmaxLayer{axis}, {a}, shape));
    const auto x = RandomFloats(shape, 15, -9.0F, 9.0F);
    ExpectNear(RunGraph(graph, {x}), Onnx("Softmax", {{"axis", int64_t{axis}}}, {x}), 4e-6);
  }
}

// The same layer on rows that lie across the partitions and on rows that lie along them, where
// `after` is the axis that a movement before it leaves there.
TEST(Normalize, RowsAcrossAndAlongPartitions) {
  const Shape shape = {2, 37, 40};
  const std::vector<float> scale = RandomFloats({40}, 18).ToFloats();
  const std::vector<float> bias = RandomFloats({40}, 19).ToFloats();
  const HostTensor x = RandomFloats(shape, 20, -3.0F, 9.0F);
  const HostTensor expected = Onnx("LayerNormalization", {{"epsilon", 1e-5F}},
                                   {x, RandomFloats({40}, 18), RandomFloats({40}, 19)});
  for (const bool along : {false, true}) {
    GraphBuilder g;
    ValueId a = g.Input("a", shape);
    if (along) {
      HostTensor identity(ElementType::kFloat32, {40, 40});
      for (size_t i = 0; i < 40; ++i) {
        identity.as<float>()[i * 41] = 1.0F;
      }
      MatrixLayer keep;
      keep.is_conv = false;
      keep.weight = identity;
      a = g.Layer(keep, {a}, shape);
    }
    const LayerGraph graph = g.Finish(g.Layer(NormalizeLayer{1e-5F, scale, bias}, {a}, shape));
    SCOPED_TRACE(along ? "columns on partitions" : "rows on partitions");
    ExpectNear(RunGraph(graph, {x}), expected, along ? 1e-4 : 1e-5);
  }
}

// --- movement ------------------------------------------------------------------------------------

TEST(Movement, ReshapesThatMixChannelsGoThroughMemory) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 20, 4, 3});
  const ValueId b = g.Layer(UnaryLayer{}, {a}, {1, 20, 4, 3});
  const ValueId c = g.Layer(ReshapeLayer{}, {b}, {6, 40});
  const LayerGraph graph = g.Finish(g.Layer(UnaryLayer{}, {c}, {6, 40}));
  HostTensor x = RandomFloats({1, 20, 4, 3}, 16);
  HostTensor expected = x;
  expected.shape = {6, 40};
  ExpectNear(RunGraph(graph, {x}), expected, 0.0);
}

TEST(Movement, TransposedTensorsCompute) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 6, 5, 18});
  const ValueId b = g.Layer(TransposeLayer{{0, 3, 1, 2}}, {a}, {1, 18, 6, 5});
  const ValueId c = g.Layer(UnaryLayer{}, {b}, {1, 18, 6, 5});
  const LayerGraph graph = g.Finish(g.Layer(TransposeLayer{{0, 2, 3, 1}}, {c}, {1, 6, 5, 18}));
  const auto x = RandomFloats({1, 6, 5, 18}, 17);
  ExpectNear(RunGraph(graph, {x}), x, 0.0);
}

TEST(Movement, ConcatenatesOnAnyAxis) {
  for (int axis = 0; axis < 4; ++axis) {
    Shape second = {2, 18, 3, 4};
    second[static_cast<size_t>(axis)] = 5;
    Shape out = {2, 18, 3, 4};
    out[static_cast<size_t>(axis)] += 5;
    GraphBuilder g;
    const ValueId a = g.Input("a", {2, 18, 3, 4});
    const ValueId b = g.Input("b", second);
    const ValueId c = g.Layer(ConcatLayer{axis}, {a, b}, out);
    const LayerGraph graph = g.Finish(g.Layer(UnaryLayer{}, {c}, out));
    const auto x = RandomFloats({2, 18, 3, 4}, 18);
    const auto y = RandomFloats(second, 19);
    SCOPED_TRACE(axis);
    ExpectNear(RunGraph(graph, {x, y}), Onnx("Concat", {{"axis", int64_t{axis}}}, {x, y}), 0.0);
  }
}

TEST(Movement, SlicesWithSteps) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 40, 7, 9});
  const ValueId b = g.Layer(UnaryLayer{}, {a}, {1, 40, 7, 9});
  const ValueId c = g.Layer(SliceLayer{{0, 3, 6, 0}, {1, 2, -1, 1}}, {b}, {1, 15, 4, 9});
  const LayerGraph graph = g.Finish(g.Layer(UnaryLayer{}, {c}, {1, 15, 4, 9}));
  const auto x = RandomFloats({1, 40, 7, 9}, 20);
  ExpectNear(RunGraph(graph, {x}),
             Onnx("Slice", {}, {x, Ints({3, 6}), Ints({33, 2}), Ints({1, 2}), Ints({2, -1})}), 0.0);
}

TEST(Movement, PadsWithAConstant) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 18, 4, 5});
  const LayerGraph graph =
      g.Finish(g.Layer(PadLayer{{0, 0, 1, 2}, {0, 0, 3, 0}, 0.5F}, {a}, {1, 18, 8, 7}));
  const auto x = RandomFloats({1, 18, 4, 5}, 21);
  const float value = 0.5F;
  const auto fill = MakeTensor<float>(ElementType::kFloat32, {}, std::span(&value, 1));
  ExpectNear(RunGraph(graph, {x}), Onnx("Pad", {}, {x, Ints({0, 0, 1, 2, 0, 0, 3, 0}), fill}), 0.0);
}

struct PaddingCase {
  const char* name;
  Shape in;
  std::vector<int64_t> low, high;
};
class Padding : public testing::TestWithParam<PaddingCase> {};

// The padded tensor is read by an engine; where it is larger than SBUF only in parts (tile_test).
TEST_P(Padding, SurroundsTheInput) {
  const PaddingCase& c = GetParam();
  Shape out = c.in;
  std::vector<int64_t> pads = c.low;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] += c.low[i] + c.high[i];
    pads.push_back(c.high[i]);
  }
  GraphBuilder g;
  const ValueId a = g.Input("a", c.in);
  const ValueId padded = g.Layer(PadLayer{c.low, c.high, 0.5F}, {a}, out);
  const bool fits = ElementCount(out) < 200'000;
  const LayerGraph graph = g.Finish(fits ? g.Layer(UnaryLayer{}, {padded}, out) : padded);
  const auto x = RandomFloats(c.in, 22);
  const float value = 0.5F;
  const auto fill = MakeTensor<float>(ElementType::kFloat32, {}, std::span(&value, 1));
  ExpectNear(RunGraph(graph, {x}), Onnx("Pad", {}, {x, Ints(pads), fill}), 0.0);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Padding,
    testing::Values(
        PaddingCase{"TooLargeForOnePartition", {3, 16, 8, 14}, {0, 3, 2, 0}, {1, 0, 3, 1}},
        PaddingCase{"EveryAxis", {3, 5, 7, 9}, {1, 2, 3, 1}, {2, 1, 0, 3}},
        PaddingCase{"OneLongAxis", {5000}, {3}, {2000}},
        PaddingCase{"EveryAxisAndLargerThanSbuf", {62, 60, 80}, {1, 3, 2}, {1, 2, 0}}),
    [](const auto& param) { return std::string(param.param.name); });

// --- products
// --------------------------------------------------------------------------------------

TEST(Conv, ReadsEverySecondColumn) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 1, 200});
  const ValueId b = g.Layer(PoolLayer{.kernel = {1, 2}}, {a}, {1, 1, 199});
  const ValueId c = g.Layer(SliceLayer{{0, 0, 71}, {1, 1, 2}}, {b}, {1, 1, 51});
  MatrixLayer matrix;
  matrix.weight = RandomFloats({40, 1, 1, 2}, 26);
  const LayerGraph graph = g.Finish(g.Layer(matrix, {c}, {1, 40, 50}));
  const auto x = RandomFloats({1, 1, 200}, 27);
  const std::vector<int64_t> kernel = {2};
  const auto pooled = Onnx("MaxPool", {{"kernel_shape", kernel}}, {x});
  const auto sliced = Onnx("Slice", {}, {pooled, Ints({71}), Ints({172}), Ints({2}), Ints({2})});
  HostTensor weight = matrix.weight;
  weight.shape = {40, 1, 2};
  ExpectNear(RunGraph(graph, {x}), Onnx("Conv", {}, {sliced, weight}), 3e-5);
}

// Rows and columns of a picture's part that run backwards, with taps packed or sharing passes and
// with each in a pass of its own (16 channels).
struct BackwardsCase {
  const char* name;
  int64_t row_step, column_step;
  Shape weights;
  int64_t stride = 1;
};
class BackwardsConv : public testing::TestWithParam<BackwardsCase> {};

TEST_P(BackwardsConv, ReadsWhatTheSliceShows) {
  const BackwardsCase& c = GetParam();
  const int64_t channels = c.weights[1];
  constexpr int64_t kHeight = 9;
  constexpr int64_t kWidth = 14;
  const Shape shape = {1, channels, kHeight, kWidth};
  const int64_t row = c.row_step < 0 ? kHeight - 2 : 1;
  const int64_t column = c.column_step < 0 ? kWidth - 2 : 1;
  const Shape part = {1, channels, 6, 11};
  GraphBuilder g;
  const ValueId a = g.Input("a", shape);
  const ValueId b = g.Layer(UnaryLayer{}, {a}, shape);
  const ValueId s =
      g.Layer(SliceLayer{{0, 0, row, column}, {1, 1, c.row_step, c.column_step}}, {b}, part);
  MatrixLayer matrix;
  matrix.weight = RandomFloats(c.weights, 41);
  matrix.strides = {c.stride, c.stride};
  const Shape out = {1, c.weights[0], (6 - c.weights[2]) / c.stride + 1,
                     (11 - c.weights[3]) / c.stride + 1};
  const LayerGraph graph = g.Finish(g.Layer(matrix, {s}, out));
  const auto x = RandomFloats(shape, 42);
  const auto sliced =
      Onnx("Slice", {},
           {x, Ints({row, column}), Ints({row + 6 * c.row_step, column + 11 * c.column_step}),
            Ints({2, 3}), Ints({c.row_step, c.column_step})});
  const std::vector<int64_t> strides = {c.stride, c.stride};
  ExpectNear(RunGraph(graph, {x}), Onnx("Conv", {{"strides", strides}}, {sliced, matrix.weight}),
             3e-5);
}

std::vector<BackwardsCase> BackwardsCases() {
  std::vector<BackwardsCase> cases;
  for (const auto& [way, row, column] :
       {std::tuple("Rows", -1, 1), std::tuple("Columns", 1, -1), std::tuple("Both", -1, -1)}) {
    for (const Shape& weights : {Shape{25, 1, 2, 1}, Shape{40, 1, 3, 3}, Shape{20, 3, 3, 3},
                                 Shape{17, 4, 1, 3}, Shape{8, 7, 2, 4}, Shape{8, 16, 3, 2}}) {
      for (const int64_t stride : {1, 2}) {
        cases.push_back({way, row, column, weights, stride});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Views, BackwardsConv, testing::ValuesIn(BackwardsCases()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           for (const int64_t size : info.param.weights) {
                             name += "_" + std::to_string(size);
                           }
                           return name + "_stride" + std::to_string(info.param.stride);
                         });

// The products that add up to an accurate one read the view and copies of it, in the same boxes.
TEST(Conv, AccurateProductsOfViewsWithGapsAndOfThoseThatRunBackwards) {
  const Shape shape = {1, 7, 22, 18};
  const Shape part = {1, 7, 20, 16};
  for (const int64_t row_step : {1, -1}) {
    for (const int64_t column_step : {1, -1}) {
      const int64_t row = row_step < 0 ? 20 : 1;
      const int64_t column = column_step < 0 ? 16 : 1;
      GraphBuilder g;
      const ValueId a = g.Input("a", shape);
      const ValueId b = g.Layer(UnaryLayer{}, {a}, shape);
      const ValueId s =
          g.Layer(SliceLayer{{0, 0, row, column}, {1, 1, row_step, column_step}}, {b}, part);
      MatrixLayer matrix;
      matrix.precision = Precision::kAccurate;
      matrix.weight = RandomFloats({9, 7, 1, 1}, 43);
      const LayerGraph graph = g.Finish(g.Layer(matrix, {s}, {1, 9, 20, 16}));
      const auto x = RandomFloats(shape, 44);
      const auto sliced =
          Onnx("Slice", {},
               {x, Ints({row, column}), Ints({row + 20 * row_step, column + 16 * column_step}),
                Ints({2, 3}), Ints({row_step, column_step})});
      ExpectNear(RunGraph(graph, {x}), Onnx("Conv", {}, {sliced, matrix.weight}), 3e-5);
    }
  }
}

// Taps that share a pass would lie where the other channels are.
TEST(Conv, SomeChannelsOfATensorThatIsReadLater) {
  GraphBuilder g;
  const Shape shape = {1, 16, 6, 8};
  const ValueId a = g.Input("a", shape);
  const ValueId b = g.Layer(UnaryLayer{}, {a}, shape);
  const ValueId some = g.Layer(SliceLayer{{0, 0, 0, 0}, {1, 1, 1, 1}}, {b}, {1, 4, 6, 8});
  MatrixLayer matrix;
  matrix.weight = RandomFloats({16, 4, 1, 3}, 31);
  matrix.pads = {0, 1, 0, 1};
  const ValueId c = g.Layer(matrix, {some}, shape);
  const LayerGraph graph = g.Finish(g.Layer(BinaryLayer{}, {b, c}, shape));
  const auto x = RandomFloats(shape, 32);
  const std::vector<int64_t> pads = {0, 1, 0, 1};
  const auto sliced = Onnx("Slice", {}, {x, Ints({0}), Ints({4}), Ints({1})});
  const auto product = Onnx("Conv", {{"pads", pads}}, {sliced, matrix.weight});
  ExpectNear(RunGraph(graph, {x}), Onnx("Add", {}, {x, product}), 3e-5);
}

// 16 channels: no tap shares a pass with another.
TEST(Conv, TapsWithoutWeightsTakeNoCycles) {
  const Shape shape = {1, 16, 2048};
  const auto conv = [&](const std::vector<int64_t>& taps) {
    MatrixLayer matrix;
    matrix.weight = HostTensor(ElementType::kFloat32, {16, 16, 1, 9});
    const auto values = RandomFloats(matrix.weight.shape, 51);
    for (int64_t i = 0; i < values.elements(); ++i) {
      if (std::ranges::count(taps, i % 9) != 0) {
        matrix.weight.as<float>()[static_cast<size_t>(i)] =
            values.as<float>()[static_cast<size_t>(i)];
      }
    }
    matrix.pads = {0, 4, 0, 4};
    return matrix;
  };
  const auto x = RandomFloats(shape, 52);
  const auto cycles = [&](const MatrixLayer& matrix) {
    GraphBuilder g;
    const ValueId a = g.Input("a", shape);
    const auto package =
        GenerateCode(g.Finish(g.Layer(matrix, {a}, shape)), *isa::FindConfig("sim"));
    EXPECT_TRUE(package.ok()) << package.status().ToString();
    const PackageRun run = RunPackage(*package, {x}, 5);
    EXPECT_EQ(run.error, "");
    HostTensor weight = matrix.weight;
    weight.shape = {16, 16, 9};
    const std::vector<int64_t> pads = {4, 4};
    ExpectNear(run.outputs[0], Onnx("Conv", {{"pads", pads}}, {x, weight}), 3e-5);
    return run.cycles;
  };
  const uint64_t all = cycles(conv({0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_LT(cycles(conv({0, 1, 4, 8})), all - 4 * 2048);
  EXPECT_LT(cycles(conv({3})), all - 7 * 2048);
  EXPECT_LT(cycles(conv({})), all - 4 * 2048);
}

TEST(Conv, WindowsOfFeaturesOnPartitions) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 1, 50});
  MatrixLayer linear;
  linear.is_conv = false;
  linear.weight = RandomFloats({9, 50}, 28);
  const ValueId b = g.Layer(linear, {a}, {1, 1, 9});
  MatrixLayer conv;
  conv.weight = RandomFloats({28, 1, 1, 5}, 29);
  const LayerGraph graph = g.Finish(g.Layer(conv, {b}, {1, 28, 5}));
  const auto x = RandomFloats({1, 1, 50}, 30);
  const std::vector<int64_t> perm = {1, 0};
  const auto features =
      Onnx("MatMul", {}, {x, Onnx("Transpose", {{"perm", perm}}, {linear.weight})});
  HostTensor weight = conv.weight;
  weight.shape = {28, 1, 5};
  ExpectNear(RunGraph(graph, {x}), Onnx("Conv", {}, {features, weight}), 3e-5);
}

// Inputs of every size from 2^-10 to 2; with taps packed (3 channels), with a group of channels
// that is not full (20) and with full ones (32). Weights of many bits need accurate products, for
// those of few the precision of activations is enough.
class PreciseConv : public testing::TestWithParam<std::tuple<int64_t, Precision>> {};

TEST_P(PreciseConv, KeepsTheDigitsOfFloats) {
  const int64_t channels = std::get<0>(GetParam());
  const Precision precise = std::get<1>(GetParam());
  MatrixLayer matrix;
  matrix.weight = RandomFloats({18, channels, 3, 3}, 31);
  if (precise == Precision::kActivations) {
    for (float& weight : matrix.weight.as<float>()) {
      weight = std::nearbyint(weight * 64) / 64;
    }
  }
  matrix.bias = {RandomFloats({18}, 32).ToFloats()};
  matrix.pads = {1, 1, 1, 1};
  HostTensor x = RandomFloats({1, channels, 9, 11}, 33);
  for (size_t i = 0; i < x.as<float>().size(); ++i) {
    x.as<float>()[i] = std::ldexp(x.as<float>()[i], -static_cast<int>(i % 11));
  }
  HostTensor bias(ElementType::kFloat32, {18});
  std::ranges::copy(matrix.bias, bias.as<float>().begin());
  const std::vector<int64_t> pads = {1, 1, 1, 1};
  const HostTensor expected = Onnx("Conv", {{"pads", pads}}, {x, matrix.weight, bias});
  const auto largest_error = [&](Precision precision) {
    matrix.precision = precision;
    GraphBuilder g;
    const ValueId a = g.Input("a", {1, channels, 9, 11});
    const HostTensor got = RunGraph(g.Finish(g.Layer(matrix, {a}, {1, 18, 9, 11})), {x});
    double error = 0.0;
    double largest = 0.0;
    for (int64_t i = 0; i < std::min(got.elements(), expected.elements()); ++i) {
      error = std::max(error, std::abs(got.ValueAt(i) - expected.ValueAt(i)));
      largest = std::max(largest, std::abs(expected.ValueAt(i)));
    }
    return error / largest;
  };
  const double error = largest_error(precise);
  // docs/numerics.md section 4: one FP32 addition for each slice of the products, beside what the
  // split operands lose.
  const int64_t slices = ProductsFor(precise) *
                         (channels < 16 ? (9 * channels + 15) / 16 : 9 * ((channels + 15) / 16));
  EXPECT_LT(error, 0x1p-20 + static_cast<double>(slices) * 0x1p-24) << "of the largest output";
  EXPECT_GT(largest_error(Precision::kFast), 4 * error);
}

INSTANTIATE_TEST_SUITE_P(Channels, PreciseConv,
                         testing::Combine(testing::Values(3, 20, 32),
                                          testing::Values(Precision::kActivations,
                                                          Precision::kAccurate)));

TEST(Linear, AccurateKeepsTheDigitsOfFloats) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {1, 5, 70});
  MatrixLayer matrix;
  matrix.is_conv = false;
  matrix.precision = Precision::kAccurate;
  matrix.weight = RandomFloats({37, 70}, 34);
  const LayerGraph graph = g.Finish(g.Layer(matrix, {a}, {1, 5, 37}));
  const auto x = RandomFloats({1, 5, 70}, 35);
  const std::vector<int64_t> perm = {1, 0};
  const auto transposed = Onnx("Transpose", {{"perm", perm}}, {matrix.weight});
  ExpectNear(RunGraph(graph, {x}), Onnx("MatMul", {}, {x, transposed}), 0x1p-20);
}

TEST(Linear, TokensTimesWeights) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {2, 5, 70});
  MatrixLayer matrix;
  matrix.is_conv = false;
  matrix.weight = RandomFloats({37, 70}, 22);
  const LayerGraph graph = g.Finish(g.Layer(matrix, {a}, {2, 5, 37}));
  const auto x = RandomFloats({2, 5, 70}, 23);
  const std::vector<int64_t> perm = {1, 0};
  const auto transposed = Onnx("Transpose", {{"perm", perm}}, {matrix.weight});
  ExpectNear(RunGraph(graph, {x}), Onnx("MatMul", {}, {x, transposed}), 3e-5);
}

TEST(BatchMatmul, TwoComputedOperands) {
  GraphBuilder g;
  const ValueId a = g.Input("a", {2, 3, 10, 21});
  const ValueId b = g.Input("b", {2, 3, 21, 19});
  const LayerGraph graph = g.Finish(g.Layer(BatchMatmulLayer{0.5F}, {a, b}, {2, 3, 10, 19}));
  const auto x = RandomFloats({2, 3, 10, 21}, 24);
  const auto y = RandomFloats({2, 3, 21, 19}, 25);
  HostTensor expected = Onnx("MatMul", {}, {x, y});
  for (float& v : expected.as<float>()) v *= 0.5F;
  ExpectNear(RunGraph(graph, {x, y}), expected, 3e-5);
}

TEST(Memory, WhatDoesNotFitIsNamed) {
  GraphBuilder g;
  const Shape shape = {1, 16, 140, 140};
  const ValueId a = g.Input("activations", shape);
  const LayerGraph graph = g.Finish(g.Layer(UnaryLayer{}, {a}, shape));
  const auto package = GenerateCode(graph, *isa::FindConfig("sim"));
  ASSERT_FALSE(package.ok());
  EXPECT_EQ(package.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(package.status().message().find("activations"), std::string::npos)
      << package.status().message();
}

}  // namespace
}  // namespace neuron::compiler
