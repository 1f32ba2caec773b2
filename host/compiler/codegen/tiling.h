// SPDX-License-Identifier: Apache-2.0
// Sizes of tiles, shared by the lowerings of matrix products.
#ifndef NEURON_HOST_COMPILER_CODEGEN_TILING_H_
#define NEURON_HOST_COMPILER_CODEGEN_TILING_H_

#include <cstdint>

#include "neuron/isa.h"

namespace neuron::compiler {

// Bytes of a PSUM element, a bias and a scale.
inline constexpr int64_t kWordBytes = 4;

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t AlignUp(int64_t value, int64_t to) { return CeilDiv(value, to) * to; }

// Output positions of one tile of a layer with this many: few enough that the next layer can start
// before this one has ended, enough to hide weight loading, at most one PSUM bank.
int64_t PositionLimit(const isa::Config& config, int64_t positions);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_TILING_H_
