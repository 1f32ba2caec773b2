// SPDX-License-Identifier: Apache-2.0
#include "driver/disassemble.h"

#include <fmt/core.h>
#include <neuron/isa.h>

#include <bit>
#include <string_view>

namespace neuron::driver {
namespace {

// The header is the same in every format, so any format decodes it.
using Header = isa::DmaInstruction;

std::string WaitText(uint32_t op, uint32_t semaphore, uint32_t value) {
  switch (isa::WaitOp{op}) {
    case isa::WaitOp::kNone:
      return "";
    case isa::WaitOp::kGe:
      return fmt::format(" s{}>={}", semaphore, value);
    case isa::WaitOp::kEq:
      return fmt::format(" s{}=={}", semaphore, value);
    case isa::WaitOp::kAcquire:
      return fmt::format(" acquire(s{},{})", semaphore, value);
  }
  return "";
}

std::string UpdateText(uint32_t op, uint32_t semaphore, uint32_t value) {
  switch (isa::UpdateOp{op}) {
    case isa::UpdateOp::kNone:
      return "";
    case isa::UpdateOp::kAdd:
      return fmt::format(" s{}+={}", semaphore, value);
    case isa::UpdateOp::kSub:
      return fmt::format(" s{}-={}", semaphore, value);
    case isa::UpdateOp::kSet:
      return fmt::format(" s{}={}", semaphore, value);
  }
  return "";
}

std::string Waits(const Header& h) {
  return WaitText(h.wait0_op, h.wait0_sem, h.wait0_value) +
         WaitText(h.wait1_op, h.wait1_sem, h.wait1_value) +
         WaitText(h.wait2_op, h.wait2_sem, h.wait2_value) +
         WaitText(h.wait3_op, h.wait3_sem, h.wait3_value);
}

std::string Updates(const Header& h) {
  return UpdateText(h.update0_op, h.update0_sem, h.update0_value) +
         UpdateText(h.update1_op, h.update1_sem, h.update1_value);
}

// Whether a field is an FP32 immediate, given the `_operand` field that may make it an address.
bool IsFloat(std::span<const uint32_t> words, const isa::FieldInfo& field, isa::Format format) {
  if (!std::string_view(field.doc).starts_with("FP32 bits")) {
    return false;
  }
  const std::string operand = std::string(field.name) + "_operand";
  for (const isa::FieldInfo& other : isa::FormatFields(format)) {
    if (other.name == operand) {
      return isa::GetField(words, other) == static_cast<int64_t>(isa::Operand::kImmediate);
    }
  }
  return true;
}

std::string ValueText(std::span<const uint32_t> words, const isa::FieldInfo& field,
                      isa::Format format) {
  const int64_t value = isa::GetField(words, field);
  if (field.value_name != nullptr) {
    return field.value_name(static_cast<uint32_t>(value));
  }
  if (IsFloat(words, field, format)) {
    return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(value)));
  }
  if (std::string_view(field.name).ends_with("base") || (field.width == 32 && !field.is_signed)) {
    return fmt::format("{:#x}", value);
  }
  return fmt::format("{}", value);
}

}  // namespace

std::string DisassembleWaits(std::span<const uint32_t> words) {
  const std::string text = Waits(Header::Decode(words));
  return text.empty() ? text : text.substr(1);
}

std::string Disassemble(std::span<const uint32_t> words) {
  const Header header = Header::Decode(words);
  const isa::OpcodeInfo* info = isa::FindOpcode(header.opcode);
  if (info == nullptr) {
    return fmt::format("illegal opcode {:#04x}", header.opcode);
  }
  std::string text = info->name;
  if (header.part_count != 0) {
    text += fmt::format(" part={}+{}", header.part_start, header.part_count);
  }
  const std::string waits = DisassembleWaits(words);
  if (!waits.empty()) {
    text += fmt::format(" wait({})", waits);
  }
  for (const isa::FieldInfo& field : isa::FormatFields(info->format)) {
    if (isa::GetField(words, field) != 0 || field.value_name != nullptr) {
      text += fmt::format(" {}={}", field.name, ValueText(words, field, info->format));
    }
  }
  const std::string updates = Updates(header);
  if (!updates.empty()) {
    text += fmt::format(" update({})", updates.substr(1));
  }
  return text;
}

}  // namespace neuron::driver
