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

uint64_t EstimatedCycles(const ncx::PackageData& package) {
  uint64_t cycles = 0;
  for (const ncx::Launch& launch : package.launches) {
    cycles += launch.estimated_cycles;
  }
  return cycles;
}

// The graph cut into parts for several shares of SBUF; the plan with the fewest cycles. A large
// share makes few parts, but the memory plan may find gaps and no room, since the cut works with
// estimates; a small one leaves room to load ahead.
Result<ncx::PackageData> GenerateInParts(const LayerGraph& graph, const isa::Config& config,
                                         const PlanOptions& plan, bool overlaps) {
  constexpr int64_t kLargestShare = 100;  // per cent
  constexpr int64_t kSmallestShare = 34;
  constexpr int64_t kStep = 6;
  Result<ncx::PackageData> best = Status(StatusCode::kResourceExhausted, "");
  for (int64_t share = kLargestShare; share >= kSmallestShare; share -= kStep) {
    const TileOptions tile{config.sbuf_bytes * share / kLargestShare, plan.shared_weights,
                           overlaps};
    const Result<LayerGraph> fitted = FitToMemory(graph, config, tile);
    if (!fitted.ok()) {
      return best.ok() || share < kLargestShare ? best : fitted.status();
    }
    Result<ncx::PackageData> package = GenerateCode(fitted.value(), config, plan);
    if (!package.ok() && !DoesNotFit(package.status())) {
      return package;
    }
    const bool better = package.ok()
                            ? !best.ok() || EstimatedCycles(*package) < EstimatedCycles(*best)
                            : !best.ok() && best.status().message().empty();
    if (better) {
      best = std::move(package);
    }
  }
  return best;
}

// The graph as it is where memory allows, otherwise in parts.
Result<ncx::PackageData> GenerateInMemory(const LayerGraph& graph, const isa::Config& config,
                                          PlanOptions plan) {
  Result<ncx::PackageData> package = GenerateCode(graph, config, plan);
  if (package.ok() || !DoesNotFit(package.status())) {
    return package;
  }
  plan.shared_weights = config.sbuf_bytes / 4;
  package = GenerateCode(graph, config, plan);
  for (const bool overlaps : {true, false}) {
    if (!package.ok() && DoesNotFit(package.status())) {
      package = GenerateInParts(graph, config, plan, overlaps);
    }
  }
  return package;
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
