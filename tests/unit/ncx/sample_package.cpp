// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/ncx/sample_package.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace neuron::testing {
namespace {

using isa::Queue;

constexpr uint32_t kRows = 4;  // partitions that every configuration has
constexpr uint32_t kElementBytes = 4;
constexpr uint32_t kElementLog2 = 2;
constexpr int32_t kPartitionStep = 1 << isa::kSbufPartitionShift;
constexpr uint32_t kFirstTensorSegment = 2;

template <typename Enum>
uint32_t Value(Enum value) {
  return static_cast<uint32_t>(value);
}

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

ncx::PackageData EmptyPackage(const std::string& name, const std::string& configuration) {
  ncx::PackageData package;
  package.isa_version = isa::kIsaVersion;
  package.isa_hash = isa::kIsaHash;
  package.configuration = configuration;
  package.model_name = name;
  package.producer = "test";
  package.segments = {{.kind = ncx::SegmentKind::kImage},
                      {.kind = ncx::SegmentKind::kScratch, .writable = true}};
  return package;
}

// Adds a tensor with a segment of its own.
void AddTensor(ncx::PackageData& package, const std::string& name, ncx::TensorRole role,
               ElementType type, const Shape& shape) {
  const ncx::SegmentKind kind = role == ncx::TensorRole::kInput    ? ncx::SegmentKind::kInput
                                : role == ncx::TensorRole::kOutput ? ncx::SegmentKind::kOutput
                                                                   : ncx::SegmentKind::kState;
  const auto segment = static_cast<uint32_t>(package.segments.size());
  const auto bytes = static_cast<uint64_t>(ElementCount(shape)) * ElementBytes(type);
  package.segments.push_back(
      {.kind = kind, .bytes = bytes, .writable = role != ncx::TensorRole::kInput});
  package.tensors.push_back(
      {.name = name, .role = role, .type = type, .shape = shape, .segment = segment});
}

// Adds the segment that replaces the last one, a state's; returns its number.
uint32_t AddNextState(ncx::PackageData& package) {
  package.segments.back().writable = false;
  package.segments.push_back({.kind = ncx::SegmentKind::kNextState,
                              .bytes = package.segments.back().bytes,
                              .readable = false,
                              .writable = true});
  return static_cast<uint32_t>(package.segments.size()) - 1;
}

// Closes the package with one launch whose instructions all come from `node`.
void AddLaunch(ncx::PackageData& package, const ProgramBuilder& program, const ncx::Node& node) {
  const auto node_index = static_cast<uint32_t>(package.nodes.size());
  package.nodes.push_back(node);
  ncx::Launch launch = program.Finish(package.image);
  for (const ncx::QueueProgram& queue : launch.queues) {
    launch.source.push_back({queue.queue, 0, queue.count, node_index});
  }
  package.steps.push_back({ncx::StepKind::kLaunch, static_cast<uint32_t>(package.launches.size())});
  package.launches.push_back(launch);
  package.segments[0].bytes = package.image.size();
}

// x from `input`, scaled, to `output`: one load, one ScalarE instruction, one store.
ProgramBuilder ScaleProgram(uint32_t input, uint32_t output, uint32_t columns, float scale,
                            float bias) {
  const SbufRows in{.offset = 0};
  const SbufRows out{.offset = columns * kElementBytes};
  ProgramBuilder program;
  program.Add(Queue::kDma0, Signal(LoadRows(input, in, kRows, columns), Queue::kDma0));
  program.Add(Queue::kScalar,
              Signal(After(ScaleRows(in, out, kRows, columns, scale, bias), Queue::kDma0, 1),
                     Queue::kScalar));
  program.Add(Queue::kDma1, Signal(After(StoreRows(out, output, kRows, columns), Queue::kScalar, 1),
                                   Queue::kDma1));
  return program;
}

}  // namespace

ncx::Launch ProgramBuilder::Finish(std::vector<std::byte>& image) const {
  ncx::Launch launch;
  for (uint32_t queue = 0; queue < isa::kNumQueues; ++queue) {
    const std::vector<uint32_t>& stream = streams_[queue];
    if (stream.empty()) {
      continue;
    }
    const uint64_t offset = (image.size() + isa::kInstructionBytes - 1) / isa::kInstructionBytes *
                            isa::kInstructionBytes;
    image.resize(offset + stream.size() * sizeof(uint32_t));
    std::memcpy(image.data() + offset, stream.data(), stream.size() * sizeof(uint32_t));
    launch.queues.push_back(
        {queue, offset, static_cast<uint32_t>(stream.size() / isa::kInstructionWords)});
  }
  return launch;
}

