// SPDX-License-Identifier: Apache-2.0
#include "isa/check/access.h"

#include <algorithm>

namespace neuron::isa {
namespace {

uint32_t ElementBytes(uint32_t dtype) {
  switch (static_cast<Dtype>(dtype)) {
    case Dtype::kFp32:
    case Dtype::kInt32:
      return 4;
    case Dtype::kBf16:
    case Dtype::kFp16:
      return 2;
    case Dtype::kInt8:
    case Dtype::kUint8:
      return 1;
  }
  return 4;
}

template <typename Instruction>
Access EngineAccess(const Instruction& i, const char* role, uint32_t space, uint32_t dtype,
                    int64_t base, bool write) {
  Access access;
  access.role = role;
  access.space = static_cast<Space>(space);
  access.write = write;
  access.part_start = i.part_start;
  access.part_count = i.part_count;
  access.element_bytes = ElementBytes(dtype);
  access.base = base;
  return access;
}

constexpr uint32_t kSbufSpace = static_cast<uint32_t>(Space::kSbuf);
constexpr uint32_t kPsumSpace = static_cast<uint32_t>(Space::kPsum);
constexpr uint32_t kFp32 = static_cast<uint32_t>(Dtype::kFp32);

std::vector<Access> TensorAccesses(const TensorInstruction& i) {
  Access stationary =
      EngineAccess(i, "stationary", kSbufSpace, i.stationary_dtype, i.stationary_base, false);
  stationary.AddDim(i.column_count, i.stationary_stride);
  stationary.AddDim(i.outer_size0, i.stationary_outer_stride0);
  stationary.AddDim(i.outer_size1, i.stationary_outer_stride1);
  stationary.AddDim(i.outer_size2, i.stationary_outer_stride2);

  Access moving = EngineAccess(i, "moving", kSbufSpace, i.moving_dtype, i.moving_base, false);
  moving.AddDim(i.inner_size0, i.moving_stride0);
  moving.AddDim(i.inner_size1, i.moving_stride1);
  moving.AddDim(i.inner_size2, i.moving_stride2);
  moving.AddDim(i.outer_size0, i.moving_outer_stride0);
  moving.AddDim(i.outer_size1, i.moving_outer_stride1);
  moving.AddDim(i.outer_size2, i.moving_outer_stride2);

  Access psum = EngineAccess(i, "psum", kPsumSpace, kFp32, i.psum_base, true);
  psum.part_start = i.column_start;
  psum.part_count = i.column_count;
  psum.AddDim(int64_t{i.inner_size0} * i.inner_size1 * i.inner_size2, 4);
  return {stationary, moving, psum};
}

Access ScalarOperand(const VectorInstruction& i, const char* role, uint32_t address) {
  return EngineAccess(i, role, kSbufSpace, kFp32, address, false);
}

std::vector<Access> VectorAccesses(const VectorInstruction& i) {
  const auto opcode = static_cast<Opcode>(i.opcode);
  const bool generates = opcode == Opcode::kIota || opcode == Opcode::kFill;
  const bool windowed = opcode == Opcode::kReduce || opcode == Opcode::kArgmax;
  std::vector<Access> accesses;
  if (!generates) {
    Access in0 = EngineAccess(i, "in0", i.in0_space, i.in0_dtype, i.in0_base, false);
    if (windowed) {
      in0.AddDim(i.window_size0, i.in0_window_stride0);
      in0.AddDim(i.window_size1, i.in0_window_stride1);
      in0.AddDim(i.window_size2, i.in0_window_stride2);
    }
    in0.AddDim(i.size0, i.in0_stride0);
    in0.AddDim(i.size1, i.in0_stride1);
    in0.AddDim(i.size2, i.in0_stride2);
    accesses.push_back(in0);
  }
  if (opcode == Opcode::kTensorTensor || opcode == Opcode::kScalarTensorTensor ||
      opcode == Opcode::kSelect) {
    Access in1 = EngineAccess(i, "in1", i.in1_space, i.in1_dtype, i.in1_base, false);
    in1.AddDim(i.size0, i.in1_stride0);
    in1.AddDim(i.size1, i.in1_stride1);
    in1.AddDim(i.size2, i.in1_stride2);
    accesses.push_back(in1);
  }
  Access out = EngineAccess(i, "out", i.out_space, i.out_dtype, i.out_base, true);
  out.AddDim(i.size0, i.out_stride0);
  out.AddDim(i.size1, i.out_stride1);
  out.AddDim(i.size2, i.out_stride2);
  accesses.push_back(out);

  const bool uses_scalar0 = opcode == Opcode::kTensorScalar ||
                            opcode == Opcode::kScalarTensorTensor || opcode == Opcode::kSelect ||
                            generates;
  const bool uses_scalar1 =
      opcode == Opcode::kTensorScalar || opcode == Opcode::kReduce || opcode == Opcode::kIota;
  if (uses_scalar0 && i.scalar0_operand != 0) {
    accesses.push_back(ScalarOperand(i, "scalar0", i.scalar0));
  }
  if (uses_scalar1 && i.scalar1_operand != 0) {
    accesses.push_back(ScalarOperand(i, "scalar1", i.scalar1));
  }
  return accesses;
}

std::vector<Access> ScalarAccesses(const ScalarInstruction& i) {
  if (static_cast<Opcode>(i.opcode) == Opcode::kLoadTable) {
    Access in = EngineAccess(i, "in", i.in_space, kFp32, i.in_base, false);
    in.AddDim(i.size0, 4);
    return {in};
  }
  Access in = EngineAccess(i, "in", i.in_space, i.in_dtype, i.in_base, false);
  in.AddDim(i.size0, i.in_stride0);
  in.AddDim(i.size1, i.in_stride1);
  in.AddDim(i.size2, i.in_stride2);
  Access out = EngineAccess(i, "out", i.out_space, i.out_dtype, i.out_base, true);
  out.AddDim(i.size0, i.out_stride0);
  out.AddDim(i.size1, i.out_stride1);
  out.AddDim(i.size2, i.out_stride2);
  std::vector<Access> accesses = {in, out};
  if (i.sum_enable) {
    accesses.push_back(EngineAccess(i, "sum", kSbufSpace, kFp32, i.sum_base, true));
  }
  if (i.scale_operand) {
    accesses.push_back(EngineAccess(i, "scale", kSbufSpace, kFp32, i.scale, false));
  }
  if (i.bias_operand) {
    accesses.push_back(EngineAccess(i, "bias", kSbufSpace, kFp32, i.bias, false));
  }
  return accesses;
}

Access DmaSide(const DmaInstruction& i, const char* role, uint32_t space, uint32_t segment,
               uint32_t base, bool write) {
  Access access;
  access.role = role;
  access.space = static_cast<Space>(space);
  access.write = write;
  access.dma = true;
  access.segment = segment;
  access.element_bytes = 1u << i.element_log2;
  access.base = base;
  return access;
}

std::vector<Access> TransposeAccesses(const DmaInstruction& i) {
  constexpr int64_t kPartition = int64_t{1} << kSbufPartitionShift;
  Access source = DmaSide(i, "source", i.src_space, i.src_segment, i.src_base, false);
  source.AddDim(i.src_size0, i.src_stride0);
  source.AddDim(i.part_count, kPartition);
  source.AddDim(i.src_size1, i.src_stride1);
  Access destination = DmaSide(i, "destination", i.dst_space, i.dst_segment, i.dst_base, true);
  destination.AddDim(i.part_count, i.dst_stride0);
  destination.AddDim(i.src_size0, kPartition);
  destination.AddDim(i.src_size1, i.dst_stride1);
  return {source, destination};
}

std::vector<Access> DmaAccesses(const DmaInstruction& i) {
  const auto opcode = static_cast<Opcode>(i.opcode);
  if (opcode == Opcode::kDmaTranspose) return TransposeAccesses(i);
  std::vector<Access> accesses;
  if (opcode == Opcode::kDmaCopy) {
    const uint32_t rows = i.indirect ? i.index_limit : i.src_size3;
    if (i.valid0 != 0 && i.valid1 != 0 && rows != 0) {
      Access source = DmaSide(i, "source", i.src_space, i.src_segment, i.src_base, false);
      source.AddDim(i.valid0, i.src_stride0);
      source.AddDim(i.valid1, i.src_stride1);
      source.AddDim(i.src_size2, i.src_stride2);
      source.AddDim(rows, i.src_stride3);
      accesses.push_back(source);
    }
  }
  Access destination = DmaSide(i, "destination", i.dst_space, i.dst_segment, i.dst_base, true);
  destination.AddDim(i.dst_size0, i.dst_stride0);
  destination.AddDim(i.dst_size1, i.dst_stride1);
  destination.AddDim(i.dst_size2, i.dst_stride2);
  destination.AddDim(i.dst_size3, i.dst_stride3);
  accesses.push_back(destination);
  if (opcode == Opcode::kDmaCopy && i.indirect) {
    Access list = DmaSide(i, "index list", kSbufSpace, 0, i.index_base, false);
    list.element_bytes = 4;
    list.AddDim(i.src_size3, 4);
    accesses.push_back(list);
  }
  return accesses;
}

void Extend(AccessExtent& extent, int64_t count, int64_t stride, uint32_t element_bytes) {
  if (count <= 1) return;
  const WideInt span = WideInt{stride} * (count - 1);
  (span < 0 ? extent.low : extent.high) += span;
  if (stride % element_bytes != 0) extent.aligned = false;
}

}  // namespace

AccessExtent ExtentOf(const Access& access) {
  AccessExtent extent;
  extent.low = extent.high = access.base;
  extent.high += access.element_bytes - 1;
  extent.aligned = access.base % access.element_bytes == 0;
  for (uint32_t d = 0; d < access.dim_count; ++d) {
    Extend(extent, access.dims[d].count, access.dims[d].stride, access.element_bytes);
  }
  return extent;
}

DmaStride SplitDmaStride(int64_t stride) {
  constexpr int64_t kHalf = int64_t{1} << (kSbufPartitionShift - 1);
  const int64_t partitions = (stride + kHalf) >> kSbufPartitionShift;
  return {partitions, stride - (partitions << kSbufPartitionShift)};
}

DmaSbufExtent DmaSbufExtentOf(const Access& access) {
  DmaSbufExtent extent;
  const int64_t offset = access.base & ((int64_t{1} << kSbufPartitionShift) - 1);
  extent.partition.low = extent.partition.high = access.base >> kSbufPartitionShift;
  extent.offset.low = offset;
  extent.offset.high = offset + access.element_bytes - 1;
  extent.offset.aligned = offset % access.element_bytes == 0;
  for (uint32_t d = 0; d < access.dim_count; ++d) {
    const DmaStride stride = SplitDmaStride(access.dims[d].stride);
    Extend(extent.partition, access.dims[d].count, stride.partitions, 1);
    Extend(extent.offset, access.dims[d].count, stride.bytes, access.element_bytes);
  }
  return extent;
}

std::vector<Access> AccessesOf(std::span<const uint32_t> words) {
  const OpcodeInfo* info = FindOpcode(words[0] & 0xFF);
  if (info == nullptr) return {};
  switch (info->format) {
    case Format::kTensor:
      return TensorAccesses(TensorInstruction::Decode(words));
    case Format::kVector:
      return VectorAccesses(VectorInstruction::Decode(words));
    case Format::kScalar:
      return ScalarAccesses(ScalarInstruction::Decode(words));
    case Format::kDma:
      return DmaAccesses(DmaInstruction::Decode(words));
  }
  return {};
}

}  // namespace neuron::isa
