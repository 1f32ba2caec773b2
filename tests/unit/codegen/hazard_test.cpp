// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/hazard.h"

#include <gtest/gtest.h>

namespace neuron::compiler {
namespace {

using isa::Queue;

Access Sbuf(bool write, int64_t low, int64_t high) {
  Access access;
  access.write = write;
  access.ranges = {{low, high}};
  return access;
}

uint32_t Wait(const QueueClock& clock, Queue queue) { return clock[static_cast<size_t>(queue)]; }

TEST(Footprint, JoinsContiguousDimensions) {
  const Dim dims[] = {{8, 4}, {4, 32}};
  const auto ranges = Footprint(100, dims, 4);
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].low, 100);
  EXPECT_EQ(ranges[0].high, 228);
}

TEST(Footprint, KeepsRowsWithGapsApart) {
  const Dim dims[] = {{4, 4}, {3, 64}};
  const auto ranges = Footprint(0, dims, 4);
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[2].low, 128);
  EXPECT_EQ(ranges[2].high, 144);
}

TEST(Footprint, CoversNegativeStrides) {
  const Dim dims[] = {{4, -4}};
  const auto ranges = Footprint(12, dims, 4);
  ASSERT_EQ(ranges.size(), 1U);
  EXPECT_EQ(ranges[0].low, 0);
  EXPECT_EQ(ranges[0].high, 16);
}

TEST(Footprint, WidensToTheHullWhenThereAreManyRows) {
  const Dim dims[] = {{2, 4}, {1000, 16}};
  const auto ranges = Footprint(0, dims, 4);
  EXPECT_LE(ranges.size(), 64U);
  EXPECT_EQ(ranges.front().low, 0);
  EXPECT_EQ(ranges.back().high, 999 * 16 + 8);
}

TEST(HazardTracker, ReaderWaitsForTheWriter) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 64)});
  const auto waits = tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 32, 40)});
  EXPECT_EQ(Wait(waits, Queue::kDma0), 1U);
}

TEST(HazardTracker, DisjointAccessesDoNotWait) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 64)});
  const auto waits = tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 64, 80)});
  EXPECT_EQ(waits, QueueClock{});
}

TEST(HazardTracker, WriterWaitsForAllReaders) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 64)});
  tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 0, 64)});
  tracker.Append(Queue::kScalar, std::vector{Sbuf(false, 0, 32)});
  const auto waits = tracker.Append(Queue::kVector, std::vector{Sbuf(true, 0, 64)});
  EXPECT_EQ(Wait(waits, Queue::kTensor), 1U);
  EXPECT_EQ(Wait(waits, Queue::kScalar), 1U);
  EXPECT_EQ(Wait(waits, Queue::kDma0), 0U) << "implied by what the readers waited for";
}

TEST(HazardTracker, ARepeatedWaitIsLeftOut) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 64)});
  tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 0, 64)});
  const auto waits = tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 0, 64)});
  EXPECT_EQ(waits, QueueClock{});
}

TEST(HazardTracker, DmaWaitsForItsOwnEarlierWrites) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma1, std::vector{Sbuf(true, 0, 64)});
  const auto waits = tracker.Append(Queue::kDma1, std::vector{Sbuf(false, 0, 64)});
  EXPECT_EQ(Wait(waits, Queue::kDma1), 1U) << "reads may overtake writes in a DMA queue";
}

TEST(HazardTracker, SerialEnginesDoNotWaitForThemselves) {
  HazardTracker tracker;
  tracker.Append(Queue::kVector, std::vector{Sbuf(true, 0, 64)});
  const auto waits = tracker.Append(Queue::kVector, std::vector{Sbuf(false, 0, 64)});
  EXPECT_EQ(waits, QueueClock{});
}

TEST(HazardTracker, OneThatWritesWhatSeveralWroteWaitsForAllAndIsWaitedForEverywhere) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 16)});
  tracker.Append(Queue::kScalar, std::vector{Sbuf(true, 16, 32)});
  tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 8, 24)});
  // Its input lies inside what it writes.
  const auto waits =
      tracker.Append(Queue::kVector, std::vector{Sbuf(true, 0, 48), Sbuf(false, 20, 28)});
  EXPECT_EQ(Wait(waits, Queue::kTensor), 1U) << "which waited for both that wrote";
  for (const int64_t low : {0, 12, 30, 40}) {
    HazardTracker copy = tracker;
    EXPECT_EQ(
        Wait(copy.Append(Queue::kDma1, std::vector{Sbuf(false, low, low + 4)}), Queue::kVector), 1U)
        << low;
  }
  tracker.Append(Queue::kDma1, std::vector{Sbuf(false, 22, 26)});
  const auto after = tracker.Append(Queue::kScalar, std::vector{Sbuf(true, 24, 64)});
  EXPECT_EQ(Wait(after, Queue::kDma1), 1U);
}

TEST(HazardTracker, PartialOverwriteKeepsTheRestOfTheOldWriter) {
  HazardTracker tracker;
  tracker.Append(Queue::kDma0, std::vector{Sbuf(true, 0, 64)});
  tracker.Append(Queue::kVector, std::vector{Sbuf(true, 16, 32)});
  const auto waits = tracker.Append(Queue::kTensor, std::vector{Sbuf(false, 40, 48)});
  EXPECT_EQ(Wait(waits, Queue::kDma0), 1U);
  EXPECT_EQ(Wait(waits, Queue::kVector), 0U);
}

}  // namespace
}  // namespace neuron::compiler