isa::DmaInstruction LoadRows(uint32_t segment, SbufRows to, uint32_t rows, uint32_t columns) {
  isa::DmaInstruction dma;
  dma.opcode = Value(isa::Opcode::kDmaCopy);
  dma.src_space = Value(isa::Space::kDram);
  dma.dst_space = Value(isa::Space::kSbuf);
  dma.element_log2 = kElementLog2;
  dma.src_segment = segment;
  dma.dst_base = to.offset;
  dma.src_size0 = dma.dst_size0 = dma.valid0 = columns;
  dma.src_size1 = dma.dst_size1 = dma.valid1 = rows;
  dma.src_size2 = dma.dst_size2 = dma.src_size3 = dma.dst_size3 = 1;
  dma.src_stride0 = dma.dst_stride0 = kElementBytes;
  dma.src_stride1 = static_cast<int32_t>(columns * kElementBytes);
  dma.dst_stride1 = kPartitionStep;
  return dma;
}

isa::DmaInstruction StoreRows(SbufRows from, uint32_t segment, uint32_t rows, uint32_t columns) {
  isa::DmaInstruction dma = LoadRows(0, {}, rows, columns);
  dma.src_space = Value(isa::Space::kSbuf);
  dma.dst_space = Value(isa::Space::kDram);
  dma.dst_segment = segment;
  dma.src_base = from.offset;
  dma.dst_base = 0;
  dma.src_stride1 = kPartitionStep;
  dma.dst_stride1 = static_cast<int32_t>(columns * kElementBytes);
  return dma;
}

isa::ScalarInstruction ScaleRows(SbufRows from, SbufRows to, uint32_t rows, uint32_t columns,
                                 float scale, float bias) {
  isa::ScalarInstruction activate;
  activate.opcode = Value(isa::Opcode::kActivate);
  activate.part_count = rows;
  activate.in_dtype = activate.out_dtype = Value(isa::Dtype::kFp32);
  activate.in_space = activate.out_space = Value(isa::Space::kSbuf);
  activate.func = Value(isa::Func::kIdentity);
  activate.in_base = from.offset;
  activate.out_base = to.offset;
  activate.scale = Bits(scale);
  activate.bias = Bits(bias);
  activate.clamp_low = Bits(-std::numeric_limits<float>::infinity());
  activate.clamp_high = Bits(std::numeric_limits<float>::infinity());
  activate.size0 = columns;
  activate.size1 = activate.size2 = 1;
  activate.in_stride0 = activate.out_stride0 = kElementBytes;
  return activate;
}

ncx::PackageData ScalePackage(const std::string& configuration, uint32_t columns, float scale,
                              float bias) {
  ncx::PackageData package = EmptyPackage("scale", configuration);
  const Shape shape = {kRows, columns};
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);
  AddLaunch(package,
            ScaleProgram(kFirstTensorSegment, kFirstTensorSegment + 1, columns, scale, bias),
            {"scale_node", "Mul"});
  package.launches[0].macs = uint64_t{kRows} * columns;
  package.buffers = {
      {.name = "x", .offset = 0, .bytes = columns * kElementBytes},
      {.name = "y", .offset = columns * kElementBytes, .bytes = columns * kElementBytes}};
  return package;
}

ncx::PackageData HostOperatorPackage(const std::string& configuration) {
  constexpr uint32_t kColumns = 4;
  constexpr uint64_t kBytes = uint64_t{kRows} * kColumns * kElementBytes;
  const Shape shape = {kRows, kColumns};
  ncx::PackageData package = EmptyPackage("host_operator", configuration);
  package.segments[1].bytes = 2 * kBytes;
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);

  const float constants[kColumns] = {1, 2, 3, 4};
  package.image.resize(sizeof(constants));
  std::memcpy(package.image.data(), constants, sizeof(constants));
  package.tensors.push_back({.name = "c", .shape = {kColumns}, .segment = 0});
  package.tensors.push_back({.name = "doubled", .shape = shape, .segment = 1});
  package.tensors.push_back({.name = "negated", .shape = shape, .segment = 1, .offset = kBytes});

  AddLaunch(package, ScaleProgram(kFirstTensorSegment, 1, kColumns, 2.0F, 0.0F),
            {"double_node", "Mul"});
  package.nodes.push_back({"negate_node", "Neg"});
  package.nodes.push_back({"add_node", "Add"});
  const std::string reason = "a test wants it on the host";
  package.host_ops.push_back(
      {.node_index = 1, .node = {}, .inputs = {3}, .outputs = {4}, .reason = reason});
  package.host_ops.push_back(
      {.node_index = 2, .node = {}, .inputs = {4, 2}, .outputs = {1}, .reason = reason});
  package.steps.push_back({ncx::StepKind::kHost, 0});
  package.steps.push_back({ncx::StepKind::kHost, 1});
  return package;
}

