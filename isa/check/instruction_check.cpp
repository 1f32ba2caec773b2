// SPDX-License-Identifier: Apache-2.0
#include "isa/check/instruction_check.h"

#include <algorithm>
#include <cstdio>

#include "isa/check/access.h"

namespace neuron::isa {
namespace {

// Gathers the lowest word at fault.
class FieldCheck {
 public:
  void Require(bool legal, uint32_t word) {
    if (!legal) word_ = std::min(word_, word);
  }
  std::optional<Fault> fault() const {
    if (word_ == kNoWord) return std::nullopt;
    return Fault{Error::kIllegalInstruction, word_};
  }

 private:
  static constexpr uint32_t kNoWord = ~0u;
  uint32_t word_ = kNoWord;
};

bool IsFloat(uint32_t dtype) { return dtype <= static_cast<uint32_t>(Dtype::kFp16); }
bool IsInteger8(uint32_t dtype) {
  return dtype == static_cast<uint32_t>(Dtype::kInt8) ||
         dtype == static_cast<uint32_t>(Dtype::kUint8);
}

// A type in SBUF or PSUM that VectorE and ScalarE can read and write.
bool IsOperand(uint32_t space, uint32_t dtype) {
  if (dtype > static_cast<uint32_t>(Dtype::kInt32)) return false;
  if (space == static_cast<uint32_t>(Space::kSbuf)) return true;
  return space == static_cast<uint32_t>(Space::kPsum) &&
         (dtype == static_cast<uint32_t>(Dtype::kFp32) ||
          dtype == static_cast<uint32_t>(Dtype::kInt32));
}

template <typename Instruction>
void CheckWindow(const Config& config, const Instruction& i, FieldCheck& check) {
  check.Require(i.part_count != 0 && i.part_start + i.part_count <= config.p, 0);
}

void CheckTensor(const Config& config, const TensorInstruction& i, FieldCheck& check) {
  CheckWindow(config, i, check);
  check.Require((IsFloat(i.moving_dtype) && IsFloat(i.stationary_dtype)) ||
                    (IsInteger8(i.moving_dtype) && IsInteger8(i.stationary_dtype)),
                7);
  check.Require(i.column_count != 0 && i.column_start + i.column_count <= config.p, 8);
  check.Require(i.outer_size0 != 0 && i.outer_size1 != 0, 13);
  check.Require(i.outer_size2 != 0, 14);
  check.Require(i.inner_size0 != 0 && i.inner_size1 != 0, 21);
  check.Require(i.inner_size2 != 0, 22);
  check.Require(uint64_t{i.inner_size0} * i.inner_size1 * i.inner_size2 <= kMaxMoving, 21);
}

bool IsAlu(uint32_t alu) { return alu <= static_cast<uint32_t>(Alu::kAbs); }
bool IsReduction(uint32_t alu) {
  return alu == static_cast<uint32_t>(Alu::kAdd) || alu == static_cast<uint32_t>(Alu::kMax) ||
         alu == static_cast<uint32_t>(Alu::kMin);
}

void CheckVector(const Config& config, const VectorInstruction& i, FieldCheck& check) {
  const auto opcode = static_cast<Opcode>(i.opcode);
  CheckWindow(config, i, check);
  check.Require(IsOperand(i.out_space, i.out_dtype), 7);
  if (opcode != Opcode::kIota && opcode != Opcode::kFill) {
    check.Require(IsOperand(i.in0_space, i.in0_dtype), 7);
  }
  if (opcode == Opcode::kTensorTensor || opcode == Opcode::kScalarTensorTensor ||
      opcode == Opcode::kSelect) {
    check.Require(IsOperand(i.in1_space, i.in1_dtype), 7);
  }
  if (opcode == Opcode::kTensorTensor || opcode == Opcode::kTensorScalar ||
      opcode == Opcode::kScalarTensorTensor) {
    check.Require(IsAlu(i.alu0), 7);
  }
  if (opcode == Opcode::kTensorScalar || opcode == Opcode::kScalarTensorTensor ||
      opcode == Opcode::kReduce) {
    check.Require(IsAlu(i.alu1), 7);
  }
  if (opcode == Opcode::kReduce) check.Require(IsReduction(i.alu0), 7);
  check.Require(i.size0 != 0 && i.size1 != 0, 14);
  check.Require(i.size2 != 0, 15);
  if (opcode == Opcode::kReduce || opcode == Opcode::kArgmax) {
    check.Require(i.window_size0 != 0, 15);
    check.Require(i.window_size1 != 0 && i.window_size2 != 0, 16);
  }
}

void CheckScalar(const Config& config, const ScalarInstruction& i, FieldCheck& check) {
  CheckWindow(config, i, check);
  if (static_cast<Opcode>(i.opcode) == Opcode::kLoadTable) {
    check.Require(i.part_count == 4, 0);
    check.Require(IsOperand(i.in_space, static_cast<uint32_t>(Dtype::kFp32)), 7);
    check.Require(i.size0 != 0, 19);
    return;
  }
  check.Require(IsOperand(i.in_space, i.in_dtype) && IsOperand(i.out_space, i.out_dtype), 7);
  check.Require(i.func <= static_cast<uint32_t>(Func::kSin), 7);
  const auto func = static_cast<Func>(i.func);
  if (func == Func::kExp || func == Func::kSin) {
    check.Require(i.table_index_bits >= 4 && i.table_index_bits <= 10, 17);
  } else if (func != Func::kIdentity && func != Func::kLeaky) {
    check.Require(i.table_index_bits <= 10, 17);
  }
  check.Require(i.size0 != 0 && i.size1 != 0, 19);
  check.Require(i.size2 != 0, 20);
}

bool IsDmaSpace(uint32_t space) {
  return space == static_cast<uint32_t>(Space::kSbuf) ||
         space == static_cast<uint32_t>(Space::kDram);
}

void CheckTranspose(const Config& config, const DmaInstruction& i, FieldCheck& check) {
  constexpr auto kSbuf = static_cast<uint32_t>(Space::kSbuf);
  check.Require(i.part_count != 0 && i.part_count <= config.p, 0);
  check.Require(i.src_space == kSbuf && i.dst_space == kSbuf, 7);
  check.Require(i.src_size0 != 0 && i.src_size0 <= config.p, 10);
  check.Require(i.src_size1 != 0, 11);
}

void CheckDma(const Config& config, const DmaInstruction& i, FieldCheck& check) {
  const auto opcode = static_cast<Opcode>(i.opcode);
  check.Require(i.element_log2 <= 2, 7);
  if (opcode == Opcode::kDmaTranspose) return CheckTranspose(config, i, check);
  check.Require(IsDmaSpace(i.dst_space), 7);
  const uint32_t dst_sizes[] = {i.dst_size0, i.dst_size1, i.dst_size2, i.dst_size3};
  constexpr uint64_t kCountMask = (uint64_t{1} << 48) - 1;  // counts are compared modulo 2^48
  uint64_t dst_count = 1;
  for (uint32_t d = 0; d < 4; ++d) {
    check.Require(dst_sizes[d] != 0, 18 + d);
    dst_count *= dst_sizes[d];
  }
  if (opcode == Opcode::kDmaFill) return;
  check.Require(IsDmaSpace(i.src_space), 7);
  const uint32_t src_sizes[] = {i.src_size0, i.src_size1, i.src_size2, i.src_size3};
  uint64_t src_count = 1;
  for (uint32_t d = 0; d < 4; ++d) {
    check.Require(src_sizes[d] != 0, 10 + d);
    src_count *= src_sizes[d];
  }
  check.Require((src_count & kCountMask) == (dst_count & kCountMask), 18);
  check.Require(i.pad_low0 + i.valid0 <= i.src_size0 && i.pad_low1 + i.valid1 <= i.src_size1, 27);
}

// The queue's engine executes this format.
bool FormatOfQueue(Format format, Queue queue) {
  switch (queue) {
    case Queue::kTensor:
      return format == Format::kTensor;
    case Queue::kVector:
      return format == Format::kVector;
    case Queue::kScalar:
      return format == Format::kScalar;
    case Queue::kDma0:
    case Queue::kDma1:
      return format == Format::kDma;
  }
  return false;
}

std::optional<Fault> CheckFields(const Config& config, Queue queue,
                                 std::span<const uint32_t> words) {
  const OpcodeInfo* info = FindOpcode(words[0] & 0xFF);
  if (info == nullptr || !FormatOfQueue(info->format, queue)) {
    return Fault{Error::kIllegalInstruction, 0};
  }
  FieldCheck check;
  switch (info->format) {
    case Format::kTensor:
      CheckTensor(config, TensorInstruction::Decode(words), check);
      break;
    case Format::kVector:
      CheckVector(config, VectorInstruction::Decode(words), check);
      break;
    case Format::kScalar:
      CheckScalar(config, ScalarInstruction::Decode(words), check);
      break;
    case Format::kDma:
      CheckDma(config, DmaInstruction::Decode(words), check);
      break;
  }
  return check.fault();
}

Fault RangeFault(WideInt address) { return {Error::kAccessRange, static_cast<uint32_t>(address)}; }

std::optional<Fault> CheckEngineRange(const Config& config, const Access& access) {
  const WideInt bytes = access.space == Space::kSbuf ? config.sbuf_bytes : config.psum_bytes;
  const AccessExtent extent = ExtentOf(access);
  if (extent.low < 0 || !extent.aligned) return RangeFault(extent.low);
  if (extent.high >= bytes) return RangeFault(extent.high);
  return std::nullopt;
}

std::optional<Fault> CheckDmaSbufRange(const Config& config, const Access& access) {
  const auto [partition, offset] = DmaSbufExtentOf(access);
  constexpr WideInt kPartition = WideInt{1} << kSbufPartitionShift;
  if (partition.low < 0 || offset.low < 0 || !offset.aligned) {
    return RangeFault(partition.low * kPartition + offset.low);
  }
  if (partition.high >= config.p || offset.high >= config.sbuf_bytes) {
    return RangeFault(partition.high * kPartition + offset.high);
  }
  return std::nullopt;
}

std::optional<Fault> CheckSegment(const Access& access, std::span<const Segment> segments) {
  const Segment none;
  const Segment& segment = access.segment < segments.size() ? segments[access.segment] : none;
  const AccessExtent extent = ExtentOf(access);
  const auto fault = [&](WideInt offset) {
    return Fault{Error::kSegmentViolation,
                 uint64_t{access.segment} << 32 | static_cast<uint32_t>(offset)};
  };
  if (extent.low < 0) return fault(extent.low);
  const bool permitted = access.write ? segment.writable : segment.readable;
  if (!permitted || extent.high >= WideInt{segment.limit}) return fault(extent.high);
  return std::nullopt;
}

}  // namespace

std::optional<Fault> CheckInstruction(const Config& config, Queue queue,
                                      std::span<const uint32_t> words,
                                      std::span<const Segment> segments) {
  if (auto fault = CheckFields(config, queue, words)) return fault;
  const std::vector<Access> accesses = AccessesOf(words);
  for (const Access& access : accesses) {
    if (access.space == Space::kDram) continue;
    auto fault = access.dma ? CheckDmaSbufRange(config, access) : CheckEngineRange(config, access);
    if (fault) return fault;
  }
  for (const Access& access : accesses) {
    if (access.space != Space::kDram) continue;
    if (auto fault = CheckSegment(access, segments)) return fault;
  }
  return std::nullopt;
}

std::string Describe(const Fault& fault) {
  char text[96];
  const auto low = static_cast<uint32_t>(fault.address);
  switch (fault.code) {
    case Error::kIllegalInstruction:
      std::snprintf(text, sizeof text, "illegal_instruction: field in word %u", low);
      break;
    case Error::kSegmentViolation:
      std::snprintf(text, sizeof text, "segment_violation: segment %u, offset 0x%08x",
                    static_cast<uint32_t>(fault.address >> 32), low);
      break;
    case Error::kSemaphoreFault:
      std::snprintf(text, sizeof text, "semaphore_fault: semaphore %u", low);
      break;
    default:
      std::snprintf(text, sizeof text, "%s at 0x%08x", Name(fault.code), low);
      break;
  }
  return text;
}

}  // namespace neuron::isa
