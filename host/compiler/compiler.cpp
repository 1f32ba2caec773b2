// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/compiler/in_memory.h"
#include "host/compiler/pair_positions.h"

namespace neuron::compiler {
namespace {

Result<const isa::Config*> ConfigurationByName(const std::string& name) {
  if (const isa::Config* config = isa::FindConfig(name)) {
    return config;
  }
  std::string known;
  for (const isa::Config& config : isa::kConfigs) {
    known += (known.empty() ? "" : ", ") + std::string(config.name);
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("no configuration '{}'; there are {}", name, known));
}

// A softmax has a row and its exponentials in one partition at a time, and its result, which may be
// of 8 bits: twice 3/8 of SBUF and a little more.
int64_t LongestRow(const isa::Config& config) {
  return config.sbuf_bytes * 3 / 8 / static_cast<int64_t>(sizeof(float));
}

// `package`, made from `graph` in this way, with constants that stay in SBUF.
Result<ncx::PackageData> KeepConstants(const LayerGraph& graph, const isa::Config& config,
                                       Making making, ResidentWeights resident,
                                       ncx::PackageData package) {
  constexpr double kWorthwhile = 0.97;  // of the cycles without
  if (resident == ResidentWeights::kOff) {
    return package;
  }
  const bool all = resident == ResidentWeights::kOn;
  making.plan.resident = all ? ResidentConstants::kAll : ResidentConstants::kSome;
  LayerGraph parts;
  if (making.cut.has_value()) {
    NEURON_ASSIGN_OR_RETURN(parts, FitToMemory(graph, config, *making.cut));
  }
  Result<ncx::PackageData> kept =
      GenerateCode(making.cut.has_value() ? parts : graph, config, making.plan);
  if (all) {
    return kept;
  }
  const auto without = static_cast<double>(ncx::EstimatedCycles(package.launches));
  const bool gains =
      kept.ok() && static_cast<double>(ncx::RepeatedCycles(*kept)) < kWorthwhile * without;
  return gains ? std::move(kept) : std::move(package);
}

std::vector<FloatTensor> FloatsFromIntegers(const LayerGraph& graph) {
  std::map<ValueId, const Layer*> readers;  // the first of each
  for (const Layer& layer : graph.layers) {
    for (const ValueId input : layer.inputs) {
      readers.emplace(input, &layer);
    }
  }
  std::vector<FloatTensor> result;
  for (const Layer& layer : graph.layers) {
    const bool reads_integers = std::ranges::any_of(layer.inputs, [&](ValueId input) {
      return input != kNoValue && graph.value(input).quantization.has_value();
    });
    if (!reads_integers || std::holds_alternative<HostLayer>(layer.body)) {
      continue;
    }
    for (const ValueId id : layer.outputs) {
      const Value& value = graph.value(id);
      const auto reader = readers.find(id);
      if (value.type == ElementType::kFloat32 && !value.is_output && reader != readers.end()) {
        result.push_back({Describe(*reader->second),
                          ElementCount(value.shape) * static_cast<int64_t>(sizeof(float))});
      }
    }
  }
  return result;
}

}  // namespace

Result<CompileOutput> Compile(const CompileOptions& options) {
  auto stage = [&](std::string_view what) {
    if (options.progress) {
      options.progress(what);
    }
  };
  NEURON_ASSIGN_OR_RETURN(const isa::Config* config, ConfigurationByName(options.configuration));
  stage("importing");
  ImportOptions import = options.import;
  import.longest_row = LongestRow(*config);
  NEURON_ASSIGN_OR_RETURN(LayerGraph graph, ImportModel(import));
  NEURON_RETURN_IF_ERROR(PairStates(options.states, graph));
  graph = PairPositions(std::move(graph), *config);
  if (options.schedule.shuffle != 0) {
    graph = Shuffled(std::move(graph), options.schedule.shuffle);
  }
  stage("generating code");
  Making making;
  making.plan.cost = options.cost;
  making.plan.schedule = options.schedule;
  CompileOutput output;
  for (const Layer& layer : graph.layers) {
    output.macs += layer.macs;
    if (const auto* host = std::get_if<HostLayer>(&layer.body)) {
      output.host_segments.push_back({layer.name, host->node.op_type, host->reason, layer.macs});
    }
  }
  output.floats_from_integers = FloatsFromIntegers(graph);
  const isa::Config restricted = Restricted(*config, options.schedule);
  NEURON_ASSIGN_OR_RETURN(ncx::PackageData package, GenerateInMemory(graph, restricted, making));
  NEURON_ASSIGN_OR_RETURN(
      output.package,
      KeepConstants(graph, restricted, making, options.resident_weights, std::move(package)));
  return output;
}

}  // namespace neuron::compiler
