// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/footprint.h"

#include <algorithm>
#include <span>

namespace neuron::compiler {
namespace {

// Tiles of a temporary that are alive at once.
constexpr int64_t kRingSlots = 2;

// Channels of feature maps, features of token lists: what the planner chooses for a loaded value.
int DefaultAxis(const Shape& shape) {
  if (shape.empty()) {
    return -1;
  }
  return shape.size() >= 3 && shape.size() <= 4 && shape[1] > 1
             ? 1
             : static_cast<int>(shape.size()) - 1;
}

// The axis of `to` that holds exactly axis `axis` of `from`; -1 when a reshape splits or joins it.
int ReshapedAxis(const Shape& from, const Shape& to, int axis) {
  int64_t before = 1;
  for (int i = 0; i < axis; ++i) {
    before *= from[static_cast<size_t>(i)];
  }
  int64_t to_before = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to_before == before && to[i] == from[static_cast<size_t>(axis)]) {
      return static_cast<int>(i);
    }
    to_before *= to[i];
  }
  return -1;
}

// The axis of `to` on which the partitions lie when a reshape splits axis `axis` of `from`, or
// joins it with the axes before it, in whole groups of partitions; -1 when it does neither.
int RegroupedAxis(const Shape& from, const Shape& to, int axis, int64_t partitions) {
  const auto elements_through = [](const Shape& shape, size_t last) {
    int64_t count = 1;
    for (size_t i = 0; i <= last; ++i) {
      count *= shape[i];
    }
    return count;
  };
  const auto part = static_cast<size_t>(axis);
  if (from[part] % partitions != 0) {
    return -1;
  }
  for (size_t i = 0; i < to.size(); ++i) {
    if (elements_through(to, i) == elements_through(from, part) && to[i] % partitions == 0) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

// Where a reshape leaves what lies on the partitions; -1 when it has to go through DRAM.
int AxisAfterReshape(const Shape& from, const Shape& to, int axis, int64_t partitions) {
  const int same = ReshapedAxis(from, to, axis);
  return same >= 0 ? same : RegroupedAxis(from, to, axis, partitions);
}

// Axis `axis` of `from` in `to`, which keeps the axes `gone` as single indices or lacks them.
int AxisWithout(const Shape& from, const Shape& to, const std::vector<int>& gone, int axis) {
  const auto before = std::ranges::count_if(gone, [axis](int other) { return other < axis; });
  return from.size() == to.size() ? axis : axis - static_cast<int>(before);
}

// Bytes in which a layer reads an element of FP32: one of more than fast precision has its high and
// low part, too (split_operands.h).
int64_t OperandBytes(const MatrixLayer& matrix) {
  constexpr int64_t kHighBytes = 2;
  return matrix.precision == Precision::kFast ? kWordBytes : kHighBytes + 2 * kWordBytes;
}

// Weights of one column of the array for every tap, in each partition; taps that are packed or
// share a pass are spread over partitions like channels.
struct WeightShape {
  int64_t tiles = 0;     // of P output channels
  int64_t passes = 0;    // of the array, for each tile
  int64_t per_tile = 0;  // bytes
};

WeightShape ShapeOfWeights(const MatrixLayer& matrix, const isa::Config& config, const Shape& in,
                           bool packed) {
  const Shape& shape = matrix.weight.shape;
  const int64_t p = config.p;
  const int64_t taps =
      matrix.is_conv ? shape[2] * CeilDiv(shape[3], SharedTaps(config, matrix, in)) : 1;
  const int64_t outputs = std::min(p, shape[0]);
  // Grouped channels that share a tile of columns share its input groups.
  const int64_t inputs = matrix.group == 1 ? shape[1] : std::max(shape[1], p);
  const auto bytes = static_cast<int64_t>(ElementBytes(matrix.weight.type));
  const int64_t passes =
      packed ? CeilDiv(inputs * shape[2] * shape[3], p) : CeilDiv(inputs, p) * taps;
  const int64_t copies = matrix.precision == Precision::kAccurate ? 2 : 1;
  return {CeilDiv(shape[0], p), passes * ProductsFor(matrix.precision),
          copies * passes * outputs * bytes + 2 * kWordBytes};
}

// Passes of the array along a kernel's row that has weights in these taps; `shared` neighbours make
// one.
int64_t PassesAlongRow(std::span<const TapRun> taps, int64_t shared) {
  int64_t passes = 0;
  int64_t next = 0;
  for (const TapRun& run : taps) {
    const int64_t first = std::max(next, run.first / shared);
    next = CeilDiv(run.first + run.count, shared);
    passes += next - first;
  }
  return passes;
}

}  // namespace

Footprint::Footprint(const LayerGraph& graph, const isa::Config& config,
                     const isa::CostParameters& cost)
    : graph_(graph),
      config_(config),
      cost_(cost),
      part_axis_(graph.values.size(), -1),
      root_(graph.values.size()),
      scattered_(graph.values.size(), false),
      halo_(graph.values.size()),
      taps_(graph.values.size()) {
  for (size_t i = 0; i < graph.values.size(); ++i) {
    part_axis_[i] = DefaultAxis(graph.values[i].shape);
    root_[i] = static_cast<ValueId>(i);
    halo_[i].assign(graph.values[i].shape.size(), 0);
  }
  for (const Layer& layer : graph.layers) {
    if (std::holds_alternative<HostLayer>(layer.body)) {
      continue;
    }
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      if (graph.value(layer.inputs[k]).is_input) {
        part_axis_[static_cast<size_t>(layer.inputs[k])] = WantedAxis(layer, k);
      }
    }
    const auto out = static_cast<size_t>(layer.outputs[0]);
    if (IsView(layer)) {
      root_[out] = Root(layer.inputs[0]);
    }
    if (!LandsInDram(layer)) {
      part_axis_[out] = OutputAxis(layer);
    }
    const auto* transpose = std::get_if<TransposeLayer>(&layer.body);
    scattered_[out] = transpose != nullptr && !transpose->perm.empty() &&
                      transpose->perm.back() + 1 != static_cast<int>(transpose->perm.size());
    const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix != nullptr && matrix->is_conv) {
      taps_[out] = TapsWithWeights(*matrix, matrix->weight.shape[3]);
      Shape& halo = halo_[static_cast<size_t>(layer.inputs[0])];
      for (size_t axis = 2; axis < halo.size(); ++axis) {
        const size_t i = axis + 4 - halo.size() - 2;
        halo[axis] = std::max(halo[axis], matrix->pads[i] + matrix->pads[2 + i]);
      }
    }
  }
}

