// SPDX-License-Identifier: Apache-2.0
// TensorE: executes matmul. Aligned floats are held as doubles already scaled by their shared
// exponent, so one double-precision product sum is the exact slice and needs one rounding; 8-bit
// integers are held as floats, in which their slices are exact.
#ifndef NEURON_SIM_FUNCTIONAL_TENSOR_ENGINE_H_
#define NEURON_SIM_FUNCTIONAL_TENSOR_ENGINE_H_

#include <cstdint>
#include <vector>

#include "sim/functional/core_state.h"

namespace neuron::sim {

class TensorEngine {
 public:
  // Runs a legal instruction to its end. Sets sticky flags in `state`.
  void Execute(const isa::TensorInstruction& instruction, CoreState& state);

 private:
  // A stream of vectors over the partition window.
  struct Stream {
    int64_t base;
    uint32_t sizes[3];  // innermost first
    int64_t strides[3];
    isa::Dtype dtype;
    uint32_t zero_point;
  };

  // Operands and sums of a pass in a type that holds them exactly: [k][pitch], [m][block].
  template <typename Real>
  struct Operands {
    std::vector<Real> moving;
    std::vector<Real> stationary;
    std::vector<Real> sums;
  };

  // Reads the stream's elements into out[k * pitch + column]; what lies between the columns and the
  // pitch has any value.
  static void ReadStream(const Stream& stream, uint32_t part_start, uint32_t part_count,
                         uint32_t pitch, const CoreState& state, std::vector<float>& out);
  // The same for floats, aligned to their vectors' exponents.
  void AlignStream(const Stream& stream, uint32_t part_start, uint32_t part_count, uint32_t pitch,
                   CoreState& state, std::vector<double>& out);
  // One pass: the product of two streams goes to PSUM.
  void FloatPass(const isa::TensorInstruction& instruction, const Stream& stationary,
                 const Stream& moving, bool accumulate, CoreState& state);
  void IntegerPass(const isa::TensorInstruction& instruction, const Stream& stationary,
                   const Stream& moving, bool accumulate, CoreState& state);

  std::vector<float> floats_;  // operands before alignment
  Operands<double> doubles_;   // of floats, scaled by their shared exponents
  Operands<float> integers_;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_TENSOR_ENGINE_H_
