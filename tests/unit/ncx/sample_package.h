// SPDX-License-Identifier: Apache-2.0
// Small kernel packages encoded by hand, for tests of everything that loads or runs one.
#ifndef NEURON_TESTS_UNIT_NCX_SAMPLE_PACKAGE_H_
#define NEURON_TESTS_UNIT_NCX_SAMPLE_PACKAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "host/ncx/package.h"
#include "neuron/isa.h"

namespace neuron::testing {

// Collects the instructions of each queue and lays them out in an image.
class ProgramBuilder {
 public:
  template <typename Instruction>
  void Add(isa::Queue queue, const Instruction& instruction) {
    std::vector<uint32_t> words(isa::kInstructionWords);
    instruction.Encode(words);
    auto& stream = streams_[static_cast<size_t>(queue)];
    stream.insert(stream.end(), words.begin(), words.end());
  }
  // Appends the streams to `image` and returns the launch that runs them.
  ncx::Launch Finish(std::vector<std::byte>& image) const;

 private:
  std::array<std::vector<uint32_t>, isa::kNumQueues> streams_;
};

// Where rows lie in SBUF: row r in partition r from byte `offset`.
struct SbufRows {
  uint32_t offset = 0;
};

// DMA of `rows` rows of `columns` 4-byte elements between a segment and SBUF.
isa::DmaInstruction LoadRows(uint32_t segment, SbufRows to, uint32_t rows, uint32_t columns);
isa::DmaInstruction StoreRows(SbufRows from, uint32_t segment, uint32_t rows, uint32_t columns);
// out = in * scale + bias on FP32 rows in SBUF.
isa::ScalarInstruction ScaleRows(SbufRows from, SbufRows to, uint32_t rows, uint32_t columns,
                                 float scale, float bias);

// Adds "wait until semaphore >= value" as wait 0, or "add 1 to semaphore" as update 0.
template <typename Instruction>
Instruction After(Instruction instruction, isa::Queue semaphore, uint32_t value) {
  instruction.wait0_op = static_cast<uint32_t>(isa::WaitOp::kGe);
  instruction.wait0_sem = static_cast<uint32_t>(semaphore);
  instruction.wait0_value = value;
  return instruction;
}
template <typename Instruction>
Instruction Signal(Instruction instruction, isa::Queue semaphore) {
  instruction.update0_op = static_cast<uint32_t>(isa::UpdateOp::kAdd);
  instruction.update0_sem = static_cast<uint32_t>(semaphore);
  instruction.update0_value = 1;
  return instruction;
}

// Input "x" [4, columns], output "y" of the same shape, FP32: y = x * scale + bias on ScalarE.
ncx::PackageData ScalePackage(const std::string& configuration, uint32_t columns, float scale,
                              float bias);
// y = -(2 x) + c with the negation and the addition of the constant [1, 2, 3, 4] on the host.
ncx::PackageData HostOperatorPackage(const std::string& configuration);
// How a program updates its states: in the segment that it reads, or in one that replaces it.
enum class StateUpdate { kInPlace, kExchanged };

// Input "x", output "y", state "sum", all [4, 8] FP32: sum = sum + x, y = sum.
ncx::PackageData StatePackage(const std::string& configuration,
                              StateUpdate update = StateUpdate::kInPlace);
// Adds state "kept" [4, 8] FP32, which the program neither reads nor replaces.
void AddIdleState(ncx::PackageData& package);
// ScalePackage with rows 0 and 1 as "x0" and "y0", and rows 2 and 3 as "x1" and "y1": two tensors
// in the segment of the inputs, and two in that of the outputs.
ncx::PackageData SharedSegmentsPackage(const std::string& configuration, uint32_t columns,
                                       float scale, float bias);
// Input "x", output "y", both [4, 16] FP32: y = x * 2 + bias, with `bias` in a word of each
// partition that the first execution loads from the image and the next ones find in SBUF.
ncx::PackageData ResidentPackage(const std::string& configuration, float bias);
// Input "x", output "y", both [4, 16] FP32: seconds of work on the functional model.
ncx::PackageData LongPackage(const std::string& configuration);
// Input "x" [8] FP32, input "index" [1] INT32, output "y" [1]: y = x[index] by indirect DMA, so
// that an index of 8 or more is a run-time error.
ncx::PackageData GatherPackage(const std::string& configuration);
// Passes verification but hangs: ScalarE waits for a load and for a semaphore to be exactly 1, and
// by the time the load is done VectorE has made it 2.
ncx::PackageData HangingPackage(const std::string& configuration);

}  // namespace neuron::testing

#endif  // NEURON_TESTS_UNIT_NCX_SAMPLE_PACKAGE_H_
