// SPDX-License-Identifier: Apache-2.0
// The rules that a well-formed package must obey before a byte of it reaches a device.
#ifndef NEURON_HOST_NCX_VERIFY_H_
#define NEURON_HOST_NCX_VERIFY_H_

#include <fmt/core.h>

#include <string>
#include <utility>

#include "host/ncx/package.h"

namespace neuron::ncx {

// ISA version and hash of this build; a known configuration; segments, tensors, source ranges,
// host operators and steps inside what they refer to; VerifyLaunch for each launch and each
// repeated one; then VerifyResident.
Status Verify(const PackageData& package);

// Every instruction of the launch is legal under isa/check with the package's segment table, and
// VerifySemaphores holds. Errors name the launch as `name` does, the queue, the instruction's index
// and its source node.
Status VerifyLaunch(const PackageData& package, const Launch& launch, const std::string& name);

// Runs waits and updates of all queues without executing, one instruction of each queue in turn:
// every wait is satisfied in this order, no semaphore leaves its range, and all queues finish.
Status VerifySemaphores(const PackageData& package, const Launch& launch);

// Repeated launches stand beside all launches or none; the resident ranges lie in SBUF, ascending
// and apart; loads from the image by `launches` are all that writes there. The instructions of all
// launches must be legal.
Status VerifyResident(const PackageData& package);

// kInvalidArgument with the rule that a package breaks.
template <typename... Args>
Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Status(StatusCode::kInvalidArgument,
                "kernel package: " + fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_VERIFY_H_
