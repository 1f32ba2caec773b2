// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/fuzz/program_generator.h"

#include <algorithm>
#include <cstring>

namespace neuron::test {
namespace {

using isa::Queue;
using isa::Space;

constexpr uint32_t kMinInstructions = 6;
constexpr uint32_t kMaxInstructions = 40;
constexpr uint32_t kMaxWaits = 4;
constexpr uint32_t kIdleSemaphore = 7;  // nothing adds to it
constexpr uint32_t kFirstToken = 8;     // semaphores from here on are used for one handshake each
constexpr uint64_t kWatchdog = kPatientWatchdog;
constexpr uint64_t kHangWatchdog = 20000;
constexpr uint32_t kErrorPercent = 20;

// What an access may touch, as a box.
struct Box {
  Space space;
  bool write;
  int64_t first_partition, last_partition;
  int64_t first_byte, last_byte;

  bool Conflicts(const Box& other) const {
    return space == other.space && (write || other.write) &&
           first_partition <= other.last_partition && other.first_partition <= last_partition &&
           first_byte <= other.last_byte && other.first_byte <= last_byte;
  }
};

Box BoxOf(const isa::Access& access) {
  Box box{access.space, access.write, 0, 0, 0, 0};
  if (access.space == Space::kDram) {
    const isa::AccessExtent extent = isa::ExtentOf(access);
    const auto base = static_cast<int64_t>(kFuzzSegments[access.segment].base);
    box.first_byte = base + static_cast<int64_t>(extent.low);
    box.last_byte = base + static_cast<int64_t>(extent.high);
  } else if (access.dma) {
    const isa::DmaSbufExtent extent = isa::DmaSbufExtentOf(access);
    box.first_partition = static_cast<int64_t>(extent.partition.low);
    box.last_partition = static_cast<int64_t>(extent.partition.high);
    box.first_byte = static_cast<int64_t>(extent.offset.low);
    box.last_byte = static_cast<int64_t>(extent.offset.high);
  } else {
    const isa::AccessExtent extent = isa::ExtentOf(access);
    box.first_partition = access.part_start;
    box.last_partition = int64_t{access.part_start} + access.part_count - 1;
    box.first_byte = static_cast<int64_t>(extent.low);
    box.last_byte = static_cast<int64_t>(extent.high);
  }
  return box;
}

bool IsDma(Queue queue) { return queue == Queue::kDma0 || queue == Queue::kDma1; }

// The waits and updates are the same words in every format.
struct Wait {
  isa::WaitOp op = isa::WaitOp::kNone;
  uint32_t semaphore = 0;
  uint32_t value = 0;
};
void SetWait(Words& words, uint32_t slot, const Wait& wait) {
  words[1 + slot] = static_cast<uint32_t>(wait.op) << 30 | wait.semaphore << 24 | wait.value;
}
void SetUpdate(Words& words, uint32_t slot, isa::UpdateOp op, uint32_t semaphore, uint32_t value) {
  words[5 + slot] = static_cast<uint32_t>(op) << 30 | semaphore << 24 | value;
}
bool HasUpdate(const Words& words, uint32_t slot) { return words[5 + slot] >> 30 != 0; }

class Builder {
 public:
  Builder(const isa::Config& config, uint64_t seed, uint32_t queues)
      : config_(config), generator_(config, kFuzzSegments, seed), queues_(queues) {}

  FuzzProgram Build();

 private:
  struct Placed {
    Queue queue;
    uint32_t index;
    std::vector<Box> boxes;
    Clock known;  // done before it starts
  };

  // Adds an instruction after those that it conflicts with; false when four waits are too few.
  bool Add(Queue queue, Words words, const Clock& after);
  bool Add(Queue queue, const Words& words) { return Add(queue, words, Clock{}); }
  // An instruction that starts when all others are done.
  void AddBarrier(Queue queue);
  void AddRandom();
  void AddGather();
  void AddErrorEnding();
  bool AddIndexError(Queue queue);
  void ChooseTrace();
  bool Uses(Queue queue) const { return queues_ >> static_cast<uint32_t>(queue) & 1; }
  // A wait for the first `count` instructions of `queue`, by count or by a token of its own.
  Wait WaitFor(Queue queue, uint32_t count);