int Footprint::WantedAxis(const Layer& layer, size_t input) const {
  const int last = static_cast<int>(graph_.value(layer.inputs[input]).shape.size()) - 1;
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return matrix->is_conv ? 1 : last;
  }
  if (std::holds_alternative<PoolLayer>(layer.body)) {
    return 1;
  }
  if (std::holds_alternative<BatchMatmulLayer>(layer.body)) {
    return input == 0 ? last : last - 1;
  }
  if (std::holds_alternative<SoftmaxLayer>(layer.body)) {
    return OutputAxis(layer);
  }
  if (const auto* arg = std::get_if<ArgLayer>(&layer.body)) {
    return LargestAxisBut(graph_.value(layer.inputs[0]).shape, {arg->axis});
  }
  return PartAxis(layer.inputs[input]);
}

bool Footprint::IsView(const Layer& layer) const {
  if (std::holds_alternative<TransposeLayer>(layer.body)) {
    return true;
  }
  const bool reshape = std::holds_alternative<ReshapeLayer>(layer.body);
  const auto* slice = std::get_if<SliceLayer>(&layer.body);
  if (!reshape && slice == nullptr) {
    return false;
  }
  // What is spread over partitions must stay as it is spread; otherwise it goes through DRAM.
  const Shape& in = graph_.value(layer.inputs[0]).shape;
  const int axis = PartAxis(layer.inputs[0]);
  if (axis < 0 || in[static_cast<size_t>(axis)] == 1) {
    return true;
  }
  const auto part = static_cast<size_t>(axis);
  return reshape ? AxisAfterReshape(in, graph_.value(layer.outputs[0]).shape, axis, config_.p) >= 0
                 : slice->starts[part] % config_.p == 0 && slice->steps[part] == 1;
}

