// SPDX-License-Identifier: Apache-2.0
// The model of the zoo that is held to exact arithmetic.
#ifndef NEURON_TESTS_SYSTEM_ZOO_EXACT_ZOO_H_
#define NEURON_TESTS_SYSTEM_ZOO_EXACT_ZOO_H_

#include <gtest/gtest.h>

#include <filesystem>

namespace neuron::test {

// Sums of its 8-bit convolutions lie so near the middle between two steps that ONNX Runtime, which
// adds them in FP32, rounds two of them to the other side; what is exact differs from the zoo's
// reference by a whole step there, which is more than the tolerance (docs/results.md).
inline constexpr char kExactZooModel[] = "lyragan_decoder";

// Writes a zoo of that model's case into `folder`, with the outputs and states that exact
// arithmetic gives as its reference. Takes seconds; needs Python().
testing::AssertionResult WriteExactZoo(const std::filesystem::path& folder);

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_ZOO_EXACT_ZOO_H_
