// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/codegen.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "host/compiler/codegen/buffer_places.h"
#include "host/compiler/codegen/planner.h"
#include "host/compiler/codegen/residency.h"

namespace neuron::compiler {
namespace {

// Emits planned operations into launches; a host operator ends one launch and the next begins. With
// `repeats`, what a repeated execution needs also goes into launches of its own.
class Emitter {
 public:
  // `work`: that of each node of the package.
  Emitter(ncx::PackageData& package, std::vector<NodeWork> work, const isa::Config& config,
          const isa::CostParameters& parameters, const MemoryPlan& memory, bool serial,
          bool repeats)
      : package_(package),
        work_(std::move(work)),
        config_(config),
        parameters_(parameters),
        memory_(memory),
        serial_(serial),
        repeats_(repeats),
        program_(config, parameters, serial),
        repeat_(config, parameters, serial) {}

  Status Emit(const PlannedOp& op, Part part) {
    if (part == Part::kNone) {
      return OkStatus();
    }
    if (op.host_op >= 0) {
      Flush();
      package_.steps.push_back({ncx::StepKind::kHost, static_cast<uint32_t>(op.host_op)});
      return OkStatus();
    }
    program_.SetNode(op.node);
    const uint64_t bytes_before = program_.dram_bytes();
    NEURON_RETURN_IF_ERROR(op.emit(program_, memory_));
    ncx::LayerInfo& layer = layers_[op.node];
    layer.node = op.node;
    layer.dram_bytes += program_.dram_bytes() - bytes_before;
    if (repeats_ && part == Part::kAll) {
      repeat_.SetNode(op.node);
      return op.emit(repeat_, memory_);
    }
    return OkStatus();
  }

  void Flush() {
    if (program_.empty()) {
      return;
    }
    ncx::Launch launch;
    const std::map<uint32_t, ScheduleWork> work = program_.Finish(package_.image, launch);
    for (auto& [node, info] : layers_) {
      if (const auto it = work.find(node); it != work.end()) {
        SetWork(it->second, info);
      }
      info.macs = std::exchange(work_[node].macs, 0);
      info.operations = std::exchange(work_[node].operations, 0);
      launch.macs += info.macs;
      launch.layers.push_back(info);
    }
    package_.steps.push_back(
        {ncx::StepKind::kLaunch, static_cast<uint32_t>(package_.launches.size())});
    if (repeats_) {
      ncx::Launch repeated;
      repeat_.Finish(package_.image, repeated);
      repeated.macs = launch.macs;
      package_.repeat_launches.push_back(std::move(repeated));
    }
    package_.launches.push_back(std::move(launch));
    program_ = ProgramBuilder(config_, parameters_, serial_);
    repeat_ = program_;
    layers_.clear();
  }

 private:
  static void SetWork(const ScheduleWork& work, ncx::LayerInfo& layer) {
    layer.estimated_cycles = work.cycles;
    std::ranges::copy(work.busy, layer.busy.begin());
    std::ranges::copy(work.issue, layer.issue.begin());
    layer.read_cycles = work.read;
    layer.write_cycles = work.write;
  }

  ncx::PackageData& package_;
  std::vector<NodeWork> work_;  // by node; none where a launch has it already
  const isa::Config& config_;
  const isa::CostParameters& parameters_;
  const MemoryPlan& memory_;
  const bool serial_;
  const bool repeats_;
  ProgramBuilder program_;
  ProgramBuilder repeat_;
  std::map<uint32_t, ncx::LayerInfo> layers_;  // by node, of the launch under construction
};

// The memory plan for reports: times are positions in the sequence of nodes that is worked on.
void DescribeMemory(const std::vector<PlannedOp>& ops, const PinnedGroups& pinned,
                    const MemoryPlan& memory, ncx::PackageData& package) {
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
  enum class Stay { kNo, kYes, kShared };
  std::vector<Stay> stays(memory.buffers().size(), Stay::kNo);
  for (const std::vector<BufferId>& group : pinned) {
    for (const BufferId id : group) {
      stays[static_cast<size_t>(id)] = id == group.front() ? Stay::kYes : Stay::kShared;
    }
  }
  for (size_t id = 0; id < streamed.size(); ++id) {
    const Buffer& buffer = memory.buffers()[id];
    if (buffer.first < 0 || stays[id] == Stay::kShared) {
      continue;
    }
    ncx::BufferPlan plan;
    plan.name = buffer.name;
    plan.space = static_cast<uint32_t>(isa::Space::kSbuf);
    plan.offset = static_cast<uint32_t>(buffer.offset);
    plan.bytes = static_cast<uint32_t>(buffer.bytes);
    plan.first = time[static_cast<size_t>(buffer.first)];
    plan.last = time[static_cast<size_t>(buffer.last)];
    plan.resident = stays[id] == Stay::kYes;
    plan.streamed = streamed[id] && !plan.resident;
    package.buffers.push_back(std::move(plan));
  }
}

// The operations of a graph, to be placed and encoded once or, to compare, several times.
class PlannedProgram {
 public:
  PlannedProgram(const LayerGraph& graph, const isa::Config& config, const PlanOptions& options)
      : config_(config), options_(options), planner_(graph, config, options, package_) {
    package_.isa_version = isa::kIsaVersion;
    package_.isa_hash = isa::kIsaHash;
    package_.configuration = config.name;
    package_.model_name = graph.model_name;
    package_.producer = "neuron compile";
    package_.memory_bytes_per_cycle = options.cost.bytes_per_cycle;
  }

