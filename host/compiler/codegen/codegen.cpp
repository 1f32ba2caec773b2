// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/codegen.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "host/compiler/codegen/planner.h"

namespace neuron::compiler {
namespace {

// How memory is planned: an order, large buffers in slots of one size or not, ends of memory at
// random or not. Others leave other gaps.
struct Placement {
  MemoryPlan::Order order = MemoryPlan::Order::kByStart;
  bool slots = false;
  uint32_t shuffle = 0;
};

constexpr std::array kPlacements = {
    Placement{MemoryPlan::Order::kByStart, false, 0},
    Placement{MemoryPlan::Order::kBySize, false, 0},
    Placement{MemoryPlan::Order::kByLifetime, false, 0},
    Placement{MemoryPlan::Order::kByStart, true, 0},
    Placement{MemoryPlan::Order::kByStart, true, 1},
    Placement{MemoryPlan::Order::kBySize, true, 2},
};

// How often what found no room is placed before the rest and all is tried again.
constexpr int kRepairs = 48;

// What operations need of memory.
struct Demands {
  std::vector<BufferId> fixed;
  std::vector<bool> streamed;    // by buffer
  std::vector<BufferId> urgent;  // placed first, for as short as possible
};

// Places the urgent buffers, the fixed ones, then the loads; returns what PlanMemory does.
Result<std::vector<int>> PlaceAll(const std::vector<PlannedOp>& ops, const Demands& demands,
                                  MemoryPlan::Order order, MemoryPlan& memory) {
  const auto count = static_cast<int>(ops.size());
  std::vector<bool> placed(memory.buffers().size(), false);
  NEURON_RETURN_IF_ERROR(memory.Place(demands.urgent, MemoryPlan::Order::kAsGiven));
  for (const BufferId id : demands.urgent) {
    placed[static_cast<size_t>(id)] = true;
  }
  std::vector<BufferId> rest;
  std::ranges::copy_if(demands.fixed, std::back_inserter(rest),
                       [&](BufferId id) { return !placed[static_cast<size_t>(id)]; });
  NEURON_RETURN_IF_ERROR(memory.Place(std::move(rest), order));
  std::vector<int> position(ops.size());
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

// Lifetimes of all buffers; those of loads start as late as right before the first operation that
// uses what they bring.
Demands FindLifetimes(const std::vector<PlannedOp>& ops, MemoryPlan& memory) {
  Demands demands;
  demands.streamed.assign(memory.buffers().size(), false);
  for (const bool loads : {false, true}) {
    for (size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].streamed != loads) {
        continue;
      }
      for (const BufferId id : ops[i].uses) {
        Buffer& buffer = memory.buffer(id);
        demands.streamed[static_cast<size_t>(id)] =
            demands.streamed[static_cast<size_t>(id)] || loads;
        if (!loads || buffer.first < 0) {
          buffer.first = buffer.first < 0 ? static_cast<int>(i) : buffer.first;
          buffer.last = static_cast<int>(i);
        }
      }
    }
  }
  for (size_t id = 0; id < demands.streamed.size(); ++id) {
    if (!demands.streamed[id] && memory.buffers()[id].first >= 0) {
      demands.fixed.push_back(static_cast<BufferId>(id));
    }
  }
  return demands;
}

// Gives every buffer its lifetime and place. Streamed loads go as early in the sequence as memory
// allows, in their own order, so that weights are on chip before their layer starts. Returns, for
// each operation, the position before which it is to be emitted.
Result<std::vector<int>> PlanMemory(const std::vector<PlannedOp>& ops, MemoryPlan& memory) {
  Demands demands = FindLifetimes(ops, memory);
  const MemoryPlan empty = memory;
  std::optional<Status> first;
  for (const Placement& placement : kPlacements) {
    demands.urgent.clear();
    for (int repair = 0; repair <= kRepairs; ++repair) {
      memory = empty;
      if (placement.slots) {
        memory.UseSlots();
      }
      if (placement.shuffle != 0) {
        memory.Shuffle(placement.shuffle);
      }
      Result<std::vector<int>> position = PlaceAll(ops, demands, placement.order, memory);
      if (position.ok()) {
        return position;
      }
      first = first.value_or(position.status());
      const BufferId failed = memory.failed();
      if (std::ranges::count(demands.urgent, failed) != 0) {
        break;
      }
      demands.urgent.insert(demands.urgent.begin(), failed);
    }
  }
  return *first;
}

// Emits planned operations into launches; a host operator ends one launch and the next begins.
class Emitter {
 public:
  // `macs`: multiply-accumulates of each node of the package.
  Emitter(ncx::PackageData& package, std::vector<NodeWork> work, const isa::Config& config,
          const isa::CostParameters& parameters, const MemoryPlan& memory, bool serial)
      : package_(package),
        work_(std::move(work)),
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
    const ScheduleWork before = program_.work();
    NEURON_RETURN_IF_ERROR(op.emit(program_, memory_));
    ncx::LayerInfo& layer = layers_[op.node];
    layer.node = op.node;
    layer.dram_bytes += program_.dram_bytes() - bytes_before;
    AddWork(before, program_.work(), layer);
    return OkStatus();
  }

