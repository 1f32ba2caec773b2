// SPDX-License-Identifier: Apache-2.0
#include "host/tools/compare.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace neuron::tools {
namespace {

// The value for output `index`; the last one for outputs beyond the list.
double At(const std::vector<double>& values, size_t index) {
  return values.empty() ? 0 : values[std::min(index, values.size() - 1)];
}

// How far element values of output `index` may lie from `ref`. A NaN or an infinity has to be
// there.
double Allowed(const Tolerance& tolerance, size_t index, bool integer, double ref) {
  if (integer) {
    return tolerance.max_lsb.value_or(0);
  }
  return std::isfinite(ref) ? At(tolerance.abs, index) + tolerance.rel * std::abs(ref) : 0;
}

// What share of `allowed` a difference is; infinite for one that is not a number.
double ShareOf(double allowed, double difference) {
  if (difference == 0) {
    return 0;
  }
  return allowed > 0 && !std::isnan(difference) ? difference / allowed : INFINITY;
}

}  // namespace

OutputError CompareOutput(const HostTensor& actual, const HostTensor& reference,
                          const Tolerance& tolerance, size_t index, bool reduced) {
  OutputError error;
  error.integer = !IsFloat(reference.type);
  if (actual.type != reference.type || actual.shape != reference.shape) {
    error.pass = false;
    error.largest = error.relative_to_peak = error.of_allowed = INFINITY;
    error.detail = fmt::format("output {} is {} {} instead of {} {}", index,
                               ElementTypeName(actual.type), ShapeToString(actual.shape),
                               ElementTypeName(reference.type), ShapeToString(reference.shape));
    return error;
  }
  const bool by_element = error.integer || !reduced || tolerance.relative_l2.empty();
  double peak = 0;
  for (int64_t i = 0; i < reference.elements(); ++i) {
    const double magnitude = std::abs(reference.ValueAt(i));
    peak = magnitude > peak && std::isfinite(magnitude) ? magnitude : peak;
  }
  double error_energy = 0;
  double reference_energy = 0;
  for (int64_t i = 0; i < reference.elements(); ++i) {
    const double x = actual.ValueAt(i);
    const double ref = reference.ValueAt(i);
    const bool same = x == ref || (std::isnan(x) && std::isnan(ref));
    const double difference = same ? 0 : std::abs(x - ref);
    const double allowed = Allowed(tolerance, index, error.integer, ref);
    error_energy += difference * difference;
    reference_energy += std::isfinite(ref) ? ref * ref : 0;
    error.largest = std::isnan(difference) ? INFINITY : std::max(error.largest, difference);
    if (by_element && !error.integer) {
      const double share = ShareOf(allowed, difference);
      error.of_allowed = std::max(error.of_allowed, share);
      error.energy += share * share / static_cast<double>(reference.elements());
    }
    if (by_element && !(difference <= allowed) && error.pass) {
      error.pass = false;
      error.detail = fmt::format(
          "output {} [{}] is {:.7g}, reference {:.7g}, allowed difference "
          "{:.3g}",
          index, i, x, ref, allowed);
    }
  }
  error.relative_to_peak = peak > 0 ? error.largest / peak : error.largest;
  if (!by_element) {
    const double l2 =
        reference_energy > 0 ? std::sqrt(error_energy / reference_energy) : std::sqrt(error_energy);
    const double allowed = At(tolerance.relative_l2, index);
    error.pass = l2 <= allowed;
    error.of_allowed = ShareOf(allowed, l2);
    error.energy = error.of_allowed * error.of_allowed;
    if (!error.pass) {
      error.detail =
          fmt::format("output {} has relative L2 error {:.3g}, allowed {:.3g}", index, l2, allowed);
    }
  }
  return error;
}

void Merge(const OutputError& error, std::optional<OutputError>& worst) {
  const bool worse =
      !worst.has_value() ||
      (error.pass == worst->pass ? error.relative_to_peak > worst->relative_to_peak : !error.pass);
  const double of_allowed = std::max(error.of_allowed, worst ? worst->of_allowed : 0);
  const double energy = error.energy + (worst ? worst->energy : 0);
  if (worse) {
    worst = error;
  }
  worst->of_allowed = of_allowed;
  worst->energy = energy;
}

}  // namespace neuron::tools
