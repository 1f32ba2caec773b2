// SPDX-License-Identifier: Apache-2.0
// Products of a few rows with a large matrix: nothing but the memory may bound them, or, where the
// weights stay in SBUF, the array.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "host/compiler/codegen/codegen.h"
#include "tests/unit/codegen/package_runner.h"

namespace neuron::compiler {
namespace {

constexpr int64_t kSize = 256;
constexpr uint64_t kBytesPerCycle = 10;

void Fill(HostTensor& tensor, const std::vector<int>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (tensor.type == ElementType::kInt8) {
      tensor.as<int8_t>()[i] = static_cast<int8_t>(numbers[i]);
    } else if (tensor.type == ElementType::kBfloat16) {
      const auto bits = std::bit_cast<uint32_t>(static_cast<float>(numbers[i]));
      tensor.as<uint16_t>()[i] = static_cast<uint16_t>(bits >> 16);
    } else {
      tensor.as<float>()[i] = static_cast<float>(numbers[i]);
    }
  }
}

// x [rows, 256] times a matrix of this type, of small whole numbers, so that all sums are exact.
struct Product {
  LayerGraph graph;
  HostTensor x;
  std::vector<double> y;

  Product(int64_t rows, ElementType weights) {
    const bool integer = weights == ElementType::kInt8;
    std::mt19937 random(static_cast<uint32_t>(rows));
    std::uniform_int_distribution<int> uniform(-3, 3);
    std::vector<int> left(static_cast<size_t>(rows * kSize));
    std::vector<int> right(static_cast<size_t>(kSize * kSize));
    for (int& number : left) number = uniform(random);
    for (int& number : right) number = uniform(random);
    const ElementType type = integer ? ElementType::kInt8 : ElementType::kFloat32;
    x = HostTensor(type, {rows, kSize});
    Fill(x, left);
    MatrixLayer matrix;
    matrix.is_conv = false;
    matrix.weight = HostTensor(weights, {kSize, kSize});
    Fill(matrix.weight, right);
    constexpr float kStep = 32;
    if (integer) matrix.scale = {1 / kStep};
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t m = 0; m < kSize; ++m) {
        int sum = 0;
        for (int64_t k = 0; k < kSize; ++k) {
          sum +=
              left[static_cast<size_t>(r * kSize + k)] * right[static_cast<size_t>(m * kSize + k)];
        }
        y.push_back(integer ? std::nearbyint(sum / kStep) : sum);
      }
    }
    graph.model_name = "product";
    for (const char* name : {"x", "y"}) {
      Value value;
      value.name = name;
      value.type = type;
      value.shape = {rows, kSize};
      if (integer) value.quantization = Quantization{{1.0F}, {0}, -1};
      graph.values.push_back(std::move(value));
    }
    graph.values[0].is_input = true;
    graph.values[1].is_output = true;
    graph.inputs = {0};
    graph.outputs = {1};
    Layer layer;
    layer.name = "product";
    layer.inputs = {0};
    layer.outputs = {1};
    layer.body = std::move(matrix);
    graph.layers.push_back(std::move(layer));
  }

  // Cycles of an execution, the second where weights stay; checks the result.
  uint64_t Cycles(ResidentConstants resident) const {
    PlanOptions options;
    options.cost.bytes_per_cycle = kBytesPerCycle;
    options.resident = resident;
    const auto package = GenerateCode(graph, *isa::FindConfig("sim"), options);
    EXPECT_TRUE(package.ok()) << package.status().ToString();
    const Programs programs =
        resident == ResidentConstants::kNone ? Programs::kFirst : Programs::kFirstAndRepeated;
    const PackageRun run = RunPackage(*package, {x}, 0, programs, options.cost);
    EXPECT_EQ(run.error, "");
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(run.outputs[0].ValueAt(static_cast<int64_t>(i)), y[i]) << "element " << i;
      if (run.outputs[0].ValueAt(static_cast<int64_t>(i)) != y[i]) break;
    }
    return run.cycles;
  }
};

class SmallProducts : public testing::TestWithParam<ElementType> {
 protected:
  // What the memory takes for `rows` rows of x and of y.
  static uint64_t RowCycles(int64_t rows) {
    const size_t bytes = GetParam() == ElementType::kInt8 ? 1 : 4;
    return 2 * static_cast<uint64_t>(rows * kSize) * bytes / kBytesPerCycle;
  }
};

// The margin: a chunk of weights (1 KiB a partition) waits for the array, at most 1,040 cycles, and
// x and the last results are on their way.
TEST_P(SmallProducts, TakeWhatTheMemoryNeedsForTheirWeights) {
  constexpr uint64_t kMargin = 2100;
  const uint64_t weights = kSize * kSize * ElementBytes(GetParam()) / kBytesPerCycle;
  for (int64_t rows = 1; rows <= 16; ++rows) {
    const uint64_t cycles = Product(rows, GetParam()).Cycles(ResidentConstants::kNone);
    RecordProperty("rows_" + std::to_string(rows), std::to_string(cycles));
    EXPECT_LE(cycles, weights + RowCycles(rows) + kMargin) << rows << " rows";
  }
}

// 16 x 16 weights pass into the array in 16 cycles, behind which up to 16 rows hide.
TEST_P(SmallProducts, TakeWhatTheArrayNeedsWhereWeightsStay) {
  constexpr uint64_t kMargin = 1000;
  constexpr uint64_t kPasses = (kSize / 16) * (kSize / 16);
  for (int64_t rows = 1; rows <= 16; ++rows) {
    const uint64_t cycles = Product(rows, GetParam()).Cycles(ResidentConstants::kAll);
    RecordProperty("rows_" + std::to_string(rows), std::to_string(cycles));
    EXPECT_LE(cycles, 16 * kPasses + RowCycles(rows) + kMargin) << rows << " rows";
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, SmallProducts,
                         testing::Values(ElementType::kInt8, ElementType::kBfloat16,
                                         ElementType::kFloat32),
                         [](const testing::TestParamInfo<ElementType>& info) {
                           return std::string(ElementTypeName(info.param));
                         });

}  // namespace
}  // namespace neuron::compiler
