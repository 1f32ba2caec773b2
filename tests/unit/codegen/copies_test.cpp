// SPDX-License-Identifier: Apache-2.0
// Copies between layouts, replayed address by address.
#include "host/compiler/codegen/copies.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace neuron::compiler {
namespace {

const isa::Config& Tiny() { return *isa::FindConfig("tiny"); }

View MakeView(const Shape& shape, int part_axis) {
  View view;
  view.shape = shape;
  view.part_axis = part_axis;
  view.strides.assign(shape.size(), 0);
  int64_t step = 4;
  for (size_t i = shape.size(); i-- > 0;) {
    if (static_cast<int>(i) != part_axis) {
      view.strides[i] = step;
      step *= shape[i];
    }
  }
  view.group_stride = step;
  return view;
}

int64_t AddressOf(const View& view, int64_t element) {
  int64_t address = view.offset;
  for (size_t i = view.shape.size(); i-- > 0;) {
    const int64_t index = element % view.shape[i];
    element /= view.shape[i];
    address += static_cast<int>(i) == view.part_axis
                   ? index % Tiny().p * kPartitionStep + index / Tiny().p * view.group_stride
                   : index * view.strides[i];
  }
  return address;
}

// Source address of everything that a transpose writes.
void Replay(const isa::DmaInstruction& op, std::map<int64_t, int64_t>& copied) {
  for (int64_t block = 0; block < op.src_size1; ++block) {
    for (int64_t f = 0; f < op.src_size0; ++f) {
      for (int64_t q = 0; q < op.part_count; ++q) {
        const int64_t from = op.src_base + block * int64_t{op.src_stride1} + q * kPartitionStep +
                             f * int64_t{op.src_stride0};
        const int64_t to = op.dst_base + block * int64_t{op.dst_stride1} + f * kPartitionStep +
                           q * int64_t{op.dst_stride0};
        EXPECT_TRUE(copied.emplace(to, from).second) << "address " << to << " is written twice";
      }
    }
  }
}

void ExpectTransposes(const Shape& shape, int from_axis, int to_axis) {
  SCOPED_TRACE(ShapeToString(shape) + " from axis " + std::to_string(from_axis) + " to axis " +
               std::to_string(to_axis));
  const View src = MakeView(shape, from_axis);
  const View dst = MakeView(shape, to_axis);
  std::map<int64_t, int64_t> copied;
  for (const isa::DmaInstruction& op : CopyInstructions(src, dst, Tiny())) {
    ASSERT_EQ(op.opcode, static_cast<uint32_t>(isa::Opcode::kDmaTranspose));
    Replay(op, copied);
  }
  EXPECT_EQ(static_cast<int64_t>(copied.size()), ElementCount(shape));
  for (int64_t n = 0; n < ElementCount(shape); ++n) {
    const auto it = copied.find(AddressOf(dst, n));
    ASSERT_NE(it, copied.end()) << "element " << n << " is not written";
    EXPECT_EQ(it->second, AddressOf(src, n)) << "element " << n;
  }
}

TEST(CopyInstructions, ATransposeMovesEveryElementInBlocks) {
  ExpectTransposes({48, 64}, 0, 1);
  ExpectTransposes({48, 64}, 1, 0);
  ExpectTransposes({2, 48, 3, 40}, 1, 3);
  ExpectTransposes({12, 5, 80}, 2, 0);
}

TEST(CopyInstructions, APartialLastGroupHasBlocksOfItsOwn) {
  ExpectTransposes({50, 67}, 0, 1);
  ExpectTransposes({50, 3, 67}, 2, 0);
}

TEST(CopyInstructions, TheSamePartitionsAreCopiedInRuns) {
  const View src = MakeView({48, 64}, 0);
  for (const isa::DmaInstruction& op : CopyInstructions(src, MakeView({48, 64}, 0), Tiny())) {
    EXPECT_EQ(op.opcode, static_cast<uint32_t>(isa::Opcode::kDmaCopy));
  }
}

TEST(CopyInstructions, AFewElementsAreNotWorthATranspose) {
  const View src = MakeView({4, 2}, 0);
  for (const isa::DmaInstruction& op : CopyInstructions(src, MakeView({4, 2}, 1), Tiny())) {
    EXPECT_EQ(op.opcode, static_cast<uint32_t>(isa::Opcode::kDmaCopy));
  }
}

}  // namespace
}  // namespace neuron::compiler
