// SPDX-License-Identifier: Apache-2.0
// The rules that a well-formed package must obey before a byte of it reaches a device.
#ifndef NEURON_HOST_NCX_VERIFY_H_
#define NEURON_HOST_NCX_VERIFY_H_

#include "host/ncx/package.h"

namespace neuron::ncx {

// ISA version and hash of this build; a known configuration; segments, tensors, source ranges,
// host operators and steps inside what they refer to; then VerifyLaunch for each launch.
Status Verify(const PackageData& package);

// Every instruction of the launch is legal under isa/check with the package's segment table, and
// VerifySemaphores holds. Errors name the queue, the instruction's index and its source node.
Status VerifyLaunch(const PackageData& package, uint32_t launch_index);

// Runs waits and updates of all queues without executing, one instruction of each queue in turn:
// every wait is satisfied in this order, no semaphore leaves its range, and all queues finish.
Status VerifySemaphores(const PackageData& package, uint32_t launch_index);

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_VERIFY_H_
