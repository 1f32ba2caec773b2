// SPDX-License-Identifier: Apache-2.0
#include "tests/system/cost/single_layers.h"

#include <algorithm>
#include <random>
#include <set>

#include "host/compiler/codegen/instructions.h"
#include "host/compiler/compiler.h"
#include "host/compiler/in_memory.h"
#include "host/tools/session.h"
#include "host/tools/verify_case.h"

namespace neuron::test {
namespace {

using compiler::Layer;
using compiler::LayerGraph;
using compiler::ValueId;

// The layer with its values as a graph of its own: what it computes is the output, what it reads
// and is not constant is an input.
LayerGraph CutOut(const LayerGraph& whole, const Layer& layer) {
  LayerGraph graph;
  graph.model_name = whole.model_name;
  std::map<ValueId, ValueId> moved;
  const auto move = [&](ValueId id) {
    const auto [it, is_new] = moved.emplace(id, static_cast<ValueId>(graph.values.size()));
    if (is_new) {
      graph.values.push_back(whole.value(id));
      graph.values.back().is_input = graph.values.back().is_output = false;
    }
    return it->second;
  };
  Layer alone = layer;
  for (ValueId& id : alone.inputs) {
    if (id == compiler::kNoValue) {
      continue;
    }
    id = move(id);
    compiler::Value& value = graph.value(id);
    if (!value.constant.has_value() && !value.is_input) {
      value.is_input = true;
      graph.inputs.push_back(id);
    }
  }
  for (ValueId& id : alone.outputs) {
    id = move(id);
    graph.value(id).is_output = true;
    graph.outputs.push_back(id);
  }
  graph.layers.push_back(std::move(alone));
  return graph;
}

Result<LayerGraph> Import(const tools::ZooModel& model) {
  NEURON_ASSIGN_OR_RETURN(const tools::StepArrays step, ReadStep(model, model.cases[0], 0));
  return compiler::ImportModel(tools::ImportOptionsFor(model, step));
}

HostTensor RandomTensor(const nrt::TensorInfo& info, std::mt19937& random) {
  HostTensor tensor(static_cast<ElementType>(info.dtype), info.shape);
  if (tensor.type == ElementType::kFloat32) {
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    for (float& value : tensor.as<float>()) {
      value = uniform(random);
    }
  } else if (ElementBytes(tensor.type) == 1) {
    for (std::byte& value : tensor.data) {
      value = static_cast<std::byte>(random());
    }
  }
  return tensor;
}

// What decides a layer's cycles: its printed form without names.
std::string Signature(const LayerGraph& graph) {
  std::string text = compiler::LayerKind(graph.layers[0]);
  for (const compiler::Value& value : graph.values) {
    text += std::string(" ") + ElementTypeName(value.type) + ShapeToString(value.shape) +
            (value.is_input ? "i" : "");
  }
  return text;
}

}  // namespace

Result<std::vector<SingleLayer>> SingleLayersOf(const tools::ZooModel& model) {
  NEURON_ASSIGN_OR_RETURN(const LayerGraph whole, Import(model));
  std::vector<SingleLayer> layers;
  std::set<std::string> seen;
  for (const Layer& layer : whole.layers) {
    if (std::holds_alternative<compiler::HostLayer>(layer.body)) {
      continue;
    }
    LayerGraph graph = CutOut(whole, layer);
    if (!seen.insert(Signature(graph)).second) {
      continue;
    }
    layers.push_back({model.name + ": " + layer.name + " (" + compiler::LayerKind(layer) + ")",
                      std::move(graph)});
  }
  return layers;
}

uint64_t LeastCycles(const SingleLayer& layer, const isa::Config& config) {
  const auto beats = [&](const std::vector<ValueId>& values) {
    uint64_t bytes = 0;
    for (const ValueId id : values) {
      const compiler::Value& value = layer.graph.value(id);
      bytes += static_cast<uint64_t>(ElementCount(value.shape)) * ElementBytes(value.type);
    }
    return bytes / config.axi_bytes;
  };
  const auto macs = static_cast<uint64_t>(layer.graph.layers[0].macs);
  return std::max({macs / (uint64_t{config.p} * config.p), beats(layer.graph.inputs),
                   beats(layer.graph.outputs)});
}

Result<ncx::PackageData> CompileAlone(const SingleLayer& layer, const isa::Config& config) {
  compiler::Making making;
  return compiler::GenerateInMemory(layer.graph, config, making);
}

Result<uint64_t> MeasuredCycles(nrt::Runtime& runtime, const ncx::PackageData& package) {
  NEURON_ASSIGN_OR_RETURN(tools::Session session, tools::Session::Load(runtime, package));
  std::mt19937 random(1);
  tools::NamedTensors inputs;
  for (const nrt::TensorInfo& info : session.inputs()) {
    inputs[info.name] = RandomTensor(info, random);
  }
  NEURON_ASSIGN_OR_RETURN(const tools::RunResult result, session.Run(inputs, {}));
  return result.stats.cycles;
}

}  // namespace neuron::test
