// SPDX-License-Identifier: Apache-2.0
// The ONNX project's own tests as Debian ships them (package libonnx-testdata): one model each,
// with inputs and the outputs that the operator's definition gives.
#ifndef NEURON_TESTS_CONFORMANCE_NODE_CASE_H_
#define NEURON_TESTS_CONFORMANCE_NODE_CASE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::conformance {

// Where the Debian package puts its files.
inline constexpr const char* kDataFolder = "/usr/share/libonnx-testdata/data";

// Inputs and expected outputs in the graph's order.
struct DataSet {
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
};

// The names in a list of tests, "node/test_add": one a line; what follows '#' is a remark.
// kIoError when the file cannot be read.
Result<std::vector<std::string>> ReadNames(const std::filesystem::path& list);

// The graph's inputs that are no initialisers, in its order; input_N.pb is the value of the Nth.
// kDataCorrupt when the file is no model.
Result<std::vector<std::string>> ReadInputNames(const std::filesystem::path& model);

// test_data_set_0, test_data_set_1, ... of a test's folder. kIoError for a missing or unreadable
// file, kUnsupported for values that are no dense tensors of a type that HostTensor has.
Result<std::vector<DataSet>> ReadDataSets(const std::filesystem::path& folder);

}  // namespace neuron::conformance

#endif  // NEURON_TESTS_CONFORMANCE_NODE_CASE_H_
