// SPDX-License-Identifier: Apache-2.0
// Reductions, the index of the largest, pools and normalisations.
#include <gmock/gmock.h>

#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

using Attributes = std::map<std::string, AttributeValue>;
using Ints = std::vector<int64_t>;

TEST(Reductions, OverAnyAxes) {
  for (const char* op : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                         "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}) {
    for (const Ints& axes : {Ints{0}, Ints{1}, Ints{-1}, Ints{0, 2}, Ints{0, 1, 2}}) {
      ExpectLikeHost({op,
                      {Input(Floats({3, 18, 5}, 1, 0.1F, 2.0F))},
                      Attributes{{"axes", axes}, {"keepdims", int64_t{0}}}});
    }
    ExpectLikeHost({op, {Input(Floats({3, 18, 5}, 1, 0.1F, 2.0F))}, {}});
  }
  ExpectLikeHost({"ReduceSum", {Input(Floats({3, 18, 5}, 2)), Constant(IntList({1, 2}))}, {}});
}

TEST(Arg, MaximumAndMinimumAlongAnyAxis) {
  HostTensor x = Floats({3, 18, 5}, 3);
  x.as<float>()[7] = x.as<float>()[12] = 9.0F;  // equal elements: the first counts
  for (const char* op : {"ArgMax", "ArgMin"}) {
    for (const int64_t axis : {0, 1, 2}) {
      for (const int64_t keep : {0, 1}) {
        ExpectLikeHost({op, {Input(x)}, Attributes{{"axis", axis}, {"keepdims", keep}}});
      }
    }
  }
  ExpectLikeHost({"ArgMax", {Input(Floats({40}, 4))}, {}});
}

TEST(Pools, OverWholePlanes) {
  for (const char* op : {"GlobalMaxPool", "GlobalAveragePool"}) {
    ExpectLikeHost({op, {Input(Floats({2, 18, 5, 7}, 5))}, {}});
  }
}

TEST(Normalizations, LayerInstanceAndGroup) {
  ExpectLikeHost(
      {"LayerNormalization",
       {Input(Floats({2, 5, 36}, 6)), Constant(Floats({36}, 7)), Constant(Floats({36}, 8))},
       {}});
  ExpectLikeHost({"LayerNormalization",
                  {Input(Floats({2, 5, 20}, 6)), Constant(Floats({5, 20}, 7))},
                  Attributes{{"axis", int64_t{1}}}});
  ExpectLikeHost(
      {"InstanceNormalization",
       {Input(Floats({2, 18, 5, 4}, 9)), Constant(Floats({18}, 10)), Constant(Floats({18}, 11))},
       {}});
  ExpectLikeHost(
      {"GroupNormalization",
       {Input(Floats({2, 18, 5, 4}, 12)), Constant(Floats({3}, 13)), Constant(Floats({3}, 14))},
       Attributes{{"num_groups", int64_t{3}}},
       1,
       18});
}

TEST(Pools, NormsRunOnTheHostWhereTheEnginesCannot) {
  const auto reason = testing::HasSubstr("norms with p = 1 or 2 over one or two spatial");
  EXPECT_THAT(HostReasons({"LpPool",
                           {Input(Floats({1, 2, 5, 5, 5}, 16))},
                           Attributes{{"kernel_shape", Ints{2, 2, 2}}}}),
              testing::ElementsAre(reason));
  EXPECT_THAT(HostReasons({"LpPool",
                           {Input(Floats({1, 2, 5, 5}, 17))},
                           Attributes{{"kernel_shape", Ints{2, 2}}, {"p", int64_t{3}}}}),
              testing::ElementsAre(reason));
}

TEST(Normalizations, LogSoftmaxOfLargeNumbers) {
  ExpectLikeHost({"LogSoftmax",
                  {Input(Floats({4, 37}, 15, -300.0F, 300.0F))},
                  Attributes{{"axis", int64_t{-1}}}});
}

}  // namespace
}  // namespace neuron::compiler
