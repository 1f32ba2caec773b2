// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/scalar/scalar_reference.h"

namespace neuron::scalar_test {
namespace {

using isa::Dtype;

uint32_t Scalar(uint32_t kind, uint32_t value, uint32_t partition, const Memories& memories) {
  const bool immediate = kind == static_cast<uint32_t>(isa::Operand::kImmediate);
  return immediate ? value : memories.sbuf.Load(partition, value, 4);
}

void LoadTable(const isa::ScalarInstruction& i, State& state) {
  for (uint32_t n = 0; n < i.size0; ++n) {
    sim::TableEntry& entry = state.table[(i.table_base + n) % state.table.size()];
    for (uint32_t c = 0; c < 4; ++c) {
      entry[c] = state.memories.sbuf.Load(i.part_start + c, i.in_base + 4 * int64_t{n}, 4);
    }
  }
}

}  // namespace

void ExecuteReference(const isa::ScalarInstruction& i, State& state) {
  if (i.opcode == static_cast<uint32_t>(isa::Opcode::kLoadTable)) return LoadTable(i, state);
  const auto in_dtype = static_cast<Dtype>(i.in_dtype);
  const auto out_dtype = static_cast<Dtype>(i.out_dtype);
  const sim::FunctionSpec spec = {.func = static_cast<isa::Func>(i.func),
                                  .alpha = i.alpha,
                                  .clamp_low = i.clamp_low,
                                  .clamp_high = i.clamp_high,
                                  .index_bits = i.table_index_bits,
                                  .exp_min = i.table_exp_min,
                                  .exp_max = i.table_exp_max,
                                  .table_base = i.table_base,
                                  .negative_base = i.table_negative_base};
  Memory& in = state.memories.In(i.in_space);
  Memory& out = state.memories.In(i.out_space);
  for (uint32_t p = i.part_start; p < i.part_start + i.part_count; ++p) {
    const uint32_t scale = Scalar(i.scale_operand, i.scale, p, state.memories);
    const uint32_t bias = Scalar(i.bias_operand, i.bias, p, state.memories);
    sim::FourWaySum sum;
    for (int64_t i2 = 0; i2 < i.size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.size0; ++i0) {
          const uint32_t bits =
              in.Load(p, i.in_base + i0 * i.in_stride0 + i1 * i.in_stride1 + i2 * i.in_stride2,
                      sim::DtypeBytes(in_dtype));
          const uint32_t y =
              in_dtype == Dtype::kInt32
                  ? sim::ActivateInt32(spec, state.table, bits, scale, bias)
                  : sim::Activate(spec, state.table,
                                  sim::ConvertIn(bits, in_dtype, i.in_zero_point), scale, bias);
          sum.Add(y);
          out.Store(p, i.out_base + i0 * i.out_stride0 + i1 * i.out_stride1 + i2 * i.out_stride2,
                    sim::DtypeBytes(out_dtype), sim::ConvertOut(y, out_dtype, i.out_zero_point));
        }
      }
    }
    if (i.sum_enable) state.memories.sbuf.Store(p, i.sum_base, 4, sum.Result());
  }
}

}  // namespace neuron::scalar_test
