// SPDX-License-Identifier: Apache-2.0
// Reads an ONNX file into a Graph.
#ifndef NEURON_HOST_COMPILER_IMPORT_ONNX_READER_H_
#define NEURON_HOST_COMPILER_IMPORT_ONNX_READER_H_

#include <cstddef>
#include <span>

#include "host/compiler/import/graph.h"

namespace neuron::compiler {

// Parses and checks a serialised ModelProto of any ir_version. The Graph holds the nodes in
// executable order, the initialisers as constants, and the inputs as declared.
// Errors: kDataCorrupt (not ONNX, truncated, cyclic, undefined or doubly defined tensors, data that
// do not fit their shape), kUnsupported (external data, loops, sparse tensors, types,
// training domains).
Result<Graph> ReadOnnx(std::span<const std::byte> bytes);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_ONNX_READER_H_
