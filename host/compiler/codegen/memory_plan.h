// SPDX-License-Identifier: Apache-2.0
// Places buffers in SBUF. Time is a position in the sequence of planned operations.
#ifndef NEURON_HOST_COMPILER_CODEGEN_MEMORY_PLAN_H_
#define NEURON_HOST_COMPILER_CODEGEN_MEMORY_PLAN_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/view.h"

namespace neuron::compiler {

struct Buffer {
  std::string name;
  std::string node;   // that it is for, as errors name it; "": none
  int64_t bytes = 0;  // in each partition
  int first = -1;     // first and last operation that touches it
  int last = -1;
  int64_t offset = 0;  // where it was placed
};

// Fixed-lifetime placement of all buffers, then of streamed ones as early as memory allows.
class MemoryPlan {
 public:
  explicit MemoryPlan(int64_t capacity) : capacity_(capacity) {}

  BufferId Add(std::string name, int64_t bytes, std::string node = "");
  Buffer& buffer(BufferId id) { return buffers_[static_cast<size_t>(id)]; }
  const Buffer& buffer(BufferId id) const { return buffers_[static_cast<size_t>(id)]; }
  const std::vector<Buffer>& buffers() const { return buffers_; }

  // Chooses the end of memory at which each buffer of Place() is put at random, by this seed; 0:
  // the low end.
  void Shuffle(uint32_t seed) {
    shuffled_ = seed != 0;
    random_.seed(seed);
  }

  // Gives large buffers of nearly one size (they differ in their halo) slots of one size, so that
  // one's gap takes another.
  void UseSlots() { slots_ = true; }

  // Places every buffer in `ids` for its lifetime [first, last], each at the lowest address that is
  // free: in the order of their starts, which leaves later loads long gaps, by falling size, which
  // leaves fewer gaps, by falling lifetime, which keeps what stays together, or as they are given.
  // kResourceExhausted names what did not fit, its node, and what lives at that time; failed() is
  // its id.
  enum class Order { kByStart, kBySize, kByLifetime, kAsGiven };
  Status Place(std::vector<BufferId> ids, Order order = Order::kByStart);
  BufferId failed() const { return failed_; }

  // Moves the buffer's start to the earliest position in [earliest, first] at which it fits until
  // `last`, places it there and returns the position.
  Result<int> PlaceEarly(BufferId id, int earliest);

 private:
  // Lowest free offset for `bytes` over [first, last]; -1 when there is none.
  int64_t FindGap(int64_t bytes, int first, int last, bool from_top) const;
  int64_t SlotBytes(int64_t bytes) const;
  void Occupy(BufferId id);
  Status OutOfMemory(BufferId id);

  int64_t capacity_;

  bool slots_ = false;
  bool shuffled_ = false;
  std::mt19937 random_;
  std::vector<Buffer> buffers_;
  std::vector<std::vector<BufferId>> placed_;  // by time: those alive in each span of it
  BufferId failed_ = kNoBuffer;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_MEMORY_PLAN_H_
