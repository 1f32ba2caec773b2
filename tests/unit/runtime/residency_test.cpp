// SPDX-License-Identifier: Apache-2.0
// Weights that stay in SBUF between executions: when they are found there, and when they are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

constexpr float kBias = 0.5F;
constexpr float kOtherBias = 100.0F;
constexpr uint64_t kBiasBytes = 4 * sizeof(float);

class RuntimeResidency : public ::testing::Test {
 protected:
  // Executes the model, which adds `bias` to the doubled input, and says whether its weights were
  // found. The weights of two such models lie at the same place of SBUF.
  bool FindsWeights(nrt::Model& model, float bias = kBias) {
    const nrt::Status status = model.Execute({{"x", &x_}}, {{"y", &y_}});
    EXPECT_TRUE(status.ok()) << status.message();
    for (size_t i = 0; i < kElements; ++i) {
      EXPECT_EQ(Floats(y_)[i], 2 * static_cast<float>(i) + bias) << "element " << i;
    }
    EXPECT_EQ(model.findings(), "");
    const nrt_execution_stats stats = *model.stats();
    const bool found = stats.weights_resident != 0;
    EXPECT_EQ(stats.dram_bytes_read, kBytes + (found ? 0 : kBiasBytes));
    return found;
  }

  nrt::Runtime runtime_ = OpenDevice();
  nrt::Model model_ = LoadPackage(runtime_, ResidentPackage("sim", kBias));
  nrt::Model other_ = LoadPackage(runtime_, ResidentPackage("sim", kOtherBias));
  nrt::Tensor x_ = MakeTensor(runtime_, Ramp(kElements));
  nrt::Tensor y_ = MakeTensor(runtime_, kElements * sizeof(float));
};

TEST_F(RuntimeResidency, FromTheSecondExecutionOn) {
  EXPECT_FALSE(FindsWeights(model_));
  EXPECT_TRUE(FindsWeights(model_));
  EXPECT_TRUE(FindsWeights(model_));
  EXPECT_EQ(model_.info()->resident_bytes, 16 * 4U);
}

TEST_F(RuntimeResidency, ModelsThatAlternateNeverFindThem) {
  for (int run = 0; run < 3; ++run) {
    EXPECT_FALSE(FindsWeights(model_));
    EXPECT_FALSE(FindsWeights(other_, kOtherBias));
  }
  EXPECT_TRUE(FindsWeights(other_, kOtherBias));
}

TEST_F(RuntimeResidency, AModelThatKeepsNothingMayOverwriteThem) {
  nrt::Model plain = LoadPackage(runtime_, ScalePackage("sim", 16, 3.0F, 0.0F));
  EXPECT_FALSE(FindsWeights(model_));
  ASSERT_TRUE(plain.Execute({{"x", &x_}}, {{"y", &y_}}).ok());
  EXPECT_EQ(plain.stats()->weights_resident, 0);
  EXPECT_FALSE(FindsWeights(model_));
  EXPECT_TRUE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, MemoryTransfersAndRefusedCallsLeaveThem) {
  EXPECT_FALSE(FindsWeights(model_));
  nrt::Model loaded = LoadPackage(runtime_, ResidentPackage("sim", kOtherBias));
  EXPECT_FALSE(model_.Execute({}, {}).ok());
  EXPECT_TRUE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, AReloadedModelReadsThemAgain) {
  {
    nrt::Model first = LoadPackage(runtime_, ResidentPackage("sim", kOtherBias));
    EXPECT_FALSE(FindsWeights(first, kOtherBias));
  }
  nrt::Model second = LoadPackage(runtime_, ResidentPackage("sim", kBias));
  EXPECT_FALSE(FindsWeights(second));
  EXPECT_TRUE(FindsWeights(second));
}

