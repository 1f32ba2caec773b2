// SPDX-License-Identifier: Apache-2.0
// Products of two computed tensors: the second operand is the stationary one.
#include <algorithm>
#include <bit>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// One tile: tokens [token, token + tokens) times columns [column, column + columns) of one batch.
struct ProductTile {
  int64_t a_base = 0;  // bytes in the buffers
  int64_t b_base = 0;
  int64_t out_base = 0;
  int64_t tokens = 1;
  int64_t columns = 1;
  int64_t inner = 1;  // contraction length
  uint32_t psum_base = 0;
};

// Whole groups of the contraction in one instruction, the rest of the last group in another.
Status EmitProduct(ProgramBuilder& program, const MemoryPlan& memory, const View& a, const View& b,
                   const ProductTile& tile, int64_t partitions) {
  const size_t last = a.shape.size() - 1;
  bool accumulate = false;
  for (const bool whole : {true, false}) {
    const int64_t groups = whole ? tile.inner / partitions : 1;
    const int64_t parts = whole ? partitions : tile.inner % partitions;
    if (groups == 0 || parts == 0) {
      continue;
    }
    const int64_t group = whole ? 0 : tile.inner / partitions;
    isa::TensorInstruction op;
    op.opcode = static_cast<uint32_t>(isa::Opcode::kMatmul);
    op.part_count = static_cast<uint32_t>(parts);
    op.moving_dtype = static_cast<uint32_t>(a.dtype);
    op.stationary_dtype = static_cast<uint32_t>(b.dtype);
    op.accumulate = accumulate ? 1 : 0;
    op.moving_zero_point = static_cast<uint32_t>(a.zero_point) & 0xFFU;
    op.stationary_zero_point = static_cast<uint32_t>(b.zero_point) & 0xFFU;
    op.column_count = static_cast<uint32_t>(tile.columns);
    op.stationary_base = static_cast<uint32_t>(memory.buffer(b.buffer).offset + tile.b_base +
                                               group * b.group_stride);
    op.moving_base = static_cast<uint32_t>(memory.buffer(a.buffer).offset + tile.a_base +
                                           group * a.group_stride);
    op.psum_base = tile.psum_base;
    op.stationary_stride = static_cast<int32_t>(b.strides[last]);
    op.outer_size0 = static_cast<uint32_t>(groups);
    op.outer_size1 = 1;
    op.outer_size2 = 1;
    op.stationary_outer_stride0 = static_cast<int32_t>(b.group_stride);
    op.moving_outer_stride0 = static_cast<int32_t>(a.group_stride);
    op.inner_size0 = static_cast<uint32_t>(tile.tokens);
    op.inner_size1 = 1;
    op.inner_size2 = 1;
    op.moving_stride0 = static_cast<int32_t>(a.strides[last - 1]);
    NEURON_RETURN_IF_ERROR(program.Append(op));
    accumulate = true;
  }
  return OkStatus();
}

bool IsInteger(const View& view) {
  return view.dtype == isa::Dtype::kInt8 || view.dtype == isa::Dtype::kUint8;
}

// Moves a finished tile from PSUM to the output, times `scale`.
isa::ScalarInstruction Drain(const MemoryPlan& memory, const View& out, const ProductTile& product,
                             const FunctionFields& fields, bool integer, float scale) {
  Tile tile;
  tile.part_count = product.columns;
  tile.sizes = {product.tokens, 1, 1};
  isa::ScalarInstruction op = ActivateOp(fields, tile);
  op.in_space = static_cast<uint32_t>(isa::Space::kPsum);
  op.in_dtype = static_cast<uint32_t>(integer ? isa::Dtype::kInt32 : isa::Dtype::kFp32);
  op.in_base = product.psum_base;
  op.in_stride0 = kWordBytes;
  op.scale = std::bit_cast<uint32_t>(scale);
  op.out_dtype = static_cast<uint32_t>(out.dtype);
  op.out_zero_point = static_cast<uint32_t>(out.zero_point) & 0xFFU;
  op.out_base = static_cast<uint32_t>(memory.buffer(out.buffer).offset + product.out_base);
  op.out_stride0 = static_cast<int32_t>(out.strides[out.shape.size() - 2]);
  return op;
}

