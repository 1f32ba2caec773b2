// SPDX-License-Identifier: Apache-2.0
// `neuron inspect`: what is in a kernel package.
#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <iostream>

#include "host/tools/cli.h"
#include "host/tools/layer_report.h"
#include "host/tools/package_views.h"
#include "host/tools/report.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron inspect MODEL.ncx|MODEL.onnx [options]";
constexpr char kText[] =
    "Shows inputs, outputs, states, segments, instructions, layers and host segments of a "
    "package;\n"
    "an ONNX model is compiled first. --report says where the cycles go, --memory what lies on "
    "chip\n"
    "when.\n"
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

void PrintLaunch(const ncx::PackageData& package, const ncx::Launch& launch,
                 const std::string& name) {
  std::cout << fmt::format("{}: {} MACs, about {} cycles\n", name, Grouped(launch.macs),
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

nlohmann::json LaunchesJson(const ncx::PackageData& package,
                            const std::vector<ncx::Launch>& launches) {
  nlohmann::json list = nlohmann::json::array();
  for (const ncx::Launch& launch : launches) {
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

nlohmann::json PackageJson(const ncx::PackageData& package) {
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
                           {"launches", LaunchesJson(package, package.launches)},
                           {"repeat_launches", LaunchesJson(package, package.repeat_launches)},
                           {"resident_bytes", ncx::ResidentBytes(package)},
                           {"host_segments", HostRowsJson(HostRowsOf(package))}};
  return report;
}

}  // namespace

int InspectCommand(const Arguments& arguments) {
  po::options_description options;
  options.add_options()("json", po::value<std::string>(),
                        "write the report as JSON to FILE ('-': standard output)")(
      "progress", "show progress also when the standard error is no terminal");
  options.add(ViewOptionsDescription()).add(CompileOptionsDescription());
  po::variables_map values;
  if (Parse(arguments, options, "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  Progress progress(values.count("progress") != 0);
  const ncx::PackageData package =
      LoadOrCompile(values, values["MODEL"].as<std::string>(), progress);
  WritePictures(values, package);
  if (values.count("json") != 0) {
    nlohmann::json report = PackageJson(package);
    AddViews(values, package, report);
    WriteJson(values["json"].as<std::string>(), report);
    if (values["json"].as<std::string>() == "-") {
      return kExitOk;
    }
  }
  std::cout << fmt::format("{}: configuration '{}', ISA version {} ({:08x}), by {}\n",
                           package.model_name, package.configuration, package.isa_version,
                           package.isa_hash, package.producer);
  PrintTensors(package);
  for (size_t i = 0; i < package.launches.size(); ++i) {
    PrintLaunch(package, package.launches[i], fmt::format("launch {}", i));
  }
  const std::string staying = StayingText(package, ResidentOf(values));
  if (!staying.empty()) {
    std::cout << staying << (package.repeat_launches.empty() ? "\n" : " for the next execution\n");
  }
  for (size_t i = 0; i < package.repeat_launches.size(); ++i) {
    PrintLaunch(package, package.repeat_launches[i],
                fmt::format("launch {} of a repeated execution", i));
  }
  for (const HostRow& row : HostRowsOf(package)) {
    std::cout << fmt::format("host segment  {}\n", HostRowText(row));
  }
  std::cout << ViewsText(values, package);
  return kExitOk;
}

}  // namespace neuron::tools