  Status Plan() {
    planner_.LimitTiles(options_.schedule.tile_columns);
    planner_.memory().Shuffle(options_.schedule.shuffle);
    return planner_.Plan();
  }

  // Nothing stays in SBUF. To be called once.
  Result<ncx::PackageData> EncodeOnce() { return Encode({}, std::move(package_)); }

  // All constants stay.
  Result<ncx::PackageData> EncodeResident() {
    const std::vector<Constant> constants = Constants(Saves::kBytes);
    Result<ncx::PackageData> package = Encode(Choose(constants, kUnlimited), package_);
    if (package.ok() || package.status().code() != StatusCode::kResourceExhausted) {
      return package;
    }
    return Status(
        StatusCode::kResourceExhausted,
        fmt::format("the constants of '{}' take {} bytes of each partition and cannot all stay in "
                    "SBUF between executions: it holds {} bytes, of which what the model computes "
                    "leaves at most {} free; compile it with --resident-weights auto, which keeps "
                    "those that fit, or off",
                    package_.model_name, BytesOf(constants), config_.sbuf_bytes,
                    FreeBytes(planner_.ops(), planner_.memory(), config_)));
  }

  // Several shares of what is free at best, for constants that save bytes or loads; the one with
  // the fastest repetition.
  Result<ncx::PackageData> EncodePartlyResident() {
    const int64_t free = FreeBytes(planner_.ops(), planner_.memory(), config_);
    Result<ncx::PackageData> best = Status(StatusCode::kResourceExhausted, "");
    for (const Saves saves : {Saves::kLoads, Saves::kBytes}) {
      const std::vector<Constant> constants = Constants(saves);
      for (const int64_t percent : {100, 90, 75, 50, 25}) {
        const int64_t bytes = free * percent / 100;
        Result<ncx::PackageData> package = Encode(Choose(constants, bytes), package_);
        if (!best.ok() ||
            (package.ok() && ncx::RepeatedCycles(*package) < ncx::RepeatedCycles(*best))) {
          best = std::move(package);
        }
        if (best.ok() && BytesOf(constants) <= bytes) {
          return best;  // all of them: less is not better
        }
      }
    }
    return best;
  }

 private:
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  // Adds to `package`, which holds the constants, a program in which the pinned buffers stay for
  // the next execution.
  Result<ncx::PackageData> Encode(const PinnedGroups& pinned, ncx::PackageData package) {
    const std::vector<PlannedOp>& ops = planner_.ops();
    MemoryPlan memory = planner_.memory();
    NEURON_ASSIGN_OR_RETURN(const std::vector<int> position, PlanMemory(ops, memory, pinned));
    std::vector<Part> parts(ops.size(), Part::kAll);
    if (options_.resident != ResidentConstants::kNone) {
      parts = PartsOf(ops, pinned);
    }
    const bool repeats = std::ranges::any_of(parts, [](Part part) { return part != Part::kAll; });
    Emitter emitter(package, planner_.node_work(), config_, options_.cost, memory,
                    options_.schedule.serial, repeats);
    for (const size_t i : OrderOf(ops, position)) {
      NEURON_RETURN_IF_ERROR(emitter.Emit(ops[i], parts[i]));
    }
    emitter.Flush();
    package.resident = RangesOf(pinned, memory);
    DescribeMemory(ops, pinned, memory, package);
    package.segments[kImageSegment].kind = ncx::SegmentKind::kImage;
    package.segments[kImageSegment].bytes = package.image.size();
    package.segments[kImageSegment].readable = true;
    package.segments[kImageSegment].writable = false;
    package.segments[kScratchSegment].kind = ncx::SegmentKind::kScratch;
    package.segments[kScratchSegment].readable = true;
    package.segments[kScratchSegment].writable = true;
    return package;
  }

  // A load moved to position p comes right before operation p; loads keep their own order.
  static std::vector<size_t> OrderOf(const std::vector<PlannedOp>& ops,
                                     const std::vector<int>& position) {
    std::vector<size_t> order(ops.size());
    for (size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::ranges::stable_sort(order, [&](size_t a, size_t b) {
      const auto key = [&](size_t i) { return std::pair(position[i], ops[i].streamed ? 0 : 1); };
      return key(a) < key(b);
    });
    return order;
  }

  std::vector<Constant> Constants(Saves saves) {
    return ConstantsOf(planner_.ops(), planner_.memory(), saves);
  }

  static int64_t BytesOf(const std::vector<Constant>& constants) {
    int64_t bytes = 0;
    for (const Constant& constant : constants) {
      bytes += constant.bytes;
    }
    return bytes;
  }

  const isa::Config& config_;
  const PlanOptions& options_;
  ncx::PackageData package_;  // what the planner fills
  Planner planner_;
};

}  // namespace

Result<ncx::PackageData> GenerateCode(const LayerGraph& graph, const isa::Config& config,
                                      const PlanOptions& options) {
  PlannedProgram program(graph, config, options);
  NEURON_RETURN_IF_ERROR(program.Plan());
  switch (options.resident) {
    case ResidentConstants::kNone:
      break;
    case ResidentConstants::kSome:
      return program.EncodePartlyResident();
    case ResidentConstants::kAll:
      return program.EncodeResident();
  }
  return program.EncodeOnce();
}

}  // namespace neuron::compiler
