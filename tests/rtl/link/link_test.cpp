// SPDX-License-Identifier: Apache-2.0
// nc_link_host speaks docs/link.md: directed requests, and random ones over a damaged line.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "Vnc_link_host.h"
#include "neuron/isa.h"

namespace neuron::isa {
namespace {

using Bytes = std::vector<uint8_t>;

uint32_t Crc32(const uint8_t* data, size_t size) {
  uint32_t state = ~0u;
  for (size_t i = 0; i < size; ++i) {
    state ^= data[i];
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ (state & 1 ? 0xEDB88320u : 0);
  }
  return ~state;
}

void Put(Bytes& bytes, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
uint64_t Get(const Bytes& bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) value |= uint64_t{bytes[at + i]} << (8 * i);
  return value;
}

Bytes Request(uint32_t op, uint16_t tag, uint32_t length, uint64_t address) {
  Bytes bytes = {0x4E, static_cast<uint8_t>(op)};
  Put(bytes, tag, 2);
  Put(bytes, length, 4);
  Put(bytes, address, 8);
  Put(bytes, Crc32(bytes.data(), bytes.size()), 4);
  return bytes;
}
Bytes Request(LinkOp op, uint16_t tag, uint32_t length, uint64_t address) {
  return Request(static_cast<uint32_t>(op), tag, length, address);
}
Bytes Write(LinkOp op, uint16_t tag, uint64_t address, const Bytes& payload) {
  Bytes bytes = Request(op, tag, static_cast<uint32_t>(payload.size()), address);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  Put(bytes, Crc32(payload.data(), payload.size()), 4);
  return bytes;
}
Bytes Words(const std::vector<uint32_t>& words) {
  Bytes bytes;
  for (uint32_t word : words) Put(bytes, word, 4);
  return bytes;
}

struct Frame {
  uint32_t op = 0;
  uint32_t tag = 0;
  LinkStatus status = LinkStatus::kOk;
  Bytes payload;
  bool payload_good = true;
};

constexpr uint32_t kBeat = 16;
constexpr uint32_t kNumTestRegisters = 64;  // those with (index % 8) = 7 do not exist

class Link : public ::testing::Test {
 protected:
  Link() {
    context_.randReset(2);
    context_.fatalOnError(false);
    model_.rst_ni = 0;
    model_.rx_valid_i = 0;
    model_.tx_ready_i = 0;
    model_.event_valid_i = 0;
    model_.reg_done_i = 0;
    model_.ar_ready_i = model_.aw_ready_i = model_.w_ready_i = 0;
    model_.r_valid_i = model_.b_valid_i = 0;
    Clock();
    model_.rst_ni = 1;
    Clock();
  }
  ~Link() override { EXPECT_FALSE(context_.gotError()) << "an assertion failed"; }

  void Clock() {
    model_.clk_i = 0;
    model_.eval();
    model_.clk_i = 1;
    model_.eval();
  }

  bool Chance() { return random_() % 100 >= stall_percent_; }

