// SPDX-License-Identifier: Apache-2.0
#include "host/tools/layer_report.h"

#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "host/tools/cli.h"
#include "host/tools/roofline.h"

namespace neuron::tools {
namespace {

// Below this part of a layer's cycles no engine is said to bound it.
constexpr double kBusyEnough = 0.5;
// From this part of a DMA queue's cycles on it is the memory port that keeps it busy.
constexpr double kPortBound = 0.7;

uint64_t BusyOf(const ncx::LayerInfo& info, isa::Queue queue) {
  return info.busy[static_cast<size_t>(queue)];
}

void Add(const ncx::LayerInfo& from, ncx::LayerInfo& to) {
  to.macs += from.macs;
  to.dram_bytes += from.dram_bytes;
  to.estimated_cycles += from.estimated_cycles;
  to.operations += from.operations;
  for (size_t queue = 0; queue < isa::kNumQueues; ++queue) {
    to.busy[queue] += from.busy[queue];
    to.issue[queue] += from.issue[queue];
  }
  to.read_cycles += from.read_cycles;
  to.write_cycles += from.write_cycles;
}

// The cycles of a queue that has more of them in checks than at work.
uint64_t IssueOf(const ncx::LayerInfo& info) {
  uint64_t longest = 0;
  for (size_t queue = 0; queue < isa::kNumQueues; ++queue) {
    if (info.issue[queue] > info.busy[queue]) {
      longest = std::max(longest, info.issue[queue] + info.busy[queue]);
    }
  }
  return longest;
}

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void DecideBound(LayerRow& row) {
  const bool port = static_cast<double>(row.dram) >= kPortBound * static_cast<double>(row.dma);
  const std::array<std::pair<uint64_t, Bound>, 6> candidates = {
      {{row.array, Bound::kArray},
       {row.vector, Bound::kVector},
       {row.scalar, Bound::kScalar},
       {row.dma, port ? Bound::kDram : Bound::kDma},
       {row.dram, Bound::kDram},
       {row.issue, Bound::kIssue}}};
  const auto& [most, bound] =
      *std::ranges::max_element(candidates, {}, &std::pair<uint64_t, Bound>::first);
  row.bound_cycles = most;
  row.bound = bound;
  row.busy_share = std::min(1.0, Share(most, std::max(row.cycles, row.array)));
  if (static_cast<double>(most) < kBusyEnough * static_cast<double>(row.cycles)) {
    row.bound = Bound::kLatency;
    row.bound_cycles = row.cycles;
  } else if (most == 0) {
    row.bound = Bound::kNothing;
  }
}

// `shared_memory`: reads and writes take turns.
LayerRow MakeRow(const ncx::Node& node, const ncx::LayerInfo& info, double array_size,
                 bool shared_memory) {
  LayerRow row;
  row.name = node.name;
  row.op_type = node.op_type;
  row.kind = node.kind;
  row.parts = node.parts;
  row.macs = info.macs;
  row.operations = info.operations;
  row.dram_bytes = info.dram_bytes;
  row.cycles = info.estimated_cycles;
  row.array = BusyOf(info, isa::Queue::kTensor);
  row.vector = BusyOf(info, isa::Queue::kVector);
  row.scalar = BusyOf(info, isa::Queue::kScalar);
  row.dma = std::max(BusyOf(info, isa::Queue::kDma0), BusyOf(info, isa::Queue::kDma1));
  row.dram = shared_memory ? info.read_cycles + info.write_cycles
                           : std::max(info.read_cycles, info.write_cycles);
  row.issue = IssueOf(info);
  const auto longest = static_cast<double>(std::max(row.cycles, row.array));
  row.utilization = longest > 0 ? static_cast<double>(row.macs) / (array_size * longest) : 0;
  DecideBound(row);
  return row;
}

std::string TotalsText(const LayerReport& report) {
  return fmt::format(
      "total: {} MACs, {} DRAM bytes, {} cycles, {:.1f} % of the array\n"
      "cycles: by how much the layer makes the execution longer; 0 when it is hidden behind "
      "others\n"
      "array: useful MACs of the layer's time or, when longer, of the array's time for it\n"
      "bound: what it has most to do with, and its cycles of work, of which others may hide some;\n"
      "'latency' when nothing is busy for half of the layer's cycles\n",
      Grouped(report.macs), Grouped(report.dram_bytes), Grouped(report.cycles),
      100 * report.utilization);
}

std::string HostText(const LayerReport& report) {
  if (report.host.empty()) {
    return "host segments: none\n";
  }
  std::string text = "host segments: share of all operations\n";
  for (const HostRow& row : report.host) {
    text += fmt::format("  {:>6.2f} %  {} ({}): {}\n", 100 * row.share, row.name, row.op_type,
                        row.reason);
  }
  return text;
}

nlohmann::json RowJson(const LayerRow& row) {
  return {{"name", row.name},
          {"op_type", row.op_type},
          {"kind", row.kind},
          {"nodes", row.parts},
          {"macs", row.macs},
          {"operations", row.operations},
          {"dram_bytes", row.dram_bytes},
          {"cycles", row.cycles},
          {"utilization", row.utilization},
          {"bound", NameOf(row.bound)},
          {"bound_cycles", row.bound_cycles},
          {"busy_share", row.busy_share},
          {"busy",
           {{"array", row.array},
            {"vector", row.vector},
            {"scalar", row.scalar},
            {"dma", row.dma},
            {"dram", row.dram},
            {"issue", row.issue}}}};
}

}  // namespace

const char* NameOf(Bound bound) {
  constexpr const char* kNames[] = {"-",    "array", "vector", "scalar",
                                    "DRAM", "DMA",   "issue",  "latency"};
  return kNames[static_cast<size_t>(bound)];
}

LayerReport MakeLayerReport(const ncx::PackageData& package) {
  const isa::Config& config = *isa::FindConfig(package.configuration);
  LayerReport report;
  report.model = package.model_name;
  report.configuration = package.configuration;
  report.partitions = config.p;
  const bool slow = package.memory_bytes_per_cycle != 0;
  report.bytes_per_cycle = slow ? package.memory_bytes_per_cycle : config.axi_bytes;
  const double array_size = static_cast<double>(config.p) * config.p;
  std::map<uint32_t, ncx::LayerInfo> layers;
  report.cycles = ncx::EstimatedCycles(package.launches);
  for (const ncx::Launch& launch : package.launches) {
    for (const ncx::LayerInfo& info : launch.layers) {
      Add(info, layers[info.node]);
    }
  }
  for (const auto& [node, info] : layers) {
    report.layers.push_back(MakeRow(package.nodes[node], info, array_size, slow));
    report.macs += info.macs;
    report.operations += info.operations;
    report.dram_bytes += info.dram_bytes;
  }
  for (const ncx::HostOp& op : package.host_ops) {
    report.operations += op.operations;
  }
  for (const ncx::HostOp& op : package.host_ops) {
    const ncx::Node& node = package.nodes[op.node_index];
    report.host.push_back({node.name, node.op_type, op.reason, op.operations,
                           Share(op.operations, report.operations)});
  }
  const double peak = array_size * static_cast<double>(report.cycles);
  report.utilization = peak > 0 ? static_cast<double>(report.macs) / peak : 0;
  return report;
}

std::vector<HostRow> HostRowsOf(const ncx::PackageData& package) {
  return package.host_ops.empty() ? std::vector<HostRow>() : MakeLayerReport(package).host;
}

std::string HostRowText(const HostRow& row) {
  return fmt::format("{} ({}), {:.1f} % of the operations: {}", row.name, row.op_type,
                     100 * row.share, row.reason);
}

nlohmann::json HostRowsJson(const std::vector<HostRow>& rows) {
  nlohmann::json list = nlohmann::json::array();
  for (const HostRow& row : rows) {
    list.push_back({{"node", row.name},
                    {"op_type", row.op_type},
                    {"reason", row.reason},
                    {"operations", row.operations},
                    {"share", row.share}});
  }
  return list;
}

std::string LayerReportText(const LayerReport& report) {
  std::string text = fmt::format("{:>14} {:>12} {:>12} {:>7} {:>7}  {:<20} layer\n", "MACs",
                                 "DRAM bytes", "cycles", "share", "array", "bound");
  for (const LayerRow& row : report.layers) {
    const std::string bound = row.bound == Bound::kNothing ? "-"
                                                           : fmt::format("{} {}", NameOf(row.bound),
                                                                         Grouped(row.bound_cycles));
    text += fmt::format("{:>14} {:>12} {:>12} {:>5.1f} % {:>5.1f} %  {:<20} {} ({})\n",
                        Grouped(row.macs), Grouped(row.dram_bytes), Grouped(row.cycles),
                        100 * Share(row.cycles, report.cycles), 100 * row.utilization, bound,
                        row.name, row.op_type);
  }
  return text + TotalsText(report) + HostText(report) + RooflineText(report);
}

nlohmann::json LayerReportJson(const LayerReport& report) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerRow& row : report.layers) {
    layers.push_back(RowJson(row));
  }
  return {{"model", report.model},
          {"configuration", report.configuration},
          {"macs", report.macs},
          {"operations", report.operations},
          {"dram_bytes", report.dram_bytes},
          {"cycles", report.cycles},
          {"utilization", report.utilization},
          {"roofline",
           {{"macs_per_cycle", static_cast<double>(report.partitions) * report.partitions},
            {"dram_bytes_per_cycle", report.bytes_per_cycle}}},
          {"layers", layers},
          {"host", HostRowsJson(report.host)}};
}

}  // namespace neuron::tools
