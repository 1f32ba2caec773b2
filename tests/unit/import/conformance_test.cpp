// SPDX-License-Identifier: Apache-2.0
// The ONNX project's own test cases (Debian package libonnx-testdata), each run operator by
// operator through Evaluate, and as a whole through the importer and the reference executor.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "host/compiler/import/import.h"
#include "host/compiler/import/onnx_reader.h"
#include "host/compiler/import/onnx_types.h"
#include "host/compiler/import/reference.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "/usr/share/libonnx-testdata/data";

// Cases whose stored result is not the operator's, by name.
bool IsExcluded(const std::string& name) {
  // Random masks and training statistics; types that tensors here do not have.
  for (const char* part : {"dropout", "training", "bernoulli", "random", "cast_FLOAT_to_STRING",
                           "cast_STRING", "identity_opt", "identity_sequence", "maxunpool"}) {
    if (name.find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::vector<std::byte> ReadBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::byte> bytes(text.size());
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), text.size(), bytes.begin());
  return bytes;
}

// input_0.pb, input_1.pb, ...; nothing when one has a type that no operator here handles.
std::optional<std::vector<HostTensor>> ReadTensors(const fs::path& folder,
                                                   const std::string& stem) {
  std::vector<HostTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path path = folder / (stem + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) {
      return tensors;
    }
    onnx::TensorProto proto;
    std::ifstream file(path, std::ios::binary);
    if (!proto.ParseFromIstream(&file)) {
      return std::nullopt;
    }
    auto tensor = TensorFromProto(proto, path.string());
    if (!tensor.ok()) {
      return std::nullopt;
    }
    tensors.push_back(std::move(*tensor));
  }
}

struct Example {
  std::string name;
  fs::path model;
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
};

std::vector<Example> Examples() {
  std::vector<Example> examples;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator", "simple"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(kFolder) / group, error)) {
      const fs::path data = entry.path() / "test_data_set_0";
      const std::string name = std::string(group) + "/" + entry.path().filename().string();
      if (IsExcluded(name) || !fs::exists(data)) {
        continue;
      }
      auto inputs = ReadTensors(data, "input");
      auto outputs = ReadTensors(data, "output");
      if (inputs && outputs) {
        examples.push_back({name, entry.path() / "model.onnx", *inputs, *outputs});
      }
    }
  }
  return examples;
}

// Empty when every element agrees, else where the first difference is.
std::string Difference(const HostTensor& actual, const HostTensor& expected, double relative) {
  if (actual.type != expected.type || actual.shape != expected.shape) {
    return std::string("got ") + ElementTypeName(actual.type) + ShapeToString(actual.shape) +
           ", expected " + ElementTypeName(expected.type) + ShapeToString(expected.shape);
  }
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double a = actual.ValueAt(i);
    const double e = expected.ValueAt(i);
    const bool is_float = ElementTypeName(expected.type)[0] == 'f';
    const double allowed = is_float ? 1e-6 + relative * std::fabs(e) : 0.0;
    const bool same = a == e || (std::isnan(a) && std::isnan(e)) || std::fabs(a - e) <= allowed;
    if (!same) {
      return "element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " +
             std::to_string(e);
    }
  }
  return "";
}

double ToleranceOf(const Example& example) {
  return example.name.find("FLOAT16") != std::string::npos ? 1e-2 : 1e-3;
}

void Compare(const Example& example, const std::vector<HostTensor>& outputs) {
  ASSERT_GE(outputs.size(), example.outputs.size()) << example.name;
  for (size_t i = 0; i < example.outputs.size(); ++i) {
    EXPECT_EQ(Difference(outputs[i], example.outputs[i], ToleranceOf(example)), "")
        << example.name << " output " << i;
  }
}

// Runs the nodes one by one.
Result<std::vector<HostTensor>> RunNodes(const Example& example) {
  NEURON_ASSIGN_OR_RETURN(const Graph graph, ReadOnnx(ReadBytes(example.model)));
  std::map<std::string, HostTensor> tensors;
  for (const auto& [name, info] : graph.tensors) {
    tensors[name] = *info.constant;
  }
  for (size_t i = 0; i < example.inputs.size() && i < graph.inputs.size(); ++i) {
    tensors[graph.inputs[i].name] = example.inputs[i];
  }
  for (const HostNode& node : graph.nodes) {
    std::vector<const HostTensor*> operands;
    for (const std::string& name : node.inputs) {
      operands.push_back(name.empty() ? nullptr : &tensors[name]);
    }
    NEURON_ASSIGN_OR_RETURN(auto results, Evaluate(node, operands));
    for (size_t i = 0; i < results.size(); ++i) {
      tensors[node.outputs[i]] = std::move(results[i]);
    }
  }
  std::vector<HostTensor> outputs;
  for (const std::string& name : graph.outputs) {
    outputs.push_back(tensors[name]);
  }
  return outputs;
}

TEST(ConformanceTest, EvaluateAgreesOrRefuses) {
  const std::vector<Example> examples = Examples();
  if (examples.empty()) {
    GTEST_SKIP() << "no test data: install the Debian package libonnx-testdata";
  }
  int agreed = 0;
  for (const Example& example : examples) {
    const auto outputs = RunNodes(example);
    if (outputs.ok()) {
      Compare(example, *outputs);
      ++agreed;
    } else {
      EXPECT_EQ(outputs.status().code(), StatusCode::kUnsupported)
          << example.name << ": " << outputs.status().ToString();
    }
  }
  EXPECT_GE(agreed, 450);
  RecordProperty("agreed", agreed);
}

TEST(ConformanceTest, ImportedModelsAgreeOrAreRefused) {
  const std::vector<Example> examples = Examples();
  if (examples.empty()) {
    GTEST_SKIP() << "no test data: install the Debian package libonnx-testdata";
  }
  int agreed = 0;
  for (const Example& example : examples) {
    ImportOptions options;
    options.path = example.model.string();
    const auto graph = ImportModel(options);
    if (!graph.ok()) {
      EXPECT_NE(graph.status().code(), StatusCode::kInternal)
          << example.name << ": " << graph.status().ToString();
      continue;
    }
    const auto outputs = RunReference(*graph, example.inputs);
    if (outputs.ok()) {
      Compare(example, *outputs);
      ++agreed;
    } else {
      EXPECT_EQ(outputs.status().code(), StatusCode::kUnsupported)
          << example.name << ": " << outputs.status().ToString();
    }
  }
  EXPECT_GE(agreed, 400);
  RecordProperty("agreed", agreed);
}

}  // namespace
}  // namespace neuron::compiler
