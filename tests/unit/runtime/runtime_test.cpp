// SPDX-License-Identifier: Apache-2.0
// Programs that work: results, state, host operators, statistics, asynchronous and many threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/runtime/runtime_fixture.h"

namespace neuron::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// x * 2 + 1 for the ramp from 0.
std::vector<float> Doubled(size_t count) {
  std::vector<float> values = Ramp(count);
  for (float& value : values) {
    value = value * 2 + 1;
  }
  return values;
}

TEST(Runtime, RunsAModelTwiceWithTheSameResult) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Model model = LoadPackage(runtime, ScalePackage("sim", 16, 2.0F, 1.0F));
  nrt::Tensor x = MakeTensor(runtime, Ramp(64));
  nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
  for (int run = 0; run < 2; ++run) {
    const nrt::Status status = model.Execute({{"x", &x}}, {{"y", &y}});
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Floats(y), Doubled(64));
    EXPECT_EQ(model.findings(), "");
  }
}

TEST(Runtime, DescribesDeviceModelAndTensors) {
  nrt::Runtime runtime = OpenDevice();
  ncx::PackageData package = ScalePackage("sim", 16, 2.0F, 1.0F);
  package.tensors[0].scale = {0.5F};
  package.tensors[0].zero_point = {3};
  nrt::Model model = LoadPackage(runtime, package);
  EXPECT_STREQ(runtime.info()->configuration, "sim");
  EXPECT_EQ(runtime.info()->partitions, 16U);
  EXPECT_THAT(runtime.info()->description, HasSubstr("functional"));
  EXPECT_STREQ(model.info()->name, "scale");
  EXPECT_EQ(model.info()->macs, 64U);
  ASSERT_EQ(model.inputs().size(), 1U);
  const nrt::TensorInfo x = model.inputs()[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_THAT(x.shape, ElementsAre(4, 16));
  EXPECT_EQ(x.dtype, NRT_DTYPE_FLOAT32);
  EXPECT_EQ(x.size, 256U);
  EXPECT_TRUE(x.quantized);
  EXPECT_EQ(x.zero_point, 3);
  EXPECT_EQ(model.outputs()[0].name, "y");
}

TEST(Runtime, CountsTheWorkOfAnExecution) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Model model = LoadPackage(runtime, ScalePackage("sim", 16, 2.0F, 1.0F));
  nrt::Tensor x = MakeTensor(runtime, Ramp(64));
  nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
  ASSERT_TRUE(model.Execute({{"x", &x}}, {{"y", &y}}).ok());
  const nrt_execution_stats stats = *model.stats();
  EXPECT_GT(stats.cycles, 0U);
  EXPECT_EQ(stats.cycles_measured, 0);
  EXPECT_EQ(stats.launches, 1U);
  EXPECT_EQ(stats.dram_bytes_read, 256U);
  EXPECT_EQ(stats.dram_bytes_written, 256U);
  EXPECT_EQ(stats.queue[NRT_QUEUE_SCALAR].instructions, 1U);
  EXPECT_EQ(stats.queue[NRT_QUEUE_TENSOR].instructions, 0U);
  EXPECT_GT(stats.queue[NRT_QUEUE_SCALAR].busy, 0U);
  EXPECT_NEAR(stats.utilization, 64.0 / (256.0 * static_cast<double>(stats.cycles)), 1e-12);
  EXPECT_GT(stats.total_seconds, 0);
}

TEST(Runtime, RunsHostOperatorsBetweenLaunches) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Model model = LoadPackage(runtime, HostOperatorPackage("sim"));
  nrt::Tensor x = MakeTensor(runtime, Ramp(16));
  nrt::Tensor y = MakeTensor(runtime, 16 * sizeof(float));
  const nrt::Status status = model.Execute({{"x", &x}}, {{"y", &y}});
  ASSERT_TRUE(status.ok()) << status.message();
  const std::vector<float> result = Floats(y);
  for (size_t i = 0; i < result.size(); ++i) {
    EXPECT_EQ(result[i], -2 * static_cast<float>(i) + static_cast<float>(i % 4 + 1)) << i;
  }
  EXPECT_EQ(model.info()->host_operators, 2U);
  EXPECT_EQ(model.stats()->host_operators, 2U);
}

