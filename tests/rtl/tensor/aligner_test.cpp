// SPDX-License-Identifier: Apache-2.0
// nc_aligner against the reference arithmetic (docs/numerics.md section 3), bit for bit.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "Valigner_sim.h"
#include "Valigner_tiny.h"
#include "neuron/isa.h"
#include "sim/functional/numerics.h"
#include "tests/rtl/tensor/wide.h"

namespace neuron::tensor_test {
namespace {

struct TinyAligner {
  using Model = Valigner_tiny;
  static constexpr const char* kConfig = "tiny";
};
struct SimAligner {
  using Model = Valigner_sim;
  static constexpr const char* kConfig = "sim";
};

struct Vector {
  std::vector<uint32_t> words;
  isa::Dtype dtype = isa::Dtype::kFp32;
  uint32_t zero_point = 0;
  uint32_t lane = 0;
  uint32_t mask = 0;
  bool tag = false;
};

template <typename Aligner>
class AlignerTest : public ::testing::Test {
 protected:
  AlignerTest() : config_(*isa::FindConfig(Aligner::kConfig)) {
    context_.randReset(2);
    model_ = std::make_unique<typename Aligner::Model>(&context_);
    model_->rst_ni = 0;
    model_->valid_i = 0;
    for (int i = 0; i < 4; ++i) Clock();
    model_->rst_ni = 1;
  }

  void Clock() {
    model_->clk_i = 0;
    model_->eval();
    model_->clk_i = 1;
    model_->eval();
  }

  // Enters a vector, or a bubble, and checks what comes out.
  void Step(const Vector* vector) {
    model_->valid_i = vector != nullptr;
    if (vector != nullptr) {
      for (uint32_t k = 0; k < config_.p; ++k) model_->data_i[k] = vector->words[k];
      model_->dtype_i = static_cast<uint32_t>(vector->dtype);
      model_->zero_point_i = vector->zero_point;
      model_->lane_i = vector->lane;
      model_->mask_i = vector->mask;
      model_->tag_i = vector->tag;
      entered_.push_back(*vector);
    }
    Clock();
    history_ = (history_ << 1 | (vector != nullptr)) & 7u;
    ASSERT_EQ(model_->valid_o, history_ >> 2) << "the latency is three cycles";
    if (!model_->valid_o) return;
    const Vector out = entered_.front();
    entered_.pop_front();
    Check(out);
  }

  void Check(const Vector& in) {
    const uint32_t bytes = sim::DtypeBytes(in.dtype);
    std::vector<uint32_t> elements;
    for (uint32_t k = 0; k < config_.p; ++k) {
      if (!(in.mask >> k & 1)) continue;
      const uint32_t bits = in.words[k] >> (8 * in.lane);
      elements.push_back(bytes == 4 ? bits : bits & ((1u << 8 * bytes) - 1));
    }
    const sim::AlignedVector expected =
        sim::Align(elements, in.dtype, in.zero_point, config_.mantissa_width);
    EXPECT_EQ(model_->tag_o, in.tag);
    EXPECT_EQ(model_->poisoned_o, expected.poisoned);
    if (sim::IsFloat(in.dtype) && !expected.poisoned) {
      ASSERT_EQ(model_->emax_o, expected.emax);
    }
    size_t next = 0;
    for (uint32_t k = 0; k < config_.p; ++k) {
      const int32_t want = in.mask >> k & 1 ? expected.q[next++] : 0;
      ASSERT_EQ(SignedField(model_->q_o, k * config_.mantissa_width, config_.mantissa_width), want)
          << "partition " << k << ", type " << static_cast<int>(in.dtype) << ", word 0x" << std::hex
          << in.words[k];
    }
  }

  const isa::Config& config_;
  VerilatedContext context_;
  std::unique_ptr<typename Aligner::Model> model_;
  std::deque<Vector> entered_;
  uint32_t history_ = 0;
};

using Aligners = ::testing::Types<TinyAligner, SimAligner>;
TYPED_TEST_SUITE(AlignerTest, Aligners);

TYPED_TEST(AlignerTest, RandomVectorsOfAllTypesWithBubbles) {
  std::mt19937 random(3);
  for (int i = 0; i < 20'000 && !this->HasFailure(); ++i) {
    if (random() % 4 == 0) {
      this->Step(nullptr);
      continue;
    }
    Vector v;
    v.dtype = static_cast<isa::Dtype>(random() % 5);
    v.zero_point = random() % 256;
    v.lane = random() % 4 & ~(sim::DtypeBytes(v.dtype) - 1);
    v.mask = random() % 2 ? (1u << this->config_.p) - 1 : random() & ((1u << this->config_.p) - 1);
    v.tag = random() % 2;
    // Neighbouring exponents, ties and all-ones significands, besides plain noise.
    const uint32_t style = random() % 4;
    const uint32_t exponent = random() & 0x7F807F80;
    for (uint32_t k = 0; k < this->config_.p; ++k) {
      uint32_t word = random();
      if (style >= 1) word &= 0xBFFFBFFF;
      if (style == 2) word = (word & 0x83FF83FF) | (exponent & 0x3C003C00);
      if (style == 3) word = exponent | (random() % 2 ? 0x007FFFFF : 0x003FFFC0 << random() % 10);
      v.words.push_back(word);
    }
    this->Step(&v);
  }
}

TYPED_TEST(AlignerTest, TheLargestSignificandSaturatesSymmetrically) {
  Vector v;
  v.mask = 3;
  v.words.assign(this->config_.p, 0);
  v.words[0] = 0x3FFFFFFF;
  v.words[1] = 0xBFFFFFFF;
  this->Step(&v);
  this->Step(nullptr);
  this->Step(nullptr);
  const int32_t top = (1 << (this->config_.mantissa_width - 1)) - 1;
  const uint32_t width = this->config_.mantissa_width;
  EXPECT_EQ(SignedField(this->model_->q_o, 0, width), top);
  EXPECT_EQ(SignedField(this->model_->q_o, width, width), -top);
}

}  // namespace
}  // namespace neuron::tensor_test
