// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

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

// The graph cut into parts in several ways; the plan with the fewest cycles.
class PartsSearch {
 public:
  PartsSearch(const LayerGraph& graph, const isa::Config& config, const PlanOptions& plan)
      : graph_(graph), config_(config), plan_(plan) {}

  // First several shares of SBUF: a large one makes few parts, but the memory plan may find gaps
  // and no room, since the cut works with estimates; a small one leaves room to load ahead. Then
  // shorter runs of layers, with the best share; in small graphs with every share.
  Result<ncx::PackageData> Run(bool overlaps) {
    TileOptions tile;
    tile.shared_weights = plan_.shared_weights;
    tile.overlaps = overlaps;
    TryShares(tile);
    const bool small = graph_.layers.size() <= kSmallGraph;
    for (const size_t run : {6, 3, 2}) {
      if (best_.ok()) {
        tile.budget = best_tile_.budget;
        tile.longest_run = run;
        small ? TryShares(tile) : static_cast<void>(Try(tile));
      }
    }
    return std::move(best_);
  }

  // How the graph was cut for the plan that Run returned.
  const TileOptions& cut() const { return best_tile_; }

 private:
  static constexpr int64_t kAll = 100;  // per cent
  static constexpr int64_t kSmallestShare = 34;
  static constexpr int64_t kStep = 6;
  static constexpr size_t kSmallGraph = 64;  // layers

  void TryShares(TileOptions tile) {
    for (int64_t share = kAll; share >= kSmallestShare; share -= kStep) {
      tile.budget = config_.sbuf_bytes * share / kAll;
      if (!Try(tile)) {
        break;
      }
    }
  }

  // False when nothing fits the budget, or for an error that no cut can mend.
  bool Try(const TileOptions& tile) {
    const Result<LayerGraph> fitted = FitToMemory(graph_, config_, tile);
    Result<ncx::PackageData> package =
        fitted.ok() ? GenerateCode(fitted.value(), config_, plan_) : fitted.status();
    const bool fits = package.ok() || DoesNotFit(package.status());
    const bool first = !best_.ok() && (package.ok() || best_.status().message().empty());
    const bool faster =
        package.ok() && best_.ok() &&
        ncx::EstimatedCycles(package->launches) < ncx::EstimatedCycles(best_->launches);
    if (first || faster || (!fits && !best_.ok())) {
      best_ = std::move(package);
      best_tile_ = tile;
    }
    return fitted.ok() && fits;
  }

  const LayerGraph& graph_;
  const isa::Config& config_;
  const PlanOptions& plan_;
  Result<ncx::PackageData> best_ = Status(StatusCode::kResourceExhausted, "");
  TileOptions best_tile_;
};

// How a program was made of a graph.
struct Making {
  PlanOptions plan;
  std::optional<TileOptions> cut = {};  // none: from the graph as it is
};

// The graph as it is where memory allows, otherwise in parts. `making` says how to plan, and then
// how it was done.
Result<ncx::PackageData> GenerateInMemory(const LayerGraph& graph, const isa::Config& config,
                                          Making& making) {
  PlanOptions& plan = making.plan;
  Result<ncx::PackageData> package = GenerateCode(graph, config, plan);
  if (package.ok() || !DoesNotFit(package.status())) {
    return package;
  }
  plan.shared_weights = config.sbuf_bytes / 4;
  package = GenerateCode(graph, config, plan);
  for (const bool overlaps : {true, false}) {
    if (!package.ok() && DoesNotFit(package.status())) {
      PartsSearch search(graph, config, plan);
      package = search.Run(overlaps);
      if (package.ok()) {
        making.cut = search.cut();
      }
    }
  }
  return package;
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
  NEURON_ASSIGN_OR_RETURN(LayerGraph graph, ImportModel(options.import));
  NEURON_RETURN_IF_ERROR(PairStates(options.states, graph));
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