  const isa::Config& config_;
  InstructionGenerator generator_;
  uint32_t queues_;  // mask of the queues to use
  FuzzProgram program_;
  std::vector<Placed> placed_;
  Clock counts_{};
  uint32_t next_token_ = kFirstToken;
};

Wait Builder::WaitFor(Queue queue, uint32_t count) {
  if (next_token_ < isa::kNumSemaphores && generator_.Chance(25)) {
    for (size_t i = 0; i < placed_.size(); ++i) {
      Words& words = program_.items[i].words;
      if (placed_[i].queue != queue || placed_[i].index + 1 != count || HasUpdate(words, 1))
        continue;
      const uint32_t token = next_token_++;
      const uint32_t value = 1 + generator_.Below(1000);
      const bool set = generator_.Chance(30);
      SetUpdate(words, 1, set ? isa::UpdateOp::kSet : isa::UpdateOp::kAdd, token, value);
      switch (generator_.Below(3)) {
        case 0:
          return {isa::WaitOp::kEq, token, value};
        case 1:
          return {isa::WaitOp::kAcquire, token, 1 + generator_.Below(value)};
        default:
          return {isa::WaitOp::kGe, token, 1 + generator_.Below(value)};
      }
    }
  }
  return {isa::WaitOp::kGe, static_cast<uint32_t>(queue), count};
}

bool Builder::Add(Queue queue, Words words, const Clock& after) {
  const auto q = static_cast<size_t>(queue);
  Placed placed{queue, counts_[q], {}, {}};
  for (const isa::Access& access : isa::AccessesOf(words)) placed.boxes.push_back(BoxOf(access));

  // What the queue knows already, and what must be known.
  Clock known{};
  for (const Placed& earlier : placed_) {
    if (earlier.queue == queue) known = earlier.known;
  }
  Clock needed = after;
  for (const Placed& earlier : placed_) {
    if (earlier.queue == queue && !IsDma(queue)) continue;  // in order by itself
    for (const Box& a : placed.boxes) {
      for (const Box& b : earlier.boxes) {
        if (a.Conflicts(b)) {
          uint32_t& count = needed[static_cast<size_t>(earlier.queue)];
          count = std::max(count, earlier.index + 1);
        }
      }
    }
  }
  uint32_t waits = 0;
  for (size_t other = 0; other < needed.size(); ++other) {
    if (needed[other] <= known[other]) continue;
    if (waits == kMaxWaits) return false;
    ++waits;
  }
  waits = 0;
  for (size_t other = 0; other < needed.size(); ++other) {
    if (needed[other] <= known[other]) continue;
    SetWait(words, waits++, WaitFor(static_cast<Queue>(other), needed[other]));
    known[other] = needed[other];
    for (const Placed& earlier : placed_) {
      if (static_cast<size_t>(earlier.queue) != other || earlier.index + 1 != needed[other])
        continue;
      for (size_t k = 0; k < known.size(); ++k) known[k] = std::max(known[k], earlier.known[k]);
    }
  }
  SetUpdate(words, 0, isa::UpdateOp::kAdd, static_cast<uint32_t>(queue), 1);
  placed.known = known;
  placed_.push_back(placed);
  program_.items.push_back({queue, words, known});
  ++counts_[q];
  return true;
}

void Builder::AddBarrier(Queue queue) {
  Clock all = counts_;
  if (!IsDma(queue)) all[static_cast<size_t>(queue)] = 0;
  // With five queues to wait for, two instructions share the waits.
  for (int part = 0; part < 2; ++part) {
    Clock after{};
    for (size_t q = 0; q < all.size(); ++q) {
      if ((q < 3) == (part == 0)) after[q] = all[q];
    }
    for (int attempt = 0; attempt < 200; ++attempt) {
      if (Add(queue, generator_.Next(queue), after)) break;
    }
  }
}

void Builder::AddRandom() {
  const uint32_t pick = generator_.Below(100);
  const Queue queue = pick < 25   ? Queue::kTensor
                      : pick < 50 ? Queue::kVector
                      : pick < 72 ? Queue::kScalar
                      : pick < 86 ? Queue::kDma0
                                  : Queue::kDma1;
  if (!Uses(queue)) return;
  if (IsDma(queue) && generator_.Chance(15)) return AddGather();
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (Add(queue, generator_.Next(queue))) return;
  }
}

void Builder::AddGather() {
  const uint32_t count = 1 + generator_.Below(kBadIndexCount);
  const uint32_t partition = generator_.Below(config_.p);
  const uint32_t address = 4 * generator_.Below((config_.sbuf_bytes - 4 * count) / 4);
  const Queue loader = generator_.Chance(50) ? Queue::kDma0 : Queue::kDma1;
  const Queue user = generator_.Chance(50) ? Queue::kDma0 : Queue::kDma1;
  if (!Uses(loader) || !Uses(user)) return;
  if (!Add(loader, generator_.LoadIndices(address, partition, count, count))) return;
  // Directly after: nothing may overwrite the indices in between.
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (Add(user, generator_.Gather(address, partition, count, kIndexLimit))) return;
  }
}

