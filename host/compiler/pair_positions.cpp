// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/pair_positions.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "host/compiler/codegen/tiling.h"
#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kPair = 2;
constexpr size_t kChannelAxis = 1;
constexpr int kPositionAxis = 2;
constexpr size_t kRank = 3;

// Tap `index` of `from` multiplies channels of input block `in` at `offset` positions from the
// output's for channels of output block `out`.
struct Tap {
  int64_t out = 0;
  int64_t in = 0;
  int64_t offset = 0;
  const MatrixLayer* from = nullptr;
  int64_t index = 0;
};

int64_t TapsOf(const MatrixLayer& matrix) { return matrix.weight.shape.back(); }

int64_t OffsetOf(const MatrixLayer& matrix, int64_t tap) {
  return tap * matrix.dilations[1] - matrix.pads[1];
}

// What `matrix` does for positions of phase `phase`, as output block `out`, on pairs.
std::vector<Tap> TapsOnPairs(const MatrixLayer& matrix, int64_t phase, int64_t out) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < TapsOf(matrix); ++i) {
    const int64_t position = phase + OffsetOf(matrix, i);
    const int64_t in = ((position % kPair) + kPair) % kPair;
    taps.push_back({out, in, (position - in) / kPair, &matrix, i});
  }
  return taps;
}

// What `matrix` does, as output block `out`, on positions.
std::vector<Tap> TapsOnPositions(const MatrixLayer& matrix, int64_t out) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < TapsOf(matrix); ++i) {
    taps.push_back({out, 0, OffsetOf(matrix, i), &matrix, i});
  }
  return taps;
}

std::vector<Tap> Joined(std::vector<Tap> taps, const std::vector<Tap>& more) {
  taps.insert(taps.end(), more.begin(), more.end());
  return taps;
}

// Times that the array walks over all positions.
int64_t DifferentOffsets(const std::vector<Tap>& taps) {
  std::set<int64_t> offsets;
  for (const Tap& tap : taps) {
    offsets.insert(tap.offset);
  }
  return static_cast<int64_t>(offsets.size());
}

// The convolution of all `taps`, on `in_blocks` times the channels, with `more` output positions
// than input positions. Weights without a tap are zero.
MatrixLayer ConvolutionOf(const std::vector<Tap>& taps, int64_t in_blocks, int64_t more = 0) {
  const auto less = [](const Tap& a, const Tap& b) { return a.offset < b.offset; };
  const auto [lowest, highest] = std::ranges::minmax_element(taps, less);
  const int64_t low = std::min<int64_t>(lowest->offset, 0);
  const int64_t high = std::max<int64_t>(highest->offset, 0);
  const MatrixLayer& like = *taps.front().from;
  const int64_t outputs = like.weight.shape[0];
  const int64_t inputs = like.weight.shape[1];
  const int64_t width = high - low + 1;
  const int64_t out_blocks = taps.back().out + 1;
  const size_t bytes = ElementBytes(like.weight.type);
  MatrixLayer result = like;
  result.weight =
      HostTensor(like.weight.type, {out_blocks * outputs, in_blocks * inputs, 1, width});
  result.dilations = {1, 1};
  result.pads = {0, -low, 0, high + more};
  result.bias.clear();
  int64_t blocks = 0;
  for (const Tap& tap : taps) {
    if (tap.out == blocks) {
      ++blocks;
      result.bias.insert(result.bias.end(), tap.from->bias.begin(), tap.from->bias.end());
    }
    for (int64_t m = 0; m < outputs; ++m) {
      for (int64_t c = 0; c < inputs; ++c) {
        const int64_t from = (m * inputs + c) * TapsOf(*tap.from) + tap.index;
        const int64_t row = (tap.out * outputs + m) * in_blocks * inputs + tap.in * inputs + c;
        const int64_t to = row * width + tap.offset - low;
        std::memcpy(result.weight.data.data() + static_cast<size_t>(to) * bytes,
                    tap.from->weight.data.data() + static_cast<size_t>(from) * bytes, bytes);
      }
    }
  }
  return result;
}

class Pairing {
 public:
  Pairing(const LayerGraph& graph, const isa::Config& config)
      : graph_(graph), config_(config), uses_(graph), paired_(graph.values.size()) {
    Choose();
  }

  // Whether the engines have less to do on pairs.
  bool Saves() const {
    Cycles cycles;
    for (const Layer& layer : graph_.layers) {
      Add(CyclesOf(layer), cycles);
    }
    return cycles.on_pairs < cycles.as_is;
  }

  LayerGraph Rewritten() {
    out_ = graph_;
    out_.layers.clear();
    for (size_t v = 0; v < paired_.size(); ++v) {
      if (paired_[v]) {
        Shape& shape = out_.values[v].shape;
        shape[kChannelAxis] *= kPair;
        shape[kPositionAxis] /= kPair;
      }
    }
    for (const Layer& layer : graph_.layers) {
      Rewrite(layer);
    }
    return std::move(out_);
  }

