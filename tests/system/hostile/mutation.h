// SPDX-License-Identifier: Apache-2.0
// Damages files in the ways that files get damaged, and in those that an attacker would try.
#ifndef NEURON_TESTS_SYSTEM_HOSTILE_MUTATION_H_
#define NEURON_TESTS_SYSTEM_HOSTILE_MUTATION_H_

#include <cstdint>
#include <string>

namespace neuron::test {

// A damaged copy of `bytes`, which must not be empty: bits flipped, bytes set to extreme values,
// pieces cut out, repeated or moved, or the end cut off. The same for the same seed.
std::string Mutate(const std::string& bytes, uint32_t seed);

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_HOSTILE_MUTATION_H_
