// SPDX-License-Identifier: Apache-2.0
// Everything that goes wrong has a clear status, and the device works afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

using ::testing::HasSubstr;

class RuntimeErrors : public ::testing::Test {
 protected:
  // A device that still computes is usable.
  void ExpectUsable() {
    ASSERT_TRUE(x_.Write(Ramp(kElements)).ok());
    const nrt::Status status = good_.Execute({{"x", &x_}}, {{"y", &y_}});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Floats(y_)[3], 3.0F * 2 + 1);
  }
  void ExpectLoadFails(const std::vector<std::byte>& file, nrt_status code,
                       const std::string& text) {
    const nrt::Status status = runtime_.Load(file.data(), file.size()).status();
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_THAT(status.message(), HasSubstr(text));
    ExpectUsable();
  }

  nrt::Runtime runtime_ = OpenDevice();
  nrt::Model good_ = LoadPackage(runtime_, ScalePackage("sim", 16, 2.0F, 1.0F));
  nrt::Tensor x_ = MakeTensor(runtime_, kBytes);
  nrt::Tensor y_ = MakeTensor(runtime_, kBytes);
};

TEST_F(RuntimeErrors, TruncatedPackage) {
  std::vector<std::byte> file = ncx::Serialize(ScalePackage("sim", 16, 1, 0));
  file.resize(file.size() / 2);
  ExpectLoadFails(file, NRT_DATA_CORRUPT, "damaged");
}

TEST_F(RuntimeErrors, AnotherConfigurationNamesBothSides) {
  const std::vector<std::byte> file = ncx::Serialize(ScalePackage("tiny", 16, 1, 0));
  ExpectLoadFails(file, NRT_UNSUPPORTED, "compiled for configuration 'tiny'");
  ExpectLoadFails(file, NRT_UNSUPPORTED, "'functional:sim?strict=1' has configuration 'sim'");
}

TEST_F(RuntimeErrors, AnotherIsaVersionNamesBothSides) {
  ncx::PackageData package = ScalePackage("sim", 16, 1, 0);
  package.isa_version += 5;
  ExpectLoadFails(ncx::Serialize(package), NRT_UNSUPPORTED, "ISA version 6");
}

TEST_F(RuntimeErrors, MissingFile) {
  const nrt::Status status = runtime_.LoadFile("no/such/file.ncx").status();
  EXPECT_EQ(status.code(), NRT_NOT_FOUND);
  EXPECT_THAT(status.message(), HasSubstr("no/such/file.ncx"));
}

TEST_F(RuntimeErrors, TensorTooSmall) {
  nrt::Tensor small = MakeTensor(runtime_, 64);
  const nrt::Status status = good_.Execute({{"x", &small}}, {{"y", &y_}});
  EXPECT_EQ(status.code(), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message(), HasSubstr("float32 of shape [4, 16] and needs 256 bytes"));
  ExpectUsable();
}

TEST_F(RuntimeErrors, MissingAndUnknownNames) {
  EXPECT_THAT(good_.Execute({}, {{"y", &y_}}).message(), HasSubstr("input 'x'"));
  const nrt::Status status = good_.Execute({{"x", &x_}, {"z", &y_}}, {{"y", &y_}});
  EXPECT_EQ(status.code(), NRT_NOT_FOUND);
  EXPECT_THAT(status.message(), HasSubstr("no input 'z'; it has 'x'"));
  ExpectUsable();
}

