// SPDX-License-Identifier: Apache-2.0
// Element-by-element layers: binary operations on VectorE, functions and scaling on ScalarE.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "host/compiler/codegen/element_chain.h"
#include "host/compiler/codegen/elementwise.h"
#include "host/compiler/codegen/instructions.h"
#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

Result<isa::Alu> AluOf(const Planner& planner, BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return isa::Alu::kAdd;
    case BinaryOp::kSub:
      return isa::Alu::kSub;
    case BinaryOp::kMul:
      return isa::Alu::kMul;
    case BinaryOp::kMax:
      return isa::Alu::kMax;
    case BinaryOp::kMin:
      return isa::Alu::kMin;
    case BinaryOp::kEqual:
      return isa::Alu::kEq;
    case BinaryOp::kGreater:
      return isa::Alu::kGt;
    case BinaryOp::kLess:
      return isa::Alu::kLt;
    case BinaryOp::kNotEqual:
      return isa::Alu::kNe;
    case BinaryOp::kGreaterOrEqual:
      return isa::Alu::kGe;
    case BinaryOp::kLessOrEqual:
      return isa::Alu::kLe;
    case BinaryOp::kDiv:
    case BinaryOp::kPow:
      break;
  }
  return planner.Error(StatusCode::kUnsupported, "VectorE has no such operation");
}

bool IsPlain(const Activation& activation) {
  return activation.function == Function::kIdentity && std::isinf(activation.clamp_low) &&
         std::isinf(activation.clamp_high);
}

// True when storing as the output's integer type already does what the activation does.
bool ImpliedBySaturation(const Activation& activation, const Value& out) {
  if (activation.function != Function::kIdentity || !out.quantization.has_value()) {
    return false;
  }
  const bool is_signed = out.type == ElementType::kInt8;
  const float low = is_signed ? -128.0F : 0.0F;
  const float high = is_signed ? 127.0F : 255.0F;
  const auto zero_point = static_cast<float>(out.quantization->zero_point[0]);
  const float scale = out.quantization->scale[0];
  return activation.clamp_low / scale <= low - zero_point + 0.5F &&
         activation.clamp_high / scale >= high - zero_point - 0.5F;
}

Result<FunctionFields> ReciprocalFields(Planner& planner) {
  Activation activation;
  activation.function = Function::kReciprocal;
  return planner.Fields(activation);
}

// The view without the axes along which it repeats.
View WithoutRepeats(View view) {
  for (size_t axis = 0; axis < view.shape.size(); ++axis) {
    if (static_cast<int>(axis) != view.part_axis && view.strides[axis] == 0) {
      view.shape[axis] = 1;
    }
  }
  return view;
}

}  // namespace

void PlanActivate(Planner& planner, const View& in, const View& out, const FunctionFields& fields,
                  float scale, float bias) {
  const View* operands[] = {&out, &in};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({in.buffer, out.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
      isa::ScalarInstruction op = ActivateOp(fields, tile);
      SetIn(op, in, tile, 1, memory);
      SetOut(op, out, tile, 0, memory);
      op.scale = Bits(scale);
      op.bias = Bits(bias);
      return program.Append(op);
    });
  }
}

void PlanMove(Planner& planner, const View& from, const View& to) {
  const bool words = from.dtype == isa::Dtype::kInt32;  // more digits than VectorE keeps
  const bool same_parts = from.space == isa::Space::kSbuf && to.space == isa::Space::kSbuf &&
                          from.part_axis == to.part_axis;
  if (words || !same_parts) {
    planner.AddCopy(from, to);
    return;
  }
  const View* operands[] = {&to, &from};
  for (const Tile& tile : TilesOf(operands, planner.partitions(), 3, kTileElements)) {
    planner.AddOp({from.buffer, to.buffer}, [=](ProgramBuilder& program, const MemoryPlan& memory) {
      isa::VectorInstruction op = VectorOp(isa::Opcode::kTensorScalar, tile);
      SetIn0(op, from, tile, 1, memory);
      SetOut(op, to, tile, 0, memory);
      op.alu0 = static_cast<uint32_t>(isa::Alu::kBypass);
      op.alu1 = op.alu0;
      return program.Append(op);
    });
  }
}

