// SPDX-License-Identifier: Apache-2.0
// From "dequantise, compute on reals, quantise" to layers on integers.
#include <algorithm>
#include <cmath>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

enum class Conversion { kNone, kQuantize, kDequantize, kRequantize };

// What a plain conversion layer does: a unary layer without scale, bias and activation. One that
// makes integers of more than 8 bits rounds to whole numbers.
Conversion ConversionOf(const LayerGraph& graph, const Layer& layer) {
  const auto* unary = std::get_if<UnaryLayer>(&layer.body);
  if (unary == nullptr || !IsTrivialAffine(*unary) || !IsTrivial(unary->activation)) {
    return Conversion::kNone;
  }
  const bool from = IsQuantized(graph, layer.inputs[0]);
  const bool to = IsQuantized(graph, layer.outputs[0]);
  if (from && to) {
    return Conversion::kRequantize;
  }
  if (to && IsStoredFloat(graph.value(layer.inputs[0]).type)) {
    return Conversion::kQuantize;
  }
  return from && IsStoredFloat(graph.value(layer.outputs[0]).type) ? Conversion::kDequantize
                                                                   : Conversion::kNone;
}

bool IsPerTensor(const Value& value) {
  return value.quantization && value.quantization->scale.size() == 1;
}

// The quantised value behind a float one that a DequantizeLinear makes; kNoValue otherwise.
ValueId QuantizedSource(const LayerGraph& graph, const UseMap& uses, ValueId id) {
  const int producer = uses.producer(id);
  if (producer < 0) {
    return kNoValue;
  }
  const Layer& layer = graph.layers[static_cast<size_t>(producer)];
  return ConversionOf(graph, layer) == Conversion::kDequantize ? layer.inputs[0] : kNoValue;
}

// move(dequantise(x)...) becomes dequantise(move(x...)), when all operands have one quantisation.
bool MoveDequantizeForward(LayerGraph& graph) {
  const UseMap uses(graph);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    if (!IsMovement(graph.layers[i]) || IsQuantized(graph, graph.layers[i].outputs[0])) {
      continue;
    }
    std::vector<ValueId> sources;
    for (const ValueId input : graph.layers[i].inputs) {
      const ValueId source = QuantizedSource(graph, uses, input);
      if (source == kNoValue || !IsPerTensor(graph.value(source)) ||
          (!sources.empty() &&
           !SameQuantization(graph.value(source), graph.value(sources.front())))) {
        sources.clear();
        break;
      }
      sources.push_back(source);
    }
    if (sources.empty()) {
      continue;
    }
    const ValueId output = graph.layers[i].outputs[0];
    const Value& source = graph.value(sources.front());
    const ElementType type = source.type;
    const auto quantization = source.quantization;
    const ValueId moved =
        AddValue(graph, graph.value(output).name + ".quantized", type, graph.value(output).shape);
    graph.value(moved).quantization = quantization;
    Layer dequantize;
    for (const ValueId input : graph.layers[i].inputs) {
      MergeNodes(graph.layers[static_cast<size_t>(uses.producer(input))], dequantize);
    }
    graph.layers[i].inputs = sources;
    graph.layers[i].outputs = {moved};
    dequantize.name = graph.layers[i].name;
    dequantize.inputs = {moved};
    dequantize.outputs = {output};
    dequantize.body = UnaryLayer{};
    graph.layers.insert(graph.layers.begin() + static_cast<ptrdiff_t>(i) + 1,
                        std::move(dequantize));
    return true;
  }
  return false;
}

// True for the maximum over windows of what one layer computes for it alone: rounding is
// monotonous, so that the maximum of stored values is the stored maximum, and that layer can store
// them.
bool PoolsComputedMaximum(const LayerGraph& graph, const UseMap& uses, int at) {
  const Layer& layer = graph.layers[static_cast<size_t>(at)];
  const auto* pool = std::get_if<PoolLayer>(&layer.body);
  const int maker = pool != nullptr ? uses.producer(layer.inputs[0]) : -1;
  if (maker < 0 || pool->op != ReduceOp::kMax || uses.OnlyConsumer(layer.inputs[0]) != at) {
    return false;
  }
  const LayerBody& made = graph.layers[static_cast<size_t>(maker)].body;
  return std::holds_alternative<MatrixLayer>(made) || std::holds_alternative<BinaryLayer>(made) ||
         std::holds_alternative<UnaryLayer>(made);
}