// What the sums are multiplied with: alpha, and the scales of the tensors that have one.
float ScaleOf(const LayerGraph& graph, const Layer& layer, float alpha) {
  const auto of = [&](ValueId id) {
    const auto& quantization = graph.value(id).quantization;
    return quantization ? static_cast<double>(quantization->scale[0]) : 1.0;
  };
  return static_cast<float>(alpha * of(layer.inputs[0]) * of(layer.inputs[1]) /
                            of(layer.outputs[0]));
}

}  // namespace

Status LowerBatchMatmul(Planner& planner, const Layer& layer, const BatchMatmulLayer& matmul) {
  const Shape& a_shape = planner.graph().value(layer.inputs[0]).shape;
  const Shape& b_shape = planner.graph().value(layer.inputs[1]).shape;
  const Shape& out_shape = planner.graph().value(layer.outputs[0]).shape;
  const size_t rank = out_shape.size();
  if (a_shape.size() != rank || b_shape.size() != rank || rank < 2) {
    return planner.Error(StatusCode::kUnsupported,
                         "a product of two computed tensors needs both with the output's rank");
  }
  const int last = static_cast<int>(rank) - 1;
  NEURON_ASSIGN_OR_RETURN(const View a, planner.InSbuf(layer.inputs[0], last));
  NEURON_ASSIGN_OR_RETURN(const View b, planner.InSbuf(layer.inputs[1], last - 1));
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueView(layer.outputs[0], last));
  NEURON_ASSIGN_OR_RETURN(const FunctionFields fields, planner.Fields(Activation{}));
  const int64_t partitions = planner.partitions();
  const int64_t tokens = out_shape[rank - 2];
  const int64_t columns = out_shape[rank - 1];
  const int64_t limit = planner.TileColumns(tokens);
  const auto banks = planner.config().psum_bytes / isa::kPsumBankBytes;
  const int64_t batches = ElementCount(out_shape) / (tokens * columns);
  const float scale = ScaleOf(planner.graph(), layer, matmul.alpha);
  uint32_t bank = 0;
  for (int64_t batch = 0; batch < batches; ++batch) {
    ProductTile whole;
    whole.a_base = a.offset;
    whole.b_base = b.offset;
    whole.out_base = out.offset;
    whole.inner = a_shape[rank - 1];
    int64_t rest = batch;
    for (size_t i = rank - 2; i-- > 0;) {
      const int64_t index = rest % out_shape[i];
      rest /= out_shape[i];
      whole.a_base += a_shape[i] == 1 ? 0 : index * a.strides[i];
      whole.b_base += b_shape[i] == 1 ? 0 : index * b.strides[i];
      whole.out_base += index * out.strides[i];
    }
    for (int64_t token = 0; token < tokens; token += limit) {
      for (int64_t column = 0; column < columns; column += partitions) {
        ProductTile tile = whole;
        tile.tokens = std::min(limit, tokens - token);
        tile.columns = std::min(partitions, columns - column);
        tile.a_base += token * a.strides[rank - 2];
        tile.b_base += column * b.strides[rank - 1];
        tile.out_base += column / partitions * out.group_stride + token * out.strides[rank - 2];
        tile.psum_base = (bank++ % banks) * isa::kPsumBankBytes;
        planner.AddOp(
            {a.buffer, b.buffer, out.buffer},
            [=, integer = IsInteger(a)](ProgramBuilder& program,
                                        const MemoryPlan& memory) -> Status {
              NEURON_RETURN_IF_ERROR(EmitProduct(program, memory, a, b, tile, partitions));
              return program.Append(Drain(memory, out, tile, fields, integer, scale));
            });
      }
    }
  }
  return OkStatus();
}

}  // namespace neuron::compiler