Result<View> BroadcastOperand(Planner& planner, ValueId id, const Shape& shape, int part_axis) {
  const Value& value = planner.graph().value(id);
  const size_t lead = shape.size() - value.shape.size();
  const bool spreads = part_axis >= 0 && shape[static_cast<size_t>(part_axis)] > 1 &&
                       (static_cast<size_t>(part_axis) < lead ||
                        value.shape[static_cast<size_t>(part_axis) - lead] == 1);
  if (!spreads) {
    const int own = part_axis - static_cast<int>(lead);
    const int axis = own < 0 ? -1 : own;
    NEURON_ASSIGN_OR_RETURN(const View view, planner.InSbuf(id, axis));
    if (auto broadcast = BroadcastTo(view, shape)) {
      return *broadcast;
    }
    return planner.Error(
        StatusCode::kInternal,
        fmt::format("cannot broadcast {} to {}", ShapeToString(value.shape), ShapeToString(shape)));
  }
  NEURON_ASSIGN_OR_RETURN(View from, planner.AnyView(id));
  if (from.part_axis >= 0 && from.parts() > 1) {
    NEURON_ASSIGN_OR_RETURN(from, planner.InDram(id, false));
  }
  if (from.part_axis >= 0) {
    from.strides[static_cast<size_t>(from.part_axis)] = 0;
    from.part_axis = -1;
  }
  // Axes that stay of one element are not copied, only the partitions are filled.
  Shape spread_shape(shape.size(), 1);
  for (size_t i = 0; i < value.shape.size(); ++i) {
    spread_shape[lead + i] = value.shape[i];
  }
  const auto axis = static_cast<size_t>(part_axis);
  spread_shape[axis] = std::min<int64_t>(shape[axis], planner.partitions());
  auto source = BroadcastTo(from, spread_shape);
  View spread =
      planner.NewView(value.name + " on all partitions", from.dtype, spread_shape, part_axis);
  spread.zero_point = from.zero_point;
  planner.AddLoad(*source, spread);
  View result = *BroadcastTo(spread, [&] {
    Shape same_parts = shape;
    same_parts[axis] = spread_shape[axis];
    return same_parts;
  }());
  result.shape = shape;
  result.group_stride = 0;
  return result;
}

int OutputAxis(Planner& planner, const Layer& layer) {
  const Shape& shape = planner.graph().value(layer.outputs[0]).shape;
  for (const ValueId id : layer.inputs) {
    if (planner.graph().value(id).shape == shape &&
        !planner.graph().value(id).constant.has_value()) {
      return planner.PreferredAxis(id);
    }
  }
  return planner.PreferredAxis(layer.outputs[0]);
}

