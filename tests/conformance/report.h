// SPDX-License-Identifier: Apache-2.0
// Many conformance tests, and the page that lists their outcomes.
#ifndef NEURON_TESTS_CONFORMANCE_REPORT_H_
#define NEURON_TESTS_CONFORMANCE_REPORT_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/node_run.h"

namespace neuron::conformance {

// The list of tests, relative to the source directory.
inline constexpr const char* kNamesFile = "tests/conformance/names.txt";

struct Row {
  std::string name;  // "node/test_add"
  Outcome outcome;
};

// Runs the named tests of kDataFolder; `progress` is called with each row.
std::vector<Row> RunNodeTests(nrt::Runtime& runtime, const std::vector<std::string>& names,
                              const std::function<void(const Row&)>& progress = {});

// docs/conformance.md: what was run, the counts, and a table line for each row.
std::string Page(const std::vector<Row>& rows);

// The tests under kDataFolder whose data are dense tensors of types that the host has, sorted.
std::vector<std::string> NamesInPackage();

}  // namespace neuron::conformance

#endif  // NEURON_TESTS_CONFORMANCE_REPORT_H_
