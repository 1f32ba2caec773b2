// SPDX-License-Identifier: Apache-2.0
// TensorE: executes matmul. Aligned integers are held as doubles already scaled by their shared
// exponent, so one double-precision product sum is the exact slice and needs one rounding.
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

  // Aligns the stream's vectors into out[k * pitch + column]; columns beyond the stream are 0.
  void AlignStream(const Stream& stream, uint32_t part_start, uint32_t part_count, uint32_t pitch,
                   CoreState& state, std::vector<double>& out);
  // One pass: the product of stationary_ and moving_ goes to PSUM.
  void MultiplyPass(const isa::TensorInstruction& instruction, uint32_t count, bool accumulate,
                    CoreState& state);

  std::vector<uint32_t> bits_;      // FP32 operands before alignment, [k][pitch]
  std::vector<double> moving_;      // [k][moving_pitch_]
  std::vector<double> stationary_;  // [k][stationary_pitch_]
  std::vector<double> sums_;        // [m][kColumnBlock]
  uint32_t moving_pitch_ = 0;
  uint32_t stationary_pitch_ = 0;
};

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_TENSOR_ENGINE_H_
