// SPDX-License-Identifier: Apache-2.0
// The same model in another schedule gives the same bits: no overlap, a random order of layers and
// places, less memory, smaller tiles. Random models, and trained ones when there is a zoo.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "host/compiler/compiler.h"
#include "host/tools/session.h"
#include "host/tools/zoo.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

using compiler::ScheduleOptions;
using tools::NamedTensors;
using tools::RunResult;
using tools::Session;
using tools::ZooModel;

constexpr const char* kSeed = "201";
constexpr const char* kCount = "60";
constexpr const char* kAccurateCount = "30";
// Trained models that are compiled and run within seconds.
constexpr const char* kZooModels[] = {"kws_dscnn_int8", "resnet8_int8", "anomaly_fp32",
                                      "wakeword_embedding"};

struct Variant {
  const char* name;
  ScheduleOptions schedule;
};

constexpr Variant kVariants[] = {
    {"Serial", {.serial = true}},
    {"Shuffled1", {.shuffle = 1}},
    {"Shuffled2", {.shuffle = 2}},
    {"LessMemory", {.sbuf_bytes = 24 << 10}},
    {"SmallTiles", {.tile_columns = 24}},
    {"All", {.serial = true, .shuffle = 3, .sbuf_bytes = 32 << 10, .tile_columns = 40}},
};

// Runs the model's first case as `schedule` says. kResourceExhausted when it does not fit.
Result<NamedTensors> RunModel(nrt::Runtime& runtime, const ZooModel& model,
                              const ScheduleOptions& schedule, bool accurate) {
  NEURON_ASSIGN_OR_RETURN(const tools::StepArrays step, ReadStep(model, model.cases[0], 0));
  compiler::CompileOptions options;
  options.import.path = model.file.string();
  options.schedule = schedule;
  options.import.accurate = accurate;
  NamedTensors inputs;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    inputs[model.inputs[i].name] = step.inputs[i];
    options.import.input_shapes[model.inputs[i].name] = step.inputs[i].shape;
  }
  NEURON_ASSIGN_OR_RETURN(const compiler::CompileOutput output, compiler::Compile(options));
  NEURON_ASSIGN_OR_RETURN(Session session, Session::Load(runtime, output.package));
  NEURON_ASSIGN_OR_RETURN(const RunResult result, session.Run(inputs, {}));
  if (!result.findings.empty()) {
    return Status(StatusCode::kExecutionError, "strict mode: " + result.findings);
  }
  return result.outputs;
}

class MetamorphicTest : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    auto runtime = nrt::Runtime::Open("functional?strict=1");
    ASSERT_TRUE(runtime.ok()) << runtime.status().message();
    runtime_ = std::make_unique<nrt::Runtime>(std::move(*runtime));
  }

  // Compares the variant with the default schedule; models that do not fit in it are counted.
  void Compare(const ZooModel& model, bool accurate = false) {
    const auto expected = RunModel(*runtime_, model, {}, accurate);
    ASSERT_TRUE(expected.ok()) << model.name << ": " << expected.status().ToString();
    const auto actual = RunModel(*runtime_, model, GetParam().schedule, accurate);
    if (actual.status().code() == StatusCode::kResourceExhausted) {
      ++too_large_;
      return;
    }
    ASSERT_TRUE(actual.ok()) << model.name << ": " << actual.status().ToString();
    ++compared_;
    for (const auto& [name, tensor] : *expected) {
      EXPECT_EQ(actual->at(name).data, tensor.data)
          << model.name << ": output '" << name << "' differs from the default schedule's";
    }
  }

  // Of the first `count` models of the seed.
  void CompareRandomModels(const char* count, bool accurate) {
    TemporaryDirectory folder;
    const ProgramResult made =
        RunProgram({*Python(), "tests/system/random/random_graphs.py", "--seed", kSeed, "--count",
                    count, "--write", folder.path().string()});
    ASSERT_EQ(made.exit_code, 0) << made.ToString();
    const auto models = tools::ReadZoo(folder.path());
    ASSERT_TRUE(models.ok()) << models.status().ToString();
    for (const ZooModel& model : models->models) {
      Compare(model, accurate);
    }
    std::cout << "seed " << kSeed << ": " << compared_ << " models compared, " << too_large_
              << " do not fit\n";
    EXPECT_GT(compared_, 4 * too_large_);
  }

  std::unique_ptr<nrt::Runtime> runtime_;
  int compared_ = 0;
  int too_large_ = 0;
};

TEST_P(MetamorphicTest, RandomModelsKeepEveryBit) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
  CompareRandomModels(kCount, false);
}

TEST_P(MetamorphicTest, AccurateRandomModelsKeepEveryBit) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
  CompareRandomModels(kAccurateCount, true);
}

TEST_P(MetamorphicTest, TrainedModelsKeepEveryBit) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  const auto zoo = tools::ReadZoo(*ZooDirectory());
  ASSERT_TRUE(zoo.ok()) << zoo.status().ToString();
  for (const ZooModel& model : zoo->models) {
    if (std::ranges::find(kZooModels, model.name) != std::end(kZooModels)) {
      Compare(model);
    }
  }
  std::cout << compared_ << " models compared, " << too_large_ << " do not fit\n";
  EXPECT_GT(compared_, 0);
}

INSTANTIATE_TEST_SUITE_P(Schedules, MetamorphicTest, testing::ValuesIn(kVariants),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace neuron::test
