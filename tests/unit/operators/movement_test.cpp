// SPDX-License-Identifier: Apache-2.0
// Gather, padding, repetition, depth and space, resizing.
#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

using Attributes = std::map<std::string, AttributeValue>;

TEST(Gather, ConstantIndicesInAnyOrder) {
  const HostTensor x = Floats({6, 18, 5}, 1);
  for (const int64_t axis : {0, 1, 2}) {
    ExpectLikeHost({"Gather",
                    {Input(x), Constant(IntList({4, 0, 0, 3, -1, 1, 2}))},
                    Attributes{{"axis", axis}}},
                   0.0);
  }
}

TEST(Gather, ComputedIndicesReadRowsOfATable) {
  const HostTensor table = Floats({50, 37}, 2);
  HostTensor indices = IntList({3, 0, 49, -1, -50, 7});
  ExpectLikeHost({"Gather", {Constant(table), Input(indices)}, {}}, 0.0);
  indices.shape = {2, 3};
  ExpectLikeHost({"Gather", {Constant(table), Input(indices)}, {}}, 0.0);
  ExpectLikeHost({"Gather", {Input(table), Input(indices)}, {}}, 0.0);
  indices = IntList({5});
  indices.shape = {};
  ExpectLikeHost({"Gather", {Constant(table), Input(indices)}, {}}, 0.0);
}

TEST(Gather, ComputedIndicesAlongOtherAxes) {
  const HostTensor x = Floats({3, 9, 20}, 3);
  for (const int64_t axis : {1, 2}) {
    ExpectLikeHost(
        {"Gather", {Input(x), Input(IntList({2, -1, 8, 0}))}, Attributes{{"axis", axis}}}, 0.0);
  }
}

TEST(Pad, EveryMode) {
  const HostTensor x = Floats({1, 3, 7, 9}, 4);
  for (const char* mode : {"constant", "reflect", "edge"}) {
    ExpectLikeHost({"Pad",
                    {Input(x), Constant(IntList({0, 0, 2, 1, 0, 0, 3, 4}))},
                    Attributes{{"mode", std::string(mode)}}},
                   0.0);
  }
}

TEST(Pad, NegativePadsCrop) {
  ExpectLikeHost({"Pad",
                  {Input(Floats({1, 3, 7, 9}, 5)), Constant(IntList({0, 0, -2, 1, 0, 0, 3, -4})),
                   Constant(FloatList({}, {2.5F}))},
                  {}},
                 0.0);
}

TEST(Repetition, ExpandAndTile) {
  ExpectLikeHost({"Expand", {Input(Floats({3, 1, 20}, 6)), Constant(IntList({2, 1, 4, 1}))}, {}},
                 0.0);
  ExpectLikeHost({"Expand", {Input(Floats({1}, 7)), Constant(IntList({5, 18}))}, {}}, 0.0);
  ExpectLikeHost({"Tile", {Input(Floats({2, 17, 3}, 8)), Constant(IntList({1, 2, 3}))}, {}}, 0.0);
}

TEST(DepthAndSpace, MoveBlocks) {
  for (const char* mode : {"DCR", "CRD"}) {
    ExpectLikeHost({"DepthToSpace",
                    {Input(Floats({1, 20, 3, 5}, 9))},
                    Attributes{{"blocksize", int64_t{2}}, {"mode", std::string(mode)}}},
                   0.0);
  }
  ExpectLikeHost(
      {"SpaceToDepth", {Input(Floats({1, 5, 6, 10}, 10))}, Attributes{{"blocksize", int64_t{2}}}},
      0.0);
}

struct ResizeCase {
  const char* mode;
  const char* coordinates;
  const char* rounding;
  std::vector<float> scales;
};
class Resize : public testing::TestWithParam<ResizeCase> {};

TEST_P(Resize, LikeHost) {
  const ResizeCase& c = GetParam();
  ExpectLikeHost({"Resize",
                  {Input(Floats({1, 18, 6, 7}, 11)), Operand{}, Constant(FloatList({4}, c.scales))},
                  Attributes{{"mode", std::string(c.mode)},
                             {"coordinate_transformation_mode", std::string(c.coordinates)},
                             {"nearest_mode", std::string(c.rounding)}}});
}