  // One cycle with memory, registers and host on their pins.
  void Tick() {
    if (!model_.rx_valid_i && !to_chip_.empty() && Chance()) {
      model_.rx_valid_i = 1;
      model_.rx_data_i = to_chip_.front();
    }
    model_.tx_ready_i = Chance();
    model_.ar_ready_i = Chance();
    model_.aw_ready_i = Chance();
    model_.w_ready_i = Chance();
    if (!model_.r_valid_i && !reads_.empty() && Chance()) {
      model_.r_valid_i = 1;
      for (uint32_t w = 0; w < kBeat / 4; ++w) {
        uint32_t word = 0;
        for (uint32_t b = 0; b < 4; ++b) word |= Memory(reads_.front() + 4 * w + b) << (8 * b);
        model_.r_data_i[w] = word;
      }
      model_.r_error_i = IsBad(reads_.front());
    }
    if (!model_.b_valid_i && !acks_.empty() && Chance()) {
      model_.b_valid_i = 1;
      model_.b_error_i = acks_.front();
    }
    model_.reg_done_i = register_delay_ == 1;
    model_.event_valid_i = !events_.empty();
    if (!events_.empty()) model_.event_data_i = events_.front();
    model_.clk_i = 0;
    model_.eval();

    const bool rx = model_.rx_valid_i && model_.rx_ready_o;
    const bool r = model_.r_valid_i && model_.r_ready_o;
    const bool b = model_.b_valid_i && model_.b_ready_o;
    const bool event = model_.event_valid_i && model_.event_ready_o;
    if (model_.tx_valid_o && model_.tx_ready_i) from_chip_.push_back(model_.tx_data_o);
    if (model_.ar_valid_o && model_.ar_ready_i) {
      EXPECT_EQ(model_.ar_addr_o / 4096, (model_.ar_addr_o + kBeat * model_.ar_len_o) / 4096);
      for (uint32_t i = 0; i <= model_.ar_len_o; ++i)
        reads_.push_back(model_.ar_addr_o + kBeat * i);
    }
    if (model_.aw_valid_o && model_.aw_ready_i) writes_.push_back(model_.aw_addr_o);
    if (model_.w_valid_o && model_.w_ready_i) {
      Bytes data(kBeat);
      for (uint32_t i = 0; i < kBeat; ++i) data[i] = model_.w_data_o[i / 4] >> (8 * (i % 4));
      beats_.push_back({data, model_.w_strb_o});
    }
    while (!writes_.empty() && !beats_.empty()) {
      const bool bad = IsBad(writes_.front());
      for (uint32_t i = 0; i < kBeat && !bad; ++i) {
        if (beats_.front().second >> i & 1) memory_[writes_.front() + i] = beats_.front().first[i];
      }
      acks_.push_back(bad);
      writes_.pop_front();
      beats_.pop_front();
    }
    if (register_delay_ > 0) --register_delay_;
    if (model_.reg_valid_o) {
      const uint32_t index = model_.reg_addr_o / 4;
      const bool doorbell = model_.reg_addr_o == kRegControl;
      const bool exists = doorbell || (index < kNumTestRegisters && index % 8 != 7);
      model_.reg_status_i = static_cast<uint32_t>(doorbell && busy_ ? LinkStatus::kBusy
                                                  : exists          ? LinkStatus::kOk
                                                                    : LinkStatus::kBadAddress);
      if (doorbell && !busy_) ++doorbells_;
      if (exists && !doorbell && model_.reg_write_o) registers_[index] = model_.reg_wdata_o;
      model_.reg_rdata_i = exists && !doorbell ? registers_[index] : 0;
      register_delay_ = 2;
    }

    model_.clk_i = 1;
    model_.eval();
    if (rx) {
      to_chip_.pop_front();
      model_.rx_valid_i = 0;
    }
    if (r) {
      reads_.pop_front();
      model_.r_valid_i = 0;
    }
    if (b) {
      acks_.pop_front();
      model_.b_valid_i = 0;
    }
    if (event) events_.pop_front();
  }

  void Send(const Bytes& bytes) { to_chip_.insert(to_chip_.end(), bytes.begin(), bytes.end()); }

  // Runs until a frame is complete; false when the chip stays silent.
  bool Receive(Frame& frame, int max_cycles = 400000) {
    for (int i = 0; i < max_cycles; ++i) {
      if (ParseFrame(frame)) return true;
      Tick();
    }
    return false;
  }

