// SPDX-License-Identifier: Apache-2.0
#include "host/ncx/package.h"

#include <fmt/core.h>

#include "host/ncx/instructions.h"

namespace neuron::ncx {

Result<uint64_t> TensorBytes(ElementType type, std::span<const int64_t> shape) {
  uint64_t bytes = ElementBytes(type);
  if (bytes == 0) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("element type {} does not exist", static_cast<int>(type)));
  }
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("the shape {} is not possible", ShapeToString(shape)));
    }
  }
  return bytes;
}

uint64_t EstimatedCycles(std::span<const Launch> launches) {
  uint64_t cycles = 0;
  for (const Launch& launch : launches) {
    cycles += launch.estimated_cycles;
  }
  return cycles;
}

uint64_t RepeatedCycles(const PackageData& package) {
  return EstimatedCycles(package.repeat_launches.empty() ? package.launches
                                                         : package.repeat_launches);
}

uint64_t ResidentBytes(const PackageData& package) {
  const isa::Config* config = isa::FindConfig(package.configuration);
  uint64_t bytes = 0;
  for (const SbufRange& range : package.resident) {
    bytes += range.bytes;
  }
  return config == nullptr ? 0 : bytes * config->p;
}

std::string SourceOf(const PackageData& package, const Launch& launch, uint32_t queue,
                     uint32_t index) {
  for (const SourceRange& range : launch.source) {
    if (range.queue == queue && index >= range.first && index - range.first < range.count) {
      const Node& node = package.nodes[range.node];
      return fmt::format("{} ({})", node.name, node.op_type);
    }
  }
  return "";
}

std::string DescribeInstruction(const PackageData& package, const Launch& launch, uint32_t queue,
                                uint32_t index) {
  const std::string source = SourceOf(package, launch, queue, index);
  return fmt::format("{}[{}]{}{}", isa::Name(isa::Queue{queue}), index,
                     source.empty() ? "" : " from ", source);
}

}  // namespace neuron::ncx
