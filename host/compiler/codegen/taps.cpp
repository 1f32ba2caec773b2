// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/taps.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// Pieces of a copy: enough for the array to start early, each long enough for its instruction.
constexpr int64_t kPieces = 8;
constexpr int64_t kSmallestPiece = 1024;  // bytes

}  // namespace

bool ShareTaps(Planner& planner, const View& in, int64_t channels, int64_t shared,
               const TapRange& range) {
  if (planner.MostPartitions(in.buffer) > channels) {
    return false;
  }
  const int64_t element = in.element_bytes();
  const int64_t piece = AlignUp(std::max(kSmallestPiece, range.bytes / kPieces), kGroupAlignment);
  for (int64_t at = 0; at < range.bytes; at += piece) {
    planner.AddOp({in.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) -> Status {
      const int64_t base = memory.buffer(in.buffer).offset + range.first + at;
      for (int64_t tap = 1; tap < shared; ++tap) {
        const int64_t shift = tap * range.step;
        const int64_t bytes = std::min(piece, range.bytes - std::abs(shift) - at);
        if (bytes <= 0) {
          break;
        }
        isa::DmaInstruction dma = DmaCopy(isa::Space::kSbuf, 0, isa::Space::kSbuf, 0, element);
        dma.src_base = static_cast<uint32_t>(base + std::max<int64_t>(shift, 0));
        dma.dst_base = static_cast<uint32_t>(base + std::max<int64_t>(-shift, 0) +
                                             tap * channels * kPartitionStep);
        SetDmaDims(dma, {bytes / element, channels, 1, 1}, {element, kPartitionStep, 0, 0},
                   {element, kPartitionStep, 0, 0});
        NEURON_RETURN_IF_ERROR(program.Append(program.FreeDma(), dma));
      }
      return OkStatus();
    });
  }
  return true;
}

MatrixLayer SharedWeights(const MatrixLayer& matrix, int64_t shared) {
  const Shape& shape = matrix.weight.shape;
  const int64_t width = shape[3];
  const int64_t passes = CeilDiv(width, shared);
  const auto bytes = ElementBytes(matrix.weight.type);
  MatrixLayer result = matrix;
  result.weight = HostTensor(matrix.weight.type, {shape[0], shared * shape[1], shape[2], passes});
  if (bytes == 1) {
    std::ranges::fill(result.weight.data, static_cast<std::byte>(matrix.weight_zero_point));
  }
  for (int64_t m = 0; m < shape[0]; ++m) {
    for (int64_t c = 0; c < shape[1]; ++c) {
      for (int64_t y = 0; y < shape[2]; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const int64_t from = ((m * shape[1] + c) * shape[2] + y) * width + x;
          const int64_t channel = x % shared * shape[1] + c;
          const int64_t to =
              ((m * shared * shape[1] + channel) * shape[2] + y) * passes + x / shared;
          std::memcpy(result.weight.data.data() + static_cast<size_t>(to) * bytes,
                      matrix.weight.data.data() + static_cast<size_t>(from) * bytes, bytes);
        }
      }
    }
  }
  return result;
}

}  // namespace neuron::compiler
