// SPDX-License-Identifier: Apache-2.0
// neuron/isa.h and isa.cpp: constants, configurations, enums, instructions and registers for C++.
#include <sstream>

#include "isa/generator/emit.h"

namespace neuron::isa_generator {
namespace {

std::string Quote(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string EnumName(const std::string& name) { return Camel(name); }
std::string ValueName(const std::string& name) { return "k" + Camel(name); }

void EmitConstants(const Description& isa, std::ostream& out) {
  out << "// Version of the instruction set.\n"
      << "inline constexpr uint32_t kIsaVersion = " << isa.version << ";\n"
      << "// FNV-1a hash of the description; hardware and kernels carry it.\n"
      << "inline constexpr uint32_t kIsaHash = " << Hex(isa.hash) << ";\n"
      << "inline constexpr uint32_t kInstructionBytes = " << isa.instruction_bytes << ";\n"
      << "inline constexpr uint32_t kInstructionWords = " << isa.instruction_bytes / 4 << ";\n";
  for (const Constant& constant : isa.constants) {
    out << "// " << constant.doc << "\n"
        << "inline constexpr uint32_t k" << Camel(constant.name) << " = " << constant.value
        << ";\n";
  }
  out << "\n";
}

void EmitConfigurations(const Description& isa, std::ostream& out) {
  out << "// A named set of hardware parameters.\n"
      << "struct Config {\n"
      << "  const char* name;\n"
      << "  const char* doc;\n"
      << "  uint32_t index;  // position in kConfigs, as the capability ROM holds it\n";
  for (const Parameter& parameter : isa.parameters) {
    out << "  uint32_t " << parameter.name << ";  // " << parameter.doc << "\n";
  }
  out << "};\n\n"
      << "inline constexpr std::array<Config, " << isa.configurations.size() << "> kConfigs = {{\n";
  for (size_t i = 0; i < isa.configurations.size(); ++i) {
    const Configuration& configuration = isa.configurations[i];
    out << "    {" << Quote(configuration.name) << ", " << Quote(configuration.doc) << ", " << i;
    for (uint32_t value : configuration.values) out << ", " << value;
    out << "},\n";
  }
  const size_t capability = CapabilityWords(isa, 0).size();
  out << "}};\n\n"
      << "// The configuration of that name; nullptr when there is none. Static lifetime.\n"
      << "const Config* FindConfig(std::string_view name);\n\n"
      << "// The content of a configuration's capability ROM: magic, version, hash, index, then "
         "the\n"
      << "// parameters in the order of Config, then zeros.\n"
      << "std::array<uint32_t, " << capability << "> CapabilityWords(const Config& config);\n\n"
      << "// A configuration from the words of a capability ROM: name and doc are those of the "
         "known\n"
      << "// configuration with the same index, or \"unknown\". The parameters are those of the "
         "ROM.\n"
      << "Config ConfigFromCapability(std::span<const uint32_t> words);\n\n";
}

void EmitEnums(const Description& isa, std::ostream& out) {
  for (const Enum& entry : isa.enums) {
    out << "// " << entry.doc << (entry.flags ? " Values are bit positions." : "") << "\n"
        << "enum class " << EnumName(entry.name) << " : uint32_t {\n";
    for (const EnumValue& value : entry.values) {
      out << "  " << ValueName(value.name) << " = " << value.value << ",";
      if (!value.doc.empty()) out << "  // " << value.doc;
      out << "\n";
    }
    out << "};\n"
        << "// The name as in the description, such as \"" << entry.values[0].name
        << "\"; \"unknown\" for other values.\n"
        << "const char* Name(" << EnumName(entry.name) << " value);\n\n";
  }
}

void EmitOpcodes(const Description& isa, std::ostream& out) {
  out << "// Layout of the words after the header.\n"
      << "enum class Format : uint32_t {\n";
  for (const Format& format : isa.formats) {
    out << "  " << ValueName(format.name) << ",  // " << format.doc << "\n";
  }
  out << "};\n"
      << "const char* Name(Format value);\n\n"
      << "enum class Opcode : uint8_t {\n";
  for (const Opcode& opcode : isa.opcodes) {
    out << "  " << ValueName(opcode.name) << " = " << opcode.value << ",  // " << opcode.doc
        << "\n";
  }
  out << "};\n"
      << "const char* Name(Opcode value);\n\n"
      << "struct OpcodeInfo {\n"
      << "  const char* name;\n"
      << "  Opcode opcode;\n"
      << "  Format format;\n"
      << "  const char* doc;\n"
      << "};\n\n"
      << "inline constexpr std::array<OpcodeInfo, " << isa.opcodes.size() << "> kOpcodes = {{\n";
  for (const Opcode& opcode : isa.opcodes) {
    out << "    {" << Quote(opcode.name) << ", Opcode::" << ValueName(opcode.name)
        << ", Format::" << ValueName(opcode.format) << ", " << Quote(opcode.doc) << "},\n";
  }
  out << "}};\n\n"
      << "// What is known of an opcode; nullptr for an illegal one. Static lifetime.\n"
      << "const OpcodeInfo* FindOpcode(uint32_t opcode);\n\n";
}

void EmitStructField(const Field& field, std::ostream& out) {
  out << "  " << (field.is_signed ? "int32_t " : "uint32_t ") << field.name << " = 0;  // "
      << field.width << " bits";
  if (!field.doc.empty()) out << ": " << field.doc;
  out << "\n";
}

void EmitInstructions(const Description& isa, std::ostream& out) {
  out << "// `width` bits of an instruction from bit `lsb` of 32-bit word `word`.\n"
      << "struct FieldInfo {\n"
      << "  const char* name;\n"
      << "  uint32_t word;\n"
      << "  uint32_t lsb;\n"
      << "  uint32_t width;\n"
      << "  bool is_signed;\n"
      << "  const char* doc;\n"
      << "  // Name of an enum's value; nullptr for a field that holds a number.\n"
      << "  const char* (*value_name)(uint32_t value);\n"
      << "};\n\n"
      << "// The fields that every instruction has, and those of a format. Static lifetime.\n"
      << "std::span<const FieldInfo> HeaderFields();\n"
      << "std::span<const FieldInfo> FormatFields(Format format);\n\n"
      << "// One field of an encoded instruction, sign-extended when the field is signed.\n"
      << "int64_t GetField(std::span<const uint32_t> words, const FieldInfo& field);\n"
      << "// Stores the low bits of `value`.\n"
      << "void SetField(std::span<uint32_t> words, const FieldInfo& field, int64_t value);\n\n"
      << "// The instructions as plain values. Encode writes all kInstructionWords words (word 0\n"
      << "// first, reserved bits zero) and keeps the low bits of each field; Decode sign-extends\n"
      << "// signed fields. Both need a span of at least kInstructionWords words.\n";
  for (const Format& format : isa.formats) {
    out << "// " << format.doc << "\n"
        << "struct " << Camel(format.name) << "Instruction {\n";
    for (const Field& field : isa.header_fields) EmitStructField(field, out);
    for (const Field& field : format.fields) EmitStructField(field, out);
    out << "\n"
        << "  static constexpr Format kFormat = Format::" << ValueName(format.name) << ";\n"
        << "  void Encode(std::span<uint32_t> words) const;\n"
        << "  static " << Camel(format.name)
        << "Instruction Decode(std::span<const uint32_t> words);\n"
        << "  bool operator==(const " << Camel(format.name) << "Instruction&) const = default;\n"
        << "};\n\n";
  }
}

void EmitRegisters(const Description& isa, std::ostream& out) {
  out << "// " << isa.registers_doc << "\n"
      << "inline constexpr uint32_t kRegisterBlockBytes = " << Hex(isa.register_block_bytes, 1)
      << ";\n";
  for (const RegisterBlock& block : isa.registers) {
    const std::string name = "kReg" + Camel(block.name);
    out << "// " << block.access << ": " << block.doc << "\n"
        << "inline constexpr uint32_t " << name << " = " << Hex(block.address, 4) << ";\n"
        << "inline constexpr uint32_t " << name << "Count = " << block.count << ";\n";
  }
  out << "\n"
      << "// `count` consecutive 32-bit registers from byte address `address`.\n"
      << "struct RegisterInfo {\n"
      << "  const char* name;\n"
      << "  uint32_t address;\n"
      << "  uint32_t count;\n"
      << "  const char* access;  // \"ro\", \"wo\" or \"rw\"\n"
      << "  const char* doc;\n"
      << "};\n\n"
      << "std::span<const RegisterInfo> Registers();\n\n"
      << "// Performance counters of one queue, in the order of the counter registers.\n"
      << "enum class Counter : uint32_t {\n";
  for (size_t i = 0; i < isa.counters.size(); ++i) {
    out << "  " << ValueName(isa.counters[i].name) << " = " << i << ",  // " << isa.counters[i].doc
        << "\n";
  }
  out << "};\n"
      << "const char* Name(Counter value);\n"
      << "inline constexpr uint32_t kNumCounters = " << isa.counters.size() << ";\n\n";
}

void EmitName(const std::string& type, const std::vector<std::string>& names, std::ostream& out) {
  out << "const char* Name(" << type << " value) {\n"
      << "  switch (value) {\n";
  for (const std::string& name : names) {
    out << "    case " << type << "::" << ValueName(name) << ":\n"
        << "      return " << Quote(name) << ";\n";
  }
  out << "  }\n"
      << "  return \"unknown\";\n"
      << "}\n\n";
}

template <typename List>
std::vector<std::string> Names(const List& list) {
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const auto& entry : list) names.push_back(entry.name);
  return names;
}

void EmitFieldTable(const std::string& name, const std::vector<Field>& fields, std::ostream& out) {
  out << "constexpr FieldInfo " << name << "[] = {\n";
  for (const Field& field : fields) {
    out << "    {" << Quote(field.name) << ", " << field.word << ", " << field.lsb << ", "
        << field.width << ", " << (field.is_signed ? "true" : "false") << ", " << Quote(field.doc)
        << ", "
        << (field.enum_name.empty() ? "nullptr"
                                    : "EnumValueName<" + EnumName(field.enum_name) + ">")
        << "},\n";
  }
  out << "};\n\n";
}

void EmitCodec(const Description& isa, const Format& format, std::ostream& out) {
  const std::string type = Camel(format.name) + "Instruction";
  out << "void " << type << "::Encode(std::span<uint32_t> words) const {\n"
      << "  assert(words.size() >= kInstructionWords);\n"
      << "  std::fill_n(words.begin(), kInstructionWords, 0u);\n";
  const auto each = [&](const auto& line) {
    for (const Field& field : isa.header_fields) line(field);
    for (const Field& field : format.fields) line(field);
  };
  each([&](const Field& field) {
    out << "  Put<" << field.word << ", " << field.lsb << ", " << field.width << ">(words, "
        << (field.is_signed ? "static_cast<uint32_t>(" + field.name + ")" : field.name) << ");\n";
  });
  out << "}\n\n"
      << type << " " << type << "::Decode(std::span<const uint32_t> words) {\n"
      << "  assert(words.size() >= kInstructionWords);\n"
      << "  " << type << " out;\n";
  each([&](const Field& field) {
    out << "  out." << field.name << " = Get" << (field.is_signed ? "Signed" : "") << "<"
        << field.word << ", " << field.lsb << ", " << field.width << ">(words);\n";
  });
  out << "  return out;\n"
      << "}\n\n";
}

constexpr const char* kHelpers = R"(constexpr uint32_t Mask(uint32_t width) {
  return width == 32 ? ~0u : (1u << width) - 1;
}

template <uint32_t kWord, uint32_t kLsb, uint32_t kWidth>
void Put(std::span<uint32_t> words, uint32_t value) {
  words[kWord] |= (value & Mask(kWidth)) << kLsb;
}

template <uint32_t kWord, uint32_t kLsb, uint32_t kWidth>
uint32_t Get(std::span<const uint32_t> words) {
  return (words[kWord] >> kLsb) & Mask(kWidth);
}

template <uint32_t kWord, uint32_t kLsb, uint32_t kWidth>
int32_t GetSigned(std::span<const uint32_t> words) {
  return static_cast<int32_t>(words[kWord] << (32 - kLsb - kWidth)) >> (32 - kWidth);
}

template <typename T>
const char* EnumValueName(uint32_t value) {
  return Name(static_cast<T>(value));
}

)";

