// SPDX-License-Identifier: Apache-2.0
// The front end of VectorE between a memory, a semaphore unit and an engine that the test plays.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>
#include <vector>

#include "Vnc_queue.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

constexpr uint32_t kBase = 0x4000;
constexpr uint32_t kMaxOutstanding = 8;
constexpr int kPatience = 2000;  // cycles in which anything must happen

class FrontEnd : public ::testing::Test {
 protected:
  FrontEnd() {
    context_.randReset(2);
    context_.fatalOnError(false);
    model_.rst_ni = 0;
    model_.start_i = model_.halt_i = 0;
    model_.fetch_base_i = kBase;
    model_.fetch_limit_i = 1 << 20;
    model_.fetch_readable_i = 1;
    model_.segment_base_i = model_.segment_limit_i = model_.segment_permission_i = 0;
    Tick();
    Tick();
    model_.rst_ni = 1;
    Tick();
  }
  ~FrontEnd() override { EXPECT_FALSE(context_.gotError()) << "an assertion of nc_queue failed"; }

  // A legal instruction, told from others by its fill value.
  VectorInstruction Fill(uint32_t number) {
    VectorInstruction i;
    i.opcode = static_cast<uint32_t>(Opcode::kFill);
    i.part_count = i.size0 = i.size1 = i.size2 = 1;
    i.scalar0 = number;
    i.update0_op = static_cast<uint32_t>(UpdateOp::kAdd);
    i.update0_sem = 1;
    i.update0_value = 100 + number;
    return i;
  }
  void Start(const std::vector<VectorInstruction>& program) {
    words_.clear();
    for (const VectorInstruction& instruction : program) {
      words_.resize(words_.size() + kInstructionWords);
      instruction.Encode(std::span(words_).last(kInstructionWords));
    }
    issued_.clear();
    retired_.clear();
    model_.offset_i = 0;
    model_.count_i = static_cast<uint32_t>(program.size());
    model_.start_i = 1;
    Tick();
    model_.start_i = 0;
  }

  struct Retired {
    uint32_t index;
    uint64_t updates;
  };

  void Tick() {
    model_.ar_ready_i = Chance();
    model_.r_valid_i = !beats_.empty() && Chance();
    if (model_.r_valid_i) {
      const uint32_t word = (beats_.front() - kBase) / 4;
      model_.r_data_i = words_[word] | uint64_t{words_[word + 1]} << 32;
      model_.r_error_i = 0;
    }
    model_.wait_pass_i = pass_ && Chance();
    model_.retire_ready_i = retire_ && Chance();
    model_.instr_ready_i = accept_ && Chance();
    model_.engine_done_i = done_ > 0 && running_ > 0 && Chance();
    model_.engine_fault_i = model_.engine_done_i && finished_ == faulty_;
    model_.cycle_i = static_cast<uint32_t>(cycle_);
    model_.clk_i = 0;
    model_.eval();
    Observe();
    model_.clk_i = 1;
    model_.eval();
    ++cycle_;
  }

  // Until `condition` holds; a failure after some time.
  template <typename Condition>
  void Until(const char* what, Condition condition) {
    for (int i = 0; i < kPatience; ++i) {
      if (condition()) return;
      Tick();
    }
    FAIL() << "waited in vain: " << what;
  }
  void Run(int cycles) {
    for (int i = 0; i < cycles; ++i) Tick();
  }

  // What the test's engine and semaphore unit do.
  bool pass_ = true, retire_ = true, accept_ = true;
  uint32_t done_ = ~0u;    // instructions that the engine may still finish
  uint32_t faulty_ = ~0u;  // number of the instruction that ends with a fault
  uint32_t stall_percent_ = 30;

  VerilatedContext context_;
  Vnc_queue model_{&context_};
  std::vector<uint32_t> issued_;  // fill values
  std::vector<Retired> retired_;
  uint32_t running_ = 0, finished_ = 0;  // in the engine; done by it since the start
  uint32_t waits_seen_ = 0;              // cycles in which semaphores were asked

 private:
  bool Chance() { return random_() % 100 >= stall_percent_; }

  void Observe() {
    if (model_.start_i) finished_ = waits_seen_ = 0;
    if (model_.r_valid_i) beats_.pop_front();
    if (model_.ar_valid_o && model_.ar_ready_i) {
      for (uint32_t b = 0; b <= model_.ar_len_o; ++b) beats_.push_back(model_.ar_addr_o + 8 * b);
    }
    waits_seen_ += model_.wait_valid_o;
    if (model_.engine_done_i) {
      --running_;
      ++finished_;
      --done_;
    }
    if (model_.instr_valid_o && model_.instr_ready_i) {
      std::array<uint32_t, kInstructionWords> words;
      for (uint32_t w = 0; w < kInstructionWords; ++w) words[w] = model_.instr_o[w];
      issued_.push_back(VectorInstruction::Decode(words).scalar0);
      ++running_;
    }
    if (model_.retire_valid_o && model_.retire_ready_i) {
      retired_.push_back({model_.retire_index_o, model_.updates_o});
    }
  }

  std::mt19937 random_{11};
  std::deque<uint32_t> beats_;
  std::vector<uint32_t> words_;
  uint64_t cycle_ = 0;
};

// As nc_queue passes it to the semaphores.
uint64_t Update0(uint32_t semaphore, uint32_t value) {
  return static_cast<uint64_t>(UpdateOp::kAdd) << 29 | semaphore << 24 | value;
}