ncx::PackageData StatePackage(const std::string& configuration, StateUpdate update) {
  constexpr uint32_t kColumns = 8;
  constexpr uint32_t kRowBytes = kColumns * kElementBytes;
  const Shape shape = {kRows, kColumns};
  ncx::PackageData package = EmptyPackage("running_sum", configuration);
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);
  AddTensor(package, "sum", ncx::TensorRole::kState, ElementType::kFloat32, shape);
  const uint32_t next = update == StateUpdate::kExchanged ? AddNextState(package) : 4;

  isa::VectorInstruction add;
  add.opcode = Value(isa::Opcode::kTensorTensor);
  add.part_count = kRows;
  add.alu0 = Value(isa::Alu::kAdd);
  add.in1_base = kRowBytes;
  add.out_base = 2 * kRowBytes;
  add.size0 = kColumns;
  add.size1 = add.size2 = 1;
  add.in0_stride0 = add.in1_stride0 = add.out_stride0 = kElementBytes;

  ProgramBuilder program;
  program.Add(Queue::kDma0, Signal(LoadRows(2, {0}, kRows, kColumns), Queue::kDma0));
  program.Add(Queue::kDma0, Signal(LoadRows(4, {kRowBytes}, kRows, kColumns), Queue::kDma0));
  program.Add(Queue::kVector, Signal(After(add, Queue::kDma0, 2), Queue::kVector));
  program.Add(Queue::kDma1,
              Signal(After(StoreRows({2 * kRowBytes}, 3, kRows, kColumns), Queue::kVector, 1),
                     Queue::kDma1));
  program.Add(Queue::kDma1,
              Signal(StoreRows({2 * kRowBytes}, next, kRows, kColumns), Queue::kDma1));
  AddLaunch(package, program, {"sum_node", "Add"});
  return package;
}

void AddIdleState(ncx::PackageData& package) {
  AddTensor(package, "kept", ncx::TensorRole::kState, ElementType::kFloat32, {kRows, 8});
  AddNextState(package);
}

ncx::PackageData SharedSegmentsPackage(const std::string& configuration, uint32_t columns,
                                       float scale, float bias) {
  ncx::PackageData package = ScalePackage(configuration, columns, scale, bias);
  const std::vector<ncx::Tensor> whole = std::move(package.tensors);
  package.tensors.clear();
  for (const ncx::Tensor& tensor : whole) {
    for (const int half : {0, 1}) {
      ncx::Tensor part = tensor;
      part.name += std::to_string(half);
      part.shape = {kRows / 2, columns};
      part.offset = half == 0 ? 0 : uint64_t{kRows} / 2 * columns * kElementBytes;
      package.tensors.push_back(part);
    }
  }
  return package;
}

ncx::PackageData ResidentPackage(const std::string& configuration, float bias) {
  constexpr uint32_t kColumns = 16;
  constexpr SbufRows kIn{.offset = 0};
  constexpr SbufRows kOut{.offset = kColumns * kElementBytes};
  constexpr SbufRows kBias{.offset = 2 * kColumns * kElementBytes};
  const Shape shape = {kRows, kColumns};
  ncx::PackageData package = EmptyPackage("resident", configuration);
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);
  const std::array<float, kRows> words = {bias, bias, bias, bias};
  package.image.resize(sizeof(words));
  std::memcpy(package.image.data(), words.data(), sizeof(words));

  isa::ScalarInstruction scale = ScaleRows(kIn, kOut, kRows, kColumns, 2.0F, 0.0F);
  scale.bias_operand = Value(isa::Operand::kPartition);
  scale.bias = kBias.offset;
  for (const uint32_t loads : {2U, 1U}) {
    ProgramBuilder program;
    if (loads == 2) {
      program.Add(Queue::kDma0, Signal(LoadRows(0, kBias, kRows, 1), Queue::kDma0));
    }
    program.Add(Queue::kDma0,
                Signal(LoadRows(kFirstTensorSegment, kIn, kRows, kColumns), Queue::kDma0));
    program.Add(Queue::kScalar, Signal(After(scale, Queue::kDma0, loads), Queue::kScalar));
    program.Add(
        Queue::kDma1,
        Signal(After(StoreRows(kOut, kFirstTensorSegment + 1, kRows, kColumns), Queue::kScalar, 1),
               Queue::kDma1));
    AddLaunch(package, program, {"scale_node", "Mul"});
  }
  package.repeat_launches = {package.launches.back()};
  package.launches.pop_back();
  package.steps.pop_back();
  package.resident = {{kBias.offset, kElementBytes}};
  return package;
}