bool Footprint::LandsInDram(const Layer& layer) const {
  if (const auto* concat = std::get_if<ConcatLayer>(&layer.body)) {
    const auto axis = static_cast<size_t>(concat->axis);
    return PartAxis(layer.inputs[0]) == concat->axis &&
           (concat->interleaved ||
            std::ranges::any_of(layer.inputs.begin(), layer.inputs.end() - 1, [&](ValueId id) {
              return graph_.value(id).shape[axis] % config_.p != 0;
            }));
  }
  if (const auto* pad = std::get_if<PadLayer>(&layer.body)) {
    return OutputAxisOfPad(layer, *pad) < 0;
  }
  return (std::holds_alternative<ReshapeLayer>(layer.body) ||
          std::holds_alternative<SliceLayer>(layer.body)) &&
         !IsView(layer);
}

int Footprint::OutputAxisOfPad(const Layer& layer, const PadLayer& pad) const {
  const Shape& out = graph_.value(layer.outputs[0]).shape;
  return PaddedPartAxis(config_, pad, out, PartAxis(layer.inputs[0]));
}

int Footprint::OutputAxis(const Layer& layer) const {
  const Shape& out = graph_.value(layer.outputs[0]).shape;
  const Shape& in = graph_.value(layer.inputs[0]).shape;
  const int last = static_cast<int>(out.size()) - 1;
  const int in_axis = PartAxis(layer.inputs[0]);
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return matrix->is_conv ? 1 : last;
  }
  if (std::holds_alternative<BatchMatmulLayer>(layer.body) ||
      std::holds_alternative<NormalizeLayer>(layer.body)) {
    return last;
  }
  if (std::holds_alternative<PoolLayer>(layer.body)) {
    return 1;
  }
  if (std::holds_alternative<ConcatLayer>(layer.body)) {
    return in_axis;
  }
  if (const auto* softmax = std::get_if<SoftmaxLayer>(&layer.body)) {
    return LargestAxisBut(out, {softmax->axis});
  }
  if (const auto* transpose = std::get_if<TransposeLayer>(&layer.body)) {
    const auto at = std::ranges::find(transpose->perm, in_axis);
    return at == transpose->perm.end() ? -1 : static_cast<int>(at - transpose->perm.begin());
  }
  if (const auto* pad = std::get_if<PadLayer>(&layer.body)) {
    return OutputAxisOfPad(layer, *pad);
  }
  if (std::holds_alternative<ReshapeLayer>(layer.body) && in_axis >= 0) {
    return AxisAfterReshape(in, out, in_axis, config_.p);
  }
  if (const auto* reduce = std::get_if<ReduceLayer>(&layer.body)) {
    const bool stays = in_axis >= 0 && std::ranges::count(reduce->axes, in_axis) == 0;
    return AxisWithout(in, out, reduce->axes, stays ? in_axis : LargestAxisBut(in, reduce->axes));
  }
  if (const auto* arg = std::get_if<ArgLayer>(&layer.body)) {
    return AxisWithout(in, out, {arg->axis}, LargestAxisBut(in, {arg->axis}));
  }
  if (const auto* take = std::get_if<TakeLayer>(&layer.body)) {
    return in_axis == take->axis ? LargestAxisBut(in, {take->axis}) : in_axis;
  }
  for (const ValueId id : layer.inputs) {
    if (graph_.value(id).shape == out && !graph_.value(id).constant.has_value()) {
      return PartAxis(id);
    }
  }
  return std::holds_alternative<SliceLayer>(layer.body) ? in_axis : DefaultAxis(out);
}

int64_t Footprint::ElementsAs(const Shape& shape, int part_axis) const {
  return BytesAs(shape, part_axis, 1, 1);
}

int64_t Footprint::BytesAs(const Shape& shape, int part_axis, int64_t element_bytes,
                           int64_t alignment) const {
  int64_t group = element_bytes;
  int64_t groups = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (static_cast<int>(i) == part_axis) {
      groups = CeilDiv(shape[i], config_.p);
    } else {
      group *= shape[i];
    }
  }
  return groups * (groups > 1 ? AlignUp(group, alignment) : group);
}

int64_t Footprint::Bytes(ValueId value, const Shape& shape) const {
  return Bytes(value, shape, PartAxis(value));
}

int64_t Footprint::LoadedBytes(const Layer& layer, size_t input, const Shape& shape) const {
  return Bytes(layer.inputs[input], shape, WantedAxis(layer, input));
}

