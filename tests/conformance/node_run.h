// SPDX-License-Identifier: Apache-2.0
// Compiles one conformance test, runs it on a device and judges the outputs.
#ifndef NEURON_TESTS_CONFORMANCE_NODE_RUN_H_
#define NEURON_TESTS_CONFORMANCE_NODE_RUN_H_

#include <string>
#include <string_view>

#include "neuron/nrt.hpp"
#include "tests/conformance/node_case.h"

namespace neuron::conformance {

enum class Verdict {
  kPass,
  kRefused,  // not compiled, with a reason: an operator, type or shape that is not supported
  kWrong,    // an output differs, or the package failed on the device
};

std::string_view Name(Verdict verdict);

struct Outcome {
  Verdict verdict = Verdict::kPass;
  // "engines"; "host: Op, Op" for the operators that ran in host segments; "compiler" when nothing
  // was left to run.
  std::string where;
  std::string reason;  // one line; empty when the test passes
};

// The largest difference that a float output may have from `expected`: the ONNX project's own
// tolerance, 1e-3 relative and 1e-7, plus what docs/numerics.md derives for this hardware:
// `2^-20`, the bound of function tables, and 2^-17 of the output's largest element, since operands
// of a matrix product share an exponent with their neighbours. 16-bit floats: one unit of their
// last place.
double AllowedDifference(ElementType type, double expected, double peak);

// Compiles `folder`/model.onnx for the device's configuration, runs every data set on it and
// compares: floats within AllowedDifference, everything else exactly, types and shapes always.
// Where the model does not compile otherwise, inputs that may decide a shape (a Reshape's target, a
// Slice's starts, a Resize's scales) are given to the compiler as constants: it compiles for fixed
// shapes.
Outcome RunNodeTest(nrt::Runtime& runtime, const std::filesystem::path& folder);

}  // namespace neuron::conformance

#endif  // NEURON_TESTS_CONFORMANCE_NODE_RUN_H_