constexpr const char* kFieldAccess =
    R"(int64_t GetField(std::span<const uint32_t> words, const FieldInfo& field) {
  const uint32_t bits = words[field.word] << (32 - field.lsb - field.width);
  const uint32_t shift = 32 - field.width;
  return field.is_signed ? int64_t{static_cast<int32_t>(bits) >> shift} : int64_t{bits >> shift};
}

void SetField(std::span<uint32_t> words, const FieldInfo& field, int64_t value) {
  const uint32_t mask = Mask(field.width) << field.lsb;
  words[field.word] = (words[field.word] & ~mask) |
                      ((static_cast<uint32_t>(value) << field.lsb) & mask);
}

)";

void EmitLookups(const Description& isa, std::ostream& out) {
  out << "const Config* FindConfig(std::string_view name) {\n"
      << "  for (const Config& config : kConfigs) {\n"
      << "    if (name == config.name) return &config;\n"
      << "  }\n"
      << "  return nullptr;\n"
      << "}\n\n"
      << "const OpcodeInfo* FindOpcode(uint32_t opcode) {\n"
      << "  for (const OpcodeInfo& info : kOpcodes) {\n"
      << "    if (opcode == static_cast<uint32_t>(info.opcode)) return &info;\n"
      << "  }\n"
      << "  return nullptr;\n"
      << "}\n\n";
  const size_t words = CapabilityWords(isa, 0).size();
  out << "std::array<uint32_t, " << words << "> CapabilityWords(const Config& config) {\n"
      << "  return {kCapabilityMagic, kIsaVersion, kIsaHash, config.index";
  for (const Parameter& parameter : isa.parameters) out << ", config." << parameter.name;
  out << "};\n"
      << "}\n\n"
      << "Config ConfigFromCapability(std::span<const uint32_t> words) {\n"
      << "  Config config = {\"unknown\", \"\", words[3]";
  for (size_t i = 0; i < isa.parameters.size(); ++i) out << ", words[" << 4 + i << "]";
  out << "};\n"
      << "  if (config.index < kConfigs.size()) {\n"
      << "    config.name = kConfigs[config.index].name;\n"
      << "    config.doc = kConfigs[config.index].doc;\n"
      << "  }\n"
      << "  return config;\n"
      << "}\n\n";
}

}  // namespace