TEST(Runtime, AsynchronousExecutionsRunInOrder) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Model model = LoadPackage(runtime, StatePackage("sim"));
  nrt::Tensor x = MakeTensor(runtime, std::vector<float>(32, 1.0F));
  std::vector<nrt::Tensor> outputs;
  std::vector<nrt::Execution> executions;
  for (int i = 0; i < 4; ++i) {
    outputs.push_back(MakeTensor(runtime, 32 * sizeof(float)));
  }
  for (nrt::Tensor& y : outputs) {
    nrt::Result<nrt::Execution> execution = model.ExecuteAsync({{"x", &x}}, {{"y", &y}});
    ASSERT_TRUE(execution.ok()) << execution.status().message();
    executions.push_back(std::move(*execution));
  }
  for (size_t i = 0; i < executions.size(); ++i) {
    ASSERT_TRUE(executions[i].Wait(std::chrono::seconds(30)).ok());
    EXPECT_EQ(Floats(outputs[i])[0], static_cast<float>(i + 1));
  }
}

TEST(Runtime, DroppedHandlesDoNotDisturbARunningExecution) {
  nrt::Runtime runtime = OpenDevice();
  nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
  {
    nrt::Model model = LoadPackage(runtime, ScalePackage("sim", 16, 2.0F, 1.0F));
    nrt::Tensor x = MakeTensor(runtime, Ramp(64));
    ASSERT_TRUE(model.ExecuteAsync({{"x", &x}}, {{"y", &y}}).ok());
  }
  // Executions are in order, so that this one's end is that of the dropped one.
  nrt::Model other = LoadPackage(runtime, StatePackage("sim"));
  nrt::Tensor x = MakeTensor(runtime, 32 * sizeof(float));
  nrt::Tensor z = MakeTensor(runtime, 32 * sizeof(float));
  nrt::Result<nrt::Execution> last = other.ExecuteAsync({{"x", &x}}, {{"y", &z}});
  ASSERT_TRUE(last->Wait(std::chrono::seconds(30)).ok());
  EXPECT_EQ(Floats(y), Doubled(64));
}

TEST(Runtime, ThreadsShareADevice) {
  nrt::Runtime runtime = OpenDevice("functional");
  nrt::Model shared = LoadPackage(runtime, ScalePackage("sim", 16, 2.0F, 1.0F));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      nrt::Model own = LoadPackage(runtime, ScalePackage("sim", 16, 2.0F, 1.0F));
      nrt::Tensor x = MakeTensor(runtime, Ramp(64));
      nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
      for (int run = 0; run < 20; ++run) {
        nrt::Model& model = run % 2 == 0 ? shared : own;
        if (!model.Execute({{"x", &x}}, {{"y", &y}}).ok() || Floats(y) != Doubled(64)) {
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

TEST(Runtime, GivesAllDeviceMemoryBack) {
  nrt::Runtime runtime = OpenDevice();
  const uint64_t before = runtime.info()->dram_free_bytes;
  for (int i = 0; i < 3; ++i) {
    nrt::Model model = LoadPackage(runtime, StatePackage("sim"));
    nrt::Tensor x = MakeTensor(runtime, 1000);
    EXPECT_LT(runtime.info()->dram_free_bytes, before);
  }
  EXPECT_EQ(runtime.info()->dram_free_bytes, before);
}

TEST(Runtime, RunsOnTheSmallestConfiguration) {
  nrt::Runtime runtime = OpenDevice("functional:tiny?strict=1");
  nrt::Model model = LoadPackage(runtime, ScalePackage("tiny", 16, 2.0F, 1.0F));
  nrt::Tensor x = MakeTensor(runtime, Ramp(64));
  nrt::Tensor y = MakeTensor(runtime, 64 * sizeof(float));
  ASSERT_TRUE(model.Execute({{"x", &x}}, {{"y", &y}}).ok());
  EXPECT_EQ(Floats(y), Doubled(64));
}

TEST(Runtime, KnowsItsVersion) {
  nrt_version version = {};
  version.struct_size = sizeof(version);
  ASSERT_EQ(nrt_get_version(&version), NRT_SUCCESS);
  EXPECT_EQ(version.major, static_cast<uint32_t>(NRT_VERSION_MAJOR));
  EXPECT_EQ(version.isa_version, isa::kIsaVersion);
}

}  // namespace
}  // namespace neuron::testing
