// SPDX-License-Identifier: Apache-2.0
// One NeuronCore at the level of instructions: bit-exact results, error records and, in strict
// mode, findings about programs that only happen to work. Also estimates cycles.
#ifndef NEURON_SIM_FUNCTIONAL_FUNCTIONAL_CORE_H_
#define NEURON_SIM_FUNCTIONAL_FUNCTIONAL_CORE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>

#include "isa/cost/cost_model.h"
#include "sim/functional/core_state.h"
#include "sim/functional/launch.h"
#include "sim/functional/strict_checker.h"
#include "sim/functional/tensor_engine.h"

namespace neuron::sim {

struct FunctionalOptions {
  bool strict = true;        // report findings; costs time
  size_t max_findings = 64;  // kept per launch
  // 0: queues interleave by estimated cycles, the same way each time. Otherwise durations and the
  // order of simultaneous events are drawn from this seed; a correct program ends alike.
  uint64_t seed = 0;
  bool record_timeline = false;
  isa::CostParameters cost;
};

// SBUF, PSUM and function table persist across launches and start as zeros. Not thread-safe, but
// for RequestAbort.
class FunctionalCore {
 public:
  explicit FunctionalCore(const isa::Config& config, const FunctionalOptions& options = {});

  const isa::Config& config() const { return state_.config; }
  const FunctionalOptions& options() const { return options_; }

  // Runs a launch to its end. `dram` is the device's memory from address 0; it is only accessed
  // during the call. Never blocks: a program that cannot go on ends with kWatchdog, an instruction
  // that would take more than the watchdog's cycles likewise.
  LaunchResult Run(const Launch& launch, std::span<std::byte> dram);

  // Stops the launch that is running, or the next one, before its next instruction, with
  // Error::kAborted. May be called from any thread.
  void RequestAbort() { abort_.store(true); }
  // Forgets a request that came when the last run had nothing left to stop. Not while one runs.
  void ForgetAbort() { abort_.store(false); }

  // For tests and debuggers. Rows are partitions.
  CoreState& state() { return state_; }
  StrictChecker& strict_checker() { return strict_; }

 private:
  friend class LaunchRun;

  FunctionalOptions options_;
  CoreState state_;
  TensorEngine tensor_;
  StrictChecker strict_;
  std::atomic<bool> abort_{false};
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_FUNCTIONAL_CORE_H_
