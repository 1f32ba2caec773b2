// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/memory_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace neuron::compiler {
namespace {

BufferId AddAlive(MemoryPlan& plan, const char* name, int64_t bytes, int first, int last) {
  const BufferId id = plan.Add(name, bytes);
  plan.buffer(id).first = first;
  plan.buffer(id).last = last;
  return id;
}

TEST(MemoryPlan, ReusesMemoryOfBuffersThatDoNotMeet) {
  MemoryPlan plan(256);
  const BufferId a = AddAlive(plan, "a", 200, 0, 1);
  const BufferId b = AddAlive(plan, "b", 200, 2, 3);
  ASSERT_TRUE(plan.Place({a, b}).ok());
  EXPECT_EQ(plan.buffer(a).offset, plan.buffer(b).offset);
}

TEST(MemoryPlan, OutOfMemoryNamesTheBufferAndWhatIsAlive) {
  MemoryPlan plan(256);
  const BufferId a = AddAlive(plan, "activations", 200, 0, 2);
  const BufferId b = AddAlive(plan, "result", 100, 1, 3);
  const Status status = plan.Place({a, b});
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("'result'"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("activations"), std::string::npos) << status.message();
}

TEST(MemoryPlan, OutOfMemoryNamesTheNode) {
  MemoryPlan plan(256);
  const BufferId id = plan.Add("weights", 300, "node 'conv' (Conv)");
  plan.buffer(id).first = plan.buffer(id).last = 0;
  EXPECT_EQ(plan.Place({id}).message().find("node 'conv' (Conv): SBUF holds 256 bytes"), 0U);
}

// First-fit from both ends, checked byte by byte.
TEST(MemoryPlan, AGapOfTheRightSizeIsFoundBetweenOthers) {
  for (const int64_t gap : {16, 1024, 1040, 2000}) {
    MemoryPlan plan(16384);
    const BufferId low = AddAlive(plan, "low", 1008, 0, 9);
    const BufferId hole = AddAlive(plan, "hole", gap, 0, 4);
    const BufferId high = AddAlive(plan, "high", 4096, 0, 9);
    ASSERT_TRUE(plan.Place({low, hole, high}, MemoryPlan::Order::kAsGiven).ok());
    const BufferId same = AddAlive(plan, "same", gap, 5, 9);
    const BufferId more = AddAlive(plan, "more", plan.buffer(hole).bytes + 16, 5, 9);
    ASSERT_TRUE(plan.Place({same, more}, MemoryPlan::Order::kAsGiven).ok());
    EXPECT_EQ(plan.buffer(same).offset, plan.buffer(hole).offset);
    EXPECT_EQ(plan.buffer(more).offset, plan.buffer(high).offset + plan.buffer(high).bytes);
  }
}

TEST(MemoryPlan, StreamedBufferStartsAsEarlyAsMemoryAllows) {
  MemoryPlan plan(256);
  const BufferId a = AddAlive(plan, "a", 200, 0, 4);
  const BufferId w = AddAlive(plan, "w", 100, 9, 9);
  ASSERT_TRUE(plan.Place({a}).ok());
  const auto start = plan.PlaceEarly(w, 0);
  ASSERT_TRUE(start.ok());
  EXPECT_EQ(*start, 5);
}

TEST(MemoryPlan, PlacedBuffersNeverOverlapInSpaceAndTime) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    MemoryPlan plan(65536);
    std::vector<BufferId> fixed;
    std::vector<BufferId> all;
    for (int i = 0; i < 60; ++i) {
      const int first = static_cast<int>(random() % 50);
      const BufferId id =
          AddAlive(plan, "b", 1 + random() % 3000, first, first + static_cast<int>(random() % 4));
      all.push_back(id);
      if (i % 2 == 0) {
        fixed.push_back(id);
      }
    }
    ASSERT_TRUE(plan.Place(fixed).ok()) << "seed " << seed;
    for (size_t i = 1; i < all.size(); i += 2) {
      ASSERT_TRUE(plan.PlaceEarly(all[i], 0).ok()) << "seed " << seed;
    }
    for (size_t i = 0; i < all.size(); ++i) {
      for (size_t j = i + 1; j < all.size(); ++j) {
        const Buffer& a = plan.buffer(all[i]);
        const Buffer& b = plan.buffer(all[j]);
        const bool meet = a.first <= b.last && b.first <= a.last;
        const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        EXPECT_FALSE(meet && overlap) << "seed " << seed << " buffers " << i << " and " << j;
      }
    }
  }
}

}  // namespace
}  // namespace neuron::compiler
