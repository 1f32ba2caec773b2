// SPDX-License-Identifier: Apache-2.0
// nc_fp_alu (with nc_fp_mul, nc_fp_add_lanes and nc_fp_compare_pkg), nc_cvt_in and nc_cvt_out
// against the reference arithmetic, bit for bit.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "Vcvt_in.h"
#include "Vcvt_out.h"
#include "Vfp_alu.h"
#include "sim/functional/numerics.h"

namespace neuron {
namespace {

using isa::Alu;
using isa::Dtype;

constexpr uint32_t kLanes = 4;
constexpr uint32_t kSeed = 20;
constexpr uint32_t kNumAlus = 14;
constexpr std::array kDtypes = {Dtype::kFp32, Dtype::kBf16,  Dtype::kFp16,
                                Dtype::kInt8, Dtype::kUint8, Dtype::kInt32};

// Zeros, subnormals, the ends of the exponent range, ties and limits of every type.
constexpr uint32_t kSpecials[] = {
    0x00000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x00800001, 0x00FFFFFF, 0x01000000, 0x1F800000,
    0x20000000, 0x20000001, 0x33800000, 0x337FFFFF, 0x3EFFFFFF, 0x3F000000, 0x3F000001, 0x3F7FFFFF,
    0x3F800000, 0x3F800001, 0x3FB504F3, 0x3FC00000, 0x40200000, 0x40600000, 0x42FE0000, 0x42FF0000,
    0x43000000, 0x43008000, 0x437E8000, 0x437F0000, 0x437F8000, 0x43800000, 0x477FDFFF, 0x477FE000,
    0x477FEFFF, 0x477FF000, 0x47800000, 0x387FDFFF, 0x387FE000, 0x387FEFFF, 0x387FF000, 0x38800000,
    0x38801000, 0x38803000, 0x3F801000, 0x3F803000, 0x3F808000, 0x3F818000, 0x4AFFFFFF, 0x4B000000,
    0x4B000001, 0x4B7FFFFF, 0x4B800001, 0x4EFFFFFF, 0x4F000000, 0x4F000001, 0x5F7FFFFF, 0x5F800000,
    0x7EFFFFFF, 0x7F000000, 0x7F7F7FFF, 0x7F7F8000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FBFFFFF,
    0x7FC00000, 0x7FFFFFFF};

std::vector<uint32_t> Specials() {
  std::vector<uint32_t> values;
  for (const uint32_t value : kSpecials) {
    values.push_back(value);
    values.push_back(value ^ sim::kSignBit);
  }
  return values;
}

// Random words biased to where rounding, overflow and underflow are decided.
class EdgeWords {
 public:
  explicit EdgeWords(uint32_t seed) : random_(seed) {
    ::testing::Test::RecordProperty("seed", static_cast<int>(seed));
  }
  uint32_t Next() {
    const uint32_t bits = random_();
    switch (random_() % 5) {
      case 0:  // next to a special value
        return kSpecials[random_() % std::size(kSpecials)] + random_() % 5 - 2 +
               (bits & sim::kSignBit);
      case 1:  // long runs of ones or zeros below a few random bits: ties and near ties
        return (bits & ~((1u << (random_() % 23)) - 1)) + random_() % 3 - 1;
      case 2:  // around the range of the small types
        return (bits & 0x807FFFFFu) | (110 + random_() % 50) << 23;
      default:
        return bits;
    }
  }
  // A second operand, often near the first in magnitude or with a product at an end of the range.
  uint32_t Partner(uint32_t a) {
    const uint32_t b = Next();
    const uint32_t exponent = a >> 23 & 255u;
    switch (random_() % 5) {
      case 0:
        return (a ^ sim::kSignBit) + random_() % 5 - 2;
      case 1:
        return a;
      case 2:  // an exponent at most 30 away
        return (b & 0x807FFFFFu) | ((exponent + random_() % 61 - 30) & 255u) << 23;
      case 3:  // a product near the smallest or largest number
        return (b & 0x807FFFFFu) |
               ((random_() % 2 ? 127 + random_() % 3 - exponent : 380 + random_() % 3 - exponent) &
                255u)
                   << 23;
      default:
        return b;
    }
  }
  uint32_t Bits() { return random_(); }