 private:
  struct Cycles {
    int64_t as_is = 0;
    int64_t on_pairs = 0;
  };

  static void Add(const Cycles& more, Cycles& sum) {
    sum.as_is += more.as_is;
    sum.on_pairs += more.on_pairs;
  }

  bool Paired(ValueId id) const { return id != kNoValue && paired_[static_cast<size_t>(id)]; }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  int64_t positions(ValueId id) const { return shape(id)[kPositionAxis]; }

  // A convolution of every position; nullptr for any other layer.
  const MatrixLayer* Convolution(const Layer& layer) const {
    const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    const bool fits = matrix != nullptr && matrix->is_conv && matrix->group == 1 &&
                      !Is8Bit(matrix->weight.type) && matrix->strides[1] == 1 &&
                      shape(layer.inputs[0]).size() == kRank;
    return fits ? matrix : nullptr;
  }

  // Output positions of a convolution beyond those of its input.
  int64_t MorePositions(const Layer& layer) const {
    return positions(layer.outputs[0]) - positions(layer.inputs[0]);
  }

  bool KeepsPositions(const Layer& layer) const {
    return Convolution(layer) != nullptr && MorePositions(layer) == 0;
  }

  // The layers whose outputs a concatenation interleaves, even positions first, where they are
  // convolutions of one tensor that can be one; empty for any other layer.
  std::vector<const Layer*> Phases(const Layer& layer) const {
    const auto* concat = std::get_if<ConcatLayer>(&layer.body);
    if (concat == nullptr || !concat->interleaved || concat->axis != kPositionAxis ||
        layer.inputs.size() != kPair) {
      return {};
    }
    std::vector<const Layer*> phases;
    for (size_t phase = 0; phase < kPair; ++phase) {
      const auto first = static_cast<size_t>(concat->first);
      const ValueId part = layer.inputs[(first + phase) % kPair];
      const int producer = uses_.producer(part);
      if (producer < 0 || uses_.OnlyConsumer(part) < 0) {
        return {};
      }
      phases.push_back(&graph_.layers[static_cast<size_t>(producer)]);
    }
    const MatrixLayer* even = Convolution(*phases[0]);
    const MatrixLayer* odd = Convolution(*phases[1]);
    const bool one = even != nullptr && odd != nullptr && phases[0]->inputs == phases[1]->inputs &&
                     !Paired(phases[0]->inputs[0]) && MorePositions(*phases[0]) >= 0 &&
                     MorePositions(*phases[0]) == MorePositions(*phases[1]) &&
                     even->weight.type == odd->weight.type && even->precision == odd->precision &&
                     even->weight.shape[0] == odd->weight.shape[0] &&
                     even->bias.size() == odd->bias.size() && even->activation == odd->activation;
    return one ? phases : std::vector<const Layer*>{};
  }

  static std::vector<Tap> TapsOfPhases(const MatrixLayer& even, const MatrixLayer& odd) {
    return Joined(TapsOnPositions(even, 0), TapsOnPositions(odd, 1));
  }

  bool HasFewChannels(ValueId id) const {
    const Value& value = graph_.value(id);
    return value.shape.size() == kRank && value.shape[kChannelAxis] * kPair <= config_.p &&
           value.shape[kPositionAxis] % kPair == 0 && !value.quantization.has_value() &&
           uses_.producer(id) >= 0 && !value.is_output;
  }

  // A layer that does with pairs what it does with positions.
  bool IsElementwise(const Layer& layer) const {
    const auto* unary = std::get_if<UnaryLayer>(&layer.body);
    const bool each =
        (unary != nullptr && unary->axis < 0) || std::holds_alternative<BinaryLayer>(layer.body);
    return each && Paired(layer.outputs[0]) && std::ranges::all_of(layer.inputs, [&](ValueId id) {
             return Paired(id) && shape(id) == shape(layer.outputs[0]);
           });
  }

  bool MakesPairs(const Layer& layer) const {
    return IsElementwise(layer) || !Phases(layer).empty() ||
           (KeepsPositions(layer) && Paired(layer.inputs[0]));
  }

  bool TakesPairs(const Layer& layer) const {
    return IsElementwise(layer) || KeepsPositions(layer);
  }

  bool CanBePaired(ValueId id) const {
    const auto layer = [&](int i) -> const Layer& { return graph_.layers[static_cast<size_t>(i)]; };
    return MakesPairs(layer(uses_.producer(id))) &&
           std::ranges::all_of(uses_.consumers(id), [&](int i) { return TakesPairs(layer(i)); });
  }

  // Values that all who make and read them can have as pairs.
  void Choose() {
    for (size_t v = 0; v < paired_.size(); ++v) {
      paired_[v] = HasFewChannels(static_cast<ValueId>(v));
    }
    for (const Layer& layer : graph_.layers) {
      for (size_t k = 0; k < layer.inputs.size() && !TakesPairs(layer); ++k) {
        if (layer.inputs[k] != kNoValue) {
          paired_[static_cast<size_t>(layer.inputs[k])] = false;
        }
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t v = 0; v < paired_.size(); ++v) {
        if (paired_[v] && !CanBePaired(static_cast<ValueId>(v))) {
          paired_[v] = false;
          changed = true;
        }
      }
    }
  }

