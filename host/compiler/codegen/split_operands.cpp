// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/split_operands.h"

#include <algorithm>
#include <cmath>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/instructions.h"

namespace neuron::compiler {
namespace {

// The view with its halo as elements of its own.
View WithHalo(View view) {
  for (size_t i = 0; i < view.shape.size(); ++i) {
    view.shape[i] += view.halo_low[i] + view.halo_high[i];
    view.offset -= view.halo_low[i] * view.strides[i];
    view.halo_low[i] = view.halo_high[i] = 0;
  }
  return view;
}

// low = in - high
void PlanRest(Planner& planner, const View& in, const View& high, const View& low) {
  const View* operands[] = {&low, &in, &high};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({in.buffer, high.buffer, low.buffer},
                  [=](ProgramBuilder& program, const MemoryPlan& memory) {
                    isa::VectorInstruction op = VectorOp(isa::Opcode::kTensorTensor, tile);
                    SetIn0(op, in, tile, 1, memory);
                    SetIn1(op, high, tile, 2, memory);
                    SetOut(op, low, tile, 0, memory);
                    op.alu0 = static_cast<uint32_t>(isa::Alu::kSub);
                    return program.Append(op);
                  });
  }
}

// The weights of each output channel rounded to `digits` bits below the channel's largest, so that
// the array takes them as they are, and what the rounding left out; both exact in FP32.
struct SplitWeights {
  std::shared_ptr<MatrixLayer> high;
  std::shared_ptr<MatrixLayer> low;
  bool exact = true;  // low is zero
};

SplitWeights SplitRows(const MatrixLayer& matrix, int digits) {
  SplitWeights split{std::make_shared<MatrixLayer>(matrix), std::make_shared<MatrixLayer>(matrix)};
  const std::vector<float> weights = matrix.weight.ToFloats();
  const size_t row = weights.size() / static_cast<size_t>(matrix.weight.shape[0]);
  const auto high = split.high->weight.as<float>();
  const auto low = split.low->weight.as<float>();
  for (size_t first = 0; first < weights.size(); first += row) {
    float largest = 0.0F;
    for (size_t i = first; i < first + row; ++i) {
      largest = std::max(largest, std::abs(weights[i]));
    }
    int exponent = 0;
    std::frexp(largest, &exponent);
    const float most = std::ldexp(1.0F, digits) - 1.0F;
    for (size_t i = first; i < first + row; ++i) {
      const float steps = std::nearbyint(std::ldexp(weights[i], digits - exponent));
      high[i] = std::ldexp(std::clamp(steps, -most, most), exponent - digits);
      low[i] = weights[i] - high[i];
      split.exact = split.exact && low[i] == 0.0F;
    }
  }
  return split;
}

}  // namespace

Result<std::vector<Factors>> SplitOperands(Planner& planner, const View& in,
                                           std::shared_ptr<const MatrixLayer> matrix) {
  if (matrix->precision == Precision::kFast) {
    return std::vector<Factors>{{in, std::move(matrix)}};
  }
  const std::string& name = planner.layer().name;
  const View high = planner.NewView("high parts for " + name, isa::Dtype::kBf16, in.shape,
                                    in.part_axis, in.halo_low, in.halo_high);
  const View low = planner.NewView("low parts for " + name, isa::Dtype::kFp32, in.shape,
                                   in.part_axis, in.halo_low, in.halo_high);
  NEURON_ASSIGN_OR_RETURN(const FunctionFields identity, planner.Fields(Activation{}));
  PlanActivate(planner, WithHalo(in), WithHalo(high), identity, 1.0F, 0.0F);
  PlanRest(planner, WithHalo(in), WithHalo(high), WithHalo(low));
  if (matrix->precision == Precision::kActivations) {
    return std::vector<Factors>{{high, matrix}, {low, matrix}};
  }
  const int digits = static_cast<int>(planner.config().mantissa_width) - 1;
  const SplitWeights weights = SplitRows(*matrix, digits);
  std::vector<Factors> factors = {{high, weights.high}, {low, weights.high}};
  if (!weights.exact) {
    factors.push_back({in, weights.low});
  }
  return factors;
}

}  // namespace neuron::compiler
