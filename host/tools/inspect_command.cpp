// SPDX-License-Identifier: Apache-2.0
// `neuron inspect`: what is in a kernel package.
#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <iostream>

#include "host/tools/cli.h"
#include "host/tools/report.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron inspect MODEL.ncx|MODEL.onnx [options]";
constexpr char kText[] =
    "Shows inputs, outputs, segments, instructions, layers and host segments of a package; an "
    "ONNX\n"
    "model is compiled first. --memory adds the on-chip memory plan: each buffer with its place "
    "and\n"
    "the layers during which it lives.\n"
    "Exit codes: 0 ok, 2 usage, 3 compile or package error, 5 file error.\n";

const char* RoleName(ncx::TensorRole role) {
  constexpr const char* kNames[] = {"input", "output", "state", "intermediate"};
  return kNames[static_cast<size_t>(role)];
}

const char* KindName(ncx::SegmentKind kind) {
  constexpr const char* kNames[] = {"image", "scratch", "input", "output", "state", "next state"};
  return kNames[static_cast<size_t>(kind)];
}

const char* QueueName(uint32_t queue) { return isa::Name(isa::Queue{queue}); }
const char* SpaceName(uint32_t space) { return isa::Name(isa::Space{space}); }

std::string QuantizationText(const ncx::Tensor& tensor) {
  if (tensor.scale.empty()) {
    return "";
  }
  if (tensor.scale.size() == 1) {
    return fmt::format("  scale {} zero-point {}", tensor.scale[0], tensor.zero_point[0]);
  }
  return fmt::format("  {} scales on axis {}", tensor.scale.size(), tensor.quantized_axis);
}

std::string UpdateText(const ncx::Tensor& tensor) {
  return tensor.updated_by.empty() ? "" : fmt::format("  next from '{}'", tensor.updated_by);
}

void PrintTensors(const ncx::PackageData& package) {
  std::cout << "tensors\n";
  for (const ncx::Tensor& tensor : package.tensors) {
    std::cout << fmt::format("  {:<12} {} {} {}  segment {} offset {}{}{}\n", RoleName(tensor.role),
                             tensor.name, ElementTypeName(tensor.type), ShapeToString(tensor.shape),
                             tensor.segment, tensor.offset, QuantizationText(tensor),
                             UpdateText(tensor));
  }
  std::cout << "segments\n";
  for (size_t i = 0; i < package.segments.size(); ++i) {
    const ncx::Segment& segment = package.segments[i];
    std::cout << fmt::format("  {:>2} {:<10} {:>12} bytes  {}{}\n", i, KindName(segment.kind),
                             Grouped(segment.bytes), segment.readable ? 'r' : '-',
                             segment.writable ? 'w' : '-');
  }
}

void PrintLaunch(const ncx::PackageData& package, size_t index) {
  const ncx::Launch& launch = package.launches[index];
  std::cout << fmt::format("launch {}: {} MACs, about {} cycles\n", index, Grouped(launch.macs),
                           Grouped(launch.estimated_cycles));
  for (const ncx::QueueProgram& queue : launch.queues) {
    std::cout << fmt::format("  {:<7} {:>8} instructions\n", QueueName(queue.queue),
                             Grouped(queue.count));
  }
  if (!launch.layers.empty()) {
    std::cout << fmt::format("  {:>12} {:>12} {:>12}  layer\n", "MACs", "DRAM bytes", "cycles");
  }
  for (const ncx::LayerInfo& layer : launch.layers) {
    const ncx::Node& node = package.nodes[layer.node];
    std::cout << fmt::format("  {:>12} {:>12} {:>12}  {} ({})\n", Grouped(layer.macs),
                             Grouped(layer.dram_bytes), Grouped(layer.estimated_cycles), node.name,
                             node.op_type);
  }
}

// Most bytes of a space that live at the same time, in each partition.
uint64_t PeakBytes(const ncx::PackageData& package, uint32_t space) {
  uint64_t peak = 0;
  for (const ncx::BufferPlan& buffer : package.buffers) {
    if (buffer.space == space) {
      peak = std::max(peak, uint64_t{buffer.offset} + buffer.bytes);
    }
  }
  return peak;
}

uint64_t SpaceBytes(const ncx::PackageData& package, uint32_t space) {
  const isa::Config* config = isa::FindConfig(package.configuration);
  return isa::Space{space} == isa::Space::kPsum ? config->psum_bytes : config->sbuf_bytes;
}

// Where a buffer lies in its memory, as a bar.
std::string Bar(const ncx::BufferPlan& buffer, uint64_t space_bytes) {
  constexpr uint64_t kWidth = 32;
  const uint64_t from = std::min(uint64_t{buffer.offset} * kWidth / space_bytes, kWidth - 1);
  const uint64_t end = uint64_t{buffer.offset} + buffer.bytes;
  const uint64_t to = std::clamp((end * kWidth + space_bytes - 1) / space_bytes, from + 1, kWidth);
  return std::string(from, '.') + std::string(to - from, '#') + std::string(kWidth - to, '.');
}