int64_t Footprint::Bytes(ValueId value, const Shape& shape, int part_axis) const {
  // Along a cut only the first and last part are padded, and hold fewer elements for it.
  Shape padded = shape;
  const Shape& whole = graph_.value(value).shape;
  const Shape& halo = halo_[static_cast<size_t>(value)];
  for (size_t i = 0; i < padded.size(); ++i) {
    padded[i] += shape[i] == whole[i] ? halo[i] : 0;
  }
  constexpr int64_t kRounding = 32;
  return BytesAs(padded, part_axis, static_cast<int64_t>(ElementBytes(graph_.value(value).type))) +
         kRounding;
}

// A copy of an input in SBUF with another axis on partitions than it has.
int64_t Footprint::LayoutCopy(const Layer& layer, const PartShapes& part, size_t input,
                              int wanted) const {
  const ValueId id = layer.inputs[input];
  const auto bytes = static_cast<int64_t>(ElementBytes(graph_.value(id).type));
  return part.loaded[input] || PartAxis(id) == wanted ? 0 : BytesAs(part.in[input], wanted, bytes);
}

int64_t Footprint::MatrixWorkspace(const Layer& layer, const MatrixLayer& matrix,
                                   const PartShapes& part) const {
  const Function function = matrix.activation.function;
  const bool waits = graph_.value(layer.outputs[0]).quantization.has_value() &&
                     function != Function::kIdentity && function != Function::kLeaky;
  const int64_t waiting = waits ? kWaitingTiles * isa::kPsumBankBytes : 0;
  const int axis = matrix.is_conv ? 1 : static_cast<int>(part.in[0].size()) - 1;
  const int64_t parts = OperandBytes(matrix) - kWordBytes;
  const int64_t split = BytesAs(part.in[0], axis, kWordBytes) * parts / kWordBytes;
  return waiting + LayoutCopy(layer, part, 0, axis) + split +
         PackedBytes(matrix, part) * OperandBytes(matrix) / kWordBytes;
}

int64_t Footprint::BinaryWorkspace(const Layer& layer, const BinaryLayer& binary,
                                   const PartShapes& part) const {
  const int axis = PartAxis(layer.outputs[0]);
  // What passes from step to step lies in a few tiles (codegen/element_chain.h).
  const bool divides = binary.op == BinaryOp::kDiv;
  const bool quantized = graph_.value(layer.outputs[0]).quantization.has_value();
  const bool function = binary.activation.function != Function::kIdentity;
  const int64_t rings = (divides ? 1 : 0) + (quantized ? 1 : 0) + (function ? 1 : 0);
  int64_t extra = rings * kRingSlots *
                  std::min(ChainTileElements(config_), ElementsAs(part.out, axis)) * kWordBytes;
  for (size_t k = 0; k < 2; ++k) {
    const Shape& in = part.in[k];
    const bool spread =
        in.size() != part.out.size() ||
        (axis >= 0 && in[static_cast<size_t>(axis)] != part.out[static_cast<size_t>(axis)]);
    extra += spread           ? BytesAs(in, -1, kWordBytes)
             : in == part.out ? LayoutCopy(layer, part, k, axis)
                              : 0;
  }
  return extra;
}

// What each partition makes of its indices of an axis that is reduced over partitions, and the same
// brought together in another layout.
int64_t Footprint::GatheredBytes(const ReduceLayer& reduce, Shape shape, int part_axis) const {
  if (std::ranges::count(reduce.axes, part_axis) == 0) {
    return 0;
  }
  for (const int axis : reduce.axes) {
    int64_t& size = shape[static_cast<size_t>(axis)];
    size = axis == part_axis ? PartsToGather(config_, size) : 1;
  }
  return BytesAs(shape, part_axis, kWordBytes) +
         BytesAs(shape, LargestAxisBut(shape, reduce.axes), kWordBytes);
}

bool Footprint::WritesOver(const Layer& layer, size_t input) const {
  if (!std::holds_alternative<BinaryLayer>(layer.body) &&
      !std::holds_alternative<UnaryLayer>(layer.body)) {
    return false;
  }
  const ValueId result = layer.outputs[0];
  const ValueId id = layer.inputs[input];
  const Value& in = graph_.value(id);
  const Value& out = graph_.value(result);
  const Shape& halo = halo_[static_cast<size_t>(result)];
  return in.shape == out.shape && ElementBytes(in.type) == ElementBytes(out.type) &&
         !in.constant.has_value() && PartAxis(id) == PartAxis(result) &&
         std::ranges::count(layer.inputs, id) == 1 &&
         std::ranges::count(halo, 0) == static_cast<std::ptrdiff_t>(halo.size());
}

