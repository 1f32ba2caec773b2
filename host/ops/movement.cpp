// SPDX-License-Identifier: Apache-2.0
// Operators that move elements of any type without computing on them.
#include <algorithm>
#include <limits>
#include <numeric>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

void CopyElement(const HostTensor& from, int64_t source, HostTensor& to, int64_t target) {
  const size_t bytes = ElementBytes(from.type);
  std::memcpy(to.data.data() + static_cast<size_t>(target) * bytes,
              from.data.data() + static_cast<size_t>(source) * bytes, bytes);
}

// y[i...] = x[base + sum of i * strides].
Result<Tensors> Strided(const Call& call, Shape shape, int64_t base,
                        const std::vector<int64_t>& strides) {
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, std::move(shape)));
  ForEachIndex<1>(y.shape, {strides}, [&](int64_t i, const std::array<int64_t, 1>& at) {
    CopyElement(x, base + at[0], y, i);
  });
  return One(std::move(y));
}

Result<Tensors> Transpose(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& from = call.in(0).shape;
  std::vector<int64_t> perm = call.node.Ints("perm");
  if (perm.empty()) {
    perm.resize(from.size());
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  std::vector<int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> expected(from.size());
  std::iota(expected.begin(), expected.end(), 0);
  if (sorted != expected) {
    return call.Error("perm " + ShapeToString(perm) + " does not permute " +
                      std::to_string(from.size()) + " axes");
  }
  const std::vector<int64_t> own = RowMajorStrides(from);
  Shape shape;
  std::vector<int64_t> strides;
  for (const int64_t axis : perm) {
    shape.push_back(from[static_cast<size_t>(axis)]);
    strides.push_back(own[static_cast<size_t>(axis)]);
  }
  return Strided(call, std::move(shape), 0, strides);
}

Result<Tensors> Expand(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const auto shape = BroadcastShapes(call.in(0).shape, call.in(1).ToInts());
  if (!shape) {
    return call.Error("cannot expand " + ShapeToString(call.in(0).shape));
  }
  return Strided(call, *shape, 0, BroadcastStrides(call.in(0).shape, *shape));
}

Result<Tensors> Tile(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const HostTensor& x = call.in(0);
  const std::vector<int64_t> repeats = call.in(1).ToInts();
  if (repeats.size() != x.shape.size()) {
    return call.Error("needs one repeat for each axis");
  }
  Shape shape = x.shape;
  Shape split;  // every axis as (repeat, size)
  std::vector<int64_t> strides;
  const std::vector<int64_t> own = RowMajorStrides(x.shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    split.insert(split.end(), {repeats[i], x.shape[i]});
    strides.insert(strides.end(), {0, own[i]});
    if (repeats[i] < 0 || (shape[i] > 0 && repeats[i] > INT64_MAX / shape[i])) {
      return call.Error("repeats are not valid");
    }
    shape[i] *= repeats[i];
  }
  auto result = Strided(call, std::move(split), 0, strides);
  if (result.ok()) {
    result->front().shape = std::move(shape);
  }
  return result;
}

Result<Tensors> Slice(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  const auto starts = AttributeOrInput(call, "starts", 1);
  const auto ends = AttributeOrInput(call, "ends", 2);
  if (!starts || !ends || starts->size() != ends->size()) {
    return call.Error("starts and ends must be given and of equal length");
  }
  std::vector<int64_t> axes(starts->size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = AttributeOrInput(call, "axes", 3).value_or(axes);
  const std::vector<int64_t> steps =
      call.has(4) ? call.in(4).ToInts() : std::vector<int64_t>(starts->size(), 1);
  if (axes.size() != starts->size() || steps.size() != starts->size()) {
    return call.Error("axes and steps must be as long as starts");
  }
  Shape shape = x.shape;
  std::vector<int64_t> strides = RowMajorStrides(x.shape);
  int64_t base = 0;
  std::vector<bool> done(shape.size(), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    NEURON_ASSIGN_OR_RETURN(const int64_t axis, NormalizeAxis(call, axes[i], shape.size()));
    const auto a = static_cast<size_t>(axis);
    const int64_t step = steps[i];
    if (step == 0 || step == std::numeric_limits<int64_t>::min() || done[a]) {
      return call.Error("a step is 0 or an axis is given twice");
    }
    done[a] = true;
    const int64_t dim = x.shape[a];
    const int64_t low = step > 0 ? 0 : -1;
    const int64_t high = step > 0 ? dim : dim - 1;
    const auto bound = [&](int64_t at) { return std::clamp(at < 0 ? at + dim : at, low, high); };
    const int64_t start = bound((*starts)[i]);
    const int64_t end = bound((*ends)[i]);
    const int64_t span = step > 0 ? end - start : start - end;
    const int64_t magnitude = step > 0 ? step : -step;
    shape[a] = span <= 0 ? 0 : (span - 1) / magnitude + 1;
    base += shape[a] == 0 ? 0 : start * strides[a];
    strides[a] = shape[a] <= 1 ? 0 : strides[a] * step;
  }
  return Strided(call, std::move(shape), base, strides);
}

Result<Tensors> Concat(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(std::max<size_t>(1, call.inputs.size())));
  Shape shape = call.in(0).shape;
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", 1), shape.size()));
  const auto a = static_cast<size_t>(axis);
  shape[a] = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const HostTensor& x = call.in(i);
    Shape other = x.shape;
    if (other.size() != shape.size() || x.type != call.in(0).type) {
      return call.Error("operands differ in rank or type");
    }
    const int64_t size = other[a];
    other[a] = shape[a];
    if (other != shape || size > std::numeric_limits<int64_t>::max() - shape[a]) {
      return call.Error("operand " + std::to_string(i) + " of shape " + ShapeToString(x.shape) +
                        " does not fit beside " + ShapeToString(call.in(0).shape));
    }
    shape[a] += size;
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, call.in(0).type, shape));
  const std::span<const int64_t> dims(shape);
  const int64_t outer = ElementCount(dims.first(a));
  const size_t bytes = ElementBytes(y.type);
  const auto row = static_cast<size_t>(ElementCount(dims.subspan(a))) * bytes;
  size_t column = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const HostTensor& x = call.in(i);
    const size_t length =
        static_cast<size_t>(ElementCount(std::span<const int64_t>(x.shape).subspan(a))) * bytes;
    for (int64_t o = 0; o < outer && length > 0; ++o) {
      std::memcpy(y.data.data() + static_cast<size_t>(o) * row + column,
                  x.data.data() + static_cast<size_t>(o) * length, length);
    }
    column += length;
  }
  return One(std::move(y));
}

