// SPDX-License-Identifier: Apache-2.0
// Executes a LayerGraph on the host: what the layers mean, independent of any engine. Tests compare
// the importer with ONNX Runtime through it, and device results with it.
#ifndef NEURON_HOST_COMPILER_IMPORT_REFERENCE_H_
#define NEURON_HOST_COMPILER_IMPORT_REFERENCE_H_

#include <span>
#include <vector>

#include "base/status.h"
#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// `inputs` and the result are in the graph's order, in the stored types. Float layers compute in
// float32; integer matrix layers are exact (INT32 sums, one FP32 multiplication, round half to
// even: docs/numerics.md, section 6); other layers compute on real values and round once to a
// quantised output. Errors: kInvalidArgument for inputs of another number, type or shape; what
// Evaluate reports for host layers.
Result<std::vector<HostTensor>> RunReference(const LayerGraph& graph,
                                             std::span<const HostTensor> inputs);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_IMPORT_REFERENCE_H_
