// SPDX-License-Identifier: Apache-2.0
// Small helpers that fill instruction fields from views and tiles.
#ifndef NEURON_HOST_COMPILER_CODEGEN_INSTRUCTIONS_H_
#define NEURON_HOST_COMPILER_CODEGEN_INSTRUCTIONS_H_

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/codegen/memory_plan.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/view.h"
#include "host/compiler/layer_graph.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// An FP32 operand in an instruction.
constexpr uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

// A dma_copy with both spaces, segments and the element size set and nothing padded.
isa::DmaInstruction DmaCopy(isa::Space src, uint32_t src_segment, isa::Space dst,
                            uint32_t dst_segment, int64_t element_bytes);
// The same four sizes on both sides.
void SetDmaDims(isa::DmaInstruction& dma, const std::vector<int64_t>& sizes,
                const std::vector<int64_t>& src_strides, const std::vector<int64_t>& dst_strides);

// A VectorE instruction over a tile: opcode, partitions, sizes, windows of one.
isa::VectorInstruction VectorOp(isa::Opcode opcode, const Tile& tile);
// Operand `k` of the tile, lying in `view`.
void SetIn0(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory);
void SetIn1(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory);
void SetOut(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory);

// A ScalarE activate over a tile with scale 1 and bias 0.
isa::ScalarInstruction ActivateOp(const FunctionFields& fields, const Tile& tile);
void SetIn(isa::ScalarInstruction& op, const View& view, const Tile& tile, size_t k,
           const MemoryPlan& memory);
void SetOut(isa::ScalarInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory);

// "Conv", "Binary", ...: what a layer is, for reports.
std::string LayerKind(const Layer& layer);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_INSTRUCTIONS_H_
