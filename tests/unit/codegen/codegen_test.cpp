// SPDX-License-Identifier: Apache-2.0
// Single layers through the code generator and the functional model, against plain loops.
#include "host/compiler/codegen/codegen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/unit/codegen/package_runner.h"

namespace neuron::compiler {
namespace {

struct ConvCase {
  std::string name;
  Shape input;  // [N, C, H, W] or [N, C, W]
  int64_t outputs = 1;
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  int64_t group = 1;
};

Shape OutputShape(const ConvCase& c) {
  Shape out = c.input;
  out[1] = c.outputs;
  const size_t spatial = c.input.size() - 2;
  for (size_t i = 0; i < spatial; ++i) {
    const size_t k = 2 - spatial + i;
    out[2 + i] =
        (c.input[2 + i] + c.pads[k] + c.pads[2 + k] - c.dilations[k] * (c.kernel[k] - 1) - 1) /
            c.strides[k] +
        1;
  }
  return out;
}

// Sums of a convolution in double; x and w are real values.
std::vector<double> Convolve(const ConvCase& c, const std::vector<double>& x,
                             const std::vector<double>& w) {
  const Shape out = OutputShape(c);
  const bool flat = c.input.size() == 3;
  const int64_t height = flat ? 1 : c.input[2];
  const int64_t width = c.input.back();
  const int64_t out_height = flat ? 1 : out[2];
  const int64_t out_width = out.back();
  const int64_t kernel_height = flat ? 1 : c.kernel[0];
  const int64_t per_in = c.input[1] / c.group;
  const int64_t per_out = c.outputs / c.group;
  std::vector<double> sums;
  for (int64_t n = 0; n < c.input[0]; ++n) {
    for (int64_t m = 0; m < c.outputs; ++m) {
      for (int64_t oy = 0; oy < out_height; ++oy) {
        for (int64_t ox = 0; ox < out_width; ++ox) {
          double sum = 0;
          for (int64_t k = 0; k < per_in; ++k) {
            for (int64_t ky = 0; ky < kernel_height; ++ky) {
              for (int64_t kx = 0; kx < c.kernel[1]; ++kx) {
                const int64_t y = flat ? 0 : oy * c.strides[0] + ky * c.dilations[0] - c.pads[0];
                const int64_t at = ox * c.strides[1] + kx * c.dilations[1] - c.pads[1];
                if (y < 0 || y >= height || at < 0 || at >= width) {
                  continue;
                }
                const int64_t channel = m / per_out * per_in + k;
                sum += x[((n * c.input[1] + channel) * height + y) * width + at] *
                       w[((m * per_in + k) * kernel_height + ky) * c.kernel[1] + kx];
              }
            }
          }
          sums.push_back(sum);
        }
      }
    }
  }
  return sums;
}

Shape WeightShape(const ConvCase& c) {
  return {c.outputs, c.input[1] / c.group, c.kernel[0], c.kernel[1]};
}

LayerGraph OneLayer(Value input, Value output, LayerBody body) {
  LayerGraph graph;
  graph.model_name = "one_layer";
  input.name = "x";
  input.is_input = true;
  output.name = "y";
  output.is_output = true;
  graph.values = {std::move(input), std::move(output)};
  Layer layer;
  layer.name = "layer";
  layer.inputs = {0};
  layer.outputs = {1};
  layer.body = std::move(body);
  graph.layers.push_back(std::move(layer));
  graph.inputs = {0};
  graph.outputs = {1};
  return graph;
}

MatrixLayer Geometry(const ConvCase& c) {
  MatrixLayer matrix;
  matrix.strides = c.strides;
  matrix.dilations = c.dilations;
  matrix.pads = c.pads;
  matrix.group = c.group;
  return matrix;
}

class Conv : public testing::TestWithParam<ConvCase> {};

TEST_P(Conv, FloatAgreesWithPlainLoops) {
  const ConvCase& c = GetParam();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  HostTensor x(ElementType::kFloat32, c.input);
  MatrixLayer matrix = Geometry(c);
  matrix.weight = HostTensor(ElementType::kFloat32, WeightShape(c));
  for (float& v : x.as<float>()) v = normal(random);
  for (float& v : matrix.weight.as<float>()) v = normal(random);
  for (int64_t m = 0; m < c.outputs; ++m) matrix.bias.push_back(normal(random));
  matrix.activation.function = Function::kLeaky;
  matrix.activation.alpha = 0.25F;
  const std::vector<float> wf = matrix.weight.ToFloats();
  const std::vector<float> xf = x.ToFloats();
  std::vector<double> expected = Convolve(c, {xf.begin(), xf.end()}, {wf.begin(), wf.end()});
  const Shape out = OutputShape(c);
  const int64_t plane = ElementCount(out) / out[0] / out[1];
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    expected[i] += matrix.bias[i / static_cast<size_t>(plane) % static_cast<size_t>(out[1])];
    expected[i] = expected[i] < 0 ? expected[i] * 0.25 : expected[i];
    largest = std::max(largest, std::abs(expected[i]));
  }
  Value in;
  in.shape = c.input;
  Value result;
  result.shape = out;
  const LayerGraph graph = OneLayer(in, result, matrix);
  const auto package = GenerateCode(graph, *isa::FindConfig("sim"));
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  const PackageRun run = RunPackage(*package, {x});
  ASSERT_EQ(run.error, "");
  const auto got = run.outputs[0].as<float>();
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], 1e-4 * largest) << "element " << i;
  }
}

