// SPDX-License-Identifier: Apache-2.0
#include "host/tools/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace neuron::tools {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> File(const std::string& header, size_t data_bytes) {
  std::string text = "\x93NUMPY";
  text += '\x01';
  text += '\0';
  text += static_cast<char>(header.size() & 0xFFU);
  text += static_cast<char>(header.size() >> 8);
  text += header + std::string(data_bytes, '\x01');
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

void ExpectFails(const std::string& header, StatusCode code, const std::string& text) {
  const Status status = ParseNpy(File(header, 64)).status();
  EXPECT_EQ(status.code(), code) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(text));
}

TEST(Npy, EveryTypeAndRankRoundTrips) {
  const auto path = std::filesystem::temp_directory_path() / "neuron_npy_test.npy";
  for (const ElementType type :
       {ElementType::kFloat32, ElementType::kFloat64, ElementType::kFloat16, ElementType::kInt8,
        ElementType::kUint8, ElementType::kInt16, ElementType::kInt32, ElementType::kInt64,
        ElementType::kBool}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{1, 0, 4}, Shape{1, 2, 3, 4}}) {
      HostTensor tensor(type, shape);
      for (size_t i = 0; i < tensor.data.size(); ++i) {
        tensor.data[i] = static_cast<std::byte>(i % 2);
      }
      ASSERT_TRUE(WriteNpy(path, tensor).ok());
      const Result<HostTensor> copy = ReadNpy(path);
      ASSERT_TRUE(copy.ok()) << copy.status().ToString();
      EXPECT_EQ(copy->type, type);
      EXPECT_EQ(copy->shape, shape);
      EXPECT_EQ(copy->data, tensor.data);
    }
  }
  std::filesystem::remove(path);
}

TEST(Npy, MistakesAreNamed) {
  ExpectFails("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", StatusCode::kUnsupported,
              "'>f4'");
  ExpectFails("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", StatusCode::kUnsupported,
              "Fortran");
  ExpectFails("{'descr': '<f4', 'fortran_order': False, 'shape': (99,), }",
              StatusCode::kDataCorrupt, "needs 396 bytes");
  ExpectFails("{'fortran_order': False, 'shape': (2,), }", StatusCode::kDataCorrupt, "descr");
  ExpectFails("{'descr': '<f4', 'fortran_order': False, }", StatusCode::kDataCorrupt, "shape");
  EXPECT_EQ(ReadNpy("no/such.npy").status().code(), StatusCode::kNotFound);
}

TEST(Npy, DamagedFilesAreAnswered) {
  const std::vector<std::byte> good =
      File("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 8), }", 64);
  ASSERT_TRUE(ParseNpy(good).ok());
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> bad = good;
    bad.resize(random() % (bad.size() + 1));
    for (int flips = 0; flips < 3 && !bad.empty(); ++flips) {
      bad[random() % bad.size()] = static_cast<std::byte>(random());
    }
    const Result<HostTensor> result = ParseNpy(bad);
    EXPECT_TRUE(result.ok() || !result.status().message().empty());
  }
}

}  // namespace
}  // namespace neuron::tools
