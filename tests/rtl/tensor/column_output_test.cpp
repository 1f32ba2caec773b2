// SPDX-License-Identifier: Apache-2.0
// nc_column_output against the reference arithmetic (docs/numerics.md section 4), bit for bit.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "Vcolumn_sim.h"
#include "Vcolumn_tiny.h"
#include "neuron/isa.h"
#include "sim/functional/numerics.h"

namespace neuron::tensor_test {
namespace {

struct TinyColumn {
  using Model = Vcolumn_tiny;
  static constexpr const char* kConfig = "tiny";
};
struct SimColumn {
  using Model = Vcolumn_sim;
  static constexpr const char* kConfig = "sim";
};

struct Slice {
  bool valid = false;
  bool is_float = false;
  bool accumulate = false;
  bool poisoned = false;
  int64_t sum = 0;
  uint32_t emax = 0;
  uint32_t psum = 0;
  uint32_t emax_stationary = 0;
  bool poisoned_stationary = false;
};

template <typename Column>
class ColumnOutputTest : public ::testing::Test {};
using Columns = ::testing::Types<TinyColumn, SimColumn>;
TYPED_TEST_SUITE(ColumnOutputTest, Columns);

TYPED_TEST(ColumnOutputTest, RandomSlicesMatchTheReference) {
  const isa::Config& config = *isa::FindConfig(TypeParam::kConfig);
  const uint32_t width = config.mantissa_width;
  VerilatedContext context;
  context.randReset(2);
  typename TypeParam::Model model(&context);
  std::mt19937_64 random(4);
  std::deque<Slice> stages(7);  // the slice in stage s at index s, the result at 6
  Slice active;
  Slice shadow;
  model.load_i = 1;
  model.swap_i = 1;
  for (int cycle = 0; cycle < 60'000; ++cycle) {
    Slice in;
    in.valid = random() % 4 != 0;
    in.is_float = random() % 3 != 0;
    in.accumulate = random() % 2;
    in.poisoned = in.is_float && random() % 16 == 0;
    in.emax = random() % 4 ? 100 + random() % 55 : random() % 255;
    in.psum = random() % 4 ? static_cast<uint32_t>(random()) : 0x7FFFFF00u + random() % 256;
    // As wide as P products of MantissaWidth-bit operands can be; integers as P products of 9 bits.
    const uint32_t bits = in.is_float ? 2 * width - 1 : 22;
    in.sum = static_cast<int64_t>(random()) >> (63 - random() % bits);
    if (random() % 16 == 0) in.sum = 0;
    if (in.is_float && width > 16 && random() % 4 == 0) {  // at or next to a tie of the rounding
      in.sum = ((1ll << 23 | random() >> 41) << 9) + 256 + static_cast<int>(random() % 3) - 1;
    }
    in.emax_stationary = active.emax;
    in.poisoned_stationary = in.is_float && active.poisoned;
    stages.pop_back();
    stages.push_front(in);

    model.clk_i = 0;
    model.load_i = cycle < 2 || random() % 4 == 0;
    model.swap_i = cycle < 4 || random() % 8 == 0;
    model.load_emax_i = random() % 2 ? 100 + random() % 55 : random() % 255;
    model.load_poisoned_i = random() % 16 == 0;
    uint32_t valid = 0;
    uint32_t is_float = 0;
    for (int s = 0; s < 6; ++s) {
      // Nothing is checked before the stationary registers have been set.
      valid |= uint32_t{stages[s].valid && cycle - s > 6} << s;
      is_float |= uint32_t{stages[s].is_float} << s;
    }
    model.valid_i = valid;
    model.float_i = is_float;
    model.sum_i = static_cast<uint64_t>(in.sum) & ((1ull << (2 * width + 8)) - 1);
    model.emax_i = in.emax;
    model.poisoned_i = in.poisoned;
    model.accumulate_i = stages[3].accumulate;
    model.psum_i = stages[3].psum;
    model.eval();

    const auto result = [&](const Slice& s, bool* overflow) {
      if (!s.is_float) {
        return sim::AccumulateInt32(s.accumulate ? s.psum : 0, static_cast<uint32_t>(s.sum),
                                    overflow);
      }
      const uint32_t slice = s.poisoned || s.poisoned_stationary
                                 ? sim::kCanonicalNan
                                 : sim::SliceToFp32(s.sum, s.emax, s.emax_stationary, width);
      return s.accumulate ? sim::FpAdd(s.psum, slice) : slice;
    };
    bool overflow = false;
    if (cycle > 20 && stages[6].valid) {
      const Slice& s = stages[6];
      ASSERT_EQ(model.result_o, result(s, &overflow))
          << "cycle " << cycle << ", float " << s.is_float << ", sum " << s.sum << ", psum 0x"
          << std::hex << s.psum;
    }
    overflow = false;
    if (cycle > 20 && stages[4].valid) {
      result(stages[4], &overflow);
      ASSERT_EQ(model.overflow_o, overflow) << "cycle " << cycle;
    }

    model.clk_i = 1;
    model.eval();
    if (model.swap_i) active = shadow;
    if (model.load_i) {
      shadow.emax = model.load_emax_i;
      shadow.poisoned = model.load_poisoned_i;
    }
  }
}

}  // namespace
}  // namespace neuron::tensor_test
