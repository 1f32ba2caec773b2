// SPDX-License-Identifier: Apache-2.0
// The DMA instructions that copy a tensor from one view to another.
#ifndef NEURON_HOST_COMPILER_CODEGEN_COPIES_H_
#define NEURON_HOST_COMPILER_CODEGEN_COPIES_H_

#include <vector>

#include "host/compiler/codegen/view.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// Copies `src` to `dst`, views of one shape and element size. Base addresses on SBUF are relative
// to the views' buffers. Between different axes on partitions of SBUF, blocks of P x P elements are
// transposed where that takes fewer cycles than moving elements one by one.
std::vector<isa::DmaInstruction> CopyInstructions(const View& src, const View& dst,
                                                  const isa::Config& config);

// Cycles from their start to their end, without other work.
uint64_t CopyCycles(const View& src, const View& dst, const isa::Config& config);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_COPIES_H_
