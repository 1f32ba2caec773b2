// SPDX-License-Identifier: Apache-2.0
#include "isa/generator/description.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace neuron::isa_generator {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void Fail(const std::string& message) { throw std::runtime_error(message); }

void Check(bool condition, const std::string& message) {
  if (!condition) Fail(message);
}

uint32_t Fnv1a(const std::string& text) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : text) hash = (hash ^ c) * 16777619u;
  return hash;
}

// Splits "key<separator>value" and fails, naming the option, when there is no separator.
std::pair<std::string, std::string> Split(const std::string& text, char separator) {
  const size_t at = text.find(separator);
  Check(at != std::string::npos && at > 0,
        "'" + text + "' should contain '" + std::string(1, separator) + "'");
  return {text.substr(0, at), text.substr(at + 1)};
}

void SetParameter(Json& configuration, const std::string& assignment) {
  const auto [parameter, value] = Split(assignment, '=');
  Check(configuration.contains(parameter), "no parameter named '" + parameter + "'");
  configuration[parameter] = static_cast<uint32_t>(std::stoul(value));
}

void Apply(Json& json, const Overrides& overrides) {
  Json& configurations = json.at("configurations");
  for (const std::string& text : overrides.from) {
    const auto [name, rest] = Split(text, '=');
    const size_t colon = rest.find(':');
    const std::string base = rest.substr(0, colon);
    Check(configurations.contains(base), "no configuration named '" + base + "'");
    Json derived = configurations.at(base);
    derived["doc"] = "derived from " + rest;
    std::string assignments = colon == std::string::npos ? "" : rest.substr(colon + 1);
    while (!assignments.empty()) {
      const size_t comma = assignments.find(',');
      SetParameter(derived, assignments.substr(0, comma));
      assignments = comma == std::string::npos ? "" : assignments.substr(comma + 1);
    }
    configurations[name] = derived;
  }
  for (const std::string& text : overrides.set) {
    const auto [name, assignment] = Split(text, '.');
    Check(configurations.contains(name), "no configuration named '" + name + "'");
    SetParameter(configurations.at(name), assignment);
  }
}