TEST_F(FrontEnd, HandsOverAndRetiresInOrderTwiceWithoutReset) {
  for (uint32_t run = 0; run < 2; ++run) {
    std::vector<VectorInstruction> program;
    for (uint32_t n = 0; n < 40; ++n) program.push_back(Fill(1000 * run + n));
    Start(program);
    Until("all are done", [&] { return retired_.size() == 40; });
    Run(2);
    ASSERT_EQ(issued_.size(), 40u);
    for (uint32_t n = 0; n < 40; ++n) {
      EXPECT_EQ(issued_[n], 1000 * run + n);
      EXPECT_EQ(retired_[n].index, n);
      EXPECT_EQ(retired_[n].updates, Update0(1, 100 + 1000 * run + n));
    }
    EXPECT_TRUE(model_.done_o);
    EXPECT_TRUE(model_.idle_o);
    EXPECT_EQ(waits_seen_, 0u) << "none of them waits";
  }
}

TEST_F(FrontEnd, EmptyStreamIsDoneAtOnce) {
  Start({});
  Run(3);
  EXPECT_TRUE(model_.done_o);
  EXPECT_EQ(model_.state_o, static_cast<uint32_t>(WaitState::kDone));
}

TEST_F(FrontEnd, EngineSeesAnInstructionOnlyWhenItsWaitsHold) {
  VectorInstruction waiting = Fill(7);
  waiting.wait0_op = static_cast<uint32_t>(WaitOp::kGe);
  waiting.wait0_sem = 3;
  waiting.wait0_value = 0x1234;
  waiting.wait3_op = static_cast<uint32_t>(WaitOp::kAcquire);
  waiting.wait3_sem = 31;
  waiting.wait3_value = 5;
  pass_ = false;
  Start({Fill(6), waiting, Fill(8)});
  Until("it waits", [&] { return waits_seen_ != 0; });
  EXPECT_EQ(model_.waits_o[0] & 0x7FFFFFFF,
            static_cast<uint32_t>(WaitOp::kGe) << 29 | 3 << 24 | 0x1234);
  Run(200);
  EXPECT_EQ(issued_, std::vector<uint32_t>{6});
  EXPECT_EQ(model_.state_o, static_cast<uint32_t>(WaitState::kSemaphore));
  EXPECT_EQ(model_.index_o, 1u);
  pass_ = true;
  Until("all are issued", [&] { return issued_.size() == 3; });
  EXPECT_EQ(issued_, (std::vector<uint32_t>{6, 7, 8}));
}

TEST_F(FrontEnd, AtMostEightAreOutstanding) {
  std::vector<VectorInstruction> program;
  for (uint32_t n = 0; n < 20; ++n) program.push_back(Fill(n));
  done_ = 0;
  Start(program);
  Run(1000);
  EXPECT_EQ(issued_.size(), kMaxOutstanding);
  EXPECT_EQ(model_.outstanding_o, kMaxOutstanding);
  EXPECT_FALSE(model_.idle_o);
  // Done by the engine, but not yet retired: still outstanding.
  done_ = ~0u;
  retire_ = false;
  Run(200);
  EXPECT_EQ(issued_.size(), kMaxOutstanding);
  EXPECT_EQ(model_.running_index_o, kMaxOutstanding);
  retire_ = true;
  Until("all are done", [&] { return retired_.size() == 20; });
}

TEST_F(FrontEnd, CheckFaultIsRaisedWhenEarlierOnesHaveRetired) {
  VectorInstruction illegal = Fill(2);
  illegal.part_count = 0;
  done_ = 0;
  Start({Fill(0), Fill(1), illegal, Fill(3)});
  Run(500);
  EXPECT_FALSE(model_.fault_valid_o) << "two instructions are running";
  done_ = ~0u;
  Until("the fault", [&] { return model_.fault_valid_o; });
  EXPECT_EQ(retired_.size(), 2u);
  EXPECT_EQ(model_.fault_code_o, static_cast<uint32_t>(Error::kIllegalInstruction));
  EXPECT_EQ(model_.fault_address_o, 0u);
  EXPECT_EQ(model_.index_o, 2u);
  Run(200);
  EXPECT_EQ(issued_.size(), 2u) << "nothing starts behind a fault";
}

TEST_F(FrontEnd, FaultOfTheEngineVoidsTheUpdatesOfThatInstructionOnly) {
  for (bool late : {false, true}) {
    faulty_ = 2;
    retire_ = !late;  // retired as they end, or all together afterwards
    Start({Fill(0), Fill(1), Fill(2), Fill(3), Fill(4)});
    Until("the engine is done", [&] { return finished_ == 5; });
    retire_ = true;
    Until("all are retired", [&] { return retired_.size() == 5; });
    for (uint32_t n = 0; n < 5; ++n) {
      EXPECT_EQ(retired_[n].updates, n == 2 ? 0 : Update0(1, 100 + n)) << "instruction " << n;
    }
  }
}

TEST_F(FrontEnd, HaltStartsNothingMoreAndTheNextStartIsClean) {
  std::vector<VectorInstruction> program;
  for (uint32_t n = 0; n < 20; ++n) program.push_back(Fill(n));
  done_ = 3;
  Start(program);
  Until("three have ended", [&] { return finished_ == 3; });
  model_.halt_i = 1;
  const size_t issued = issued_.size();
  done_ = ~0u;
  Until("what runs has ended", [&] { return model_.idle_o; });
  EXPECT_EQ(issued_.size(), issued);
  EXPECT_EQ(retired_.size(), issued);
  EXPECT_EQ(model_.state_o, static_cast<uint32_t>(WaitState::kHalted));
  model_.halt_i = 0;
  Start({Fill(50), Fill(51)});
  Until("both are done", [&] { return retired_.size() == 2; });
  EXPECT_EQ(issued_, (std::vector<uint32_t>{50, 51}));
  EXPECT_EQ(retired_[0].index, 0u);
}

}  // namespace
}  // namespace neuron::isa
