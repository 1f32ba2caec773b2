// SPDX-License-Identifier: Apache-2.0
// RtlChip over one Verilated configuration. Compiled once for each: NEURON_RTL_CONFIG is its name,
// NEURON_RTL_ID the same as a C identifier, NEURON_RTL_HEADER and NEURON_RTL_MODEL are the
// generated header and class.
#include <verilated.h>
#include <verilated_fst_c.h>
#include <verilated_syms.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>

#include NEURON_RTL_HEADER
#include "sim/rtl/model_factory.h"

namespace neuron::sim {
namespace {

constexpr int kResetCycles = 8;
constexpr int kTraceLevels = 99;

class ChipModel : public RtlChip {
 public:
  ChipModel(const isa::Config& config, const RtlChipOptions& options)
      : config_(config), dram_(options.dram_bytes, config.axi_bytes) {
#ifdef NEURON_RTL_WAVES
    context_.traceEverOn(true);
#endif
    context_.fatalOnError(false);
    context_.randReset(options.random_seed == 0 ? 0 : 2);
    context_.randSeed(static_cast<int>(options.random_seed % 0x7FFFFFFF));
    model_ = std::make_unique<NEURON_RTL_MODEL>(&context_, "chip");
    dram_.SetTiming(options.timing);
    FindMemories();
  }

  ~ChipModel() override {
    StopWaves();
    model_->final();
  }

  const isa::Config& config() const override { return config_; }

  Status Reset() override {
    to_chip_.clear();
    from_chip_.clear();
    dram_.Reset();
    model_->rst_ni = 0;
    NEURON_RETURN_IF_ERROR(Step(kResetCycles));
    model_->rst_ni = 1;
    from_chip_.clear();
    dram_.Reset();
    return Step(1);
  }

  Status Step(uint64_t cycles) override {
    for (uint64_t i = 0; i < cycles; ++i) {
      Cycle();
      if (context_.gotError()) [[unlikely]] {
        return Status(StatusCode::kInternal, "an assertion of the RTL (configuration " +
                                                 std::string(config_.name) + ") failed in cycle " +
                                                 std::to_string(failed_cycle()) +
                                                 "; its name is on standard output");
      }
    }
    return OkStatus();
  }

  uint64_t cycles() const override { return cycle_; }
  bool running() const override { return model_->running_o != 0; }

  void Send(std::span<const std::byte> bytes) override {
    to_chip_.insert(to_chip_.end(), bytes.begin(), bytes.end());
  }
  size_t unsent() const override { return to_chip_.size(); }
  std::vector<std::byte> Receive() override { return std::exchange(from_chip_, {}); }
  size_t received() const override { return from_chip_.size(); }
  void PauseReceive(bool pause) override { receive_paused_ = pause; }

  Dram& dram() override { return dram_; }

  Status StartWaves([[maybe_unused]] const std::string& path) override {
#ifdef NEURON_RTL_WAVES
    StopWaves();
    waves_ = std::make_unique<VerilatedFstC>();
    model_->trace(waves_.get(), kTraceLevels);
    waves_->open(path.c_str());
    if (!waves_->isOpen()) {
      waves_.reset();
      return Status(StatusCode::kIoError, "cannot write waves to '" + path + "'");
    }
    return OkStatus();
#else
    return Status(StatusCode::kUnsupported,
                  "this build has no waves; configure with -DNEURON_RTL_WAVES=ON");
#endif
  }
  void StopWaves() override {
    if (!waves_) return;
    waves_->close();
    waves_.reset();
  }
  void WavesInWindow(const std::string& path, uint64_t begin, uint64_t end) override {
    plan_ = {path, begin, end, false};
  }
  void WavesWhileRunning(const std::string& path) override { plan_ = {path, 0, 0, true}; }

  Status WriteCoverage([[maybe_unused]] const std::string& path) override {
#ifdef NEURON_RTL_COVERAGE
    context_.coveragep()->write(path.c_str());
    return OkStatus();
#else
    return Status(StatusCode::kUnsupported,
                  "this build has no coverage; configure with -DNEURON_RTL_COVERAGE=ON");
#endif
  }

 private:
  // A window of waves that starts and ends by itself.
  struct WavePlan {
    std::string path;
    uint64_t begin = 0, end = 0;
    bool while_running = false;
  };

  uint64_t failed_cycle() const { return failed_cycle_; }

  // Rows of the RAM arrays of SBUF and PSUM: [core][bank], P words a row.
  struct Banks {
    std::vector<uint32_t*> rows;
    uint32_t row_words = 0;
  };

  void FindMemories() {
    for (uint32_t core = 0; core < config_.num_cores; ++core) {
      sbuf_.push_back(FindBanks(core, "u_sbuf", config_.sbuf_banks));
      psum_.push_back(FindBanks(core, "u_psum", config_.psum_bytes / isa::kPsumBankBytes));
    }
  }

  Banks FindBanks(uint32_t core, const char* memory, uint32_t count) {
    Banks banks;
    banks.row_words = config_.p;
    for (uint32_t bank = 0; bank < count; ++bank) {
      const std::string scope = "chip.nc_chip.gen_core[" + std::to_string(core) + "].u_core." +
                                memory + ".gen_bank[" + std::to_string(bank) + "].u_ram";
      const VerilatedScope* found = context_.scopeFind(scope.c_str());
      VerilatedVar* variable = found != nullptr ? found->varFind("mem") : nullptr;
      banks.rows.push_back(variable != nullptr ? static_cast<uint32_t*>(variable->datap())
                                               : nullptr);
    }
    return banks;
  }

