// SPDX-License-Identifier: Apache-2.0
// Piecewise cubic tables for ScalarE (docs/numerics.md section 6): every function is within 2^-20
// of the true value, relative where that is at least 1 and absolute below, over all finite inputs
// (sin: |t| < 128).
#ifndef NEURON_HOST_COMPILER_FUNCTION_TABLES_H_
#define NEURON_HOST_COMPILER_FUNCTION_TABLES_H_

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "host/compiler/layer_graph.h"
#include "neuron/isa.h"

namespace neuron::compiler {

// A function as it is loaded: `entries` go to consecutive places of the table memory from some
// table_base on; the other members fill the fields of `activate`.
struct FunctionTable {
  isa::Func func = isa::Func::kTable;
  uint32_t index_bits = 0;
  uint32_t exp_min = 0;  // func table: biased exponents with their own segments
  uint32_t exp_max = 0;
  uint32_t negative_offset = 0;  // table_negative_base = table_base + negative_offset
  // The input must be clamped to this range (an infinite input would give NaN in func table).
  float clamp_low = -std::numeric_limits<float>::infinity();
  float clamp_high = std::numeric_limits<float>::infinity();
  std::vector<std::array<float, 4>> entries;  // c0 to c3
};

// The table of a function; made at first use, lives for ever. kIdentity and kLeaky have no
// entries. Safe to call from any thread.
const FunctionTable& TableFor(Function function);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_FUNCTION_TABLES_H_
