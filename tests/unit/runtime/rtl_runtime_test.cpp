// SPDX-License-Identifier: Apache-2.0
// The runtime on the Verilated chip: the same programs, errors and hangs as on the functional
// model, through the simulated host link.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

using ::testing::HasSubstr;

class RtlRuntime : public ::testing::TestWithParam<const char*> {
 protected:
  nrt::Runtime runtime_ = OpenDevice(GetParam());
  nrt::Model good_ = LoadPackage(runtime_, ScalePackage("tiny", 16, 2.0F, 1.0F));
  nrt::Tensor x_ = MakeTensor(runtime_, Ramp(64));
  nrt::Tensor y_ = MakeTensor(runtime_, 64 * sizeof(float));

  void ExpectUsable() {
    const nrt::Status status = good_.Execute({{"x", &x_}}, {{"y", &y_}});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Floats(y_)[63], 127.0F);
    EXPECT_EQ(good_.stats()->cycles_measured, 1);
    EXPECT_EQ(good_.stats()->dram_bytes_read, 256U);
  }
};

TEST_P(RtlRuntime, RunsTwice) {
  ExpectUsable();
  ExpectUsable();
}

TEST_P(RtlRuntime, StateStaysOnTheDevice) {
  nrt::Model model = LoadPackage(runtime_, StatePackage("tiny"));
  nrt::Tensor x = MakeTensor(runtime_, std::vector<float>(32, 1.5F));
  nrt::Tensor y = MakeTensor(runtime_, 32 * sizeof(float));
  ASSERT_TRUE(model.Execute({{"x", &x}}, {{"y", &y}}).ok());
  ASSERT_TRUE(model.Execute({{"x", &x}}, {{"y", &y}}).ok());
  EXPECT_EQ(Floats(y)[31], 3.0F);
}

TEST_P(RtlRuntime, WeightsStayInSbufUntilAnotherModelRuns) {
  nrt::Model model = LoadPackage(runtime_, ResidentPackage("tiny", 0.5F));
  nrt::Model other = LoadPackage(runtime_, ResidentPackage("tiny", 100.0F));
  const auto finds_weights = [&](nrt::Model& which, float bias) {
    EXPECT_TRUE(which.Execute({{"x", &x_}}, {{"y", &y_}}).ok());
    EXPECT_EQ(Floats(y_)[63], 126.0F + bias);
    return which.stats()->weights_resident != 0;
  };
  EXPECT_FALSE(finds_weights(model, 0.5F));
  EXPECT_TRUE(finds_weights(model, 0.5F));
  EXPECT_EQ(model.stats()->dram_bytes_read, 256U);
  EXPECT_FALSE(finds_weights(other, 100.0F));
  EXPECT_FALSE(finds_weights(model, 0.5F));
  EXPECT_TRUE(finds_weights(model, 0.5F));
}

TEST_P(RtlRuntime, RunTimeFaultNamesInstructionAndSource) {
  nrt::Model model = LoadPackage(runtime_, GatherPackage("tiny"));
  nrt::Tensor x = MakeTensor(runtime_, Ramp(8));
  nrt::Tensor y = MakeTensor(runtime_, sizeof(float));
  nrt::Tensor index = MakeTensor(runtime_, std::vector<int32_t>{1000});
  const nrt::Status status = model.Execute({{"x", &x}, {"index", &index}}, {{"y", &y}});
  EXPECT_EQ(status.code(), NRT_EXECUTION_ERROR);
  EXPECT_THAT(status.message(), HasSubstr("access_range in dma0[1]"));
  EXPECT_THAT(status.message(), HasSubstr("gather_node (Gather)"));
  ExpectUsable();
}

TEST_P(RtlRuntime, WatchdogGivesAHangReport) {
  nrt::Model model = LoadPackage(runtime_, HangingPackage("tiny"));
  const nrt::Status status = model.Execute({{"x", &x_}}, {{"y", &y_}}, {.watchdog_cycles = 2000});
  EXPECT_EQ(status.code(), NRT_TIMEOUT);
  EXPECT_THAT(status.message(), HasSubstr("watchdog in scalar[0]"));
  EXPECT_THAT(status.message(), HasSubstr("its waits: s3>=1 s7==1"));
  EXPECT_THAT(status.message(), HasSubstr("semaphores: s3=1 s7=2"));
  ExpectUsable();
}

TEST_P(RtlRuntime, WallClockTimeoutStopsTheLaunch) {
  nrt::Model model = LoadPackage(runtime_, HangingPackage("tiny"));
  const nrt::Status status =
      model.Execute({{"x", &x_}}, {{"y", &y_}},
                    {.timeout = std::chrono::milliseconds(300), .watchdog_cycles = UINT32_MAX});
  EXPECT_EQ(status.code(), NRT_TIMEOUT);
  EXPECT_THAT(status.message(), HasSubstr("has not ended after 300 ms and was stopped"));
  EXPECT_THAT(status.message(), HasSubstr("waits on semaphore 7 = 2, for s3>=1 s7==1"));
  EXPECT_THAT(status.message(), HasSubstr("from picky_node (Identity)"));
  ExpectUsable();
}

INSTANTIATE_TEST_SUITE_P(Devices, RtlRuntime,
                         ::testing::Values("rtl:tiny", "rtl:tiny?memory=link",
                                           "rtl:tiny?stall_percent=30&latency=150&seed=5"));

}  // namespace
}  // namespace neuron::testing
