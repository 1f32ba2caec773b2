// SPDX-License-Identifier: Apache-2.0
// A product with constant weights as the tiles of lower_matrix.cpp see it, whatever layer it comes
// from.
#ifndef NEURON_HOST_COMPILER_CODEGEN_MATRIX_PRODUCT_H_
#define NEURON_HOST_COMPILER_CODEGEN_MATRIX_PRODUCT_H_

#include <memory>
#include <vector>

#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {

// One free dimension of the product: positions of the output.
struct FreeDim {
  int64_t size = 1;
  int64_t in_stride = 0;
  int64_t out_stride = 0;
};

// Everything tiles need to know, in bytes and elements.
struct Product {
  const Layer* layer = nullptr;
  std::shared_ptr<const MatrixLayer> matrix;  // the layer's, its packed form, or a part of that
  size_t weights = 0;                         // which of the slices' weights are `matrix`'s
  View in;
  View out;
  int64_t in_base = 0;        // offset in in.buffer of the first operand of tap 0
  int64_t out_base = 0;       // offset in out.buffer
  std::vector<FreeDim> free;  // innermost first
  int64_t channels_in = 1;    // contraction length per tap, all groups
  int64_t channels_out = 1;
  int64_t tap_width = 1;  // taps along the inner and outer kernel axes
  int64_t tap_height = 1;
  int64_t tap_stride_x = 0;  // bytes in the input from tap to tap
  int64_t tap_stride_y = 0;
  std::vector<TapRun> runs;   // taps along the inner axis that are multiplied
  int64_t last_tap_rows = 0;  // partitions that the last tap of a row has; 0: like the others
  int64_t window = 0;         // partitions that share an exponent in one pass
};

// Refers to a layer of the graph, which outlives the plan.
inline std::shared_ptr<const MatrixLayer> Borrow(const MatrixLayer& layer) {
  return {std::shared_ptr<void>(), &layer};
}

// Partitions that may share an exponent in one pass over these weights.
int64_t WindowOfWeights(const MatrixLayer& matrix, int64_t partitions);

// kUnsupported where one operand is float and the other an integer.
Status CheckTypes(const Planner& planner, const MatrixLayer& matrix, const Value& in_value);

// Plans products of one shape that are added up in PSUM: one, unless the layer asks for more than
// fast precision.
Status PlanProducts(Planner& planner, std::vector<Product> products);

// The product of a convolution.
Status LowerConv(Planner& planner, const Layer& layer, const MatrixLayer& matrix);

}  // namespace neuron::compiler

#endif  // NEURON_HOST_COMPILER_CODEGEN_MATRIX_PRODUCT_H_
