// SPDX-License-Identifier: Apache-2.0
// What a model remembers from one execution to the next, for one stream of executions.
#ifndef NEURON_HOST_RUNTIME_STATE_H_
#define NEURON_HOST_RUNTIME_STATE_H_

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/ncx/package.h"
#include "host/runtime/runtime.h"

namespace neuron::runtime {

// Device memory for the state segments of a package. An execution reads the present values and
// writes the next ones; Advance makes them the present ones, so that an execution that fails or is
// cancelled leaves the state as it was. Segments that a program updates in place are the exception:
// their content is undefined after such an execution. Thread-safe where not said otherwise.
class State {
 public:
  // All tensors are zero.
  static Result<std::shared_ptr<State>> Allocate(const std::shared_ptr<Runtime>& runtime,
                                                 const ncx::PackageData& package);

  // Sets all tensors to zero.
  Status Reset();
  // Present values of a state tensor of the package. kInvalidArgument outside the tensor.
  Status Read(const ncx::Tensor& tensor, uint64_t offset, std::span<std::byte> data) const;
  Status Write(const ncx::Tensor& tensor, uint64_t offset, std::span<const std::byte> data);
  uint64_t device_bytes() const;

  // For an execution, which has the device for itself: puts the buffers where its launches expect
  // them.
  void Bind(std::vector<std::shared_ptr<Buffer>>& segments) const;
  // Likewise: the execution has succeeded.
  void Advance();

 private:
  explicit State(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

  std::shared_ptr<Runtime> runtime_;
  std::vector<std::shared_ptr<Buffer>> buffers_;  // by segment; null where it is no state
  std::vector<size_t> exchanged_;                 // kState segments with a kNextState one behind
};

}  // namespace neuron::runtime

#endif  // NEURON_HOST_RUNTIME_STATE_H_