INSTANTIATE_TEST_SUITE_P(
    Modes, Resize,
    testing::Values(ResizeCase{"nearest", "asymmetric", "floor", {1, 1, 2, 2}},
                    ResizeCase{"nearest", "half_pixel", "round_prefer_floor", {1, 1, 3, 1.5F}},
                    ResizeCase{"nearest", "align_corners", "ceil", {1, 1, 0.6F, 2}},
                    ResizeCase{"linear", "half_pixel", "floor", {1, 1, 2, 2}},
                    ResizeCase{"linear", "asymmetric", "floor", {1, 1, 1.7F, 0.5F}},
                    ResizeCase{"linear", "align_corners", "floor", {1, 1, 4, 3}},
                    ResizeCase{"linear", "pytorch_half_pixel", "floor", {1, 1, 2, 0.4F}},
                    ResizeCase{"cubic", "half_pixel", "floor", {1, 1, 2, 1}}));

TEST(Resize, UpsampleOfOldOperatorSets) {
  ExpectLikeHost({"Upsample",
                  {Input(Floats({1, 3, 4, 5}, 12)), Constant(FloatList({4}, {1, 1, 2, 3}))},
                  {},
                  1,
                  9});
}

// ONNX Runtime 1.31 has these numbers.
TEST(Resize, ScalesBelongToTheAxesInTheirOrder) {
  const auto got = RunOnEngines({"Resize",
                                 {Input(FloatList({1, 1, 2, 3}, {0, 4, 8, 20, 40, 80})), Operand{},
                                  Constant(FloatList({2}, {2, 3}))},
                                 {{"axes", std::vector<int64_t>{3, 2}},
                                  {"mode", std::string("linear")},
                                  {"coordinate_transformation_mode", std::string("asymmetric")}},
                                 1,
                                 18});
  ASSERT_EQ(got.size(), 1U);
  ExpectClose(got[0], FloatList({1, 1, 6, 6}, {0,         2,         4,  6,  8,  8,   //
                                               6.666667F, 11.33333F, 16, 24, 32, 32,  //
                                               13.33333F, 20.66667F, 28, 42, 56, 56,  //
                                               20,        30,        40, 60, 80, 80,  //
                                               20,        30,        40, 60, 80, 80,  //
                                               20,        30,        40, 60, 80, 80}),
              1e-5);
}

// Axis 1 lies on partitions, and the second part does not start in partition 0.
TEST(Concat, OfInputsThatAreJoinedInDram) {
  ExpectLikeHost({"Concat",
                  {Input(Floats({1, 2, 1, 64}, 14)), Input(Floats({1, 1, 1, 64}, 15))},
                  Attributes{{"axis", int64_t{1}}}},
                 0.0);
}

TEST(Split, IntoUnequalParts) {
  ExpectLikeHost({"Split",
                  {Input(Floats({3, 37}, 13)), Constant(IntList({16, 20, 1}))},
                  Attributes{{"axis", int64_t{1}}},
                  3},
                 0.0);
}

TEST(Empty, PartsOfASplit) {
  ExpectLikeHost({"Split",
                  {Input(Floats({5, 37}, 16)), Constant(IntList({2, 0, 3}))},
                  Attributes{{"axis", int64_t{0}}},
                  3},
                 0.0);
}

TEST(Empty, SliceBehindTheEnd) {
  ExpectLikeHost({"Slice",
                  {Input(Floats({20, 10, 5}, 17)), Constant(IntList({1000})),
                   Constant(IntList({1000})), Constant(IntList({1}))},
                  {}},
                 0.0);
}

TEST(Empty, PiecesOfAConcatenation) {
  ExpectLikeHost({"Concat",
                  {Input(Floats({0, 7}, 18)), Input(Floats({3, 7}, 19)), Input(Floats({0, 7}, 20))},
                  Attributes{{"axis", int64_t{0}}}},
                 0.0);
}

}  // namespace
}  // namespace neuron::compiler