TEST_P(Conv, Int8IsExact) {
  const ConvCase& c = GetParam();
  std::mt19937 random(11);
  HostTensor x(ElementType::kInt8, c.input);
  MatrixLayer matrix = Geometry(c);
  matrix.weight = HostTensor(ElementType::kInt8, WeightShape(c));
  constexpr int32_t kZeroIn = 5;
  constexpr int32_t kZeroOut = -17;
  for (int8_t& v : x.as<int8_t>()) v = static_cast<int8_t>(random());
  for (int8_t& v : matrix.weight.as<int8_t>()) v = static_cast<int8_t>(random());
  for (int64_t m = 0; m < c.outputs; ++m) {
    matrix.bias_int.push_back(static_cast<int32_t>(random() % 20001) - 10000);
    matrix.scale.push_back(1e-3F * static_cast<float>(1 + random() % 7));
  }
  std::vector<double> xd;
  std::vector<double> wd;
  for (const int8_t v : x.as<int8_t>()) xd.push_back(v - kZeroIn);
  for (const int8_t v : matrix.weight.as<int8_t>()) wd.push_back(v);
  const std::vector<double> sums = Convolve(c, xd, wd);
  const Shape out = OutputShape(c);
  const auto plane = static_cast<size_t>(ElementCount(out) / out[0] / out[1]);
  Value in;
  in.shape = c.input;
  in.type = ElementType::kInt8;
  in.quantization = Quantization{{0.5F}, {kZeroIn}, -1};
  Value result;
  result.shape = out;
  result.type = ElementType::kInt8;
  result.quantization = Quantization{{0.25F}, {kZeroOut}, -1};
  const LayerGraph graph = OneLayer(in, result, matrix);
  const auto package = GenerateCode(graph, *isa::FindConfig("sim"));
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  const PackageRun run = RunPackage(*package, {x}, 3);
  ASSERT_EQ(run.error, "");
  const auto got = run.outputs[0].as<int8_t>();
  for (size_t i = 0; i < sums.size(); ++i) {
    const size_t m = i / plane % static_cast<size_t>(out[1]);
    const float t =
        static_cast<float>(static_cast<int32_t>(sums[i]) + matrix.bias_int[m]) * matrix.scale[m];
    const double expected = std::clamp<double>(std::nearbyint(t) + kZeroOut, -128, 127);
    ASSERT_EQ(static_cast<double>(got[i]), expected) << "element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Conv,
    testing::Values(
        ConvCase{"Pointwise", {1, 24, 9, 7}, 20},
        ConvCase{"Padded3x3", {1, 16, 12, 10}, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        ConvCase{"PartialGroups", {1, 24, 8, 9}, 40, {3, 1}, {1, 1}, {1, 1}, {1, 0, 1, 0}},
        ConvCase{
            "StridedAsymmetricPads", {1, 32, 11, 13}, 33, {3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}},
        ConvCase{"Dilated", {1, 20, 14, 14}, 8, {3, 3}, {1, 1}, {2, 3}, {2, 3, 2, 3}},
        ConvCase{"FewChannelsPackTaps", {1, 3, 20, 22}, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        ConvCase{
            "OneChannelStridedPackTaps", {1, 1, 49, 10}, 64, {10, 4}, {2, 2}, {1, 1}, {4, 1, 5, 1}},
        ConvCase{"Depthwise", {1, 40, 9, 9}, 40, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 40},
        ConvCase{"Grouped", {1, 32, 6, 6}, 48, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}, 4},
        ConvCase{"Batch", {3, 18, 5, 6}, 17, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        ConvCase{"OneDimensional", {1, 20, 50}, 24, {1, 5}, {1, 2}, {1, 1}, {0, 2, 0, 2}},
        ConvCase{"TapsShareAPass", {1, 6, 12, 40}, 20, {3, 5}, {1, 1}, {1, 2}, {1, 4, 1, 4}},
        ConvCase{
            "TapsOfASequenceShareAPass", {1, 8, 300}, 8, {1, 11}, {1, 1}, {1, 3}, {0, 15, 0, 15}},
        ConvCase{"StridedTapsShareAPass", {1, 5, 11, 64}, 40, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}},
        ConvCase{"WindowsOfASignal", {1, 1, 400}, 33, {1, 64}, {1, 40}},
        ConvCase{"WideRows", {1, 4, 3, 700}, 5, {1, 1}},
        ConvCase{"WholeImage", {1, 96, 3, 1}, 96, {3, 1}}),
    [](const testing::TestParamInfo<ConvCase>& info) { return info.param.name; });

// Input i is i everywhere, output i is its input times two.
TEST(Codegen, MoreTensorsThanSegmentsShareThem) {
  constexpr int kPairs = 40;
  static_assert(2 * kPairs > static_cast<int>(isa::kNumSegments));
  LayerGraph graph;
  graph.model_name = "many";
  std::vector<HostTensor> inputs;
  for (int i = 0; i < kPairs; ++i) {
    Value x;
    x.name = "x" + std::to_string(i);
    x.shape = {2, 5 + i};
    x.is_input = true;
    Value y;
    y.name = "y" + std::to_string(i);
    y.shape = x.shape;
    y.is_output = true;
    HostTensor input(ElementType::kFloat32, x.shape);
    std::ranges::fill(input.as<float>(), static_cast<float>(i));
    inputs.push_back(std::move(input));
    Layer layer;
    layer.name = "double" + std::to_string(i);
    layer.inputs = {2 * i};
    layer.outputs = {2 * i + 1};
    UnaryLayer twice;
    twice.scale = {2.0F};
    layer.body = std::move(twice);
    graph.inputs.push_back(2 * i);
    graph.outputs.push_back(2 * i + 1);
    graph.values.push_back(std::move(x));
    graph.values.push_back(std::move(y));
    graph.layers.push_back(std::move(layer));
  }
  const auto package = GenerateCode(graph, *isa::FindConfig("sim"));
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  EXPECT_EQ(package->segments.size(), 4U);
  const PackageRun run = RunPackage(*package, inputs);
  ASSERT_EQ(run.error, "");
  for (int i = 0; i < kPairs; ++i) {
    for (const float value : run.outputs[static_cast<size_t>(i)].as<float>()) {
      EXPECT_EQ(value, 2 * i) << "output " << i;
    }
  }
}

}  // namespace
}  // namespace neuron::compiler