TEST_F(RuntimeResidency, UnloadingAnotherModelLeavesThem) {
  nrt::Model* gone = new nrt::Model(LoadPackage(runtime_, ResidentPackage("sim", kOtherBias)));
  EXPECT_FALSE(FindsWeights(*gone, kOtherBias));
  EXPECT_FALSE(FindsWeights(model_));
  delete gone;
  EXPECT_TRUE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, AnErrorInBetweenLosesThem) {
  nrt::Model gather = LoadPackage(runtime_, GatherPackage("sim"));
  nrt::Tensor x = MakeTensor(runtime_, Ramp(8));
  nrt::Tensor y = MakeTensor(runtime_, sizeof(float));
  nrt::Tensor index = MakeTensor(runtime_, std::vector<int32_t>{1000});
  EXPECT_FALSE(FindsWeights(model_));
  EXPECT_EQ(gather.Execute({{"x", &x}, {"index", &index}}, {{"y", &y}}).code(),
            NRT_EXECUTION_ERROR);
  EXPECT_FALSE(FindsWeights(model_));
  EXPECT_TRUE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, AHangInBetweenLosesThem) {
  nrt::Model hanging = LoadPackage(runtime_, HangingPackage("sim"));
  EXPECT_FALSE(FindsWeights(model_));
  EXPECT_EQ(hanging.Execute({{"x", &x_}}, {{"y", &y_}}, {.watchdog_cycles = 10000}).code(),
            NRT_TIMEOUT);
  EXPECT_FALSE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, AFailureOfTheModelItselfLosesThem) {
  ncx::PackageData package = HangingPackage("sim");
  package.repeat_launches = package.launches;
  nrt::Model model = LoadPackage(runtime_, package);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(model.Execute({{"x", &x_}}, {{"y", &y_}}, {.watchdog_cycles = 10000}).code(),
              NRT_TIMEOUT);
    EXPECT_EQ(model.stats()->weights_resident, 0) << "run " << run;
  }
}

TEST_F(RuntimeResidency, ACancelledExecutionInBetweenLosesThem) {
  nrt::Model slow = LoadPackage(runtime_, LongPackage("sim"));
  EXPECT_FALSE(FindsWeights(model_));
  nrt::Result<nrt::Execution> running = slow.ExecuteAsync({{"x", &x_}}, {{"y", &y_}});
  ASSERT_TRUE(running.ok()) << running.status().message();
  EXPECT_EQ(running->Wait(std::chrono::milliseconds(20)).code(), NRT_NOT_READY);
  ASSERT_TRUE(running->Cancel().ok());
  EXPECT_EQ(running->Wait(kLimit).code(), NRT_CANCELLED);
  EXPECT_FALSE(FindsWeights(model_));
}

TEST_F(RuntimeResidency, QueuedExecutionsFindThem) {
  std::vector<nrt::Tensor> outputs;
  std::vector<nrt::Execution> executions;
  for (int i = 0; i < 3; ++i) {
    outputs.push_back(MakeTensor(runtime_, kElements * sizeof(float)));
  }
  for (nrt::Tensor& y : outputs) {
    nrt::Result<nrt::Execution> execution = model_.ExecuteAsync({{"x", &x_}}, {{"y", &y}});
    ASSERT_TRUE(execution.ok()) << execution.status().message();
    executions.push_back(std::move(*execution));
  }
  for (nrt::Execution& execution : executions) {
    ASSERT_TRUE(execution.Wait(kLimit).ok());
  }
  EXPECT_EQ(model_.stats()->weights_resident, 1);
  EXPECT_EQ(Floats(outputs.back())[3], 6 + kBias);
}

TEST_F(RuntimeResidency, ThreadsWithAModelEachGetTheirOwnResults) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, bias = static_cast<float>(t)] {
      nrt::Model model = LoadPackage(runtime_, ResidentPackage("sim", bias));
      nrt::Tensor x = MakeTensor(runtime_, Ramp(kElements));
      nrt::Tensor y = MakeTensor(runtime_, kElements * sizeof(float));
      for (int run = 0; run < 20; ++run) {
        if (!model.Execute({{"x", &x}}, {{"y", &y}}).ok() || Floats(y)[5] != 10 + bias) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace neuron::testing
