// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/functional/element_io.h"
#include "sim/functional/lane_engines.h"

namespace neuron::sim {
namespace {

constexpr uint32_t kChunk = 256;

// One operand in the partition at hand.
struct Operand {
  std::byte* row = nullptr;
  isa::Dtype dtype = isa::Dtype::kFp32;
  uint32_t zero_point = 0;
  int64_t base = 0;
  int64_t strides[3] = {};

  std::byte* At(int64_t i0, int64_t i1, int64_t i2) const {
    return row + base + i0 * strides[0] + i1 * strides[1] + i2 * strides[2];
  }
};

class VectorExecution {
 public:
  VectorExecution(const isa::VectorInstruction& instruction, CoreState& state)
      : i_(instruction), state_(state), opcode_(static_cast<isa::Opcode>(instruction.opcode)) {}

  void Run() {
    for (uint32_t p = i_.part_start; p < i_.part_start + i_.part_count; ++p) RunPartition(p);
  }

 private:
  void RunPartition(uint32_t partition);
  // Elements [first, first + count) of the innermost dimension; loads in0_ and stores the results.
  void RunElementwise(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2);
  void RunSelect(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2);
  void RunWindowed(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2);
  uint32_t ReduceWindow(const std::byte* from);
  uint32_t ArgmaxWindow(const std::byte* from);
  // Calls visit(values, count) over the window's elements in order.
  template <typename Visit>
  void VisitWindow(const std::byte* from, Visit visit);

  uint32_t ScalarOperand(uint32_t kind, uint32_t value, uint32_t partition) const {
    if (kind == static_cast<uint32_t>(isa::Operand::kImmediate)) return ReadFp32(value);
    return ReadFp32(LoadElement(state_.sbuf.Row(partition) + value, 4));
  }
  void Load(const Operand& operand, uint32_t first, uint32_t count, uint32_t i1, uint32_t i2,
            uint32_t* values) const {
    ReadElements(operand.At(first, i1, i2), operand.strides[0], count, operand.dtype,
                 operand.zero_point, values);
  }
  void Store(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2, const uint32_t* values) {
    WriteElements(values, count, out_.dtype, out_.zero_point, out_.At(first, i1, i2),
                  out_.strides[0]);
  }

