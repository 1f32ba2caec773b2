// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>

#include "Vnc_fetch.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

// Memory in which every 32-bit word holds its own address.
class Fetch : public ::testing::Test {
 protected:
  Fetch() {
    context_.randReset(2);
    context_.fatalOnError(false);
    model_.rst_ni = 0;
    model_.start_i = 0;
    model_.halt_i = 0;
    model_.ready_i = 0;
    model_.ar_ready_i = 0;
    model_.r_valid_i = 0;
    Tick();
    model_.rst_ni = 1;
    Tick();
  }

  void Start(uint32_t base, uint32_t offset, uint32_t count, uint32_t limit) {
    model_.base_i = base;
    model_.offset_i = offset;
    model_.count_i = count;
    model_.limit_i = limit;
    model_.readable_i = 1;
    model_.start_i = 1;
    Tick();
    model_.start_i = 0;
  }

  void Tick() {
    model_.ar_ready_i = random_() % 100 >= stall_percent_;
    model_.r_valid_i =
        !beats_.empty() && cycle_ >= beats_.front().ready_at && random_() % 100 >= stall_percent_;
    if (model_.r_valid_i) {
      const Beat& beat = beats_.front();
      for (uint32_t w = 0; w < 4; ++w) model_.r_data_i[w] = beat.address + 4 * w;
      model_.r_error_i = beat.address == bad_address_;
    }
    model_.clk_i = 0;
    model_.eval();
    handed_out_ = model_.valid_o && model_.ready_i;
    if (model_.valid_o) {
      for (uint32_t w = 0; w < kInstructionWords; ++w) words_[w] = model_.instr_o[w];
      fault_ = static_cast<Error>(model_.fault_o);
      fault_address_ = model_.fault_address_o;
    }
    if (model_.r_valid_i) beats_.pop_front();
    if (model_.ar_valid_o && model_.ar_ready_i) {
      EXPECT_EQ(model_.ar_addr_o / 4096, (model_.ar_addr_o + 16 * model_.ar_len_o) / 4096)
          << "a burst crosses 4 KiB";
      for (uint32_t b = 0; b <= model_.ar_len_o; ++b) {
        beats_.push_back({model_.ar_addr_o + 16 * b, cycle_ + latency_});
      }
      max_open_ = std::max(max_open_, beats_.size());
    }
    model_.clk_i = 1;
    model_.eval();
    ++cycle_;
  }

  // Takes `count` instructions and checks their content.
  void Take(uint32_t first_address, uint32_t count) {
    for (uint32_t n = 0; n < count; ++n) {
      bool got = false;
      for (int i = 0; i < 2000 && !got; ++i) {
        model_.ready_i = random_() % 3 != 0;
        Tick();
        got = handed_out_;
      }
      ASSERT_TRUE(got) << "instruction " << n << " does not come";
      ASSERT_EQ(fault_, Error::kNone);
      for (uint32_t w = 0; w < kInstructionWords; ++w) {
        ASSERT_EQ(words_[w], first_address + n * kInstructionBytes + 4 * w);
      }
    }
    model_.ready_i = 0;
  }

  struct Beat {
    uint32_t address;
    uint64_t ready_at;
  };
  VerilatedContext context_;
  Vnc_fetch model_{&context_};
  std::mt19937 random_{3};
  std::deque<Beat> beats_;
  std::array<uint32_t, kInstructionWords> words_{};
  uint64_t cycle_ = 0, latency_ = 20;
  uint32_t stall_percent_ = 0, bad_address_ = ~0u;
  size_t max_open_ = 0;
  bool handed_out_ = false;
  Error fault_ = Error::kNone;
  uint64_t fault_address_ = 0;
};

TEST_F(Fetch, DeliversInOrderTwiceWithoutReset) {
  for (int run = 0; run < 2; ++run) {
    stall_percent_ = 40;
    Start(0x10FC0, 0x80, 50, 1 << 20);
    Take(0x11040, 50);
    for (int i = 0; i < 100; ++i) {
      model_.ready_i = 1;
      Tick();
      ASSERT_FALSE(handed_out_);
    }
    EXPECT_TRUE(model_.idle_o);
  }
}

TEST_F(Fetch, ReadsAheadWhileNothingIsTaken) {
  Start(0x20000, 0, 100, 1 << 20);
  for (int i = 0; i < 200; ++i) Tick();
  EXPECT_TRUE(model_.valid_o);
  EXPECT_GE(max_open_, 2 * kInstructionBytes / 16) << "at least two instructions ahead";
  Take(0x20000, 100);
}

TEST_F(Fetch, InstructionOutsideTheSegmentIsAFault) {
  Start(0x30000, 0x100, 3, 0x100 + 2 * kInstructionBytes);
  Take(0x30100, 2);
  model_.ready_i = 1;
  do {
    Tick();
  } while (!handed_out_);
  EXPECT_EQ(fault_, Error::kSegmentViolation);
  EXPECT_EQ(fault_address_, 0x100 + 3 * kInstructionBytes - 1);
}

TEST_F(Fetch, UnreadableSegmentIsAFault) {
  Start(0x30000, 0, 1, 1 << 20);
  model_.readable_i = 0;
  model_.start_i = 1;
  Tick();
  model_.start_i = 0;
  for (int i = 0; i < 200 && !model_.valid_o; ++i) Tick();
  Tick();
  EXPECT_EQ(fault_, Error::kSegmentViolation);
}

TEST_F(Fetch, FailedReadIsABusErrorOfThatInstructionOnly) {
  bad_address_ = 0x40000 + kInstructionBytes + 0x50;
  Start(0x40000, 0, 3, 1 << 20);
  Take(0x40000, 1);
  model_.ready_i = 1;
  do {
    Tick();
  } while (!handed_out_);
  EXPECT_EQ(fault_, Error::kBusError);
  EXPECT_EQ(fault_address_, 0x40000 + kInstructionBytes);
  Take(0x40000 + 2 * kInstructionBytes, 1);
}

TEST_F(Fetch, HaltStopsRequestsAndDrains) {
  Start(0x50000, 0, 1000, 1 << 20);
  for (int i = 0; i < 10; ++i) Tick();
  model_.halt_i = 1;
  for (int i = 0; i < 100; ++i) Tick();
  EXPECT_TRUE(model_.idle_o);
  model_.halt_i = 0;
  Start(0x60000, 0, 2, 1 << 20);
  Take(0x60000, 2);
}

}  // namespace
}  // namespace neuron::isa
