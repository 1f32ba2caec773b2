// SPDX-License-Identifier: Apache-2.0
// The SystemVerilog packages agree with the C++ header, read from their text without the
// generator's help.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "neuron/isa.h"

namespace neuron::isa {
namespace {

struct Member {
  uint32_t lsb;
  uint32_t width;
  bool is_signed;
  bool operator==(const Member&) const = default;
};

std::string ReadPackage(const std::string& config) {
  std::ifstream file(std::string(ISA_DIRECTORY "/sv/") + config + "/nc_pkg.sv");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Members of `typedef struct packed {...} name;` with their positions; reserved ones left out.
std::map<std::string, Member> ParseStruct(const std::string& text, const std::string& name,
                                          uint32_t* total_bits) {
  const size_t end = text.find("} " + name + ";");
  const size_t begin = text.rfind("typedef struct packed {", end);
  EXPECT_NE(end, std::string::npos) << name;
  const std::string body = text.substr(begin, end - begin);
  const std::regex member(R"(logic (signed )?\[(\d+):0\] (\w+);)");
  std::map<std::string, Member> members;
  uint32_t top = kInstructionBytes * 8;
  for (std::sregex_iterator it(body.begin(), body.end(), member), last; it != last; ++it) {
    const uint32_t width = std::stoul((*it)[2]) + 1;
    top -= width;
    const std::string field = (*it)[3];
    if (!field.starts_with("rsvd")) members[field] = {top, width, (*it)[1].matched};
  }
  *total_bits = kInstructionBytes * 8 - top;
  return members;
}

uint32_t Parameter(const std::string& text, const std::string& name) {
  std::smatch match;
  const std::regex parameter("localparam int unsigned " + name + " = (\\d+);");
  EXPECT_TRUE(std::regex_search(text, match, parameter)) << name;
  return match.empty() ? 0 : std::stoul(match[1]);
}

void ExpectFields(const std::string& text, const std::string& name,
                  std::span<const FieldInfo> fields) {
  uint32_t bits = 0;
  std::map<std::string, Member> expected;
  for (const FieldInfo& field : HeaderFields()) {
    expected[field.name] = {field.word * 32 + field.lsb, field.width, field.is_signed};
  }
  for (const FieldInfo& field : fields) {
    expected[field.name] = {field.word * 32 + field.lsb, field.width, field.is_signed};
  }
  EXPECT_TRUE(ParseStruct(text, name, &bits) == expected) << name;
  EXPECT_EQ(bits, kInstructionBytes * 8) << name;
}

TEST(PackageTest, StructuresHaveTheFieldsOfTheHeader) {
  for (const Config& config : kConfigs) {
    const std::string text = ReadPackage(config.name);
    ExpectFields(text, "instr_t", {});
    ExpectFields(text, "tensor_instr_t", FormatFields(Format::kTensor));
    ExpectFields(text, "vector_instr_t", FormatFields(Format::kVector));
    ExpectFields(text, "scalar_instr_t", FormatFields(Format::kScalar));
    ExpectFields(text, "dma_instr_t", FormatFields(Format::kDma));
  }
}

TEST(PackageTest, ParametersAreThoseOfTheConfiguration) {
  for (const Config& config : kConfigs) {
    const std::string text = ReadPackage(config.name);
    EXPECT_EQ(Parameter(text, "ConfigIndex"), config.index);
    EXPECT_EQ(Parameter(text, "P"), config.p);
    EXPECT_EQ(Parameter(text, "MantissaWidth"), config.mantissa_width);
    EXPECT_EQ(Parameter(text, "SbufBytes"), config.sbuf_bytes);
    EXPECT_EQ(Parameter(text, "PsumBytes"), config.psum_bytes);
    EXPECT_EQ(Parameter(text, "AxiBytes"), config.axi_bytes);
    EXPECT_EQ(Parameter(text, "NumSemaphores"), kNumSemaphores);
  }
}

TEST(PackageTest, OpcodesAreThoseOfTheHeader) {
  const std::string text = ReadPackage("sim");
  for (const OpcodeInfo& info : kOpcodes) {
    std::string name = info.name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const std::string line = "localparam logic [7:0] OP_" + name + " = 8'd" +
                             std::to_string(static_cast<uint32_t>(info.opcode)) + ";";
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace neuron::isa
