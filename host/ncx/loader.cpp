// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/crc32.h"
#include "host/ncx/attributes.h"
#include "host/ncx/fields.h"
#include "host/ncx/package.h"
#include "host/ncx/verify.h"
#include "ncx_generated.h"

namespace neuron::ncx {
namespace {

Status Corrupt(const std::string& what) {
  return Status(StatusCode::kDataCorrupt, "the kernel package is damaged: " + what);
}

Segment Read(const fb::Segment& segment) {
  return {static_cast<SegmentKind>(segment.kind()), segment.bytes(),
          (segment.permission() & 1U) != 0, (segment.permission() & 2U) != 0};
}

Tensor Read(const fb::Tensor& tensor) {
  return {.name = tensor.name()->str(),
          .role = static_cast<TensorRole>(tensor.role()),
          .type = static_cast<ElementType>(tensor.element_type()),
          .shape = ToVector(tensor.shape()),
          .segment = tensor.segment(),
          .offset = tensor.offset(),
          .scale = ToVector(tensor.scale()),
          .zero_point = ToVector(tensor.zero_point()),
          .quantized_axis = tensor.quantized_axis(),
          .updated_by = ToString(tensor.updated_by())};
}

Node Read(const fb::Node& node) {
  Node result{node.name()->str(), node.op_type()->str(), ToString(node.kind())};
  if (node.parts() != nullptr) {
    for (const flatbuffers::String* part : *node.parts()) {
      result.parts.push_back(part->str());
    }
  }
  return result;
}

QueueProgram Read(const fb::QueueProgram& program) {
  return {program.queue(), program.offset(), program.count()};
}

// Cycles by queue; queues that the file does not list have none.
void CopyCycles(const flatbuffers::Vector<uint64_t>* from,
                std::array<uint64_t, isa::kNumQueues>& to) {
  for (uint32_t i = 0; from != nullptr && i < std::min<size_t>(from->size(), to.size()); ++i) {
    to[i] = from->Get(i);
  }
}

LayerInfo Read(const fb::LayerInfo& layer) {
  LayerInfo result;
  result.node = layer.node();
  result.macs = layer.macs();
  result.dram_bytes = layer.dram_bytes();
  result.estimated_cycles = layer.estimated_cycles();
  result.operations = layer.operations();
  CopyCycles(layer.busy(), result.busy);
  CopyCycles(layer.issue(), result.issue);
  result.read_cycles = layer.read_cycles();
  result.write_cycles = layer.write_cycles();
  return result;
}

BufferPlan Read(const fb::BufferPlan& buffer) {
  return {.name = buffer.name()->str(),
          .space = buffer.space(),
          .offset = buffer.offset(),
          .bytes = buffer.bytes(),
          .first = buffer.first(),
          .last = buffer.last(),
          .streamed = buffer.streamed(),
          .resident = buffer.resident()};
}

Launch Read(const fb::Launch& launch);

template <typename T, typename Table>
std::vector<T> ReadAll(const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables) {
  std::vector<T> values;
  if (tables != nullptr) {
    values.reserve(tables->size());
    for (const Table* table : *tables) {
      values.push_back(Read(*table));
    }
  }
  return values;
}

Launch Read(const fb::Launch& launch) {
  Launch result;
  result.queues = ReadAll<QueueProgram>(launch.queues());
  result.estimated_cycles = launch.estimated_cycles();
  result.macs = launch.macs();
  if (launch.source() != nullptr) {
    for (const fb::SourceRange* range : *launch.source()) {
      result.source.push_back({range->queue(), range->first(), range->count(), range->node()});
    }
  }
  result.layers = ReadAll<LayerInfo>(launch.layers());
  return result;
}

// Names of the tensors that a host operator's indices mean; "" for what Verify will refuse.
std::vector<std::string> TensorNames(const PackageData& package,
                                     const std::vector<int32_t>& indices) {
  std::vector<std::string> names;
  for (const int32_t index : indices) {
    const bool valid = index >= 0 && static_cast<size_t>(index) < package.tensors.size();
    names.push_back(valid ? package.tensors[static_cast<size_t>(index)].name : std::string());
  }
  return names;
}

Status ReadHostOps(const fb::Package& file, PackageData& package) {
  if (file.host_ops() == nullptr) {
    return OkStatus();
  }
  for (const fb::HostOp* table : *file.host_ops()) {
    HostOp op;
    op.node_index = table->node();
    if (op.node_index >= package.nodes.size()) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("host operator {} names node {} of {}", package.host_ops.size(),
                                op.node_index, package.nodes.size()));
    }
    op.node.name = package.nodes[op.node_index].name;
    op.node.op_type = package.nodes[op.node_index].op_type;
    op.node.domain = ToString(table->domain());
    op.node.opset = table->opset();
    Result<AttributeMap> attributes = ReadAttributes(table->attributes());
    if (!attributes.ok()) {
      return Status(attributes.status().code(), fmt::format("host operator '{}': {}", op.node.name,
                                                            attributes.status().message()));
    }
    op.node.attributes = std::move(attributes).value();
    op.inputs = ToVector(table->inputs());
    op.outputs = ToVector(table->outputs());
    op.node.inputs = TensorNames(package, op.inputs);
    op.node.outputs = TensorNames(package, op.outputs);
    op.reason = ToString(table->reason());
    op.operations = table->operations();
    package.host_ops.push_back(std::move(op));
  }
  return OkStatus();
}