  const isa::VectorInstruction& i_;
  CoreState& state_;
  const isa::Opcode opcode_;
  Operand in0_, in1_, out_;
  uint32_t scalar0_ = 0;
  uint32_t scalar1_ = 0;
};

bool UsesScalar0(isa::Opcode opcode) {
  return opcode == isa::Opcode::kTensorScalar || opcode == isa::Opcode::kScalarTensorTensor ||
         opcode == isa::Opcode::kSelect || opcode == isa::Opcode::kIota ||
         opcode == isa::Opcode::kFill;
}
bool UsesScalar1(isa::Opcode opcode) {
  return opcode == isa::Opcode::kTensorScalar || opcode == isa::Opcode::kReduce ||
         opcode == isa::Opcode::kIota;
}

void VectorExecution::RunPartition(uint32_t partition) {
  const auto dtype = [](uint32_t value) { return static_cast<isa::Dtype>(value); };
  in0_ = {state_.Memory(i_.in0_space).Row(partition),
          dtype(i_.in0_dtype),
          i_.in0_zero_point,
          i_.in0_base,
          {i_.in0_stride0, i_.in0_stride1, i_.in0_stride2}};
  in1_ = {state_.Memory(i_.in1_space).Row(partition),
          dtype(i_.in1_dtype),
          i_.in1_zero_point,
          i_.in1_base,
          {i_.in1_stride0, i_.in1_stride1, i_.in1_stride2}};
  out_ = {state_.Memory(i_.out_space).Row(partition),
          dtype(i_.out_dtype),
          i_.out_zero_point,
          i_.out_base,
          {i_.out_stride0, i_.out_stride1, i_.out_stride2}};
  scalar0_ = UsesScalar0(opcode_) ? ScalarOperand(i_.scalar0_operand, i_.scalar0, partition) : 0;
  scalar1_ = UsesScalar1(opcode_) ? ScalarOperand(i_.scalar1_operand, i_.scalar1, partition) : 0;
  for (uint32_t i2 = 0; i2 < i_.size2; ++i2) {
    for (uint32_t i1 = 0; i1 < i_.size1; ++i1) {
      for (uint32_t first = 0; first < i_.size0; first += kChunk) {
        const uint32_t count = std::min(kChunk, i_.size0 - first);
        switch (opcode_) {
          case isa::Opcode::kReduce:
          case isa::Opcode::kArgmax:
            RunWindowed(first, count, i1, i2);
            break;
          case isa::Opcode::kSelect:
            RunSelect(first, count, i1, i2);
            break;
          default:
            RunElementwise(first, count, i1, i2);
            break;
        }
      }
    }
  }
}

void VectorExecution::RunElementwise(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2) {
  const auto alu0 = static_cast<isa::Alu>(i_.alu0);
  const auto alu1 = static_cast<isa::Alu>(i_.alu1);
  uint32_t a[kChunk];
  uint32_t b[kChunk];
  switch (opcode_) {
    case isa::Opcode::kTensorTensor:
      Load(in0_, first, count, i1, i2, a);
      Load(in1_, first, count, i1, i2, b);
      AluArrays(alu0, a, b, count, a);
      break;
    case isa::Opcode::kTensorScalar:
      Load(in0_, first, count, i1, i2, a);
      AluScalar(alu0, a, scalar0_, count, a);
      AluScalar(alu1, a, scalar1_, count, a);
      break;
    case isa::Opcode::kScalarTensorTensor:
      Load(in0_, first, count, i1, i2, a);
      Load(in1_, first, count, i1, i2, b);
      AluScalar(alu0, a, scalar0_, count, a);
      AluArrays(alu1, a, b, count, a);
      break;
    case isa::Opcode::kIota: {
      const uint64_t index = (uint64_t{i2} * i_.size1 + i1) * i_.size0 + first;
      for (uint32_t n = 0; n < count; ++n) a[n] = IntToFp(static_cast<int64_t>(index + n));
      AluScalar(isa::Alu::kMul, a, scalar1_, count, a);
      AluScalar(isa::Alu::kAdd, a, scalar0_, count, a);
      break;
    }
    default:  // fill
      std::fill_n(a, count, scalar0_);
      break;
  }
  Store(first, count, i1, i2, a);
}

void VectorExecution::RunSelect(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2) {
  uint32_t condition[kChunk];
  uint32_t values[kChunk];
  Load(in0_, first, count, i1, i2, condition);
  Load(in1_, first, count, i1, i2, values);
  const auto is_true = [&](uint32_t n) { return (condition[n] & ~kSignBit) != 0; };
  if (!i_.predicate) {
    for (uint32_t n = 0; n < count; ++n) {
      if (!is_true(n)) values[n] = scalar0_;
    }
    Store(first, count, i1, i2, values);
    return;
  }
  for (uint32_t n = 0; n < count; ++n) {
    if (is_true(n)) Store(first + n, 1, i1, i2, values + n);
  }
}

void VectorExecution::RunWindowed(uint32_t first, uint32_t count, uint32_t i1, uint32_t i2) {
  uint32_t results[kChunk];
  const bool argmax = opcode_ == isa::Opcode::kArgmax;
  for (uint32_t n = 0; n < count; ++n) {
    const std::byte* from = in0_.At(first + n, i1, i2);
    results[n] = argmax ? ArgmaxWindow(from) : ReduceWindow(from);
  }
  if (!argmax) {
    AluScalar(static_cast<isa::Alu>(i_.alu1), results, scalar1_, count, results);
  }
  Store(first, count, i1, i2, results);
}

template <typename Visit>
void VectorExecution::VisitWindow(const std::byte* from, Visit visit) {
  uint32_t values[kChunk];
  for (int64_t w2 = 0; w2 < i_.window_size2; ++w2) {
    for (int64_t w1 = 0; w1 < i_.window_size1; ++w1) {
      const std::byte* row = from + w1 * i_.in0_window_stride1 + w2 * i_.in0_window_stride2;
      for (uint32_t first = 0; first < i_.window_size0; first += kChunk) {
        const uint32_t count = std::min(kChunk, i_.window_size0 - first);
        ReadElements(row + int64_t{first} * i_.in0_window_stride0, i_.in0_window_stride0, count,
                     in0_.dtype, in0_.zero_point, values);
        visit(values, count);
      }
    }
  }
}

uint32_t VectorExecution::ReduceWindow(const std::byte* from) {
  const auto op = static_cast<isa::Alu>(i_.alu0);
  if (op == isa::Alu::kAdd) {
    FourWaySum sum;
    VisitWindow(from, [&](const uint32_t* values, uint32_t count) {
      for (uint32_t n = 0; n < count; ++n) sum.Add(values[n]);
    });
    return sum.Result();
  }
  bool started = false;
  uint32_t result = 0;
  VisitWindow(from, [&](const uint32_t* values, uint32_t count) {
    for (uint32_t n = 0; n < count; ++n) {
      result = started ? Alu(op, result, values[n]) : values[n];
      started = true;
    }
  });
  return result;
}

uint32_t VectorExecution::ArgmaxWindow(const std::byte* from) {
  int64_t position = 0;
  int64_t best_position = 0;
  uint32_t best = 0;
  VisitWindow(from, [&](const uint32_t* values, uint32_t count) {
    for (uint32_t n = 0; n < count; ++n, ++position) {
      if (position == 0 || FpLess(best, values[n])) {
        best = values[n];
        best_position = position;
      }
    }
  });
  return IntToFp(best_position);
}

}  // namespace

void ExecuteVector(const isa::VectorInstruction& instruction, CoreState& state) {
  VectorExecution(instruction, state).Run();
}

}  // namespace neuron::sim
