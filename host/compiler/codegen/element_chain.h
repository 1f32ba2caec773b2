// SPDX-License-Identifier: Apache-2.0
// Element-by-element work in several steps, tile by tile: what one step leaves for the next lies in
// a ring of tile-sized buffers, and the engines work on neighbouring tiles at the same time. In
// turn t, step s works on tile t - s:
//
//   turn     0       1       2       3
//   step 0   tile 0  tile 1  tile 2  ...
//   step 1           tile 0  tile 1  tile 2
#ifndef NEURON_HOST_COMPILER_CODEGEN_ELEMENT_CHAIN_H_
#define NEURON_HOST_COMPILER_CODEGEN_ELEMENT_CHAIN_H_

#include <functional>
#include <string>
#include <vector>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {

// FP32 words in the partitions that they are for: ScalarE's scale and bias.
struct PartitionScale {
  BufferId scales = kNoBuffer;
  BufferId biases = kNoBuffer;
};

class ElementChain {
 public:
  using Operand = size_t;
  static constexpr Operand kOut = 0;

  // `out` orders the walk; every operand has its shape and partition axis.
  ElementChain(Planner& planner, const View& out);

  // A view in SBUF that steps read (or write).
  Operand Add(const View& view);
  // FP32 values of one tile at a time, from the first step that names them to the last.
  Operand AddTemporary(std::string name);

  // A ScalarE step: out = activation(in * scale + bias).
  void Activate(Operand in, Operand out, const FunctionFields& fields, float scale, float bias);
  // The same with word `group` of each partition's scales and biases.
  void ActivateByPartition(Operand in, Operand out, const FunctionFields& fields,
                           const PartitionScale& words, int64_t group);
  // A VectorE step: out = a alu b.
  void Combine(isa::Alu alu, Operand a, Operand b, Operand out);
  // A VectorE step: out = (a * scale) alu b.
  void ScaleAndCombine(Operand a, float scale, isa::Alu alu, Operand b, Operand out);

  // Plans all steps. Call once.
  void Plan();

 private:
  using Emit = std::function<Status(ProgramBuilder&, const MemoryPlan&, const Tile&,
                                    const std::vector<View>&)>;
  struct Step {
    std::vector<Operand> operands;
    Emit emit;
    std::vector<BufferId> words;  // that it reads besides
  };
  struct Ring {
    Operand operand = 0;
    std::string name;
    size_t first = 0;  // steps that use it
    size_t last = 0;
    int64_t slots = 1;
    int64_t slot_bytes = 0;
  };

  void MakeRings(const std::vector<Tile>& tiles);
  // The tile with the ring slots that its turn uses.
  Tile WithSlots(Tile tile, size_t index) const;

  Planner& planner_;
  std::vector<View> views_;
  std::vector<Ring> rings_;
  std::vector<Step> steps_;
};

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_ELEMENT_CHAIN_H_