Result<PackageData> ReadPackage(const fb::Package& file) {
  PackageData package;
  package.isa_version = file.isa_version();
  package.isa_hash = file.isa_hash();
  package.configuration = file.configuration()->str();
  package.model_name = ToString(file.model_name());
  package.producer = ToString(file.producer());
  package.timeline = ToVector(file.timeline());
  package.memory_bytes_per_cycle = file.memory_bytes_per_cycle();
  package.segments = ReadAll<Segment>(file.segments());
  package.tensors = ReadAll<Tensor>(file.tensors());
  package.nodes = ReadAll<Node>(file.nodes());
  package.launches = ReadAll<Launch>(file.launches());
  package.buffers = ReadAll<BufferPlan>(file.buffers());
  package.repeat_launches = ReadAll<Launch>(file.repeat_launches());
  if (file.resident() != nullptr) {
    for (const fb::SbufRange* range : *file.resident()) {
      package.resident.push_back({range->offset(), range->bytes()});
    }
  }
  if (file.steps() != nullptr) {
    for (const fb::Step* step : *file.steps()) {
      package.steps.push_back({static_cast<StepKind>(step->kind()), step->index()});
    }
  }
  if (file.image() != nullptr) {
    const auto* bytes = reinterpret_cast<const std::byte*>(file.image()->data());
    package.image.assign(bytes, bytes + file.image()->size());
  }
  NEURON_RETURN_IF_ERROR(ReadHostOps(file, package));
  return package;
}

template <typename T>
uint64_t Bytes(const flatbuffers::Vector<T>* values) {
  return values == nullptr ? 0 : uint64_t{values->size()} * sizeof(T);
}

uint64_t Bytes(const flatbuffers::String* text) { return text == nullptr ? 0 : text->size(); }

uint64_t Bytes(const fb::Attribute& attribute) {
  uint64_t bytes = Bytes(attribute.name()) + Bytes(attribute.s()) + Bytes(attribute.ints()) +
                   Bytes(attribute.floats()) + Bytes(attribute.strings()) +
                   Bytes(attribute.tensor_shape()) + Bytes(attribute.tensor_data());
  if (attribute.strings() != nullptr) {
    for (const flatbuffers::String* text : *attribute.strings()) {
      bytes += Bytes(text);
    }
  }
  return bytes;
}

uint64_t Bytes(const fb::Segment& /*segment*/) { return 0; }

uint64_t Bytes(const fb::Tensor& tensor) {
  return Bytes(tensor.name()) + Bytes(tensor.shape()) + Bytes(tensor.scale()) +
         Bytes(tensor.zero_point()) + Bytes(tensor.updated_by());
}

uint64_t Bytes(const fb::Node& node) {
  uint64_t bytes =
      Bytes(node.name()) + Bytes(node.op_type()) + Bytes(node.kind()) + Bytes(node.parts());
  if (node.parts() != nullptr) {
    for (const flatbuffers::String* part : *node.parts()) {
      bytes += Bytes(part);
    }
  }
  return bytes;
}

uint64_t Bytes(const fb::Launch& launch) {
  return Bytes(launch.queues()) + Bytes(launch.layers()) +
         (launch.source() == nullptr ? 0 : launch.source()->size() * sizeof(fb::SourceRange));
}

