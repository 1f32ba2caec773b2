// SPDX-License-Identifier: Apache-2.0
// One-dimensional convolutions of few channels, made of twice the channels on pairs of positions.
//
// A tensor [N, C, W] of at most P / 2 channels leaves half of the partitions idle, and half of the
// array's columns where it is made. [N, 2 C, W / 2] is the same tensor:
//
//   channel c of position 2 n + q  =  channel q C + c of pair n
//
// Element-wise layers do not see the difference, and a convolution is one with other weights.
#ifndef NEURON_HOST_COMPILER_PAIR_POSITIONS_H_
#define NEURON_HOST_COMPILER_PAIR_POSITIONS_H_

#include "host/compiler/layer_graph.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// The graph with its tensors of few channels held as pairs, from where two convolutions make even
// and odd positions (a transposed one of stride 2) to the convolutions behind which they have more
// channels or leave the graph. The graph as it is where the engines would not save cycles.
LayerGraph PairPositions(LayerGraph graph, const isa::Config& config);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PAIR_POSITIONS_H_
