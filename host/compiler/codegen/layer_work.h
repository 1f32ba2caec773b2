// SPDX-License-Identifier: Apache-2.0
// How much arithmetic a layer is, for reports: the measure by which host segments are compared with
// the work of the engines.
#ifndef NEURON_HOST_COMPILER_CODEGEN_LAYER_WORK_H_
#define NEURON_HOST_COMPILER_CODEGEN_LAYER_WORK_H_

#include <cstdint>

#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// Arithmetic operations of one execution: two for a multiply-accumulate, one for each input element
// of a reduction or window, one for each result otherwise, none where elements only move. For a
// host layer the same, from the ONNX operator and its operands' shapes.
uint64_t OperationsOf(const LayerGraph& graph, const Layer& layer);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_LAYER_WORK_H_
