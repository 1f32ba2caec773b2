// SPDX-License-Identifier: Apache-2.0
// Where in DRAM the tensors lie that an execution takes, gives and remembers.
#ifndef NEURON_HOST_COMPILER_CODEGEN_IO_PLAN_H_
#define NEURON_HOST_COMPILER_CODEGEN_IO_PLAN_H_

#include <vector>

#include "base/status.h"
#include "host/compiler/layer_graph.h"
#include "host/ncx/package.h"

namespace neuron::compiler {

// A graph input or output as row-major elements.
struct IoTensor {
  ValueId value = kNoValue;
  uint32_t segment = 0;
  uint64_t offset = 0;
  int32_t tensor = -1;  // of PackageData::tensors; -1: the next value of a state
};

struct IoPlan {
  std::vector<IoTensor> loads;   // graph inputs and states, in the graph's order of inputs
  std::vector<IoTensor> stores;  // graph outputs, then the next values of the states
};

// Appends segments and tensors to `package`, which has its image and scratch segments. Every input
// and output has a segment of its own as long as a launch has segments enough, else inputs share
// one and outputs share another. All states share one that the program reads and one that it
// writes. kUnsupported for a type that no engine stores.
Result<IoPlan> PlanIo(const LayerGraph& graph, ncx::PackageData& package);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_IO_PLAN_H_
