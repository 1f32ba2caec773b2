// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/tiling.h"

#include <algorithm>

namespace neuron::compiler {
namespace {

// Whether a tap has a weight that is not zero; `width` taps make a row of the kernel.
bool HasWeights(const MatrixLayer& matrix, int64_t width, int64_t tap) {
  const auto zero = static_cast<double>(matrix.weight_zero_point);
  for (int64_t i = tap; i < matrix.weight.elements(); i += width) {
    if (matrix.weight.ValueAt(i) != zero) {
      return true;
    }
  }
  return false;
}

}  // namespace

int LargestAxisBut(const Shape& shape, const std::vector<int>& axes) {
  int best = -1;
  for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
    if (std::ranges::count(axes, axis) == 0 &&
        (best < 0 || shape[static_cast<size_t>(axis)] > shape[static_cast<size_t>(best)])) {
      best = axis;
    }
  }
  return best;
}

int64_t PositionLimit(const isa::Config& config, int64_t positions) {
  constexpr int64_t kSmallestTile = 128;
  constexpr int64_t kTilesPerLayer = 4;
  const int64_t bank = isa::kPsumBankBytes / kWordBytes;
  const int64_t wanted = std::max(kSmallestTile, CeilDiv(positions, kTilesPerLayer));
  return std::min<int64_t>({wanted, bank, isa::kMaxMoving, config.psum_bytes / kWordBytes / 2});
}

int64_t SharedTaps(const isa::Config& config, const MatrixLayer& matrix, const Shape& in) {
  const bool shares =
      matrix.is_conv && matrix.group == 1 && in[0] == 1 && matrix.precision == Precision::kFast;
  return shares ? std::clamp<int64_t>(config.p / in[1], 1, matrix.weight.shape[3]) : 1;
}

std::vector<TapRun> TapsWithWeights(const MatrixLayer& matrix, int64_t width) {
  std::vector<TapRun> runs;
  for (int64_t tap = 0; tap < width; ++tap) {
    if (!HasWeights(matrix, width, tap)) {
      continue;
    }
    if (runs.empty() || runs.back().first + runs.back().count < tap) {
      runs.push_back({tap, 0});
    }
    ++runs.back().count;
  }
  return runs.empty() ? std::vector<TapRun>{{0, 1}} : runs;
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
  const int64_t passes =
      matrix.weight.shape[2] * CeilDiv(matrix.weight.shape[3], SharedTaps(config, matrix, in));
  const int64_t direct = passes * column_tiles * positions;
  const int64_t packed = CeilDiv(virtual_channels, config.p) * column_tiles * positions;
  // From the first to the last element that one tap multiplies.
  const int64_t row = in.back() + matrix.pads[1] + matrix.pads[3];
  const int64_t rows = flat ? 0 : (out[2] - 1) * matrix.strides[0];
  const int64_t span = (rows * row + (out.back() - 1) * matrix.strides[1] + 1) *
                       static_cast<int64_t>(ElementBytes(matrix.weight.type));
  const int64_t copies = virtual_channels * CeilDiv(span, config.axi_bytes);
  const int64_t bytes = CeilDiv(virtual_channels, config.p) * AlignUp(span, kGroupAlignment);
  return packed + copies < direct ? bytes : 0;
}

int64_t ChainTileElements(const isa::Config& config) {
  constexpr int64_t kSharesOfSbuf = 64;
  return std::clamp<int64_t>(config.sbuf_bytes / kSharesOfSbuf, 1, kTileElements);
}

int PaddedPartAxis(const isa::Config& config, const PadLayer& pad, const Shape& out,
                   int preferred) {
  const int64_t elements = ElementCount(out);
  int best = -1;
  int64_t fewest = 0;
  for (size_t axis = 0; axis < out.size(); ++axis) {
    if (pad.low[axis] % config.p != 0) {
      continue;
    }
    if (static_cast<int>(axis) == preferred) {
      return preferred;
    }
    const int64_t each = elements / std::max<int64_t>(out[axis], 1) * CeilDiv(out[axis], config.p);
    if (best < 0 || each < fewest) {
      best = static_cast<int>(axis);
      fewest = each;
    }
  }
  return best;
}

}  // namespace neuron::compiler
