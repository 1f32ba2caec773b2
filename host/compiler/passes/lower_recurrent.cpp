// SPDX-License-Identifier: Apache-2.0
// GRU, LSTM and RNN, unrolled over their steps. The products of the inputs are one matrix layer for
// all steps; each step multiplies the state. Steps share their weights: the code generator stores
// equal constants once.
#include <algorithm>

#include "host/compiler/passes/expression.h"

namespace neuron::compiler {
namespace {

// Where the operands of the three operators are, and what their gates are called in order.
struct Form {
  size_t gates = 1;
  size_t cell_input = 0;      // LSTM: initial cell state
  size_t peephole_input = 0;  // LSTM: peephole weights
};

// The constant rows [first, first + count) of direction `d` of a [D, rows, columns] tensor.
HostTensor RowsOf(const HostTensor& tensor, int64_t d, int64_t first, int64_t count) {
  const int64_t columns = tensor.shape[2];
  const int64_t start = (d * tensor.shape[1] + first) * columns;
  return MakeTensor<float>(ElementType::kFloat32, {count, columns},
                           tensor.as<float>().subspan(static_cast<size_t>(start)));
}

// The same of a [D, entries] tensor; zeros when there is none.
std::vector<float> EntriesOf(const HostTensor* tensor, int64_t d, int64_t first, int64_t count) {
  if (tensor == nullptr) {
    return std::vector<float>(static_cast<size_t>(count), 0.0F);
  }
  const auto all = tensor->as<float>();
  const auto from = all.begin() + d * tensor->shape[1] + first;
  return {from, from + count};
}

std::vector<float> Sum(std::vector<float> a, const std::vector<float>& b) {
  std::transform(a.begin(), a.end(), b.begin(), a.begin(), std::plus<>());
  return a;
}

// Operands and attributes that are the same for every direction.
struct Operands {
  std::shared_ptr<const HostTensor> w, r, b, peepholes;
  std::vector<Activation> activations;  // for each direction, those of one step
  int64_t steps = 1, batch = 1, hidden = 1, directions = 1;
  bool reversed = false;  // the only direction runs backward
};

// One direction, step by step.
class Direction {
 public:
  Direction(Expression& e, const Operands& operands, const Form& form, int64_t d)
      : e_(e), o_(operands), d_(d), gates_(static_cast<int64_t>(form.gates)) {
    const size_t each = o_.activations.size() / static_cast<size_t>(o_.directions);
    activations_ = {o_.activations.begin() + static_cast<std::ptrdiff_t>(each) * d,
                    o_.activations.begin() + static_cast<std::ptrdiff_t>(each) * (d + 1)};
    for (int64_t g = 0; g < gates_; ++g) {
      recurrent_.push_back(RowsOf(*o_.r, d, g * o_.hidden, o_.hidden));
    }
  }

  // The part of every gate that comes from x [T, N, I], with the gate's biases; `apart` keeps the
  // recurrent bias of that gate out.
  void ProjectInputs(ValueId x, int64_t apart = -1) {
    for (int64_t g = 0; g < gates_; ++g) {
      std::vector<float> bias = InputBias(g);
      bias = g == apart ? bias : Sum(std::move(bias), RecurrentBias(g));
      projected_.push_back(
          e_.Linear(x, RowsOf(*o_.w, d_, g * o_.hidden, o_.hidden), std::move(bias)));
    }
  }

  std::vector<float> InputBias(int64_t g) const {
    return EntriesOf(o_.b.get(), d_, g * o_.hidden, o_.hidden);
  }
  std::vector<float> RecurrentBias(int64_t g) const {
    return EntriesOf(o_.b.get(), d_, (gates_ + g) * o_.hidden, o_.hidden);
  }

  // The input's part of gate g at step t, [1, N, H].
  ValueId Projected(int64_t g, int64_t t) {
    return e_.Slice(projected_[static_cast<size_t>(g)], 0, t, 1);
  }
  // The state's part of gate g.
  ValueId Recurrent(int64_t g, ValueId h, std::vector<float> bias = {}) {
    return e_.Linear(h, recurrent_[static_cast<size_t>(g)], std::move(bias));
  }
  // activation(input's part + state's part); a state of zeros (kNoValue) adds nothing.
  ValueId Gate(int64_t g, int64_t t, ValueId h, const Activation& activation) {
    const ValueId x = Projected(g, t);
    return h == kNoValue ? e_.Activate(x, activation)
                         : e_.Binary(BinaryOp::kAdd, x, Recurrent(g, h), activation);
  }