  void Flush() {
    if (program_.empty()) {
      return;
    }
    ncx::Launch launch;
    program_.Finish(package_.image, launch);
    for (auto& [node, info] : layers_) {
      info.macs = std::exchange(work_[node].macs, 0);
      info.operations = std::exchange(work_[node].operations, 0);
      launch.macs += info.macs;
      launch.layers.push_back(info);
    }
    package_.steps.push_back(
        {ncx::StepKind::kLaunch, static_cast<uint32_t>(package_.launches.size())});
    package_.launches.push_back(std::move(launch));
    program_ = ProgramBuilder(config_, parameters_, serial_);
    layers_.clear();
  }

 private:
  static void AddWork(const ScheduleWork& before, const ScheduleWork& after,
                      ncx::LayerInfo& layer) {
    layer.estimated_cycles += after.cycles - before.cycles;
    for (size_t queue = 0; queue < isa::kNumQueues; ++queue) {
      layer.busy[queue] += after.busy[queue] - before.busy[queue];
      layer.issue[queue] += after.issue[queue] - before.issue[queue];
    }
    layer.read_cycles += after.read - before.read;
    layer.write_cycles += after.write - before.write;
  }

  ncx::PackageData& package_;
  std::vector<NodeWork> work_;  // by node; none where a launch has it already
  const isa::Config& config_;
  const isa::CostParameters& parameters_;
  const MemoryPlan& memory_;
  const bool serial_;
  ProgramBuilder program_;
  std::map<uint32_t, ncx::LayerInfo> layers_;  // by node, of the launch under construction
};

// The memory plan for reports: times are positions in the sequence of nodes that is worked on.
void DescribeMemory(const std::vector<PlannedOp>& ops, const MemoryPlan& memory,
                    ncx::PackageData& package) {
  std::vector<uint32_t> time(ops.size());
  std::vector<bool> streamed(memory.buffers().size(), false);
  for (size_t i = 0; i < ops.size(); ++i) {
    if (package.timeline.empty() || package.timeline.back() != ops[i].node) {
      package.timeline.push_back(ops[i].node);
    }
    time[i] = static_cast<uint32_t>(package.timeline.size()) - 1;
    for (const BufferId id : ops[i].uses) {
      streamed[static_cast<size_t>(id)] = streamed[static_cast<size_t>(id)] || ops[i].streamed;
    }
  }
  for (size_t id = 0; id < streamed.size(); ++id) {
    const Buffer& buffer = memory.buffers()[id];
    if (buffer.first < 0) {
      continue;
    }
    ncx::BufferPlan plan;
    plan.name = buffer.name;
    plan.space = static_cast<uint32_t>(isa::Space::kSbuf);
    plan.offset = static_cast<uint32_t>(buffer.offset);
    plan.bytes = static_cast<uint32_t>(buffer.bytes);
    plan.first = time[static_cast<size_t>(buffer.first)];
    plan.last = time[static_cast<size_t>(buffer.last)];
    plan.streamed = streamed[id];
    package.buffers.push_back(std::move(plan));
  }
}

}  // namespace

Result<ncx::PackageData> GenerateCode(const LayerGraph& graph, const isa::Config& config,
                                      const PlanOptions& options) {
  ncx::PackageData package;
  package.isa_version = isa::kIsaVersion;
  package.isa_hash = isa::kIsaHash;
  package.configuration = config.name;
  package.model_name = graph.model_name;
  package.producer = "neuron compile";
  package.memory_bytes_per_cycle = options.cost.bytes_per_cycle;

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
  Emitter emitter(package, planner.node_work(), config, options.cost, planner.memory(),
                  options.schedule.serial);
  for (const size_t i : order) {
    NEURON_RETURN_IF_ERROR(emitter.Emit(ops[i]));
  }
  emitter.Flush();

  DescribeMemory(ops, planner.memory(), package);
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