// quantise(move(x...)) becomes move(quantise(x)...), when nothing else reads the moved floats.
bool MoveQuantizeBackward(LayerGraph& graph) {
  const UseMap uses(graph);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    if (ConversionOf(graph, graph.layers[i]) != Conversion::kQuantize) {
      continue;
    }
    const ValueId moved = graph.layers[i].inputs[0];
    const ValueId output = graph.layers[i].outputs[0];
    const int at = uses.producer(moved);
    if (at < 0 ||
        (!IsMovement(graph.layers[static_cast<size_t>(at)]) &&
         !PoolsComputedMaximum(graph, uses, at)) ||
        uses.OnlyConsumer(moved) != static_cast<int>(i) || !IsPerTensor(graph.value(output))) {
      continue;
    }
    Layer movement = graph.layers[static_cast<size_t>(at)];
    const Layer quantize = graph.layers[i];
    movement.outputs = {output};
    std::vector<Layer> added;
    for (ValueId& input : movement.inputs) {
      const Value real = graph.value(input);
      const ValueId stored =
          AddValue(graph, real.name + ".quantized", graph.value(output).type, real.shape);
      graph.value(stored).quantization = graph.value(output).quantization;
      Layer conversion = quantize;
      conversion.inputs = {input};
      conversion.outputs = {stored};
      added.push_back(std::move(conversion));
      input = stored;
    }
    added.push_back(std::move(movement));
    std::vector<bool> dead(graph.layers.size(), false);
    dead[i] = dead[static_cast<size_t>(at)] = true;
    graph.layers.insert(graph.layers.begin() + static_cast<ptrdiff_t>(i) + 1, added.begin(),
                        added.end());
    EraseLayers(graph, dead);
    return true;
  }
  return false;
}

// quantise(dequantise(x)) becomes one conversion, which Simplify removes when it changes nothing.
void JoinConversions(LayerGraph& graph) {
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    if (ConversionOf(graph, layer) != Conversion::kQuantize) {
      continue;
    }
    const ValueId source = QuantizedSource(graph, uses, layer.inputs[0]);
    if (source != kNoValue) {
      MergeNodes(graph.layers[static_cast<size_t>(uses.producer(layer.inputs[0]))], layer);
      layer.inputs[0] = source;
    }
  }
}

// Layers that read an operand with quantisation as its real value.
bool ReadsQuantized(const Layer& layer) {
  return std::holds_alternative<BinaryLayer>(layer.body) ||
         std::holds_alternative<UnaryLayer>(layer.body) ||
         std::holds_alternative<PoolLayer>(layer.body) ||
         std::holds_alternative<ReduceLayer>(layer.body) ||
         std::holds_alternative<SoftmaxLayer>(layer.body);
}

void ReadQuantizedOperands(LayerGraph& graph) {
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    if (!ReadsQuantized(layer)) {
      continue;
    }
    for (ValueId& input : layer.inputs) {
      const ValueId source = QuantizedSource(graph, uses, input);
      if (source != kNoValue) {
        MergeNodes(graph.layers[static_cast<size_t>(uses.producer(input))], layer);
        input = source;
      }
    }
  }
}

// Back to float weights, where the input stays float.
void DequantizeWeights(const QuantizedWeights& quantized, MatrixLayer& layer) {
  HostTensor real(ElementType::kFloat32, layer.weight.shape);
  const int64_t row = real.elements() / std::max<int64_t>(layer.weight.shape[0], 1);
  for (int64_t i = 0; i < real.elements(); ++i) {
    const auto m = static_cast<size_t>(quantized.weight_scale.size() == 1 ? 0 : i / row);
    real.as<float>()[static_cast<size_t>(i)] = static_cast<float>(
        (layer.weight.ValueAt(i) - layer.weight_zero_point) * quantized.weight_scale[m]);
  }
  layer.weight = std::move(real);
  layer.weight_zero_point = 0;
}

// The bias in accumulator steps of sx * sw[m]; nothing when it does not fit INT32.
std::optional<std::vector<int32_t>> IntegerBias(const QuantizedWeights& quantized,
                                                const MatrixLayer& layer, double input_scale) {
  std::vector<int32_t> result;
  for (size_t m = 0; m < layer.bias.size(); ++m) {
    const auto pick = [m](const auto& list) { return list[list.size() == 1 ? 0 : m]; };
    const double step = input_scale * pick(quantized.weight_scale);
    const double real = quantized.bias.empty() ? layer.bias[m]
                                               : static_cast<double>(pick(quantized.bias)) *
                                                     pick(quantized.bias_scale);
    const double rounded = std::nearbyint(real / step);
    if (!(std::fabs(rounded) <= 2147483647.0)) {
      return std::nullopt;
    }
    result.push_back(static_cast<int32_t>(rounded));
  }
  return result;
}

