// SPDX-License-Identifier: Apache-2.0
// Operators that reduce or rank along axes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/ops/op_support.h"

namespace neuron::ops {
namespace {

// Which elements of `x` fold into which element of the result.
struct Reduction {
  Shape kept;                    // with reduced dimensions as 1
  Shape shape;                   // as the operator returns it
  std::vector<int64_t> strides;  // of the result, over x's axes (0 where reduced)
  int64_t folded = 1;            // elements that fold into one
};

Result<Reduction> Plan(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const Shape& shape = call.in(0).shape;
  const auto given = AttributeOrInput(call, "axes", 1);
  std::vector<int64_t> axes = given.value_or(std::vector<int64_t>{});
  const bool none = axes.empty();
  NEURON_ASSIGN_OR_RETURN(axes, NormalizeAxes(call, std::move(axes), shape.size()));
  if (none && call.node.Int("noop_with_empty_axes", 0) == 0) {
    axes.resize(shape.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const bool keep = call.node.Int("keepdims", 1) != 0;
  Reduction plan;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    plan.kept.push_back(reduced ? 1 : shape[i]);
    plan.folded *= reduced ? shape[i] : 1;
    if (!reduced || keep) {
      plan.shape.push_back(plan.kept.back());
    }
  }
  plan.strides = BroadcastStrides(plan.kept, shape);
  return plan;
}

// start, then acc = fold(acc, x) for each element, then finish(acc, number of elements).
template <typename Fold, typename Finish>
Result<Tensors> Reduce(const Call& call, double start, Fold fold, Finish finish) {
  NEURON_ASSIGN_OR_RETURN(const Reduction plan, Plan(call));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, x.type, plan.shape));
  std::vector<double> sums(static_cast<size_t>(y.elements()), start);
  ForEachIndex<1>(x.shape, {plan.strides}, [&](int64_t i, const std::array<int64_t, 1>& at) {
    double& sum = sums[static_cast<size_t>(at[0])];
    sum = fold(sum, x.ValueAt(i));
  });
  for (size_t i = 0; i < sums.size(); ++i) {
    StoreDouble(y, static_cast<int64_t>(i), finish(sums[i], static_cast<double>(plan.folded)));
  }
  return One(std::move(y));
}

double Plus(double a, double b) { return a + b; }
double PlusSquare(double a, double b) { return a + b * b; }
double PlusAbs(double a, double b) { return a + std::fabs(b); }
double Same(double a, double) { return a; }
double Larger(double a, double b) { return std::isnan(b) || b > a ? b : a; }
double Smaller(double a, double b) { return std::isnan(b) || b < a ? b : a; }

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Result<Tensors> ReduceSum(const Call& call) { return Reduce(call, 0.0, Plus, Same); }
Result<Tensors> ReduceMax(const Call& call) { return Reduce(call, -kInfinity, Larger, Same); }
Result<Tensors> ReduceMin(const Call& call) { return Reduce(call, kInfinity, Smaller, Same); }
Result<Tensors> ReduceL1(const Call& call) { return Reduce(call, 0.0, PlusAbs, Same); }
Result<Tensors> ReduceSumSquare(const Call& call) { return Reduce(call, 0.0, PlusSquare, Same); }
Result<Tensors> ReduceLogSum(const Call& call) {
  return Reduce(call, 0.0, Plus, [](double sum, double) { return std::log(sum); });
}
Result<Tensors> ReduceLogSumExp(const Call& call) {
  return Reduce(
      call, 0.0, [](double sum, double x) { return sum + std::exp(x); },
      [](double sum, double) { return std::log(sum); });
}
Result<Tensors> ReduceMean(const Call& call) {
  return Reduce(call, 0.0, Plus, [](double sum, double count) { return sum / count; });
}
Result<Tensors> ReduceProd(const Call& call) {
  return Reduce(
      call, 1.0, [](double a, double b) { return a * b; }, Same);
}
Result<Tensors> ReduceL2(const Call& call) {
  return Reduce(call, 0.0, PlusSquare, [](double sum, double) { return std::sqrt(sum); });
}

// A tensor seen as [outer, size, inner] around one axis.
struct Fibres {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};

Fibres Around(const Shape& shape, int64_t axis) {
  Fibres result;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    (at < axis ? result.outer : (at == axis ? result.size : result.inner)) *= shape[i];
  }
  return result;
}