 private:
  std::mt19937 random_;
};

template <typename Model>
void Clock(Model& model) {
  model.clk_i = 0;
  model.eval();
  model.clk_i = 1;
  model.eval();
}

class FpAluLanes : public ::testing::Test {
 protected:
  // The pairs through the pipeline, one vector a cycle, with bubbles.
  void Check(Alu op, const std::vector<std::array<uint32_t, 2>>& pairs) {
    model_.op_i = static_cast<uint32_t>(op);
    std::array<std::array<uint32_t, 2>, kLanes> first{};
    std::array<std::array<uint32_t, 2>, kLanes> second{};
    uint32_t enable = 0;
    size_t next = 0;
    for (uint32_t cycle = 0; next < pairs.size() || enable != 0; ++cycle) {
      const bool enter = next < pairs.size() && cycle % 7 != 3;
      enable = (enable << 1 | enter) & 3u;
      second = first;
      for (uint32_t l = 0; l < kLanes; ++l) {
        first[l] = pairs[(enter ? next + l : cycle * 5 + l) % pairs.size()];
        model_.a_i[l] = first[l][0];
        model_.b_i[l] = first[l][1];
      }
      if (enter) next += kLanes;
      model_.en_i = enable;
      Clock(model_);
      if (!(enable & 2u)) continue;
      for (uint32_t l = 0; l < kLanes; ++l) {
        ASSERT_EQ(model_.result_o[l], sim::Alu(op, second[l][0], second[l][1]))
            << std::hex << isa::Name(op) << " of 0x" << second[l][0] << " and 0x" << second[l][1]
            << ", seed " << std::dec << kSeed;
      }
    }
  }
  VerilatedContext context_;
  Vfp_alu model_{&context_};
};

TEST_F(FpAluLanes, SpecialOperandsInAllPairsWithEveryOperation) {
  std::vector<std::array<uint32_t, 2>> pairs;
  for (const uint32_t a : Specials()) {
    for (const uint32_t b : Specials()) pairs.push_back({a, b});
  }
  for (uint32_t op = 0; op < kNumAlus && !HasFatalFailure(); ++op) {
    Check(static_cast<Alu>(op), pairs);
  }
}

TEST_F(FpAluLanes, RandomOperandsWithEveryOperation) {
  EdgeWords words(kSeed);
  for (uint32_t op = 0; op < kNumAlus && !HasFatalFailure(); ++op) {
    const bool rounds =
        op >= static_cast<uint32_t>(Alu::kAdd) && op <= static_cast<uint32_t>(Alu::kMul);
    std::vector<std::array<uint32_t, 2>> pairs(rounds ? 150'000 : 40'000);
    for (auto& pair : pairs) {
      pair[0] = words.Next();
      pair[1] = words.Partner(pair[0]);
    }
    Check(static_cast<Alu>(op), pairs);
  }
}

// Sends words through a two-stage conversion and compares with `expected(word, lane)`.
template <typename Model, typename Input, typename Output, typename Expected>
void CheckConversion(Model& model, Input& input, Output& output, const std::vector<uint32_t>& words,
                     Expected expected) {
  for (size_t n = 0; n < words.size(); n += kLanes) {
    for (uint32_t l = 0; l < kLanes; ++l) input[l] = words[(n + l) % words.size()];
    model.en_i = 1;
    Clock(model);
    // The input may go away once it is inside.
    for (uint32_t l = 0; l < kLanes; ++l) input[l] = ~words[(n + l) % words.size()];
    model.en_i = 2;
    Clock(model);
    for (uint32_t l = 0; l < kLanes; ++l) {
      const uint32_t word = words[(n + l) % words.size()];
      ASSERT_EQ(output[l], expected(word, l))
          << std::hex << "of 0x" << word << ", seed " << std::dec << kSeed;
    }
  }
}

TEST(CvtIn, EveryTypeZeroPointAndOffset) {
  VerilatedContext context;
  Vcvt_in model(&context);
  EdgeWords words(kSeed);
  for (const Dtype dtype : kDtypes) {
    const uint32_t bytes = sim::DtypeBytes(dtype);
    for (uint32_t round = 0; round < 64; ++round) {
      model.dtype_i = static_cast<uint32_t>(dtype);
      model.zero_point_i =
          round < 4 ? std::array{0u, 127u, 128u, 255u}[round] : words.Bits() & 255u;
      model.offset_i = round * bytes % 4;
      const bool biased = dtype == Dtype::kInt32 && round % 2;
      for (uint32_t l = 0; l < kLanes; ++l) model.int_bias_i[l] = biased ? words.Bits() : 0;
      std::vector<uint32_t> inputs = Specials();
      while (inputs.size() < 2000) inputs.push_back(words.Next());
      while (inputs.size() < 2200) {  // small integers
        inputs.push_back(
            static_cast<uint32_t>(static_cast<int32_t>(words.Bits()) >> words.Bits() % 32));
      }
      CheckConversion(
          model, model.word_i, model.value_o, inputs, [&](uint32_t word, uint32_t lane) {
            const uint32_t element =
                static_cast<uint32_t>((word >> (8 * model.offset_i)) & ((1ull << (8 * bytes)) - 1));
            return sim::ConvertIn(element + (bytes == 4 ? model.int_bias_i[lane] : 0u), dtype,
                                  model.zero_point_i);
          });
      if (::testing::Test::HasFatalFailure()) {
        FAIL() << isa::Name(dtype) << ", zero point " << int{model.zero_point_i};
      }
    }
  }
}

// All 16-bit elements there are.
TEST(CvtIn, EveryHalf) {
  VerilatedContext context;
  Vcvt_in model(&context);
  std::vector<uint32_t> inputs(65536);
  for (uint32_t n = 0; n < inputs.size(); ++n) inputs[n] = n | ~n << 16;
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kFp16}) {
    for (const uint32_t offset : {0u, 2u}) {
      model.dtype_i = static_cast<uint32_t>(dtype);
      model.offset_i = offset;
      CheckConversion(model, model.word_i, model.value_o, inputs, [&](uint32_t word, uint32_t) {
        return sim::ConvertIn(word >> (8 * offset) & 0xFFFFu, dtype, 0);
      });
    }
  }
}

