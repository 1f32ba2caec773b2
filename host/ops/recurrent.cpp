// SPDX-License-Identifier: Apache-2.0
// GRU, LSTM and RNN: forward, reverse and bidirectional, in both layouts, with any activations and
// a length for each sequence.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// An activation of a gate, with ONNX's name, the parameters that it takes and their defaults.
struct Activation {
  const char* name;
  double (*apply)(double x, double alpha, double beta);
  bool takes_alpha = false;
  bool takes_beta = false;
  double alpha = 0.0;
  double beta = 0.0;
};

double Softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

constexpr Activation kActivations[] = {
    {"Sigmoid", [](double x, double, double) { return 1.0 / (1.0 + std::exp(-x)); }},
    {"Tanh", [](double x, double, double) { return std::tanh(x); }},
    {"Relu", [](double x, double, double) { return std::max(x, 0.0); }},
    {"Softsign", [](double x, double, double) { return x / (1.0 + std::fabs(x)); }},
    {"Softplus", [](double x, double, double) { return Softplus(x); }},
    {"Affine", [](double x, double a, double b) { return a * x + b; }, true, true, 1.0, 0.0},
    {"ScaledTanh", [](double x, double a, double b) { return a * std::tanh(b * x); }, true, true,
     1.0, 1.0},
    {"HardSigmoid", [](double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); },
     true, true, 0.2F, 0.5},
    {"LeakyRelu", [](double x, double a, double) { return x < 0.0 ? a * x : x; }, true, false,
     0.01F},
    {"ThresholdedRelu", [](double x, double a, double) { return x > a ? x : 0.0; }, true, false,
     1.0},
    {"Elu", [](double x, double a, double) { return x < 0.0 ? a * std::expm1(x) : x; }, true, false,
     1.0},
};

// The operands and attributes that the three operators share, checked.
struct Cell {
  int64_t steps, batch, width, hidden, directions, gates;
  bool batch_first;  // layout 1: X [batch, steps, ...], states [batch, directions, hidden]
  std::vector<float> x, w, r, b, h;
  std::vector<int64_t> lengths;         // steps of each sequence of the batch
  std::vector<Activation> activations;  // for each direction, those of one step
  double clip = std::numeric_limits<double>::infinity();
  std::string direction;

  // Activation `number` of direction d.
  double Activate(int64_t d, size_t number, double value) const {
    const size_t each = activations.size() / static_cast<size_t>(directions);
    const Activation& f = activations[static_cast<size_t>(d) * each + number];
    return f.apply(std::clamp(value, -clip, clip), f.alpha, f.beta);
  }
};

template <typename T>
std::vector<T> ListOf(const HostNode& node, const std::string& name) {
  const auto it = node.attributes.find(name);
  const auto* list =
      it == node.attributes.end() ? nullptr : std::get_if<std::vector<T>>(&it->second);
  return list == nullptr ? std::vector<T>{} : *list;
}

// The node's activations, or `own` for each direction. Their parameters come from two lists, in
// order, each only for the activations that take it.
Status ReadActivations(const Call& call, const std::vector<std::string>& own, Cell& cell) {
  std::vector<std::string> names = ListOf<std::string>(call.node, "activations");
  const bool named = !names.empty();
  for (int64_t d = 0; d < cell.directions && !named; ++d) {
    names.insert(names.end(), own.begin(), own.end());
  }
  if (names.size() != own.size() * static_cast<size_t>(cell.directions)) {
    return call.Error("has " + std::to_string(names.size()) + " activations for " +
                      std::to_string(cell.directions) + " directions");
  }
  const std::vector<float> alphas = ListOf<float>(call.node, "activation_alpha");
  const std::vector<float> betas = ListOf<float>(call.node, "activation_beta");
  size_t alpha = 0;
  size_t beta = 0;
  for (const std::string& name : names) {
    const auto* known = std::ranges::find(kActivations, name, &Activation::name);
    if (known == std::end(kActivations)) {
      return call.Error("'" + name + "' is not an activation", StatusCode::kUnsupported);
    }
    Activation& activation = cell.activations.emplace_back(*known);
    if (activation.takes_alpha && alpha < alphas.size()) {
      activation.alpha = alphas[alpha++];
    }
    if (activation.takes_beta && beta < betas.size()) {
      activation.beta = betas[beta++];
    }
  }
  return OkStatus();
}

