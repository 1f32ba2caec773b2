// SPDX-License-Identifier: Apache-2.0
// GRU, LSTM and RNN in every direction and form that runs on the engines.
#include <gmock/gmock.h>

#include "tests/unit/operators/operator_case.h"

namespace neuron::compiler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Attributes = std::map<std::string, AttributeValue>;

constexpr int64_t kSteps = 4;
constexpr int64_t kBatch = 2;
constexpr int64_t kWidth = 7;
constexpr int64_t kHidden = 18;

struct Form {
  std::string op;
  int64_t gates;
  std::string direction;
  bool initial_state;
  int64_t late_reset;
};

OperatorCase CaseOf(const Form& form) {
  const int64_t d = form.direction == "bidirectional" ? 2 : 1;
  const int64_t rows = form.gates * kHidden;
  OperatorCase test{form.op,
                    {Input(Floats({kSteps, kBatch, kWidth}, 1)),
                     Constant(Floats({d, rows, kWidth}, 2, -0.5F, 0.5F)),
                     Constant(Floats({d, rows, kHidden}, 3, -0.5F, 0.5F)),
                     Constant(Floats({d, 2 * rows}, 4, -0.5F, 0.5F))},
                    {{"hidden_size", kHidden}, {"direction", form.direction}},
                    2};
  if (form.initial_state) {
    test.operands.push_back({});
    test.operands.push_back(Input(Floats({d, kBatch, kHidden}, 5, -1.0F, 1.0F)));
  }
  if (form.op == "LSTM") {
    test.outputs = 3;
    if (form.initial_state) {
      test.operands.push_back(Input(Floats({d, kBatch, kHidden}, 6, -1.0F, 1.0F)));
    }
  }
  if (form.op == "GRU") {
    test.attributes["linear_before_reset"] = form.late_reset;
  }
  return test;
}

TEST(Recurrent, GruBothForms) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    for (const bool state : {false, true}) {
      for (const int64_t late : {0, 1}) {
        ExpectLikeHost(CaseOf({"GRU", 3, direction, state, late}));
      }
    }
  }
}

TEST(Recurrent, Lstm) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    for (const bool state : {false, true}) {
      ExpectLikeHost(CaseOf({"LSTM", 4, direction, state, 0}));
    }
  }
}

TEST(Recurrent, Rnn) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    for (const bool state : {false, true}) {
      ExpectLikeHost(CaseOf({"RNN", 1, direction, state, 0}));
    }
  }
}

TEST(Recurrent, RunsOnTheHostWhereTheEnginesCannot) {
  const auto with = [](OperatorCase test, const std::string& name, AttributeValue value) {
    test.attributes[name] = std::move(value);
    return test;
  };
  const OperatorCase gru = CaseOf({"GRU", 3, "forward", false, 0});
  EXPECT_THAT(HostReasons(with(gru, "activations", std::vector<std::string>{"Elu", "Affine"})),
              ElementsAre(HasSubstr("activation 'Elu' is not")));
  EXPECT_THAT(HostReasons(with(CaseOf({"LSTM", 4, "forward", false, 0}), "input_forget",
                               AttributeValue(int64_t{1}))),
              ElementsAre(HasSubstr("its input and forget gates are coupled")));
  OperatorCase uneven = gru;
  const std::vector<int32_t> lengths = {4, 2};
  uneven.operands.push_back(
      Constant(MakeTensor<int32_t>(ElementType::kInt32, {2}, std::span<const int32_t>(lengths))));
  EXPECT_THAT(HostReasons(uneven),
              ElementsAre(HasSubstr("its sequence lengths are computed or differ")));
  OperatorCase rnn = CaseOf({"RNN", 1, "forward", false, 0});
  rnn.operands[1].constant = false;
  EXPECT_THAT(HostReasons(rnn), ElementsAre(HasSubstr("its weights are computed")));
}

}  // namespace
}  // namespace neuron::compiler
