// SPDX-License-Identifier: Apache-2.0
// Convolutions of few input channels: neighbouring taps share a pass of the array. Channel c of
// tap j lies in partition j * C + c, in the input's own buffer: partitions from C on hold the input
// shifted by j taps. A pass then multiplies `shared` taps, and the kernel walks on by as many.
//
//   partition      holds (C = 2, shared = 2)      pass 0     pass 1     pass 2
//   0, 1           x[c, i]                        tap 0      tap 2      tap 4
//   2, 3           x[c, i + dilation]             tap 1      tap 3      - (width 5)
#ifndef NEURON_HOST_COMPILER_CODEGEN_TAPS_H_
#define NEURON_HOST_COMPILER_CODEGEN_TAPS_H_

#include <cstdint>

#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/view.h"
#include "host/compiler/layer_graph.h"

namespace neuron::compiler {

// The bytes of a partition that a convolution reads, and those from one tap to the next.
struct TapRange {
  int64_t first = 0;  // offset in the buffer
  int64_t bytes = 0;
  int64_t step = 0;  // negative in a view that runs backwards
};

// Fills partitions [C, shared * C) of the buffer of `in`, whose C channels start in partition 0, a
// piece at a time so that the array can start on the first. False, and nothing planned, where other
// values of the buffer lie there.
bool ShareTaps(Planner& planner, const View& in, int64_t channels, int64_t shared,
               const TapRange& range);

// The weights [M, shared * C, KH, ceil(KW / shared)] of `matrix` with weights [M, C, KH, KW]; zero
// (the zero-point of integers) for taps beyond the kernel.
MatrixLayer SharedWeights(const MatrixLayer& matrix, int64_t shared);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_TAPS_H_
