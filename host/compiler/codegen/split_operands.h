// SPDX-License-Identifier: Apache-2.0
// Products of more than fast precision: FP32 operands as sums of parts that keep more digits in the
// array than the operands themselves would (docs/numerics.md section 4).
#ifndef NEURON_HOST_COMPILER_CODEGEN_SPLIT_OPERANDS_H_
#define NEURON_HOST_COMPILER_CODEGEN_SPLIT_OPERANDS_H_

#include <memory>
#include <vector>

#include "base/status.h"
#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {

// One of the products that add up to a layer's: the moving operand in SBUF and the weights.
struct Factors {
  View in;
  std::shared_ptr<const MatrixLayer> matrix;
};

// `in` and `matrix` themselves, or, where the layer asks for more precision, plans the parts of
// `in` (with its halo), in = in' + in'', in' with the 8 digits of BF16, and returns
//   kActivations:  in' w + in'' w
//   kAccurate:     in' W + in'' W + in W'',  W the weights rounded as the array does, W'' what that
//                                            left out; without the last where W'' is zero.
// The products differ in nothing but these operands.
Result<std::vector<Factors>> SplitOperands(Planner& planner, const View& in,
                                           std::shared_ptr<const MatrixLayer> matrix);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_SPLIT_OPERANDS_H_
