// SPDX-License-Identifier: Apache-2.0
// Values on their way to DRAM in the host's types.
#include <bit>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {

// The same bytes as elements that DMA moves: 64-bit elements as pairs of words.
View AsBytes(View view, ElementType type) {
  switch (ElementBytes(type)) {
    case 1:
      view.dtype = isa::Dtype::kUint8;
      return view;
    case 2:
      view.dtype = isa::Dtype::kFp16;
      return view;
    case 8:
      view.shape.push_back(2);
      view.strides.push_back(kWordBytes);
      view.halo_low.push_back(0);
      view.halo_high.push_back(0);
      [[fallthrough]];
    default:
      view.dtype = isa::Dtype::kInt32;
      return view;
  }
}

// -1 where `from` is negative, 0 elsewhere: the high words of 64-bit integers.
View SignWords(Planner& planner, const View& from) {
  View signs = planner.NewView("signs of a result", isa::Dtype::kInt32, from.shape, from.part_axis);
  const View* operands[] = {&signs, &from};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({from.buffer, signs.buffer},
                  [=](ProgramBuilder& program, const MemoryPlan& memory) {
                    isa::VectorInstruction op = VectorOp(isa::Opcode::kTensorScalar, tile);
                    SetIn0(op, from, tile, 1, memory);
                    SetOut(op, signs, tile, 0, memory);
                    op.alu0 = static_cast<uint32_t>(isa::Alu::kLt);
                    op.scalar0 = std::bit_cast<uint32_t>(0.0F);
                    op.alu1 = static_cast<uint32_t>(isa::Alu::kMul);
                    op.scalar1 = std::bit_cast<uint32_t>(-1.0F);
                    return program.Append(op);
                  });
  }
  return signs;
}

}  // namespace

void PlanStore(Planner& planner, const View& from, const View& to, ElementType type) {
  if (from.space == isa::Space::kDram) {
    planner.AddCopy(AsBytes(from, type), AsBytes(to, type));
    return;
  }
  View words = to;
  words.dtype = from.dtype;
  planner.AddCopy(from, words);
  if (type == ElementType::kInt64) {
    words.offset += kWordBytes;
    planner.AddCopy(SignWords(planner, from), words);
  }
}

}  // namespace neuron::compiler