int64_t Footprint::Workspace(const Layer& layer, const PartShapes& part) const {
  const ValueId result = layer.outputs[0];
  const int axis = PartAxis(result);
  const int64_t words = BytesAs(part.out, axis, kWordBytes);
  const bool quantized = graph_.value(result).quantization.has_value();
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return MatrixWorkspace(layer, *matrix, part);
  }
  if (const auto* binary = std::get_if<BinaryLayer>(&layer.body)) {
    return BinaryWorkspace(layer, *binary, part);
  }
  if (std::holds_alternative<BatchMatmulLayer>(layer.body)) {
    const int last = static_cast<int>(part.out.size()) - 1;
    return LayoutCopy(layer, part, 0, last) + LayoutCopy(layer, part, 1, last - 1);
  }
  if (const auto* softmax = std::get_if<SoftmaxLayer>(&layer.body)) {
    const int64_t row = part.out[static_cast<size_t>(softmax->axis)];
    const int64_t rows = ElementCount(part.out) / std::max<int64_t>(1, row);
    const bool in_place = graph_.value(result).type == ElementType::kFloat32;
    const int64_t powers = SoftmaxRowBuffers(row * kWordBytes, rows) * row * kWordBytes;
    return (in_place ? 0 : powers) + 2 * words / std::max<int64_t>(1, row) +
           LayoutCopy(layer, part, 0, axis);
  }
  if (std::holds_alternative<NormalizeLayer>(layer.body)) {
    // Scales and biases; rows and squares of each block.
    return (2 + 2 * kNormalizeBlocks) * part.out.back() * kWordBytes;
  }
  if (const auto* unary = std::get_if<UnaryLayer>(&layer.body)) {
    return quantized && unary->activation.function != Function::kIdentity
               ? std::min(words, kRingSlots * ChainTileElements(config_) * kWordBytes)
               : 0;
  }
  if (std::holds_alternative<PoolLayer>(layer.body)) {
    return LayoutCopy(layer, part, 0, 1);
  }
  if (const auto* reduce = std::get_if<ReduceLayer>(&layer.body)) {
    return 2 * words + GatheredBytes(*reduce, part.in[0], PartAxis(layer.inputs[0]));
  }
  return 0;
}

int64_t Footprint::Weights(const Layer& layer, const PartShapes& part) const {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  if (matrix == nullptr) {
    return 0;
  }
  const int64_t channels = matrix->is_conv ? part.out[1] : part.out.back();
  const bool packed = PackedBytes(*matrix, part) > 0;
  return CeilDiv(channels, config_.p) *
         ShapeOfWeights(*matrix, config_, part.in[0], packed).per_tile;
}

int64_t Footprint::WeightChunk(const Layer& layer, const PartShapes& part) const {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  if (matrix == nullptr) {
    return 0;
  }
  const WeightShape shape =
      ShapeOfWeights(*matrix, config_, part.in[0], PackedBytes(*matrix, part) > 0);
  const int64_t pieces = CeilDiv(shape.per_tile, LargestWeightSlice(config_));
  const int64_t joined = shape.per_tile >= kSmallestWeightChunk ? 0 : kSmallestWeightChunk;
  return std::min(shape.tiles * shape.per_tile, CeilDiv(shape.per_tile, pieces) + joined);
}

int64_t Footprint::Passes(const Layer& layer, const MatrixLayer& matrix,
                          const PartShapes& part) const {
  const bool packed = PackedBytes(matrix, part) > 0;
  const int64_t all = ShapeOfWeights(matrix, config_, part.in[0], packed).passes;
  if (!matrix.is_conv || packed) {
    return all;
  }
  const int64_t shared = SharedTaps(config_, matrix, part.in[0]);
  const auto& taps = taps_[static_cast<size_t>(layer.outputs[0])];
  return all / CeilDiv(matrix.weight.shape[3], shared) * PassesAlongRow(taps, shared);
}

