// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/codegen.h"

#include <algorithm>
#include <map>
#include <utility>

#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

// How often memory is planned anew when buffers find no gap.
constexpr uint32_t kPlacements = 12;

// Places the fixed buffers, then the loads; returns what PlanMemory does.
Result<std::vector<int>> PlaceAll(const std::vector<PlannedOp>& ops,
                                  const std::vector<BufferId>& fixed, MemoryPlan::Order order,
                                  MemoryPlan& memory) {
  const auto count = static_cast<int>(ops.size());
  NEURON_RETURN_IF_ERROR(memory.Place(fixed, order));
  std::vector<int> position(ops.size());
  std::vector<bool> placed(memory.buffers().size(), false);
  int earliest = 0;
  for (int i = 0; i < count; ++i) {
    const PlannedOp& op = ops[static_cast<size_t>(i)];
    position[static_cast<size_t>(i)] = i;
    // A host operator ends a launch; loads stay in the launch that uses them only by order, and
    // memory keeps its content between launches.
    if (!op.streamed) {
      continue;
    }
    const BufferId id = op.uses[0];
    if (!placed[static_cast<size_t>(id)]) {
      NEURON_ASSIGN_OR_RETURN(earliest, memory.PlaceEarly(id, std::max(earliest, op.after + 1)));
      placed[static_cast<size_t>(id)] = true;
    }
    position[static_cast<size_t>(i)] = memory.buffer(id).first;
  }
  return position;
}

// Gives every buffer its lifetime and place. Streamed loads go as early in the sequence as memory
// allows, in their own order, so that weights are on chip before their layer starts. Returns, for
// each operation, the position before which it is to be emitted.
Result<std::vector<int>> PlanMemory(std::vector<PlannedOp>& ops, MemoryPlan& memory) {
  const auto count = static_cast<int>(ops.size());
  std::vector<bool> streamed(memory.buffers().size(), false);
  // A load may come as late as right before the first operation that uses what it brings.
  for (const bool loads : {false, true}) {
    for (int i = 0; i < count; ++i) {
      const PlannedOp& op = ops[static_cast<size_t>(i)];
      if (op.streamed != loads) {
        continue;
      }
      for (const BufferId id : op.uses) {
        Buffer& buffer = memory.buffer(id);
        streamed[static_cast<size_t>(id)] = streamed[static_cast<size_t>(id)] || loads;
        if (!loads || buffer.first < 0) {
          buffer.first = buffer.first < 0 ? i : buffer.first;
          buffer.last = i;
        }
      }
    }
  }
  std::vector<BufferId> fixed;
  for (size_t id = 0; id < streamed.size(); ++id) {
    if (!streamed[id] && memory.buffers()[id].first >= 0) {
      fixed.push_back(static_cast<BufferId>(id));
    }
  }
  // Other orders and ends of memory leave other gaps.
  const MemoryPlan empty = memory;
  const Result<std::vector<int>> first = PlaceAll(ops, fixed, MemoryPlan::Order::kByStart, memory);
  for (uint32_t attempt = 0; attempt < kPlacements && !first.ok(); ++attempt) {
    memory = empty;
    if (attempt > 0) {
      memory.UseSlots();
    }
    if (attempt > 2) {
      memory.Shuffle(attempt);
    }
    const auto order = attempt % 2 == 0 ? MemoryPlan::Order::kBySize : MemoryPlan::Order::kByStart;
    Result<std::vector<int>> other = PlaceAll(ops, fixed, order, memory);
    if (other.ok()) {
      return other;
    }
  }
  return first;
}

// Emits planned operations into launches; a host operator ends one launch and the next begins.
class Emitter {
 public:
  // `macs`: multiply-accumulates of each node of the package.
  Emitter(ncx::PackageData& package, std::vector<uint64_t> macs, const isa::Config& config,
          const isa::CostParameters& parameters, const MemoryPlan& memory, bool serial)
      : package_(package),
        macs_(std::move(macs)),
        config_(config),
        parameters_(parameters),
        memory_(memory),
        serial_(serial),
        program_(config, parameters, serial) {}

