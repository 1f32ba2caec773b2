// SPDX-License-Identifier: Apache-2.0
// A kernel package on a device, ready to run.
#ifndef NEURON_HOST_RUNTIME_MODEL_H_
#define NEURON_HOST_RUNTIME_MODEL_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/ncx/package.h"
#include "host/runtime/cancellation.h"
#include "host/runtime/runtime.h"
#include "host/runtime/state.h"

namespace neuron::runtime {

// Device memory for the tensors of a model, by name.
using TensorMap = std::map<std::string, std::shared_ptr<Buffer>>;

struct ExecuteOptions {
  std::chrono::milliseconds timeout{};  // of one launch
  uint32_t watchdog_cycles = 0;
  std::shared_ptr<State> state = {};                // null: the model's own
  std::shared_ptr<Cancellation> cancellation = {};  // null: cannot be cancelled
};

// A caller's memory for a tensor whose segment is shared with others.
struct SharedTensor {
  const ncx::Tensor* tensor = nullptr;
  std::shared_ptr<Buffer> buffer;
};

// Where the launches of an execution find their segments; null for states.
struct Binding {
  std::vector<std::shared_ptr<Buffer>> segments;
  std::vector<SharedTensor> copied_in;   // inputs
  std::vector<SharedTensor> copied_out;  // outputs
};

// Of one execution.
struct ExecutionStats {
  uint64_t cycles = 0;
  bool cycles_measured = false;
  bool weights_resident = false;  // and other constants: found in SBUF
  uint32_t launches = 0;
  uint32_t host_operators = 0;
  uint32_t sticky = 0;
  uint64_t macs = 0;
  double device_seconds = 0;
  double host_seconds = 0;
  double total_seconds = 0;
  std::array<driver::QueueCounters, isa::kNumQueues> counters{};
  std::vector<std::string> findings;
};

// Thread-safe; executions of one runtime exclude one another.
class Model {
 public:
  // Verifies `file`, refuses a package for another configuration or ISA version naming both sides,
  // and writes image, constants and zeroed state to the device.
  static Result<std::shared_ptr<Model>> Load(std::shared_ptr<Runtime> runtime,
                                             std::span<const std::byte> file);
  static Result<std::shared_ptr<Model>> LoadFile(std::shared_ptr<Runtime> runtime,
                                                 const std::string& path);

  const ncx::PackageData& package() const { return package_; }
  const std::shared_ptr<Runtime>& runtime() const { return runtime_; }
  // Tensors of a role in the package's order.
  const std::vector<const ncx::Tensor*>& tensors(ncx::TensorRole role) const;
  // The state of executions that name none.
  const std::shared_ptr<State>& state() const { return state_; }
  uint64_t device_bytes() const;

  // From the inputs and outputs that a caller bound.
  Result<Binding> Bind(const TensorMap& inputs, const TensorMap& outputs) const;
  // Runs all steps. `binding` comes from Bind; a state in `options` from State::Allocate with this
  // package. kCancelled when that was requested before the last launch ended. A package with
  // resident constants runs its repeated launches when the execution before on the core, of
  // whatever model, was a successful one of this model.
  Status Execute(const Binding& binding, const ExecuteOptions& options);
  ExecutionStats last_stats() const;

 private:
  using Segments = std::vector<std::shared_ptr<Buffer>>;

  Model(std::shared_ptr<Runtime> runtime, ncx::PackageData package);
  static Result<std::shared_ptr<Model>> Place(std::shared_ptr<Runtime> runtime,
                                              ncx::PackageData package);
  Status BindRole(ncx::TensorRole role, const TensorMap& bound, Binding& binding) const;
  Status RunBound(driver::Device& device, const Binding& binding, const ExecuteOptions& options,
                  ExecutionStats& stats) const;
  Status RunSteps(driver::Device& device, const Segments& segments, const ExecuteOptions& options,
                  ExecutionStats& stats) const;
  Status RunLaunch(driver::Device& device, const ncx::Launch& launch, const Segments& segments,
                   const ExecuteOptions& options, ExecutionStats& stats) const;
  Status RunHostOp(driver::Device& device, const ncx::HostOp& op, const Segments& segments) const;
  Result<HostTensor> ReadTensor(driver::Device& device, const ncx::Tensor& tensor,
                                const Segments& segments) const;

  std::shared_ptr<Runtime> runtime_;
  const uint64_t id_;
  ncx::PackageData package_;
  std::array<std::vector<const ncx::Tensor*>, 4> by_role_;
  Segments own_;  // image, scratch and shared ones; null for what executions bind
  std::shared_ptr<State> state_;

  mutable std::mutex stats_mutex_;
  ExecutionStats last_stats_;
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_MODEL_H_
