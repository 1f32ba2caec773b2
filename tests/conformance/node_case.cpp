// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/node_case.h"

#include <onnx/onnx_pb.h>

#include <fstream>
#include <set>

#include "host/compiler/import/onnx_types.h"

namespace neuron::conformance {
namespace {

namespace fs = std::filesystem;

// stem_0.pb, stem_1.pb, ...
Result<std::vector<HostTensor>> ReadTensors(const fs::path& folder, const std::string& stem) {
  std::vector<HostTensor> tensors;
  for (int i = 0;; ++i) {
    const fs::path path = folder / (stem + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) {
      return tensors;
    }
    onnx::TensorProto proto;
    std::ifstream file(path, std::ios::binary);
    if (!proto.ParseFromIstream(&file)) {
      return Status(StatusCode::kUnsupported, path.filename().string() + " is no dense tensor");
    }
    NEURON_ASSIGN_OR_RETURN(HostTensor tensor, compiler::TensorFromProto(proto, stem));
    tensors.push_back(std::move(tensor));
  }
}

}  // namespace

Result<std::vector<std::string>> ReadNames(const fs::path& list) {
  std::ifstream file(list);
  if (!file) {
    return Status(StatusCode::kIoError, "cannot read '" + list.string() + "'");
  }
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty()) {
      names.push_back(line);
    }
  }
  return names;
}

Result<std::vector<std::string>> ReadInputNames(const fs::path& model) {
  onnx::ModelProto proto;
  std::ifstream file(model, std::ios::binary);
  if (!proto.ParseFromIstream(&file)) {
    return Status(StatusCode::kDataCorrupt, "'" + model.string() + "' is no ONNX model");
  }
  std::set<std::string> initializers;
  for (const auto& initializer : proto.graph().initializer()) {
    initializers.insert(initializer.name());
  }
  std::vector<std::string> names;
  for (const auto& input : proto.graph().input()) {
    if (!initializers.contains(input.name())) {
      names.push_back(input.name());
    }
  }
  return names;
}

Result<std::vector<DataSet>> ReadDataSets(const fs::path& folder) {
  std::vector<DataSet> sets;
  for (int i = 0;; ++i) {
    const fs::path data = folder / ("test_data_set_" + std::to_string(i));
    if (!fs::exists(data)) {
      break;
    }
    DataSet set;
    NEURON_ASSIGN_OR_RETURN(set.inputs, ReadTensors(data, "input"));
    NEURON_ASSIGN_OR_RETURN(set.outputs, ReadTensors(data, "output"));
    sets.push_back(std::move(set));
  }
  if (sets.empty()) {
    return Status(StatusCode::kIoError, "no data in '" + folder.string() + "'");
  }
  return sets;
}

}  // namespace neuron::conformance
