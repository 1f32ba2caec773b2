// SPDX-License-Identifier: Apache-2.0
// PSUM with random requests at all ports against a byte array: data, grants, no starvation.
#include <verilated.h>

#include <memory>
#include <random>

#include "Vpsum_sim.h"
#include "Vpsum_tiny.h"
#include "mem_bench.h"
#include "neuron/isa.h"

namespace neuron::mem_test {
namespace {

constexpr uint32_t kSeed = 12;
constexpr int kCycles = 12000;
constexpr size_t kRead = 4, kWrite = 3, kFixed = 1;

template <class V>
class PsumBench {
 public:
  explicit PsumBench(const isa::Config& config) : config_(config), random_(kSeed) {
    context_.randReset(2);
    context_.randSeed(kSeed);
    top_ = std::make_unique<V>(&context_);
    top_->clk_i = 0;
    top_->rst_ni = 0;
    top_->rd_req_i = top_->wr_req_i = 0;
    for (int k = 0; k < 3; ++k) Step();
    top_->rst_ni = 1;
    while ((4u << address_bits_) < config.psum_bytes) ++address_bits_;
    memory_.resize(size_t{config.psum_bytes} * config.p);
    reads_.resize(kRead);
    writes_.resize(kWrite);
    Request& r = writes_[0];
    for (uint32_t word = 0; word < config.psum_bytes / 4; ++word) {
      Draw(r, 100, 1);
      r.address = word;
      r.strb = 15;
      r.mask = ~0u;
      Drive();
      Write(r);
      Step();
      r.active = false;
    }
  }
  ~PsumBench() { top_->final(); }

  // busy: chance in percent that an idle port makes a request; fixed_busy: of TensorE's.
  void RunCycle(int busy, int fixed_busy, uint32_t range) {
    for (auto& r : reads_) Draw(r, &r == &reads_[0] ? fixed_busy : busy, range);
    for (auto& r : writes_) Draw(r, &r == &writes_[0] ? fixed_busy : busy, range);
    Drive();
    top_->eval();
    const uint64_t read_grants = top_->rd_gnt_o, write_grants = top_->wr_gnt_o;
    // TensorE, the only fixed port, is never refused.
    CheckGrants(reads_, kFixed, read_grants);
    CheckGrants(writes_, kFixed, write_grants);
    std::vector<std::vector<uint8_t>> expected(kRead);
    for (size_t p = 0; p < kRead; ++p) {
      if (!(read_grants >> p & 1)) continue;
      for (uint32_t k = 0; k < config_.p; ++k) {
        const uint8_t* word = &memory_[At(k, reads_[p].address)];
        expected[p].insert(expected[p].end(), word, word + 4);
      }
      reads_[p].active = false;
    }
    for (size_t p = 0; p < kWrite; ++p) {
      if (!(write_grants >> p & 1)) continue;
      Write(writes_[p]);
      writes_[p].active = false;
    }
    Step();
    for (size_t p = 0; p < kRead; ++p) {
      if (expected[p].empty()) continue;
      ASSERT_EQ(std::memcmp(Bytes(top_->rd_data_o, p * config_.p * 4), expected[p].data(),
                            expected[p].size()),
                0)
          << "read port " << p << ", word " << reads_[p].address;
    }
  }

 private:
  void Step() {
    top_->clk_i = 1;
    top_->eval();
    top_->clk_i = 0;
    top_->eval();
  }

  size_t At(uint32_t partition, uint32_t word) const {
    return size_t{partition} * config_.psum_bytes + word * 4;
  }

  void Draw(Request& r, int busy, uint32_t range) {
    if (r.active || static_cast<int>(random_() % 100) >= busy) return;
    r.active = true;
    r.waited = 0;
    r.address = random_() % range;
    r.strb = random_() % 2 ? 15 : random_() % 16;
    r.mask = random_() % 2 ? ~0u : random_();
    r.data.resize(config_.p * 4);
    for (auto& byte : r.data) byte = random_();
    r.banks = uint64_t{1} << (r.address * 4 / isa::kPsumBankBytes);
  }

  void Drive() {
    top_->rd_req_i = top_->wr_req_i = 0;
    for (size_t p = 0; p < kRead; ++p) {
      top_->rd_req_i |= reads_[p].active << p;
      SetBits(top_->rd_addr_i, p * address_bits_, address_bits_, reads_[p].address);
    }
    for (size_t p = 0; p < kWrite; ++p) {
      const Request& r = writes_[p];
      if (!r.active) continue;
      top_->wr_req_i |= 1 << p;
      SetBits(top_->wr_addr_i, p * address_bits_, address_bits_, r.address);
      SetBits(top_->wr_strb_i, p * 4, 4, r.strb);
      SetBits(top_->wr_mask_i, p * config_.p, config_.p, r.mask);
      std::memcpy(Bytes(top_->wr_data_i, p * config_.p * 4), r.data.data(), r.data.size());
    }
  }

  void Write(const Request& r) {
    for (size_t k = 0; k < r.data.size(); ++k)
      if ((r.strb >> (k % 4) & 1) && (r.mask >> (k / 4) & 1))
        memory_[At(k / 4, r.address) + k % 4] = r.data[k];
  }

  const isa::Config& config_;
  std::mt19937 random_;
  VerilatedContext context_;
  std::unique_ptr<V> top_;
  int address_bits_ = 0;
  std::vector<uint8_t> memory_;
  std::vector<Request> reads_, writes_;
};

template <class V>
void RunRandom(const char* name) {
  const isa::Config& config = *isa::FindConfig(name);
  PsumBench<V> bench(config);
  SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(kSeed));
  for (int cycle = 0; cycle < kCycles && !::testing::Test::HasFailure(); ++cycle) {
    const int busy = cycle % 3000 < 1000 ? 15 : cycle % 3000 < 2000 ? 60 : 100;
    bench.RunCycle(busy, cycle % 200 < 100 ? busy : 0,
                   cycle % 500 < 250 ? 16 : config.psum_bytes / 4);
  }
}

TEST(Psum, RandomPortsMatchTheModelTiny) { RunRandom<Vpsum_tiny>("tiny"); }
TEST(Psum, RandomPortsMatchTheModelSim) { RunRandom<Vpsum_sim>("sim"); }

}  // namespace
}  // namespace neuron::mem_test
