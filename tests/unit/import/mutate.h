// SPDX-License-Identifier: Apache-2.0
// Random damage to ONNX models: bytes, and fields of the parsed message, which get past the parser.
#ifndef NEURON_TESTS_UNIT_IMPORT_MUTATE_H_
#define NEURON_TESTS_UNIT_IMPORT_MUTATE_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <random>
#include <vector>

namespace neuron::compiler {

// Flips, removes, inserts and truncates bytes in a few places.
void MutateBytes(std::vector<std::byte>& bytes, std::mt19937& random);

// Changes a few fields, anywhere in the message: numbers to extremes, strings to one another,
// repeated fields by removing, repeating and swapping elements.
void MutateFields(onnx::ModelProto& model, std::mt19937& random);

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_IMPORT_MUTATE_H_
