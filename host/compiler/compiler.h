// SPDX-License-Identifier: Apache-2.0
// ONNX to kernel package: the compiler's one entry point. Thread-safe; writes no files.
#ifndef NEURON_HOST_COMPILER_COMPILER_H_
#define NEURON_HOST_COMPILER_COMPILER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/schedule.h"
#include "host/compiler/import/import.h"
#include "host/compiler/layer_graph.h"
#include "host/compiler/states.h"
#include "host/ncx/package.h"
#include "isa/cost/cost_model.h"

namespace neuron::compiler {

// Whether weights and other constants stay in SBUF for the next execution: none; all, or the model
// is refused; or those that save the most cycles for their bytes, where a repeated execution gains
// by it.
enum class ResidentWeights { kOff, kOn, kAuto };

struct CompileOptions {
  ImportOptions import;  // the model, the sizes of its free dimensions, dumps of passes
  std::string configuration = "sim";  // name of an isa configuration
  isa::CostParameters cost;           // of the memory that estimates are for
  std::vector<StateNames> states;     // what stays on the device between executions
  ScheduleOptions schedule;           // the default is the fastest known
  ResidentWeights resident_weights = ResidentWeights::kOff;
  // Called with what is being done; may be empty.
  std::function<void(std::string_view stage)> progress;
};

// A layer that runs on the host, and why.
struct HostSegment {
  std::string node;  // as Netron shows it
  std::string op_type;
  std::string reason;
  int64_t macs = 0;
};

// A float32 tensor that an engine makes of 8-bit ones for another layer: what the model asks for,
// or a layer that has no integer form.
struct FloatTensor {
  std::string reader;  // node 'name' (Op)
  int64_t bytes = 0;
};

struct CompileOutput {
  ncx::PackageData package;
  std::vector<HostSegment> host_segments;
  std::vector<FloatTensor> floats_from_integers;  // outputs of the model are not among them
  int64_t macs = 0;                               // useful multiply-accumulates of the whole model
};

// kNotFound: no such file; kInvalidArgument: no such configuration; kDataCorrupt: not a valid
// model; kUnsupported: an operator or size that cannot be compiled, naming node, attribute and what
// would work; kResourceExhausted: on-chip memory, also for constants that are
// to stay there. Messages are for a person.
Result<CompileOutput> Compile(const CompileOptions& options);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_COMPILER_H_
