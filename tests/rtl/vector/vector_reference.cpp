// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/vector/vector_reference.h"

#include "sim/functional/numerics.h"

namespace neuron::vector_test {
namespace {

using isa::Dtype;
using isa::Opcode;

uint32_t Scalar(uint32_t kind, uint32_t value, uint32_t partition, const Memories& memories) {
  const bool immediate = kind == static_cast<uint32_t>(isa::Operand::kImmediate);
  return sim::ReadFp32(immediate ? value : memories.sbuf.Load(partition, value, 4));
}

// The window of in0 whose first element is at `base`, as FP32 values in order.
std::vector<uint32_t> Window(const isa::VectorInstruction& i, uint32_t partition, int64_t base,
                             Memories& memories) {
  const auto dtype = static_cast<Dtype>(i.in0_dtype);
  std::vector<uint32_t> values;
  for (int64_t w2 = 0; w2 < i.window_size2; ++w2) {
    for (int64_t w1 = 0; w1 < i.window_size1; ++w1) {
      for (int64_t w0 = 0; w0 < i.window_size0; ++w0) {
        const int64_t address = base + w0 * i.in0_window_stride0 + w1 * i.in0_window_stride1 +
                                w2 * i.in0_window_stride2;
        values.push_back(sim::ConvertIn(
            memories.In(i.in0_space).Load(partition, address, sim::DtypeBytes(dtype)), dtype,
            i.in0_zero_point));
      }
    }
  }
  return values;
}

uint32_t Reduce(isa::Alu op, const std::vector<uint32_t>& values) {
  if (op == isa::Alu::kAdd) return sim::ReduceAdd(values);
  uint32_t result = values[0];
  for (size_t n = 1; n < values.size(); ++n) result = sim::Alu(op, result, values[n]);
  return result;
}

uint32_t Argmax(const std::vector<uint32_t>& values) {
  size_t best = 0;
  for (size_t n = 1; n < values.size(); ++n) {
    if (sim::FpLess(values[best], values[n])) best = n;
  }
  return sim::IntToFp(static_cast<int64_t>(best));
}

}  // namespace

Uses UsesOf(uint32_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kTensorTensor:
      return {.in0 = true, .in1 = true};
    case Opcode::kTensorScalar:
      return {.in0 = true, .scalar0 = true, .scalar1 = true};
    case Opcode::kScalarTensorTensor:
      return {.in0 = true, .in1 = true, .scalar0 = true};
    case Opcode::kReduce:
      return {.in0 = true, .window = true, .scalar1 = true};
    case Opcode::kArgmax:
      return {.in0 = true, .window = true};
    case Opcode::kSelect:
      return {.in0 = true, .in1 = true, .scalar0 = true};
    case Opcode::kIota:
      return {.scalar0 = true, .scalar1 = true};
    default:
      return {.scalar0 = true};
  }
}

void ExecuteReference(const isa::VectorInstruction& i, Memories& memories) {
  const Uses uses = UsesOf(i.opcode);
  const auto alu0 = static_cast<isa::Alu>(i.alu0);
  const auto alu1 = static_cast<isa::Alu>(i.alu1);
  const auto out_dtype = static_cast<Dtype>(i.out_dtype);
  for (uint32_t p = i.part_start; p < i.part_start + i.part_count; ++p) {
    const uint32_t s0 = uses.scalar0 ? Scalar(i.scalar0_operand, i.scalar0, p, memories) : 0;
    const uint32_t s1 = uses.scalar1 ? Scalar(i.scalar1_operand, i.scalar1, p, memories) : 0;
    int64_t index = 0;
    for (int64_t i2 = 0; i2 < i.size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.size0; ++i0, ++index) {
          const int64_t address0 =
              i.in0_base + i0 * i.in0_stride0 + i1 * i.in0_stride1 + i2 * i.in0_stride2;
          const int64_t address1 =
              i.in1_base + i0 * i.in1_stride0 + i1 * i.in1_stride1 + i2 * i.in1_stride2;
          uint32_t a = 0;
          uint32_t b = 0;
          if (uses.in0 && !uses.window) {
            const auto dtype = static_cast<Dtype>(i.in0_dtype);
            a = sim::ConvertIn(memories.In(i.in0_space).Load(p, address0, sim::DtypeBytes(dtype)),
                               dtype, i.in0_zero_point);
          }
          if (uses.in1) {
            const auto dtype = static_cast<Dtype>(i.in1_dtype);
            b = sim::ConvertIn(memories.In(i.in1_space).Load(p, address1, sim::DtypeBytes(dtype)),
                               dtype, i.in1_zero_point);
          }
          uint32_t y = 0;
          bool written = true;
          switch (static_cast<Opcode>(i.opcode)) {
            case Opcode::kTensorTensor:
              y = sim::Alu(alu0, a, b);
              break;
            case Opcode::kTensorScalar:
              y = sim::Alu(alu1, sim::Alu(alu0, a, s0), s1);
              break;
            case Opcode::kScalarTensorTensor:
              y = sim::Alu(alu1, sim::Alu(alu0, a, s0), b);
              break;
            case Opcode::kReduce:
              y = sim::Alu(alu1, Reduce(alu0, Window(i, p, address0, memories)), s1);
              break;
            case Opcode::kArgmax:
              y = Argmax(Window(i, p, address0, memories));
              break;
            case Opcode::kSelect: {
              const bool holds = (a & ~sim::kSignBit) != 0;
              y = holds ? b : s0;
              written = holds || !i.predicate;
              break;
            }
            case Opcode::kIota:
              y = sim::FpAdd(sim::FpMul(sim::IntToFp(index), s1), s0);
              break;
            default:
              y = s0;
              break;
          }
          if (!written) continue;
          memories.In(i.out_space)
              .Store(p, i.out_base + i0 * i.out_stride0 + i1 * i.out_stride1 + i2 * i.out_stride2,
                     sim::DtypeBytes(out_dtype), sim::ConvertOut(y, out_dtype, i.out_zero_point));
        }
      }
    }
  }
}

}  // namespace neuron::vector_test