  ValueId RnnStep(int64_t t, ValueId h) { return Gate(0, t, h, activations_[0]); }

  // Gates z, r, h: h' = n + z * (h - n).
  ValueId GruStep(int64_t t, ValueId h, bool linear_before_reset) {
    const ValueId z = Gate(0, t, h, activations_[0]);
    if (h == kNoValue && !linear_before_reset) {
      const ValueId n = Gate(2, t, h, activations_[1]);
      return e_.Binary(BinaryOp::kSub, n, e_.Binary(BinaryOp::kMul, z, n));
    }
    const ValueId r = Gate(1, t, h, activations_[0]);
    const ValueId n = e_.Binary(BinaryOp::kAdd, Projected(2, t),
                                NewState(r, h, linear_before_reset), activations_[1]);
    const ValueId change =
        h == kNoValue ? e_.Affine(n, -1.0F, 0.0F) : e_.Binary(BinaryOp::kSub, h, n);
    return e_.Binary(BinaryOp::kAdd, n, e_.Binary(BinaryOp::kMul, z, change));
  }

  // Gates i, o, f, c with optional peepholes; `c` is the cell state, replaced by the next one.
  ValueId LstmStep(int64_t t, ValueId h, ValueId& c) {
    const ValueId i = Peephole(0, 0, t, h, c);
    const ValueId candidate = Gate(3, t, h, activations_[1]);
    ValueId next = e_.Binary(BinaryOp::kMul, i, candidate);
    if (c != kNoValue) {
      const ValueId kept = e_.Binary(BinaryOp::kMul, Peephole(2, 2, t, h, c), c);
      next = e_.Binary(BinaryOp::kAdd, kept, next);
    }
    c = next;
    const ValueId o = Peephole(1, 1, t, h, c);
    return e_.Binary(BinaryOp::kMul, o, e_.Activate(c, activations_[2]));
  }

 private:
  // GRU: r applied to the state before or after its product.
  ValueId NewState(ValueId r, ValueId h, bool linear_before_reset) {
    if (!linear_before_reset) {
      return Recurrent(2, e_.Binary(BinaryOp::kMul, r, h));
    }
    if (h == kNoValue) {
      return e_.AffineAlong(r, 2, RecurrentBias(2), std::vector<float>(RecurrentBias(2).size()));
    }
    return e_.Binary(BinaryOp::kMul, r, Recurrent(2, h, RecurrentBias(2)));
  }

  // LSTM gate g with peephole weights number p on the cell state.
  ValueId Peephole(int64_t g, int64_t p, int64_t t, ValueId h, ValueId c) {
    if (!o_.peepholes || c == kNoValue) {
      return Gate(g, t, h, activations_[0]);
    }
    const auto weights = EntriesOf(o_.peepholes.get(), d_, p * o_.hidden, o_.hidden);
    const ValueId seen = e_.AffineAlong(c, 2, weights, std::vector<float>(weights.size()));
    const ValueId x = Projected(g, t);
    const ValueId sum = h == kNoValue ? x : e_.Binary(BinaryOp::kAdd, x, Recurrent(g, h));
    return e_.Binary(BinaryOp::kAdd, sum, seen, activations_[0]);
  }

