// SPDX-License-Identifier: Apache-2.0
// SBUF with random requests at all ports against a byte array: data, grants, no starvation.
#include <verilated.h>

#include <memory>
#include <random>

#include "Vsbuf_sim.h"
#include "Vsbuf_tiny.h"
#include "mem_bench.h"
#include "neuron/isa.h"

namespace neuron::mem_test {
namespace {

constexpr uint32_t kSeed = 11;
constexpr int kCycles = 12000;
constexpr size_t kEngineRead = 5, kEngineWrite = 2, kQueues = 2;
constexpr size_t kFixedReads = 2;  // TensorE's; all ports that write take turns
constexpr size_t kRead = kEngineRead + kQueues, kWrite = kEngineWrite + kQueues;

template <class V>
class SbufBench {
 public:
  SbufBench(const isa::Config& config, uint32_t seed) : config_(config), random_(seed) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed));
    top_ = std::make_unique<V>(&context_);
    top_->clk_i = 0;
    top_->rst_ni = 0;
    top_->rd_req_i = top_->wr_req_i = top_->row_rd_req_i = top_->row_wr_req_i = 0;
    for (int k = 0; k < 3; ++k) Step();
    top_->rst_ni = 1;
    words_ = config.sbuf_bytes / 4;
    while ((1u << address_bits_) < words_) ++address_bits_;
    while ((1u << partition_bits_) < config.p) ++partition_bits_;
    row_words_ = config.axi_bytes / 4;
    memory_.resize(size_t{config.sbuf_bytes} * config.p);
    reads_.resize(kRead + kQueues);
    writes_.resize(kWrite + kQueues);
    Fill();
  }
  ~SbufBench() { top_->final(); }

  // busy: chance in percent that an idle port makes a request; fixed_busy: of TensorE's reads and
  // the engines' writes.
  void RunCycle(int busy, int fixed_busy, uint32_t address_range) {
    for (size_t p = 0; p < reads_.size(); ++p)
      Draw(reads_[p], p >= kRead, p, kEngineRead, p < 2 ? fixed_busy : busy, address_range, kRead);
    for (size_t p = 0; p < writes_.size(); ++p)
      Draw(writes_[p], p >= kWrite, p, kEngineWrite, p < 2 ? fixed_busy : busy, address_range,
           kWrite);
    Drive();
    top_->eval();
    const uint64_t read_grants = top_->rd_gnt_o | uint64_t{top_->row_rd_gnt_o} << kRead;
    const uint64_t write_grants = top_->wr_gnt_o | uint64_t{top_->row_wr_gnt_o} << kWrite;
    CheckGrants(reads_, kFixedReads, read_grants);
    CheckGrants(writes_, 0, write_grants);
    // A read sees the memory as it was before this cycle's writes.
    std::vector<std::vector<uint8_t>> expected(reads_.size());
    for (size_t p = 0; p < reads_.size(); ++p)
      if (read_grants >> p & 1) expected[p] = Read(reads_[p], p >= kRead);
    for (size_t p = 0; p < writes_.size(); ++p)
      if (write_grants >> p & 1) Write(writes_[p], p >= kWrite);
    Step();
    for (size_t p = 0; p < reads_.size(); ++p) {
      if (expected[p].empty()) continue;
      const uint8_t* got = p < kRead ? Bytes(top_->rd_data_o, p * config_.p * 4)
                                     : Bytes(top_->row_rd_data_o, (p - kRead) * config_.axi_bytes);
      ASSERT_EQ(std::memcmp(got, expected[p].data(), expected[p].size()), 0)
          << config_.name << ", read port " << p << ", word " << reads_[p].address;
      reads_[p].active = false;
    }
    for (size_t p = 0; p < writes_.size(); ++p)
      if (write_grants >> p & 1) writes_[p].active = false;
  }

 private:
  void Step() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  size_t At(uint32_t partition, uint32_t word) const {
    return size_t{partition} * config_.sbuf_bytes + word * 4;
  }

  // Every word gets a known value.
  void Fill() {
    for (uint32_t word = 0; word < words_; ++word) {
      Request& r = writes_[0];
      r.active = true;
      r.address = word;
      r.strb = 15;
      r.mask = ~0u;
      r.data.resize(config_.p * 4);
      for (auto& byte : r.data) byte = random_();
      Drive();
      Write(r, false);
      Step();
    }
    writes_[0].active = false;
  }

  void Draw(Request& r, bool row, size_t port, size_t engines, int busy, uint32_t range,
            size_t columns) {
    if (r.active || static_cast<int>(random_() % 100) >= busy) return;
    r.active = true;
    r.waited = 0;
    r.address = random_() % range;
    r.partition = random_() % config_.p;
    r.strb = random_() % 2 ? 0xFFFF : random_();
    r.mask = random_() % 2 ? ~0u : random_();
    r.data.resize(row ? config_.axi_bytes : config_.p * 4);
    for (auto& byte : r.data) byte = random_();
    if (row) r.address -= r.address % row_words_;
    r.banks = 0;
    for (uint32_t k = 0; k < (row ? row_words_ : 1); ++k)
      r.banks |= uint64_t{1} << (r.address + k) % config_.sbuf_banks;
    // The DMA column ports share a data path: one more bank.
    if (!row && port >= engines && port < columns) r.banks |= uint64_t{1} << 63;
  }

  void Drive() {
    top_->rd_req_i = top_->wr_req_i = top_->row_rd_req_i = top_->row_wr_req_i = 0;
    for (size_t p = 0; p < reads_.size(); ++p) {
      const Request& r = reads_[p];
      if (p < kRead) {
        top_->rd_req_i |= r.active << p;
        SetBits(top_->rd_addr_i, p * address_bits_, address_bits_, r.address);
      } else {
        const size_t q = p - kRead;
        top_->row_rd_req_i |= r.active << q;
        SetBits(top_->row_rd_addr_i, q * address_bits_, address_bits_, r.address);
        SetBits(top_->row_rd_partition_i, q * partition_bits_, partition_bits_, r.partition);
      }
    }
    for (size_t p = 0; p < writes_.size(); ++p) {
      const Request& r = writes_[p];
      if (!r.active) continue;
      if (p < kWrite) {
        top_->wr_req_i |= 1 << p;
        SetBits(top_->wr_addr_i, p * address_bits_, address_bits_, r.address);
        SetBits(top_->wr_strb_i, p * 4, 4, r.strb);
        SetBits(top_->wr_mask_i, p * config_.p, config_.p, r.mask);
        std::memcpy(Bytes(top_->wr_data_i, p * config_.p * 4), r.data.data(), r.data.size());
      } else {
        const size_t q = p - kWrite;
        top_->row_wr_req_i |= 1 << q;
        SetBits(top_->row_wr_addr_i, q * address_bits_, address_bits_, r.address);
        SetBits(top_->row_wr_partition_i, q * partition_bits_, partition_bits_, r.partition);
        SetBits(top_->row_wr_strb_i, q * config_.axi_bytes, config_.axi_bytes, r.strb);
        std::memcpy(Bytes(top_->row_wr_data_i, q * config_.axi_bytes), r.data.data(),
                    r.data.size());
      }
    }
  }

  std::vector<uint8_t> Read(const Request& r, bool row) const {
    std::vector<uint8_t> data(row ? config_.axi_bytes : config_.p * 4);
    if (row) {
      std::memcpy(data.data(), &memory_[At(r.partition, r.address)], data.size());
    } else {
      for (uint32_t k = 0; k < config_.p; ++k)
        std::memcpy(&data[k * 4], &memory_[At(k, r.address)], 4);
    }
    return data;
  }

  void Write(const Request& r, bool row) {
    for (size_t k = 0; k < r.data.size(); ++k) {
      const uint32_t partition = row ? r.partition : k / 4;
      if (!(r.strb >> (row ? k : k % 4) & 1) || (!row && !(r.mask >> partition & 1))) continue;
      memory_[At(partition, r.address) + (row ? k : k % 4)] = r.data[k];
    }
  }

  const isa::Config& config_;
  std::mt19937 random_;
  VerilatedContext context_;
  std::unique_ptr<V> top_;
  uint32_t words_ = 0, row_words_ = 0;
  int address_bits_ = 0, partition_bits_ = 0;
  std::vector<uint8_t> memory_;
  std::vector<Request> reads_, writes_;
};

template <class V>
void RunRandom(const char* name) {
  const isa::Config& config = *isa::FindConfig(name);
  SbufBench<V> bench(config, kSeed);
  SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(kSeed));
  for (int cycle = 0; cycle < kCycles && !::testing::Test::HasFailure(); ++cycle) {
    // Calm, busy, saturated; a small range makes reads meet writes at one address.
    const int busy = cycle % 3000 < 1000 ? 15 : cycle % 3000 < 2000 ? 60 : 100;
    bench.RunCycle(busy, cycle % 200 < 100 ? busy : 0,
                   cycle % 500 < 250 ? 64 : config.sbuf_bytes / 4);
  }
}

TEST(Sbuf, RandomPortsMatchTheModelTiny) { RunRandom<Vsbuf_tiny>("tiny"); }
TEST(Sbuf, RandomPortsMatchTheModelSim) { RunRandom<Vsbuf_sim>("sim"); }

}  // namespace
}  // namespace neuron::mem_test
