// SPDX-License-Identifier: Apache-2.0
// Runs DMA instructions on the Verilated queue with an AXI memory of chosen latency and manners.
#ifndef NEURON_TESTS_RTL_DMA_DMA_BENCH_H_
#define NEURON_TESTS_RTL_DMA_DMA_BENCH_H_

#include <gtest/gtest.h>
#include <verilated.h>

#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "dma_reference.h"
#include "neuron/isa.h"

namespace neuron::dma_test {

inline constexpr uint32_t kDramBase = 0x80000000;  // bus address of Memories::dram[0]

struct Manners {
  int latency = 60;       // cycles from a read address to its first beat, or last beat to response
  int stall_percent = 0;  // chance that the memory does not answer in a cycle, per channel
  int noise_percent = 0;  // chance of a request at each engine port of the SBUF
  std::vector<uint32_t> bad_beats;  // offsets in dram of beats that answer with an error
};

struct Fault {
  size_t instruction;  // the instruction whose done pulse came with it
  uint32_t code;
  uint32_t address;
  bool operator==(const Fault&) const = default;
};

struct Outcome {
  uint64_t cycles = 0;  // from the first instruction's handshake to the last done
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t bank_stalls = 0;
  uint64_t memory_stalls = 0;
  size_t done = 0;
  std::vector<Fault> faults;
};

// V is the Verilated testbench; the configuration says its sizes. One thread.
template <class V>
class DmaBench {
 public:
  DmaBench(const isa::Config& config, uint32_t seed)
      : p_(config.p), sbuf_bytes_(config.sbuf_bytes), axi_(config.axi_bytes), random_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    top_ = std::make_unique<V>(&context_);
    top_->clk_i = 0;
    top_->rst_ni = 0;
    Quiet();
    for (int i = 0; i < 4; ++i) Step();
    top_->rst_ni = 1;
    Step();
  }
  ~DmaBench() {
    // A model unregisters at the thread's context, which may be that of a bench that is gone.
    Verilated::threadContextp(&context_);
    top_->final();
    top_.reset();
  }

  // Loads SBUF, runs the instructions (as fast as the queue takes them), reads SBUF back.
  // on_done(k, memories) sees DRAM as it is when instruction k is reported done.
  Outcome Run(std::span<const isa::DmaInstruction> program, Memories& memories,
              const Manners& manners,
              const std::function<void(size_t, const Memories&)>& on_done = nullptr) {
    manners_ = manners;
    memories_ = &memories;
    WriteSbuf(memories);
    Outcome out;
    size_t next = 0;
    uint64_t first = 0, idle_limit = 0;
    while (out.done < program.size()) {
      DriveMemory();
      DriveNoise();
      top_->instr_valid_i = next < program.size();
      if (next < program.size()) {
        std::array<uint32_t, isa::kInstructionWords> words{};
        program[next].Encode(words);
        std::memcpy(&top_->instr_i, words.data(), sizeof(words));
        top_->src_segment_base_i = kDramBase + memories.src_segment;
        top_->dst_segment_base_i = kDramBase + memories.dst_segment;
      }
      top_->eval();
      const bool accepted = top_->instr_valid_i && top_->instr_ready_o;
      if (accepted && next == 0) first = cycle_;
      if (top_->done_o) {
        if (top_->error_valid_o)
          out.faults.push_back({out.done, top_->error_code_o, top_->error_address_o});
        if (on_done) on_done(out.done, memories);
        ++out.done;
        idle_limit = 0;
      } else {
        EXPECT_FALSE(top_->error_valid_o) << "an error without done";
      }
      out.bytes_read += top_->bytes_read_o;
      out.bytes_written += top_->bytes_written_o;
      out.bank_stalls += top_->stall_bank_o;
      out.memory_stalls += top_->stall_memory_o;
      SampleMemory();
      Step();
      next += accepted;
      if (++idle_limit > 200000) {
        ADD_FAILURE() << "hangs: " << out.done << " of " << program.size() << " done";
        break;
      }
    }
    out.cycles = cycle_ - first;
    Quiet();
    for (int i = 0; i < 3; ++i) {
      Step();
      EXPECT_FALSE(top_->busy_o);
      EXPECT_FALSE(top_->done_o);
      EXPECT_FALSE(top_->ar_valid_o || top_->aw_valid_o || top_->w_valid_o);
    }
    EXPECT_TRUE(reads_.empty() && writes_.empty() && responses_.empty()) << "traffic left over";
    ReadSbuf(memories);
    return out;
  }

