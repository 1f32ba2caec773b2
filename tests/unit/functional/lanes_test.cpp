// SPDX-License-Identifier: Apache-2.0
// VectorE and ScalarE: every instruction against naive loops over the scalar functions, on random
// access patterns, types and memory contents.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/unit/functional/test_program.h"

namespace neuron::sim {
namespace {

using isa::Dtype;
using isa::Opcode;

Dtype TypeOf(uint32_t field) { return static_cast<Dtype>(field); }

// Where a pattern with its innermost strides first puts element (i0, i1, i2).
int64_t At(uint32_t base, int32_t s0, int32_t s1, int32_t s2, int64_t i0, int64_t i1, int64_t i2) {
  return int64_t{base} + i0 * s0 + i1 * s1 + i2 * s2;
}

uint32_t Read(CoreState& state, uint32_t space, uint32_t partition, int64_t address, uint32_t dtype,
              uint32_t zero_point) {
  const uint32_t bytes = DtypeBytes(TypeOf(dtype));
  return ConvertIn(LoadElement(state.Memory(space).Row(partition) + address, bytes), TypeOf(dtype),
                   zero_point);
}

void Write(CoreState& state, uint32_t space, uint32_t partition, int64_t address, uint32_t dtype,
           uint32_t zero_point, uint32_t value) {
  StoreElement(state.Memory(space).Row(partition) + address, DtypeBytes(TypeOf(dtype)),
               ConvertOut(value, TypeOf(dtype), zero_point));
}

uint32_t WordOperand(CoreState& state, uint32_t kind, uint32_t value, uint32_t partition) {
  return kind ? LoadElement(state.sbuf.Row(partition) + value, 4) : value;
}

// All window elements of in0 for one output, in order.
std::vector<uint32_t> Window(const isa::VectorInstruction& i, CoreState& state, uint32_t p,
                             int64_t start) {
  std::vector<uint32_t> values;
  for (int64_t w2 = 0; w2 < i.window_size2; ++w2) {
    for (int64_t w1 = 0; w1 < i.window_size1; ++w1) {
      for (int64_t w0 = 0; w0 < i.window_size0; ++w0) {
        const int64_t at = start + w0 * i.in0_window_stride0 + w1 * i.in0_window_stride1 +
                           w2 * i.in0_window_stride2;
        values.push_back(Read(state, i.in0_space, p, at, i.in0_dtype, i.in0_zero_point));
      }
    }
  }
  return values;
}

uint32_t ReduceWindow(isa::Alu op, const std::vector<uint32_t>& values) {
  if (op == isa::Alu::kAdd) return ReduceAdd(values);
  uint32_t result = values[0];
  for (size_t n = 1; n < values.size(); ++n) result = Alu(op, result, values[n]);
  return result;
}

uint32_t ArgmaxWindow(const std::vector<uint32_t>& values) {
  size_t best = 0;
  for (size_t n = 1; n < values.size(); ++n) {
    if (FpLess(values[best], values[n])) best = n;
  }
  return IntToFp(static_cast<int64_t>(best));
}

void ReferenceVector(const isa::VectorInstruction& i, CoreState& state) {
  const auto opcode = static_cast<Opcode>(i.opcode);
  const auto alu0 = static_cast<isa::Alu>(i.alu0);
  const auto alu1 = static_cast<isa::Alu>(i.alu1);
  const bool generates = opcode == Opcode::kIota || opcode == Opcode::kFill;
  for (uint32_t p = i.part_start; p < i.part_start + i.part_count; ++p) {
    const uint32_t scalar0 = WordOperand(state, i.scalar0_operand, i.scalar0, p);
    const uint32_t scalar1 = WordOperand(state, i.scalar1_operand, i.scalar1, p);
    int64_t index = 0;
    for (int64_t i2 = 0; i2 < i.size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.size0; ++i0, ++index) {
          const int64_t from =
              At(i.in0_base, i.in0_stride0, i.in0_stride1, i.in0_stride2, i0, i1, i2);
          const int64_t from1 =
              At(i.in1_base, i.in1_stride0, i.in1_stride1, i.in1_stride2, i0, i1, i2);
          const uint32_t a =
              generates ? 0 : Read(state, i.in0_space, p, from, i.in0_dtype, i.in0_zero_point);
          const uint32_t b = Read(state, i.in1_space, p, from1, i.in1_dtype, i.in1_zero_point);
          uint32_t y = 0;
          bool write = true;
          switch (opcode) {
            case Opcode::kTensorTensor:
              y = Alu(alu0, a, b);
              break;
            case Opcode::kTensorScalar:
              y = Alu(alu1, Alu(alu0, a, scalar0), scalar1);
              break;
            case Opcode::kScalarTensorTensor:
              y = Alu(alu1, Alu(alu0, a, scalar0), b);
              break;
            case Opcode::kReduce:
              y = Alu(alu1, ReduceWindow(alu0, Window(i, state, p, from)), scalar1);
              break;
            case Opcode::kArgmax:
              y = ArgmaxWindow(Window(i, state, p, from));
              break;
            case Opcode::kSelect: {
              const bool chosen = !FpEqual(a, 0);
              y = chosen ? b : ReadFp32(scalar0);
              write = chosen || !i.predicate;
              break;
            }
            case Opcode::kIota:
              y = FpAdd(FpMul(IntToFp(index), scalar1), scalar0);
              break;
            default:
              y = ReadFp32(scalar0);
              break;
          }
          if (!write) continue;
          Write(state, i.out_space, p,
                At(i.out_base, i.out_stride0, i.out_stride1, i.out_stride2, i0, i1, i2),
                i.out_dtype, i.out_zero_point, y);
        }
      }
    }
  }
}