Result<Tensors> Split(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", 0), x.shape.size()));
  const auto a = static_cast<size_t>(axis);
  const auto parts = static_cast<int64_t>(call.node.outputs.size());
  std::vector<int64_t> sizes = AttributeOrInput(call, "split", 1).value_or(std::vector<int64_t>{});
  if (sizes.empty() && parts > 0) {
    const int64_t each = (x.shape[a] + parts - 1) / parts;
    for (int64_t i = 0; i < parts; ++i) {
      sizes.push_back(std::clamp<int64_t>(x.shape[a] - i * each, 0, each));
    }
  }
  const std::vector<int64_t> strides = RowMajorStrides(x.shape);
  Tensors result;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > x.shape[a] - start) {
      return call.Error("the parts do not add up to the axis");
    }
    Shape shape = x.shape;
    shape[a] = size;
    NEURON_ASSIGN_OR_RETURN(Tensors part,
                            Strided(call, std::move(shape), start * strides[a], strides));
    result.push_back(std::move(part.front()));
    start += size;
  }
  if (start != x.shape[a] || static_cast<int64_t>(sizes.size()) != parts) {
    return call.Error("the parts do not add up to the axis");
  }
  return result;
}

Result<Tensors> Gather(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(2));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", 0), x.shape.size()));
  const auto a = static_cast<size_t>(axis);
  Shape shape(x.shape.begin(), x.shape.begin() + axis);
  shape.insert(shape.end(), call.in(1).shape.begin(), call.in(1).shape.end());
  shape.insert(shape.end(), x.shape.begin() + axis + 1, x.shape.end());
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, std::move(shape)));
  std::vector<int64_t> indices = call.in(1).ToInts();
  for (int64_t& index : indices) {
    if (index < -x.shape[a] || index >= x.shape[a]) {
      return call.Error("index " + std::to_string(index) + " is outside the axis of size " +
                        std::to_string(x.shape[a]));
    }
    index += index < 0 ? x.shape[a] : 0;
  }
  const std::span<const int64_t> dims(x.shape);
  const int64_t outer = ElementCount(dims.first(a));
  const size_t block =
      static_cast<size_t>(ElementCount(dims.subspan(a + 1))) * ElementBytes(x.type);
  std::byte* target = y.data.data();
  for (int64_t o = 0; o < outer && block > 0; ++o) {
    for (const int64_t index : indices) {
      std::memcpy(target, x.data.data() + static_cast<size_t>(o * x.shape[a] + index) * block,
                  block);
      target += block;
    }
  }
  return One(std::move(y));
}

// Source index of padded position `at`, or -1 for the constant.
int64_t PadSource(int64_t at, int64_t low, int64_t dim, const std::string& mode) {
  const int64_t index = at - low;
  if (index >= 0 && index < dim) {
    return index;
  }
  if (mode == "edge") {
    return std::clamp<int64_t>(index, 0, dim - 1);
  }
  if (mode == "reflect") {
    const int64_t period = std::max<int64_t>(2 * (dim - 1), 1);
    const int64_t folded = ((index % period) + period) % period;
    return std::min(folded, period - folded) % dim;
  }
  return -1;
}

