// SPDX-License-Identifier: Apache-2.0
// Where the cycles of a package go, layer by layer, as the compiler estimates them: what
// `neuron compile --report` and `neuron inspect --report` show.
#ifndef NEURON_HOST_TOOLS_LAYER_REPORT_H_
#define NEURON_HOST_TOOLS_LAYER_REPORT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/ncx/package.h"

namespace neuron::tools {

// What a layer has most to do with.
enum class Bound {
  kNothing,  // it only renames bytes
  kArray,
  kVector,
  kScalar,
  kDram,     // bytes through the memory port
  kDma,      // short or strided pieces in a DMA queue
  kIssue,    // instructions too short for a queue to check the next one meanwhile
  kLatency,  // none for half of its time: engines wait for each other and for memory
};
const char* NameOf(Bound bound);

struct LayerRow {
  std::string name;     // as Netron shows it
  std::string op_type;  // ONNX
  std::string kind;     // what the compiler made of it
  std::vector<std::string> parts;
  uint64_t macs = 0;
  uint64_t operations = 0;
  uint64_t dram_bytes = 0;
  uint64_t cycles = 0;  // by which it makes the execution longer
  uint64_t array = 0;   // busy cycles of the engines
  uint64_t vector = 0;
  uint64_t scalar = 0;
  uint64_t dma = 0;        // of the busier queue
  uint64_t dram = 0;       // of the memory port, the busier direction
  uint64_t issue = 0;      // of the queue that is longest at work and in its checks
  double utilization = 0;  // MACs / (P * P * the greater of cycles and array)
  Bound bound = Bound::kNothing;
  uint64_t bound_cycles = 0;  // of what bounds it
  double busy_share = 0;      // of the same time in which the busiest of these is busy, at most 1
};

struct HostRow {
  std::string name;
  std::string op_type;
  std::string reason;
  uint64_t operations = 0;
  double share = 0;  // of all operations of the model
};

// Those of a package, with their share of its operations.
std::vector<HostRow> HostRowsOf(const ncx::PackageData& package);
// "name (Op), 1.2 % of the operations: reason".
std::string HostRowText(const HostRow& row);
nlohmann::json HostRowsJson(const std::vector<HostRow>& rows);

struct LayerReport {
  std::string model;
  std::string configuration;
  uint32_t partitions = 0;
  double bytes_per_cycle = 0;  // of the memory port
  std::vector<LayerRow> layers;
  std::vector<HostRow> host;
  uint64_t cycles = 0;  // of all launches
  uint64_t macs = 0;
  uint64_t operations = 0;  // with those on the host
  uint64_t dram_bytes = 0;
  double utilization = 0;
};

// Pieces of one layer are added up.
LayerReport MakeLayerReport(const ncx::PackageData& package);

// A table, the totals, host segments and the roofline.
std::string LayerReportText(const LayerReport& report);
nlohmann::json LayerReportJson(const LayerReport& report);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_LAYER_REPORT_H_