  // Of the array for a convolution of so many taps.
  int64_t ArrayCycles(const Shape& weights, int64_t in_blocks, int64_t taps, int64_t count) const {
    return CeilDiv(in_blocks * weights[1] * taps, config_.p) * CeilDiv(weights[0], config_.p) *
           count;
  }

  Cycles CyclesOf(const Layer& layer) const {
    const MatrixLayer* matrix = Convolution(layer);
    if (matrix != nullptr && Paired(layer.inputs[0])) {
      const Shape& weights = matrix->weight.shape;
      const int64_t count = positions(layer.inputs[0]);
      const std::vector<Tap> even = TapsOnPairs(*matrix, 0, 0);
      const std::vector<Tap> odd = TapsOnPairs(*matrix, 1, 1);
      const int64_t walks = Paired(layer.outputs[0])
                                ? DifferentOffsets(Joined(even, odd))
                                : DifferentOffsets(even) + DifferentOffsets(odd);
      return {ArrayCycles(weights, 1, TapsOf(*matrix), count),
              ArrayCycles(weights, kPair, walks, count / kPair)};
    }
    if (!Paired(layer.outputs[0])) {
      return {};
    }
    const int64_t count = positions(layer.outputs[0]) / kPair;
    const std::vector<const Layer*> phases = Phases(layer);
    if (phases.empty()) {
      return {kPair * count, count};
    }
    const MatrixLayer& even = *Convolution(*phases[0]);
    const MatrixLayer& odd = *Convolution(*phases[1]);
    return {ArrayCycles(even.weight.shape, 1, TapsOf(even) + TapsOf(odd), count),
            ArrayCycles(even.weight.shape, 1, DifferentOffsets(TapsOfPhases(even, odd)), count)};
  }

  void Rewrite(const Layer& layer) {
    const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix != nullptr && Paired(layer.inputs[0])) {
      Paired(layer.outputs[0]) ? PairConvolution(layer, *matrix) : LeavePairs(layer, *matrix);
    } else if (matrix != nullptr && IsPhase(layer)) {
      return;
    } else if (Paired(layer.outputs[0]) && std::holds_alternative<ConcatLayer>(layer.body)) {
      JoinPhases(layer);
    } else {
      out_.layers.push_back(layer);
    }
  }

  // True for a phase that JoinPhases takes in.
  bool IsPhase(const Layer& layer) const {
    const int reader = uses_.OnlyConsumer(layer.outputs[0]);
    if (reader < 0) {
      return false;
    }
    const Layer& concat = graph_.layers[static_cast<size_t>(reader)];
    return std::holds_alternative<ConcatLayer>(concat.body) && Paired(concat.outputs[0]);
  }

  void PairConvolution(const Layer& layer, const MatrixLayer& matrix) {
    Layer paired = layer;
    paired.body =
        ConvolutionOf(Joined(TapsOnPairs(matrix, 0, 0), TapsOnPairs(matrix, 1, 1)), kPair);
    out_.layers.push_back(std::move(paired));
  }

  // One convolution for each phase, interleaved.
  void LeavePairs(const Layer& layer, const MatrixLayer& matrix) {
    const Value& whole = graph_.value(layer.outputs[0]);
    Shape shape = whole.shape;
    shape[kPositionAxis] /= kPair;
    std::vector<ValueId> parts;
    for (int64_t phase = 0; phase < kPair; ++phase) {
      parts.push_back(AddValue(out_, whole.name + ".phase", whole.type, shape));
      Layer& part = AddLayer(out_, layer, layer.inputs, {parts.back()},
                             ConvolutionOf(TapsOnPairs(matrix, phase, 0), kPair));
      part.macs = layer.macs / kPair;
    }
    AddLayer(out_, layer, parts, layer.outputs, ConcatLayer{kPositionAxis, true, 0});
  }

  void JoinPhases(const Layer& concat) {
    const std::vector<const Layer*> phases = Phases(concat);
    Layer joined = *phases[0];
    joined.macs += phases[1]->macs;
    joined.body = ConvolutionOf(TapsOfPhases(*Convolution(*phases[0]), *Convolution(*phases[1])), 1,
                                MorePositions(*phases[0]));
    joined.outputs = concat.outputs;
    MergeNodes(*phases[1], joined);
    out_.layers.push_back(std::move(joined));
  }

  const LayerGraph& graph_;
  const isa::Config& config_;
  const UseMap uses_;
  std::vector<bool> paired_;
  LayerGraph out_;
};

}  // namespace

LayerGraph PairPositions(LayerGraph graph, const isa::Config& config) {
  Pairing pairing(graph, config);
  return pairing.Saves() ? pairing.Rewritten() : std::move(graph);
}

}  // namespace neuron::compiler
