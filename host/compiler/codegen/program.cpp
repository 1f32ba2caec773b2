// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/program.h"

#include <algorithm>
#include <cstring>

#include "host/compiler/codegen/view.h"

namespace neuron::compiler {
namespace {

Access MakeAccess(isa::Space space, bool write, int64_t base, std::vector<Dim> dims,
                  int64_t element_bytes) {
  Access access;
  access.space = space;
  access.write = write;
  access.ranges = Footprint(base, dims, element_bytes);
  return access;
}

// The byte offset part of a DMA address or stride on SBUF.
int64_t OffsetPart(int64_t value) {
  int64_t rest = value % kPartitionStep;
  if (rest >= kPartitionStep / 2) {
    rest -= kPartitionStep;
  }
  if (rest < -kPartitionStep / 2) {
    rest += kPartitionStep;
  }
  return rest;
}

Access DmaAccess(isa::Space space, uint32_t segment, bool write, uint32_t base,
                 std::vector<Dim> dims, int64_t element_bytes) {
  Access access;
  access.space = space;
  access.write = write;
  int64_t start = base;
  if (space == isa::Space::kSbuf) {
    start = base % kPartitionStep;
    for (Dim& dim : dims) {
      dim.stride = OffsetPart(dim.stride);
    }
  } else {
    access.segment = segment;
  }
  access.ranges = Footprint(start, dims, element_bytes);
  return access;
}

template <typename Instruction>
void SetWait(Instruction& instruction, int slot, uint32_t semaphore, uint32_t value) {
  const auto op = static_cast<uint32_t>(isa::WaitOp::kGe);
  switch (slot) {
    case 0:
      instruction.wait0_op = op;
      instruction.wait0_sem = semaphore;
      instruction.wait0_value = value;
      break;
    case 1:
      instruction.wait1_op = op;
      instruction.wait1_sem = semaphore;
      instruction.wait1_value = value;
      break;
    case 2:
      instruction.wait2_op = op;
      instruction.wait2_sem = semaphore;
      instruction.wait2_value = value;
      break;
    default:
      instruction.wait3_op = op;
      instruction.wait3_sem = semaphore;
      instruction.wait3_value = value;
      break;
  }
}

}  // namespace

std::vector<Access> AccessesOf(const isa::TensorInstruction& i) {
  const int64_t stationary_bytes = DtypeBytes(static_cast<isa::Dtype>(i.stationary_dtype));
  const int64_t moving_bytes = DtypeBytes(static_cast<isa::Dtype>(i.moving_dtype));
  const int64_t n = int64_t{i.inner_size0} * i.inner_size1 * i.inner_size2;
  return {MakeAccess(isa::Space::kSbuf, false, i.stationary_base,
                     {{i.column_count, i.stationary_stride},
                      {i.outer_size0, i.stationary_outer_stride0},
                      {i.outer_size1, i.stationary_outer_stride1},
                      {i.outer_size2, i.stationary_outer_stride2}},
                     stationary_bytes),
          MakeAccess(isa::Space::kSbuf, false, i.moving_base,
                     {{i.inner_size0, i.moving_stride0},
                      {i.inner_size1, i.moving_stride1},
                      {i.inner_size2, i.moving_stride2},
                      {i.outer_size0, i.moving_outer_stride0},
                      {i.outer_size1, i.moving_outer_stride1},
                      {i.outer_size2, i.moving_outer_stride2}},
                     moving_bytes),
          MakeAccess(isa::Space::kPsum, true, i.psum_base, {{n, 4}}, 4)};
}

std::vector<Access> AccessesOf(const isa::VectorInstruction& i) {
  const auto opcode = static_cast<isa::Opcode>(i.opcode);
  const bool window = opcode == isa::Opcode::kReduce || opcode == isa::Opcode::kArgmax;
  const bool uses_in0 = opcode != isa::Opcode::kIota && opcode != isa::Opcode::kFill;
  const bool uses_in1 = opcode == isa::Opcode::kTensorTensor ||
                        opcode == isa::Opcode::kScalarTensorTensor ||
                        opcode == isa::Opcode::kSelect;
  const bool uses_scalar0 = opcode == isa::Opcode::kTensorScalar ||
                            opcode == isa::Opcode::kScalarTensorTensor ||
                            opcode == isa::Opcode::kSelect || opcode == isa::Opcode::kIota ||
                            opcode == isa::Opcode::kFill;
  const bool uses_scalar1 = opcode == isa::Opcode::kTensorScalar ||
                            opcode == isa::Opcode::kReduce || opcode == isa::Opcode::kIota;
  std::vector<Access> accesses;
  if (uses_in0) {
    std::vector<Dim> dims = {
        {i.size0, i.in0_stride0}, {i.size1, i.in0_stride1}, {i.size2, i.in0_stride2}};
    if (window) {
      dims.push_back({i.window_size0, i.in0_window_stride0});
      dims.push_back({i.window_size1, i.in0_window_stride1});
      dims.push_back({i.window_size2, i.in0_window_stride2});
    }
    accesses.push_back(MakeAccess(static_cast<isa::Space>(i.in0_space), false, i.in0_base, dims,
                                  DtypeBytes(static_cast<isa::Dtype>(i.in0_dtype))));
  }
  if (uses_in1) {
    accesses.push_back(
        MakeAccess(static_cast<isa::Space>(i.in1_space), false, i.in1_base,
                   {{i.size0, i.in1_stride0}, {i.size1, i.in1_stride1}, {i.size2, i.in1_stride2}},
                   DtypeBytes(static_cast<isa::Dtype>(i.in1_dtype))));
  }
  const auto partition = static_cast<uint32_t>(isa::Operand::kPartition);
  if (uses_scalar0 && i.scalar0_operand == partition) {
    accesses.push_back(MakeAccess(isa::Space::kSbuf, false, i.scalar0, {}, 4));
  }
  if (uses_scalar1 && i.scalar1_operand == partition) {
    accesses.push_back(MakeAccess(isa::Space::kSbuf, false, i.scalar1, {}, 4));
  }
  accesses.push_back(
      MakeAccess(static_cast<isa::Space>(i.out_space), true, i.out_base,
                 {{i.size0, i.out_stride0}, {i.size1, i.out_stride1}, {i.size2, i.out_stride2}},
                 DtypeBytes(static_cast<isa::Dtype>(i.out_dtype))));
  return accesses;
}

std::vector<Access> AccessesOf(const isa::ScalarInstruction& i) {
  if (static_cast<isa::Opcode>(i.opcode) == isa::Opcode::kLoadTable) {
    return {MakeAccess(isa::Space::kSbuf, false, i.in_base, {{i.size0, 4}}, 4)};
  }
  std::vector<Access> accesses;
  accesses.push_back(
      MakeAccess(static_cast<isa::Space>(i.in_space), false, i.in_base,
                 {{i.size0, i.in_stride0}, {i.size1, i.in_stride1}, {i.size2, i.in_stride2}},
                 DtypeBytes(static_cast<isa::Dtype>(i.in_dtype))));
  const auto partition = static_cast<uint32_t>(isa::Operand::kPartition);
  if (i.scale_operand == partition) {
    accesses.push_back(MakeAccess(isa::Space::kSbuf, false, i.scale, {}, 4));
  }
  if (i.bias_operand == partition) {
    accesses.push_back(MakeAccess(isa::Space::kSbuf, false, i.bias, {}, 4));
  }
  accesses.push_back(
      MakeAccess(static_cast<isa::Space>(i.out_space), true, i.out_base,
                 {{i.size0, i.out_stride0}, {i.size1, i.out_stride1}, {i.size2, i.out_stride2}},
                 DtypeBytes(static_cast<isa::Dtype>(i.out_dtype))));
  if (i.sum_enable != 0) {
    accesses.push_back(MakeAccess(isa::Space::kSbuf, true, i.sum_base, {}, 4));
  }
  return accesses;
}

std::vector<Access> AccessesOf(const isa::DmaInstruction& i) {
  const int64_t bytes = int64_t{1} << i.element_log2;
  const auto opcode = static_cast<isa::Opcode>(i.opcode);
  const auto src_space = static_cast<isa::Space>(i.src_space);
  const auto dst_space = static_cast<isa::Space>(i.dst_space);
  std::vector<Access> accesses;
  if (opcode == isa::Opcode::kDmaTranspose) {
    accesses.push_back(DmaAccess(src_space, 0, false, i.src_base,
                                 {{i.src_size0, i.src_stride0}, {i.src_size1, i.src_stride1}},
                                 bytes));
    accesses.push_back(DmaAccess(dst_space, 0, true, i.dst_base,
                                 {{i.part_count, i.dst_stride0}, {i.src_size1, i.dst_stride1}},
                                 bytes));
    return accesses;
  }
  if (opcode == isa::Opcode::kDmaCopy && i.valid0 != 0 && i.valid1 != 0) {
    accesses.push_back(DmaAccess(
        src_space, i.src_segment, false, i.src_base,
        {{i.valid0, i.src_stride0},
         {i.valid1, i.src_stride1},
         {i.src_size2, i.src_stride2},
         {i.indirect != 0 ? int64_t{i.index_limit} : int64_t{i.src_size3}, i.src_stride3}},
        bytes));
    if (i.indirect != 0) {
      accesses.push_back(
          DmaAccess(isa::Space::kSbuf, 0, false, i.index_base, {{i.src_size3, 4}}, 4));
    }
  }
  accesses.push_back(DmaAccess(dst_space, i.dst_segment, true, i.dst_base,
                               {{i.dst_size0, i.dst_stride0},
                                {i.dst_size1, i.dst_stride1},
                                {i.dst_size2, i.dst_stride2},
                                {i.dst_size3, i.dst_stride3}},
                               bytes));
  return accesses;
}

bool ProgramBuilder::empty() const {
  return std::ranges::all_of(words_, [](const auto& words) { return words.empty(); });
}

template <typename Instruction>
Status ProgramBuilder::AppendSynchronised(isa::Queue queue, Instruction& instruction,
                                          const std::vector<Access>& accesses) {
  constexpr int kWaitSlots = 4;
  const uint32_t index = hazards_.count(queue);
  QueueClock waits = hazards_.Append(queue, accesses);
  if (serial_) {
    waits.fill(0);
    waits[last_queue_] = last_count_;
    last_queue_ = static_cast<uint32_t>(queue);
    last_count_ = index + 1;
  }
  int slot = 0;
  for (uint32_t other = 0; other < isa::kNumQueues; ++other) {
    if (waits[other] == 0) {
      continue;
    }
    if (slot == kWaitSlots) {
      return Status(StatusCode::kInternal, "an instruction waits on more than four queues");
    }
    SetWait(instruction, slot++, other, waits[other]);
  }
  instruction.update0_op = static_cast<uint32_t>(isa::UpdateOp::kAdd);
  instruction.update0_sem = static_cast<uint32_t>(queue);
  instruction.update0_value = 1;

  std::vector<uint32_t>& words = words_[static_cast<size_t>(queue)];
  words.resize(words.size() + isa::kInstructionWords);
  const auto encoded = std::span<uint32_t>(words).last(isa::kInstructionWords);
  instruction.Encode(encoded);
  estimate_.Append(queue, node_, encoded, waits);

  const auto q = static_cast<uint32_t>(queue);
  for (auto it = source_.rbegin(); it != source_.rend(); ++it) {
    if (it->queue == q) {
      if (it->node == node_ && it->first + it->count == index) {
        ++it->count;
        return OkStatus();
      }
      break;
    }
  }
  source_.push_back({q, index, 1, node_});
  return OkStatus();
}

Status ProgramBuilder::Append(isa::TensorInstruction instruction) {
  return AppendSynchronised(isa::Queue::kTensor, instruction, AccessesOf(instruction));
}

Status ProgramBuilder::Append(isa::VectorInstruction instruction) {
  return AppendSynchronised(isa::Queue::kVector, instruction, AccessesOf(instruction));
}

Status ProgramBuilder::Append(isa::ScalarInstruction instruction) {
  return AppendSynchronised(isa::Queue::kScalar, instruction, AccessesOf(instruction));
}

isa::Queue ProgramBuilder::FreeDma() const {
  return estimate_.FreeAt(isa::Queue::kDma0) < estimate_.FreeAt(isa::Queue::kDma1)
             ? isa::Queue::kDma0
             : isa::Queue::kDma1;
}

Status ProgramBuilder::Append(isa::Queue queue, isa::DmaInstruction instruction) {
  const uint64_t bytes = (uint64_t{instruction.dst_size0} * instruction.dst_size1 *
                          instruction.dst_size2 * instruction.dst_size3)
                         << instruction.element_log2;
  const auto dram = static_cast<uint32_t>(isa::Space::kDram);
  if (instruction.src_space == dram) {
    dram_bytes_ += bytes;
  }
  if (instruction.dst_space == dram) {
    dram_bytes_ += bytes;
  }
  return AppendSynchronised(queue, instruction, AccessesOf(instruction));
}

std::map<uint32_t, ScheduleWork> ProgramBuilder::Finish(std::vector<std::byte>& image,
                                                        ncx::Launch& launch) const {
  for (uint32_t queue = 0; queue < isa::kNumQueues; ++queue) {
    const std::vector<uint32_t>& words = words_[queue];
    if (words.empty()) {
      continue;
    }
    const size_t align = isa::kInstructionBytes;
    const size_t offset = (image.size() + align - 1) / align * align;
    image.resize(offset + words.size() * sizeof(uint32_t));
    std::memcpy(image.data() + offset, words.data(), words.size() * sizeof(uint32_t));
    launch.queues.push_back(
        {queue, offset, static_cast<uint32_t>(words.size() / isa::kInstructionWords)});
  }
  launch.source = source_;
  std::map<uint32_t, ScheduleWork> nodes = estimate_.NodeWork(words_);
  launch.estimated_cycles = 0;
  for (const auto& [node, work] : nodes) {
    launch.estimated_cycles += work.cycles;
  }
  return nodes;
}

}  // namespace neuron::compiler