TEST(CvtOut, EveryTypeAndZeroPoint) {
  VerilatedContext context;
  Vcvt_out model(&context);
  EdgeWords words(kSeed);
  for (const Dtype dtype : kDtypes) {
    for (uint32_t round = 0; round < 64; ++round) {
      model.dtype_i = static_cast<uint32_t>(dtype);
      model.zero_point_i =
          round < 4 ? std::array{0u, 127u, 128u, 255u}[round] : words.Bits() & 255u;
      std::vector<uint32_t> inputs = Specials();
      while (inputs.size() < 2000) inputs.push_back(words.Next());
      while (inputs.size() < 2600) {  // halves of integers, up to 2^24
        const auto half =
            static_cast<float>(static_cast<int32_t>(words.Bits()) >> (7 + words.Bits() % 25));
        inputs.push_back(std::bit_cast<uint32_t>(half * 0.5f));
      }
      CheckConversion(model, model.value_i, model.bits_o, inputs, [&](uint32_t word, uint32_t) {
        return sim::ConvertOut(word, dtype, model.zero_point_i);
      });
      if (::testing::Test::HasFatalFailure()) {
        FAIL() << isa::Name(dtype) << ", zero point " << int{model.zero_point_i};
      }
    }
  }
}

}  // namespace
}  // namespace neuron
