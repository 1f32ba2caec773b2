// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/buffer_places.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

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
  std::vector<bool> pinned;      // by buffer
  std::vector<BufferId> urgent;  // placed first, for as short as possible
};

// Places the pinned buffers, one place for those of a group.
Status PlacePinned(const PinnedGroups& pinned, MemoryPlan& memory) {
  for (const std::vector<BufferId>& group : pinned) {
    NEURON_RETURN_IF_ERROR(memory.PlaceEarly(group.front(), 0).status());
    for (const BufferId id : group) {
      memory.buffer(id).offset = memory.buffer(group.front()).offset;
    }
  }
  return OkStatus();
}

// Places the urgent buffers, the fixed ones, then the loads; returns what PlanMemory does.
Result<std::vector<int>> PlaceAll(const std::vector<PlannedOp>& ops, const Demands& demands,
                                  MemoryPlan::Order order, MemoryPlan& memory) {
  const auto count = static_cast<int>(ops.size());
  std::vector<bool> placed = demands.pinned;
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
    if (demands.pinned[static_cast<size_t>(id)]) {
      position[static_cast<size_t>(i)] = earliest;
      continue;
    }
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
  demands.pinned.assign(memory.buffers().size(), false);
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

}  // namespace

Result<std::vector<int>> PlanMemory(const std::vector<PlannedOp>& ops, MemoryPlan& memory,
                                    const PinnedGroups& pinned) {
  Demands demands = FindLifetimes(ops, memory);
  for (const std::vector<BufferId>& group : pinned) {
    for (const BufferId id : group) {
      demands.pinned[static_cast<size_t>(id)] = true;
      memory.buffer(id).first = 0;
      memory.buffer(id).last = static_cast<int>(ops.size()) - 1;
    }
  }
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
      NEURON_RETURN_IF_ERROR(PlacePinned(pinned, memory));
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

}  // namespace neuron::compiler
