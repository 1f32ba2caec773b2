// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "host/compiler/passes/layer_builder.h"

namespace neuron::compiler {
namespace {

void DropDeadLayers(LayerGraph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.outputs) {
    needed[static_cast<size_t>(id)] = true;
  }
  std::vector<bool> dead(graph.layers.size(), true);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = graph.layers.size(); i-- > 0;) {
      const Layer& layer = graph.layers[i];
      const bool used = std::any_of(layer.outputs.begin(), layer.outputs.end(), [&](ValueId id) {
        return id != kNoValue && needed[static_cast<size_t>(id)];
      });
      if (!dead[i] || !used) {
        continue;
      }
      dead[i] = false;
      changed = true;
      for (const ValueId id : layer.inputs) {
        if (id != kNoValue) {
          needed[static_cast<size_t>(id)] = true;
        }
      }
    }
  }
  EraseLayers(graph, dead);
}

// Passes append layers where it is convenient; this puts each after those that feed it.
Status SortLayers(LayerGraph& graph) {
  std::vector<bool> ready(graph.values.size(), true);
  for (const Layer& layer : graph.layers) {
    for (const ValueId id : layer.outputs) {
      if (id != kNoValue) {
        ready[static_cast<size_t>(id)] = false;
      }
    }
  }
  std::vector<Layer> sorted;
  std::vector<bool> placed(graph.layers.size(), false);
  while (sorted.size() < graph.layers.size()) {
    const size_t before = sorted.size();
    for (size_t i = 0; i < graph.layers.size(); ++i) {
      const auto& inputs = graph.layers[i].inputs;
      if (placed[i] || !std::all_of(inputs.begin(), inputs.end(), [&](ValueId id) {
            return id == kNoValue || ready[static_cast<size_t>(id)];
          })) {
        continue;
      }
      for (const ValueId id : graph.layers[i].outputs) {
        if (id != kNoValue) {
          ready[static_cast<size_t>(id)] = true;
        }
      }
      placed[i] = true;
      sorted.push_back(graph.layers[i]);
    }
    if (sorted.size() == before) {
      return Status(StatusCode::kInternal, "the passes left a cycle of layers");
    }
  }
  graph.layers = std::move(sorted);
  return OkStatus();
}

// Renumbers the values so that only those in use remain.
void DropDeadValues(Module& module) {
  LayerGraph& graph = module.graph;
  std::vector<ValueId> renamed(graph.values.size(), kNoValue);
  std::vector<Value> kept;
  const auto keep = [&](ValueId& id) {
    if (id == kNoValue) {
      return;
    }
    ValueId& to = renamed[static_cast<size_t>(id)];
    if (to == kNoValue) {
      to = static_cast<ValueId>(kept.size());
      kept.push_back(std::move(graph.value(id)));
    }
    id = to;
  };
  std::for_each(graph.inputs.begin(), graph.inputs.end(), keep);
  for (Layer& layer : graph.layers) {
    std::for_each(layer.inputs.begin(), layer.inputs.end(), keep);
    std::for_each(layer.outputs.begin(), layer.outputs.end(), keep);
  }
  std::for_each(graph.outputs.begin(), graph.outputs.end(), keep);
  graph.values = std::move(kept);
  module.quantized.clear();
}

// Multiply-accumulates of an operator that runs on the host, so that reports can say its share.
int64_t HostMacs(const LayerGraph& graph, const Layer& layer, const std::string& op) {
  const auto shape = [&](size_t input) { return graph.value(layer.inputs[input]).shape; };
  const int64_t made = ElementCount(graph.value(layer.outputs[0]).shape);
  if (op == "Conv" || op == "ConvInteger" || op == "QLinearConv") {
    const Shape weights = shape(op == "QLinearConv" ? 3 : 1);
    return made * ElementCount(weights) / weights[0];
  }
  if (op == "ConvTranspose") {
    return ElementCount(shape(0)) * ElementCount(shape(1)) / shape(1)[0];
  }
  if (op == "MatMul" || op == "MatMulInteger" || op == "QLinearMatMul") {
    return made * shape(0).back();
  }
  if (op == "Gemm") {
    return ElementCount(shape(0)) / graph.value(layer.outputs[0]).shape[0] * made;
  }
  if (op == "GRU" || op == "LSTM" || op == "RNN") {
    const int64_t rows = ElementCount(shape(0)) / shape(0).back();  // steps times batch
    return rows * (ElementCount(shape(1)) + ElementCount(shape(2)));
  }
  return 0;
}

int64_t MacsOf(const LayerGraph& graph, const Layer& layer) {
  const Shape& out = graph.value(layer.outputs[0]).shape;
  if (const auto* host = std::get_if<HostLayer>(&layer.body)) {
    return HostMacs(graph, layer, host->node.op_type);
  }
  if (const auto* matrix = std::get_if<MatrixLayer>(&layer.body)) {
    return ElementCount(out) * (matrix->weight.elements() / matrix->weight.shape[0]);
  }
  if (std::holds_alternative<BatchMatmulLayer>(layer.body)) {
    return ElementCount(out) * graph.value(layer.inputs[0]).shape.back();
  }
  return 0;
}

Status Check(const LayerGraph& graph) {
  std::set<std::string> names;
  std::set<std::string> inputs;
  for (const Value& value : graph.values) {
    const bool passes_an_input = value.is_output && inputs.contains(value.name);
    if (value.is_input) {
      inputs.insert(value.name);
    }
    if (!names.insert(value.name).second && !passes_an_input) {
      return Status(StatusCode::kInternal, "two values are named '" + value.name + "'");
    }
  }
  for (const Layer& layer : graph.layers) {
    NEURON_RETURN_IF_ERROR(CheckLayer(graph, layer));
  }
  return OkStatus();
}

}  // namespace

Status Finish(Module& module) {
  NEURON_RETURN_IF_ERROR(Simplify(module));
  LayerGraph& graph = module.graph;
  DropDeadLayers(graph);
  NEURON_RETURN_IF_ERROR(SortLayers(graph));
  DropDeadValues(module);
  for (Layer& layer : graph.layers) {
    layer.macs = layer.outputs[0] == kNoValue ? 0 : MacsOf(graph, layer);
  }
  return Check(graph);
}

std::span<const LayerPass> LayerPasses() {
  static constexpr LayerPass kPasses[] = {
      {"simplify", Simplify}, {"quantize", Quantize},
      {"fuse", Fuse},         {"fuse-quantization", FuseQuantization},
      {"finish", Finish},
  };
  return kPasses;
}

}  // namespace neuron::compiler