  Expression& e_;
  const Operands& o_;
  int64_t d_;
  int64_t gates_;
  std::vector<Activation> activations_;
  std::vector<HostTensor> recurrent_;
  std::vector<ValueId> projected_;
};

std::optional<Activation> ActivationOf(const std::string& name, float clip) {
  Activation activation;
  activation.clamp_low = -clip;
  activation.clamp_high = clip;
  if (name == "Sigmoid") {
    activation.function = Function::kSigmoid;
  } else if (name == "Tanh") {
    activation.function = Function::kTanh;
  } else if (name == "Softplus") {
    activation.function = Function::kSoftplus;
  } else if (name == "Relu") {
    activation.clamp_low = 0.0F;
  } else {
    return std::nullopt;
  }
  return activation;
}

// The node's activations, or the operator's own for each direction; a refusal for one that no
// engine applies to a sum.
Refusal ReadActivations(Lowering& lowering, const HostNode& node, Operands& operands) {
  std::vector<std::string> names;
  if (const auto it = node.attributes.find("activations"); it != node.attributes.end()) {
    if (const auto* list = std::get_if<std::vector<std::string>>(&it->second)) {
      names = *list;
    }
  }
  const std::vector<std::string> one = node.op_type == "RNN" ? std::vector<std::string>{"Tanh"}
                                       : node.op_type == "GRU"
                                           ? std::vector<std::string>{"Sigmoid", "Tanh"}
                                           : std::vector<std::string>{"Sigmoid", "Tanh", "Tanh"};
  if (names.empty()) {
    for (int64_t d = 0; d < operands.directions; ++d) {
      names.insert(names.end(), one.begin(), one.end());
    }
  }
  if (names.size() != one.size() * static_cast<size_t>(operands.directions)) {
    return lowering.Invalid(node, "its activations do not fit its directions");
  }
  for (const std::string& name : names) {
    const auto activation = ActivationOf(name, node.Float("clip", kNoLimit));
    if (!activation) {
      return "activation '" + name + "' is not Sigmoid, Tanh, Relu or Softplus";
    }
    operands.activations.push_back(*activation);
  }
  return std::nullopt;
}

// Whether operand `index` is absent, or a float32 constant of this shape.
bool Fits(const std::shared_ptr<const HostTensor>& tensor, const Shape& shape) {
  return !tensor || (tensor->type == ElementType::kFloat32 && tensor->shape == shape);
}

Refusal ReadWeights(Lowering& lowering, const HostNode& node, const Form& form,
                    Operands& operands) {
  const auto constant = [&](size_t index) {
    return Lowering::Has(node, index) ? lowering.ConstantOf(node.inputs[index])
                                      : std::shared_ptr<const HostTensor>();
  };
  operands.w = constant(1);
  operands.r = constant(2);
  operands.b = constant(3);
  operands.peepholes = form.peephole_input == 0 ? nullptr : constant(form.peephole_input);
  if (!operands.w || !operands.r || (Lowering::Has(node, 3) && !operands.b) ||
      (form.peephole_input != 0 && Lowering::Has(node, form.peephole_input) &&
       !operands.peepholes)) {
    return "its weights are computed";
  }
  const int64_t d = operands.directions;
  const auto gates = static_cast<int64_t>(form.gates);
  const Shape& x = lowering.info(node.inputs[0]).shape;
  operands.hidden = operands.r->shape.size() == 3 ? operands.r->shape[2] : 0;
  const int64_t h = operands.hidden;
  if (!Fits(operands.w, {d, gates * h, x[2]}) || !Fits(operands.r, {d, gates * h, h}) ||
      !Fits(operands.b, {d, 2 * gates * h}) || !Fits(operands.peepholes, {d, 3 * h})) {
    return lowering.Invalid(node, "its weights do not fit the input " + ShapeToString(x));
  }
  return std::nullopt;
}

Refusal ReadOperands(Lowering& lowering, const HostNode& node, const Form& form,
                     Operands& operands) {
  constexpr int64_t kMaxSteps = 512;
  const Shape& x = lowering.info(node.inputs[0]).shape;
  if (x.size() != 3) {
    return lowering.Invalid(node, "its input must have three dimensions");
  }
  const bool batch_first = node.Int("layout", 0) != 0;
  const std::string direction = node.String("direction", "forward");
  operands.directions = direction == "bidirectional" ? 2 : 1;
  operands.reversed = direction == "reverse";
  operands.steps = x[batch_first ? 1 : 0];
  operands.batch = x[batch_first ? 0 : 1];
  if (operands.steps > kMaxSteps) {
    return "it has " + std::to_string(operands.steps) + " steps, and up to " +
           std::to_string(kMaxSteps) + " are unrolled; call the model with a shorter sequence";
  }
  if (Lowering::Has(node, 4)) {
    const auto lengths = lowering.ConstantOf(node.inputs[4]);
    const auto full = [&](int64_t n) { return n == operands.steps; };
    const auto list = lengths ? lengths->ToInts() : std::vector<int64_t>();
    if (!lengths || !std::all_of(list.begin(), list.end(), full)) {
      return "its sequence lengths are computed or differ; whole sequences are unrolled";
    }
  }
  if (auto refusal = ReadWeights(lowering, node, form, operands)) {
    return refusal;
  }
  return ReadActivations(lowering, node, operands);
}

// The whole operator.
class Unroller {
 public:
  Unroller(Lowering& lowering, const HostNode& node, const Form& form, const Operands& operands)
      : node_(node),
        e_(lowering, node),
        form_(form),
        o_(operands),
        batch_first_(node.Int("layout", 0) != 0) {}

