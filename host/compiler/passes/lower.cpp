// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "host/compiler/passes/lowering.h"
#include "host/ops/evaluate.h"

namespace neuron::compiler {
namespace {

const std::map<std::string, LoweringRule>& Rules() {
  static const std::map<std::string, LoweringRule> rules = [] {
    std::map<std::string, LoweringRule> result;
    for (const auto& group :
         {MatrixRules(), ElementwiseRules(), QuantizationRules(), MovementRules(), WindowRules(),
          FunctionRules(), LogicRules(), NormalizationRules(), IndexRules(), ResizeRules(),
          TransposedRules(), RecurrentRules(), EinsumRules(), IntegerRules()}) {
      for (const OperatorRule& rule : group) {
        result.emplace(rule.op_type, rule.lower);
      }
    }
    return result;
  }();
  return rules;
}

void EmitHostLayer(Lowering& lowering, const HostNode& node, const std::string& reason) {
  Layer layer;
  layer.name = node.name;
  layer.nodes = {node.name + " (" + node.op_type + ")"};
  for (const std::string& name : node.inputs) {
    layer.inputs.push_back(name.empty() ? kNoValue : lowering.ValueOf(name));
  }
  for (const std::string& name : node.outputs) {
    layer.outputs.push_back(name.empty() ? kNoValue : lowering.ValueOf(name));
  }
  layer.body = HostLayer{node, reason};
  lowering.layers().layers.push_back(std::move(layer));
}

Status LowerNode(Lowering& lowering, const HostNode& node) {
  if (lowering.DequantizedConstant(node.outputs[0]) != nullptr) {
    // Its readers get it through ConstantOf, which evaluates it and so checks its parameters.
    return lowering.ConstantOf(node.outputs[0])
               ? OkStatus()
               : Status(StatusCode::kInvalidArgument,
                        Describe(node) + ": its scale or zero-point does not fit its input");
  }
  Refusal refusal;
  if (const auto rule = Rules().find(node.op_type); node.domain.empty() && rule != Rules().end()) {
    refusal = rule->second(lowering, node);
  } else {
    refusal = "no engine has this operator";
  }
  NEURON_RETURN_IF_ERROR(lowering.error());
  if (!refusal) {
    return OkStatus();
  }
  if (!CanEvaluate(node.domain, node.op_type)) {
    return Status(StatusCode::kUnsupported,
                  Describe(node) + ": " + *refusal +
                      ", and the host has no implementation of it either; replace the operator or "
                      "run this part of the model outside");
  }
  EmitHostLayer(lowering, node, *refusal);
  return OkStatus();
}

// Inputs in the model's order; outputs get their values when they are made.
void DeclareInputs(Lowering& lowering) {
  for (const DeclaredInput& input : lowering.graph().inputs) {
    const ValueId id = lowering.ValueOf(input.name);
    lowering.layers().value(id).is_input = true;
    lowering.layers().inputs.push_back(id);
  }
}

// A new value like `source` for graph output `name`, which has that name but where another output
// has it already: then both are numbered apart. What is not an output cannot keep the name, unless
// it is a graph input, since inputs and outputs are named separately.
ValueId AddOutput(LayerGraph& layers, ValueId source, const std::string& name) {
  const Value like = layers.value(source);
  const ValueId id = AddValue(layers, name, like.type, like.shape);
  layers.value(id).quantization = like.quantization;
  const bool taken = std::ranges::any_of(
      layers.outputs, [&](ValueId output) { return layers.value(output).name == name; });
  if (!taken && like.is_input) {
    layers.value(id).name = name;
  } else if (!taken) {
    std::swap(layers.value(id).name, layers.value(source).name);
  }
  return id;
}

// A layer that makes graph output `target` of `source`, which is a constant, a graph input or an
// output already.
Layer CopyToOutput(Lowering& lowering, ValueId source, ValueId target, const std::string& name) {
  HostNode copy;
  copy.name = "output " + name;
  copy.op_type = "Identity";
  copy.inputs = {name};
  copy.outputs = {lowering.layers().value(target).name};
  Layer layer;
  layer.name = copy.name;
  layer.nodes = {copy.name + " (Identity)"};
  layer.inputs = {source};
  layer.outputs = {target};
  Refusal refusal = NeedMovable(lowering, name);
  if (lowering.layers().value(source).constant) {
    refusal = "the output is a constant";
  }
  if (refusal) {
    layer.body = HostLayer{copy, *refusal};
  } else {
    layer.body = ReshapeLayer{};
  }
  return layer;
}

// A graph output that is a constant, a graph input or listed twice gets a copy of its own. One
// without elements needs no layer: nothing makes it.
void DeclareOutputs(Lowering& lowering) {
  LayerGraph& layers = lowering.layers();
  for (const std::string& name : lowering.graph().outputs) {
    ValueId id = lowering.ValueOf(name);
    const Value value = layers.value(id);
    const bool is_empty = ElementCount(value.shape) == 0;
    if (value.is_input || value.is_output || (value.constant && !is_empty)) {
      const ValueId target = AddOutput(layers, id, name);
      if (is_empty) {
        layers.value(target).constant = HostTensor(value.type, value.shape);
      } else {
        layers.layers.push_back(CopyToOutput(lowering, id, target, name));
      }
      id = target;
    }
    layers.value(id).is_output = true;
    layers.outputs.push_back(id);
  }
}

}  // namespace

Lowering::Lowering(const Graph& graph, int64_t longest_row)
    : graph_(graph), longest_row_(longest_row) {
  module_.graph.model_name = graph.name;
  for (const HostNode& node : graph.nodes) {
    if (node.domain.empty() && node.op_type == "DequantizeLinear" &&
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
          return name.empty() || info(name).constant != nullptr;
        })) {
      dequantized_constants_[node.outputs[0]] = &node;
    }
  }
}