  bool ParseFrame(Frame& frame) {
    if (from_chip_.size() < 16) return false;
    EXPECT_EQ(from_chip_[0], 0x4E);
    EXPECT_EQ(Get(from_chip_, 12, 4), Crc32(from_chip_.data(), 12));
    const uint32_t length = static_cast<uint32_t>(Get(from_chip_, 8, 4));
    const size_t total = 16 + (length ? length + 4 : 0);
    if (from_chip_.size() < total) return false;
    frame.op = from_chip_[1];
    frame.tag = static_cast<uint32_t>(Get(from_chip_, 2, 2));
    frame.status = static_cast<LinkStatus>(from_chip_[4]);
    frame.payload.assign(from_chip_.begin() + 16, from_chip_.begin() + 16 + length);
    frame.payload_good =
        !length || Get(from_chip_, 16 + length, 4) == Crc32(frame.payload.data(), length);
    from_chip_.erase(from_chip_.begin(), from_chip_.begin() + static_cast<long>(total));
    return true;
  }

  Frame Ask(const Bytes& request) {
    Send(request);
    Frame frame;
    EXPECT_TRUE(Receive(frame)) << "no response";
    EXPECT_EQ(frame.op, static_cast<uint32_t>(LinkOp::kResponse));
    EXPECT_EQ(frame.tag, Get(request, 2, 2));
    return frame;
  }

  uint32_t Memory(uint32_t address) { return memory_.count(address) ? memory_[address] : 0; }
  bool IsBad(uint32_t address) const { return address >= bad_from_; }
  Bytes RandomBytes(size_t size) {
    Bytes bytes(size);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_() % 8 ? random_() : 0x4E);
    return bytes;
  }

  VerilatedContext context_;
  Vnc_link_host model_{&context_};
  std::mt19937 random_{11};
  uint32_t stall_percent_ = 0;
  uint64_t bad_from_ = 0xF0000000;
  bool busy_ = false;
  int doorbells_ = 0;
  int register_delay_ = 0;
  std::deque<uint8_t> to_chip_;
  Bytes from_chip_;
  std::map<uint32_t, uint8_t> memory_;
  std::map<uint32_t, uint32_t> registers_;
  std::deque<uint32_t> reads_, writes_;
  std::deque<std::pair<Bytes, uint32_t>> beats_;
  std::deque<bool> acks_;
  std::deque<uint64_t> events_;
};

TEST_F(Link, WritesAndReadsMemoryAtAnyAlignment) {
  for (uint32_t stall : {0u, 50u}) {
    stall_percent_ = stall;
    for (uint32_t start : {0u, 1u, 15u, 4090u}) {
      for (uint32_t size : {1u, 2u, 15u, 16u, 17u, 600u}) {
        const Bytes data = RandomBytes(size);
        const uint32_t address = 0x10000 + start;
        memory_[address - 1] = 0xAA;
        memory_[address + size] = 0x55;
        EXPECT_EQ(Ask(Write(LinkOp::kWriteMemory, 1, address, data)).status, LinkStatus::kOk);
        EXPECT_EQ(memory_[address - 1], 0xAA);
        EXPECT_EQ(memory_[address + size], 0x55);
        const Frame frame = Ask(Request(LinkOp::kReadMemory, 2, size, address));
        EXPECT_EQ(frame.status, LinkStatus::kOk);
        EXPECT_TRUE(frame.payload_good);
        EXPECT_EQ(frame.payload, data) << "start " << start << ", size " << size;
      }
    }
  }
}

TEST_F(Link, LargestFrameGoesThrough) {
  const Bytes data = RandomBytes(65536);
  EXPECT_EQ(Ask(Write(LinkOp::kWriteMemory, 1, 0x20003, data)).status, LinkStatus::kOk);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 2, 65536, 0x20003)).payload, data);
}

TEST_F(Link, RegistersAreWrittenAndRead) {
  EXPECT_EQ(Ask(Write(LinkOp::kWriteRegister, 3, 8, Words({10, 20, 30}))).status, LinkStatus::kOk);
  EXPECT_EQ(registers_[3], 20);
  const Frame frame = Ask(Request(LinkOp::kReadRegister, 4, 12, 8));
  EXPECT_EQ(frame.status, LinkStatus::kOk);
  EXPECT_EQ(frame.payload, Words({10, 20, 30}));
}