 private:
  struct Burst {
    uint64_t time;  // earliest answer
    uint32_t address;
    int beats;
    bool error = false;
  };

  void Step() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
    context_.timeInc(1);
    ++cycle_;
  }

  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  void Quiet() {
    top_->instr_valid_i = top_->bench_read_i = top_->bench_write_i = 0;
    top_->noise_read_i = top_->noise_write_i = 0;
    top_->ar_ready_i = top_->r_valid_i = top_->aw_ready_i = top_->w_ready_i = top_->b_valid_i = 0;
    top_->r_error_i = top_->b_error_i = top_->r_last_i = 0;
  }

  void DriveNoise() {
    top_->noise_read_i = 0;
    for (int k = 0; k < 4; ++k) top_->noise_read_i |= Chance(manners_.noise_percent) << k;
    top_->noise_write_i = Chance(manners_.noise_percent);
    top_->noise_addr_i = (uint64_t{random_()} << 32) | random_();
  }

  bool Bad(uint32_t address) const {
    for (const uint32_t bad : manners_.bad_beats)
      if (bad / axi_ == (address - kDramBase) / axi_) return true;
    return false;
  }

  // Offset of a bus address in DRAM; a beat outside is reported and answered as address 0.
  size_t Offset(uint32_t address) const {
    const uint32_t offset = address - kDramBase;
    EXPECT_LE(offset + axi_, memories_->dram.size()) << std::hex << address;
    return offset + axi_ <= memories_->dram.size() ? offset : 0;
  }

  void DriveMemory() {
    top_->ar_ready_i = !Chance(manners_.stall_percent);
    top_->aw_ready_i = !Chance(manners_.stall_percent);
    top_->w_ready_i = !Chance(manners_.stall_percent);
    // A beat that was offered and not taken stays.
    if (!r_stays_) {
      top_->r_valid_i =
          !reads_.empty() && cycle_ >= reads_.front().time && !Chance(manners_.stall_percent);
      if (top_->r_valid_i) {
        const Burst& burst = reads_.front();
        std::memcpy(&top_->r_data_i, &memories_->dram[Offset(burst.address)], axi_);
        top_->r_last_i = burst.beats == 1;
        top_->r_error_i = Bad(burst.address);
      }
    }
    top_->b_valid_i = !responses_.empty() && cycle_ >= responses_.front().time;
    top_->b_error_i = top_->b_valid_i && responses_.front().error;
  }

  void CheckBurst(uint32_t address, int beats) {
    EXPECT_EQ(address % axi_, 0u);
    EXPECT_LE(beats, 64);
    EXPECT_EQ(address / 4096, (address + beats * axi_ - 1) / 4096) << "crosses 4 KiB";
  }

  void SampleMemory() {
    r_stays_ = top_->r_valid_i && !top_->r_ready_o;
    if (top_->r_valid_i && top_->r_ready_o) {
      Burst& burst = reads_.front();
      burst.address += axi_;
      if (--burst.beats == 0) reads_.pop_front();
    }
    if (top_->ar_valid_o && top_->ar_ready_i) {
      reads_.push_back({cycle_ + manners_.latency, top_->ar_addr_o, top_->ar_len_o + 1});
      CheckBurst(top_->ar_addr_o, top_->ar_len_o + 1);
      EXPECT_LE(reads_.size(), 16u);
    }
    EXPECT_TRUE(!ar_waits_ || (top_->ar_valid_o && top_->ar_addr_o == ar_addr_));
    ar_waits_ = top_->ar_valid_o && !top_->ar_ready_i;
    ar_addr_ = top_->ar_addr_o;
    if (top_->b_valid_i && top_->b_ready_o) responses_.pop_front();
    if (top_->aw_valid_o && top_->aw_ready_i) {
      writes_.push_back({0, top_->aw_addr_o, top_->aw_len_o + 1});
      CheckBurst(top_->aw_addr_o, top_->aw_len_o + 1);
    }
    if (top_->w_valid_o && top_->w_ready_i) {
      Beat beat;
      std::memcpy(beat.data.data(), &top_->w_data_o, axi_);
      beat.strb = top_->w_strb_o;
      beat.last = top_->w_last_o;
      beats_.push_back(beat);
    }
    while (!writes_.empty() && !beats_.empty()) {
      Burst& burst = writes_.front();
      const Beat& beat = beats_.front();
      const size_t offset = Offset(burst.address);
      for (int k = 0; k < axi_; ++k)
        if (beat.strb >> k & 1) memories_->dram[offset + k] = beat.data[k];
      burst.error |= Bad(burst.address);
      burst.address += axi_;
      --burst.beats;
      EXPECT_EQ(beat.last, burst.beats == 0);
      if (burst.beats == 0) {
        responses_.push_back({cycle_ + manners_.latency, 0, 0, burst.error});
        writes_.pop_front();
      }
      beats_.pop_front();
    }
    EXPECT_LE(writes_.size() + responses_.size(), 16u);
  }

  // The SBUF word at an address lies in `p` partitions.
  void WriteSbuf(const Memories& m) {
    std::vector<uint32_t> words(p_);
    for (int word = 0; word < sbuf_bytes_ / 4; ++word) {
      for (int k = 0; k < p_; ++k)
        std::memcpy(&words[k], &m.sbuf[size_t(k) * sbuf_bytes_ + word * 4], 4);
      std::memcpy(&top_->bench_wdata_i, words.data(), p_ * 4);
      top_->bench_write_i = 1;
      top_->bench_addr_i = word;
      Step();
    }
    top_->bench_write_i = 0;
  }

  void ReadSbuf(Memories& m) {
    std::vector<uint32_t> words(p_);
    for (int word = 0; word < sbuf_bytes_ / 4; ++word) {
      top_->bench_read_i = 1;
      top_->bench_addr_i = word;
      Step();
      std::memcpy(words.data(), &top_->bench_rdata_o, p_ * 4);
      for (int k = 0; k < p_; ++k)
        std::memcpy(&m.sbuf[size_t(k) * sbuf_bytes_ + word * 4], &words[k], 4);
    }
    top_->bench_read_i = 0;
  }

  struct Beat {
    std::array<uint8_t, 16> data;
    uint32_t strb;
    bool last;
  };

  int p_, sbuf_bytes_, axi_;
  std::mt19937 random_;
  VerilatedContext context_;
  std::unique_ptr<V> top_;
  uint64_t cycle_ = 0;
  Manners manners_;
  Memories* memories_ = nullptr;
  std::deque<Burst> reads_, writes_, responses_;
  std::deque<Beat> beats_;
  bool r_stays_ = false, ar_waits_ = false;
  uint32_t ar_addr_ = 0;
};

