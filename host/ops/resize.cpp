// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample: nearest and linear interpolation along any axes.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// Where output index `at` of an axis lies in the input.
double SourceCoordinate(const std::string& mode, int64_t at, int64_t from, int64_t to,
                        double scale) {
  const auto x = static_cast<double>(at);
  if (mode == "asymmetric") {
    return x / scale;
  }
  if (mode == "align_corners") {
    return to == 1 ? 0.0 : x * static_cast<double>(from - 1) / static_cast<double>(to - 1);
  }
  if (mode == "pytorch_half_pixel" && to == 1) {
    return 0.0;
  }
  if (mode == "tf_half_pixel_for_nn") {
    return (x + 0.5) / scale;
  }
  return (x + 0.5) / scale - 0.5;
}

double Nearest(const std::string& mode, double x) {
  if (mode == "floor") {
    return std::floor(x);
  }
  if (mode == "ceil") {
    return std::ceil(x);
  }
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

struct Tap {
  int64_t index = 0;
  double weight = 1.0;
};
using Taps = std::vector<std::array<Tap, 2>>;  // for each output index of an axis

Taps TapsOf(const Call& call, int64_t from, int64_t to, double scale) {
  const bool upsample = call.node.op_type == "Upsample" || call.node.opset < 11;
  const std::string coordinates =
      upsample ? "asymmetric" : call.node.String("coordinate_transformation_mode", "half_pixel");
  const std::string rounding =
      upsample ? "floor" : call.node.String("nearest_mode", "round_prefer_floor");
  const bool linear = call.node.String("mode", "nearest") == "linear";
  const auto last = static_cast<double>(from - 1);
  Taps taps(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    double x = SourceCoordinate(coordinates, i, from, to, scale);
    auto& pair = taps[static_cast<size_t>(i)];
    if (!linear) {
      pair[0].index = static_cast<int64_t>(std::clamp(Nearest(rounding, x), 0.0, last));
      pair[1] = {pair[0].index, 0.0};
      continue;
    }
    x = std::clamp(x, 0.0, last);
    pair[0].index = static_cast<int64_t>(std::floor(x));
    pair[1].index = std::min(pair[0].index + 1, from - 1);
    pair[1].weight = x - std::floor(x);
    pair[0].weight = 1.0 - pair[1].weight;
  }
  return taps;
}

// Output sizes and scales from `scales` or `sizes`, wherever this version of the operator has them.
Status SizesOf(const Call& call, Shape& shape, std::vector<double>& scales) {
  const Shape& from = call.in(0).shape;
  const size_t first = call.node.op_type == "Resize" && call.node.opset >= 11 ? 2 : 1;
  std::vector<double> given;
  if (const auto it = call.node.attributes.find("scales"); it != call.node.attributes.end()) {
    if (const auto* list = std::get_if<std::vector<float>>(&it->second)) {
      given.assign(list->begin(), list->end());
    }
  } else if (call.has(first)) {
    given = ToDoubles(call.in(first));
  }
  if (given.size() == from.size()) {
    for (size_t i = 0; i < from.size(); ++i) {
      const double size = std::floor(static_cast<double>(from[i]) * given[i]);
      if (!(size >= 0.0 && size < 1e9)) {
        return call.Error("a scale is not possible");
      }
      shape.push_back(static_cast<int64_t>(size));
    }
    scales = given;
    return OkStatus();
  }
  if (call.has(3) && call.in(3).elements() == static_cast<int64_t>(from.size())) {
    shape = call.in(3).ToInts();
    for (size_t i = 0; i < from.size(); ++i) {
      scales.push_back(static_cast<double>(shape[i]) / static_cast<double>(from[i]));
    }
    return OkStatus();
  }
  return call.Error("needs scales or sizes for each of " + std::to_string(from.size()) + " axes");
}

Result<Tensors> Resize(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const std::string mode = call.node.String("mode", "nearest");
  const std::string coordinates = call.node.String("coordinate_transformation_mode", "half_pixel");
  if ((mode != "nearest" && mode != "linear") || coordinates == "tf_crop_and_resize") {
    return call.Error(
        "mode '" + mode + "' with '" + coordinates + "' is not supported; nearest and linear are",
        StatusCode::kUnsupported);
  }
  Shape shape;
  std::vector<double> scales;
  NEURON_RETURN_IF_ERROR(SizesOf(call, shape, scales));
  HostTensor x = call.in(0);
  if (x.elements() == 0) {
    return call.Error("cannot resize an empty tensor");
  }
  // One axis after the other.
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == x.shape[axis] && scales[axis] == 1.0) {
      continue;
    }
    Shape next = x.shape;
    next[axis] = shape[axis];
    NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, next));
    const Taps taps = TapsOf(call, x.shape[axis], shape[axis], scales[axis]);
    const int64_t inner = ElementCount(std::span<const int64_t>(next).subspan(axis + 1));
    for (int64_t i = 0; i < y.elements(); ++i) {
      const int64_t outer = i / inner / shape[axis];
      const auto& pair = taps[static_cast<size_t>(i / inner % shape[axis])];
      const auto value = [&](const Tap& tap) {
        return x.ValueAt((outer * x.shape[axis] + tap.index) * inner + i % inner);
      };
      StoreDouble(y, i,
                  pair[1].weight == 0.0
                      ? value(pair[0])
                      : value(pair[0]) * pair[0].weight + value(pair[1]) * pair[1].weight);
    }
    x = std::move(y);
  }
  return One(std::move(x));
}

constexpr Operator kOperators[] = {{"Resize", Resize}, {"Upsample", Resize}};

}  // namespace

std::span<const Operator> ResizeOperators() { return kOperators; }

}  // namespace neuron::ops
