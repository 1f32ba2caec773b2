// SPDX-License-Identifier: Apache-2.0
// The instruction set description (isa/neuron.json) as checked C++ values. Every list keeps the
// order of the file, which is part of the contract (the capability ROM follows it).
#ifndef NEURON_ISA_GENERATOR_DESCRIPTION_H_
#define NEURON_ISA_GENERATOR_DESCRIPTION_H_

#include <cstdint>
#include <string>
#include <vector>

namespace neuron::isa_generator {

// A parameter of a configuration, such as "sbuf_bytes".
struct Parameter {
  std::string name;
  std::string doc;
};

// A named set of parameter values, in the order of Description::parameters.
struct Configuration {
  std::string name;
  std::string doc;
  std::vector<uint32_t> values;
};

struct Constant {
  std::string name;
  uint32_t value;
  std::string doc;
};

struct EnumValue {
  std::string name;
  uint32_t value;
  std::string doc;
};

struct Enum {
  std::string name;
  std::string doc;
  uint32_t width;  // bits
  bool flags;      // values are bit positions
  std::vector<EnumValue> values;
};

// `width` bits of an instruction from bit `lsb` of 32-bit word `word`.
struct Field {
  std::string name;
  uint32_t word;
  uint32_t lsb;
  uint32_t width;
  bool is_signed;
  std::string doc;
  std::string enum_name;  // the enum its values belong to; empty for a number
};

struct Format {
  std::string name;
  std::string queue;
  std::string doc;
  std::vector<Field> fields;
};

struct Opcode {
  std::string name;
  uint32_t value;
  std::string format;
  std::string doc;
};

// `count` consecutive 32-bit registers from byte address `address`.
struct RegisterBlock {
  std::string name;
  uint32_t address;
  uint32_t count;
  std::string access;  // "ro", "wo" or "rw"
  std::string doc;
};

struct Counter {
  std::string name;
  std::string doc;
};

struct Description {
  uint32_t version;
  uint32_t instruction_bytes;
  uint32_t hash;  // FNV-1a of the description without its white space
  std::vector<Parameter> parameters;
  std::vector<Configuration> configurations;
  std::vector<Constant> constants;
  std::vector<Enum> enums;
  std::vector<Field> header_fields;
  std::vector<Format> formats;
  std::vector<Opcode> opcodes;
  std::string registers_doc;
  uint32_t register_block_bytes;
  std::vector<RegisterBlock> registers;
  std::vector<Counter> counters;
};

// Changes made to the configurations from the command line.
struct Overrides {
  std::vector<std::string> set;   // "sim.p=64"
  std::vector<std::string> from;  // "NAME=BASE:param=value,param=value"
};

// Reads and checks the description. Throws std::runtime_error with a message that names the
// entry at fault.
Description Load(const std::string& path, const Overrides& overrides);

// The first capability words of a configuration: magic, version, hash, index, parameters, then
// zeros up to the size of the capability ROM.
std::vector<uint32_t> CapabilityWords(const Description& isa, uint32_t configuration);

}  // namespace neuron::isa_generator

#endif  // NEURON_ISA_GENERATOR_DESCRIPTION_H_
