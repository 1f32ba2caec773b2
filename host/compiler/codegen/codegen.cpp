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
