// SPDX-License-Identifier: Apache-2.0
// RAM, queue and arbiter against small models, at random.
#include <gtest/gtest.h>
#include <verilated.h>

#include <array>
#include <deque>
#include <memory>
#include <random>

#include "Vprim.h"

namespace neuron {
namespace {

constexpr uint32_t kSeed = 3;
constexpr int kCycles = 20000;

class Prim : public ::testing::Test {
 protected:
  Prim() {
    context_.randReset(2);
    context_.randSeed(kSeed);
    top_ = std::make_unique<Vprim>(&context_);
    top_->clk_i = 0;
    top_->we_i = top_->re_i = top_->push_i = top_->pop_i = top_->req_i = top_->advance_i = 0;
    Reset();
  }
  ~Prim() override { top_->final(); }

  void Reset() {
    top_->rst_ni = 0;
    for (int k = 0; k < 3; ++k) Step();
    top_->rst_ni = 1;
    top_->eval();
  }

  void Step() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  VerilatedContext context_;
  std::unique_ptr<Vprim> top_;
  std::mt19937 random_{kSeed};
};

TEST_F(Prim, RamWritesGroupsAndReadsOldDataAtTheSameAddress) {
  std::array<uint32_t, 32> model{};
  for (int a = 0; a < 32; ++a) {
    top_->we_i = 1;
    top_->waddr_i = a;
    top_->wmask_i = 15;
    top_->wdata_i = model[a] = random_();
    Step();
  }
  uint32_t expected = 0;
  bool read = false;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    top_->we_i = random_() % 2;
    top_->waddr_i = random_() % 32;
    top_->wmask_i = random_() % 2 ? 15 : random_() % 16;
    top_->wdata_i = random_();
    top_->re_i = random_() % 2;
    top_->raddr_i = random_() % 3 ? random_() % 32 : top_->waddr_i;
    if (top_->re_i) {
      expected = model[top_->raddr_i];
      read = true;
    }
    for (int g = 0; g < 4 && top_->we_i; ++g) {
      const uint32_t mask = 0xFFu << (8 * g);
      if (top_->wmask_i >> g & 1)
        model[top_->waddr_i] = (model[top_->waddr_i] & ~mask) | (top_->wdata_i & mask);
    }
    Step();
    if (read) {
      ASSERT_EQ(top_->rdata_o, expected) << "seed " << kSeed << ", cycle " << cycle;
    }
  }
}

TEST_F(Prim, FifoKeepsOrderAndCount) {
  for (int pass = 0; pass < 2; ++pass) {
    std::deque<uint16_t> one, five;
    for (int cycle = 0; cycle < kCycles; ++cycle) {
      const uint32_t bias = cycle / 500 % 3;  // mostly filling, mostly emptying, both
      top_->push_i = random_() % 4 >= (bias == 1 ? 3 : 1);
      top_->pop_i = random_() % 4 >= (bias == 0 ? 3 : 1);
      top_->data_i = random_();
      top_->eval();
      ASSERT_EQ(top_->valid1_o, !one.empty());
      ASSERT_EQ(top_->valid5_o, !five.empty());
      ASSERT_EQ(top_->ready1_o, one.size() < 1);
      ASSERT_EQ(top_->ready5_o, five.size() < 5);
      ASSERT_EQ(top_->count1_o, one.size());
      ASSERT_EQ(top_->count5_o, five.size());
      for (auto* queue : {&one, &five}) {
        const bool is_one = queue == &one;
        const bool ready = is_one ? top_->ready1_o : top_->ready5_o;
        if (!queue->empty()) {
          ASSERT_EQ(is_one ? top_->data1_o : top_->data5_o, queue->front())
              << "seed " << kSeed << ", cycle " << cycle;
        }
        if (!queue->empty() && top_->pop_i) queue->pop_front();
        if (top_->push_i && ready) queue->push_back(top_->data_i);
      }
      Step();
    }
    Reset();
  }
}

TEST_F(Prim, ArbiterGrantsOneAndTakesTurns) {
  std::array<int, 5> waiting{};
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    // A request stays until it is granted.
    for (int k = 0; k < 5; ++k)
      if (waiting[k] == 0 && random_() % 3 == 0) waiting[k] = 1;
    top_->req_i = 0;
    for (int k = 0; k < 5; ++k) top_->req_i |= (waiting[k] > 0) << k;
    top_->advance_i = 1;
    top_->eval();
    ASSERT_EQ(top_->gnt_o & ~top_->req_i, 0);
    ASSERT_EQ(__builtin_popcount(top_->gnt_o), top_->req_i != 0);
    for (int k = 0; k < 5; ++k) {
      if (top_->gnt_o >> k & 1)
        waiting[k] = 0;
      else if (waiting[k] > 0)
        ++waiting[k];
      ASSERT_LE(waiting[k], 5) << "request " << k << " starves, seed " << kSeed;
    }
    Step();
  }
}

TEST_F(Prim, ArbiterHoldsItsGrantUntilItAdvances) {
  top_->req_i = 0b10110;
  top_->advance_i = 0;
  top_->eval();
  const int first = top_->gnt_o;
  for (int k = 0; k < 3; ++k) {
    Step();
    ASSERT_EQ(top_->gnt_o, first);
  }
  top_->advance_i = 1;
  Step();
  EXPECT_NE(top_->gnt_o, first);
}

}  // namespace
}  // namespace neuron