// [outer, middle, inner] as [middle, outer, inner].
std::vector<float> SwapAxes(const std::vector<float>& from, int64_t outer, int64_t middle,
                            int64_t inner) {
  std::vector<float> to(from.size());
  for (int64_t i = 0; i < outer * middle; ++i) {
    std::copy_n(from.data() + i * inner, inner,
                to.data() + (i % middle * outer + i / middle) * inner);
  }
  return to;
}

Shape StateShape(const Cell& cell) {
  return cell.batch_first ? Shape{cell.batch, cell.directions, cell.hidden}
                          : Shape{cell.directions, cell.batch, cell.hidden};
}

// Operand `index` as [directions, batch, hidden]; zeros when it is absent.
std::vector<float> InitialState(const Call& call, const Cell& cell, size_t index) {
  if (!call.has(index)) {
    return std::vector<float>(static_cast<size_t>(ElementCount(StateShape(cell))), 0.0F);
  }
  const std::vector<float> given = call.in(index).ToFloats();
  return cell.batch_first ? SwapAxes(given, cell.batch, cell.directions, cell.hidden) : given;
}

// sequence_lens, or the whole length for each sequence.
Status ReadLengths(const Call& call, Cell& cell) {
  cell.lengths.assign(static_cast<size_t>(cell.batch), cell.steps);
  if (call.has(4)) {
    cell.lengths = call.in(4).ToInts();
  }
  const bool possible = std::ranges::all_of(
      cell.lengths, [&](int64_t length) { return length >= 0 && length <= cell.steps; });
  if (!possible || cell.lengths.size() != static_cast<size_t>(cell.batch)) {
    return call.Error("sequence_lens needs " + std::to_string(cell.batch) + " lengths from 0 to " +
                      std::to_string(cell.steps));
  }
  return OkStatus();
}

// The operands of an operator with so many gates, whose activations are `own` unless the node names
// others.
Result<Cell> CellOf(const Call& call, int64_t gates, const std::vector<std::string>& own) {
  NEURON_RETURN_IF_ERROR(call.Need(3));
  const Shape& x = call.in(0).shape;
  const Shape& w = call.in(1).shape;
  const Shape& r = call.in(2).shape;
  Cell cell;
  cell.direction = call.node.String("direction", "forward");
  cell.directions = cell.direction == "bidirectional" ? 2 : 1;
  if (x.size() != 3 || w.size() != 3 || r.size() != 3) {
    return call.Error("X, W and R must have three dimensions");
  }
  cell.gates = gates;
  cell.batch_first = call.node.Int("layout", 0) != 0;
  cell.steps = x[cell.batch_first ? 1 : 0];
  cell.batch = x[cell.batch_first ? 0 : 1];
  NEURON_RETURN_IF_ERROR(ReadLengths(call, cell));
  NEURON_RETURN_IF_ERROR(ReadActivations(call, own, cell));
  if (call.node.Has("clip")) {
    cell.clip = call.node.Float("clip", 0.0F);
  }
  cell.width = x[2];
  cell.hidden = r[2];
  const Shape want_w = {cell.directions, gates * cell.hidden, cell.width};
  const Shape want_r = {cell.directions, gates * cell.hidden, cell.hidden};
  const Shape want_b = {cell.directions, 2 * gates * cell.hidden};
  const Shape want_h = StateShape(cell);
  if (w != want_w || r != want_r || (call.has(3) && call.in(3).shape != want_b) ||
      (call.has(5) && call.in(5).shape != want_h)) {
    return call.Error("operand shapes do not fit one another");
  }
  if (!(cell.clip >= 0.0)) {
    return call.Error("attribute 'clip' is not a threshold");
  }
  cell.x = call.in(0).ToFloats();
  if (cell.batch_first) {
    cell.x = SwapAxes(cell.x, cell.batch, cell.steps, cell.width);
  }
  cell.w = call.in(1).ToFloats();
  cell.r = call.in(2).ToFloats();
  cell.b = call.has(3) ? call.in(3).ToFloats()
                       : std::vector<float>(static_cast<size_t>(ElementCount(want_b)), 0.0F);
  cell.h = InitialState(call, cell, 5);
  return cell;
}

