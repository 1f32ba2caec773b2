// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/tile/slicing.h"

#include <algorithm>
#include <cstring>

namespace neuron::compiler {
namespace {

using Needs = std::optional<std::vector<AxisNeed>>;

// Entry of MatrixLayer::strides and ::pads for an axis of a feature map.
size_t SpatialIndex(const Shape& shape, int axis) {
  return static_cast<size_t>(axis) + 4 - shape.size() - 2;
}

bool IsDepthwise(const MatrixLayer& matrix) {
  return matrix.is_conv && matrix.group > 1 && matrix.group == matrix.weight.shape[0] &&
         matrix.weight.shape[1] == 1;
}

class NeedFinder {
 public:
  NeedFinder(const LayerGraph& graph, const Layer& layer, int axis)
      : graph_(graph),
        layer_(layer),
        axis_(axis),
        out_(graph.value(layer.outputs[0]).shape),
        in_(graph.value(layer.inputs[0]).shape) {}

  Needs operator()(const MatrixLayer& matrix) const {
    const int channels = matrix.is_conv ? 1 : static_cast<int>(out_.size()) - 1;
    if (axis_ == channels) {
      if (matrix.group > 1) {
        return IsDepthwise(matrix) ? Same() : std::nullopt;
      }
      return Whole();
    }
    if (!matrix.is_conv || axis_ == 0) {
      return Same();
    }
    const size_t i = SpatialIndex(out_, axis_);
    const int64_t taps = matrix.weight.shape[2 + i];
    return One({axis_, matrix.strides[i], -matrix.pads[i], (taps - 1) * matrix.dilations[i] + 1});
  }

  Needs operator()(const BatchMatmulLayer&) const {
    const int last = static_cast<int>(out_.size()) - 1;
    if (axis_ == last) {
      return std::vector<AxisNeed>{AxisNeed{}, {last}};
    }
    if (axis_ == last - 1) {
      return std::vector<AxisNeed>{{axis_}, AxisNeed{}};
    }
    return Broadcast();
  }

  Needs operator()(const BinaryLayer&) const { return Broadcast(); }
  Needs operator()(const UnaryLayer&) const { return Same(); }

  Needs operator()(const PoolLayer& pool) const {
    if (axis_ < 2) {
      return Same();
    }
    const size_t i = SpatialIndex(out_, axis_);
    return One(
        {axis_, pool.strides[i], -pool.pads[i], (pool.kernel[i] - 1) * pool.dilations[i] + 1});
  }

  Needs operator()(const ReduceLayer& reduce) const { return AllBut(reduce.axes); }
  Needs operator()(const ArgLayer& arg) const { return AllBut({arg.axis}); }

  Needs operator()(const SoftmaxLayer& softmax) const {
    return axis_ == softmax.axis ? std::nullopt : Same();
  }

  Needs operator()(const NormalizeLayer&) const {
    return axis_ + 1 == static_cast<int>(out_.size()) ? std::nullopt : Same();
  }

  // An axis that both shapes have, or the outer part of one that the output splits.
  Needs operator()(const ReshapeLayer&) const {
    int64_t before = 1;
    for (int i = 0; i < axis_; ++i) {
      before *= out_[static_cast<size_t>(i)];
    }
    const int64_t size = out_[static_cast<size_t>(axis_)];
    int64_t in_before = 1;
    for (size_t i = 0; i < in_.size(); ++i) {
      if (in_before == before && in_[i] > 1 && in_[i] % size == 0) {
        const int64_t inner = in_[i] / size;
        return One({static_cast<int>(i), inner, 0, inner});
      }
      in_before *= in_[i];
    }
    return std::nullopt;
  }

  Needs operator()(const TransposeLayer& transpose) const {
    return One({transpose.perm[static_cast<size_t>(axis_)]});
  }

