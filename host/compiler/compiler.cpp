// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/compiler.h"

#include <fmt/format.h>

#include "host/compiler/codegen/codegen.h"

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
  NEURON_ASSIGN_OR_RETURN(
      ncx::PackageData package,
      GenerateCode(graph, Restricted(*config, options.schedule), options.cost, options.schedule));

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