// Row `row` of direction d's W (R) times the vector v, plus the bias of that half.
double Project(const Cell& cell, int64_t d, int64_t row, const float* v, bool recurrent) {
  const int64_t rows = cell.gates * cell.hidden;
  const int64_t depth = recurrent ? cell.hidden : cell.width;
  const float* weights = (recurrent ? cell.r : cell.w).data() + (d * rows + row) * depth;
  double sum = cell.b[static_cast<size_t>((d * 2 + (recurrent ? 1 : 0)) * rows + row)];
  for (int64_t i = 0; i < depth; ++i) {
    sum += static_cast<double>(weights[i]) * v[i];
  }
  return sum;
}

// `values` as the operator's type.
Result<HostTensor> Store(const Call& call, const std::vector<float>& values, Shape shape) {
  NEURON_ASSIGN_OR_RETURN(HostTensor tensor, Allocate(call, call.in(0).type, std::move(shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    StoreDouble(tensor, static_cast<int64_t>(i), values[i]);
  }
  return tensor;
}

// A state that each step replaced, [directions, batch, hidden] in both layouts; zeros for a
// sequence without steps, as ONNX Runtime has it.
Result<HostTensor> LastState(const Call& call, const Cell& cell, std::vector<float> values) {
  for (int64_t state = 0; state < cell.directions * cell.batch; ++state) {
    if (cell.lengths[static_cast<size_t>(state % cell.batch)] == 0) {
      std::fill_n(values.begin() + state * cell.hidden, cell.hidden, 0.0F);
    }
  }
  return Store(
      call, cell.batch_first ? SwapAxes(values, cell.directions, cell.batch, cell.hidden) : values,
      StateShape(cell));
}

// Runs `step(d, input row, state row in, state row out, batch-and-direction index)` over time and
// returns Y and Y_h. Behind the end of its sequence, Y is zero.
template <typename Step>
Result<Tensors> RunCell(const Call& call, Cell& cell, Step step) {
  const Shape shape = cell.batch_first
                          ? Shape{cell.batch, cell.steps, cell.directions, cell.hidden}
                          : Shape{cell.steps, cell.directions, cell.batch, cell.hidden};
  NEURON_ASSIGN_OR_RETURN(const HostTensor limits, Allocate(call, ElementType::kFloat32, shape));
  std::vector<float> out(static_cast<size_t>(limits.elements()));
  std::vector<float> next(static_cast<size_t>(cell.hidden));
  for (int64_t state = 0; state < cell.directions * cell.batch; ++state) {
    const int64_t d = state / cell.batch;
    const int64_t n = state % cell.batch;
    const int64_t length = cell.lengths[static_cast<size_t>(n)];
    const bool backward = cell.direction == "reverse" || d == 1;
    float* h = cell.h.data() + state * cell.hidden;
    for (int64_t i = 0; i < length; ++i) {
      const int64_t t = backward ? length - 1 - i : i;
      step(d, cell.x.data() + (t * cell.batch + n) * cell.width, h, next.data(), state);
      std::copy(next.begin(), next.end(), h);
      const int64_t row = cell.batch_first ? (n * cell.steps + t) * cell.directions + d
                                           : (t * cell.directions + d) * cell.batch + n;
      std::copy(next.begin(), next.end(), out.data() + row * cell.hidden);
    }
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Store(call, out, shape));
  Tensors result = One(std::move(y));
  NEURON_ASSIGN_OR_RETURN(HostTensor last, LastState(call, cell, cell.h));
  result.push_back(std::move(last));
  return result;
}

Result<Tensors> Rnn(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(Cell cell, CellOf(call, 1, {"Tanh"}));
  return RunCell(call, cell, [&](int64_t d, const float* x, const float* h, float* next, int64_t) {
    for (int64_t i = 0; i < cell.hidden; ++i) {
      const double sum = Project(cell, d, i, x, false) + Project(cell, d, i, h, true);
      next[i] = static_cast<float>(cell.Activate(d, 0, sum));
    }
  });
}

Result<Tensors> Gru(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(Cell cell, CellOf(call, 3, {"Sigmoid", "Tanh"}));
  const bool linear_first = call.node.Int("linear_before_reset", 0) != 0;
  const int64_t n = cell.hidden;
  std::vector<float> gated(static_cast<size_t>(n));
  std::vector<double> update(static_cast<size_t>(n));
  std::vector<double> reset(static_cast<size_t>(n));
  return RunCell(call, cell, [&](int64_t d, const float* x, const float* h, float* next, int64_t) {
    const auto gate = [&](int64_t row) {
      return cell.Activate(d, 0, Project(cell, d, row, x, false) + Project(cell, d, row, h, true));
    };
    for (int64_t i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      update[k] = gate(i);
      reset[k] = gate(n + i);
      gated[k] = static_cast<float>(reset[k] * h[i]);
    }
    for (int64_t i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      const double recurrent = linear_first ? reset[k] * Project(cell, d, 2 * n + i, h, true)
                                            : Project(cell, d, 2 * n + i, gated.data(), true);
      const double candidate =
          cell.Activate(d, 1, Project(cell, d, 2 * n + i, x, false) + recurrent);
      next[i] = static_cast<float>((1.0 - update[k]) * candidate + update[k] * h[i]);
    }
  });
}

Result<Tensors> Lstm(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(Cell cell, CellOf(call, 4, {"Sigmoid", "Tanh", "Tanh"}));
  const int64_t n = cell.hidden;
  if ((call.has(6) && call.in(6).shape != StateShape(cell)) ||
      (call.has(7) && call.in(7).shape != Shape{cell.directions, 3 * n})) {
    return call.Error("initial_c or the peepholes do not fit");
  }
  const bool coupled = call.node.Int("input_forget", 0) != 0;
  std::vector<float> c = InitialState(call, cell, 6);
  const std::vector<float> peepholes =  // [directions, (i, o, f) * hidden]
      call.has(7) ? call.in(7).ToFloats()
                  : std::vector<float>(static_cast<size_t>(cell.directions * 3 * n), 0.0F);
  NEURON_ASSIGN_OR_RETURN(
      Tensors result,
      RunCell(
          call, cell, [&](int64_t d, const float* x, const float* h, float* next, int64_t state) {
            const auto sum = [&](int64_t row) {
              return Project(cell, d, row, x, false) + Project(cell, d, row, h, true);
            };
            const float* peephole = peepholes.data() + d * 3 * n;
            for (int64_t i = 0; i < n; ++i) {  // gates in the order i, o, f, c
              float& memory = c[static_cast<size_t>(state * n + i)];
              const double enter = cell.Activate(d, 0, sum(i) + peephole[i] * memory);
              const double forget =
                  coupled ? 1.0 - enter
                          : cell.Activate(d, 0, sum(2 * n + i) + peephole[2 * n + i] * memory);
              memory =
                  static_cast<float>(forget * memory + enter * cell.Activate(d, 1, sum(3 * n + i)));
              const double leave = cell.Activate(d, 0, sum(n + i) + peephole[n + i] * memory);
              next[i] = static_cast<float>(leave * cell.Activate(d, 2, memory));
            }
          }));
  NEURON_ASSIGN_OR_RETURN(HostTensor last, LastState(call, cell, std::move(c)));
  result.push_back(std::move(last));
  return result;
}

}  // namespace

std::span<const Operator> RecurrentOperators() {
  static constexpr Operator kOperators[] = {{"GRU", Gru}, {"LSTM", Lstm}, {"RNN", Rnn}};
  return kOperators;
}

}  // namespace neuron::ops
