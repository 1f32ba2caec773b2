// SPDX-License-Identifier: Apache-2.0
// External memory behind an AXI4 port: content and timing. The chip model moves the signals.
#ifndef NEURON_SIM_RTL_DRAM_H_
#define NEURON_SIM_RTL_DRAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

namespace neuron::sim {

// How fast memory answers.
struct DramTiming {
  uint32_t latency = 60;          // cycles from an address to its first beat, and to a response
  uint32_t bytes_per_cycle = 0;   // reads and writes together; 0: as fast as the port
  uint32_t max_outstanding = 64;  // bursts in each direction
  uint32_t stall_percent = 0;     // chance that a channel pauses for a cycle
  uint64_t seed = 1;              // of the pauses and, with pauses, of the order among IDs
};

// Content and timing. A write is visible to reads from the cycle its beat arrives. Addresses
// outside the memory, and those of InjectError, answer with an error. Not thread-safe.
class Dram {
 public:
  // `bytes` of zeros; `beat_bytes` is the width of the port. Pages are taken from the host only
  // when they are touched.
  Dram(uint64_t bytes, uint32_t beat_bytes);

  uint64_t size() const { return size_; }
  std::byte* data() { return data_.get(); }

  void SetTiming(const DramTiming& timing);
  // Reads and writes of [begin, end) fail; an empty range ends that.
  void InjectError(uint64_t begin, uint64_t end);
  // Forgets all open transactions.
  void Reset();

  // One cycle, in this order: BeginCycle; then the signals of the cycle; then what was transferred.
  void BeginCycle();
  bool accepts_read() const { return accepts_read_; }
  bool accepts_write() const { return accepts_write_; }
  bool accepts_data() const { return accepts_data_; }
  // The beat on the read data channel, held until EndBeat.
  struct Beat {
    bool valid = false;
    uint32_t id = 0;
    const std::byte* data = nullptr;  // beat_bytes bytes; zeros for an error
    bool error = false;
    bool last = false;
  };
  const Beat& beat() const { return beat_; }
  struct Response {
    bool valid = false;
    uint32_t id = 0;
    bool error = false;
  };
  const Response& response() const { return response_; }

  void EndBeat();      // the read beat was taken
  void EndResponse();  // the write response was taken
  void Read(uint32_t id, uint32_t address, uint32_t beats);
  void Write(uint32_t id, uint32_t address, uint32_t beats);
  void WriteData(const std::byte* data, uint32_t strobe, bool last);
  void EndCycle() { ++cycle_; }

  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  struct Burst {
    uint32_t id;
    uint32_t address;  // of the next beat
    uint32_t beats;    // left
    uint64_t ready;    // cycle of the first beat or of the response
    bool error = false;
  };
  bool Failing(uint64_t address) const {
    return address + beat_bytes_ > size_ || (address >= error_begin_ && address < error_end_);
  }
  bool Pause() { return stall_threshold_ != 0 && (Random() & 0xFFFF) < stall_threshold_; }
  uint64_t Random();
  size_t PickRead();
  bool TakeBudget();

  uint64_t size_;
  uint32_t beat_bytes_;
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte[], Free> data_;
  DramTiming timing_;
  uint32_t stall_threshold_ = 0;
  uint64_t error_begin_ = 0, error_end_ = 0;
  uint64_t random_ = 1;
  uint64_t cycle_ = 0;
  int64_t budget_ = 0;  // bytes that may move in this cycle, when the rate is limited
  bool accepts_read_ = false, accepts_write_ = false, accepts_data_ = false;
  std::deque<Burst> reads_, writes_, responses_;
  size_t current_read_ = 0;  // burst that the beat belongs to
  bool in_burst_ = false;    // a burst has begun; its beats stay together
  Beat beat_;
  Response response_;
  uint64_t bytes_read_ = 0, bytes_written_ = 0;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_RTL_DRAM_H_