void ReferenceActivate(const isa::ScalarInstruction& i, CoreState& state) {
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
  for (uint32_t p = i.part_start; p < i.part_start + i.part_count; ++p) {
    const uint32_t scale = WordOperand(state, i.scale_operand, i.scale, p);
    const uint32_t bias = WordOperand(state, i.bias_operand, i.bias, p);
    std::vector<uint32_t> results;
    for (int64_t i2 = 0; i2 < i.size2; ++i2) {
      for (int64_t i1 = 0; i1 < i.size1; ++i1) {
        for (int64_t i0 = 0; i0 < i.size0; ++i0) {
          const int64_t from = At(i.in_base, i.in_stride0, i.in_stride1, i.in_stride2, i0, i1, i2);
          uint32_t y;
          if (TypeOf(i.in_dtype) == Dtype::kInt32) {
            const uint32_t x = LoadElement(state.Memory(i.in_space).Row(p) + from, 4);
            y = ActivateInt32(spec, state.table, x, scale, bias);
          } else {
            y = Activate(spec, state.table,
                         Read(state, i.in_space, p, from, i.in_dtype, i.in_zero_point), scale,
                         bias);
          }
          results.push_back(y);
          Write(state, i.out_space, p,
                At(i.out_base, i.out_stride0, i.out_stride1, i.out_stride2, i0, i1, i2),
                i.out_dtype, i.out_zero_point, y);
        }
      }
    }
    if (i.sum_enable) StoreElement(state.sbuf.Row(p) + i.sum_base, 4, ReduceAdd(results));
  }
}

// Random instructions on the tiny configuration. Inputs lie in the lower part of a memory, outputs
// in the upper part, so that no output overlaps an input.
class Source {
 public:
  explicit Source(uint32_t seed) : random_(seed) {}
  uint32_t Below(uint32_t bound) { return random_() % bound; }
  uint32_t Word() {
    const uint32_t bits = random_();
    switch (Below(4)) {
      case 0:
        return bits;
      case 1:
        return Bits(static_cast<float>(static_cast<int32_t>(bits % 513) - 256));
      default:
        return (bits & 0x81FFFFFFu) | (0x3C + Below(4)) << 24;
    }
  }
  int32_t Stride(uint32_t dtype) {
    return (static_cast<int32_t>(Below(9)) - 4) * static_cast<int32_t>(DtypeBytes(TypeOf(dtype)));
  }
  uint32_t Space() { return Below(2); }
  uint32_t Type(uint32_t space) { return space ? (Below(2) ? 5 : 0) : Below(6); }
  void Fill(TestProgram& program) {
    for (uint32_t p = 0; p < 4; ++p) {
      for (uint32_t a = 0; a < 4096; a += 4) {
        program.SetSbuf(p, a, Word());
        program.SetPsum(p, a, Word());
      }
    }
  }

