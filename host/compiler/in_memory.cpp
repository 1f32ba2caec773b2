// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/in_memory.h"

#include <algorithm>

#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

bool DoesNotFit(const Status& status) { return status.code() == StatusCode::kResourceExhausted; }

// The graph cut into parts in several ways; the plan with the fewest cycles.
class PartsSearch {
 public:
  static constexpr size_t kSmallGraph = 64;  // layers

  PartsSearch(const LayerGraph& graph, const isa::Config& config, const PlanOptions& plan)
      : graph_(graph), config_(config), plan_(plan) {}

  // First several shares of SBUF: a large one makes few parts, but the memory plan may find gaps
  // and no room, since the cut works with estimates; a small one leaves room to load ahead. Then
  // whole sections, with the largest share that makes a faster plan. Then shorter runs of layers,
  // with the best share; in small graphs with every share.
  Result<ncx::PackageData> Run(bool overlaps) {
    TileOptions tile;
    tile.shared_weights = plan_.shared_weights;
    tile.overlaps = overlaps;
    tile.cost = plan_.cost;
    TryShares(tile);
    TrySmallShares(tile);
    TrySections(tile);
    tile.sections = best_tile_.sections;
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
  static constexpr int64_t kSmallestSectionShare = 88;
  static constexpr size_t kManyParts = 4096;  // layers

  void TryShares(TileOptions tile) {
    for (int64_t share = kAll; share >= kSmallestShare; share -= kStep) {
      tile.budget = config_.sbuf_bytes * share / kAll;
      if (!Try(tile)) {
        break;
      }
    }
  }

  // Where the plan finds no room although the estimates did.
  void TrySmallShares(TileOptions tile) {
    for (int64_t share = kSmallestShare / 2; share > 0 && !best_.ok(); share /= 2) {
      tile.budget = config_.sbuf_bytes * share / kAll;
      if (!Try(tile)) {
        break;
      }
    }
  }

  void TrySections(TileOptions tile) {
    tile.sections = true;
    for (int64_t share = kAll; share >= kSmallestSectionShare && best_.ok(); share -= kStep) {
      tile.budget = config_.sbuf_bytes * share / kAll;
      if (best_tile_.sections || !HasSections(graph_, config_, tile) || !Try(tile)) {
        break;
      }
    }
  }

  // False when nothing fits the budget, for an error that no cut can mend, and for so many parts,
  // also beside the best plan's, that planning them would take long and gain nothing.
  bool Try(const TileOptions& tile) {
    const Result<LayerGraph> fitted = FitToMemory(graph_, config_, tile);
    if (fitted.ok() && best_.ok() && !tile.sections &&
        fitted->layers.size() > std::max(2 * best_parts_, kManyParts)) {
      return false;
    }
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
      best_parts_ = fitted.ok() ? fitted->layers.size() : 0;
    }
    return fitted.ok() && fits;
  }

  const LayerGraph& graph_;
  const isa::Config& config_;
  const PlanOptions& plan_;
  Result<ncx::PackageData> best_ = Status(StatusCode::kResourceExhausted, "");
  TileOptions best_tile_;
  size_t best_parts_ = 0;  // layers of the cut graph
};

int64_t SharedWeights(const isa::Config& config) { return config.sbuf_bytes / 4; }

uint64_t ScratchBytes(const ncx::PackageData& package) {
  return package.segments[kScratchSegment].bytes;
}

// A small graph that fits as it is, `whole`, may still be faster in parts, of which one is loaded
// while another is made. Tensors that stay on chip must go on doing so.
ncx::PackageData FasterInParts(const LayerGraph& graph, const isa::Config& config,
                               ncx::PackageData whole, Making& making) {
  constexpr double kWorthwhile = 0.98;  // of the cycles
  if (graph.layers.size() > PartsSearch::kSmallGraph) {
    return whole;
  }
  PlanOptions plan = making.plan;
  plan.shared_weights = SharedWeights(config);
  PartsSearch search(graph, config, plan);
  Result<ncx::PackageData> parts = search.Run(true);
  const auto cycles = static_cast<double>(ncx::EstimatedCycles(whole.launches));
  if (!parts.ok() || ScratchBytes(*parts) > ScratchBytes(whole) ||
      static_cast<double>(ncx::EstimatedCycles(parts->launches)) > kWorthwhile * cycles) {
    return whole;
  }
  making.plan = plan;
  making.cut = search.cut();
  return *std::move(parts);
}

}  // namespace

Result<ncx::PackageData> GenerateInMemory(const LayerGraph& graph, const isa::Config& config,
                                          Making& making) {
  PlanOptions& plan = making.plan;
  Result<ncx::PackageData> package = GenerateCode(graph, config, plan);
  if (package.ok()) {
    return FasterInParts(graph, config, *std::move(package), making);
  }
  if (!DoesNotFit(package.status())) {
    return package;
  }
  plan.shared_weights = SharedWeights(config);
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

}  // namespace neuron::compiler