  Needs operator()(const ConcatLayer& concat) const {
    const auto inputs = static_cast<int64_t>(layer_.inputs.size());
    // Rows and columns of an image interleave one inside the other; it is cut by channels instead.
    constexpr size_t kSequenceRank = 3;
    if (axis_ == concat.axis && concat.interleaved && out_.size() == kSequenceRank) {
      std::vector<AxisNeed> needs;
      for (int64_t k = 0; k < inputs; ++k) {
        needs.push_back({axis_, 1, 0, 1, inputs, (k - concat.first + inputs) % inputs});
      }
      return needs;
    }
    if (axis_ == concat.axis) {
      return std::nullopt;
    }
    return std::vector<AxisNeed>(layer_.inputs.size(), AxisNeed{axis_});
  }

  Needs operator()(const SliceLayer& slice) const {
    const auto i = static_cast<size_t>(axis_);
    if (slice.steps[i] < 1) {
      return std::nullopt;
    }
    return One({axis_, slice.steps[i], slice.starts[i], 1});
  }

  Needs operator()(const PadLayer& pad) const {
    const auto i = static_cast<size_t>(axis_);
    return pad.low[i] != 0 || pad.high[i] != 0 ? std::nullopt : Same();
  }

  Needs operator()(const SelectLayer&) const { return Broadcast(); }
  Needs operator()(const ExpandLayer&) const { return Broadcast(); }

  // Along the taken axis: where the indices stay near a line, as those of a resizing do.
  Needs operator()(const TakeLayer& take) const {
    if (axis_ != take.axis) {
      return Same();
    }
    constexpr int64_t kMaxSpan = 8;
    const auto out = static_cast<int64_t>(take.indices.size());
    const int64_t in = in_[static_cast<size_t>(axis_)];
    AxisNeed need{axis_, std::max<int64_t>(in / out, 1), 0, 1, std::max<int64_t>(out / in, 1)};
    int64_t low = in;
    int64_t high = -in;
    for (int64_t o = 0; o < out; ++o) {
      const int64_t off = take.indices[static_cast<size_t>(o)] - o * need.step / need.divide;
      low = std::min(low, off);
      high = std::max(high, off);
    }
    need.first = low;
    need.span = high - low + 1;
    return need.span <= kMaxSpan ? One(need) : std::nullopt;
  }

  template <typename Other>
  Needs operator()(const Other&) const {
    return std::nullopt;
  }

 private:
  static Needs One(AxisNeed need) { return std::vector<AxisNeed>{need}; }
  static Needs Whole() { return One({}); }
  Needs Same() const { return One({axis_}); }

  // Of a layer that works along `axes` and keeps them in its output or drops them.
  Needs AllBut(const std::vector<int>& axes) const {
    int axis = axis_;
    if (out_.size() != in_.size()) {
      for (const int gone : axes) {
        axis += gone <= axis ? 1 : 0;
      }
    }
    return std::ranges::count(axes, axis) != 0 ? std::nullopt : One({axis});
  }

  // NumPy rules: shorter operands lack leading axes; an axis of one index is needed as it is.
  Needs Broadcast() const {
    std::vector<AxisNeed> needs;
    for (const ValueId id : layer_.inputs) {
      const Shape& shape = graph_.value(id).shape;
      const int axis = axis_ - static_cast<int>(out_.size() - shape.size());
      const bool follows = axis >= 0 && shape[static_cast<size_t>(axis)] > 1;
      needs.push_back({follows ? axis : -1});
    }
    return needs;
  }