TEST_F(Link, MissingRegisterIsABadAddress) {
  const Frame read = Ask(Request(LinkOp::kReadRegister, 4, 8, 6 * 4));
  EXPECT_EQ(read.status, LinkStatus::kBadAddress);
  EXPECT_TRUE(read.payload.empty());
  const Frame write = Ask(Write(LinkOp::kWriteRegister, 5, 6 * 4, Words({1, 2, 3})));
  EXPECT_EQ(write.status, LinkStatus::kBadAddress);
  EXPECT_EQ(registers_[6], 1);
  EXPECT_EQ(registers_.count(8), 0u) << "nothing behind the missing one is written";
}

TEST_F(Link, BadPayloadCheckWritesNoRegister) {
  Bytes request = Write(LinkOp::kWriteRegister, 6, 0, Words({77, 78}));
  request[22] ^= 4;
  EXPECT_EQ(Ask(request).status, LinkStatus::kBadCrc);
  EXPECT_TRUE(registers_.empty());
  EXPECT_EQ(Ask(Write(LinkOp::kWriteRegister, 7, 0, Words({77, 78}))).status, LinkStatus::kOk);
  EXPECT_EQ(registers_[0], 77);
}

TEST_F(Link, RequestsThatCannotBeExecuted) {
  using S = LinkStatus;
  EXPECT_EQ(Ask(Request(99, 1, 0, 0)).status, S::kBadOp);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 1, 0, 0)).status, S::kBadLength);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 1, 65537, 0)).status, S::kBadLength);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 1, 16, 0x100000000)).status, S::kBadAddress);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 1, 16, 0xFFFFFFF8)).status, S::kBadAddress);
  EXPECT_EQ(Ask(Request(LinkOp::kReadRegister, 1, 6, 0)).status, S::kBadLength);
  EXPECT_EQ(Ask(Request(LinkOp::kReadRegister, 1, 4, 2)).status, S::kBadAddress);
  EXPECT_EQ(Ask(Request(LinkOp::kReadRegister, 1, 1028, 0)).status, S::kBadLength);
  EXPECT_EQ(Ask(Write(LinkOp::kWriteMemory, 1, 0x100000000, Bytes(40))).status, S::kBadAddress);
  EXPECT_EQ(Ask(Write(LinkOp::kWriteMemory, 1, 0, {})).status, S::kBadLength);
  EXPECT_EQ(Ask(Write(LinkOp::kWriteRegister, 1, 0, Bytes(2000))).status, S::kBadLength);
  EXPECT_EQ(Ask(Request(LinkOp::kDoorbell, 1, 0, 1)).status, S::kBadAddress);
  EXPECT_TRUE(memory_.empty());
  EXPECT_TRUE(registers_.empty());
}

TEST_F(Link, MemoryErrorsAreReported) {
  EXPECT_EQ(Ask(Write(LinkOp::kWriteMemory, 1, 0xF0000000, Bytes(20))).status,
            LinkStatus::kBadAddress);
  EXPECT_EQ(Ask(Request(LinkOp::kReadMemory, 2, 5000, 0xF0000000)).status, LinkStatus::kBadAddress);
  const Frame late = Ask(Request(LinkOp::kReadMemory, 3, 100, 0xEFFFFFF0));
  EXPECT_EQ(late.status, LinkStatus::kOk);
  EXPECT_FALSE(late.payload_good);
  EXPECT_TRUE(Ask(Request(LinkOp::kReadMemory, 4, 100, 0x1000)).payload_good);
}

TEST_F(Link, DoorbellStartsOrIsBusy) {
  EXPECT_EQ(Ask(Request(LinkOp::kDoorbell, 1, 0, 0)).status, LinkStatus::kOk);
  EXPECT_EQ(doorbells_, 1);
  busy_ = true;
  EXPECT_EQ(Ask(Request(LinkOp::kDoorbell, 2, 0, 0)).status, LinkStatus::kBusy);
  EXPECT_EQ(doorbells_, 1);
}

