// SPDX-License-Identifier: Apache-2.0
// One ONNX operator through the whole compiler and the functional model in strict mode, compared
// with the host's implementation of the operator.
#ifndef NEURON_TESTS_UNIT_OPERATORS_OPERATOR_CASE_H_
#define NEURON_TESTS_UNIT_OPERATORS_OPERATOR_CASE_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "host/compiler/compiler.h"
#include "host/ops/host_tensor.h"

namespace neuron::compiler {

// An operand: empty (type kUndefined) when absent.
struct Operand {
  HostTensor value;
  bool constant = false;  // an initialiser instead of a graph input
};

struct OperatorCase {
  std::string op;
  std::vector<Operand> operands;
  std::map<std::string, AttributeValue> attributes;
  size_t outputs = 1;
  int opset = 17;
};

HostTensor Floats(Shape shape, uint32_t seed, float low = -2.0F, float high = 2.0F);
HostTensor FloatList(Shape shape, std::vector<float> values);
HostTensor IntList(std::vector<int64_t> values);
HostTensor Bytes(ElementType type, Shape shape, uint32_t seed);
inline Operand Input(HostTensor value) { return {std::move(value), false}; }
inline Operand Constant(HostTensor value) { return {std::move(value), true}; }

// The model's outputs on the functional model. Fails the test when the model does not compile, when
// a layer runs on the host, or when strict mode finds something.
std::vector<HostTensor> RunOnEngines(const OperatorCase& test);

// The first output by the host's implementation; fails the test when it has none.
HostTensor OnHost(const OperatorCase& test);
// The layers that run on the host. Fails the test when the model does not compile.
std::vector<HostSegment> HostSegments(const OperatorCase& test);
// Why they do.
std::vector<std::string> HostReasons(const OperatorCase& test);

// RunOnEngines against Evaluate: types and shapes equal, elements within `tolerance` times the
// largest magnitude (integers and bools equal).
void ExpectLikeHost(const OperatorCase& test, double tolerance = 1e-4);

void ExpectClose(const HostTensor& got, const HostTensor& expected, double tolerance);

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_OPERATORS_OPERATOR_CASE_H_