// A gather that meets an index out of range, in its list or because of a small limit, after some
// rows or none. Everything else is done by then: what starts at the same time could still run.
bool Builder::AddIndexError(Queue queue) {
  const uint32_t count = 1 + generator_.Below(kBadIndexCount);
  const uint32_t partition = generator_.Below(config_.p);
  const uint32_t address = 4 * generator_.Below((config_.sbuf_bytes - 4 * count) / 4);
  const bool small_limit = generator_.Chance(30);
  const uint32_t bad = small_limit ? count : generator_.Below(count);
  if (!Add(queue, generator_.LoadIndices(address, partition, count, bad))) return false;
  const uint32_t limit = small_limit ? generator_.Below(kIndexLimit) : kIndexLimit;
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (Add(queue, generator_.Gather(address, partition, count, limit))) return true;
  }
  return false;
}

// A last instruction that fails when everything else is done.
void Builder::AddErrorEnding() {
  const auto queue = static_cast<Queue>(generator_.Below(isa::kNumQueues));
  if (!Uses(queue)) return;
  AddBarrier(queue);
  if (IsDma(queue) && generator_.Chance(50)) {
    if (AddIndexError(queue)) program_.ending = "index error";
    return;
  }
  const Words words = generator_.Next(queue);
  switch (generator_.Below(4)) {
    case 0: {
      if (!Add(queue, words)) return;
      program_.ending = "semaphore fault";
      const bool low = generator_.Chance(50);
      SetUpdate(program_.items.back().words, 1, low ? isa::UpdateOp::kSub : isa::UpdateOp::kAdd,
                low ? kIdleSemaphore : static_cast<uint32_t>(queue), 0xFFFFFF);
      return;
    }
    case 1: {
      if (!Add(queue, words)) return;
      Words& last = program_.items.back().words;
      for (uint32_t slot = 0; slot < kMaxWaits; ++slot) {
        if (last[1 + slot] >> 30 != 0) continue;
        SetWait(last, slot, {isa::WaitOp::kGe, kIdleSemaphore, 1 + generator_.Below(5)});
        program_.ending = "hang";
        program_.watchdog = kHangWatchdog;
        return;
      }
      return;
    }
    default: {
      program_.ending = "check fault";
      Words faulty = words;
      for (int attempt = 0; attempt < 1000; ++attempt) {
        faulty = words;
        const uint32_t word = generator_.Chance(20) ? 0 : 7 + generator_.Below(25);
        faulty[word] ^= 1u << generator_.Below(32);
        if (isa::CheckInstruction(config_, queue, faulty, kFuzzSegments)) {
          program_.items.push_back({queue, faulty});
          return;
        }
      }
      program_.ending = "done";
      return;
    }
  }
}

// Half of the programs are traced, into rings of one record to more than there are.
void Builder::ChooseTrace() {
  if (generator_.Chance(50)) return;
  program_.trace_base = kFuzzTraceBase + 64 * generator_.Below(64);
  program_.trace_records = 1 + generator_.Below(generator_.Chance(30) ? 8 : 2 * kMaxInstructions);
}

FuzzProgram Builder::Build() {
  program_.watchdog = kWatchdog;
  program_.ending = "done";
  if (Uses(Queue::kScalar)) Add(Queue::kScalar, generator_.LoadWholeTable());
  const uint32_t count = kMinInstructions + generator_.Below(kMaxInstructions - kMinInstructions);
  for (uint32_t i = 0; i < count; ++i) AddRandom();
  if (generator_.Chance(kErrorPercent)) AddErrorEnding();
  ChooseTrace();
  return std::move(program_);
}

}  // namespace

FuzzProgram GenerateProgram(const isa::Config& config, uint64_t seed, uint32_t queues) {
  return Builder(config, seed, queues).Build();
}

std::vector<std::byte> GenerateDram(uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x5DEECE66Du);
  std::vector<std::byte> dram(kFuzzDramBytes);
  for (size_t block = kFuzzSegments[1].base; block + 64 <= dram.size(); block += 64) {
    const uint64_t kind = random() % 4;
    for (size_t at = block; at < block + 64; at += 4) {
      uint32_t value = static_cast<uint32_t>(random());
      if (kind >= 2) {
        const float number = (static_cast<float>(value % 20000) - 10000.0f) / 512.0f;
        std::memcpy(&value, &number, sizeof value);
      } else if (kind == 1) {
        value %= 7;
      }
      std::memcpy(dram.data() + at, &value, sizeof value);
    }
  }
  constexpr uint32_t kBad[] = {0xFFFFFFFF, kIndexLimit, 0x80000000, 0x7FFFFFFF};
  for (uint32_t i = 0; i < kIndexCount + kBadIndexCount; ++i) {
    const uint32_t index = i < kIndexCount ? static_cast<uint32_t>(random() % kIndexLimit)
                                           : kBad[random() % std::size(kBad)];
    std::memcpy(dram.data() + kFuzzSegments[kConstSegment].base + 4 * i, &index, sizeof index);
  }
  return dram;
}

}  // namespace neuron::test
