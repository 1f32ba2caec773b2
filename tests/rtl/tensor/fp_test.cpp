// SPDX-License-Identifier: Apache-2.0
// nc_fp_add and nc_int_to_fp against the reference arithmetic, bit for bit.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "Vnc_fp_add.h"
#include "Vnc_int_to_fp.h"
#include "sim/functional/numerics.h"

namespace neuron {
namespace {

class FpAdd : public ::testing::Test {
 protected:
  void Check(uint32_t a, uint32_t b) {
    model_.a_i = a;
    model_.b_i = b;
    model_.eval();
    ASSERT_EQ(model_.sum_o, sim::FpAdd(a, b)) << std::hex << "0x" << a << " + 0x" << b;
  }
  VerilatedContext context_;
  Vnc_fp_add model_{&context_};
};

TEST_F(FpAdd, SpecialOperandsInAllPairs) {
  const uint32_t values[] = {0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x80800000,
                             0x00800001, 0x3F800000, 0xBF800000, 0x3F7FFFFF, 0xBF800001, 0x4B800000,
                             0x4B7FFFFF, 0x33800000, 0xB3800001, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F000000,
                             0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF};
  for (const uint32_t a : values) {
    for (const uint32_t b : values) Check(a, b);
  }
}

TEST_F(FpAdd, RandomOperandsOfAllDistances) {
  std::mt19937 random(1);
  for (int i = 0; i < 600'000 && !HasFatalFailure(); ++i) {
    const uint32_t a = random();
    uint32_t b = random();
    if (i % 3 == 1) {  // exponents near one another
      b = (b & 0x807FFFFF) | ((a + ((random() % 61 - 30) << 23)) & 0x7F800000);
    } else if (i % 3 == 2) {  // nearly cancelling
      b = (a ^ 0x80000000) + random() % 5 - 2;
    }
    Check(a, b);
  }
}

TEST(IntToFp, RandomIntegersAndExponents) {
  VerilatedContext context;
  Vnc_int_to_fp model(&context);
  std::mt19937_64 random(2);
  for (int i = 0; i < 300'000; ++i) {
    int64_t value = static_cast<int64_t>(random() << 20) >> (20 + random() % 44);
    if (i % 4 == 0) {  // at or next to a tie of the rounding
      const int below = 1 + random() % 19;
      value = ((1ll << 23 | random() >> 41) << below) + (1ll << (below - 1));
      value = (random() % 2 ? value : -value) + static_cast<int>(random() % 3) - 1;
    }
    const int exponent = static_cast<int>(random() % 400) - 250;
    model.value_i = static_cast<uint64_t>(value) & ((1ull << 44) - 1);
    model.exponent_i = static_cast<uint32_t>(exponent) & 0x7FF;
    model.eval();
    ASSERT_EQ(model.fp_o, sim::IntToFp(value, exponent)) << value << " * 2^" << exponent;
  }
}

}  // namespace
}  // namespace neuron
