// SPDX-License-Identifier: Apache-2.0
// How many digits products of FP32 values with constant weights keep, and at what price.
#ifndef NEURON_HOST_COMPILER_PRECISION_H_
#define NEURON_HOST_COMPILER_PRECISION_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace neuron::compiler {

// Products of the array that add up to one of FP32 values (docs/numerics.md section 4): each keeps
// more digits of what its name says, and all that the one before keeps.
enum class Precision : uint8_t {
  kFast = 1,         // values and weights as the array rounds them
  kActivations = 2,  // all digits of the values
  kAccurate = 3,     // of the weights, too
};

inline constexpr std::array kPrecisions = {Precision::kFast, Precision::kActivations,
                                           Precision::kAccurate};

// Passes of the array for one product.
constexpr int64_t ProductsFor(Precision precision) { return static_cast<int64_t>(precision); }

// "fast", "activations", "accurate"; nothing for other names.
std::string_view NameOf(Precision precision);
std::optional<Precision> PrecisionNamed(std::string_view name);

// The precision of each product of a network, by its node's name as reports show it.
struct PrecisionChoice {
  Precision others = Precision::kFast;  // of the nodes that are not named
  std::map<std::string, Precision> nodes;

  bool operator==(const PrecisionChoice&) const = default;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_PRECISION_H_
