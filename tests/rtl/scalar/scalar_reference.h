// SPDX-License-Identifier: Apache-2.0
// ScalarE instructions executed element by element, and the state they work on.
#ifndef NEURON_TESTS_RTL_SCALAR_SCALAR_REFERENCE_H_
#define NEURON_TESTS_RTL_SCALAR_SCALAR_REFERENCE_H_

#include <vector>

#include "neuron/isa.h"
#include "sim/functional/numerics.h"
#include "tests/rtl/lanes/memories.h"

namespace neuron::scalar_test {

using lane_test::Memories;
using lane_test::Memory;

// What ScalarE reads and writes.
struct State {
  explicit State(const isa::Config& config) : memories(config), table(config.table_entries) {}

  Memories memories;
  std::vector<sim::TableEntry> table;  // table_entries
};

// Executes one legal instruction by docs/isa.md section 4.
void ExecuteReference(const isa::ScalarInstruction& i, State& state);

}  // namespace neuron::scalar_test

#endif  // NEURON_TESTS_RTL_SCALAR_SCALAR_REFERENCE_H_
