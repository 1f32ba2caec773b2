// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile packages: the loader answers each mutant with a status, and what it accepts
// obeys the rules. Run under the sanitizers this is a small fuzzer; the seed of a failure is
// printed.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "host/ncx/package.h"
#include "host/ncx/verify.h"
#include "tests/unit/ncx/sample_package.h"

namespace neuron::ncx {
namespace {

constexpr int kMutantsOfEach = 4000;

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  // A copy of `file` with one to four pieces of damage.
  std::vector<std::byte> Mutate(const std::vector<std::byte>& file) {
    std::vector<std::byte> mutant = file;
    const size_t count = 1 + Below(4);
    for (size_t i = 0; i < count && !mutant.empty(); ++i) {
      Damage(mutant);
    }
    return mutant;
  }

 private:
  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  void Damage(std::vector<std::byte>& bytes) {
    const size_t at = Below(bytes.size());
    switch (Below(6)) {
      case 0:
        bytes[at] ^= static_cast<std::byte>(1U << Below(8));
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(Below(256));
        break;
      case 2:
        StoreWord(bytes, at, static_cast<uint32_t>(random_()));
        break;
      case 3: {  // numbers that offsets and sizes are afraid of
        constexpr uint32_t kValues[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0};
        StoreWord(bytes, at, kValues[Below(std::size(kValues))]);
        break;
      }
      case 4:
        bytes.resize(at);
        break;
      default: {  // one piece over another: aliased tables
        const size_t length = std::min(1 + Below(64), bytes.size() - at);
        std::memmove(bytes.data() + Below(bytes.size() - length + 1), bytes.data() + at, length);
        break;
      }
    }
  }

  static void StoreWord(std::vector<std::byte>& bytes, size_t at, uint32_t value) {
    const size_t aligned = at / sizeof(value) * sizeof(value);
    if (aligned + sizeof(value) <= bytes.size()) {
      std::memcpy(bytes.data() + aligned, &value, sizeof(value));
    }
  }

  std::mt19937 random_;
};

void ExpectMutantsAreAnswered(const PackageData& package, uint32_t first_seed) {
  const std::vector<std::byte> file = Serialize(package);
  ASSERT_TRUE(Load(file).ok());
  int refused = 0;
  for (uint32_t seed = first_seed; seed < first_seed + kMutantsOfEach; ++seed) {
    const Result<PackageData> result = Load(Mutator(seed).Mutate(file));
    if (result.ok()) {
      EXPECT_TRUE(Verify(*result).ok()) << "seed " << seed;
    } else {
      ++refused;
      EXPECT_FALSE(result.status().message().empty()) << "seed " << seed;
    }
  }
  EXPECT_GT(refused, kMutantsOfEach / 4);
}

TEST(Mutation, ScalePackage) {
  ExpectMutantsAreAnswered(neuron::testing::ScalePackage("sim", 8, 1, 0), 1);
}

TEST(Mutation, HostOperatorPackage) {
  PackageData package = neuron::testing::HostOperatorPackage("tiny");
  package.host_ops[0].node.attributes = {{"axis", int64_t{1}},
                                         {"names", std::vector<std::string>{"a", "b"}},
                                         {"value", HostTensor(ElementType::kFloat32, {2, 3})}};
  ExpectMutantsAreAnswered(package, 100000);
}

TEST(Mutation, StatePackage) {
  ExpectMutantsAreAnswered(neuron::testing::StatePackage("sim"), 200000);
}

TEST(Mutation, ResidentPackage) {
  ExpectMutantsAreAnswered(neuron::testing::ResidentPackage("sim", 1.0F), 300000);
}

// The CRC is right, so that the damage reaches the instruction checks and the semaphores.
TEST(Mutation, InstructionsWithAGoodCrc) {
  const PackageData original = neuron::testing::StatePackage("sim");
  for (uint32_t seed = 0; seed < kMutantsOfEach; ++seed) {
    PackageData package = original;
    package.image = Mutator(seed).Mutate(original.image);
    package.segments[0].bytes = package.image.size();
    const Status status = Load(Serialize(package)).status();
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kInvalidArgument)
        << "seed " << seed << ": " << status.ToString();
  }
}

}  // namespace
}  // namespace neuron::ncx
