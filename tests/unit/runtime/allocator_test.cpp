// SPDX-License-Identifier: Apache-2.0
#include "host/runtime/allocator.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace neuron::runtime {
namespace {

TEST(Allocator, PiecesAreAlignedAndApart) {
  Allocator allocator(1024);
  const uint64_t first = *allocator.Allocate(1);
  const uint64_t second = *allocator.Allocate(65);
  EXPECT_EQ(first % Allocator::kAlignment, 0U);
  EXPECT_EQ(second, first + 64);
  EXPECT_EQ(allocator.free_bytes(), 1024U - 64 - 128);
}

TEST(Allocator, FreedNeighboursAreJoined) {
  Allocator allocator(256);
  uint64_t pieces[4];
  for (uint64_t& piece : pieces) {
    piece = *allocator.Allocate(64);
  }
  EXPECT_EQ(allocator.Allocate(1).status().code(), StatusCode::kResourceExhausted);
  for (const size_t i : {1, 3, 2, 0}) {
    allocator.Free(pieces[i]);
  }
  EXPECT_EQ(*allocator.Allocate(256), 0U);
}

TEST(Allocator, ImpossibleSizesAreRefused) {
  Allocator allocator(256);
  EXPECT_FALSE(allocator.Allocate(257).ok());
  EXPECT_FALSE(allocator.Allocate(UINT64_MAX).ok());
}

TEST(Allocator, RandomUseNeverOverlapsAndLosesNothing) {
  constexpr uint64_t kBytes = 1 << 16;
  Allocator allocator(kBytes);
  std::map<uint64_t, uint64_t> held;
  std::mt19937 random(7);
  for (int step = 0; step < 5000; ++step) {
    if (held.empty() || random() % 2 == 0) {
      const uint64_t bytes = random() % 3000;
      const Result<uint64_t> address = allocator.Allocate(bytes);
      if (address.ok()) {
        const auto next = held.lower_bound(*address);
        ASSERT_TRUE(next == held.end() || *address + Allocator::RoundUp(bytes) <= next->first);
        ASSERT_TRUE(next == held.begin() ||
                    std::prev(next)->first + std::prev(next)->second <= *address);
        held[*address] = Allocator::RoundUp(bytes);
      }
    } else {
      auto victim = held.begin();
      std::advance(victim, random() % held.size());
      allocator.Free(victim->first);
      held.erase(victim);
    }
  }
  for (const auto& [address, bytes] : held) {
    allocator.Free(address);
  }
  EXPECT_EQ(*allocator.Allocate(kBytes), 0U);
}

}  // namespace
}  // namespace neuron::runtime
