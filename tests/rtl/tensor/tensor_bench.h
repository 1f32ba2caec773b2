// SPDX-License-Identifier: Apache-2.0
// A testbench for nc_tensor_engine: the engine with an SBUF and a PSUM that behave as docs/rtl.md
// seam 2 says, and the same instructions executed by the reference arithmetic of sim/functional.
#ifndef NEURON_TESTS_RTL_TENSOR_TENSOR_BENCH_H_
#define NEURON_TESTS_RTL_TENSOR_TENSOR_BENCH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "neuron/isa.h"
#include "sim/functional/numerics.h"
#include "verilated.h"

namespace neuron::tensor_test {

// Memories of one core: SBUF bytes and PSUM words, each [partition][index].
struct Memories {
  std::vector<std::vector<uint8_t>> sbuf;
  std::vector<std::vector<uint32_t>> psum;

  Memories(uint32_t partitions, uint32_t sbuf_bytes, uint32_t psum_bytes)
      : sbuf(partitions, std::vector<uint8_t>(sbuf_bytes)),
        psum(partitions, std::vector<uint32_t>(psum_bytes / 4)) {}

  uint32_t SbufWord(uint32_t partition, uint32_t word) const {
    uint32_t value = 0;
    for (int b = 3; b >= 0; --b) value = value << 8 | sbuf[partition][word * 4 + b];
    return value;
  }
  uint32_t Element(uint32_t partition, uint32_t address, uint32_t bytes) const {
    uint32_t value = 0;
    for (uint32_t b = bytes; b-- > 0;) value = value << 8 | sbuf[partition][address + b];
    return value;
  }
};

// Sticky flags that a run has set.
struct Flags {
  bool nan_operand = false;
  bool int_overflow = false;
  bool operator==(const Flags&) const = default;
};

// Executes one matmul by docs/isa.md section 3.
void ExecuteReference(const isa::TensorInstruction& i, uint32_t mantissa_width, Memories& memories,
                      Flags& flags);

// Drives one Verilated engine. Not thread-safe; owns the model and the memories.
template <typename Model>
class TensorBench {
 public:
  TensorBench(const isa::Config& config, uint64_t seed)
      : config_(config),
        memories_(config_.p, config_.sbuf_bytes, config_.psum_bytes),
        random_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 1000000 + 1));
    model_ = std::make_unique<Model>(&context_);
    model_->rst_ni = 0;
    model_->instr_valid_i = 0;
    for (int i = 0; i < 4; ++i) Cycle();
    model_->rst_ni = 1;
  }
  ~TensorBench() { model_->final(); }

  const isa::Config& config() const { return config_; }
  Memories& memories() { return memories_; }
  const Flags& flags() const { return flags_; }
  void ClearFlags() { flags_ = Flags{}; }
  // Chance in 256 that a port is refused in a cycle.
  void SetRefusal(uint32_t chance) { refusal_ = chance; }
  // Chance in 256 that no instruction is offered in a cycle.
  void SetInstructionGap(uint32_t chance) { gap_ = chance; }
  uint64_t cycle() const { return cycle_; }

  // Runs the instructions to the end. Returns the cycles from the first acceptance to the last
  // done, or 0 when the engine is not done after `limit` cycles or its dones are wrong.
  uint64_t Run(std::span<const isa::TensorInstruction> program, uint64_t limit = 4'000'000) {
    size_t accepted = 0;
    size_t done = 0;
    uint64_t first = 0;
    bool offering = false;
    const uint64_t end = cycle_ + limit;
    while (done < program.size()) {
      if (cycle_ == end) return 0;
      offering = accepted < program.size() && (offering || !Chance(gap_));
      model_->instr_valid_i = offering;
      if (offering) {
        std::array<uint32_t, 32> words{};
        program[accepted].Encode(words);
        for (int w = 0; w < 32; ++w) model_->instr_i[w] = words[w];
      }
      const bool taken = Cycle() && offering;
      if (done_) ++done;
      if (taken) {
        if (accepted++ == 0) first = cycle_;
        offering = false;
      }
      if (done > accepted) return 0;
    }
    const uint64_t cycles = cycle_ - first;
    model_->instr_valid_i = 0;
    for (int i = 0; i < 4; ++i) {
      Cycle();
      if (done_ || model_->busy_o) return 0;
    }
    return cycles;
  }

 private:
  bool Chance(uint32_t chance) { return (random_() & 255u) < chance; }

  // One clock cycle; returns instr_ready_o as it was before the edge.
  bool Cycle() {
    Model& m = *model_;
    const uint32_t p = config_.p;
    m.clk_i = 0;
    m.moving_gnt_i = !Chance(refusal_);
    m.stationary_gnt_i = !Chance(refusal_);
    m.psum_rd_gnt_i = 1;
    m.psum_wr_gnt_i = 1;
    for (uint32_t k = 0; k < p; ++k) {
      m.moving_rdata_i[k] = moving_read_ >= 0 ? memories_.SbufWord(k, moving_read_) : Garbage();
      m.stationary_rdata_i[k] =
          stationary_read_ >= 0 ? memories_.SbufWord(k, stationary_read_) : Garbage();
      m.psum_rd_data_i[k] = psum_read_ ? psum_data_[k] : Garbage();
    }
    m.eval();
    const bool ready = m.instr_ready_o;
    moving_read_ = m.moving_req_o && m.moving_gnt_i ? static_cast<int64_t>(m.moving_addr_o) : -1;
    stationary_read_ =
        m.stationary_req_o && m.stationary_gnt_i ? static_cast<int64_t>(m.stationary_addr_o) : -1;
    psum_read_ = m.psum_rd_req_o;
    if (psum_read_) {
      psum_data_.resize(p);
      for (uint32_t k = 0; k < p; ++k) psum_data_[k] = memories_.psum[k][m.psum_rd_addr_o];
    }
    if (m.psum_wr_req_o && m.rst_ni) {
      for (uint32_t k = 0; k < p; ++k) {
        if (m.psum_wr_mask_o >> k & 1) memories_.psum[k][m.psum_wr_addr_o] = m.psum_wr_data_o[k];
      }
    }
    done_ = m.rst_ni && m.done_o;
    if (m.rst_ni) {
      flags_.nan_operand |= m.sticky_nan_operand_o != 0;
      flags_.int_overflow |= m.sticky_int_overflow_o != 0;
    }
    m.clk_i = 1;
    m.eval();
    ++cycle_;
    return ready;
  }

  // What a read port shows when nothing was read.
  uint32_t Garbage() { return static_cast<uint32_t>(cycle_ * 0x9E3779B97F4A7C15ull >> 32); }

  const isa::Config config_;
  Memories memories_;
  std::mt19937_64 random_;
  VerilatedContext context_;
  std::unique_ptr<Model> model_;
  Flags flags_;
  uint32_t refusal_ = 0;
  uint32_t gap_ = 0;
  uint64_t cycle_ = 0;
  bool done_ = false;
  int64_t moving_read_ = -1;
  int64_t stationary_read_ = -1;
  bool psum_read_ = false;
  std::vector<uint32_t> psum_data_;
};

}  // namespace neuron::tensor_test

#endif  // NEURON_TESTS_RTL_TENSOR_TENSOR_BENCH_H_
