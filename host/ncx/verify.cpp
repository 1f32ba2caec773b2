// SPDX-License-Identifier: Apache-2.0
#include "host/ncx/verify.h"

#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <limits>
#include <set>

#include "host/ncx/instructions.h"
#include "isa/check/instruction_check.h"

namespace neuron::ncx {
namespace {

constexpr uint64_t kAddressSpace = uint64_t{1} << 32;  // bytes that a 32-bit DRAM address reaches

Status VerifyTarget(const PackageData& package) {
  if (package.isa_version != isa::kIsaVersion || package.isa_hash != isa::kIsaHash) {
    return Status(
        StatusCode::kUnsupported,
        fmt::format("the package is for ISA version {} ({:08x}), this software for "
                    "version {} ({:08x})",
                    package.isa_version, package.isa_hash, isa::kIsaVersion, isa::kIsaHash));
  }
  if (isa::FindConfig(package.configuration) == nullptr) {
    std::string known;
    for (const isa::Config& config : isa::kConfigs) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", config.name);
    }
    return Status(StatusCode::kUnsupported,
                  fmt::format("the package is for configuration '{}', this software knows {}",
                              package.configuration, known));
  }
  return OkStatus();
}

Status VerifySegments(const PackageData& package) {
  const std::vector<Segment>& segments = package.segments;
  if (segments.size() < 2 || segments.size() > isa::kNumSegments) {
    return Invalid("{} segments; 2 to {} are possible", segments.size(), isa::kNumSegments);
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (segment.bytes >= kAddressSpace) {
      return Invalid("segment {} has {} bytes, more than an address reaches", i, segment.bytes);
    }
    const bool is_image = segment.kind == SegmentKind::kImage;
    const bool is_scratch = segment.kind == SegmentKind::kScratch;
    if (segment.kind > SegmentKind::kNextState || is_image != (i == 0) || is_scratch != (i == 1)) {
      return Invalid(
          "segment {} has kind {}; segment 0 is the image, 1 scratch, the others inputs, "
          "outputs and state",
          i, static_cast<int>(segment.kind));
    }
    if (segment.kind == SegmentKind::kNextState &&
        (segments[i - 1].kind != SegmentKind::kState || segments[i - 1].bytes != segment.bytes)) {
      return Invalid("segment {} replaces a state segment and must follow one of its {} bytes", i,
                     segment.bytes);
    }
  }
  if (segments[0].bytes != package.image.size() || segments[0].writable) {
    return Invalid("segment 0 must be the read-only image of {} bytes", package.image.size());
  }
  return OkStatus();
}

Status VerifyQuantization(const Tensor& tensor) {
  if (tensor.scale.size() != tensor.zero_point.size()) {
    return Invalid("tensor '{}' has {} scales and {} zero-points", tensor.name, tensor.scale.size(),
                   tensor.zero_point.size());
  }
  if (tensor.scale.size() <= 1) {
    return OkStatus();
  }
  const auto rank = static_cast<int64_t>(tensor.shape.size());
  if (tensor.quantized_axis < 0 || tensor.quantized_axis >= rank ||
      tensor.shape[static_cast<size_t>(tensor.quantized_axis)] !=
          static_cast<int64_t>(tensor.scale.size())) {
    return Invalid("tensor '{}' of shape {} has {} scales on axis {}", tensor.name,
                   ShapeToString(tensor.shape), tensor.scale.size(), tensor.quantized_axis);
  }
  return OkStatus();
}

// The kind of segment a tensor of this role lies in; kImage stands for any.
SegmentKind KindOf(TensorRole role) {
  switch (role) {
    case TensorRole::kInput:
      return SegmentKind::kInput;
    case TensorRole::kOutput:
      return SegmentKind::kOutput;
    case TensorRole::kState:
      return SegmentKind::kState;
    case TensorRole::kIntermediate:
      break;
  }
  return SegmentKind::kImage;
}

Status VerifyTensor(const PackageData& package, const Tensor& tensor) {
  if (tensor.role > TensorRole::kIntermediate) {
    return Invalid("tensor '{}' has role {}", tensor.name, static_cast<int>(tensor.role));
  }
  if (tensor.segment >= package.segments.size()) {
    return Invalid("tensor '{}' lies in segment {} of {}", tensor.name, tensor.segment,
                   package.segments.size());
  }
  const Result<uint64_t> bytes = TensorBytes(tensor.type, tensor.shape);
  if (!bytes.ok()) {
    return Invalid("tensor '{}': {}", tensor.name, bytes.status().message());
  }
  const Segment& segment = package.segments[tensor.segment];
  if (tensor.offset > segment.bytes || *bytes > segment.bytes - tensor.offset ||
      tensor.offset % ElementBytes(tensor.type) != 0) {
    return Invalid("tensor '{}' of {} bytes at offset {} does not fit segment {} of {} bytes",
                   tensor.name, *bytes, tensor.offset, tensor.segment, segment.bytes);
  }
  if (tensor.role != TensorRole::kIntermediate && segment.kind != KindOf(tensor.role)) {
    return Invalid("tensor '{}' has role {} and lies in segment {} of kind {}", tensor.name,
                   static_cast<int>(tensor.role), tensor.segment, static_cast<int>(segment.kind));
  }
  return VerifyQuantization(tensor);
}

// Tensors of one segment lie apart.
Status VerifyApart(const PackageData& package) {
  std::vector<const Tensor*> placed;
  for (const Tensor& tensor : package.tensors) {
    if (tensor.role != TensorRole::kIntermediate) {
      placed.push_back(&tensor);
    }
  }
  std::ranges::sort(placed, [](const Tensor* a, const Tensor* b) {
    return std::pair(a->segment, a->offset) < std::pair(b->segment, b->offset);
  });
  for (size_t i = 1; i < placed.size(); ++i) {
    const Tensor& low = *placed[i - 1];
    const Tensor& high = *placed[i];
    NEURON_ASSIGN_OR_RETURN(const uint64_t bytes, TensorBytes(low.type, low.shape));
    if (low.segment == high.segment && high.offset - low.offset < bytes) {
      return Invalid("tensors '{}' and '{}' overlap in segment {}", low.name, high.name,
                     low.segment);
    }
  }
  return OkStatus();
}

Status VerifyTensors(const PackageData& package) {
  std::set<std::string> names;
  std::set<uint32_t> taken;
  for (const Tensor& tensor : package.tensors) {
    NEURON_RETURN_IF_ERROR(VerifyTensor(package, tensor));
    if (tensor.role == TensorRole::kIntermediate) {
      continue;
    }
    // A graph may return one of its inputs under the same name.
    const std::string key = fmt::format("{}:{}", static_cast<int>(tensor.role), tensor.name);
    if (!names.insert(key).second) {
      return Invalid("two tensors are named '{}'", tensor.name);
    }
    taken.insert(tensor.segment);
  }
  for (uint32_t i = 2; i < package.segments.size(); ++i) {
    if (!taken.contains(i) && package.segments[i].kind != SegmentKind::kNextState) {
      return Invalid("segment {} has no tensor", i);
    }
  }
  return VerifyApart(package);
}

Status VerifyHostOps(const PackageData& package) {
  const auto in_range = [&](int32_t index) {
    return index >= -1 && index < static_cast<int32_t>(package.tensors.size());
  };
  for (const HostOp& op : package.host_ops) {
    if (op.node_index >= package.nodes.size()) {
      return Invalid("a host operator names node {} of {}", op.node_index, package.nodes.size());
    }
    for (const int32_t index : op.inputs) {
      if (!in_range(index)) {
        return Invalid("host operator '{}' reads tensor {} of {}", op.node.name, index,
                       package.tensors.size());
      }
    }
    for (const int32_t index : op.outputs) {
      if (!in_range(index)) {
        return Invalid("host operator '{}' writes tensor {} of {}", op.node.name, index,
                       package.tensors.size());
      }
      if (index >= 0 && package.tensors[static_cast<size_t>(index)].segment == 0) {
        return Invalid("host operator '{}' writes tensor '{}', which lies in the image",
                       op.node.name, package.tensors[static_cast<size_t>(index)].name);
      }
    }
  }
  return OkStatus();
}

Status VerifySteps(const PackageData& package) {
  for (const Step& step : package.steps) {
    const bool is_launch = step.kind == StepKind::kLaunch;
    const size_t limit = is_launch ? package.launches.size() : package.host_ops.size();
    if (step.kind > StepKind::kHost || step.index >= limit) {
      return Invalid("a step names {} {} of {}", is_launch ? "launch" : "host operator", step.index,
                     limit);
    }
  }
  for (const uint32_t node : package.timeline) {
    if (node >= package.nodes.size()) {
      return Invalid("the timeline names node {} of {}", node, package.nodes.size());
    }
  }
  for (const BufferPlan& buffer : package.buffers) {
    if (buffer.space > static_cast<uint32_t>(isa::Space::kPsum)) {
      return Invalid("buffer '{}' lies in space {}", buffer.name, buffer.space);
    }
  }
  return OkStatus();
}

// Queues inside the image and source ranges inside queues and nodes.
Status VerifyLaunchShape(const PackageData& package, const Launch& launch) {
  std::set<uint32_t> queues;
  for (const QueueProgram& program : launch.queues) {
    if (program.queue >= isa::kNumQueues || !queues.insert(program.queue).second) {
      return Invalid("queue {} does not exist or is listed twice", program.queue);
    }
    const uint64_t bytes = uint64_t{program.count} * isa::kInstructionBytes;
    if (program.offset % isa::kInstructionBytes != 0 || program.offset > package.image.size() ||
        bytes > package.image.size() - program.offset) {
      return Invalid(
          "the {} instructions of queue {} at offset {} do not fit the image of {} bytes",
          program.count, isa::Name(isa::Queue{program.queue}), program.offset,
          package.image.size());
    }
  }
  for (const SourceRange& range : launch.source) {
    if (range.node >= package.nodes.size()) {
      return Invalid("a source range names node {} of {}", range.node, package.nodes.size());
    }
  }
  for (const LayerInfo& layer : launch.layers) {
    if (layer.node >= package.nodes.size()) {
      return Invalid("a layer names node {} of {}", layer.node, package.nodes.size());
    }
  }
  return OkStatus();
}

// Those of the first or of the repeated executions, which `name` tells apart.
Status VerifyLaunches(const PackageData& package, const std::vector<Launch>& launches,
                      const char* name) {
  for (size_t i = 0; i < launches.size(); ++i) {
    NEURON_RETURN_IF_ERROR(VerifyLaunchShape(package, launches[i]));
    NEURON_RETURN_IF_ERROR(VerifyLaunch(package, launches[i], fmt::format("{} {}", name, i)));
  }
  return OkStatus();
}

}  // namespace

