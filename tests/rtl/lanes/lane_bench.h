// SPDX-License-Identifier: Apache-2.0
// A testbench for an engine of lanes, nc_vector_engine or nc_scalar_engine, with an SBUF and a PSUM
// that behave as docs/rtl.md seam 2 says. Ports are refused at random; read data shows garbage
// unless a grant was given in the cycle before.
#ifndef NEURON_TESTS_RTL_LANES_LANE_BENCH_H_
#define NEURON_TESTS_RTL_LANES_LANE_BENCH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "neuron/isa.h"
#include "tests/rtl/lanes/memories.h"
#include "verilated.h"

namespace neuron::lane_test {

// Drives one Verilated engine. Not thread-safe; owns the model and the memories. ReadPorts names
// the engine's read ports: kCount of them, and Visit(model, visit) calls visit for each with its
// space, request, address, grant and data.
template <typename Model, typename Instruction, typename ReadPorts>
class LaneBench {
 public:
  LaneBench(const isa::Config& config, uint64_t seed)
      : config_(config), memories_(config_), random_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 1000000 + 1));
    model_ = std::make_unique<Model>(&context_);
    model_->rst_ni = 0;
    model_->instr_valid_i = 0;
    for (int i = 0; i < 4; ++i) Cycle();
    model_->rst_ni = 1;
  }
  ~LaneBench() { model_->final(); }

  const isa::Config& config() const { return config_; }
  Memories& memories() { return memories_; }
  // Chance in 256 that a port is refused in a cycle.
  void SetRefusal(uint32_t chance) { refusal_ = chance; }
  // Chance in 256 that no instruction is offered in a cycle.
  void SetInstructionGap(uint32_t chance) { gap_ = chance; }
  // What the engine did against its contract; empty when it kept it.
  const std::string& fault() const { return fault_; }

  // Runs the instructions to the end. Returns the cycles from the one after the first acceptance
  // to the last done, both included, or 0 when that takes more than `limit` cycles or breaks the
  // contract (see fault()).
  uint64_t Run(std::span<const Instruction> program, uint64_t limit = 1'000'000) {
    size_t accepted = 0;
    size_t done = 0;
    uint64_t first = 0;
    bool offering = false;
    const uint64_t end = cycle_ + limit;
    while (done < program.size() && fault_.empty()) {
      if (cycle_ == end) fault_ = "not done in time";
      offering = accepted < program.size() && (offering || !Chance(gap_));
      model_->instr_valid_i = offering;
      if (offering) {
        Offer(program[accepted]);
      } else {
        for (int w = 0; w < 32; ++w) model_->instr_i[w] = Garbage() + w;
      }
      const bool taken = Cycle() && offering;
      if (done_) ++done;
      if (done > accepted) fault_ = "done without an instruction";
      if (taken) {
        if (accepted++ == 0) first = cycle_;
        offering = false;
      }
      running_ = accepted > done;
    }
    const uint64_t cycles = cycle_ - first;
    model_->instr_valid_i = 0;
    for (int i = 0; i < 4; ++i) {
      Cycle();
      if (done_) fault_ = "done twice";
    }
    return fault_.empty() ? cycles : 0;
  }

  // Cycles without the memories' part: for measurements of speed.
  void BareCycles(uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) {
      model_->clk_i = 0;
      model_->eval();
      model_->clk_i = 1;
      model_->eval();
    }
  }
  // Runs one instruction with all requests granted and constant read data. Returns its cycles.
  uint64_t RunOnConstantData(const Instruction& i) {
    Model& m = *model_;
    Offer(i);
    ReadPorts::Visit(m, [&](auto, auto&, auto&, auto& grant, auto& data) {
      grant = 1;
      for (uint32_t p = 0; p < config_.p; ++p) data[p] = 0x3F8CCCCDu + (p << 16);
    });
    m.sbuf_wr_gnt_i = m.psum_wr_gnt_i = 1;
    m.instr_valid_i = 1;
    BareCycles(1);
    m.instr_valid_i = 0;
    uint64_t cycles = 1;
    for (; !m.done_o; ++cycles) BareCycles(1);
    BareCycles(1);
    return cycles;
  }

 private:
  // A read port: what was granted in the last cycle, as the memory was before that cycle's writes.
  struct ReadPort {
    bool granted = false;
    std::vector<uint32_t> words;
  };

  bool Chance(uint32_t chance) { return (random_() & 255u) < chance; }
  // What the inputs show when they mean nothing.
  uint32_t Garbage() { return static_cast<uint32_t>(cycle_ * 0x9E3779B97F4A7C15ull >> 32); }

  void Offer(const Instruction& i) {
    std::array<uint32_t, 32> words{};
    i.Encode(words);
    for (int w = 0; w < 32; ++w) model_->instr_i[w] = words[w];
  }
  template <typename Data>
  void Drive(const ReadPort& port, Data& data) {
    for (uint32_t p = 0; p < config_.p; ++p) data[p] = port.granted ? port.words[p] : Garbage() + p;
  }
  // Returns whether the port was refused.
  bool Read(ReadPort& port, const Memory& memory, bool requested, bool granted, uint32_t address) {
    port.granted = requested && granted;
    if (port.granted) {
      port.words.resize(config_.p);
      for (uint32_t p = 0; p < config_.p; ++p) {
        port.words[p] = memory.Load(p, int64_t{address} * 4, 4);
      }
    }
    if (requested && !running_) fault_ = "a read with no instruction running";
    return requested && !granted;
  }
  template <typename Data>
  bool Write(Memory& memory, bool requested, bool granted, uint32_t address, uint32_t strobe,
             uint64_t mask, const Data& data) {
    if (!requested) return false;
    if (!running_) fault_ = "a write with no instruction running";
    if (!granted) return true;
    for (uint32_t p = 0; p < config_.p; ++p) {
      if (!(mask >> p & 1)) continue;
      for (uint32_t b = 0; b < 4; ++b) {
        if (strobe >> b & 1) memory.Store(p, int64_t{address} * 4 + b, 1, data[p] >> (8 * b));
      }
    }
    return false;
  }

  // One clock cycle; returns instr_ready_o as it was before the edge.
  bool Cycle() {
    Model& m = *model_;
    m.clk_i = 0;
    size_t port = 0;
    ReadPorts::Visit(m, [&](auto, auto&, auto&, auto& grant, auto& data) {
      grant = !Chance(refusal_);
      Drive(reads_[port++], data);
    });
    m.sbuf_wr_gnt_i = !Chance(refusal_);
    m.psum_wr_gnt_i = !Chance(refusal_);
    m.eval();
    const bool ready = m.instr_ready_o;
    done_ = m.rst_ni && m.done_o;
    if (m.rst_ni) {
      if (m.busy_o != running_) fault_ = "busy_o is wrong";
      bool refused = false;
      port = 0;
      ReadPorts::Visit(m, [&](isa::Space space, auto& request, auto& address, auto& grant, auto&) {
        const Memory& memory = memories_.In(static_cast<uint32_t>(space));
        refused |= Read(reads_[port++], memory, request, grant, address);
      });
      refused |= Write(memories_.sbuf, m.sbuf_wr_req_o, m.sbuf_wr_gnt_i, m.sbuf_wr_addr_o,
                       m.sbuf_wr_strb_o, m.sbuf_wr_mask_o, m.sbuf_wr_data_o);
      refused |= Write(memories_.psum, m.psum_wr_req_o, m.psum_wr_gnt_i, m.psum_wr_addr_o,
                       m.psum_wr_strb_o, m.psum_wr_mask_o, m.psum_wr_data_o);
      if (m.stall_bank_o != refused) fault_ = "stall_bank_o is wrong";
    }
    m.clk_i = 1;
    m.eval();
    ++cycle_;
    return ready;
  }

  const isa::Config config_;
  Memories memories_;
  std::mt19937_64 random_;
  VerilatedContext context_;
  std::unique_ptr<Model> model_;
  std::string fault_;
  uint32_t refusal_ = 0;
  uint32_t gap_ = 0;
  uint64_t cycle_ = 0;
  bool done_ = false;
  bool running_ = false;  // an accepted instruction is not done
  std::array<ReadPort, ReadPorts::kCount> reads_;
};

}  // namespace neuron::lane_test

#endif  // NEURON_TESTS_RTL_LANES_LANE_BENCH_H_
