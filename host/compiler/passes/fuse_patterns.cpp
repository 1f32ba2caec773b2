// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/passes/fuse_patterns.h"

#include <cmath>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

// The layer that makes `id`, when nothing but one layer reads what it makes; else null.
const Layer* OnlyMaker(const LayerGraph& graph, const UseMap& uses, ValueId id) {
  const int producer = uses.producer(id);
  return producer < 0 || uses.OnlyConsumer(id) < 0 || IsQuantized(graph, id)
             ? nullptr
             : &graph.layers[static_cast<size_t>(producer)];
}

bool Near(float value, double expected) { return std::fabs(value - expected) < 1e-5 * expected; }

// The factor of y = factor * x, when that is all that the layer does; else 0.
float FactorOf(const Layer* layer) {
  const auto* unary = layer == nullptr ? nullptr : std::get_if<UnaryLayer>(&layer->body);
  const bool plain = unary != nullptr && unary->scale.size() == 1 &&
                     unary->bias == std::vector<float>{0.0F} && IsTrivial(unary->activation);
  return plain ? unary->scale[0] : 0.0F;
}

// The x of 1 + erf(x / sqrt 2), which `id` is; kNoValue when it is something else. The layers are
// marked in `dead`.
ValueId GateOperand(const LayerGraph& graph, const UseMap& uses, ValueId id,
                    std::vector<bool>& dead) {
  const Layer* plus_one = OnlyMaker(graph, uses, id);
  const auto* one = plus_one == nullptr ? nullptr : std::get_if<UnaryLayer>(&plus_one->body);
  if (one == nullptr || one->scale != std::vector<float>{1.0F} ||
      one->bias != std::vector<float>{1.0F} || !IsTrivial(one->activation)) {
    return kNoValue;
  }
  const Layer* error = OnlyMaker(graph, uses, plus_one->inputs[0]);
  const auto* erf = error == nullptr ? nullptr : std::get_if<UnaryLayer>(&error->body);
  if (erf == nullptr || erf->scale.size() != 1 || !Near(erf->scale[0], std::sqrt(0.5)) ||
      erf->bias != std::vector<float>{0.0F} ||
      !IsTrivial(Activation{Function::kIdentity, 0.0F, erf->activation.clamp_low,
                            erf->activation.clamp_high}) ||
      erf->activation.function != Function::kErf) {
    return kNoValue;
  }
  dead[static_cast<size_t>(uses.producer(id))] = true;
  dead[static_cast<size_t>(uses.producer(plus_one->inputs[0]))] = true;
  return error->inputs[0];
}

// x * (1 + erf(x / sqrt 2)) becomes Gelu of x, halves that surround it going. `at` is the product.
bool FuseGeluAt(LayerGraph& graph, const UseMap& uses, size_t at) {
  Layer& product = graph.layers[at];
  for (const size_t gate : {size_t{0}, size_t{1}}) {
    std::vector<bool> dead(graph.layers.size(), false);
    const ValueId x = GateOperand(graph, uses, product.inputs[gate], dead);
    if (x == kNoValue) {
      continue;
    }
    const ValueId other = product.inputs[1 - gate];
    const int after = uses.OnlyConsumer(product.outputs[0]);
    const Layer* last = after < 0 ? nullptr : &graph.layers[static_cast<size_t>(after)];
    ValueId output = product.outputs[0];
    if (other == x && Near(FactorOf(last), 0.5) && !IsQuantized(graph, output)) {
      dead[static_cast<size_t>(after)] = true;
      output = last->outputs[0];
    } else if (const Layer* half = OnlyMaker(graph, uses, other);
               half != nullptr && Near(FactorOf(half), 0.5) && half->inputs[0] == x) {
      dead[static_cast<size_t>(uses.producer(other))] = true;
    } else {
      continue;
    }
    for (size_t i = 0; i < dead.size(); ++i) {
      if (dead[i]) {
        MergeNodes(graph.layers[i], product);
      }
    }
    UnaryLayer gelu;
    gelu.activation.function = Function::kGelu;
    product.body = gelu;
    product.inputs = {x};
    product.outputs = {output};
    EraseLayers(graph, dead);
    return true;
  }
  return false;
}

}  // namespace

bool FuseSilu(LayerGraph& graph) {
  const UseMap uses(graph);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& gate = graph.layers[i];
    const auto* unary = std::get_if<UnaryLayer>(&gate.body);
    if (unary == nullptr || !IsTrivialAffine(*unary) ||
        unary->activation.function != Function::kSigmoid || IsQuantized(graph, gate.outputs[0])) {
      continue;
    }
    const int next = uses.OnlyConsumer(gate.outputs[0]);
    auto* binary = next < 0
                       ? nullptr
                       : std::get_if<BinaryLayer>(&graph.layers[static_cast<size_t>(next)].body);
    if (binary == nullptr || binary->op != BinaryOp::kMul || !IsTrivial(binary->activation)) {
      continue;
    }
    Layer& product = graph.layers[static_cast<size_t>(next)];
    const ValueId x = gate.inputs[0];
    if (product.inputs[0] != x && product.inputs[1] != x) {
      continue;
    }
    UnaryLayer silu;
    silu.activation = unary->activation;
    silu.activation.function = Function::kSilu;
    if (!IsTrivial(Activation{Function::kIdentity, 0.0F, unary->activation.clamp_low,
                              unary->activation.clamp_high})) {
      continue;
    }
    product.body = silu;
    product.inputs = {x};
    MergeNodes(gate, product);
    std::vector<bool> dead(graph.layers.size(), false);
    dead[i] = true;
    EraseLayers(graph, dead);
    return true;
  }
  return false;
}

bool FuseGelu(LayerGraph& graph) {
  const UseMap uses(graph);
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const auto* binary = std::get_if<BinaryLayer>(&graph.layers[i].body);
    if (binary != nullptr && binary->op == BinaryOp::kMul && IsTrivial(binary->activation) &&
        FuseGeluAt(graph, uses, i)) {
      return true;
    }
  }
  return false;
}

}  // namespace neuron::compiler