void MakeMatricesInteger(Module& module) {
  LayerGraph& graph = module.graph;
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    const auto entry = module.quantized.find(layer.outputs[0]);
    auto* matrix = std::get_if<MatrixLayer>(&layer.body);
    if (matrix == nullptr || entry == module.quantized.end()) {
      continue;
    }
    QuantizedWeights& quantized = entry->second;
    const ValueId source = QuantizedSource(graph, uses, layer.inputs[0]);
    const bool integer = source != kNoValue && IsPerTensor(graph.value(source));
    const auto bias =
        integer ? IntegerBias(quantized, *matrix, graph.value(source).quantization->scale[0])
                : std::nullopt;
    if (!bias) {
      DequantizeWeights(quantized, *matrix);
      module.quantized.erase(entry);
      continue;
    }
    MergeNodes(graph.layers[static_cast<size_t>(uses.producer(layer.inputs[0]))], layer);
    layer.inputs[0] = source;
    matrix->bias_int = *bias;
    matrix->bias.clear();
    quantized.is_integer = true;
    for (const float scale : quantized.weight_scale) {
      matrix->scale.push_back(static_cast<float>(
          static_cast<double>(graph.value(source).quantization->scale[0]) * scale));
    }
  }
}

// Products of two computed tensors multiply the integers when both operands have them.
void MakeProductsInteger(LayerGraph& graph) {
  const UseMap uses(graph);
  for (Layer& layer : graph.layers) {
    if (!std::holds_alternative<BatchMatmulLayer>(layer.body)) {
      continue;
    }
    const ValueId a = QuantizedSource(graph, uses, layer.inputs[0]);
    const ValueId b = QuantizedSource(graph, uses, layer.inputs[1]);
    if (a == kNoValue || b == kNoValue || !IsPerTensor(graph.value(a)) ||
        !IsPerTensor(graph.value(b))) {
      continue;
    }
    for (const ValueId input : layer.inputs) {
      MergeNodes(graph.layers[static_cast<size_t>(uses.producer(input))], layer);
    }
    layer.inputs = {a, b};
  }
}

// Whether the layer may write the quantised value itself.
bool WritesQuantized(const Module& module, const Layer& layer) {
  if (std::holds_alternative<BatchMatmulLayer>(layer.body)) {
    return IsQuantized(module.graph, layer.inputs[0]);
  }
  if (std::holds_alternative<MatrixLayer>(layer.body)) {
    const auto entry = module.quantized.find(layer.outputs[0]);
    return entry != module.quantized.end() && entry->second.is_integer;
  }
  return ReadsQuantized(layer) || std::holds_alternative<NormalizeLayer>(layer.body);
}

// Scales and clamps of an integer matrix layer in steps of its output's scale; those of a function
// that is not linear stay real.
void RescaleMatrix(Module& module, const Layer& layer, ValueId output, MatrixLayer& matrix) {
  if (matrix.activation.function != Function::kIdentity &&
      matrix.activation.function != Function::kLeaky) {
    return;
  }
  const QuantizedWeights& quantized = module.quantized.at(layer.outputs[0]);
  const double input_scale = module.graph.value(layer.inputs[0]).quantization->scale[0];
  const double output_scale = module.graph.value(output).quantization->scale[0];
  matrix.scale.clear();
  for (const float scale : quantized.weight_scale) {
    matrix.scale.push_back(static_cast<float>(input_scale * scale / output_scale));
  }
  matrix.activation.clamp_low = static_cast<float>(matrix.activation.clamp_low / output_scale);
  matrix.activation.clamp_high = static_cast<float>(matrix.activation.clamp_high / output_scale);
}

}  // namespace

Status Quantize(Module& module) {
  LayerGraph& graph = module.graph;
  while (MoveDequantizeForward(graph)) {
  }
  while (MoveQuantizeBackward(graph)) {
  }
  JoinConversions(graph);
  NEURON_RETURN_IF_ERROR(Simplify(module));
  ReadQuantizedOperands(graph);
  MakeMatricesInteger(module);
  MakeProductsInteger(graph);
  return OkStatus();
}

Status FuseQuantization(Module& module) {
  LayerGraph& graph = module.graph;
  const UseMap uses(graph);
  std::vector<bool> dead(graph.layers.size(), false);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    Layer& layer = graph.layers[i];
    const int consumer = layer.outputs.size() == 1 && layer.outputs[0] != kNoValue
                             ? uses.OnlyConsumer(layer.outputs[0])
                             : -1;
    if (dead[i] || consumer < 0 || IsQuantized(graph, layer.outputs[0]) ||
        !WritesQuantized(module, layer)) {
      continue;
    }
    const Layer& quantize = graph.layers[static_cast<size_t>(consumer)];
    if (ConversionOf(graph, quantize) != Conversion::kQuantize ||
        !IsPerTensor(graph.value(quantize.outputs[0]))) {
      continue;
    }
    if (auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
      RescaleMatrix(module, layer, quantize.outputs[0], *matrix);
    }
    MergeNodes(quantize, layer);
    layer.outputs[0] = quantize.outputs[0];
    dead[static_cast<size_t>(consumer)] = true;
  }
  EraseLayers(graph, dead);
  return OkStatus();
}

}  // namespace neuron::compiler
