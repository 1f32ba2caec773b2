// SPDX-License-Identifier: Apache-2.0
// Statistics and tensors as text and JSON.
#ifndef NEURON_HOST_TOOLS_REPORT_H_
#define NEURON_HOST_TOOLS_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "host/compiler/compiler.h"
#include "host/ncx/package.h"
#include "host/ops/host_tensor.h"
#include "neuron/nrt.h"

namespace neuron::tools {

// Cycles, utilisation, DRAM bytes, speed and one line for each engine that had work.
std::string StatsText(const nrt_execution_stats& stats);
nlohmann::json StatsJson(const nrt_execution_stats& stats);

// What host segments take of the wall time of an execution, 0 to 1.
double HostTimeShare(const nrt_execution_stats& stats);

// What stays on the core for the next execution: "1,024 bytes of weights stay in SBUF"; where
// nothing does and `asked` is not kOff, why. Else empty.
std::string StayingText(const ncx::PackageData& package, compiler::ResidentWeights asked);

// Adds the counters of one execution to those of others; utilisation and speed are of the sum.
void AddStats(const nrt_execution_stats& one, uint32_t partitions, nrt_execution_stats& sum);

// "y float32 [1, 10]  min -1.2  max 3.4  first 0.1 0.2 ...": one line without a newline.
std::string TensorText(const std::string& name, const HostTensor& tensor);
// Name, type, shape, and all values when there are at most `most_values`.
nlohmann::json TensorJson(const std::string& name, const HostTensor& tensor, int64_t most_values);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_REPORT_H_
