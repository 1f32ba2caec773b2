// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <unistd.h>

#include <fstream>

#include "base/crc32.h"
#include "host/ncx/attributes.h"
#include "host/ncx/package.h"
#include "ncx_generated.h"

namespace neuron::ncx {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
template <typename T>
using Offset = flatbuffers::Offset<T>;
template <typename T>
using Offsets = std::vector<flatbuffers::Offset<T>>;

Offset<fb::Segment> Write(Builder& builder, const Segment& segment) {
  const auto permission =
      static_cast<uint8_t>((segment.readable ? 1U : 0U) | (segment.writable ? 2U : 0U));
  return fb::CreateSegment(builder, static_cast<fb::SegmentKind>(segment.kind), segment.bytes,
                           permission);
}

Offset<fb::Tensor> Write(Builder& builder, const Tensor& tensor) {
  return fb::CreateTensorDirect(
      builder, tensor.name.c_str(), static_cast<fb::TensorRole>(tensor.role),
      static_cast<uint8_t>(tensor.type), &tensor.shape, tensor.segment, tensor.offset,
      &tensor.scale, &tensor.zero_point, tensor.quantized_axis, tensor.updated_by.c_str());
}

Offset<fb::LayerInfo> Write(Builder& builder, const LayerInfo& layer) {
  const auto busy = builder.CreateVector(layer.busy.data(), layer.busy.size());
  const auto issue = builder.CreateVector(layer.issue.data(), layer.issue.size());
  return fb::CreateLayerInfo(builder, layer.node, layer.macs, layer.dram_bytes,
                             layer.estimated_cycles, layer.operations, busy, issue,
                             layer.read_cycles, layer.write_cycles);
}

Offset<fb::Launch> Write(Builder& builder, const Launch& launch) {
  Offsets<fb::QueueProgram> queues;
  for (const QueueProgram& program : launch.queues) {
    queues.push_back(fb::CreateQueueProgram(builder, static_cast<uint8_t>(program.queue),
                                            program.offset, program.count));
  }
  std::vector<fb::SourceRange> source;
  for (const SourceRange& range : launch.source) {
    source.emplace_back(range.queue, range.first, range.count, range.node);
  }
  Offsets<fb::LayerInfo> layers;
  for (const LayerInfo& layer : launch.layers) {
    layers.push_back(Write(builder, layer));
  }
  return fb::CreateLaunchDirect(builder, &queues, launch.estimated_cycles, launch.macs, &source,
                                &layers);
}

Offset<fb::HostOp> Write(Builder& builder, const HostOp& op) {
  const auto domain = builder.CreateString(op.node.domain);
  const auto attributes = WriteAttributes(builder, op.node.attributes);
  const auto inputs = builder.CreateVector(op.inputs);
  const auto outputs = builder.CreateVector(op.outputs);
  const auto reason = builder.CreateString(op.reason);
  return fb::CreateHostOp(builder, op.node_index, domain, op.node.opset, attributes, inputs,
                          outputs, reason, op.operations);
}

Offset<fb::Node> Write(Builder& builder, const Node& node) {
  const auto name = builder.CreateString(node.name);
  const auto op_type = builder.CreateString(node.op_type);
  const auto kind = builder.CreateString(node.kind);
  const auto parts = builder.CreateVectorOfStrings(node.parts);
  return fb::CreateNode(builder, name, op_type, kind, parts);
}

Offset<fb::BufferPlan> Write(Builder& builder, const BufferPlan& buffer) {
  return fb::CreateBufferPlanDirect(builder, buffer.name.c_str(),
                                    static_cast<uint8_t>(buffer.space), buffer.offset, buffer.bytes,
                                    buffer.first, buffer.last, buffer.streamed, buffer.resident);
}

template <typename Table, typename T>
auto WriteAll(Builder& builder, const std::vector<T>& values) {
  Offsets<Table> offsets;
  offsets.reserve(values.size());
  for (const T& value : values) {
    offsets.push_back(Write(builder, value));
  }
  return builder.CreateVector(offsets);
}

}  // namespace

std::vector<std::byte> Serialize(const PackageData& package) {
  constexpr size_t kImageAlignment = 64;  // of ncx.fbs
  Builder builder(package.image.size() + 4096);
  builder.ForceVectorAlignment(package.image.size(), 1, kImageAlignment);
  const auto image = builder.CreateVector(reinterpret_cast<const uint8_t*>(package.image.data()),
                                          package.image.size());
  const auto configuration = builder.CreateString(package.configuration);
  const auto model_name = builder.CreateString(package.model_name);
  const auto producer = builder.CreateString(package.producer);
  const auto segments = WriteAll<fb::Segment>(builder, package.segments);
  const auto tensors = WriteAll<fb::Tensor>(builder, package.tensors);
  const auto nodes = WriteAll<fb::Node>(builder, package.nodes);
  const auto launches = WriteAll<fb::Launch>(builder, package.launches);
  const auto host_ops = WriteAll<fb::HostOp>(builder, package.host_ops);
  std::vector<fb::Step> step_values;
  for (const Step& step : package.steps) {
    step_values.emplace_back(static_cast<fb::StepKind>(step.kind), step.index);
  }
  const auto steps = builder.CreateVectorOfStructs(step_values);
  const auto buffers = WriteAll<fb::BufferPlan>(builder, package.buffers);
  const auto timeline = builder.CreateVector(package.timeline);
  const auto repeat_launches = WriteAll<fb::Launch>(builder, package.repeat_launches);
  std::vector<fb::SbufRange> ranges;
  for (const SbufRange& range : package.resident) {
    ranges.emplace_back(range.offset, range.bytes);
  }
  const auto resident = builder.CreateVectorOfStructs(ranges);
  builder.Finish(fb::CreatePackage(builder, package.isa_version, package.isa_hash, configuration,
                                   model_name, producer, segments, tensors, nodes, launches,
                                   host_ops, steps, buffers, image, Crc32(package.image), timeline,
                                   package.memory_bytes_per_cycle, repeat_launches, resident),
                 fb::PackageIdentifier());
  const auto* bytes = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {bytes, bytes + builder.GetSize()};
}

Status SaveFile(const PackageData& package, const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = Serialize(package);
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", getpid());
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      return Status(StatusCode::kIoError, fmt::format("cannot write '{}'", temporary.string()));
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    std::filesystem::remove(temporary, error);
    return Status(StatusCode::kIoError, fmt::format("cannot write '{}'", path.string()));
  }
  return OkStatus();
}

}  // namespace neuron::ncx