Result<Tensors> Arg(const Call& call, bool largest) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", 0), x.shape.size()));
  const bool last = call.node.Int("select_last_index", 0) != 0;
  const Fibres fibres = Around(x.shape, axis);
  if (fibres.size == 0) {
    return call.Error("the axis is empty");
  }
  Shape shape = x.shape;
  if (call.node.Int("keepdims", 1) != 0) {
    shape[static_cast<size_t>(axis)] = 1;
  } else {
    shape.erase(shape.begin() + axis);
  }
  NEURON_ASSIGN_OR_RETURN(HostTensor y, Allocate(call, ElementType::kInt64, shape));
  for (int64_t o = 0; o < fibres.outer; ++o) {
    for (int64_t i = 0; i < fibres.inner; ++i) {
      const int64_t base = o * fibres.size * fibres.inner + i;
      int64_t best = 0;
      for (int64_t k = 1; k < fibres.size; ++k) {
        const double value = x.ValueAt(base + k * fibres.inner);
        const double leader = x.ValueAt(base + best * fibres.inner);
        if ((largest ? value > leader : value < leader) || (last && value == leader)) {
          best = k;
        }
      }
      StoreInt(y, o * fibres.inner + i, best);
    }
  }
  return One(std::move(y));
}

Result<Tensors> ArgMax(const Call& call) { return Arg(call, true); }
Result<Tensors> ArgMin(const Call& call) { return Arg(call, false); }

Result<Tensors> TopK(const Call& call) {
  NEURON_RETURN_IF_ERROR(call.Need(1));
  const HostTensor& x = call.in(0);
  NEURON_ASSIGN_OR_RETURN(const int64_t axis,
                          NormalizeAxis(call, call.node.Int("axis", -1), x.shape.size()));
  const std::vector<int64_t> count =
      call.has(1) ? call.in(1).ToInts() : std::vector<int64_t>{call.node.Int("k", -1)};
  const Fibres fibres = Around(x.shape, axis);
  if (count.size() != 1 || count[0] < 0 || count[0] > fibres.size) {
    return call.Error("k must be one number between 0 and " + std::to_string(fibres.size));
  }
  const int64_t k = count[0];
  const bool largest = call.node.Int("largest", 1) != 0;
  Shape shape = x.shape;
  shape[static_cast<size_t>(axis)] = k;
  NEURON_ASSIGN_OR_RETURN(HostTensor values, Allocate(call, x.type, shape));
  NEURON_ASSIGN_OR_RETURN(HostTensor indices, Allocate(call, ElementType::kInt64, shape));
  const size_t bytes = ElementBytes(x.type);
  std::vector<int64_t> order(static_cast<size_t>(fibres.size));
  for (int64_t fibre = 0; fibre < fibres.outer * fibres.inner; ++fibre) {
    const int64_t o = fibre / fibres.inner;
    const int64_t i = fibre % fibres.inner;
    const auto at = [&](int64_t index) { return (o * fibres.size + index) * fibres.inner + i; };
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return largest ? x.ValueAt(at(a)) > x.ValueAt(at(b)) : x.ValueAt(at(a)) < x.ValueAt(at(b));
    });
    for (int64_t j = 0; j < k; ++j) {
      const int64_t from = at(order[static_cast<size_t>(j)]);
      const int64_t to = (o * k + j) * fibres.inner + i;
      std::memcpy(values.data.data() + static_cast<size_t>(to) * bytes,
                  x.data.data() + static_cast<size_t>(from) * bytes, bytes);
      StoreInt(indices, to, order[static_cast<size_t>(j)]);
    }
  }
  Tensors result = One(std::move(values));
  result.push_back(std::move(indices));
  return result;
}

}  // namespace

std::span<const Operator> ReductionOperators() {
  static constexpr Operator kOperators[] = {
      {"ReduceSum", ReduceSum},
      {"ReduceMean", ReduceMean},
      {"ReduceMax", ReduceMax},
      {"ReduceMin", ReduceMin},
      {"ReduceProd", ReduceProd},
      {"ReduceL1", ReduceL1},
      {"ReduceL2", ReduceL2},
      {"ReduceSumSquare", ReduceSumSquare},
      {"ReduceLogSum", ReduceLogSum},
      {"ReduceLogSumExp", ReduceLogSumExp},
      {"ArgMax", ArgMax},
      {"ArgMin", ArgMin},
      {"TopK", TopK},
  };
  return kOperators;
}

}  // namespace neuron::ops
