// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/instructions.h"

#include <bit>

namespace neuron::compiler {
namespace {

uint32_t Address(const View& view, const Tile& tile, size_t k, const MemoryPlan& memory) {
  return static_cast<uint32_t>(memory.buffer(view.buffer).offset + tile.base[k]);
}

int32_t Stride(const Tile& tile, size_t k, size_t dim) {
  return static_cast<int32_t>(tile.strides[k][dim]);
}

uint32_t ZeroPointField(const View& view) { return static_cast<uint32_t>(view.zero_point) & 0xFFU; }

}  // namespace

isa::DmaInstruction DmaCopy(isa::Space src, uint32_t src_segment, isa::Space dst,
                            uint32_t dst_segment, int64_t element_bytes) {
  isa::DmaInstruction dma;
  dma.opcode = static_cast<uint32_t>(isa::Opcode::kDmaCopy);
  dma.part_count = 1;
  dma.src_space = static_cast<uint32_t>(src);
  dma.dst_space = static_cast<uint32_t>(dst);
  dma.src_segment = src_segment;
  dma.dst_segment = dst_segment;
  dma.element_log2 = static_cast<uint32_t>(std::countr_zero(static_cast<uint64_t>(element_bytes)));
  return dma;
}

void SetDmaDims(isa::DmaInstruction& dma, const std::vector<int64_t>& sizes,
                const std::vector<int64_t>& src_strides, const std::vector<int64_t>& dst_strides) {
  dma.src_size0 = dma.dst_size0 = dma.valid0 = static_cast<uint32_t>(sizes[0]);
  dma.src_size1 = dma.dst_size1 = dma.valid1 = static_cast<uint32_t>(sizes[1]);
  dma.src_size2 = dma.dst_size2 = static_cast<uint32_t>(sizes[2]);
  dma.src_size3 = dma.dst_size3 = static_cast<uint32_t>(sizes[3]);
  dma.src_stride0 = static_cast<int32_t>(src_strides[0]);
  dma.src_stride1 = static_cast<int32_t>(src_strides[1]);
  dma.src_stride2 = static_cast<int32_t>(src_strides[2]);
  dma.src_stride3 = static_cast<int32_t>(src_strides[3]);
  dma.dst_stride0 = static_cast<int32_t>(dst_strides[0]);
  dma.dst_stride1 = static_cast<int32_t>(dst_strides[1]);
  dma.dst_stride2 = static_cast<int32_t>(dst_strides[2]);
  dma.dst_stride3 = static_cast<int32_t>(dst_strides[3]);
}

isa::VectorInstruction VectorOp(isa::Opcode opcode, const Tile& tile) {
  isa::VectorInstruction op;
  op.opcode = static_cast<uint32_t>(opcode);
  op.part_count = static_cast<uint32_t>(tile.part_count);
  op.size0 = static_cast<uint32_t>(tile.sizes[0]);
  op.size1 = static_cast<uint32_t>(tile.sizes[1]);
  op.size2 = static_cast<uint32_t>(tile.sizes[2]);
  op.window_size0 = 1;
  op.window_size1 = 1;
  op.window_size2 = 1;
  return op;
}

void SetIn0(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory) {
  op.in0_dtype = static_cast<uint32_t>(view.dtype);
  op.in0_zero_point = ZeroPointField(view);
  op.in0_base = Address(view, tile, k, memory);
  op.in0_stride0 = Stride(tile, k, 0);
  op.in0_stride1 = Stride(tile, k, 1);
  op.in0_stride2 = Stride(tile, k, 2);
}

void SetIn1(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory) {
  op.in1_dtype = static_cast<uint32_t>(view.dtype);
  op.in1_zero_point = ZeroPointField(view);
  op.in1_base = Address(view, tile, k, memory);
  op.in1_stride0 = Stride(tile, k, 0);
  op.in1_stride1 = Stride(tile, k, 1);
  op.in1_stride2 = Stride(tile, k, 2);
}

void SetOut(isa::VectorInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory) {
  op.out_dtype = static_cast<uint32_t>(view.dtype);
  op.out_zero_point = ZeroPointField(view);
  op.out_base = Address(view, tile, k, memory);
  op.out_stride0 = Stride(tile, k, 0);
  op.out_stride1 = Stride(tile, k, 1);
  op.out_stride2 = Stride(tile, k, 2);
}

isa::ScalarInstruction ActivateOp(const FunctionFields& fields, const Tile& tile) {
  isa::ScalarInstruction op;
  op.opcode = static_cast<uint32_t>(isa::Opcode::kActivate);
  op.part_count = static_cast<uint32_t>(tile.part_count);
  op.func = static_cast<uint32_t>(fields.func);
  op.scale = Bits(1.0F);
  op.bias = 0;
  op.alpha = Bits(fields.alpha);
  op.clamp_low = Bits(fields.clamp_low);
  op.clamp_high = Bits(fields.clamp_high);
  op.table_index_bits = fields.index_bits;
  op.table_exp_min = fields.exp_min;
  op.table_exp_max = fields.exp_max;
  op.table_base = fields.table_base;
  op.table_negative_base = fields.negative_base;
  op.size0 = static_cast<uint32_t>(tile.sizes[0]);
  op.size1 = static_cast<uint32_t>(tile.sizes[1]);
  op.size2 = static_cast<uint32_t>(tile.sizes[2]);
  return op;
}

void SetIn(isa::ScalarInstruction& op, const View& view, const Tile& tile, size_t k,
           const MemoryPlan& memory) {
  op.in_dtype = static_cast<uint32_t>(view.dtype);
  op.in_zero_point = ZeroPointField(view);
  op.in_base = Address(view, tile, k, memory);
  op.in_stride0 = Stride(tile, k, 0);
  op.in_stride1 = Stride(tile, k, 1);
  op.in_stride2 = Stride(tile, k, 2);
}

void SetOut(isa::ScalarInstruction& op, const View& view, const Tile& tile, size_t k,
            const MemoryPlan& memory) {
  op.out_dtype = static_cast<uint32_t>(view.dtype);
  op.out_zero_point = ZeroPointField(view);
  op.out_base = Address(view, tile, k, memory);
  op.out_stride0 = Stride(tile, k, 0);
  op.out_stride1 = Stride(tile, k, 1);
  op.out_stride2 = Stride(tile, k, 2);
}

std::string LayerKind(const Layer& layer) {
  struct Kind {
    std::string operator()(const MatrixLayer& x) const { return x.is_conv ? "Conv" : "Gemm"; }
    std::string operator()(const BatchMatmulLayer&) const { return "MatMul"; }
    std::string operator()(const BinaryLayer&) const { return "Binary"; }
    std::string operator()(const UnaryLayer&) const { return "Unary"; }
    std::string operator()(const PoolLayer&) const { return "Pool"; }
    std::string operator()(const ReduceLayer&) const { return "Reduce"; }
    std::string operator()(const SoftmaxLayer&) const { return "Softmax"; }
    std::string operator()(const NormalizeLayer&) const { return "Normalize"; }
    std::string operator()(const ReshapeLayer&) const { return "Reshape"; }
    std::string operator()(const TransposeLayer&) const { return "Transpose"; }
    std::string operator()(const ConcatLayer&) const { return "Concat"; }
    std::string operator()(const SliceLayer&) const { return "Slice"; }
    std::string operator()(const PadLayer&) const { return "Pad"; }
    std::string operator()(const StoreLayer&) const { return "Store"; }
    std::string operator()(const TakeLayer&) const { return "Take"; }
    std::string operator()(const ExpandLayer&) const { return "Expand"; }
    std::string operator()(const GatherLayer&) const { return "Gather"; }
    std::string operator()(const SelectLayer&) const { return "Select"; }
    std::string operator()(const ArgLayer& x) const { return x.smallest ? "ArgMin" : "ArgMax"; }
    std::string operator()(const HostLayer& x) const { return x.node.op_type; }
  };
  return std::visit(Kind{}, layer.body);
}

}  // namespace neuron::compiler