  const LayerGraph& graph_;
  const Layer& layer_;
  const int axis_;
  const Shape& out_;
  const Shape& in_;
};

template <typename T>
void Cut(std::vector<T>& values, const Range& range) {
  if (values.size() > 1) {
    values = std::vector<T>(values.begin() + range.low, values.begin() + range.high);
  }
}

// Output channels `range` of a matrix layer.
void CutChannels(MatrixLayer& matrix, const Range& range) {
  const size_t row = matrix.weight.data.size() / static_cast<size_t>(matrix.weight.shape[0]);
  matrix.weight.data = matrix.weight.data.Part(static_cast<size_t>(range.low) * row,
                                               static_cast<size_t>(range.size()) * row);
  matrix.weight.shape[0] = range.size();
  if (matrix.group > 1) {
    matrix.group = range.size();
  }
  Cut(matrix.bias, range);
  Cut(matrix.bias_int, range);
  Cut(matrix.scale, range);
}

// Pads of a window that starts at `first` and ends before `end`, over `size` indices.
void CutPads(std::array<int64_t, 4>& pads, size_t axis, int64_t first, int64_t end, int64_t size) {
  pads[axis] = std::max<int64_t>(0, -first);
  pads[2 + axis] = std::max<int64_t>(0, end - size);
}

}  // namespace

Range HullOf(const Range& a, const Range& b) {
  if (a.size() <= 0) {
    return b;
  }
  if (b.size() <= 0) {
    return a;
  }
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

std::optional<std::vector<AxisNeed>> NeedsOf(const LayerGraph& graph, const Layer& layer,
                                             int out_axis) {
  if (std::holds_alternative<HostLayer>(layer.body)) {
    return std::nullopt;
  }
  return std::visit(NeedFinder(graph, layer, out_axis), layer.body);
}

Range NeededRange(const AxisNeed& need, const Range& out, int64_t size) {
  if (need.axis < 0) {
    return {0, size};
  }
  if (need.phase >= 0) {  // the first index not before low, and not before high
    const auto from = [&need](int64_t at) {
      return (std::max<int64_t>(at - need.phase, 0) + need.divide - 1) / need.divide;
    };
    return {std::min(from(out.low), size), std::min(from(out.high), size)};
  }
  return {std::clamp<int64_t>(out.low * need.step / need.divide + need.first, 0, size),
          std::clamp<int64_t>((out.high - 1) * need.step / need.divide + need.first + need.span, 0,
                              size)};
}

std::optional<int> FollowingAxis(const LayerGraph& graph, const Layer& layer, size_t input,
                                 int in_axis) {
  const auto rank = static_cast<int>(graph.value(layer.outputs[0]).shape.size());
  for (int axis = 0; axis < rank; ++axis) {
    const auto needs = NeedsOf(graph, layer, axis);
    if (needs.has_value() && (*needs)[input].axis == in_axis) {
      return axis;
    }
  }
  return std::nullopt;
}

LayerBody BodyOfPart(const LayerGraph& graph, const Layer& layer, int out_axis, const Range& out) {
  LayerBody body = layer.body;
  const Shape& shape = graph.value(layer.outputs[0]).shape;
  const Shape& in_shape = graph.value(layer.inputs[0]).shape;
  const AxisNeed need = (*NeedsOf(graph, layer, out_axis))[0];
  const int64_t first = out.low * need.step + need.first;
  const int64_t end = (out.high - 1) * need.step + need.first + need.span;
  const auto axis = static_cast<size_t>(out_axis);
  if (auto* matrix = std::get_if<MatrixLayer>(&body)) {
    const size_t channels = matrix->is_conv ? 1 : shape.size() - 1;
    if (axis == channels) {
      CutChannels(*matrix, out);
    } else if (matrix->is_conv && axis > 1) {
      CutPads(matrix->pads, SpatialIndex(shape, out_axis), first, end, in_shape[axis]);
    }
  } else if (auto* pool = std::get_if<PoolLayer>(&body)) {
    if (axis > 1) {
      CutPads(pool->pads, SpatialIndex(shape, out_axis), first, end, in_shape[axis]);
    }
  } else if (auto* unary = std::get_if<UnaryLayer>(&body)) {
    if (unary->axis == out_axis) {
      Cut(unary->scale, out);
      Cut(unary->bias, out);
    }
  } else if (auto* slice = std::get_if<SliceLayer>(&body)) {
    slice->starts[axis] = 0;
  } else if (auto* concat = std::get_if<ConcatLayer>(&body);
             concat != nullptr && concat->interleaved && concat->axis == out_axis) {
    const auto inputs = static_cast<int64_t>(layer.inputs.size());
    concat->first = static_cast<int>((concat->first + out.low) % inputs);
  } else if (auto* take = std::get_if<TakeLayer>(&body);
             take != nullptr && take->axis == out_axis) {
    const int64_t from = NeededRange(need, out, in_shape[axis]).low;
    take->indices = {take->indices.begin() + out.low, take->indices.begin() + out.high};
    std::ranges::for_each(take->indices, [from](int64_t& index) { index -= from; });
  }
  return body;
}

}  // namespace neuron::compiler
