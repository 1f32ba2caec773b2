// SPDX-License-Identifier: Apache-2.0
// The C++ view of the instruction set: encoding, field tables, configurations and names.
#include "neuron/isa.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace neuron::isa {
namespace {

using Words = std::array<uint32_t, kInstructionWords>;

template <typename T>
std::vector<FieldInfo> AllFields() {
  std::vector<FieldInfo> fields(HeaderFields().begin(), HeaderFields().end());
  const auto own = FormatFields(T::kFormat);
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

int64_t Largest(const FieldInfo& field) {
  return (int64_t{1} << (field.width - (field.is_signed ? 1 : 0))) - 1;
}

int64_t Smallest(const FieldInfo& field) {
  return field.is_signed ? -(int64_t{1} << (field.width - 1)) : 0;
}

template <typename T>
class InstructionTest : public testing::Test {};

using Formats =
    testing::Types<TensorInstruction, VectorInstruction, ScalarInstruction, DmaInstruction>;
TYPED_TEST_SUITE(InstructionTest, Formats);

TYPED_TEST(InstructionTest, EveryFieldSurvivesDecodeAndEncode) {
  for (const FieldInfo& field : AllFields<TypeParam>()) {
    for (int64_t value : {Smallest(field), Largest(field), int64_t{1} & Largest(field)}) {
      Words words = {};
      SetField(words, field, value);
      Words again;
      again.fill(~0u);
      TypeParam::Decode(words).Encode(again);
      EXPECT_EQ(words, again) << field.name << " = " << value;
      for (const FieldInfo& other : AllFields<TypeParam>()) {
        const bool same = std::string(other.name) == field.name;
        EXPECT_EQ(GetField(again, other), same ? value : 0)
            << other.name << " after setting " << field.name << " to " << value;
      }
    }
  }
}

TYPED_TEST(InstructionTest, RandomInstructionsSurviveEncodeAndDecode) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 500; ++trial) {
    Words words;
    for (uint32_t& word : words) word = random();
    const TypeParam instruction = TypeParam::Decode(words);
    Words encoded;
    instruction.Encode(encoded);
    EXPECT_EQ(TypeParam::Decode(encoded), instruction);
  }
}

TYPED_TEST(InstructionTest, ReservedBitsAreZero) {
  Words all;
  all.fill(~0u);
  Words encoded;
  TypeParam::Decode(all).Encode(encoded);
  Words fields = {};
  for (const FieldInfo& field : AllFields<TypeParam>()) SetField(fields, field, -1);
  EXPECT_EQ(encoded, fields);
}

TYPED_TEST(InstructionTest, FieldsDoNotOverlap) {
  Words used = {};
  for (const FieldInfo& field : AllFields<TypeParam>()) {
    EXPECT_EQ(GetField(used, field), 0) << field.name;
    SetField(used, field, -1);
  }
}

TYPED_TEST(InstructionTest, AFreshInstructionIsAllZero) {
  Words words;
  TypeParam().Encode(words);
  EXPECT_EQ(words, Words{});
}

TEST(EncodeTest, KeepsTheLowBitsOfAValueThatIsTooWide) {
  TensorInstruction instruction;
  instruction.opcode = 0x1ff;
  Words words;
  instruction.Encode(words);
  EXPECT_EQ(TensorInstruction::Decode(words).opcode, 0xffu);
  EXPECT_EQ(TensorInstruction::Decode(words).flags, 0u);
}

TEST(OpcodeTest, EveryOpcodeIsFoundByItsNumber) {
  for (const OpcodeInfo& info : kOpcodes) {
    EXPECT_EQ(FindOpcode(static_cast<uint32_t>(info.opcode)), &info);
    EXPECT_STREQ(Name(info.opcode), info.name);
  }
}

TEST(OpcodeTest, AnIllegalOpcodeIsNotFound) {
  EXPECT_EQ(FindOpcode(0), nullptr);
  EXPECT_EQ(FindOpcode(255), nullptr);
  EXPECT_EQ(FindOpcode(256 + static_cast<uint32_t>(Opcode::kMatmul)), nullptr);
}

TEST(ConfigTest, EveryConfigurationIsFoundByName) {
  for (size_t i = 0; i < kConfigs.size(); ++i) {
    EXPECT_EQ(FindConfig(kConfigs[i].name), &kConfigs[i]);
    EXPECT_EQ(kConfigs[i].index, i);
  }
  EXPECT_EQ(FindConfig("no such configuration"), nullptr);
}

TEST(ConfigTest, TheCapabilityRomTellsTheConfiguration) {
  for (const Config& config : kConfigs) {
    const auto words = CapabilityWords(config);
    EXPECT_EQ(words[0], kCapabilityMagic);
    EXPECT_EQ(words[1], kIsaVersion);
    EXPECT_EQ(words[2], kIsaHash);
    const Config read = ConfigFromCapability(words);
    EXPECT_STREQ(read.name, config.name);
    EXPECT_EQ(read.p, config.p);
    EXPECT_EQ(read.table_entries, config.table_entries);
    EXPECT_EQ(CapabilityWords(read), words);
  }
}

TEST(ConfigTest, AnUnknownConfigurationIsNamedSo) {
  auto words = CapabilityWords(kConfigs[0]);
  words[3] = 1000;
  EXPECT_STREQ(ConfigFromCapability(words).name, "unknown");
}

TEST(NameTest, ValuesHaveTheNamesOfTheDescription) {
  EXPECT_STREQ(Name(Dtype::kBf16), "bf16");
  EXPECT_STREQ(Name(Error::kSegmentViolation), "segment_violation");
  EXPECT_STREQ(Name(Queue::kDma1), "dma1");
  EXPECT_STREQ(Name(Counter::kStallBank), "stall_bank");
  EXPECT_STREQ(Name(static_cast<Dtype>(15)), "unknown");
}

TEST(NameTest, FieldsThatHoldAnEnumNameTheirValues) {
  const auto find = [](std::span<const FieldInfo> fields, const std::string& name) {
    for (const FieldInfo& field : fields) {
      if (name == field.name) return field.value_name;
    }
    return static_cast<const char* (*)(uint32_t)>(nullptr);
  };
  ASSERT_NE(find(HeaderFields(), "wait2_op"), nullptr);
  EXPECT_STREQ(find(HeaderFields(), "wait2_op")(3), "acquire");
  ASSERT_NE(find(FormatFields(Format::kVector), "alu1"), nullptr);
  EXPECT_STREQ(find(FormatFields(Format::kVector), "alu1")(13), "abs");
  ASSERT_NE(find(FormatFields(Format::kDma), "dst_space"), nullptr);
  EXPECT_STREQ(find(FormatFields(Format::kDma), "dst_space")(2), "dram");
  EXPECT_EQ(find(FormatFields(Format::kDma), "src_base"), nullptr);
}

TEST(RegisterTest, BlocksAreInOrderAndDoNotOverlap) {
  uint32_t next = 0;
  for (const RegisterInfo& block : Registers()) {
    EXPECT_GE(block.address, next) << block.name;
    EXPECT_EQ(block.address % 4, 0u) << block.name;
    next = block.address + 4 * block.count;
  }
  EXPECT_LE(next, kRegisterBlockBytes);
  EXPECT_EQ(kRegCounterCount, kNumQueues * kNumCounters * 2);
}

}  // namespace
}  // namespace neuron::isa
