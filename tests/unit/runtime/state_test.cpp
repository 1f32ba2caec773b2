// SPDX-License-Identifier: Apache-2.0
// What a model remembers between executions, and for how many streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

using ::testing::HasSubstr;

constexpr size_t kStateElements = 32;

nrt::State Take(nrt::Result<nrt::State> state) {
  EXPECT_TRUE(state.ok()) << state.status().message();
  return std::move(*state);
}

std::vector<float> Values(const nrt::State& state) {
  std::vector<float> values(kStateElements);
  EXPECT_TRUE(state.Read(0, values).ok());
  return values;
}

class RuntimeState : public ::testing::TestWithParam<StateUpdate> {
 protected:
  // Adds 1.5 to each element of the sum that `state` holds; returns element 31 of the output.
  float Step(nrt::State* state = nullptr) {
    nrt::ExecuteOptions options;
    options.state = state;
    const nrt::Status status = model_.Execute({{"x", &x_}}, {{"y", &y_}}, options);
    EXPECT_TRUE(status.ok()) << status.message();
    return Floats(y_)[kStateElements - 1];
  }

  nrt::Runtime runtime_ = OpenDevice();
  nrt::Model model_ = LoadPackage(runtime_, StatePackage("sim", GetParam()));
  nrt::Tensor x_ = MakeTensor(runtime_, std::vector<float>(kStateElements, 1.5F));
  nrt::Tensor y_ = MakeTensor(runtime_, kStateElements * sizeof(float));
};

TEST_P(RuntimeState, StaysOnTheDeviceUntilReset) {
  EXPECT_EQ(Step(), 1.5F);
  EXPECT_EQ(Step(), 3.0F);
  EXPECT_EQ(Step(), 4.5F);
  nrt::State state = Take(model_.state());
  EXPECT_EQ(Values(state)[0], 4.5F);
  ASSERT_TRUE(state.Reset().ok());
  EXPECT_EQ(Step(), 1.5F);
}

TEST_P(RuntimeState, CanBeWritten) {
  nrt::State state = Take(model_.state());
  Step();
  ASSERT_TRUE(state.Write(0, std::vector<float>(kStateElements, 100.0F)).ok());
  EXPECT_EQ(Step(), 101.5F);
  EXPECT_EQ(Step(), 103.0F);
}

TEST_P(RuntimeState, EveryStreamHasItsOwn) {
  nrt::State first = Take(model_.AllocateState());
  nrt::State second = Take(model_.AllocateState());
  EXPECT_EQ(Step(&first), 1.5F);
  EXPECT_EQ(Step(&first), 3.0F);
  EXPECT_EQ(Step(&second), 1.5F);
  EXPECT_EQ(Step(), 1.5F);
  EXPECT_EQ(Step(&first), 4.5F);
  EXPECT_EQ(Values(second)[7], 1.5F);
}

TEST_P(RuntimeState, QueuedExecutionsOfAStreamFollowOneAnother) {
  nrt::State stream = Take(model_.AllocateState());
  nrt::ExecuteOptions options;
  options.state = &stream;
  std::vector<nrt::Execution> executions;
  for (int i = 0; i < 5; ++i) {
    nrt::Result<nrt::Execution> execution =
        model_.ExecuteAsync({{"x", &x_}}, {{"y", &y_}}, options);
    ASSERT_TRUE(execution.ok()) << execution.status().message();
    executions.push_back(std::move(*execution));
  }
  for (nrt::Execution& execution : executions) {
    EXPECT_TRUE(execution.Wait(std::chrono::seconds(30)).ok());
  }
  EXPECT_EQ(Values(stream)[0], 7.5F);
}

TEST_P(RuntimeState, OutlivesItsHandleAndItsModel) {
  nrt::Result<nrt::Execution> execution = nrt::Status();
  {
    nrt::Model other = LoadPackage(runtime_, StatePackage("sim", GetParam()));
    nrt::State state = Take(other.AllocateState());
    nrt::ExecuteOptions options;
    options.state = &state;
    execution = other.ExecuteAsync({{"x", &x_}}, {{"y", &y_}}, options);
  }
  ASSERT_TRUE(execution->Wait(std::chrono::seconds(30)).ok());
  EXPECT_EQ(Floats(y_)[0], 1.5F);
}

TEST_P(RuntimeState, OfAnotherModelIsRefused) {
  nrt::Model other = LoadPackage(runtime_, StatePackage("sim", GetParam()));
  nrt::State foreign = Take(other.AllocateState());
  nrt::ExecuteOptions options;
  options.state = &foreign;
  const nrt::Status status = model_.Execute({{"x", &x_}}, {{"y", &y_}}, options);
  EXPECT_EQ(status.code(), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message(), HasSubstr("allocate one of the model that is executed"));
}

TEST_P(RuntimeState, IsReadAndWrittenInsideItsTensors) {
  nrt::State state = Take(model_.state());
  std::vector<float> values(kStateElements + 1);
  const nrt::Status status = state.Read(0, values);
  EXPECT_EQ(status.code(), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message(), HasSubstr("132 bytes at offset 0 are outside state 'sum' of 128"));
  EXPECT_EQ(state.Write(0, values.data(), 4, SIZE_MAX).code(), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(state.Read(1, values).code(), NRT_NOT_FOUND);
}

TEST_P(RuntimeState, GivesItsDeviceMemoryBack) {
  const uint64_t before = runtime_.info()->dram_free_bytes;
  {
    nrt::State state = Take(model_.AllocateState());
    EXPECT_LT(runtime_.info()->dram_free_bytes, before);
  }
  EXPECT_EQ(runtime_.info()->dram_free_bytes, before);
}

INSTANTIATE_TEST_SUITE_P(Updates, RuntimeState,
                         ::testing::Values(StateUpdate::kInPlace, StateUpdate::kExchanged),
                         [](const auto& test) {
                           return test.param == StateUpdate::kInPlace ? "InPlace" : "Exchanged";
                         });

TEST(RuntimeFailedExecution, LeavesTheStateAsItWas) {
  nrt::Runtime runtime = OpenDevice();
  ncx::PackageData package = HangingPackage("sim");
  AddIdleState(package);
  nrt::Model model = LoadPackage(runtime, package);
  nrt::Tensor x = MakeTensor(runtime, Ramp(64));
  nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
  nrt::State state = Take(model.state());
  ASSERT_TRUE(state.Write(0, Ramp(kStateElements, 5)).ok());
  EXPECT_EQ(model.Execute({{"x", &x}}, {{"y", &y}}, {.watchdog_cycles = 10000}).code(),
            NRT_TIMEOUT);
  EXPECT_EQ(Values(state), Ramp(kStateElements, 5));
}

TEST(RuntimeSharedSegments, InputsAndOutputsAreCopied) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Model model = LoadPackage(runtime, SharedSegmentsPackage("sim", 16, 2.0F, 1.0F));
  nrt::Tensor x0 = MakeTensor(runtime, Ramp(kStateElements));
  nrt::Tensor x1 = MakeTensor(runtime, Ramp(kStateElements, 100));
  nrt::Tensor y0 = MakeTensor(runtime, kStateElements * sizeof(float));
  nrt::Tensor y1 = MakeTensor(runtime, kStateElements * sizeof(float));
  const nrt::Status status = model.Execute({{"x0", &x0}, {"x1", &x1}}, {{"y0", &y0}, {"y1", &y1}});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(Floats(y0)[3], 7.0F);
  EXPECT_EQ(Floats(y1)[3], 207.0F);
}

}  // namespace
}  // namespace neuron::testing