TEST_F(RuntimeErrors, OneTensorForTwoNames) {
  const nrt::Status status = good_.Execute({{"x", &x_}}, {{"y", &x_}});
  EXPECT_EQ(status.code(), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(status.message(), HasSubstr("bound twice"));
  ExpectUsable();
}

TEST_F(RuntimeErrors, TensorOfAnotherDevice) {
  nrt::Runtime other = OpenDevice();
  nrt::Tensor foreign = MakeTensor(other, kBytes);
  EXPECT_THAT(good_.Execute({{"x", &foreign}}, {{"y", &y_}}).message(),
              HasSubstr("another device"));
}

TEST_F(RuntimeErrors, ReadOutsideATensor) {
  std::vector<float> values(kElements + 1);
  EXPECT_EQ(x_.Read(values).code(), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(x_.Write(values.data(), 4, SIZE_MAX).code(), NRT_INVALID_ARGUMENT);
}

TEST_F(RuntimeErrors, DeviceMemoryEnds) {
  const nrt::Status status = runtime_.Allocate(SIZE_MAX / 2).status();
  EXPECT_EQ(status.code(), NRT_RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.message(), HasSubstr("are free"));
  ExpectUsable();
}

TEST_F(RuntimeErrors, RunTimeFaultNamesInstructionAndSource) {
  nrt::Model model = LoadPackage(runtime_, GatherPackage("sim"));
  nrt::Tensor x = MakeTensor(runtime_, Ramp(8));
  nrt::Tensor y = MakeTensor(runtime_, sizeof(float));
  nrt::Tensor index = MakeTensor(runtime_, std::vector<int32_t>{5});
  ASSERT_TRUE(model.Execute({{"x", &x}, {"index", &index}}, {{"y", &y}}).ok());
  EXPECT_EQ(Floats(y)[0], 5.0F);

  ASSERT_TRUE(index.Write(std::vector<int32_t>{1000}).ok());
  for (int run = 0; run < 2; ++run) {
    const nrt::Status status = model.Execute({{"x", &x}, {"index", &index}}, {{"y", &y}});
    EXPECT_EQ(status.code(), NRT_EXECUTION_ERROR);
    EXPECT_THAT(status.message(), HasSubstr("access_range in dma0[1]"));
    EXPECT_THAT(status.message(), HasSubstr("gather_node (Gather)"));
    EXPECT_THAT(status.message(), HasSubstr("dma_copy"));
    ExpectUsable();
  }
}

TEST_F(RuntimeErrors, HangGivesAReportAndLeavesTheDeviceUsable) {
  nrt::Model model = LoadPackage(runtime_, HangingPackage("sim"));
  for (int run = 0; run < 2; ++run) {
    const nrt::Status status =
        model.Execute({{"x", &x_}}, {{"y", &y_}}, {.watchdog_cycles = 10000});
    EXPECT_EQ(status.code(), NRT_TIMEOUT);
    EXPECT_THAT(status.message(), HasSubstr("watchdog in scalar[0]"));
    EXPECT_THAT(status.message(), HasSubstr("waits on semaphore 7 = 2"));
    EXPECT_THAT(status.message(), HasSubstr("from picky_node (Identity)"));
    EXPECT_THAT(status.message(), HasSubstr("activate part=0+4 wait(s3>=1 s7==1)"));
    EXPECT_THAT(status.message(), HasSubstr("semaphores: s3=1 s7=2"));
    ExpectUsable();
  }
}

TEST_F(RuntimeErrors, AsynchronousHangArrivesAtWait) {
  nrt::Model model = LoadPackage(runtime_, HangingPackage("sim"));
  nrt::Result<nrt::Execution> execution = model.ExecuteAsync({{"x", &x_}}, {{"y", &y_}});
  ASSERT_TRUE(execution.ok());
  const nrt::Status status = execution->Wait(std::chrono::seconds(30));
  EXPECT_EQ(status.code(), NRT_TIMEOUT);
  EXPECT_THAT(status.message(), HasSubstr("hung"));
  ExpectUsable();
}

TEST_F(RuntimeErrors, NullArguments) {
  EXPECT_EQ(nrt_init("functional", nullptr), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(nrt_last_error(), HasSubstr("NULL"));
  EXPECT_EQ(nrt_execute(nullptr, nullptr, nullptr, nullptr), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(nrt_wait(nullptr, 0), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(nrt_load(nullptr, nullptr, 0, nullptr), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(nrt_close(nullptr), NRT_SUCCESS);
  EXPECT_EQ(nrt_unload(nullptr), NRT_SUCCESS);
  EXPECT_STREQ(nrt_last_error(), "");
}

TEST_F(RuntimeErrors, StructSizeMustBeSet) {
  nrt_version version = {};
  EXPECT_EQ(nrt_get_version(&version), NRT_INVALID_ARGUMENT);
  EXPECT_THAT(nrt_last_error(), HasSubstr("struct_size"));
}

TEST_F(RuntimeErrors, UnknownDevices) {
  EXPECT_EQ(nrt::Runtime::Open("warp9").status().code(), NRT_NOT_FOUND);
  EXPECT_EQ(nrt::Runtime::Open("functional:huge").status().code(), NRT_NOT_FOUND);
  EXPECT_EQ(nrt::Runtime::Open("functional?speed=9").status().code(), NRT_INVALID_ARGUMENT);
  EXPECT_EQ(nrt::Runtime::Open("?").status().code(), NRT_INVALID_ARGUMENT);
}

TEST_F(RuntimeErrors, EnvironmentNamesTheDevice) {
  ASSERT_EQ(setenv("NEURON_DEVICE", "functional:tiny", 1), 0);
  EXPECT_STREQ(OpenDevice("").info()->configuration, "tiny");
  ASSERT_EQ(unsetenv("NEURON_DEVICE"), 0);
  EXPECT_STREQ(OpenDevice("").info()->configuration, "sim");
}

TEST(RuntimeClose, WhatIsLeftFailsWithAStatus) {
  nrt_runtime* runtime = nullptr;
  ASSERT_EQ(nrt_init("functional", &runtime), NRT_SUCCESS);
  nrt_tensor* tensor = nullptr;
  ASSERT_EQ(nrt_allocate_tensor(runtime, 64, &tensor), NRT_SUCCESS);
  ASSERT_EQ(nrt_close(runtime), NRT_SUCCESS);
  float value = 0;
  EXPECT_EQ(nrt_tensor_read(tensor, &value, 0, sizeof(value)), NRT_FAILED_PRECONDITION);
  EXPECT_THAT(nrt_last_error(), HasSubstr("was closed"));
  EXPECT_EQ(nrt_free_tensor(tensor), NRT_SUCCESS);
}

}  // namespace
}  // namespace neuron::testing