 private:
  std::mt19937 random_;
};

void ExpectSameMemories(TestProgram& program, CoreState& expected, const std::string& what) {
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t a = 0; a < 4096; a += 4) {
      ASSERT_EQ(program.Sbuf(p, a), LoadElement(expected.sbuf.Row(p) + a, 4))
          << what << ": SBUF partition " << p << ", byte " << a;
      ASSERT_EQ(program.Psum(p, a), LoadElement(expected.psum.Row(p) + a, 4))
          << what << ": PSUM partition " << p << ", byte " << a;
    }
  }
}

FunctionalOptions Relaxed() {
  FunctionalOptions options;
  options.strict = false;
  return options;
}

isa::VectorInstruction RandomVector(Opcode opcode, Source& random) {
  isa::VectorInstruction i = Vector(opcode, 1, 1 + random.Below(6));
  i.part_start = random.Below(4);
  i.part_count = 1 + random.Below(4 - i.part_start);
  i.size1 = 1 + random.Below(4);
  i.size2 = 1 + random.Below(3);
  i.window_size0 = 1 + random.Below(5);
  i.window_size1 = 1 + random.Below(3);
  i.window_size2 = 1 + random.Below(2);
  i.in0_space = random.Space();
  i.in1_space = random.Space();
  i.out_space = random.Space();
  i.in0_dtype = random.Type(i.in0_space);
  i.in1_dtype = random.Type(i.in1_space);
  i.out_dtype = random.Type(i.out_space);
  i.in0_zero_point = random.Below(256);
  i.in1_zero_point = random.Below(256);
  i.out_zero_point = random.Below(256);
  constexpr isa::Alu kReductions[] = {isa::Alu::kAdd, isa::Alu::kMax, isa::Alu::kMin};
  i.alu0 = opcode == Opcode::kReduce ? Field(kReductions[random.Below(3)]) : random.Below(14);
  i.alu1 = random.Below(14);
  i.predicate = random.Below(2);
  i.in0_base = 1024 + 4 * random.Below(64);
  i.in1_base = 1024 + 4 * random.Below(64);
  i.out_base = 3000;
  i.scalar0_operand = random.Below(2);
  i.scalar1_operand = random.Below(2);
  i.scalar0 = i.scalar0_operand ? 4 * random.Below(32) : random.Word();
  i.scalar1 = i.scalar1_operand ? 4 * random.Below(32) : random.Word();
  for (int32_t* stride : {&i.in0_stride0, &i.in0_stride1, &i.in0_stride2, &i.in0_window_stride0,
                          &i.in0_window_stride1, &i.in0_window_stride2}) {
    *stride = random.Stride(i.in0_dtype);
  }
  for (int32_t* stride : {&i.in1_stride0, &i.in1_stride1, &i.in1_stride2}) {
    *stride = random.Stride(i.in1_dtype);
  }
  for (int32_t* stride : {&i.out_stride0, &i.out_stride1, &i.out_stride2}) {
    *stride = random.Stride(i.out_dtype);
  }
  return i;
}

class VectorOpcodeTest : public testing::TestWithParam<Opcode> {};

TEST_P(VectorOpcodeTest, EqualsNaiveLoops) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    Source random(seed);
    TestProgram program("tiny", Relaxed());
    random.Fill(program);
    const isa::VectorInstruction i = RandomVector(GetParam(), random);
    CoreState expected = program.core.state();
    ReferenceVector(i, expected);
    program.Add(i);
    ASSERT_EQ(program.Run().error, ErrorRecord{}) << "seed " << seed;
    ExpectSameMemories(program, expected, "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Opcodes, VectorOpcodeTest,
                         testing::Values(Opcode::kTensorTensor, Opcode::kTensorScalar,
                                         Opcode::kScalarTensorTensor, Opcode::kReduce,
                                         Opcode::kArgmax, Opcode::kSelect, Opcode::kIota,
                                         Opcode::kFill),
                         [](const auto& info) { return std::string(isa::Name(info.param)); });

