// SPDX-License-Identifier: Apache-2.0
#include "isa/cost/cost_model.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "isa/cost/check_cycles.h"

namespace neuron::isa {
namespace {

constexpr auto kDram = static_cast<uint32_t>(Space::kDram);
constexpr auto kPartition = static_cast<uint32_t>(Operand::kPartition);

// Cycles to read one scalar operand of all partitions from SBUF.
constexpr uint64_t kScalarOperand = 2;

// Of a queue for each instruction, beside its beats and its check: handing them on.
constexpr uint64_t kIssueOverhead = 3;

constexpr uint32_t kBurstBeats = 16;       // beats of one burst at most
constexpr uint64_t kReadsOnTheirWay = 16;  // bursts that DMA has requested and not yet received

InstructionCost TensorCost(const Config& config, const CostParameters& parameters,
                           const TensorInstruction& i) {
  const uint64_t passes = uint64_t{i.outer_size0} * i.outer_size1 * i.outer_size2;
  const uint32_t count = i.inner_size0 * i.inner_size1 * i.inner_size2;
  InstructionCost cost;
  cost.occupancy = passes * std::max({count, i.column_count, parameters.min_pass});
  cost.latency = config.p + parameters.tensor_fill;
  return cost;
}

// Groups of lanes that a partition window touches.
uint64_t LaneGroups(uint32_t part_start, uint32_t part_count, uint32_t lanes) {
  return (part_start + part_count - 1) / lanes - part_start / lanes + 1;
}

InstructionCost VectorCost(const Config& config, Opcode opcode, const VectorInstruction& i) {
  const uint64_t results = uint64_t{i.size0} * i.size1 * i.size2;
  const uint64_t window = uint64_t{i.window_size0} * i.window_size1 * i.window_size2;
  const bool sum = opcode == Opcode::kReduce && i.alu0 == static_cast<uint32_t>(Alu::kAdd);
  uint64_t per_group = results + 12;
  if (sum) {
    per_group = results * window + 7 * (results - 1) + 19;
  } else if (opcode == Opcode::kReduce || opcode == Opcode::kArgmax) {
    per_group = results * window + 11;
  }
  InstructionCost cost;
  cost.occupancy = 1 + LaneGroups(i.part_start, i.part_count, config.vector_lanes) * per_group +
                   (i.scalar0_operand == kPartition ? kScalarOperand : 0) +
                   (i.scalar1_operand == kPartition ? kScalarOperand : 0);
  return cost;
}

InstructionCost ScalarCost(const Config& config, Opcode opcode, const ScalarInstruction& i) {
  InstructionCost cost;
  if (opcode == Opcode::kLoadTable) {
    cost.occupancy = uint64_t{i.size0} + 3;
    return cost;
  }
  const bool table = i.func != static_cast<uint32_t>(Func::kIdentity) &&
                     i.func != static_cast<uint32_t>(Func::kLeaky);
  const uint64_t per_group =
      uint64_t{i.size0} * i.size1 * i.size2 + (table ? 31 : 15) + (i.sum_enable != 0 ? 7 : 0);
  cost.occupancy = 1 + LaneGroups(i.part_start, i.part_count, config.scalar_lanes) * per_group +
                   (i.scale_operand == kPartition ? kScalarOperand : 0) +
                   (i.bias_operand == kPartition ? kScalarOperand : 0);
  return cost;
}

// One side of a DMA: where it starts, and its sizes in elements and strides in bytes.
struct DmaSide {
  uint64_t base;
  std::array<uint32_t, 4> size;
  std::array<int64_t, 4> stride;
};

// Pieces that one side moves: a piece lies within one beat and within one row of neighbouring
// elements. Rows start at the offsets in a beat that base and strides give, each as often.
uint64_t Pieces(const DmaSide& side, uint32_t element_bytes, uint32_t axi_bytes) {
  const uint64_t rows = uint64_t{side.size[1]} * side.size[2] * side.size[3];
  const uint64_t row_bytes = uint64_t{side.size[0]} * element_bytes;
  if (side.stride[0] != element_bytes || row_bytes == 0) return rows * side.size[0];
  uint64_t step = axi_bytes;
  for (size_t k = 1; k < side.size.size(); ++k) {
    if (side.size[k] > 1) step = std::gcd(step, static_cast<uint64_t>(std::abs(side.stride[k])));
  }
  uint64_t beats = 0;
  for (uint64_t offset = side.base % step; offset < axi_bytes; offset += step) {
    beats += (offset + row_bytes + axi_bytes - 1) / axi_bytes;
  }
  return rows * beats * step / axi_bytes;
}

// Rows of SBUF that DMA reads for its pieces: neighbouring pieces in one beat share a row.
uint64_t RowReads(const DmaSide& from, uint64_t pieces, uint32_t element_bytes,
                  uint32_t axi_bytes) {
  const auto stride = static_cast<uint64_t>(std::abs(from.stride[0]));
  if (from.size[0] <= 1 || from.stride[0] == element_bytes || stride >= axi_bytes) return pieces;
  return std::max(pieces * stride / axi_bytes, pieces / from.size[0]);
}

// Bursts in which DMA reads `valid` elements of DRAM: neighbours in one beat or in the next share
// one.
uint64_t ReadBursts(const Config& config, const DmaInstruction& i, uint32_t bytes, uint64_t valid) {
  if (i.valid0 == 0) return 0;
  const auto reach = [](int64_t stride) { return static_cast<uint64_t>(std::abs(stride)); };
  const uint64_t row_bytes = (i.valid0 - 1) * reach(i.src_stride0) + bytes;
  const uint64_t burst_bytes = uint64_t{kBurstBeats} * config.axi_bytes;
  if (i.valid0 > 1 && reach(i.src_stride0) > config.axi_bytes) {
    // Below two beats, some elements lie in the beat after that of the one before.
    const uint64_t apart =
        std::min<uint64_t>(reach(i.src_stride0) - config.axi_bytes, config.axi_bytes);
    return std::max(valid * apart / config.axi_bytes, valid / kBurstBeats);
  }
  if (reach(i.src_stride1) <= row_bytes + config.axi_bytes - bytes) {
    return (valid * bytes + burst_bytes - 1) / burst_bytes;
  }
  return valid / i.valid0 * ((row_bytes + burst_bytes - 1) / burst_bytes);
}

InstructionCost DmaCost(const Config& config, const CostParameters& parameters,
                        const DmaInstruction& i) {
  InstructionCost cost;
  cost.latency = 7;
  const uint32_t bytes = 1u << i.element_log2;
  const auto opcode = static_cast<Opcode>(i.opcode);
  if (opcode == Opcode::kDmaTranspose) {
    cost.occupancy = 4 + uint64_t{i.src_size1} * std::max(i.src_size0, i.part_count);
    cost.latency += i.part_count;
    return cost;
  }
  const uint64_t elements = uint64_t{i.dst_size0} * i.dst_size1 * i.dst_size2 * i.dst_size3;
  const DmaSide destination{i.dst_base,
                            {i.dst_size0, i.dst_size1, i.dst_size2, i.dst_size3},
                            {i.dst_stride0, i.dst_stride1, i.dst_stride2, i.dst_stride3}};
  uint64_t pieces = Pieces(destination, bytes, config.axi_bytes);
  const auto dram_side = [&](uint64_t beats) {
    return parameters.memory_latency + std::min<uint64_t>(beats, parameters.burst);
  };
  if (i.dst_space == kDram) {
    cost.bytes_written = elements * bytes;
    cost.write_beats = pieces;
    cost.latency += dram_side(pieces);
  }
  if (opcode == Opcode::kDmaCopy) {
    const uint64_t valid = uint64_t{i.valid0} * i.valid1 * i.src_size2 * i.src_size3;
    const DmaSide from{i.src_base,
                       {i.valid0, i.valid1, i.src_size2, i.src_size3},
                       {i.src_stride0, i.src_stride1, i.src_stride2, i.src_stride3}};
    const uint64_t source = Pieces(from, bytes, config.axi_bytes);
    pieces = std::max(pieces, source);
    if (i.src_space == kDram) {
      cost.bytes_read = valid * bytes;
      cost.read_beats = source;
      cost.latency += dram_side(source);
      const uint64_t bursts = ReadBursts(config, i, bytes, valid);
      pieces = std::max(pieces, ReadBurstCycles(parameters, bursts));
    } else {
      cost.sbuf_reads = RowReads(from, source, bytes, config.axi_bytes);
    }
  }
  cost.occupancy = pieces + 4;
  return cost;
}

}  // namespace

uint32_t BytesPerCycle(const Config& config, const CostParameters& parameters) {
  const bool slow = parameters.bytes_per_cycle != 0;
  return slow ? std::min(parameters.bytes_per_cycle, config.axi_bytes) : config.axi_bytes;
}

uint64_t ReadBurstCycles(const CostParameters& parameters, uint64_t bursts) {
  return bursts * (parameters.memory_latency + 2) / kReadsOnTheirWay;
}

InstructionCost EstimateCost(const Config& config, const CostParameters& parameters,
                             std::span<const uint32_t> words) {
  const OpcodeInfo* info = FindOpcode(words[0] & 0xFF);
  if (info == nullptr) return {};
  InstructionCost cost;
  switch (info->format) {
    case Format::kTensor:
      cost = TensorCost(config, parameters, TensorInstruction::Decode(words));
      break;
    case Format::kVector:
      cost = VectorCost(config, info->opcode, VectorInstruction::Decode(words));
      break;
    case Format::kScalar:
      cost = ScalarCost(config, info->opcode, ScalarInstruction::Decode(words));
      break;
    case Format::kDma:
      cost = DmaCost(config, parameters, DmaInstruction::Decode(words));
      break;
  }
  cost.issue = kInstructionBytes / config.axi_bytes + kIssueOverhead + CheckCycles(words);
  return cost;
}

}  // namespace neuron::isa