Result<Tensors> Pad(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  const auto given = AttributeOrInput(call, "pads", 1);
  const size_t rank = x.shape.size();
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (call.has(3)) {
    axes = call.in(3).ToInts();
  }
  const std::string mode = call.node.String("mode", "constant");
  if (!given || given->size() != 2 * axes.size()) {
    return call.Error("pads must hold a begin and an end for each axis");
  }
  if (mode != "constant" && mode != "edge" && mode != "reflect") {
    return call.Error("mode '" + mode + "' is not supported", StatusCode::kUnsupported);
  }
  std::vector<int64_t> low(rank, 0);
  Shape shape = x.shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    NEURON_ASSIGN_OR_RETURN(const int64_t axis, NormalizeAxis(call, axes[i], rank));
    const int64_t begin = (*given)[i];
    const int64_t end = (*given)[i + axes.size()];
    constexpr int64_t kLimit = int64_t{1} << 40;
    if (begin < -kLimit || begin > kLimit || end < -kLimit || end > kLimit) {
      return call.Error("a pad is out of range");
    }
    low[static_cast<size_t>(axis)] = begin;
    shape[static_cast<size_t>(axis)] += begin + end;
  }
  if (mode != "constant" && x.elements() == 0) {
    return call.Error("cannot repeat the elements of an empty tensor");
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, shape));
  HostTensor fill(x.type, {});
  StoreDouble(fill, 0, call.has(2) ? call.in(2).ValueAt(0) : call.node.Float("value", 0.0F));
  const std::vector<int64_t> strides = RowMajorStrides(x.shape);
  const std::vector<int64_t> out_strides = RowMajorStrides(shape);
  for (int64_t i = 0; i < y.elements(); ++i) {
    int64_t source = 0;
    for (size_t axis = 0; axis < rank && source >= 0; ++axis) {
      const int64_t index =
          PadSource(i / out_strides[axis] % shape[axis], low[axis], x.shape[axis], mode);
      source = index < 0 ? -1 : source + index * strides[axis];
    }
    CopyElement(source < 0 ? fill : x, std::max<int64_t>(source, 0), y, i);
  }
  return One(std::move(y));
}

// DepthToSpace and SpaceToDepth as a transposition of a six-dimensional view.
Result<Tensors> Rearrange(const Call& call, bool to_space) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& s = call.in(0).shape;
  const int64_t b = call.node.Int("blocksize", 0);
  if (s.size() != 4 || b < 1 || b > 4096 || (to_space && s[1] % (b * b) != 0) ||
      (!to_space && (s[2] % b != 0 || s[3] % b != 0))) {
    return call.Error("shape " + ShapeToString(s) + " does not suit blocksize " +
                      std::to_string(b));
  }
  const bool crd = call.node.String("mode", "DCR") == "CRD";
  Shape view;
  std::vector<size_t> perm;
  Shape shape;
  if (to_space) {
    const int64_t c = s[1] / (b * b);
    view = crd ? Shape{s[0], c, b, b, s[2], s[3]} : Shape{s[0], b, b, c, s[2], s[3]};
    perm = crd ? std::vector<size_t>{0, 1, 4, 2, 5, 3} : std::vector<size_t>{0, 3, 4, 1, 5, 2};
    shape = {s[0], c, s[2] * b, s[3] * b};
  } else {
    view = {s[0], s[1], s[2] / b, b, s[3] / b, b};
    perm = {0, 3, 5, 1, 2, 4};
    shape = {s[0], s[1] * b * b, s[2] / b, s[3] / b};
  }
  const std::vector<int64_t> own = RowMajorStrides(view);
  Shape permuted;
  std::vector<int64_t> strides;
  for (const size_t axis : perm) {
    permuted.push_back(view[axis]);
    strides.push_back(own[axis]);
  }
  auto result = Strided(call, std::move(permuted), 0, strides);
  if (result.ok()) {
    result->front().shape = std::move(shape);
  }
  return result;
}

Result<Tensors> DepthToSpace(const Call& call) { return Rearrange(call, true); }
Result<Tensors> SpaceToDepth(const Call& call) { return Rearrange(call, false); }

}  // namespace

std::span<const Operator> MovementOperators() {
  static constexpr Operator kOperators[] = {
      {"Transpose", Transpose},
      {"Expand", Expand},
      {"Tile", Tile},
      {"Slice", Slice},
      {"Concat", Concat},
      {"Split", Split},
      {"Gather", Gather},
      {"Pad", Pad},
      {"DepthToSpace", DepthToSpace},
      {"SpaceToDepth", SpaceToDepth},
  };
  return kOperators;
}

}  // namespace neuron::ops