  Status Emit(const PlannedOp& op) {
    if (op.host_op >= 0) {
      Flush();
      package_.steps.push_back({ncx::StepKind::kHost, static_cast<uint32_t>(op.host_op)});
      return OkStatus();
    }
    program_.SetNode(op.node);
    const uint64_t bytes_before = program_.dram_bytes();
    const uint64_t cycles_before = program_.cycles();
    NEURON_RETURN_IF_ERROR(op.emit(program_, memory_));
    LayerCost& cost = costs_[op.node];
    cost.dram_bytes += program_.dram_bytes() - bytes_before;
    cost.cycles += program_.cycles() - cycles_before;
    return OkStatus();
  }

  void Flush() {
    if (program_.empty()) {
      return;
    }
    ncx::Launch launch;
    program_.Finish(package_.image, launch);
    for (const auto& [node, cost] : costs_) {
      ncx::LayerInfo info;
      info.node = node;
      info.macs = std::exchange(macs_[node], 0);
      info.dram_bytes = cost.dram_bytes;
      info.estimated_cycles = cost.cycles;
      launch.macs += info.macs;
      launch.layers.push_back(info);
    }
    package_.steps.push_back(
        {ncx::StepKind::kLaunch, static_cast<uint32_t>(package_.launches.size())});
    package_.launches.push_back(std::move(launch));
    program_ = ProgramBuilder(config_, parameters_, serial_);
    costs_.clear();
  }

 private:
  ncx::PackageData& package_;
  // What a layer moves, and by how much it makes the launch longer.
  struct LayerCost {
    uint64_t dram_bytes = 0;
    uint64_t cycles = 0;
  };

  std::vector<uint64_t> macs_;
  const isa::Config& config_;
  const isa::CostParameters& parameters_;
  const MemoryPlan& memory_;
  const bool serial_;
  ProgramBuilder program_;
  std::map<uint32_t, LayerCost> costs_;
};

}  // namespace

Result<ncx::PackageData> GenerateCode(const LayerGraph& graph, const isa::Config& config,
                                      const PlanOptions& options) {
  ncx::PackageData package;
  package.isa_version = isa::kIsaVersion;
  package.isa_hash = isa::kIsaHash;
  package.configuration = config.name;
  package.model_name = graph.model_name;
  package.producer = "neuron compile";

  Planner planner(graph, config, options, package);
  planner.LimitTiles(options.schedule.tile_columns);
  planner.memory().Shuffle(options.schedule.shuffle);
  NEURON_RETURN_IF_ERROR(planner.Plan());
  std::vector<PlannedOp>& ops = planner.ops();
  NEURON_ASSIGN_OR_RETURN(const std::vector<int> position, PlanMemory(ops, planner.memory()));

  std::vector<size_t> order(ops.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  // A load moved to position p comes right before operation p; loads keep their own order.
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    const auto key = [&](size_t i) { return std::pair(position[i], ops[i].streamed ? 0 : 1); };
    return key(a) < key(b);
  });
  Emitter emitter(package, planner.node_macs(), config, options.cost, planner.memory(),
                  options.schedule.serial);
  for (const size_t i : order) {
    NEURON_RETURN_IF_ERROR(emitter.Emit(ops[i]));
  }
  emitter.Flush();

  std::vector<uint32_t> node_of(ops.size());
  for (size_t i = 0; i < ops.size(); ++i) {
    node_of[i] = ops[i].node;
  }
  for (const Buffer& buffer : planner.memory().buffers()) {
    if (buffer.first < 0) {
      continue;
    }
    ncx::BufferPlan plan;
    plan.name = buffer.name;
    plan.space = static_cast<uint32_t>(isa::Space::kSbuf);
    plan.offset = static_cast<uint32_t>(buffer.offset);
    plan.bytes = static_cast<uint32_t>(buffer.bytes);
    plan.first = node_of[static_cast<size_t>(buffer.first)];
    plan.last = node_of[static_cast<size_t>(buffer.last)];
    package.buffers.push_back(std::move(plan));
  }
  package.segments[kImageSegment].kind = ncx::SegmentKind::kImage;
  package.segments[kImageSegment].bytes = package.image.size();
  package.segments[kImageSegment].readable = true;
  package.segments[kImageSegment].writable = false;
  package.segments[kScratchSegment].kind = ncx::SegmentKind::kScratch;
  package.segments[kScratchSegment].readable = true;
  package.segments[kScratchSegment].writable = true;
  return package;
}

}  // namespace neuron::compiler
