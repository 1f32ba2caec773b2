// SPDX-License-Identifier: Apache-2.0
// The search for the precision that products need, and the files that keep what it found.
#include "host/tools/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

using compiler::Precision;
using compiler::PrecisionChoice;
using testing::HasSubstr;

// A model whose error is that of its nodes, by their precision, and that may be so large.
struct Sensitivity {
  double fast = 0;
  double activations = 0;
};

class FakeModel {
 public:
  FakeModel(std::map<std::string, Sensitivity> nodes, double allowed)
      : nodes_(std::move(nodes)), allowed_(allowed) {}

  PrecisionOutcome operator()(const PrecisionChoice& choice) {
    ++attempts_;
    double error = 0;
    for (const auto& [name, sensitivity] : nodes_) {
      const auto named = choice.nodes.find(name);
      const Precision precision = named != choice.nodes.end() ? named->second : choice.others;
      error += precision == Precision::kFast          ? sensitivity.fast
               : precision == Precision::kActivations ? sensitivity.activations
                                                      : 0;
    }
    return {.good = error <= allowed_, .error = error};
  }

  int attempts() const { return attempts_; }

 private:
  std::map<std::string, Sensitivity> nodes_;
  double allowed_;
  int attempts_ = 0;
};

// All of one size.
PrecisionChoice Found(FakeModel& model, const std::map<std::string, Sensitivity>& sensitivities) {
  std::vector<ProductNode> nodes;
  nodes.reserve(sensitivities.size());
  for (const auto& [name, sensitivity] : sensitivities) {
    nodes.push_back({name, 1000});
  }
  return CheapestPrecision(nodes, std::ref(model));
}

TEST(CheapestPrecision, NodesHaveWhatTheyNeed) {
  const std::map<std::string, Sensitivity> nodes = {
      {"harmless", {.fast = 0.1, .activations = 0.05}},
      {"values", {.fast = 9, .activations = 0.1}},
      {"weights", {.fast = 9, .activations = 8.9}},
      {"both", {.fast = 9, .activations = 4}}};
  FakeModel model(nodes, 1);
  const PrecisionChoice found = Found(model, nodes);
  EXPECT_EQ(found, (PrecisionChoice{.others = Precision::kFast,
                                    .nodes = {{"values", Precision::kActivations},
                                              {"weights", Precision::kAccurate},
                                              {"both", Precision::kAccurate}}}));
}

TEST(CheapestPrecision, OfTwoThatSufficeTheCheaperHasMore) {
  FakeModel model(
      {{"large", {.fast = 4, .activations = 0}}, {"small", {.fast = 4, .activations = 0}}}, 4);
  EXPECT_EQ(
      CheapestPrecision({{"large", 9000}, {"small", 10}}, std::ref(model)),
      (PrecisionChoice{.others = Precision::kFast, .nodes = {{"small", Precision::kActivations}}}));
}

TEST(CheapestPrecision, WhatTurnsOutNotToBeNeededIsTakenBack) {
  // The first in the order is good for nothing once the second is precise.
  const auto attempt = [](const PrecisionChoice& choice) -> PrecisionOutcome {
    const auto precise = [&](const std::string& node) {
      const auto named = choice.nodes.find(node);
      return (named != choice.nodes.end() ? named->second : choice.others) != Precision::kFast;
    };
    return {.good = precise("second"),
            .error = (precise("first") ? 0.0 : 5.0) + (precise("second") ? 0.0 : 4.0)};
  };
  EXPECT_EQ(CheapestPrecision({{"first", 1}, {"second", 1}}, attempt),
            (PrecisionChoice{.others = Precision::kFast,
                             .nodes = {{"second", Precision::kActivations}}}));
}

TEST(CheapestPrecision, TakesAboutThreeAttemptsForEachNode) {
  std::map<std::string, Sensitivity> nodes;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    nodes[std::string(1, letter)] = {.fast = 1, .activations = 0.1};
  }
  for (const double allowed : {0.0, 1.0, 10.0, 25.9}) {
    FakeModel model(nodes, allowed);
    const PrecisionChoice found = Found(model, nodes);
    EXPECT_TRUE(model(found).good) << allowed;
    EXPECT_LE(model.attempts(), 4 * static_cast<int>(nodes.size()) + 8) << allowed;
  }
}

TEST(LeastOf, KeepsWhatIsNeededOfAChoiceAndTouchesNothingElse) {
  FakeModel model({{"values", {.fast = 9, .activations = 0.1}},
                   {"weights", {.fast = 9, .activations = 8}},
                   {"harmless", {.fast = 0.1, .activations = 0}},
                   {"fast", {.fast = 0.3, .activations = 0}}},
                  1);
  EXPECT_EQ(LeastOf({.others = Precision::kFast,
                     .nodes = {{"values", Precision::kAccurate},
                               {"weights", Precision::kAccurate},
                               {"harmless", Precision::kActivations}}},
                    {{"values", 1}, {"weights", 2}, {"harmless", 3}, {"fast", 4}}, std::ref(model)),
            (PrecisionChoice{.others = Precision::kFast,
                             .nodes = {{"values", Precision::kActivations},
                                       {"weights", Precision::kAccurate}}}));
}

class PrecisionFileTest : public testing::Test {
 protected:
  // A file of its own: tests run at the same time.
  PrecisionFileTest()
      : path_(testing::TempDir() + "neuron_precision_" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + ".json") {}
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
  const PrecisionFile file = {
      {"quick", {}},
      {"exact", {.others = Precision::kAccurate, .nodes = {}}},
      {"mixed",
       {.others = Precision::kFast,
        .nodes = {{"Conv_1", Precision::kActivations}, {"Conv_7", Precision::kAccurate}}}},
      {"but_one", {.others = Precision::kAccurate, .nodes = {{"Conv_1", Precision::kFast}}}}};
  WritePrecisionFile(path_, file);
  EXPECT_EQ(ReadPrecisionFile(path_), file);
  EXPECT_EQ(PrecisionText(file.at("quick")), "fast");
  EXPECT_EQ(PrecisionText(file.at("exact")), "accurate");
  EXPECT_EQ(PrecisionText(file.at("mixed")), "1 activations, 1 accurate");
  EXPECT_EQ(PrecisionText(file.at("but_one")), "1 fast, others accurate");
}

TEST_F(PrecisionFileTest, SaysWhatIsWrongWithAFile) {
  const Failure unknown = FailureReading(R"({"model": "slow"})");
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_THAT(unknown.message,
              HasSubstr("\"slow\" is not \"fast\", \"activations\", \"accurate\" or"));
  EXPECT_EQ(FailureReading("{").code, kExitUsage);
  EXPECT_EQ(FailureReading(R"({"model": ["Conv_1"]})").code, kExitUsage);
  EXPECT_EQ(FailureReading(R"({"model": {"Conv_1": 1}})").code, kExitUsage);
  std::filesystem::remove(path_);
  try {
    ReadPrecisionFile(path_);
    FAIL() << "there is no such file";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code, kExitFile);
    EXPECT_THAT(failure.message,
                HasSubstr("--precision is fast, activations, accurate, for verify auto, or a"));
  }
}

}  // namespace
}  // namespace neuron::tools
