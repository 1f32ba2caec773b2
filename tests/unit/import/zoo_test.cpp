// SPDX-License-Identifier: Apache-2.0
// Real models through the importer and the reference executor agree with ONNX Runtime.
#include "tests/unit/import/zoo.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/compiler/import/import.h"
#include "host/compiler/import/reference.h"

namespace neuron::compiler {
namespace {

struct ZooModel {
  const char* name;
  int host_layers;  // how many may be left to the host
};

class ZooTest : public testing::TestWithParam<ZooModel> {};

int CountHostLayers(const LayerGraph& graph) {
  int count = 0;
  for (const Layer& layer : graph.layers) {
    count += std::holds_alternative<HostLayer>(layer.body) ? 1 : 0;
  }
  return count;
}

// The largest difference from `expected`, in its units.
double LargestError(const HostTensor& actual, const HostTensor& expected) {
  double error = 0.0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double difference = std::fabs(actual.ValueAt(i) - expected.ValueAt(i));
    error = std::isnan(difference) ? INFINITY : std::max(error, difference);
  }
  return error;
}

double Peak(const HostTensor& tensor) {
  double peak = 0.0;
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    peak = std::max(peak, std::fabs(tensor.ValueAt(i)));
  }
  return peak;
}

void CheckCase(const zoo::Model& model, const zoo::Case& item, int host_layers) {
  ImportOptions options;
  options.path = model.file.string();
  ASSERT_EQ(model.input_names.size(), item.inputs.size());
  for (size_t i = 0; i < item.inputs.size(); ++i) {
    options.input_shapes[model.input_names[i]] = item.inputs[i].shape;
  }
  auto graph = ImportModel(options);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_LE(CountHostLayers(*graph), host_layers) << ToText(*graph);
  auto outputs = RunReference(*graph, item.inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  ASSERT_EQ(outputs->size(), item.outputs.size());
  for (size_t i = 0; i < outputs->size(); ++i) {
    const HostTensor& expected = item.outputs[i];
    ASSERT_EQ((*outputs)[i].shape, expected.shape);
    ASSERT_EQ((*outputs)[i].type, expected.type);
    const bool is_float = expected.type == ElementType::kFloat32;
    const double stated = i < model.absolute.size() ? model.absolute[i] : 0.0;
    const double allowed =
        is_float ? std::max(1e-3 * Peak(expected), stated) : model.max_lsb.value_or(0);
    const double error = LargestError((*outputs)[i], expected);
    EXPECT_LE(error, allowed) << "output " << i << ", peak " << Peak(expected);
    testing::Test::RecordProperty("largest_error_" + std::to_string(i), std::to_string(error));
  }
}

TEST_P(ZooTest, AgreesWithOnnxRuntime) {
  const auto folder = zoo::Find();
  if (!folder) {
    GTEST_SKIP() << "no model zoo: set NEURON_ZOO to its folder";
  }
  auto model = zoo::Load(*folder, GetParam().name, 2);
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  ASSERT_FALSE(model->cases.empty());
  for (const zoo::Case& item : model->cases) {
    SCOPED_TRACE(item.name);
    CheckCase(*model, item, GetParam().host_layers);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, ZooTest,
    testing::Values(
        ZooModel{"wakeword_melspectrogram", 0}, ZooModel{"wakeword_embedding", 0},
        ZooModel{"wakeword_alexa", 0}, ZooModel{"anomaly_fp32", 0}, ZooModel{"anomaly_int8", 0},
        ZooModel{"resnet8_fp32", 0}, ZooModel{"resnet8_int8", 0}, ZooModel{"kws_dscnn_int8", 0},
        ZooModel{"streaming_wakeword_int8", 0}, ZooModel{"vww_mobilenet_fp32", 0},
        ZooModel{"vww_mobilenet_int8", 0}, ZooModel{"mobilenet_v1_025_128_uint8", 0},
        ZooModel{"mobilenet_v1_025_224_fp32", 0}, ZooModel{"blazeface_front", 0},
        ZooModel{"ultraface_rfb320", 0}, ZooModel{"ppocr_rec", 0}, ZooModel{"ppocr_det", 0},
        ZooModel{"stories260k_t64", 0}, ZooModel{"movie_review", 0}, ZooModel{"g2p_encoder", 0},
        ZooModel{"g2p_decoder", 0}, ZooModel{"lyragan_decoder", 0}, ZooModel{"hifigan_v2", 0}),
    [](const testing::TestParamInfo<ZooModel>& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace neuron::compiler
