// SPDX-License-Identifier: Apache-2.0
// The same model in another schedule gives the same bits: no overlap, a random order of layers and
// places, less memory, smaller tiles, weights that stay in SBUF. Random models, and trained ones
// when there is a zoo.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "host/compiler/compiler.h"
#include "host/tools/session.h"
#include "host/tools/zoo.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

using compiler::ResidentWeights;
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
  ResidentWeights resident_weights = ResidentWeights::kOff;
};

constexpr Variant kVariants[] = {
    {"Serial", {.serial = true}},
    {"Shuffled1", {.shuffle = 1}},
    {"Shuffled2", {.shuffle = 2}},
    {"LessMemory", {.sbuf_bytes = 24 << 10}},
    {"SmallTiles", {.tile_columns = 24}},
    {"Resident", {}, ResidentWeights::kOn},
    {"PartlyResident", {.sbuf_bytes = 32 << 10}, ResidentWeights::kAuto},
    {"All",
     {.serial = true, .shuffle = 3, .sbuf_bytes = 32 << 10, .tile_columns = 40},
     ResidentWeights::kAuto},
};

// How often a model runs, so that weights which stay are found.
constexpr int kRuns = 2;

// Runs the model's first case as the variant says; the outputs of each run. kResourceExhausted when
// it does not fit.
Result<std::vector<NamedTensors>> RunModel(nrt::Runtime& runtime, const ZooModel& model,
                                           const Variant& variant, bool accurate) {
  NEURON_ASSIGN_OR_RETURN(const tools::StepArrays step, ReadStep(model, model.cases[0], 0));
  compiler::CompileOptions options;
  options.import.path = model.file.string();
  options.schedule = variant.schedule;
  options.resident_weights = variant.resident_weights;
  options.import.precision.others =
      accurate ? compiler::Precision::kAccurate : compiler::Precision::kFast;
  NamedTensors inputs;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    inputs[model.inputs[i].name] = step.inputs[i];
    options.import.input_shapes[model.inputs[i].name] = step.inputs[i].shape;
  }
  NEURON_ASSIGN_OR_RETURN(const compiler::CompileOutput output, compiler::Compile(options));
  NEURON_ASSIGN_OR_RETURN(Session session, Session::Load(runtime, output.package));
  std::vector<NamedTensors> outputs;
  for (int run = 0; run < kRuns; ++run) {
    NEURON_ASSIGN_OR_RETURN(RunResult result, session.Run(inputs, {}));
    if (!result.findings.empty()) {
      return Status(StatusCode::kExecutionError, "strict mode: " + result.findings);
    }
    const bool repeats = run > 0 && !output.package.repeat_launches.empty();
    if (result.stats.weights_resident != static_cast<int32_t>(repeats)) {
      return Status(StatusCode::kInternal, "weights were not where they should be");
    }
    outputs.push_back(std::move(result.outputs));
  }
  return outputs;
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
    const auto expected = RunModel(*runtime_, model, {"Default", {}}, accurate);
    ASSERT_TRUE(expected.ok()) << model.name << ": " << expected.status().ToString();
    const auto actual = RunModel(*runtime_, model, GetParam(), accurate);
    if (actual.status().code() == StatusCode::kResourceExhausted) {
      ++too_large_;
      return;
    }
    ASSERT_TRUE(actual.ok()) << model.name << ": " << actual.status().ToString();
    ++compared_;
    for (const auto& [name, tensor] : expected->front()) {
      for (size_t run = 0; run < actual->size(); ++run) {
        EXPECT_EQ((*actual)[run].at(name).data, tensor.data)
            << model.name << ": output '" << name << "' of run " << run
            << " differs from the default schedule's";
      }
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