Status VerifyLaunch(const PackageData& package, const Launch& launch, const std::string& name) {
  const isa::Config* config = isa::FindConfig(package.configuration);
  std::vector<isa::Segment> segments;
  for (const Segment& segment : package.segments) {
    segments.push_back(
        {.limit = segment.bytes, .readable = segment.readable, .writable = segment.writable});
  }
  for (const QueueProgram& program : launch.queues) {
    for (uint32_t i = 0; i < program.count; ++i) {
      const Words words = InstructionWords(package.image, program.offset, i);
      const auto fault = isa::CheckInstruction(*config, isa::Queue{program.queue}, words, segments);
      if (fault.has_value()) {
        return Invalid("{}: {}: {}", name, DescribeInstruction(package, launch, program.queue, i),
                       isa::Describe(*fault));
      }
    }
  }
  const Status semaphores = VerifySemaphores(package, launch);
  return semaphores.ok() ? semaphores : Invalid("{}: {}", name, semaphores.message());
}

Status Verify(const PackageData& package) {
  NEURON_RETURN_IF_ERROR(VerifyTarget(package));
  NEURON_RETURN_IF_ERROR(VerifySegments(package));
  NEURON_RETURN_IF_ERROR(VerifyTensors(package));
  NEURON_RETURN_IF_ERROR(VerifyHostOps(package));
  NEURON_RETURN_IF_ERROR(VerifySteps(package));
  NEURON_RETURN_IF_ERROR(VerifyLaunches(package, package.launches, "launch"));
  NEURON_RETURN_IF_ERROR(VerifyLaunches(package, package.repeat_launches, "repeated launch"));
  return VerifyResident(package);
}

}  // namespace neuron::ncx