  uint32_t* MemoryWord(uint32_t core, isa::Space space, uint32_t partition,
                       uint32_t address) override {
    const bool is_psum = space == isa::Space::kPsum;
    const uint32_t bytes = is_psum ? config_.psum_bytes : config_.sbuf_bytes;
    if (core >= config_.num_cores || partition >= config_.p || address >= bytes ||
        space == isa::Space::kDram) {
      return nullptr;
    }
    // SBUF interleaves its banks by word, PSUM's are consecutive.
    const uint32_t word = address / 4;
    const uint32_t depth = isa::kPsumBankBytes / 4;
    const uint32_t bank = is_psum ? word / depth : word % config_.sbuf_banks;
    const uint32_t row = is_psum ? word % depth : word / config_.sbuf_banks;
    const Banks& banks = is_psum ? psum_[core] : sbuf_[core];
    if (banks.rows[bank] == nullptr) return nullptr;
    return banks.rows[bank] + size_t{row} * banks.row_words + partition;
  }

  void Cycle() {
    if (!plan_.path.empty()) FollowPlan();
    DriveInputs();
    model_->clk_i = 0;
    model_->eval();
    if (waves_) waves_->dump(2 * cycle_);
    Transfer();
    model_->clk_i = 1;
    model_->eval();
    if (waves_) waves_->dump(2 * cycle_ + 1);
    if (context_.gotError() && failed_cycle_ == 0) failed_cycle_ = cycle_;
    ++cycle_;
    context_.timeInc(1);
  }

  void FollowPlan() {
    const bool wanted =
        plan_.while_running ? running() : cycle_ >= plan_.begin && cycle_ < plan_.end;
    if (wanted && !waves_) {
      if (!StartWaves(plan_.path).ok()) plan_ = {};
    } else if (!wanted && waves_) {
      StopWaves();
      plan_ = {};
    }
  }

  void DriveInputs() {
    NEURON_RTL_MODEL& m = *model_;
    dram_.BeginCycle();
    m.m_axi_arready = dram_.accepts_read();
    m.m_axi_awready = dram_.accepts_write();
    m.m_axi_wready = dram_.accepts_data();
    const Dram::Beat& beat = dram_.beat();
    m.m_axi_rvalid = beat.valid;
    if (beat.valid) {
      m.m_axi_rid = beat.id;
      m.m_axi_rlast = beat.last;
      m.m_axi_rresp = beat.error ? 2 : 0;
      std::memcpy(&m.m_axi_rdata, beat.data, config_.axi_bytes);
    }
    const Dram::Response& response = dram_.response();
    m.m_axi_bvalid = response.valid;
    if (response.valid) {
      m.m_axi_bid = response.id;
      m.m_axi_bresp = response.error ? 2 : 0;
    }
    m.link_rx_valid_i = !to_chip_.empty();
    if (!to_chip_.empty()) m.link_rx_data_i = static_cast<uint8_t>(to_chip_.front());
    m.link_tx_ready_i = !receive_paused_;
  }

  void Transfer() {
    NEURON_RTL_MODEL& m = *model_;
    if (m.rst_ni) {
      // Addresses after data: a burst's data is taken from the cycle after its address on.
      if (m.m_axi_rvalid && m.m_axi_rready) dram_.EndBeat();
      if (m.m_axi_bvalid && m.m_axi_bready) dram_.EndResponse();
      if (m.m_axi_wvalid && m.m_axi_wready) {
        dram_.WriteData(reinterpret_cast<const std::byte*>(&m.m_axi_wdata), m.m_axi_wstrb,
                        m.m_axi_wlast);
      }
      if (m.m_axi_arvalid && m.m_axi_arready) {
        dram_.Read(m.m_axi_arid, m.m_axi_araddr, m.m_axi_arlen + 1u);
      }
      if (m.m_axi_awvalid && m.m_axi_awready) {
        dram_.Write(m.m_axi_awid, m.m_axi_awaddr, m.m_axi_awlen + 1u);
      }
      if (m.link_rx_valid_i && m.link_rx_ready_o) to_chip_.pop_front();
      if (m.link_tx_valid_o && m.link_tx_ready_i) {
        from_chip_.push_back(static_cast<std::byte>(m.link_tx_data_o));
      }
    }
    dram_.EndCycle();
  }

  const isa::Config& config_;
  VerilatedContext context_;
  std::unique_ptr<NEURON_RTL_MODEL> model_;
  std::unique_ptr<VerilatedFstC> waves_;
  WavePlan plan_;
  Dram dram_;
  std::vector<Banks> sbuf_, psum_;
  std::deque<std::byte> to_chip_;
  std::vector<std::byte> from_chip_;
  bool receive_paused_ = false;
  uint64_t cycle_ = 0;
  uint64_t failed_cycle_ = 0;
};

}  // namespace

std::unique_ptr<RtlChip> NEURON_RTL_FACTORY(NEURON_RTL_ID)(const RtlChipOptions& options) {
  return std::make_unique<ChipModel>(*isa::FindConfig(NEURON_RTL_NAME(NEURON_RTL_CONFIG)), options);
}

}  // namespace neuron::sim
