// SPDX-License-Identifier: Apache-2.0
// Functions that models spell out in several operators. Internal to Fuse.
#ifndef NEURON_HOST_COMPILER_PASSES_FUSE_PATTERNS_H_
#define NEURON_HOST_COMPILER_PASSES_FUSE_PATTERNS_H_

#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// x * sigmoid(x), the sigmoid read by nothing else, becomes SiLU. One place; false when there is
// none.
bool FuseSilu(LayerGraph& graph);

// 0.5 * x * (1 + erf(x / sqrt 2)), multiplied in any order, becomes Gelu. One place; false when
// there is none.
bool FuseGelu(LayerGraph& graph);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PASSES_FUSE_PATTERNS_H_
