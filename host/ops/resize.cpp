// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample: nearest, linear and cubic interpolation along any axes.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/ops/op_support.h"
#include "host/ops/resize_taps.h"

namespace neuron {
namespace {

using ops::Call;

// One axis of the operator.
struct Axis {
  int64_t from = 1;
  int64_t to = 1;
  double scale = 1.0;
  double length = 1.0;  // `to` before it is rounded down
  double start = 0.0;   // region of interest, relative to the axis
  double end = 1.0;
};

// What the attributes say, with each version's defaults.
struct Settings {
  std::string mode;
  std::string coordinates;
  std::string rounding;
  double cubic = -0.75;
  bool exclude_outside = false;
};

Result<Settings> SettingsOf(const Call& call) {
  const bool upsample = call.node.op_type == "Upsample" || call.node.opset < 11;
  Settings settings;
  settings.mode = call.node.String("mode", "nearest");
  settings.coordinates =
      upsample ? "asymmetric" : call.node.String("coordinate_transformation_mode", "half_pixel");
  settings.rounding = upsample ? "floor" : call.node.String("nearest_mode", "round_prefer_floor");
  settings.cubic = call.node.Float("cubic_coeff_a", -0.75F);
  settings.exclude_outside = call.node.Int("exclude_outside", 0) != 0;
  if (settings.mode != "nearest" && settings.mode != "linear" && settings.mode != "cubic") {
    return call.Error("mode '" + settings.mode + "' is not nearest, linear or cubic");
  }
  if (call.node.Int("antialias", 0) != 0 ||
      call.node.String("keep_aspect_ratio_policy", "stretch") != "stretch") {
    return call.Error("antialias and keep_aspect_ratio_policy are not supported",
                      StatusCode::kUnsupported);
  }
  return settings;
}

// Where output index `at` of an axis lies in the input.
double SourceCoordinate(const std::string& mode, int64_t at, const Axis& axis) {
  const auto x = static_cast<double>(at);
  const auto last = static_cast<double>(axis.from - 1);
  if (mode == "asymmetric") {
    return x / axis.scale;
  }
  if (mode == "align_corners") {
    return axis.to == 1 ? 0.0 : x * last / (axis.length - 1);
  }
  if (mode == "pytorch_half_pixel" && axis.to == 1) {
    return 0.0;
  }
  if (mode == "tf_half_pixel_for_nn") {
    return (x + 0.5) / axis.scale;
  }
  if (mode == "tf_crop_and_resize") {
    return axis.to == 1 ? 0.5 * (axis.start + axis.end) * last
                        : axis.start * last +
                              x * (axis.end - axis.start) * last / static_cast<double>(axis.to - 1);
  }
  if (mode == "half_pixel_symmetric") {
    const auto size = static_cast<double>(axis.from);
    const double shrink = static_cast<double>(axis.to) / (axis.scale * size);
    return size / 2 * (1 - shrink) + (x + 0.5) / axis.scale - 0.5;
  }
  return (x + 0.5) / axis.scale - 0.5;
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

// The cubic convolution kernel with free coefficient a at a distance below 2.
double CubicWeight(double a, double distance) {
  const double d = std::fabs(distance);
  return d <= 1.0 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

// Indices beyond the ends count as the end.
std::vector<ResizeTap> Clamped(std::vector<ResizeTap> taps, int64_t from) {
  std::vector<ResizeTap> result;
  for (ResizeTap tap : taps) {
    tap.index = std::clamp<int64_t>(tap.index, 0, from - 1);
    const auto same = std::find_if(result.begin(), result.end(), [&](const ResizeTap& other) {
      return other.index == tap.index;
    });
    if (tap.weight == 0.0) {
      continue;
    }
    if (same == result.end()) {
      result.push_back(tap);
    } else {
      same->weight += tap.weight;
    }
  }
  return result;
}

std::vector<ResizeTap> TapsAt(const Settings& settings, double x, int64_t from) {
  if (settings.mode == "nearest") {
    const auto last = static_cast<double>(from - 1);
    return {{static_cast<int64_t>(std::clamp(Nearest(settings.rounding, x), 0.0, last)), 1.0}};
  }
  const double below = std::floor(x);
  const auto index = static_cast<int64_t>(below);
  const double part = x - below;
  if (settings.mode == "linear") {
    return Clamped({{index, 1.0 - part}, {index + 1, part}}, from);
  }
  std::vector<ResizeTap> taps;
  double sum = 0.0;
  for (int64_t i = -1; i <= 2; ++i) {
    const bool outside = index + i < 0 || index + i >= from;
    if (!settings.exclude_outside || !outside) {
      taps.push_back({index + i, CubicWeight(settings.cubic, part - static_cast<double>(i))});
      sum += taps.back().weight;
    }
  }
  if (settings.exclude_outside) {
    std::for_each(taps.begin(), taps.end(), [sum](ResizeTap& tap) { tap.weight /= sum; });
  }
  return Clamped(std::move(taps), from);
}

std::vector<std::vector<ResizeTap>> TapsOf(const Settings& settings, const Axis& axis) {
  std::vector<std::vector<ResizeTap>> taps;
  for (int64_t i = 0; i < axis.to; ++i) {
    const double x = SourceCoordinate(settings.coordinates, i, axis);
    const bool outside = settings.coordinates == "tf_crop_and_resize" &&
                         (x < 0.0 || x > static_cast<double>(axis.from - 1));
    taps.push_back(outside ? std::vector<ResizeTap>{} : TapsAt(settings, x, axis.from));
  }
  return taps;
}

// The axes that scales, sizes and regions are for, in their order.
Result<std::vector<int64_t>> ResizedAxes(const Call& call, size_t rank) {
  std::vector<int64_t> axes = call.node.Ints("axes");
  if (axes.empty()) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  NEURON_RETURN_IF_ERROR(ops::NormalizeAxes(call, axes, rank).status());
  for (int64_t& axis : axes) {
    axis += axis < 0 ? static_cast<int64_t>(rank) : 0;
  }
  return axes;
}

Status SetScale(const Call& call, double scale, bool crop, Axis& axis) {
  const double part = crop ? axis.end - axis.start : 1.0;
  axis.length = static_cast<double>(axis.from) * part * scale;
  if (!(axis.length >= 0.0 && axis.length < 1e9)) {
    return call.Error("a scale is not possible");
  }
  axis.to = static_cast<int64_t>(std::floor(axis.length));
  axis.scale = scale;
  return OkStatus();
}

// Output sizes and scales from `scales` or `sizes`, wherever this version of the operator has them.
Result<std::vector<Axis>> AxesOf(const Call& call, const Shape& input, bool crop) {
  std::vector<Axis> result;
  for (const int64_t size : input) {
    result.push_back({size, size, 1.0, static_cast<double>(size), 0.0, 1.0});
  }
  NEURON_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, ResizedAxes(call, input.size()));
  const bool modern = call.node.op_type == "Resize" && call.node.opset >= 11;
  if (crop) {
    if (!modern || !call.has(1) || call.in(1).elements() != static_cast<int64_t>(2 * axes.size())) {
      return call.Error("needs a region with a start and an end for each axis");
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      Axis& axis = result[static_cast<size_t>(axes[i])];
      axis.start = call.in(1).ValueAt(static_cast<int64_t>(i));
      axis.end = call.in(1).ValueAt(static_cast<int64_t>(i + axes.size()));
    }
  }
  std::vector<double> scales;
  if (const auto it = call.node.attributes.find("scales"); it != call.node.attributes.end()) {
    if (const auto* list = std::get_if<std::vector<float>>(&it->second)) {
      scales.assign(list->begin(), list->end());
    }
  } else if (call.has(modern ? 2 : 1)) {
    scales = ops::ToDoubles(call.in(modern ? 2 : 1));
  }
  if (scales.size() == axes.size() && !scales.empty()) {
    for (size_t i = 0; i < axes.size(); ++i) {
      NEURON_RETURN_IF_ERROR(SetScale(call, scales[i], crop, result[static_cast<size_t>(axes[i])]));
    }
    return result;
  }
  if (!call.has(3) || call.in(3).elements() != static_cast<int64_t>(axes.size())) {
    return call.Error("needs scales or sizes for each of " + std::to_string(axes.size()) + " axes");
  }
  const std::vector<int64_t> sizes = call.in(3).ToInts();
  for (size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = result[static_cast<size_t>(axes[i])];
    const double part = crop ? axis.end - axis.start : 1.0;
    axis.to = sizes[i];
    axis.length = static_cast<double>(axis.to);
    axis.scale = static_cast<double>(axis.to) / (static_cast<double>(axis.from) * part);
    if (axis.to < 0 || axis.to >= int64_t{1000000000}) {
      return call.Error("a size is not possible");
    }
  }
  return result;
}

}  // namespace

Result<std::vector<ResizeAxis>> ResizeAxes(const HostNode& node, const Shape& input,
                                           std::span<const HostTensor* const> operands) {
  const Call call{node, operands};
  if (ElementCount(input) == 0) {
    return call.Error("cannot resize an empty tensor");
  }
  NEURON_ASSIGN_OR_RETURN(const Settings settings, SettingsOf(call));
  const bool crop = settings.coordinates == "tf_crop_and_resize";
  NEURON_ASSIGN_OR_RETURN(const std::vector<Axis> axes, AxesOf(call, input, crop));
  std::vector<ResizeAxis> result;
  for (const Axis& axis : axes) {
    const bool same =
        axis.to == axis.from && axis.scale == 1.0 && axis.start == 0.0 && axis.end == 1.0;
    result.push_back({axis.from, {}});
    for (int64_t i = 0; same && i < axis.from; ++i) {
      result.back().taps.push_back({{i, 1.0}});
    }
    if (!same) {
      result.back().taps = TapsOf(settings, axis);
    }
  }
  return result;
}

namespace ops {
namespace {

// One axis after the other; what lies between them is not rounded to the tensor's type.
Result<Tensors> Resize(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  NEURON_ASSIGN_OR_RETURN(const std::vector<ResizeAxis> axes,
                          ResizeAxes(call.node, call.in(0).shape, call.inputs));
  const double outside = call.node.Float("extrapolation_value", 0.0F);
  Shape shape = call.in(0).shape;
  std::vector<double> x = ToDoubles(call.in(0));
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const auto& taps = axes[axis].taps;
    const int64_t size = shape[axis];
    shape[axis] = static_cast<int64_t>(taps.size());
    NEURON_ASSIGN_OR_RETURN(const HostTensor limits, Allocate(call, ElementType::kFloat64, shape));
    std::vector<double> y(static_cast<size_t>(limits.elements()));
    const int64_t inner = ElementCount(std::span<const int64_t>(shape).subspan(axis + 1));
    for (size_t i = 0; i < y.size(); ++i) {
      const auto row = static_cast<int64_t>(i) / inner;
      const auto& list = taps[static_cast<size_t>(row % shape[axis])];
      for (const ResizeTap& tap : list) {
        const int64_t from = (row / shape[axis] * size + tap.index) * inner;
        y[i] += tap.weight * x[static_cast<size_t>(from + static_cast<int64_t>(i) % inner)];
      }
      y[i] = list.empty() ? outside : y[i];
    }
    x = std::move(y);
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor result, Allocate(call, call.in(0).type, std::move(shape)));
  for (size_t i = 0; i < x.size(); ++i) {
    // Integers are cut off, so thirds that add up to just less than a whole must count as it.
    const bool whole = IsFloat(result.type) || x[i] == std::trunc(x[i]);
    StoreDouble(result, static_cast<int64_t>(i), whole ? x[i] : static_cast<float>(x[i]));
  }
  return One(std::move(result));
}

}  // namespace

std::span<const Operator> ResizeOperators() {
  static constexpr Operator kOperators[] = {{"Resize", Resize}, {"Upsample", Resize}};
  return kOperators;
}

}  // namespace ops
}  // namespace neuron