std::string EmitCppHeader(const Description& isa) {
  std::ostringstream out;
  out << "// SPDX-License-Identifier: Apache-2.0\n"
      << "// Generated by isa_generator from isa/neuron.json. Change that file, not this one.\n"
      << "#ifndef NEURON_ISA_H_\n#define NEURON_ISA_H_\n\n"
      << "#include <array>\n#include <cstdint>\n#include <span>\n#include <string_view>\n\n"
      << "namespace neuron::isa {\n\n";
  EmitConstants(isa, out);
  EmitConfigurations(isa, out);
  EmitEnums(isa, out);
  EmitOpcodes(isa, out);
  EmitInstructions(isa, out);
  EmitRegisters(isa, out);
  out << "}  // namespace neuron::isa\n\n#endif  // NEURON_ISA_H_\n";
  return out.str();
}

std::string EmitCppSource(const Description& isa) {
  std::ostringstream out;
  out << "// SPDX-License-Identifier: Apache-2.0\n"
      << "// Generated by isa_generator from isa/neuron.json. Change that file, not this one.\n"
      << "#include \"neuron/isa.h\"\n\n#include <algorithm>\n#include <cassert>\n\n"
      << "namespace neuron::isa {\n\nnamespace {\n\n"
      << kHelpers;
  EmitFieldTable("kHeaderFields", isa.header_fields, out);
  for (const Format& format : isa.formats) {
    EmitFieldTable("k" + Camel(format.name) + "Fields", format.fields, out);
  }
  out << "constexpr RegisterInfo kRegisters[] = {\n";
  for (const RegisterBlock& block : isa.registers) {
    out << "    {" << Quote(block.name) << ", " << Hex(block.address, 4) << ", " << block.count
        << ", " << Quote(block.access) << ", " << Quote(block.doc) << "},\n";
  }
  out << "};\n\n}  // namespace\n\n";
  for (const Enum& entry : isa.enums) EmitName(EnumName(entry.name), Names(entry.values), out);
  EmitName("Format", Names(isa.formats), out);
  EmitName("Opcode", Names(isa.opcodes), out);
  EmitName("Counter", Names(isa.counters), out);
  EmitLookups(isa, out);
  out << "std::span<const FieldInfo> HeaderFields() { return kHeaderFields; }\n\n"
      << "std::span<const FieldInfo> FormatFields(Format format) {\n"
      << "  switch (format) {\n";
  for (const Format& format : isa.formats) {
    out << "    case Format::" << ValueName(format.name) << ":\n"
        << "      return k" << Camel(format.name) << "Fields;\n";
  }
  out << "  }\n  return {};\n}\n\n"
      << "std::span<const RegisterInfo> Registers() { return kRegisters; }\n\n"
      << kFieldAccess;
  for (const Format& format : isa.formats) EmitCodec(isa, format, out);
  out << "}  // namespace neuron::isa\n";
  return out.str();
}

}  // namespace neuron::isa_generator
