// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/layer_graph.h"

#include <algorithm>
#include <limits>
#include <sstream>

namespace neuron::compiler {
namespace {

const char* NameOf(Function function) {
  constexpr const char* kNames[] = {"identity", "leaky", "exp",  "log",     "sqrt",
                                    "rsqrt",    "recip", "sin",  "sigmoid", "tanh",
                                    "gelu",     "erf",   "silu", "softplus"};
  return kNames[static_cast<size_t>(function)];
}

const char* NameOf(BinaryOp op) {
  constexpr const char* kNames[] = {"add",          "sub",  "mul",       "div",
                                    "max",          "min",  "pow",       "equal",
                                    "greater",      "less", "not_equal", "greater_or_equal",
                                    "less_or_equal"};
  return kNames[static_cast<size_t>(op)];
}

const char* NameOf(ReduceOp op) {
  constexpr const char* kNames[] = {"sum", "mean", "max", "min"};
  return kNames[static_cast<size_t>(op)];
}

template <typename List>
std::string ListText(const List& list) {
  std::ostringstream out;
  out << '[';
  bool first = true;
  for (const auto& entry : list) {
    out << (first ? "" : ", ") << entry;
    first = false;
  }
  out << ']';
  return out.str();
}

// A number, or how many there are.
std::string NumbersText(const std::vector<float>& list) {
  std::ostringstream out;
  if (list.size() == 1) {
    out << list[0];
  } else {
    out << '<' << list.size() << " values>";
  }
  return out.str();
}

std::string ActivationText(const Activation& activation) {
  std::ostringstream out;
  if (HasClamps(activation)) {
    out << " clamp=[" << activation.clamp_low << ", " << activation.clamp_high << ']';
  }
  if (activation.function != Function::kIdentity) {
    out << " function=" << NameOf(activation.function);
    if (activation.function == Function::kLeaky) {
      out << '(' << activation.alpha << ')';
    }
  }
  return out.str();
}

struct BodyText {
  std::string operator()(const MatrixLayer& layer) const {
    std::ostringstream out;
    out << (layer.is_conv ? "conv" : "linear") << " weight=" << ElementTypeName(layer.weight.type)
        << ShapeToString(layer.weight.shape);
    if (layer.is_conv) {
      out << " strides=" << ListText(layer.strides) << " dilations=" << ListText(layer.dilations)
          << " pads=" << ListText(layer.pads) << " group=" << layer.group;
    }
    if (layer.weight.type != ElementType::kFloat32) {
      out << " weight_zero_point=" << layer.weight_zero_point
          << " scale=" << NumbersText(layer.scale);
    }
    out << " bias=" << (layer.bias.empty() && layer.bias_int.empty() ? "no" : "yes")
        << (layer.precision != Precision::kFast ? " " + std::string(NameOf(layer.precision)) : "")
        << ActivationText(layer.activation);
    return out.str();
  }
  std::string operator()(const BatchMatmulLayer& layer) const {
    return "batch_matmul alpha=" + std::to_string(layer.alpha);
  }
  std::string operator()(const BinaryLayer& layer) const {
    return std::string(NameOf(layer.op)) + ActivationText(layer.activation);
  }
  std::string operator()(const UnaryLayer& layer) const {
    std::string text =
        "unary scale=" + NumbersText(layer.scale) + " bias=" + NumbersText(layer.bias);
    return text + (layer.axis >= 0 ? " axis=" + std::to_string(layer.axis) : "") +
           ActivationText(layer.activation);
  }
  std::string operator()(const PoolLayer& layer) const {
    return std::string("pool ") + NameOf(layer.op) + " kernel=" + ListText(layer.kernel) +
           " strides=" + ListText(layer.strides) + " dilations=" + ListText(layer.dilations) +
           " pads=" + ListText(layer.pads) + (layer.count_include_pad ? " count_include_pad" : "");
  }
  std::string operator()(const ReduceLayer& layer) const {
    return std::string("reduce ") + NameOf(layer.op) + " axes=" + ListText(layer.axes);
  }
  std::string operator()(const SoftmaxLayer& layer) const {
    return "softmax axis=" + std::to_string(layer.axis);
  }
  std::string operator()(const NormalizeLayer& layer) const {
    return "normalize epsilon=" + NumbersText({layer.epsilon}) +
           " scale=" + NumbersText(layer.scale) + " bias=" + NumbersText(layer.bias);
  }
  std::string operator()(const ReshapeLayer&) const { return "reshape"; }
  std::string operator()(const TransposeLayer& layer) const {
    return "transpose perm=" + ListText(layer.perm);
  }
  std::string operator()(const ConcatLayer& layer) const {
    return std::string(layer.interleaved ? "interleave" : "concat") +
           " axis=" + std::to_string(layer.axis) +
           (layer.first != 0 ? " first=" + std::to_string(layer.first) : "");
  }
  std::string operator()(const TakeLayer& layer) const {
    constexpr size_t kShown = 16;
    const bool all = layer.indices.size() <= kShown;
    return "take axis=" + std::to_string(layer.axis) + " indices=" +
           (all ? ListText(layer.indices)
                : "<" + std::to_string(layer.indices.size()) + " values>");
  }
  std::string operator()(const ExpandLayer&) const { return "expand"; }
  std::string operator()(const GatherLayer&) const { return "gather"; }
  std::string operator()(const SelectLayer&) const { return "select"; }
  std::string operator()(const ArgLayer& layer) const {
    return std::string(layer.smallest ? "argmin" : "argmax") +
           " axis=" + std::to_string(layer.axis);
  }
  std::string operator()(const SliceLayer& layer) const {
    return "slice starts=" + ListText(layer.starts) + " steps=" + ListText(layer.steps);
  }
  std::string operator()(const PadLayer& layer) const {
    return "pad low=" + ListText(layer.low) + " high=" + ListText(layer.high) +
           " value=" + std::to_string(layer.value);
  }
  std::string operator()(const StoreLayer& layer) const {
    return "store starts=" + ListText(layer.starts) + (layer.overlaps ? " overlaps" : "");
  }
  std::string operator()(const HostLayer& layer) const {
    return "host " + layer.node.op_type + " reason=\"" + layer.reason + "\"";
  }
};

std::string ValueText(const LayerGraph& graph, ValueId id) {
  if (id == kNoValue) {
    return "-";
  }
  const Value& value = graph.value(id);
  std::ostringstream out;
  out << '%' << value.name << ':' << (value.constant ? "const " : "") << ElementTypeName(value.type)
      << ShapeToString(value.shape) << (value.in_dram ? "@dram" : "");
  if (value.quantization) {
    out << "{scale=" << NumbersText(value.quantization->scale);
    if (value.quantization->zero_point.size() == 1) {
      out << " zero_point=" << value.quantization->zero_point[0];
    }
    out << '}';
  }
  return out.str();
}

std::string ValuesText(const LayerGraph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (const ValueId id : ids) {
    text += (text.empty() ? "" : ", ") + ValueText(graph, id);
  }
  return text;
}

}  // namespace

bool HasClamps(const Activation& activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return activation.clamp_low != -kInfinity || activation.clamp_high != kInfinity;
}

std::string ToText(const LayerGraph& graph) {
  std::ostringstream out;
  out << "layers " << graph.model_name << '\n';
  for (const ValueId id : graph.inputs) {
    out << "  input " << ValueText(graph, id) << '\n';
  }
  for (const Layer& layer : graph.layers) {
    out << "  " << ValuesText(graph, layer.outputs) << " = " << std::visit(BodyText{}, layer.body)
        << " (" << ValuesText(graph, layer.inputs) << ')';
    if (layer.macs > 0) {
      out << " macs=" << layer.macs;
    }
    out << "  # " << ListText(layer.nodes) << '\n';
  }
  for (const ValueId id : graph.outputs) {
    out << "  output " << ValueText(graph, id) << '\n';
  }
  return out.str();
}

}  // namespace neuron::compiler