uint64_t Bytes(const fb::HostOp& op) {
  uint64_t bytes = Bytes(op.domain()) + Bytes(op.inputs()) + Bytes(op.outputs()) +
                   Bytes(op.reason()) + Bytes(op.attributes());
  if (op.attributes() != nullptr) {
    for (const fb::Attribute* attribute : *op.attributes()) {
      bytes += Bytes(*attribute);
    }
  }
  return bytes;
}

uint64_t Bytes(const fb::BufferPlan& buffer) { return Bytes(buffer.name()); }

template <typename Table>
uint64_t AllBytes(const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables) {
  uint64_t bytes = Bytes(tables);
  if (tables != nullptr) {
    for (const Table* table : *tables) {
      bytes += Bytes(*table);
    }
  }
  return bytes;
}

// Bytes of all strings and vectors that ReadPackage copies. The writer shares none, so in an honest
// file they are fewer than the file's; a hostile one could name the same table a million times.
uint64_t CopiedBytes(const fb::Package& file) {
  return AllBytes(file.segments()) + AllBytes(file.tensors()) + AllBytes(file.nodes()) +
         AllBytes(file.launches()) + AllBytes(file.host_ops()) + AllBytes(file.buffers()) +
         AllBytes(file.repeat_launches()) + Bytes(file.timeline()) + Bytes(file.image()) +
         (file.resident() == nullptr ? 0 : file.resident()->size() * sizeof(fb::SbufRange));
}

// FlatBuffers reads scalars in place, so the file must lie at an aligned address.
std::span<const std::byte> Align(std::span<const std::byte> file, std::vector<uint64_t>& copy) {
  if (reinterpret_cast<uintptr_t>(file.data()) % alignof(uint64_t) == 0) {
    return file;
  }
  copy.resize(file.size() / sizeof(uint64_t) + 1);
  std::memcpy(copy.data(), file.data(), file.size());
  return {reinterpret_cast<const std::byte*>(copy.data()), file.size()};
}

}  // namespace

Result<PackageData> Load(std::span<const std::byte> file) {
  // A root offset, an identifier and a table are the least; more than this FlatBuffers cannot hold.
  constexpr size_t kMinimum = 16;
  if (file.size() < kMinimum || file.size() > std::numeric_limits<int32_t>::max()) {
    return Corrupt(fmt::format("it has {} bytes", file.size()));
  }
  std::vector<uint64_t> copy;
  const std::span<const std::byte> aligned = Align(file, copy);
  if (!fb::PackageBufferHasIdentifier(aligned.data())) {
    return Status(StatusCode::kDataCorrupt,
                  fmt::format("not a kernel package: the file identifier is not '{}'",
                              fb::PackageIdentifier()));
  }
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(aligned.data()), aligned.size());
  if (!fb::VerifyPackageBuffer(verifier)) {
    return Corrupt("its tables do not verify (truncated or overwritten file?)");
  }
  const fb::Package& root = *fb::GetPackage(aligned.data());
  if (CopiedBytes(root) > file.size()) {
    return Corrupt("its tables overlap");
  }
  if (root.isa_version() != isa::kIsaVersion || root.isa_hash() != isa::kIsaHash) {
    return Status(
        StatusCode::kUnsupported,
        fmt::format("the package was compiled for ISA version {} ({:08x}) and this software is for "
                    "version {} ({:08x}); compile the model again",
                    root.isa_version(), root.isa_hash(), isa::kIsaVersion, isa::kIsaHash));
  }
  NEURON_ASSIGN_OR_RETURN(PackageData package, ReadPackage(root));
  if (Crc32(package.image) != root.image_crc32()) {
    return Corrupt("the CRC of its image does not match");
  }
  NEURON_RETURN_IF_ERROR(Verify(package));
  return package;
}

Result<PackageData> LoadFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Status(StatusCode::kNotFound, fmt::format("no file '{}'", path.string()));
  }
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream.tellg();
  std::vector<std::byte> bytes(size > 0 ? static_cast<size_t>(size) : 0);
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) {
    return Status(StatusCode::kIoError, fmt::format("cannot read '{}'", path.string()));
  }
  Result<PackageData> package = Load(bytes);
  if (!package.ok()) {
    return Status(package.status().code(),
                  fmt::format("{}: {}", path.string(), package.status().message()));
  }
  return package;
}

}  // namespace neuron::ncx
