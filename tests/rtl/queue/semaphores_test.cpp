// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "Vnc_semaphores.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

constexpr int kItemBits = 31;

struct Item {
  uint32_t op = 0;
  uint32_t semaphore = 0;
  uint32_t value = 0;
  uint32_t bits() const { return op << 29 | semaphore << 24 | value; }
};
Item Wait(WaitOp op, uint32_t semaphore, uint32_t value) {
  return {static_cast<uint32_t>(op), semaphore, value};
}
Item Update(UpdateOp op, uint32_t semaphore, uint32_t value) {
  return {static_cast<uint32_t>(op), semaphore, value};
}

class Semaphores : public ::testing::Test {
 protected:
  Semaphores() {
    context_.randReset(2);
    context_.fatalOnError(false);
    model_.rst_ni = 0;
    model_.clear_i = 0;
    model_.wait_valid_i = 0;
    model_.retire_valid_i = 0;
    Tick();
    model_.rst_ni = 1;
    Tick();
  }

  void Set(uint32_t* words, int position, const Item& item) {
    for (int b = 0; b < kItemBits; ++b) {
      const int bit = position * kItemBits + b;
      const uint32_t mask = 1u << (bit % 32);
      if (item.bits() >> b & 1) {
        words[bit / 32] |= mask;
      } else {
        words[bit / 32] &= ~mask;
      }
    }
  }
  void SetWaits(int queue, const std::array<Item, 4>& waits) {
    for (int k = 0; k < 4; ++k) Set(&model_.waits_i[0], queue * 4 + k, waits[k]);
    model_.wait_valid_i |= 1u << queue;
    model_.eval();
  }
  void SetUpdates(int queue, const std::array<Item, 2>& updates) {
    for (int k = 0; k < 2; ++k) Set(&model_.updates_i[0], queue * 2 + k, updates[k]);
    model_.retire_valid_i |= 1u << queue;
    model_.eval();
  }
  uint32_t Value(int semaphore) { return model_.values_o[semaphore]; }
  // One cycle; passed waits and retired instructions are taken away.
  void Tick() {
    model_.clk_i = 0;
    model_.eval();
    passed_ = model_.wait_pass_o & model_.wait_valid_i;
    retired_ = model_.retire_ready_o & model_.retire_valid_i;
    faulted_ = model_.fault_valid_o;
    if (faulted_) {
      fault_queue_ = model_.fault_queue_o;
      fault_semaphore_ = model_.fault_semaphore_o;
    }
    model_.clk_i = 1;
    model_.eval();
    model_.wait_valid_i &= ~passed_;
    model_.retire_valid_i &= ~retired_;
    model_.eval();
  }
  // Ends in the cycle in which the last update is applied, before anybody can see it.
  void Retire(int queue, const std::array<Item, 2>& updates) {
    SetUpdates(queue, updates);
    for (int i = 0; i < 4 && model_.retire_valid_i; ++i) Tick();
    EXPECT_EQ(model_.retire_valid_i, 0);
  }

  VerilatedContext context_;
  Vnc_semaphores model_{&context_};
  uint32_t passed_ = 0, retired_ = 0;
  bool faulted_ = false;
  uint32_t fault_queue_ = 0, fault_semaphore_ = 0;
};

TEST_F(Semaphores, WaitPassesInTheCycleAfterTheUpdate) {
  SetWaits(2, {Wait(WaitOp::kGe, 7, 3)});
  Tick();
  EXPECT_EQ(passed_, 0);
  EXPECT_EQ(model_.wait_blocking_o >> (2 * 5) & 31, 7);
  Retire(0, {Update(UpdateOp::kAdd, 7, 3)});
  Tick();
  EXPECT_EQ(passed_, 1u << 2);
}

TEST_F(Semaphores, AllFourWaitsMustHoldTogether) {
  Retire(0, {Update(UpdateOp::kSet, 1, 5), Update(UpdateOp::kSet, 2, 5)});
  SetWaits(0, {Wait(WaitOp::kGe, 1, 5), Wait(WaitOp::kEq, 2, 5), Wait(WaitOp::kEq, 3, 0),
               Wait(WaitOp::kGe, 4, 1)});
  Tick();
  EXPECT_EQ(passed_, 0);
  Retire(1, {Update(UpdateOp::kAdd, 2, 1), Update(UpdateOp::kAdd, 4, 1)});
  Tick();
  EXPECT_EQ(passed_, 0) << "semaphore 2 is 6, not 5";
  Retire(1, {Update(UpdateOp::kSub, 2, 1)});
  Tick();
  EXPECT_EQ(passed_, 1);
}

TEST_F(Semaphores, AcquireIsTakenByOneQueueOnly) {
  Retire(0, {Update(UpdateOp::kAdd, 9, 1)});
  for (int q = 0; q < 5; ++q) SetWaits(q, {Wait(WaitOp::kAcquire, 9, 1)});
  uint32_t all = 0;
  for (int i = 0; i < 30; ++i) {
    Tick();
    all |= passed_;
  }
  EXPECT_EQ(all, 1u) << "the lowest queue takes it";
  EXPECT_EQ(Value(9), 0);
}

