// SPDX-License-Identifier: Apache-2.0
// GRU and LSTM with the default activations, forward, reverse and bidirectional, in both layouts.
#include <algorithm>
#include <cmath>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

double SigmoidOf(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// The operands that GRU and LSTM share, checked.
struct Cell {
  int64_t steps, batch, width, hidden, directions, gates;
  bool batch_first;  // layout 1: X [batch, steps, ...], states [batch, directions, hidden]
  std::vector<float> x, w, r, b, h;
  std::string direction;
};

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

Result<Cell> CellOf(const Call& call, int64_t gates) {
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
  const bool partial = call.has(4) && std::ranges::any_of(call.in(4).ToInts(), [&](int64_t length) {
                         return length != cell.steps;
                       });
  if (call.node.Has("activations") || call.node.Has("clip") || partial) {
    return call.Error(
        "activations, clip and sequence_lens other than the defaults are not supported",
        StatusCode::kUnsupported);
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

// Runs `step(d, input row, state row in, state row out, batch-and-direction index)` over time.
template <typename Step>
Result<HostTensor> RunCell(const Call& call, Cell& cell, Step step) {
  const Shape shape = cell.batch_first
                          ? Shape{cell.batch, cell.steps, cell.directions, cell.hidden}
                          : Shape{cell.steps, cell.directions, cell.batch, cell.hidden};
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, ElementType::kFloat32, shape));
  float* out = y.as<float>().data();
  std::vector<float> next(static_cast<size_t>(cell.hidden));
  for (int64_t d = 0; d < cell.directions; ++d) {
    const bool backward = cell.direction == "reverse" || d == 1;
    for (int64_t i = 0; i < cell.steps; ++i) {
      const int64_t t = backward ? cell.steps - 1 - i : i;
      for (int64_t n = 0; n < cell.batch; ++n) {
        const int64_t state = d * cell.batch + n;
        float* h = cell.h.data() + state * cell.hidden;
        step(d, cell.x.data() + (t * cell.batch + n) * cell.width, h, next.data(), state);
        std::copy(next.begin(), next.end(), h);
        const int64_t row = cell.batch_first ? (n * cell.steps + t) * cell.directions + d
                                             : (t * cell.directions + d) * cell.batch + n;
        std::copy(next.begin(), next.end(), out + row * cell.hidden);
      }
    }
  }
  return y;
}

HostTensor State(const Cell& cell, const std::vector<float>& values) {
  const std::vector<float> stored =
      cell.batch_first ? SwapAxes(values, cell.directions, cell.batch, cell.hidden) : values;
  return MakeTensor<float>(ElementType::kFloat32, StateShape(cell), std::span<const float>(stored));
}

Result<Tensors> Gru(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(Cell cell, CellOf(call, 3));
  const bool linear_first = call.node.Int("linear_before_reset", 0) != 0;
  const int64_t n = cell.hidden;
  std::vector<float> gated(static_cast<size_t>(n));
  std::vector<double> update(static_cast<size_t>(n));
  std::vector<double> reset(static_cast<size_t>(n));
  NEURON_ASSIGN_OR_RETURN(
      HostTensor y,
      RunCell(call, cell, [&](int64_t d, const float* x, const float* h, float* next, int64_t) {
        for (int64_t i = 0; i < n; ++i) {
          const auto k = static_cast<size_t>(i);
          update[k] = SigmoidOf(Project(cell, d, i, x, false) + Project(cell, d, i, h, true));
          reset[k] =
              SigmoidOf(Project(cell, d, n + i, x, false) + Project(cell, d, n + i, h, true));
          gated[k] = static_cast<float>(reset[k] * h[i]);
        }
        for (int64_t i = 0; i < n; ++i) {
          const auto k = static_cast<size_t>(i);
          const double recurrent = linear_first ? reset[k] * Project(cell, d, 2 * n + i, h, true)
                                                : Project(cell, d, 2 * n + i, gated.data(), true);
          const double candidate = std::tanh(Project(cell, d, 2 * n + i, x, false) + recurrent);
          next[i] = static_cast<float>((1.0 - update[k]) * candidate + update[k] * h[i]);
        }
      }));
  Tensors result = One(std::move(y));
  result.push_back(State(cell, cell.h));
  return result;
}

Result<Tensors> Lstm(const Call& call) {
  NEURON_ASSIGN_OR_RETURN(Cell cell, CellOf(call, 4));
  const int64_t n = cell.hidden;
  if ((call.has(6) && call.in(6).shape != StateShape(cell)) ||
      (call.has(7) && call.in(7).shape != Shape{cell.directions, 3 * n})) {
    return call.Error("initial_c or the peepholes do not fit");
  }
  std::vector<float> c = InitialState(call, cell, 6);
  const std::vector<float> peepholes =  // [directions, (i, o, f) * hidden]
      call.has(7) ? call.in(7).ToFloats()
                  : std::vector<float>(static_cast<size_t>(cell.directions * 3 * n), 0.0F);
  NEURON_ASSIGN_OR_RETURN(
      HostTensor y,
      RunCell(call, cell,
              [&](int64_t d, const float* x, const float* h, float* next, int64_t state) {
                const auto gate = [&](int64_t row) {
                  return Project(cell, d, row, x, false) + Project(cell, d, row, h, true);
                };
                const float* peephole = peepholes.data() + d * 3 * n;
                for (int64_t i = 0; i < n; ++i) {  // gates in the order i, o, f, c
                  float& memory = c[static_cast<size_t>(state * n + i)];
                  const double forget = SigmoidOf(gate(2 * n + i) + peephole[2 * n + i] * memory);
                  const double enter = SigmoidOf(gate(i) + peephole[i] * memory);
                  memory = static_cast<float>(forget * memory + enter * std::tanh(gate(3 * n + i)));
                  const double leave = SigmoidOf(gate(n + i) + peephole[n + i] * memory);
                  next[i] = static_cast<float>(leave * std::tanh(memory));
                }
              }));
  Tensors result = One(std::move(y));
  result.push_back(State(cell, cell.h));
  result.push_back(State(cell, c));
  return result;
}

}  // namespace

std::span<const Operator> RecurrentOperators() {
  static constexpr Operator kOperators[] = {{"GRU", Gru}, {"LSTM", Lstm}};
  return kOperators;
}

}  // namespace neuron::ops