bool IsPowerOfTwo(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

// The rules that the descriptions of the parameters state.
void CheckConfiguration(const Description& isa, const Configuration& configuration) {
  std::map<std::string, uint32_t> v;
  for (size_t i = 0; i < isa.parameters.size(); ++i) {
    v[isa.parameters[i].name] = configuration.values[i];
  }
  const auto rule = [&](bool holds, const char* text) {
    Check(holds, "configuration '" + configuration.name + "': " + text);
  };
  rule(v["num_cores"] >= 1, "num_cores must be at least 1");
  rule(v["p"] >= 4 && v["p"] <= 128 && v["p"] % 4 == 0, "p must be a multiple of 4 from 4 to 128");
  rule(v["mantissa_width"] >= 9 && v["mantissa_width"] <= 18, "mantissa_width must be 9 to 18");
  rule(v["axi_bytes"] == 4 || v["axi_bytes"] == 8 || v["axi_bytes"] == 16,
       "axi_bytes must be 4, 8 or 16");
  rule(IsPowerOfTwo(v["sbuf_banks"]) && v["sbuf_banks"] * 4 >= v["axi_bytes"],
       "sbuf_banks must be a power of two and at least axi_bytes / 4");
  rule(v["sbuf_bytes"] > 0 && v["sbuf_bytes"] % (4 * v["sbuf_banks"]) == 0,
       "sbuf_bytes must be a whole number of words in each bank");
  rule(v["psum_bytes"] > 0 && v["psum_bytes"] % 2048 == 0,
       "psum_bytes must be a whole number of banks");
  rule(v["vector_lanes"] > 0 && v["p"] % v["vector_lanes"] == 0, "vector_lanes must divide p");
  rule(v["scalar_lanes"] > 0 && v["p"] % v["scalar_lanes"] == 0, "scalar_lanes must divide p");
  rule(IsPowerOfTwo(v["table_entries"]), "table_entries must be a power of two");
}

void LoadConfigurations(const Json& json, Description& isa) {
  for (const auto& [name, doc] : json.at("parameters").items()) {
    isa.parameters.push_back({name, doc.get<std::string>()});
  }
  for (const auto& [name, body] : json.at("configurations").items()) {
    Configuration configuration{name, body.at("doc").get<std::string>(), {}};
    Check(body.size() == isa.parameters.size() + 1,
          "configuration '" + name + "' has a parameter that 'parameters' does not list");
    for (const Parameter& parameter : isa.parameters) {
      configuration.values.push_back(body.at(parameter.name).get<uint32_t>());
    }
    CheckConfiguration(isa, configuration);
    isa.configurations.push_back(std::move(configuration));
  }
}

void LoadEnums(const Json& json, Description& isa) {
  for (const auto& [name, body] : json.at("enums").items()) {
    Enum entry{name,
               body.at("doc").get<std::string>(),
               body.at("width").get<uint32_t>(),
               body.value("flags", false),
               {}};
    std::set<uint32_t> seen;
    for (const Json& value : body.at("values")) {
      entry.values.push_back({value.at(0).get<std::string>(), value.at(1).get<uint32_t>(),
                              value.at(2).get<std::string>()});
      const uint32_t number = entry.values.back().value;
      Check(seen.insert(number).second, "enum '" + name + "' repeats a value");
      Check(entry.flags ? number < entry.width : number < (1u << entry.width),
            "enum '" + name + "' has a value beyond its width");
    }
    isa.enums.push_back(std::move(entry));
  }
}

// A field holds an enum when its description or its name says so: "dtype", "in0_space", "alu1".
std::string EnumOfField(const Description& isa, const Field& field) {
  std::string stem = field.name;
  while (!stem.empty() && stem.back() >= '0' && stem.back() <= '9') stem.pop_back();
  for (const Enum& entry : isa.enums) {
    const std::string suffix = "_" + entry.name;
    const bool by_name =
        stem == entry.name || (stem.size() > suffix.size() && stem.ends_with(suffix));
    if (field.width == entry.width && (by_name || field.doc == entry.name)) return entry.name;
  }
  return "";
}

std::vector<Field> LoadFields(const Json& json, const Description& isa) {
  std::vector<Field> fields;
  for (const Json& f : json) {
    const std::string sign = f.at(4).get<std::string>();
    Field field{f.at(0).get<std::string>(),
                f.at(1).get<uint32_t>(),
                f.at(2).get<uint32_t>(),
                f.at(3).get<uint32_t>(),
                sign == "s",
                f.at(5).get<std::string>(),
                ""};
    Check(sign == "s" || sign == "u", "field '" + field.name + "': sign must be s or u");
    Check(field.width >= 1 && field.lsb + field.width <= 32,
          "field '" + field.name + "' crosses a word");
    Check(field.word < isa.instruction_bytes / 4, "field '" + field.name + "' is out of range");
    field.enum_name = EnumOfField(isa, field);
    fields.push_back(std::move(field));
  }
  return fields;
}

void CheckOverlap(const Description& isa, const Format& format) {
  std::vector<std::string> owner(isa.instruction_bytes * 8);
  std::set<std::string> names;
  for (const auto* fields : {&isa.header_fields, &format.fields}) {
    for (const Field& field : *fields) {
      Check(names.insert(field.name).second, "field '" + field.name + "' is defined twice");
      for (uint32_t bit = 0; bit < field.width; ++bit) {
        std::string& holder = owner[field.word * 32 + field.lsb + bit];
        Check(holder.empty(), "field '" + field.name + "' overlaps '" + holder + "'");
        holder = field.name;
      }
    }
  }
}

void LoadInstructions(const Json& json, Description& isa) {
  isa.header_fields = LoadFields(json.at("header_fields"), isa);
  std::set<std::string> names;
  for (const auto& [name, body] : json.at("formats").items()) {
    Format format{name, body.at("queue").get<std::string>(), body.at("doc").get<std::string>(),
                  LoadFields(body.at("fields"), isa)};
    CheckOverlap(isa, format);
    names.insert(name);
    isa.formats.push_back(std::move(format));
  }
  std::set<uint32_t> values;
  for (const Json& o : json.at("opcodes")) {
    Opcode opcode{o.at(0).get<std::string>(), o.at(1).get<uint32_t>(), o.at(2).get<std::string>(),
                  o.at(3).get<std::string>()};
    Check(opcode.value < 256, "opcode '" + opcode.name + "' does not fit 8 bits");
    Check(values.insert(opcode.value).second, "opcode '" + opcode.name + "' repeats a value");
    Check(names.contains(opcode.format), "opcode '" + opcode.name + "' names no format");
    isa.opcodes.push_back(std::move(opcode));
  }
}

void LoadRegisters(const Json& json, Description& isa) {
  isa.registers_doc = json.at("doc").get<std::string>();
  isa.register_block_bytes = json.at("block_bytes").get<uint32_t>();
  uint32_t next = 0;
  for (const Json& r : json.at("blocks")) {
    RegisterBlock block{r.at("name").get<std::string>(), r.at("address").get<uint32_t>(),
                        r.at("count").get<uint32_t>(), r.at("access").get<std::string>(),
                        r.at("doc").get<std::string>()};
    Check(block.address >= next && block.address % 4 == 0,
          "register '" + block.name + "' overlaps the one before or is not aligned");
    next = block.address + 4 * block.count;
    isa.registers.push_back(std::move(block));
  }
  Check(next <= isa.register_block_bytes, "registers do not fit block_bytes");
  for (const Json& c : json.at("counters")) {
    isa.counters.push_back({c.at(0).get<std::string>(), c.at(1).get<std::string>()});
  }
}

}  // namespace

Description Load(const std::string& path, const Overrides& overrides) {
  std::ifstream file(path);
  Check(file.good(), "cannot read " + path);
  Json json = Json::parse(file);
  Apply(json, overrides);

  Description isa{};
  isa.version = json.at("isa_version").get<uint32_t>();
  isa.instruction_bytes = json.at("instruction_bytes").get<uint32_t>();
  isa.hash = Fnv1a(json.dump());
  for (const auto& [name, body] : json.at("constants").items()) {
    isa.constants.push_back(
        {name, body.at("value").get<uint32_t>(), body.at("doc").get<std::string>()});
  }
  LoadConfigurations(json, isa);
  LoadEnums(json, isa);
  LoadInstructions(json, isa);
  LoadRegisters(json.at("registers"), isa);
  return isa;
}

std::vector<uint32_t> CapabilityWords(const Description& isa, uint32_t configuration) {
  std::vector<uint32_t> words;
  size_t size = 0;
  for (const RegisterBlock& block : isa.registers) {
    if (block.name == "capability") size = block.count;
  }
  for (const Constant& constant : isa.constants) {
    if (constant.name == "capability_magic") words.push_back(constant.value);
  }
  words.push_back(isa.version);
  words.push_back(isa.hash);
  words.push_back(configuration);
  for (uint32_t value : isa.configurations[configuration].values) words.push_back(value);
  Check(words.size() <= size, "the parameters do not fit the capability ROM");
  words.resize(size, 0);
  return words;
}

}  // namespace neuron::isa_generator
