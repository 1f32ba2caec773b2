// SPDX-License-Identifier: Apache-2.0
// The search for products that have to be accurate, and the files that keep what it found.
#include "host/tools/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

using Nodes = std::vector<std::string>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Nodes Alphabet() {
  Nodes nodes;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    nodes.emplace_back(1, letter);
  }
  return nodes;
}

bool Holds(const Nodes& nodes, const Nodes& needed) {
  return std::ranges::all_of(needed, [&](const std::string& node) {
    return std::ranges::find(nodes, node) != nodes.end();
  });
}

TEST(FewestNodes, AreThoseThatAreNeeded) {
  for (const Nodes& needed : {Nodes{"a"}, Nodes{"z"}, Nodes{"b", "e", "q"}, Nodes{}, Alphabet()}) {
    EXPECT_EQ(FewestNodes(Alphabet(), [&](const Nodes& nodes) { return Holds(nodes, needed); }),
              needed);
  }
  EXPECT_THAT(FewestNodes({}, [](const Nodes&) { return true; }), IsEmpty());
}

TEST(FewestNodes, OfTwoThatSufficeTheEarlierStays) {
  const auto either = [](const Nodes& nodes) { return Holds(nodes, {"c"}) || Holds(nodes, {"k"}); };
  EXPECT_THAT(FewestNodes(Alphabet(), either), ElementsAre("c"));
}

TEST(FewestNodes, TriesNothingButChoicesInOrderAndAboutTwiceAsManyAsNodes) {
  size_t tries = 0;
  const Nodes all = Alphabet();
  const Nodes found = FewestNodes(all, [&](const Nodes& nodes) {
    ++tries;
    EXPECT_TRUE(std::ranges::is_sorted(nodes));
    return Holds(nodes, {"d", "h", "t"});
  });
  EXPECT_THAT(found, ElementsAre("d", "h", "t"));
  EXPECT_LE(tries, 2 * all.size() + 8);
}

class PrecisionFileTest : public testing::Test {
 protected:
  PrecisionFileTest() : path_(testing::TempDir() + "neuron_precision_test.json") {}
  ~PrecisionFileTest() override { std::filesystem::remove(path_); }

  // How reading a file of `content` fails.
  Failure FailureReading(const std::string& content) {
    std::ofstream(path_) << content;
    try {
      ReadPrecisionFile(path_);
    } catch (const Failure& failure) {
      return failure;
    }
    return {kExitOk, ""};
  }

  std::string path_;
};

TEST_F(PrecisionFileTest, KeepsWhatWasWritten) {
  const PrecisionFile file = {{"quick", {}},
                              {"exact", {.all = true, .nodes = {}}},
                              {"mixed", {.all = false, .nodes = {"Conv_1", "Conv_7"}}}};
  WritePrecisionFile(path_, file);
  EXPECT_EQ(ReadPrecisionFile(path_), file);
  EXPECT_EQ(PrecisionText(file.at("quick")), "fast");
  EXPECT_EQ(PrecisionText(file.at("exact")), "accurate");
  EXPECT_EQ(PrecisionText(file.at("mixed")), "2 accurate");
}

TEST_F(PrecisionFileTest, SaysWhatIsWrongWithAFile) {
  const Failure unknown = FailureReading(R"({"model": "slow"})");
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_THAT(unknown.message, HasSubstr("\"slow\" is not \"fast\", \"accurate\" or a list of"));
  EXPECT_EQ(FailureReading("{").code, kExitUsage);
  EXPECT_EQ(FailureReading(R"({"model": [1]})").code, kExitUsage);
  std::filesystem::remove(path_);
  try {
    ReadPrecisionFile(path_);
    FAIL() << "there is no such file";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code, kExitFile);
    EXPECT_THAT(failure.message,
                HasSubstr("--precision is fast, accurate, for verify auto, or a file"));
  }
}

}  // namespace
}  // namespace neuron::tools
