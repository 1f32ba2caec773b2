// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/dram.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace neuron::sim {
namespace {

constexpr uint32_t kMaxBeatBytes = 64;
const std::byte kZeros[kMaxBeatBytes] = {};

}  // namespace

void Dram::Free::operator()(std::byte* data) const { std::free(data); }

Dram::Dram(uint64_t bytes, uint32_t beat_bytes)
    : size_(bytes), beat_bytes_(beat_bytes), data_(static_cast<std::byte*>(std::calloc(bytes, 1))) {
  if (data_ == nullptr) size_ = 0;
}

void Dram::SetTiming(const DramTiming& timing) {
  timing_ = timing;
  stall_threshold_ = timing.stall_percent * 0x10000 / 100;
  random_ = timing.seed * 0x9E3779B97F4A7C15u + 1;
  budget_ = 0;
}

void Dram::InjectError(uint64_t begin, uint64_t end) {
  error_begin_ = begin;
  error_end_ = end;
}

void Dram::Reset() {
  reads_.clear();
  writes_.clear();
  responses_.clear();
  beat_ = {};
  response_ = {};
  in_burst_ = false;
}

uint64_t Dram::Random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ >> 16;
}

// The burst to serve next: the oldest; with random pauses the oldest of some ID, if it is ready.
size_t Dram::PickRead() {
  if (stall_threshold_ == 0 || reads_.size() == 1) return 0;
  const size_t candidate = Random() % reads_.size();
  for (size_t i = 0; i < candidate; ++i) {
    if (reads_[i].id == reads_[candidate].id) return i;
  }
  return candidate;
}

bool Dram::TakeBudget() {
  if (timing_.bytes_per_cycle == 0) return true;
  if (budget_ <= 0) return false;
  budget_ -= beat_bytes_;
  return true;
}

void Dram::BeginCycle() {
  if (timing_.bytes_per_cycle != 0) {
    budget_ = std::min<int64_t>(budget_ + timing_.bytes_per_cycle, 2 * beat_bytes_);
  }
  accepts_read_ = reads_.size() < timing_.max_outstanding && !Pause();
  accepts_write_ = writes_.size() + responses_.size() < timing_.max_outstanding && !Pause();
  accepts_data_ = !writes_.empty() && !Pause() && (timing_.bytes_per_cycle == 0 || budget_ > 0);

  if (!beat_.valid && !reads_.empty() && !Pause()) {
    if (!in_burst_) current_read_ = PickRead();
    const Burst& burst = reads_[current_read_];
    if (burst.ready <= cycle_ && TakeBudget()) {
      in_burst_ = true;
      beat_.valid = true;
      beat_.id = burst.id;
      beat_.error = Failing(burst.address);
      beat_.data = beat_.error ? kZeros : data_.get() + burst.address;
      beat_.last = burst.beats == 1;
    }
  }
  if (!response_.valid && !responses_.empty() && responses_.front().ready <= cycle_ && !Pause()) {
    response_ = {true, responses_.front().id, responses_.front().error};
    responses_.pop_front();
  }
}

void Dram::EndBeat() {
  Burst& burst = reads_[current_read_];
  bytes_read_ += beat_bytes_;
  burst.address += beat_bytes_;
  beat_.valid = false;
  if (--burst.beats == 0) {
    reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(current_read_));
    in_burst_ = false;
  }
}

void Dram::EndResponse() { response_.valid = false; }

void Dram::Read(uint32_t id, uint32_t address, uint32_t beats) {
  reads_.push_back({id, address, beats, cycle_ + timing_.latency});
}

void Dram::Write(uint32_t id, uint32_t address, uint32_t beats) {
  writes_.push_back({id, address, beats, 0});
}

void Dram::WriteData(const std::byte* data, uint32_t strobe, bool last) {
  Burst& burst = writes_.front();
  if (timing_.bytes_per_cycle != 0) budget_ -= beat_bytes_;
  if (Failing(burst.address)) {
    burst.error = true;
  } else if (strobe == (uint64_t{1} << beat_bytes_) - 1) {
    std::memcpy(data_.get() + burst.address, data, beat_bytes_);
  } else {
    for (uint32_t i = 0; i < beat_bytes_; ++i) {
      if (strobe >> i & 1) data_[burst.address + i] = data[i];
    }
  }
  bytes_written_ += beat_bytes_;
  burst.address += beat_bytes_;
  if (last) {
    burst.ready = cycle_ + timing_.latency;
    responses_.push_back(burst);
    writes_.pop_front();
  }
}

}  // namespace neuron::sim
