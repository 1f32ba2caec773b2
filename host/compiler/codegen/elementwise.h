// SPDX-License-Identifier: Apache-2.0
// Element-by-element work that several lowerings plan.
#ifndef NEURON_HOST_COMPILER_CODEGEN_ELEMENTWISE_H_
#define NEURON_HOST_COMPILER_CODEGEN_ELEMENTWISE_H_

#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {

// One ScalarE pass over views of one shape and partition axis: out = activation(in * scale + bias).
void PlanActivate(Planner& planner, const View& in, const View& out, const FunctionFields& fields,
                  float scale, float bias);

// Copies elements as they are stored between views of one shape and, for 8-bit types, one
// zero-point: on VectorE where both lie in SBUF on the same partitions, by DMA otherwise.
void PlanMove(Planner& planner, const View& from, const View& to);

// The operand in SBUF in the output's partition layout, broadcast to its shape. A partition axis of
// one index is copied to all partitions.
Result<View> BroadcastOperand(Planner& planner, ValueId id, const Shape& shape, int part_axis);

// The axis that the layer's output should have on partitions: that of a full-size operand.
int OutputAxis(Planner& planner, const Layer& layer);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_ELEMENTWISE_H_