ValueId Lowering::ValueOf(const std::string& name) {
  if (const auto it = ids_.find(name); it != ids_.end()) {
    return it->second;
  }
  const auto constant = ConstantOf(name);
  const ValueId id = constant ? AddConstant(layers(), name, *constant)
                              : AddValue(layers(), name, info(name).type, info(name).shape);
  ids_[name] = id;
  return id;
}

const HostNode* Lowering::DequantizedConstant(const std::string& name) const {
  const auto it = dequantized_constants_.find(name);
  return it == dequantized_constants_.end() ? nullptr : it->second;
}

std::shared_ptr<const HostTensor> Lowering::ConstantOf(const std::string& name) {
  if (info(name).constant) {
    return info(name).constant;
  }
  const HostNode* node = DequantizedConstant(name);
  if (node == nullptr) {
    return nullptr;
  }
  auto& value = dequantized_values_[name];
  if (!value) {
    std::vector<const HostTensor*> operands;
    for (const std::string& input : node->inputs) {
      operands.push_back(input.empty() ? nullptr : info(input).constant.get());
    }
    auto result = Evaluate(*node, operands);
    if (!result.ok()) {
      return nullptr;
    }
    value = std::make_shared<const HostTensor>(std::move(result->front()));
  }
  return value;
}

std::optional<float> Lowering::ScalarOf(const std::string& name) {
  const auto constant = ConstantOf(name);
  if (!constant || constant->elements() != 1) {
    return std::nullopt;
  }
  return static_cast<float>(constant->ValueAt(0));
}

Layer Lowering::Source(const HostNode& node) const {
  Layer layer;
  layer.name = node.name;
  layer.nodes = {node.name + " (" + node.op_type + ")"};
  return layer;
}

void Lowering::Emit(const HostNode& node, std::vector<ValueId> inputs, LayerBody body,
                    size_t output_index) {
  const ValueId output = ValueOf(node.outputs[output_index]);
  AddLayer(layers(), Source(node), std::move(inputs), {output}, std::move(body));
}

ValueId Lowering::EmitTemporary(const HostNode& node, std::vector<ValueId> inputs, LayerBody body,
                                Shape shape, ElementType type) {
  const std::string name = node.outputs[0] + ".part" + std::to_string(++temporaries_);
  const ValueId id = AddValue(layers(), name, type, std::move(shape));
  AddLayer(layers(), Source(node), std::move(inputs), {id}, std::move(body));
  return id;
}

