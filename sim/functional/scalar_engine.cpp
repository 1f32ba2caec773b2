// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "sim/functional/element_io.h"
#include "sim/functional/lane_engines.h"

namespace neuron::sim {
namespace {

constexpr uint32_t kChunk = 256;

FunctionSpec SpecOf(const isa::ScalarInstruction& i) {
  FunctionSpec spec;
  spec.func = static_cast<isa::Func>(i.func);
  spec.alpha = i.alpha;
  spec.clamp_low = i.clamp_low;
  spec.clamp_high = i.clamp_high;
  spec.index_bits = i.table_index_bits;
  spec.exp_min = i.table_exp_min;
  spec.exp_max = i.table_exp_max;
  spec.table_base = i.table_base;
  spec.negative_base = i.table_negative_base;
  return spec;
}

class Activation {
 public:
  Activation(const isa::ScalarInstruction& instruction, CoreState& state)
      : i_(instruction), state_(state), spec_(SpecOf(instruction)) {}

  void Run() {
    for (uint32_t p = i_.part_start; p < i_.part_start + i_.part_count; ++p) RunPartition(p);
  }

 private:
  void RunPartition(uint32_t partition);
  // Steps 1 to 3 of numerics.md section 6 on a row of elements.
  void Compute(const std::byte* from, uint32_t count, uint32_t scale, uint32_t bias,
               uint32_t* values) const;

  uint32_t Operand(uint32_t kind, uint32_t value, uint32_t partition) const {
    if (kind == static_cast<uint32_t>(isa::Operand::kImmediate)) return value;
    return LoadElement(state_.sbuf.Row(partition) + value, 4);
  }

  const isa::ScalarInstruction& i_;
  CoreState& state_;
  const FunctionSpec spec_;
};

void Activation::Compute(const std::byte* from, uint32_t count, uint32_t scale, uint32_t bias,
                         uint32_t* values) const {
  const auto dtype = static_cast<isa::Dtype>(i_.in_dtype);
  if (dtype == isa::Dtype::kInt32) {
    ReadWords(from, i_.in_stride0, count, values);
    for (uint32_t n = 0; n < count; ++n) {
      values[n] =
          std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(values[n] + bias)));
    }
    AluScalar(isa::Alu::kMul, values, scale, count, values);
  } else {
    ReadElements(from, i_.in_stride0, count, dtype, i_.in_zero_point, values);
    AluScalar(isa::Alu::kMul, values, scale, count, values);
    AluScalar(isa::Alu::kAdd, values, bias, count, values);
  }
  AluScalar(isa::Alu::kMax, values, spec_.clamp_low, count, values);
  AluScalar(isa::Alu::kMin, values, spec_.clamp_high, count, values);
  if (spec_.func == isa::Func::kIdentity) return;
  for (uint32_t n = 0; n < count; ++n) {
    values[n] = EvaluateFunction(spec_, state_.table, values[n]);
  }
}

void Activation::RunPartition(uint32_t partition) {
  const std::byte* in = state_.Memory(i_.in_space).Row(partition) + i_.in_base;
  std::byte* out = state_.Memory(i_.out_space).Row(partition) + i_.out_base;
  const uint32_t scale = Operand(i_.scale_operand, i_.scale, partition);
  const uint32_t bias = Operand(i_.bias_operand, i_.bias, partition);
  FourWaySum sum;
  uint32_t values[kChunk];
  for (int64_t i2 = 0; i2 < i_.size2; ++i2) {
    for (int64_t i1 = 0; i1 < i_.size1; ++i1) {
      const std::byte* from = in + i1 * i_.in_stride1 + i2 * i_.in_stride2;
      std::byte* to = out + i1 * i_.out_stride1 + i2 * i_.out_stride2;
      for (int64_t first = 0; first < i_.size0; first += kChunk) {
        const auto count = static_cast<uint32_t>(std::min<int64_t>(kChunk, i_.size0 - first));
        Compute(from + first * i_.in_stride0, count, scale, bias, values);
        WriteElements(values, count, static_cast<isa::Dtype>(i_.out_dtype), i_.out_zero_point,
                      to + first * i_.out_stride0, i_.out_stride0);
        if (!i_.sum_enable) continue;
        for (uint32_t n = 0; n < count; ++n) sum.Add(values[n]);
      }
    }
  }
  if (i_.sum_enable) StoreElement(state_.sbuf.Row(partition) + i_.sum_base, 4, sum.Result());
}

void LoadTable(const isa::ScalarInstruction& i, CoreState& state) {
  const PartitionedMemory& memory = state.Memory(i.in_space);
  for (uint32_t n = 0; n < i.size0; ++n) {
    TableEntry& entry = state.table[(i.table_base + n) & (state.table.size() - 1)];
    for (uint32_t c = 0; c < entry.size(); ++c) {
      entry[c] = LoadElement(memory.Row(i.part_start + c) + i.in_base + size_t{n} * 4, 4);
    }
  }
}

}  // namespace

void ExecuteScalar(const isa::ScalarInstruction& instruction, CoreState& state) {
  if (static_cast<isa::Opcode>(instruction.opcode) == isa::Opcode::kLoadTable) {
    LoadTable(instruction, state);
  } else {
    Activation(instruction, state).Run();
  }
}

}  // namespace neuron::sim