Status LowerUnary(Planner& planner, const Layer& layer, const UnaryLayer& unary) {
  const float in_scale = planner.ScaleOf(planner.graph().value(layer.inputs[0]));
  const float out_scale = planner.ScaleOf(planner.graph().value(layer.outputs[0]));
  const bool per_index = unary.scale.size() > 1 || unary.bias.size() > 1;
  const int axis = per_index ? unary.axis : Planner::kAnyAxis;
  NEURON_ASSIGN_OR_RETURN(const View in, planner.InSbuf(layer.inputs[0], axis));
  NEURON_ASSIGN_OR_RETURN(
      const View out, planner.NewValueViewOver(layer.inputs[0], layer.outputs[0], in.part_axis));

  // Clamps and functions work on real values; an identity may fold the output's step into its
  // scale.
  Activation activation = unary.activation;
  const bool folds = activation.function == Function::kIdentity || out_scale == 1.0F;
  const float step = folds ? out_scale : 1.0F;
  activation.clamp_low /= step;
  activation.clamp_high /= step;
  NEURON_ASSIGN_OR_RETURN(const FunctionFields fields, planner.Fields(activation));
  NEURON_ASSIGN_OR_RETURN(const FunctionFields identity, planner.Fields(Activation{}));
  const auto finish = [&](ElementChain& chain, ElementChain::Operand result) {
    if (!folds) {
      chain.Activate(result, ElementChain::kOut, identity, 1.0F / out_scale, 0.0F);
    }
    chain.Plan();
  };
  const auto result_of = [&](ElementChain& chain) {
    return folds ? ElementChain::kOut : chain.AddTemporary("result of " + layer.name);
  };
  if (!per_index) {
    ElementChain chain(planner, out);
    const ElementChain::Operand from = chain.Add(in);
    const ElementChain::Operand result = result_of(chain);
    chain.Activate(from, result, fields, unary.scale[0] * in_scale / step, unary.bias[0] / step);
    finish(chain, result);
    return OkStatus();
  }

  const auto count = static_cast<size_t>(in.parts());
  std::vector<uint32_t> scales(count);
  std::vector<uint32_t> biases(count);
  for (size_t i = 0; i < count; ++i) {
    scales[i] = Bits(unary.scale[unary.scale.size() > 1 ? i : 0] * in_scale / step);
    biases[i] = Bits(unary.bias[unary.bias.size() > 1 ? i : 0] / step);
  }
  const PartitionScale words = {planner.PartitionWords("scales of " + layer.name, scales),
                                planner.PartitionWords("biases of " + layer.name, biases)};
  const int64_t partitions = planner.partitions();
  std::vector<int64_t> start(in.shape.size(), 0);
  Shape size = in.shape;
  const auto part = static_cast<size_t>(in.part_axis);
  for (int64_t first = 0; first < in.parts(); first += partitions) {
    start[part] = first;
    size[part] = std::min(partitions, in.parts() - first);
    ElementChain chain(planner, Sliced(out, start, size, partitions));
    const ElementChain::Operand from = chain.Add(Sliced(in, start, size, partitions));
    const ElementChain::Operand result = result_of(chain);
    chain.ActivateByPartition(from, result, fields, words, first / partitions);
    finish(chain, result);
  }
  return OkStatus();
}

namespace {

// 1 / (an operand that repeats along some axis): one value of each repetition is enough.
Result<View> ReciprocalOnce(Planner& planner, const View& in, float scale) {
  NEURON_ASSIGN_OR_RETURN(const FunctionFields fields, ReciprocalFields(planner));
  const View once = WithoutRepeats(in);
  const View out = planner.NewView("reciprocal for " + planner.layer().name, isa::Dtype::kFp32,
                                   once.shape, once.part_axis);
  PlanActivate(planner, once, out, fields, scale, 0.0F);
  if (auto repeated = BroadcastTo(out, in.shape)) {
    return *repeated;
  }
  return planner.Error(StatusCode::kInternal, "cannot repeat a reciprocal");
}

// The operation with its operands exchanged.
isa::Alu Exchanged(isa::Alu alu) {
  switch (alu) {
    case isa::Alu::kSub:
      return isa::Alu::kRsub;
    case isa::Alu::kGt:
      return isa::Alu::kLt;
    case isa::Alu::kLt:
      return isa::Alu::kGt;
    case isa::Alu::kGe:
      return isa::Alu::kLe;
    case isa::Alu::kLe:
      return isa::Alu::kGe;
    default:
      return alu;
  }
}

// The steps behind a binary operation that VectorE cannot do while it stores: the activation, on
// real values unless it only clamps (`step`: the unit of `sum`), and the output's step.
Status FinishBinary(Planner& planner, ElementChain& chain, ElementChain::Operand sum,
                    Activation activation, float step, float out_scale) {
  activation.clamp_low /= step;
  activation.clamp_high /= step;
  NEURON_ASSIGN_OR_RETURN(const FunctionFields fields, planner.Fields(activation));
  if (step == out_scale) {
    chain.Activate(sum, ElementChain::kOut, fields, 1.0F, 0.0F);
    return OkStatus();
  }
  NEURON_ASSIGN_OR_RETURN(const FunctionFields identity, planner.Fields(Activation{}));
  const auto result = chain.AddTemporary("function of " + planner.layer().name);
  chain.Activate(sum, result, fields, 1.0F, 0.0F);
  chain.Activate(result, ElementChain::kOut, identity, 1.0F / out_scale, 0.0F);
  return OkStatus();
}

}  // namespace

