// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/view.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace neuron::compiler {
namespace {

constexpr int64_t kPartitions = 4;
View MakeView(isa::Space space, const Shape& shape, int part_axis) {
  View view;
  view.space = space;
  view.shape = shape;
  view.part_axis = part_axis;
  view.halo_low.assign(shape.size(), 0);
  view.halo_high.assign(shape.size(), 0);
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

// DMA address of one element.
int64_t AddressOf(const View& view, const Shape& index) {
  int64_t address = view.offset;
  for (size_t i = 0; i < index.size(); ++i) {
    if (static_cast<int>(i) == view.part_axis) {
      address +=
          index[i] % kPartitions * kPartitionStep + index[i] / kPartitions * view.group_stride;
    } else {
      address += index[i] * view.strides[i];
    }
  }
  return address;
}

void ForEachIndex(const Shape& shape, const std::function<void(const Shape&)>& body) {
  Shape index(shape.size(), 0);
  for (int64_t n = 0; n < ElementCount(shape); ++n) {
    int64_t rest = n;
    for (size_t i = shape.size(); i-- > 0;) {
      index[i] = rest % shape[i];
      rest /= shape[i];
    }
    body(index);
  }
}

void ExpectCopiesEveryElement(const View& src, const View& dst, const std::string& what) {
  std::map<int64_t, int64_t> copied;  // destination -> source
  for (const CopyPiece& piece : CopyPieces(src, dst, kPartitions)) {
    for (int64_t n = 0; n < piece.sizes[0] * piece.sizes[1] * piece.sizes[2] * piece.sizes[3];
         ++n) {
      int64_t rest = n;
      int64_t from = piece.src_base;
      int64_t to = piece.dst_base;
      for (size_t d = 0; d < 4; ++d) {
        from += rest % piece.sizes[d] * piece.src_strides[d];
        to += rest % piece.sizes[d] * piece.dst_strides[d];
        rest /= piece.sizes[d];
      }
      EXPECT_TRUE(copied.emplace(to, from).second) << what << ": written twice";
    }
  }
  EXPECT_EQ(static_cast<int64_t>(copied.size()), ElementCount(src.shape)) << what;
  ForEachIndex(src.shape, [&](const Shape& index) {
    const auto it = copied.find(AddressOf(dst, index));
    ASSERT_NE(it, copied.end()) << what;
    EXPECT_EQ(it->second, AddressOf(src, index)) << what;
  });
}

TEST(CopyPieces, MovesEveryElementBetweenAnyTwoLayouts) {
  const Shape shape = {2, 6, 3, 5};
  for (int from = -1; from < 4; ++from) {
    for (int to = -1; to < 4; ++to) {
      const auto space = [](int axis) { return axis < 0 ? isa::Space::kDram : isa::Space::kSbuf; };
      ExpectCopiesEveryElement(
          MakeView(space(from), shape, from), MakeView(space(to), shape, to),
          "from axis " + std::to_string(from) + " to axis " + std::to_string(to));
    }
  }
}

TEST(TilesOf, CoverEveryElementOnce) {
  const Shape shape = {1, 10, 7, 9};
  const View view = MakeView(isa::Space::kSbuf, shape, 1);
  for (const int64_t limit : {0, 1, 9, 20, 64}) {
    std::map<int64_t, int> seen;
    const View* operands[] = {&view};
    for (const Tile& tile : TilesOf(operands, kPartitions, 3, limit)) {
      if (limit != 0) {
        EXPECT_LE(tile.elements(), limit);
      }
      for (int64_t part = 0; part < tile.part_count; ++part) {
        for (int64_t n = 0; n < tile.elements(); ++n) {
          int64_t rest = n;
          int64_t at = tile.base[0] + part * kPartitionStep;
          for (size_t d = 0; d < 3; ++d) {
            at += rest % tile.sizes[d] * tile.strides[0][d];
            rest /= tile.sizes[d];
          }
          ++seen[at];
        }
      }
    }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), ElementCount(shape)) << "limit " << limit;
    ForEachIndex(shape, [&](const Shape& index) {
      EXPECT_EQ(seen[AddressOf(view, index)], 1) << "limit " << limit;
    });
  }
}

TEST(Reshaped, KeepsTheElementOrder) {
  const View view = MakeView(isa::Space::kSbuf, {1, 6, 4, 5}, 1);
  const auto reshaped = Reshaped(view, {6, 20}, kPartitions);
  ASSERT_TRUE(reshaped.has_value());
  EXPECT_EQ(reshaped->part_axis, 0);
  EXPECT_EQ(AddressOf(*reshaped, {5, 13}), AddressOf(view, {0, 5, 2, 3}));
}

TEST(Reshaped, RefusesToMergeThePartitionAxis) {
  const View view = MakeView(isa::Space::kSbuf, {1, 6, 4, 5}, 1);
  EXPECT_FALSE(Reshaped(view, {1, 120}, kPartitions).has_value());
}

TEST(Reshaped, SplitsAndJoinsTheLastAxisInWholeGroups) {
  const View view = MakeView(isa::Space::kSbuf, {2, 5, 6 * kPartitions}, 2);
  const auto split = Reshaped(view, {2, 5, 3, 2 * kPartitions}, kPartitions);
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->part_axis, 3);
  EXPECT_EQ(AddressOf(*split, {1, 4, 2, kPartitions + 1}),
            AddressOf(view, {1, 4, 5 * kPartitions + 1}));
  const auto joined = Reshaped(*split, view.shape, kPartitions);
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(AddressOf(*joined, {1, 4, 5 * kPartitions + 1}),
            AddressOf(view, {1, 4, 5 * kPartitions + 1}));
  EXPECT_FALSE(Reshaped(view, {2, 5, 4, 3 * kPartitions / 2}, kPartitions).has_value());
}

TEST(Reshaped, RefusesAcrossTransposedAxes) {
  const int perm[] = {0, 2, 1};
  const View view = Transposed(MakeView(isa::Space::kDram, {2, 3, 4}, -1), perm);
  EXPECT_FALSE(Reshaped(view, {2, 12}, kPartitions).has_value());
}

TEST(BroadcastTo, RepeatsWithStrideZero) {
  const View view = MakeView(isa::Space::kSbuf, {6, 1, 5}, 0);
  const auto wide = BroadcastTo(view, {6, 4, 5});
  ASSERT_TRUE(wide.has_value());
  EXPECT_EQ(AddressOf(*wide, {5, 3, 2}), AddressOf(view, {5, 0, 2}));
}

}  // namespace
}  // namespace neuron::compiler