int64_t Footprint::Cycles(const Layer& layer, const PartShapes& part) const {
  const int64_t elements = ElementsAs(part.out, PartAxis(layer.outputs[0]));
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return elements * Passes(layer, *matrix, part);
  }
  if (std::holds_alternative<BatchMatmulLayer>(layer.body)) {
    return elements * CeilDiv(part.in[0].back(), config_.p);
  }
  if (const auto* pool = std::get_if<PoolLayer>(&layer.body)) {
    return elements * pool->kernel[0] * pool->kernel[1];
  }
  if (std::holds_alternative<ReduceLayer>(layer.body)) {
    return ElementsAs(part.in[0], PartAxis(layer.inputs[0]));
  }
  if (std::holds_alternative<SoftmaxLayer>(layer.body)) {
    return 2 * elements;
  }
  if (std::holds_alternative<NormalizeLayer>(layer.body)) {
    constexpr int64_t kVectorPasses = 4;
    return kVectorPasses * elements;
  }
  return IsView(layer) ? 0 : elements;
}

int64_t Footprint::TransferCycles(int64_t bytes) const {
  return bytes * config_.p / isa::BytesPerCycle(config_, cost_);
}

int64_t Footprint::RunLength(ValueId value, const Shape& shape, int part_axis) const {
  const Value& of = graph_.value(value);
  if (scattered_[static_cast<size_t>(value)]) {
    return 1;
  }
  // What the caller gives or takes keeps its rows; of others the axis on partitions lies outermost.
  const bool keeps_rows = of.is_input || of.is_output;
  int64_t run = 1;
  for (int axis = static_cast<int>(shape.size()); axis-- > 0;) {
    const auto i = static_cast<size_t>(axis);
    if (axis == part_axis && keeps_rows && shape[i] > 1) {
      break;
    }
    run *= axis == part_axis ? 1 : shape[i];
    if (axis != part_axis && shape[i] != of.shape[i]) {
      break;
    }
  }
  return std::max<int64_t>(run, 1);
}

int64_t Footprint::MoveCycles(ValueId value, const Shape& shape, int part_axis) const {
  const int64_t elements = ElementCount(shape);
  const int64_t run = RunLength(value, shape, part_axis);
  if (run == 1) {
    return elements;
  }
  const auto bytes = static_cast<int64_t>(ElementBytes(graph_.value(value).type));
  const int64_t beats = elements / run * CeilDiv(run * bytes, config_.axi_bytes);
  return beats * config_.axi_bytes / isa::BytesPerCycle(config_, cost_);
}

int64_t Footprint::StoreCycles(ValueId value, const Shape& shape) const {
  return MoveCycles(value, shape, PartAxis(value));
}

int64_t Footprint::LoadCycles(const Layer& layer, size_t input, const Shape& shape) const {
  const int axis = WantedAxis(layer, input);
  const int64_t moves = MoveCycles(layer.inputs[input], shape, axis);
  const int64_t runs = ElementCount(shape) / RunLength(layer.inputs[input], shape, axis);
  if (runs == ElementCount(shape)) {
    return moves;
  }
  const uint64_t reads = isa::ReadBurstCycles(cost_, static_cast<uint64_t>(runs));
  return std::max(moves, static_cast<int64_t>(reads));
}

int64_t Footprint::PackedBytes(const MatrixLayer& matrix, const PartShapes& part) const {
  if (!matrix.is_conv || !part.packs) {
    return 0;
  }
  const int64_t bytes = PackedTapBytes(config_, matrix, part.in[0], part.out);
  return FitsPacked(config_, bytes) ? bytes : 0;
}

bool Footprint::TooLargeToPack(const Layer& layer, const PartShapes& part) const {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  if (matrix == nullptr || !matrix->is_conv) {
    return false;
  }
  const int64_t bytes = PackedTapBytes(config_, *matrix, part.in[0], part.out);
  return bytes > 0 && !FitsPacked(config_, bytes);
}

int64_t Footprint::CopyCycles(const Layer& layer, const PartShapes& part) const {
  const auto* matrix = std::get_if<MatrixLayer>(&layer.body);
  return matrix == nullptr ? 0
                           : PackedBytes(*matrix, part) * OperandBytes(*matrix) / kWordBytes *
                                 config_.p / config_.axi_bytes;
}

}  // namespace neuron::compiler