  void Lower() {
    ValueId x = e_.Input(0);
    x = batch_first_ ? e_.Transpose(x, {1, 0, 2}) : x;
    std::vector<ValueId> all, last, cells;
    for (int64_t d = 0; d < o_.directions; ++d) {
      RunDirection(x, d, all, last, cells);
    }
    FinishSequence(all);
    FinishState(last, 1);
    FinishState(cells, 2);
  }

 private:
  // [1, N, H] of an initial state [D, N, H] (or [N, D, H]); kNoValue for one of zeros.
  ValueId InitialState(size_t input, int64_t d) {
    if (input == 0 || !Lowering::Has(node_, input)) {
      return kNoValue;
    }
    ValueId state = e_.Input(input);
    state = batch_first_ ? e_.Transpose(state, {1, 0, 2}) : state;
    return e_.Slice(state, 0, d, 1);
  }

  void RunDirection(ValueId x, int64_t d, std::vector<ValueId>& all, std::vector<ValueId>& last,
                    std::vector<ValueId>& cells) {
    Direction direction(e_, o_, form_, d);
    const bool gru = node_.op_type == "GRU";
    const bool late_reset = gru && node_.Int("linear_before_reset", 0) != 0;
    direction.ProjectInputs(x, late_reset ? 2 : -1);
    ValueId h = InitialState(5, d);
    ValueId c = InitialState(form_.cell_input, d);
    const bool backward = o_.reversed || d == 1;
    std::vector<ValueId> steps(static_cast<size_t>(o_.steps));
    for (int64_t i = 0; i < o_.steps; ++i) {
      const int64_t t = backward ? o_.steps - 1 - i : i;
      h = gru                       ? direction.GruStep(t, h, late_reset)
          : node_.op_type == "LSTM" ? direction.LstmStep(t, h, c)
                                    : direction.RnnStep(t, h);
      steps[static_cast<size_t>(t)] = h;
    }
    const ValueId sequence = steps.size() == 1 ? h : e_.Concat(steps, 0);
    all.push_back(e_.Reshape(sequence, {o_.steps, 1, o_.batch, o_.hidden}));
    last.push_back(h);
    cells.push_back(c);
  }

  bool Wanted(size_t output) const {
    return output < node_.outputs.size() && !node_.outputs[output].empty();
  }

  void FinishSequence(const std::vector<ValueId>& all) {
    if (Wanted(0)) {
      const ValueId y = all.size() == 1 ? all[0] : e_.Concat(all, 1);
      e_.Finish(batch_first_ ? e_.Transpose(y, {2, 0, 1, 3}) : y, 0);
    }
  }

  void FinishState(const std::vector<ValueId>& states, size_t output) {
    if (Wanted(output)) {
      const ValueId y = states.size() == 1 ? states[0] : e_.Concat(states, 0);
      e_.Finish(batch_first_ ? e_.Transpose(y, {1, 0, 2}) : y, output);
    }
  }

  const HostNode& node_;
  Expression e_;
  const Form& form_;
  const Operands& o_;
  bool batch_first_;
};

Refusal LowerRecurrent(Lowering& lowering, const HostNode& node, const Form& form) {
  if (lowering.info(node.inputs[0]).type != ElementType::kFloat32) {
    return lowering.NeedFloats(node);
  }
  Operands operands;
  if (auto refusal = ReadOperands(lowering, node, form, operands)) {
    return refusal;
  }
  if (node.Int("input_forget", 0) != 0) {
    return "its input and forget gates are coupled";
  }
  Unroller(lowering, node, form, operands).Lower();
  return std::nullopt;
}

Refusal LowerGru(Lowering& lowering, const HostNode& node) {
  return LowerRecurrent(lowering, node, Form{3, 0, 0});
}

Refusal LowerLstm(Lowering& lowering, const HostNode& node) {
  return LowerRecurrent(lowering, node, Form{4, 6, 7});
}

Refusal LowerRnn(Lowering& lowering, const HostNode& node) {
  return LowerRecurrent(lowering, node, Form{1, 0, 0});
}

}  // namespace

std::span<const OperatorRule> RecurrentRules() {
  static constexpr OperatorRule kRules[] = {
      {"GRU", LowerGru}, {"LSTM", LowerLstm}, {"RNN", LowerRnn}};
  return kRules;
}

}  // namespace neuron::compiler
