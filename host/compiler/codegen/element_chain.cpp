// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/element_chain.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/tiling.h"

namespace neuron::compiler {
namespace {}  // namespace

ElementChain::ElementChain(Planner& planner, const View& out) : planner_(planner), views_{out} {}

ElementChain::Operand ElementChain::Add(const View& view) {
  views_.push_back(view);
  return views_.size() - 1;
}

ElementChain::Operand ElementChain::AddTemporary(std::string name) {
  Ring ring;
  ring.operand = views_.size();
  ring.name = std::move(name);
  rings_.push_back(std::move(ring));
  // Walked like the output until tiles are known; those then get contiguous slots.
  View view = views_[kOut];
  view.dtype = isa::Dtype::kFp32;
  view.zero_point = 0;
  views_.push_back(std::move(view));
  return views_.size() - 1;
}

void ElementChain::Activate(Operand in, Operand out, const FunctionFields& fields, float scale,
                            float bias) {
  steps_.push_back({{in, out},
                    [=](ProgramBuilder& program, const MemoryPlan& memory, const Tile& tile,
                        const std::vector<View>& views) {
                      isa::ScalarInstruction op = ActivateOp(fields, tile);
                      SetIn(op, views[in], tile, in, memory);
                      SetOut(op, views[out], tile, out, memory);
                      op.scale = Bits(scale);
                      op.bias = Bits(bias);
                      return program.Append(op);
                    },
                    {}});
}

void ElementChain::ActivateByPartition(Operand in, Operand out, const FunctionFields& fields,
                                       const PartitionScale& words, int64_t group) {
  steps_.push_back({{in, out},
                    [=](ProgramBuilder& program, const MemoryPlan& memory, const Tile& tile,
                        const std::vector<View>& views) {
                      const int64_t word = group * kWordBytes;
                      isa::ScalarInstruction op = ActivateOp(fields, tile);
                      SetIn(op, views[in], tile, in, memory);
                      SetOut(op, views[out], tile, out, memory);
                      op.scale_operand = static_cast<uint32_t>(isa::Operand::kPartition);
                      op.bias_operand = op.scale_operand;
                      op.scale = static_cast<uint32_t>(memory.buffer(words.scales).offset + word);
                      op.bias = static_cast<uint32_t>(memory.buffer(words.biases).offset + word);
                      return program.Append(op);
                    },
                    {words.scales, words.biases}});
}

void ElementChain::Combine(isa::Alu alu, Operand a, Operand b, Operand out) {
  steps_.push_back({{a, b, out},
                    [=](ProgramBuilder& program, const MemoryPlan& memory, const Tile& tile,
                        const std::vector<View>& views) {
                      auto op = VectorOp(isa::Opcode::kTensorTensor, tile);
                      SetIn0(op, views[a], tile, a, memory);
                      SetIn1(op, views[b], tile, b, memory);
                      op.alu0 = static_cast<uint32_t>(alu);
                      SetOut(op, views[out], tile, out, memory);
                      return program.Append(op);
                    },
                    {}});
}

void ElementChain::ScaleAndCombine(Operand a, float scale, isa::Alu alu, Operand b, Operand out) {
  steps_.push_back({{a, b, out},
                    [=](ProgramBuilder& program, const MemoryPlan& memory, const Tile& tile,
                        const std::vector<View>& views) {
                      auto op = VectorOp(isa::Opcode::kScalarTensorTensor, tile);
                      SetIn0(op, views[a], tile, a, memory);
                      SetIn1(op, views[b], tile, b, memory);
                      op.alu0 = static_cast<uint32_t>(isa::Alu::kMul);
                      op.scalar0 = Bits(scale);
                      op.alu1 = static_cast<uint32_t>(alu);
                      SetOut(op, views[out], tile, out, memory);
                      return program.Append(op);
                    },
                    {}});
}

void ElementChain::MakeRings(const std::vector<Tile>& tiles) {
  int64_t elements = 1;
  for (const Tile& tile : tiles) {
    elements = std::max(elements, tile.elements());
  }
  for (Ring& ring : rings_) {
    bool used = false;
    for (size_t step = 0; step < steps_.size(); ++step) {
      if (std::ranges::count(steps_[step].operands, ring.operand) > 0) {
        ring.first = used ? ring.first : step;
        ring.last = step;
        used = true;
      }
    }
    ring.slots = std::min(static_cast<int64_t>(ring.last - ring.first) + 1,
                          static_cast<int64_t>(tiles.size()));
    ring.slot_bytes = elements * DtypeBytes(isa::Dtype::kFp32);
    views_[ring.operand].buffer = planner_.NewBuffer(ring.name, ring.slots * ring.slot_bytes);
  }
}

Tile ElementChain::WithSlots(Tile tile, size_t index) const {
  for (const Ring& ring : rings_) {
    tile.base[ring.operand] = static_cast<int64_t>(index) % ring.slots * ring.slot_bytes;
    int64_t stride = DtypeBytes(isa::Dtype::kFp32);
    for (size_t dim = 0; dim < tile.sizes.size(); ++dim) {
      tile.strides[ring.operand][dim] = stride;
      stride *= tile.sizes[dim];
    }
  }
  return tile;
}

void ElementChain::Plan() {
  std::vector<const View*> operands;
  for (const View& view : views_) {
    operands.push_back(&view);
  }
  const int64_t elements = steps_.size() > 1 ? ChainTileElements(planner_.config()) : kTileElements;
  const std::vector<Tile> tiles = TilesOf(operands, planner_.partitions(), 3, elements);
  MakeRings(tiles);
  for (size_t turn = 0; turn + 1 < tiles.size() + steps_.size(); ++turn) {
    for (size_t step = 0; step < steps_.size(); ++step) {
      const size_t index = turn - step;
      if (step > turn || index >= tiles.size()) {
        continue;
      }
      std::vector<BufferId> uses = steps_[step].words;
      for (const Operand operand : steps_[step].operands) {
        uses.push_back(views_[operand].buffer);
      }
      planner_.AddOp(std::move(uses),
                     [tile = WithSlots(tiles[index], index), emit = steps_[step].emit,
                      views = views_](ProgramBuilder& program, const MemoryPlan& memory) {
                       return emit(program, memory, tile, views);
                     });
    }
  }
}

}  // namespace neuron::compiler