TEST(Activate, EqualsNaiveLoopsForEveryFunctionAndType) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Source random(seed);
    TestProgram program("tiny", Relaxed());
    random.Fill(program);
    for (TableEntry& entry : program.core.state().table) {
      for (uint32_t& c : entry) c = random.Word();
    }
    isa::ScalarInstruction i = Scalar(Opcode::kActivate, 1, 1 + random.Below(9));
    i.part_start = random.Below(4);
    i.part_count = 1 + random.Below(4 - i.part_start);
    i.size1 = 1 + random.Below(4);
    i.size2 = 1 + random.Below(3);
    i.in_space = random.Space();
    i.out_space = random.Space();
    i.in_dtype = random.Type(i.in_space);
    i.out_dtype = random.Type(i.out_space);
    i.func = random.Below(9);
    i.table_index_bits = 4 + random.Below(3);
    i.table_exp_min = 110 + random.Below(20);
    i.table_exp_max = 110 + random.Below(20);
    i.table_base = random.Below(300);
    i.table_negative_base = random.Below(300);
    i.in_zero_point = random.Below(256);
    i.out_zero_point = random.Below(256);
    i.sum_enable = random.Below(2);
    i.sum_base = 3800;
    i.scale_operand = random.Below(2);
    i.bias_operand = random.Below(2);
    i.scale = i.scale_operand ? 4 * random.Below(32) : random.Word();
    i.bias = i.bias_operand ? 4 * random.Below(32) : random.Word();
    i.alpha = random.Word();
    if (random.Below(2)) {
      i.clamp_low = random.Word();
      i.clamp_high = random.Word();
    }
    i.in_base = 1024;
    i.out_base = 3000;
    for (int32_t* s : {&i.in_stride0, &i.in_stride1, &i.in_stride2}) *s = random.Stride(i.in_dtype);
    for (int32_t* s : {&i.out_stride0, &i.out_stride1, &i.out_stride2}) {
      *s = random.Stride(i.out_dtype);
    }
    CoreState expected = program.core.state();
    ReferenceActivate(i, expected);
    program.Add(i);
    ASSERT_EQ(program.Run().error, ErrorRecord{}) << "seed " << seed;
    ExpectSameMemories(program, expected, "seed " + std::to_string(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Activate, RequantisesInt32ToInt8WithPerChannelScale) {
  TestProgram program("tiny");
  program.MarkInitialised();
  const int32_t sums[] = {1000, -1000, 5, -7};
  for (uint32_t p = 0; p < 4; ++p) {
    program.SetPsum(p, 0, static_cast<uint32_t>(sums[p]));
    program.SetSbuf(p, 0, Bits(p < 2 ? 0.1F : 0.5F));
  }
  isa::ScalarInstruction i = Scalar(Opcode::kActivate, 4, 1);
  i.in_space = Field(isa::Space::kPsum);
  i.in_dtype = Field(Dtype::kInt32);
  i.out_dtype = Field(Dtype::kInt8);
  i.out_zero_point = 3;
  i.out_base = 64;
  i.scale_operand = 1;
  i.scale = 0;
  program.Add(i);
  EXPECT_EQ(program.Run().finding_count, 0u);
  const int expected[] = {103, -97, 5, -1};  // 2.5 and -3.5 round to even
  for (uint32_t p = 0; p < 4; ++p) {
    EXPECT_EQ(static_cast<int8_t>(program.Sbuf(p, 64, 1)), expected[p]);
  }
}

TEST(LoadTable, PlacesCoefficientsAndPersists) {
  TestProgram program("sim");
  program.MarkInitialised();
  for (uint32_t p = 0; p < 4; ++p) {
    for (uint32_t n = 0; n < 3; ++n) program.SetSbuf(p + 8, 16 + 4 * n, 100 * p + n);
  }
  isa::ScalarInstruction i = Scalar(Opcode::kLoadTable, 4, 3);
  i.part_start = 8;
  i.in_base = 16;
  i.table_base = 510;
  program.Add(i);
  EXPECT_EQ(program.Run().error, ErrorRecord{});
  EXPECT_EQ(program.Run().error, ErrorRecord{});
  EXPECT_EQ(program.core.state().table[510], (TableEntry{0, 100, 200, 300}));
  EXPECT_EQ(program.core.state().table[511], (TableEntry{1, 101, 201, 301}));
  EXPECT_EQ(program.core.state().table[0], (TableEntry{2, 102, 202, 302})) << "modulo the size";
}

}  // namespace
}  // namespace neuron::sim