TEST_F(Link, EventsComeBetweenResponses) {
  events_ = {0x1122334455667788u};
  Frame frame;
  ASSERT_TRUE(Receive(frame));
  EXPECT_EQ(frame.op, static_cast<uint32_t>(LinkOp::kEvent));
  EXPECT_EQ(Get(frame.payload, 0, 8), 0x1122334455667788u);
  Send(Request(LinkOp::kReadMemory, 9, 64, 0));
  for (int i = 0; i < 50; ++i) Tick();  // until the request is taken
  events_ = {5};
  Frame first, second;
  ASSERT_TRUE(Receive(first));
  ASSERT_TRUE(Receive(second));
  EXPECT_EQ(first.tag, 9);
  EXPECT_EQ(second.op, static_cast<uint32_t>(LinkOp::kEvent));
}

TEST_F(Link, DamagedHeaderIsDroppedAndCounted) {
  Bytes damaged = Request(LinkOp::kReadRegister, 1, 4, 0);
  damaged[5] ^= 1;
  Send({1, 2, 3, 0x4F});
  Send(damaged);
  EXPECT_EQ(Ask(Request(LinkOp::kReadRegister, 2, 4, 0)).status, LinkStatus::kOk);
  EXPECT_EQ(model_.errors_o, 1);
}

TEST_F(Link, LostByteCostsOneFrame) {
  Bytes shortened = Request(LinkOp::kReadRegister, 1, 4, 0);
  shortened.erase(shortened.begin() + 7);
  Send(shortened);
  const Frame frame = Ask(Request(LinkOp::kReadRegister, 2, 4, 0));
  EXPECT_EQ(frame.tag, 2u) << "found inside the bytes already taken";
}

// Requests over a line that damages, loses and invents bytes. A response, when it comes, is right;
// the link recovers within one maximal frame.
TEST_F(Link, RandomTrafficOverADamagedLine) {
  stall_percent_ = 20;
  int answered = 0, repeated = 0;
  for (uint16_t n = 1; n <= 400; ++n) {
    const bool reading = random_() % 2;
    const uint32_t address = random_() % 4096;
    const uint32_t size = 1 + random_() % 200;
    const Bytes data = RandomBytes(size);
    const Bytes request = reading ? Request(LinkOp::kReadMemory, n, size, address)
                                  : Write(LinkOp::kWriteMemory, n, address, data);
    bool done = false;
    for (int attempt = 0; attempt < 20 && !done; ++attempt) {
      Bytes line = request;
      if (attempt < 3) {
        const uint32_t kind = random_() % 6;
        const size_t at = random_() % line.size();
        if (kind == 0) line[at] ^= static_cast<uint8_t>(1 + random_() % 255);
        if (kind == 1) line.erase(line.begin() + static_cast<long>(at));
        if (kind == 2) line.insert(line.begin() + static_cast<long>(at), 0x4E);
      }
      Send(line);
      Frame frame;
      while (!done && Receive(frame, 12000)) {
        if (frame.tag != n || frame.status != LinkStatus::kOk || !frame.payload_good) continue;
        done = true;
        if (reading) {
          ASSERT_EQ(frame.payload.size(), size);
          for (uint32_t i = 0; i < size; ++i) ASSERT_EQ(frame.payload[i], Memory(address + i));
        } else {
          for (uint32_t i = 0; i < size; ++i) ASSERT_EQ(Memory(address + i), data[i]);
        }
      }
      if (!done) {
        ++repeated;
        Send(Bytes(300, 0));  // ends a payload that a lost byte left open
        while (Receive(frame, 12000)) continue;
      }
    }
    ASSERT_TRUE(done) << "request " << n << " is never answered";
    ++answered;
  }
  EXPECT_EQ(answered, 400);
  EXPECT_GT(repeated, 20);
}

}  // namespace
}  // namespace neuron::isa
