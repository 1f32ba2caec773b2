// SPDX-License-Identifier: Apache-2.0
// Types, shapes and constants: what can be known of every tensor before the model runs.
#ifndef NEURON_HOST_COMPILER_IMPORT_INFERENCE_H_
#define NEURON_HOST_COMPILER_IMPORT_INFERENCE_H_

#include "host/compiler/import/graph.h"

namespace neuron::compiler {

// Walks the graph once, in order, and fills graph.tensors for every tensor. graph.tensors must hold
// the initialisers and the bound inputs. A node whose operands are all constant is evaluated and
// removed, as are Shape and Size of anything; DequantizeLinear of a constant stays, so that
// quantised weights keep their integers. Other nodes go through the ONNX library's own inference
// rules for their operator set version.
// Errors name the node whose operands do not fit, or whose result depends on data.
Status InferAndFold(Graph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_INFERENCE_H_
