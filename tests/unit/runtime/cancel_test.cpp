// SPDX-License-Identifier: Apache-2.0
// Asynchronous executions that are asked to end early.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

using ::testing::HasSubstr;

class RuntimeCancel : public ::testing::Test {
 protected:
  nrt::Execution Start(nrt::Model& model) {
    nrt::Result<nrt::Execution> execution = model.ExecuteAsync({{"x", &x_}}, {{"y", &y_}});
    EXPECT_TRUE(execution.ok()) << execution.status().message();
    return std::move(*execution);
  }
  void ExpectUsable() {
    const nrt::Status status = good_.Execute({{"x", &x_}}, {{"y", &y_}});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Floats(y_)[3], 3.0F * 2 + 1);
  }

  nrt::Runtime runtime_ = OpenDevice("functional:sim");
  nrt::Model good_ = LoadPackage(runtime_, ScalePackage("sim", 16, 2.0F, 1.0F));
  nrt::Model long_ = LoadPackage(runtime_, LongPackage("sim"));
  nrt::Tensor x_ = MakeTensor(runtime_, Ramp(kElements));
  nrt::Tensor y_ = MakeTensor(runtime_, kElements * sizeof(float));
};

TEST_F(RuntimeCancel, StopsARunningExecution) {
  for (int run = 0; run < 2; ++run) {
    nrt::Execution running = Start(long_);
    EXPECT_EQ(running.Wait(std::chrono::milliseconds(50)).code(), NRT_NOT_READY);
    ASSERT_TRUE(running.Cancel().ok());
    const nrt::Status status = running.Wait(kLimit);
    EXPECT_EQ(status.code(), NRT_CANCELLED);
    EXPECT_THAT(status.message(), HasSubstr("the execution of model 'long' was cancelled"));
    ExpectUsable();
  }
}

TEST_F(RuntimeCancel, EndsAQueuedExecutionAtOnce) {
  nrt::Execution running = Start(long_);
  nrt::Execution queued = Start(good_);
  nrt::Execution last = Start(good_);
  ASSERT_TRUE(queued.Cancel().ok());
  const nrt::Status status = queued.Wait(std::chrono::milliseconds(0));
  EXPECT_EQ(status.code(), NRT_CANCELLED);
  EXPECT_THAT(status.message(), HasSubstr("before it began"));
  ASSERT_TRUE(running.Cancel().ok());
  EXPECT_EQ(running.Wait(kLimit).code(), NRT_CANCELLED);
  EXPECT_TRUE(last.Wait(kLimit).ok());
  EXPECT_EQ(Floats(y_)[3], 7.0F);
}

TEST_F(RuntimeCancel, LeavesAnEndedExecutionAlone) {
  nrt::Execution ended = Start(good_);
  ASSERT_TRUE(ended.Wait(kLimit).ok());
  EXPECT_TRUE(ended.Cancel().ok());
  EXPECT_TRUE(ended.Wait(kLimit).ok());
}

TEST_F(RuntimeCancel, AtAnyMomentEitherEndsOrCancels) {
  for (int delay = 0; delay < 40; ++delay) {
    nrt::Execution execution = Start(good_);
    std::this_thread::sleep_for(std::chrono::microseconds(20 * delay));
    ASSERT_TRUE(execution.Cancel().ok());
    const nrt::Status status = execution.Wait(kLimit);
    EXPECT_TRUE(status.ok() || status.code() == NRT_CANCELLED) << status.message();
  }
  ExpectUsable();
}

TEST_F(RuntimeCancel, NeedsAnExecution) { EXPECT_EQ(nrt_cancel(nullptr), NRT_INVALID_ARGUMENT); }

}  // namespace
}  // namespace neuron::testing
