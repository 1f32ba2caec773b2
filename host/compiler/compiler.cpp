// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/compiler.h"

#include <fmt/format.h>

#include "host/compiler/codegen/codegen.h"
#include "host/compiler/tile/tile.h"

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

bool DoesNotFit(const Status& status) { return status.code() == StatusCode::kResourceExhausted; }

// The graph as it is where memory allows, otherwise in parts: with as much of SBUF as the memory
// plan can make use of, since its estimate is not exact and placement leaves gaps.
Result<ncx::PackageData> GenerateInMemory(const LayerGraph& graph, const isa::Config& config,
                                          PlanOptions plan) {
  Result<ncx::PackageData> package = GenerateCode(graph, config, plan);
  if (package.ok() || !DoesNotFit(package.status())) {
    return package;
  }
  plan.shared_weights = config.sbuf_bytes / 4;
  package = GenerateCode(graph, config, plan);
  Status unfit;
  for (const bool overlaps : {true, false}) {
    for (int64_t percent = 100; percent >= 40; percent -= 6) {
      if (package.ok() || !DoesNotFit(package.status())) {
        return package;
      }
      const TileOptions tile{config.sbuf_bytes * percent / 100, plan.shared_weights, overlaps};
      const Result<LayerGraph> fitted = FitToMemory(graph, config, tile);
      if (!fitted.ok()) {
        unfit = unfit.ok() ? fitted.status() : unfit;
        break;
      }
      package = GenerateCode(fitted.value(), config, plan);
    }
  }
  return package.ok() || unfit.ok() ? package : unfit;
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
  NEURON_ASSIGN_OR_RETURN(LayerGraph graph, ImportModel(options.import));
  NEURON_RETURN_IF_ERROR(PairStates(options.states, graph));
  if (options.schedule.shuffle != 0) {
    graph = Shuffled(std::move(graph), options.schedule.shuffle);
  }
  stage("generating code");
  PlanOptions plan;
  plan.cost = options.cost;
  plan.schedule = options.schedule;
  NEURON_ASSIGN_OR_RETURN(
      ncx::PackageData package,
      GenerateInMemory(graph, Restricted(*config, options.schedule), std::move(plan)));

  CompileOutput output;
  for (const Layer& layer : graph.layers) {
    output.macs += layer.macs;
    if (const auto* host = std::get_if<HostLayer>(&layer.body)) {
      output.host_segments.push_back({layer.name, host->node.op_type, host->reason, layer.macs});
    }
  }
  output.package = std::move(package);
  return output;
}

}  // namespace neuron::compiler
