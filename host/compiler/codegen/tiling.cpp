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

}  // namespace neuron::compiler
