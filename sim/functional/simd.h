// SPDX-License-Identifier: Apache-2.0
// Marks a function whose loops are worth compiling twice, for AVX2 and for the baseline; the loader
// picks the version that the host can run. Results are the same: no contraction, no reassociation.
#ifndef NEURON_SIM_FUNCTIONAL_SIMD_H_
#define NEURON_SIM_FUNCTIONAL_SIMD_H_

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define NEURON_SIMD __attribute__((target_clones("avx2", "default")))
#else
#define NEURON_SIMD
#endif

#endif  // NEURON_SIM_FUNCTIONAL_SIMD_H_