Refusal Lowering::NeedFloats(const HostNode& node) const {
  for (const auto* names : {&node.inputs, &node.outputs}) {
    for (const std::string& name : *names) {
      if (!name.empty() && info(name).type != ElementType::kFloat32) {
        return std::string("the engines compute this on float32, and '") + name + "' is " +
               ElementTypeName(info(name).type);
      }
    }
  }
  return std::nullopt;
}

Refusal Lowering::Invalid(const HostNode& node, const std::string& what) {
  if (error_.ok()) {
    error_ = Status(StatusCode::kInvalidArgument, Describe(node) + ": " + what);
  }
  return what;
}

Refusal Lowering::Unsupported(const HostNode& node, const std::string& what) {
  if (error_.ok()) {
    error_ = Status(StatusCode::kUnsupported, Describe(node) + ": " + what);
  }
  return what;
}

std::optional<size_t> Lowering::Axis(const HostNode& node, int64_t axis, size_t rank) {
  const auto limit = static_cast<int64_t>(rank);
  if (axis < -limit || axis >= limit) {
    Invalid(node, "axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
                      std::to_string(rank));
    return std::nullopt;
  }
  return static_cast<size_t>(axis < 0 ? axis + limit : axis);
}

std::optional<std::vector<int64_t>> AxesOf(Lowering& lowering, const HostNode& node, size_t index) {
  const size_t rank = lowering.info(node.inputs[0]).shape.size();
  std::vector<int64_t> axes = node.Ints("axes");
  if (Lowering::Has(node, index)) {
    const auto constant = lowering.ConstantOf(node.inputs[index]);
    if (!constant) {
      return std::nullopt;
    }
    axes = constant->ToInts();
  }
  if (axes.empty() && node.Int("noop_with_empty_axes", 0) == 0) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t& axis : axes) {
    const auto counted = lowering.Axis(node, axis, rank);
    if (!counted) {
      return std::nullopt;
    }
    axis = static_cast<int64_t>(*counted);
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    lowering.Invalid(node, "an axis is given twice");
    return std::nullopt;
  }
  return axes;
}

namespace {

// Moving elements keeps what they stand for: of 8-bit tensors that one layer moves, those without a
// quantisation take that of the others.
void ShareQuantization(LayerGraph& graph) {
  const auto numbers = [&] {  // that layers read or write as such
    std::vector<bool> result(graph.values.size(), false);
    for (const Layer& layer : graph.layers) {
      if (std::holds_alternative<UnaryLayer>(layer.body)) {
        result[static_cast<size_t>(layer.inputs[0])] = true;
        result[static_cast<size_t>(layer.outputs[0])] = true;
      }
    }
    return result;
  }();
  for (bool changed = true; changed;) {
    changed = false;
    for (const Layer& layer : graph.layers) {
      const bool gathers = std::holds_alternative<GatherLayer>(layer.body);
      if (!gathers && !IsMovement(layer)) {
        continue;
      }
      std::vector<ValueId> moved(layer.inputs.begin(),
                                 gathers ? layer.inputs.begin() + 1 : layer.inputs.end());
      moved.push_back(layer.outputs[0]);
      const auto known = std::ranges::find_if(
          moved, [&](ValueId id) { return graph.value(id).quantization.has_value(); });
      if (known == moved.end() || graph.value(*known).quantization->axis >= 0) {
        continue;
      }
      for (const ValueId id : moved) {
        Value& value = graph.value(id);
        if (!value.quantization && Is8Bit(value.type) && !numbers[static_cast<size_t>(id)]) {
          value.quantization = graph.value(*known).quantization;
          changed = true;
        }
      }
    }
  }
}

}  // namespace

Result<Module> LowerToLayers(const Graph& graph, int64_t longest_row) {
  Lowering lowering(graph, longest_row);
  DeclareInputs(lowering);
  for (const HostNode& node : graph.nodes) {
    NEURON_RETURN_IF_ERROR(LowerNode(lowering, node));
  }
  DeclareOutputs(lowering);
  ShareQuantization(lowering.layers());
  return std::move(lowering.module());
}

}  // namespace neuron::compiler