ncx::PackageData LongPackage(const std::string& configuration) {
  constexpr uint32_t kColumns = 16;
  constexpr uint32_t kWorkColumns = 4096;
  constexpr uint32_t kInstructions = 50000;
  constexpr SbufRows kOut = {.offset = kWorkColumns * kElementBytes};
  const Shape shape = {kRows, kColumns};
  ncx::PackageData package = EmptyPackage("long", configuration);
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);
  isa::VectorInstruction fill;
  fill.opcode = Value(isa::Opcode::kFill);
  fill.part_count = kRows;
  fill.size0 = kWorkColumns;
  fill.size1 = fill.size2 = 1;
  fill.out_stride0 = kElementBytes;
  ProgramBuilder program;
  program.Add(Queue::kVector, Signal(fill, Queue::kVector));
  const isa::ScalarInstruction work = ScaleRows({}, kOut, kRows, kWorkColumns, 1.0F, 0.0F);
  program.Add(Queue::kScalar, After(work, Queue::kVector, 1));
  for (uint32_t i = 0; i < kInstructions; ++i) {
    program.Add(Queue::kScalar, work);
  }
  program.Add(Queue::kScalar, Signal(work, Queue::kScalar));
  program.Add(Queue::kDma1, After(StoreRows(kOut, 3, kRows, kColumns), Queue::kScalar, 1));
  AddLaunch(package, program, {"long_node", "Mul"});
  return package;
}

ncx::PackageData GatherPackage(const std::string& configuration) {
  constexpr uint32_t kValues = 8;
  ncx::PackageData package = EmptyPackage("gather", configuration);
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, {kValues});
  AddTensor(package, "index", ncx::TensorRole::kInput, ElementType::kInt32, {1});
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, {1});

  isa::DmaInstruction gather = LoadRows(2, {16}, 1, 1);
  gather.indirect = 1;
  gather.src_stride3 = kElementBytes;
  gather.index_base = 0;
  gather.index_limit = kValues;
  ProgramBuilder program;
  program.Add(Queue::kDma0, Signal(LoadRows(3, {0}, 1, 1), Queue::kDma0));
  program.Add(Queue::kDma0, Signal(After(gather, Queue::kDma0, 1), Queue::kDma0));
  program.Add(Queue::kDma1, After(StoreRows({16}, 4, 1, 1), Queue::kDma0, 2));
  AddLaunch(package, program, {"gather_node", "Gather"});
  return package;
}

ncx::PackageData HangingPackage(const std::string& configuration) {
  constexpr uint32_t kColumns = 16;
  constexpr uint32_t kTicket = 7;  // a semaphore of no queue
  ncx::PackageData package = EmptyPackage("hanging", configuration);
  const Shape shape = {kRows, kColumns};
  AddTensor(package, "x", ncx::TensorRole::kInput, ElementType::kFloat32, shape);
  AddTensor(package, "y", ncx::TensorRole::kOutput, ElementType::kFloat32, shape);

  isa::VectorInstruction fill;
  fill.opcode = Value(isa::Opcode::kFill);
  fill.part_count = 1;
  fill.out_base = 2 * kColumns * kElementBytes;
  fill.size0 = fill.size1 = fill.size2 = 1;
  fill.out_stride0 = kElementBytes;
  fill.update0_op = Value(isa::UpdateOp::kAdd);
  fill.update0_sem = kTicket;
  fill.update0_value = 1;

  isa::ScalarInstruction picky =
      After(ScaleRows({0}, {kColumns * kElementBytes}, kRows, kColumns, 1, 0), Queue::kDma0, 1);
  picky.wait1_op = Value(isa::WaitOp::kEq);
  picky.wait1_sem = kTicket;
  picky.wait1_value = 1;

  ProgramBuilder program;
  program.Add(Queue::kVector, fill);
  program.Add(Queue::kVector, fill);
  program.Add(Queue::kScalar, picky);
  program.Add(Queue::kDma0, Signal(LoadRows(2, {0}, kRows, kColumns), Queue::kDma0));
  AddLaunch(package, program, {"picky_node", "Identity"});
  // The verifier takes the queues in turn, in this order: the load, one ticket, then ScalarE.
  std::vector<ncx::QueueProgram>& queues = package.launches[0].queues;
  std::rotate(queues.begin(), queues.end() - 1, queues.end());
  return package;
}

}  // namespace neuron::testing
