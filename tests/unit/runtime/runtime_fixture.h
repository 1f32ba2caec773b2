// SPDX-License-Identifier: Apache-2.0
// What the runtime tests share: a device, sample packages on it, and inputs and outputs.
#ifndef NEURON_TESTS_UNIT_RUNTIME_RUNTIME_FIXTURE_H_
#define NEURON_TESTS_UNIT_RUNTIME_RUNTIME_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "neuron/nrt.hpp"
#include "tests/unit/ncx/sample_package.h"

namespace neuron::testing {

inline constexpr char kDevice[] = "functional:sim?strict=1";
// Of input and output of the sample packages, but for those with states.
inline constexpr size_t kElements = 64;
inline constexpr size_t kBytes = kElements * sizeof(float);
// For what must end.
inline constexpr std::chrono::seconds kLimit(60);

inline nrt::Runtime OpenDevice(const std::string& uri = kDevice) {
  nrt::Result<nrt::Runtime> runtime = nrt::Runtime::Open(uri);
  EXPECT_TRUE(runtime.ok()) << runtime.status().message();
  return std::move(*runtime);
}

inline nrt::Model LoadPackage(nrt::Runtime& runtime, const ncx::PackageData& package) {
  const std::vector<std::byte> file = ncx::Serialize(package);
  nrt::Result<nrt::Model> model = runtime.Load(file.data(), file.size());
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(*model);
}

inline nrt::Tensor MakeTensor(nrt::Runtime& runtime, size_t bytes) {
  nrt::Result<nrt::Tensor> tensor = runtime.Allocate(bytes);
  EXPECT_TRUE(tensor.ok()) << tensor.status().message();
  return std::move(*tensor);
}

template <typename T>
nrt::Tensor MakeTensor(nrt::Runtime& runtime, const std::vector<T>& values) {
  nrt::Tensor tensor = MakeTensor(runtime, values.size() * sizeof(T));
  EXPECT_TRUE(tensor.Write(values).ok());
  return tensor;
}

inline std::vector<float> Floats(const nrt::Tensor& tensor) {
  std::vector<float> values(tensor.size() / sizeof(float));
  EXPECT_TRUE(tensor.Read(values).ok());
  return values;
}

// `count` values: first, first + 1, ...
inline std::vector<float> Ramp(size_t count, float first = 0) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = first + static_cast<float>(i);
  }
  return values;
}

}  // namespace neuron::testing

#endif  // NEURON_TESTS_UNIT_RUNTIME_RUNTIME_FIXTURE_H_