void PrintMemory(const ncx::PackageData& package) {
  for (const isa::Space space : {isa::Space::kSbuf, isa::Space::kPsum}) {
    const auto number = static_cast<uint32_t>(space);
    const uint64_t size = SpaceBytes(package, number);
    std::cout << fmt::format("{}: {} of {} bytes in each partition\n", isa::Name(space),
                             Grouped(PeakBytes(package, number)), Grouped(size));
    for (const ncx::BufferPlan& buffer : package.buffers) {
      if (buffer.space == number) {
        std::cout << fmt::format("  {} {:>6} +{:<6} layers {:>3} to {:<3}  {}\n", Bar(buffer, size),
                                 buffer.offset, buffer.bytes, buffer.first, buffer.last,
                                 buffer.name);
      }
    }
  }
}

nlohmann::json TensorsJson(const ncx::PackageData& package) {
  nlohmann::json list = nlohmann::json::array();
  for (const ncx::Tensor& tensor : package.tensors) {
    list.push_back({{"name", tensor.name},
                    {"role", RoleName(tensor.role)},
                    {"dtype", ElementTypeName(tensor.type)},
                    {"shape", tensor.shape},
                    {"segment", tensor.segment},
                    {"offset", tensor.offset},
                    {"scale", tensor.scale},
                    {"zero_point", tensor.zero_point},
                    {"updated_by", tensor.updated_by}});
  }
  return list;
}

nlohmann::json LaunchesJson(const ncx::PackageData& package) {
  nlohmann::json list = nlohmann::json::array();
  for (const ncx::Launch& launch : package.launches) {
    nlohmann::json queues = nlohmann::json::object();
    for (const ncx::QueueProgram& queue : launch.queues) {
      queues[QueueName(queue.queue)] = queue.count;
    }
    nlohmann::json layers = nlohmann::json::array();
    for (const ncx::LayerInfo& layer : launch.layers) {
      layers.push_back({{"node", package.nodes[layer.node].name},
                        {"op_type", package.nodes[layer.node].op_type},
                        {"macs", layer.macs},
                        {"dram_bytes", layer.dram_bytes},
                        {"estimated_cycles", layer.estimated_cycles}});
    }
    list.push_back({{"macs", launch.macs},
                    {"estimated_cycles", launch.estimated_cycles},
                    {"instructions", queues},
                    {"layers", layers}});
  }
  return list;
}

nlohmann::json ReportJson(const ncx::PackageData& package, bool memory) {
  nlohmann::json segments = nlohmann::json::array();
  for (const ncx::Segment& segment : package.segments) {
    segments.push_back({{"kind", KindName(segment.kind)},
                        {"bytes", segment.bytes},
                        {"readable", segment.readable},
                        {"writable", segment.writable}});
  }
  nlohmann::json report = {{"model", package.model_name},
                           {"configuration", package.configuration},
                           {"isa_version", package.isa_version},
                           {"isa_hash", fmt::format("{:08x}", package.isa_hash)},
                           {"producer", package.producer},
                           {"tensors", TensorsJson(package)},
                           {"segments", segments},
                           {"launches", LaunchesJson(package)},
                           {"host_segments", HostOperatorsJson(package)}};
  if (memory) {
    nlohmann::json buffers = nlohmann::json::array();
    for (const ncx::BufferPlan& buffer : package.buffers) {
      buffers.push_back({{"name", buffer.name},
                         {"space", SpaceName(buffer.space)},
                         {"offset", buffer.offset},
                         {"bytes", buffer.bytes},
                         {"first_layer", buffer.first},
                         {"last_layer", buffer.last}});
    }
    report["buffers"] = buffers;
  }
  return report;
}

}  // namespace

int InspectCommand(const Arguments& arguments) {
  po::options_description options;
  options.add_options()("memory", "add the on-chip memory plan")(
      "json", po::value<std::string>(), "write the report as JSON to FILE ('-': standard output)")(
      "progress", "show progress also when the standard error is no terminal");
  options.add(CompileOptionsDescription());
  po::variables_map values;
  if (Parse(arguments, options, "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  Progress progress(values.count("progress") != 0);
  const ncx::PackageData package =
      LoadOrCompile(values, values["MODEL"].as<std::string>(), progress);
  const bool memory = values.count("memory") != 0;
  if (values.count("json") != 0) {
    WriteJson(values["json"].as<std::string>(), ReportJson(package, memory));
    if (values["json"].as<std::string>() == "-") {
      return kExitOk;
    }
  }
  std::cout << fmt::format("{}: configuration '{}', ISA version {} ({:08x}), by {}\n",
                           package.model_name, package.configuration, package.isa_version,
                           package.isa_hash, package.producer);
  PrintTensors(package);
  for (size_t i = 0; i < package.launches.size(); ++i) {
    PrintLaunch(package, i);
  }
  std::cout << HostOperatorsText(package);
  if (memory) {
    PrintMemory(package);
  }
  return kExitOk;
}

}  // namespace neuron::tools
