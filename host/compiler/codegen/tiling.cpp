// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/tiling.h"

#include <algorithm>

namespace neuron::compiler {

int64_t PositionLimit(const isa::Config& config, int64_t positions) {
  constexpr int64_t kSmallestTile = 128;
  constexpr int64_t kTilesPerLayer = 4;
  const int64_t bank = isa::kPsumBankBytes / kWordBytes;
  const int64_t wanted = std::max(kSmallestTile, CeilDiv(positions, kTilesPerLayer));
  return std::min<int64_t>({wanted, bank, isa::kMaxMoving, config.psum_bytes / kWordBytes / 2});
}

int64_t PackedTapBytes(const isa::Config& config, const MatrixLayer& matrix, const Shape& in,
                       const Shape& out) {
  const int64_t taps = matrix.weight.shape[2] * matrix.weight.shape[3];
  const int64_t virtual_channels = taps * in[1];
  if (matrix.group != 1 || taps == 1 || in[0] != 1 || in[1] >= config.p) {
    return 0;
  }
  const bool flat = in.size() == 3;
  const int64_t positions = out.back() * (flat ? 1 : out[2]);
  const int64_t column_tiles = CeilDiv(matrix.weight.shape[0], config.p);
  const int64_t direct = taps * column_tiles * positions;
  const int64_t packed = CeilDiv(virtual_channels, config.p) * column_tiles * positions;
  const int64_t plane = ((flat ? 1 : in[2]) + matrix.pads[0] + matrix.pads[2]) *
                        (in.back() + matrix.pads[1] + matrix.pads[3]) *
                        static_cast<int64_t>(ElementBytes(matrix.weight.type));
  const int64_t copies = virtual_channels * CeilDiv(plane, config.axi_bytes);
  const int64_t bytes = CeilDiv(virtual_channels, config.p) * plane;
  return packed + copies < direct ? bytes : 0;
}

}  // namespace neuron::compiler
