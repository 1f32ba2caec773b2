// SPDX-License-Identifier: Apache-2.0
// Runs a kernel package on the functional model without the runtime, for tests of the compiler.
#ifndef NEURON_TESTS_UNIT_CODEGEN_PACKAGE_RUNNER_H_
#define NEURON_TESTS_UNIT_CODEGEN_PACKAGE_RUNNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "host/ncx/package.h"
#include "host/ops/host_tensor.h"
#include "isa/cost/cost_model.h"

namespace neuron::compiler {

struct PackageRun {
  std::string error;  // empty when every launch finished without error or strict-mode finding
  std::vector<HostTensor> outputs;
  uint64_t cycles = 0;  // estimate
};

// What is run of a package that keeps constants in SBUF: the program that loads them, it and then
// the one that finds them, or the latter on a core that has never loaded them.
enum class Programs { kFirst, kFirstAndRepeated, kRepeatedAlone };

// Loads the package through its serialised form (so that the loader's verifier sees it), places its
// segments, writes the inputs in order and runs all launches in strict mode. Outputs and cycles are
// those of the last execution, `cost` says on which memory. Packages with host operators are
// refused.
PackageRun RunPackage(const ncx::PackageData& package, const std::vector<HostTensor>& inputs,
                      uint64_t seed = 0, Programs programs = Programs::kFirst,
                      const isa::CostParameters& cost = {});

}  // namespace neuron::compiler

#endif  // NEURON_TESTS_UNIT_CODEGEN_PACKAGE_RUNNER_H_