TEST_F(Semaphores, OverflowIsAFaultAndChangesNothing) {
  Retire(3, {Update(UpdateOp::kSet, 5, 0xFFFFFF)});
  SetUpdates(3, {Update(UpdateOp::kAdd, 5, 1), Update(UpdateOp::kAdd, 6, 2)});
  Tick();
  EXPECT_TRUE(faulted_);
  EXPECT_EQ(fault_queue_, 3);
  EXPECT_EQ(fault_semaphore_, 5);
  Tick();
  EXPECT_EQ(Value(5), 0xFFFFFF);
  EXPECT_EQ(Value(6), 2) << "the other update still applies";
}

TEST_F(Semaphores, UnderflowIsAFault) {
  SetUpdates(1, {Update(UpdateOp::kSub, 8, 1)});
  Tick();
  EXPECT_TRUE(faulted_);
  EXPECT_EQ(Value(8), 0);
}

TEST_F(Semaphores, DoubleAcquireBelowZeroIsAFaultAndLocks) {
  Retire(0, {Update(UpdateOp::kSet, 1, 1), Update(UpdateOp::kSet, 2, 1)});
  SetWaits(4, {Wait(WaitOp::kAcquire, 1, 1), Wait(WaitOp::kAcquire, 1, 1)});
  bool fault = false;
  for (int i = 0; i < 10; ++i) {
    Tick();
    fault = fault || faulted_;
  }
  EXPECT_TRUE(fault);
  EXPECT_EQ(model_.wait_valid_i, 1u << 4);
  SetWaits(0, {Wait(WaitOp::kGe, 2, 1)});
  Tick();
  EXPECT_EQ(passed_, 0) << "nothing passes until the next launch";
  model_.wait_valid_i = 0;
  model_.clear_i = 1;
  Tick();
  model_.clear_i = 0;
  SetWaits(0, {Wait(WaitOp::kEq, 1, 0)});
  Tick();
  EXPECT_EQ(passed_, 1u);
}

// Random traffic of all queues against a sequential model that follows the hardware's choices.
TEST_F(Semaphores, RandomTrafficEqualsModel) {
  std::mt19937 random(7);
  std::array<uint32_t, kNumSemaphores> values{};
  std::array<std::array<Item, 4>, kNumQueues> waits;
  std::array<std::array<Item, 2>, kNumQueues> updates;
  int passes = 0;
  for (int cycle = 0; cycle < 50000; ++cycle) {
    for (uint32_t q = 0; q < kNumQueues; ++q) {
      if (!(model_.wait_valid_i >> q & 1) && random() % 4 == 0) {
        for (Item& item : waits[q]) {
          item = Wait(static_cast<WaitOp>(random() % 2 ? 0 : random() % 4), random() % 8,
                      random() % 2);
          if (item.op == static_cast<uint32_t>(WaitOp::kEq)) item.value = random() % 2;
        }
        // Two acquires of one semaphore may be a fault; that has its own test.
        for (int k = 1; k < 4; ++k) waits[q][k].op = waits[q][k].op == 3 ? 0 : waits[q][k].op;
        SetWaits(q, waits[q]);
      }
      if (!(model_.retire_valid_i >> q & 1) && random() % 4 == 0) {
        for (Item& item : updates[q]) {
          const uint32_t semaphore = random() % 8;
          item = Update(static_cast<UpdateOp>(random() % 2 ? 3 : random() % 2), semaphore,
                        random() % 4);
        }
        SetUpdates(q, updates[q]);
      }
    }
    // A wait that nothing satisfies would end the traffic of its queue: take it back.
    const uint32_t tired = random() % (16 * kNumQueues);
    if (tired < kNumQueues && (model_.wait_valid_i >> tired & 1)) {
      bool acquires = false;
      for (const Item& item : waits[tired]) acquires = acquires || item.op == 3;
      if (!acquires) model_.wait_valid_i &= ~(1u << tired);
    }
    Tick();
    for (uint32_t q = 0; q < kNumQueues; ++q) {
      if (passed_ >> q & 1) {
        ++passes;
        for (const Item& item : waits[q]) {
          if (item.op == 3) values[item.semaphore] -= item.value;
        }
      }
      if (retired_ >> q & 1) {
        for (const Item& item : updates[q]) {
          if (item.op == 1) values[item.semaphore] += item.value;
          if (item.op == 3) values[item.semaphore] = item.value;
        }
      }
    }
    if (model_.retire_valid_i == 0 && model_.wait_valid_i == 0) {
      for (uint32_t s = 0; s < kNumSemaphores; ++s) {
        ASSERT_EQ(Value(s), values[s]) << "semaphore " << s << ", cycle " << cycle;
      }
    }
  }
  for (int i = 0; i < 20; ++i) {
    Tick();
    for (uint32_t q = 0; q < kNumQueues; ++q) {
      if (retired_ >> q & 1) {
        for (const Item& item : updates[q]) {
          if (item.op == 1) values[item.semaphore] += item.value;
          if (item.op == 3) values[item.semaphore] = item.value;
        }
      }
      if (passed_ >> q & 1) {
        for (const Item& item : waits[q]) {
          if (item.op == 3) values[item.semaphore] -= item.value;
        }
      }
    }
  }
  for (uint32_t s = 0; s < kNumSemaphores; ++s) ASSERT_EQ(Value(s), values[s]) << "semaphore " << s;
  EXPECT_GT(passes, 1000);
  EXPECT_FALSE(context_.gotError());
}

}  // namespace
}  // namespace neuron::isa