// Memories filled with random bytes.
inline Memories RandomMemories(const isa::Config& config, std::mt19937& random) {
  Memories m;
  m.p = config.p;
  m.sbuf_bytes = config.sbuf_bytes;
  m.sbuf.resize(size_t(config.p) * config.sbuf_bytes);
  m.dram.resize(256 * 1024);
  for (auto& byte : m.sbuf) byte = random();
  for (auto& byte : m.dram) byte = random();
  m.src_segment = 0x4000;
  m.dst_segment = 0x24000;
  return m;
}

// Compares all bytes; names the first that differ.
inline void ExpectSame(const Memories& expected, const Memories& got, const std::string& note) {
  int shown = 0;
  for (size_t i = 0; i < expected.sbuf.size() && shown < 4; ++i) {
    if (expected.sbuf[i] == got.sbuf[i]) continue;
    ADD_FAILURE() << note << ": SBUF partition " << i / expected.sbuf_bytes << " offset "
                  << i % expected.sbuf_bytes << ": expected " << int{expected.sbuf[i]} << ", got "
                  << int{got.sbuf[i]};
    ++shown;
  }
  for (size_t i = 0; i < expected.dram.size() && shown < 4; ++i) {
    if (expected.dram[i] == got.dram[i]) continue;
    ADD_FAILURE() << note << ": DRAM offset " << i << ": expected " << int{expected.dram[i]}
                  << ", got " << int{got.dram[i]};
    ++shown;
  }
}

}  // namespace neuron::dma_test

#endif  // NEURON_TESTS_RTL_DMA_DMA_BENCH_H_
