// SPDX-License-Identifier: Apache-2.0
#include "sim/functional/functional_core.h"

#include "sim/functional/launch_run.h"

namespace neuron::sim {

FunctionalCore::FunctionalCore(const isa::Config& config, const FunctionalOptions& options)
    : options_(options), state_(config), strict_(config) {}

LaunchResult FunctionalCore::Run(const Launch& launch, std::span<std::byte> dram) {
  return LaunchRun(*this, launch, dram).Run();
}

}  // namespace neuron::sim
