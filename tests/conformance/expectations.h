// SPDX-License-Identifier: Apache-2.0
// What conformance tests must give on any device.
#ifndef NEURON_TESTS_CONFORMANCE_EXPECTATIONS_H_
#define NEURON_TESTS_CONFORMANCE_EXPECTATIONS_H_

#include <string>
#include <vector>

namespace neuron::conformance {

// Runs every `step`-th name of kNamesFile on `device`: none is wrong, and those that
// docs/conformance.md lists as passing pass. Skips the test without the ONNX project's data.
void ExpectConformance(const std::string& device, size_t step = 1);

}  // namespace neuron::conformance

#endif  // NEURON_TESTS_CONFORMANCE_EXPECTATIONS_H_
