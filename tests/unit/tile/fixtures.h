// SPDX-License-Identifier: Apache-2.0
// What the tests of tiling share.
#ifndef NEURON_TESTS_UNIT_TILE_FIXTURES_H_
#define NEURON_TESTS_UNIT_TILE_FIXTURES_H_

#include <algorithm>
#include <cstdint>
#include <random>

#include "host/ops/host_tensor.h"
#include "neuron/isa.h"

namespace neuron::compiler {

inline const isa::Config& Sim() { return *isa::FindConfig("sim"); }

// Random integers from -most to most, as floats: their sums are exact in any order.
inline HostTensor SmallIntegers(const Shape& shape, uint32_t seed, int most = 3) {
  HostTensor tensor(ElementType::kFloat32, shape);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> values(-most, most);
  std::ranges::generate(tensor.as<float>(), [&] { return static_cast<float>(values(random)); });
  return tensor;
}

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_TILE_FIXTURES_H_
