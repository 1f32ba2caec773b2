// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/cost_model.h"

#include <algorithm>

namespace neuron::sim {
namespace {

constexpr auto kDram = static_cast<uint32_t>(isa::Space::kDram);

InstructionCost TensorCost(const CostParameters& parameters, const isa::TensorInstruction& i) {
  const uint64_t passes = uint64_t{i.outer_size0} * i.outer_size1 * i.outer_size2;
  const uint32_t count = i.inner_size0 * i.inner_size1 * i.inner_size2;
  InstructionCost cost;
  cost.occupancy = passes * std::max({count, i.column_start + i.column_count, parameters.min_pass});
  cost.latency = i.part_start + i.part_count + parameters.tensor_fill;
  return cost;
}

// Groups of lanes that a partition window touches.
uint64_t LaneGroups(uint32_t part_start, uint32_t part_count, uint32_t lanes) {
  return (part_start + part_count - 1) / lanes - part_start / lanes + 1;
}

// Cycles of one side of a DMA: `row` elements in dimension 0, `elements` in all.
uint64_t SideCycles(uint32_t row, int64_t stride, uint32_t element_bytes, uint64_t elements,
                    uint32_t axi_bytes) {
  if (stride != element_bytes || row == 0) return elements;
  const uint64_t row_bytes = uint64_t{row} * element_bytes;
  return elements / row * ((row_bytes + axi_bytes - 1) / axi_bytes);
}

InstructionCost DmaCost(const isa::Config& config, const CostParameters& parameters,
                        const isa::DmaInstruction& i) {
  InstructionCost cost;
  cost.latency = parameters.dma_latency;
  const uint32_t bytes = 1u << i.element_log2;
  const auto opcode = static_cast<isa::Opcode>(i.opcode);
  if (opcode == isa::Opcode::kDmaTranspose) {
    cost.occupancy = uint64_t{i.src_size1} * (i.src_size0 + uint64_t{i.part_count});
    return cost;
  }
  const uint64_t elements = uint64_t{i.dst_size0} * i.dst_size1 * i.dst_size2 * i.dst_size3;
  cost.occupancy = SideCycles(i.dst_size0, i.dst_stride0, bytes, elements, config.axi_bytes);
  if (i.dst_space == kDram) cost.bytes_written = elements * bytes;
  if (opcode == isa::Opcode::kDmaCopy) {
    const uint64_t valid = uint64_t{i.valid0} * i.valid1 * i.src_size2 * i.src_size3;
    cost.occupancy = std::max(cost.occupancy,
                              SideCycles(i.valid0, i.src_stride0, bytes, valid, config.axi_bytes));
    if (i.src_space == kDram) cost.bytes_read = valid * bytes;
  }
  return cost;
}

}  // namespace

InstructionCost EstimateCost(const isa::Config& config, const CostParameters& parameters,
                             std::span<const uint32_t> words) {
  InstructionCost cost;
  const isa::OpcodeInfo* info = isa::FindOpcode(words[0] & 0xFF);
  if (info == nullptr) return cost;
  switch (info->format) {
    case isa::Format::kTensor:
      return TensorCost(parameters, isa::TensorInstruction::Decode(words));
    case isa::Format::kVector: {
      const auto i = isa::VectorInstruction::Decode(words);
      uint64_t elements = uint64_t{i.size0} * i.size1 * i.size2;
      if (info->opcode == isa::Opcode::kReduce || info->opcode == isa::Opcode::kArgmax) {
        elements *= uint64_t{i.window_size0} * i.window_size1 * i.window_size2;
      }
      cost.occupancy = LaneGroups(i.part_start, i.part_count, config.vector_lanes) * elements +
                       parameters.lane_overhead;
      return cost;
    }
    case isa::Format::kScalar: {
      const auto i = isa::ScalarInstruction::Decode(words);
      if (info->opcode == isa::Opcode::kLoadTable) {
        cost.occupancy = i.size0 + uint64_t{parameters.lane_overhead};
        return cost;
      }
      const uint64_t elements = uint64_t{i.size0} * i.size1 * i.size2;
      cost.occupancy = LaneGroups(i.part_start, i.part_count, config.scalar_lanes) * elements +
                       parameters.lane_overhead;
      return cost;
    }
    case isa::Format::kDma:
      return DmaCost(config, parameters, isa::DmaInstruction::Decode(words));
  }
  return cost;
}

}  // namespace neuron::sim
