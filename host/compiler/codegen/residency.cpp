// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/residency.h"

#include <algorithm>
#include <map>
#include <set>

namespace neuron::compiler {
namespace {

// Buffers that only operations which fill function tables read.
std::set<BufferId> TableBuffers(const std::vector<PlannedOp>& ops) {
  std::set<BufferId> buffers;
  for (const PlannedOp& op : ops) {
    if (op.table) {
      buffers.insert(op.uses.begin(), op.uses.end());
    }
  }
  for (const PlannedOp& op : ops) {
    if (!op.table && op.constant_bytes == 0) {
      for (const BufferId id : op.uses) {
        buffers.erase(id);
      }
    }
  }
  return buffers;
}

// What the loads of a constant take of an execution, for each byte of a partition.
double Worth(const Constant& constant, Saves saves) {
  const int64_t saved = saves == Saves::kBytes ? constant.loaded_bytes : constant.loads;
  return static_cast<double>(saved) / static_cast<double>(constant.bytes);
}

}  // namespace

std::vector<Constant> ConstantsOf(const std::vector<PlannedOp>& ops, const MemoryPlan& memory,
                                  Saves saves) {
  const std::set<BufferId> tables = TableBuffers(ops);
  std::map<RowsInImage, size_t> by_rows;
  std::vector<Constant> constants;
  for (const PlannedOp& op : ops) {
    if (op.constant_bytes == 0 || tables.contains(op.uses[0])) {
      continue;
    }
    size_t index = constants.size();
    if (op.rows.offset >= 0) {
      index = by_rows.emplace(op.rows, index).first->second;
    }
    if (index == constants.size()) {
      constants.emplace_back();
    }
    Constant& constant = constants[index];
    constant.buffers.push_back(op.uses[0]);
    constant.bytes = memory.buffer(op.uses[0]).bytes;
    constant.loaded_bytes += op.constant_bytes;
    constant.loads += 1;
  }
  std::ranges::stable_sort(constants, std::greater<>(),
                           [&](const Constant& constant) { return Worth(constant, saves); });
  return constants;
}

PinnedGroups Choose(const std::vector<Constant>& constants, int64_t bytes) {
  PinnedGroups chosen;
  for (const Constant& constant : constants) {
    if (constant.bytes <= bytes) {
      bytes -= constant.bytes;
      chosen.push_back(constant.buffers);
    }
  }
  return chosen;
}

int64_t FreeBytes(const std::vector<PlannedOp>& ops, const MemoryPlan& memory,
                  const isa::Config& config) {
  struct Life {
    int first = -1;
    int last = -1;
    bool constant = false;
  };
  std::vector<Life> lives(memory.buffers().size());
  for (size_t i = 0; i < ops.size(); ++i) {
    for (const BufferId id : ops[i].uses) {
      Life& life = lives[static_cast<size_t>(id)];
      life.first = life.first < 0 ? static_cast<int>(i) : life.first;
      life.last = static_cast<int>(i);
      life.constant = life.constant || ops[i].constant_bytes != 0;
    }
  }
  std::vector<int64_t> change(ops.size() + 1, 0);
  for (size_t id = 0; id < lives.size(); ++id) {
    if (lives[id].first >= 0 && !lives[id].constant) {
      change[static_cast<size_t>(lives[id].first)] += memory.buffers()[id].bytes;
      change[static_cast<size_t>(lives[id].last) + 1] -= memory.buffers()[id].bytes;
    }
  }
  int64_t used = 0;
  int64_t most = 0;
  for (const int64_t bytes : change) {
    used += bytes;
    most = std::max(most, used);
  }
  return config.sbuf_bytes - most;
}

std::vector<Part> PartsOf(const std::vector<PlannedOp>& ops, const PinnedGroups& pinned) {
  const std::set<BufferId> tables = TableBuffers(ops);
  std::map<BufferId, size_t> group_of;
  for (size_t group = 0; group < pinned.size(); ++group) {
    for (const BufferId id : pinned[group]) {
      group_of[id] = group;
    }
  }
  std::vector<bool> loaded(pinned.size(), false);
  std::vector<Part> parts(ops.size(), Part::kAll);
  for (size_t i = 0; i < ops.size(); ++i) {
    const PlannedOp& op = ops[i];
    if (op.table || (op.constant_bytes != 0 && tables.contains(op.uses[0]))) {
      parts[i] = Part::kFirst;
    } else if (op.constant_bytes != 0 && group_of.contains(op.uses[0])) {
      const size_t group = group_of[op.uses[0]];
      parts[i] = loaded[group] ? Part::kNone : Part::kFirst;
      loaded[group] = true;
    }
  }
  return parts;
}

std::vector<ncx::SbufRange> RangesOf(const PinnedGroups& pinned, const MemoryPlan& memory) {
  std::vector<ncx::SbufRange> places;
  for (const std::vector<BufferId>& group : pinned) {
    const Buffer& buffer = memory.buffer(group.front());
    places.push_back({static_cast<uint32_t>(buffer.offset), static_cast<uint32_t>(buffer.bytes)});
  }
  std::ranges::sort(places, {}, &ncx::SbufRange::offset);
  std::vector<ncx::SbufRange> joined;
  for (const ncx::SbufRange& place : places) {
    if (!joined.empty() && joined.back().offset + joined.back().bytes == place.offset) {
      joined.back().bytes += place.bytes;
    } else {
      joined.push_back(place);
    }
  }
  return joined;
}

}  // namespace neuron::compiler