Status LowerBinary(Planner& planner, const Layer& layer, const BinaryLayer& binary) {
  const Value& out_value = planner.graph().value(layer.outputs[0]);
  const Value& a_value = planner.graph().value(layer.inputs[0]);
  const Value& b_value = planner.graph().value(layer.inputs[1]);
  const Shape& shape = out_value.shape;
  const int axis = OutputAxis(planner, layer);
  const float out_scale = planner.ScaleOf(out_value);
  const bool divides = binary.op == BinaryOp::kDiv;
  NEURON_ASSIGN_OR_RETURN(const isa::Alu alu, AluOf(planner, divides ? BinaryOp::kMul : binary.op));
  NEURON_ASSIGN_OR_RETURN(const FunctionFields identity, planner.Fields(Activation{}));

  // Real units until the last step when a function follows, steps of the output otherwise.
  const bool linear = binary.activation.function == Function::kIdentity;
  const float step = linear ? out_scale : 1.0F;
  const bool product = alu == isa::Alu::kMul;
  float a_scale = planner.ScaleOf(a_value) / step;
  float b_scale = divides ? 1.0F : planner.ScaleOf(b_value) / (product ? 1.0F : step);
  // alu(a, b) = (b * b_scale) alu' a', with a already scaled where it must be.
  if (product) {
    b_scale *= a_scale;
    a_scale = 1.0F;
  }

  NEURON_ASSIGN_OR_RETURN(const View a, BroadcastOperand(planner, layer.inputs[0], shape, axis));
  NEURON_ASSIGN_OR_RETURN(View b, BroadcastOperand(planner, layer.inputs[1], shape, axis));
  const bool over_a = a_value.shape == shape && a.part_axis == axis;
  NEURON_ASSIGN_OR_RETURN(const View out, planner.NewValueViewOver(layer.inputs[over_a ? 0 : 1],
                                                                   layer.outputs[0], axis));
  const bool divides_once = divides && WithoutRepeats(b).shape != b.shape;
  if (divides_once) {
    NEURON_ASSIGN_OR_RETURN(b, ReciprocalOnce(planner, b, planner.ScaleOf(b_value)));
  }
  ElementChain chain(planner, out);
  ElementChain::Operand left = chain.Add(a);
  ElementChain::Operand right = chain.Add(b);
  if (divides && !divides_once) {
    NEURON_ASSIGN_OR_RETURN(const FunctionFields reciprocal, ReciprocalFields(planner));
    const auto inverse = chain.AddTemporary("reciprocal for " + layer.name);
    chain.Activate(right, inverse, reciprocal, planner.ScaleOf(b_value), 0.0F);
    right = inverse;
  }
  if (a_scale != 1.0F || (a.dtype != isa::Dtype::kFp32 && !product)) {
    const auto scaled = chain.AddTemporary("scaled operand of " + layer.name);
    chain.Activate(left, scaled, identity, a_scale, 0.0F);
    left = scaled;
  }
  const bool direct =
      IsPlain(binary.activation) || ImpliedBySaturation(binary.activation, out_value);
  const auto sum = direct ? ElementChain::kOut : chain.AddTemporary("result of " + layer.name);
  if (b_scale == 1.0F) {
    chain.Combine(alu, left, right, sum);
  } else {
    chain.ScaleAndCombine(right, b_scale, Exchanged(alu), left, sum);
  }
  if (!direct) {
    NEURON_RETURN_IF_ERROR(FinishBinary(planner, chain, sum, binary.activation, step, out_scale));
  }
  chain.Plan();
  return OkStatus();
}

}  // namespace neuron::compiler
