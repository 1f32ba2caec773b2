// SPDX-License-Identifier: Apache-2.0
// isa_generator: makes everything that depends on the instruction set from isa/neuron.json.
#include <cctype>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "isa/generator/description.h"
#include "isa/generator/emit.h"

namespace neuron::isa_generator {

std::string Camel(const std::string& name) {
  std::string out;
  bool start = true;
  for (char c : name) {
    if (c == '_') {
      start = true;
      continue;
    }
    out += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = false;
  }
  return out;
}

std::string Upper(const std::string& name) {
  std::string out;
  for (char c : name) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string Hex(uint32_t value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*x", digits, value);
  return text;
}

namespace {

constexpr const char* kUsage =
    "usage: isa_generator --json FILE --out DIR [--set CONFIG.PARAM=VALUE]...\n"
    "                     [--config-from NAME=BASE:PARAM=VALUE,PARAM=VALUE]...\n";

struct Arguments {
  std::string json;
  std::string out;
  Overrides overrides;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc) throw std::runtime_error(option + " needs a value\n" + kUsage);
    const std::string value = argv[i + 1];
    if (option == "--json") {
      arguments.json = value;
    } else if (option == "--out") {
      arguments.out = value;
    } else if (option == "--set") {
      arguments.overrides.set.push_back(value);
    } else if (option == "--config-from") {
      arguments.overrides.from.push_back(value);
    } else {
      throw std::runtime_error("unknown option " + option + "\n" + kUsage);
    }
  }
  if (arguments.json.empty() || arguments.out.empty()) throw std::runtime_error(kUsage);
  return arguments;
}

// Leaves a file alone that has the right content, so that what depends on it is not rebuilt.
void Write(const std::filesystem::path& path, const std::string& text) {
  std::ostringstream old;
  if (std::ifstream in(path); in.good()) old << in.rdbuf();
  if (old.str() == text) return;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

void Run(const Arguments& arguments) {
  const Description isa = Load(arguments.json, arguments.overrides);
  const std::filesystem::path out = arguments.out;
  Write(out / "include/neuron/isa.h", EmitCppHeader(isa));
  Write(out / "isa.cpp", EmitCppSource(isa));
  Write(out / "firmware/neuron_isa.h", EmitFirmwareHeader(isa));
  Write(out / "docs/isa-reference.md", EmitReference(isa));
  for (uint32_t i = 0; i < isa.configurations.size(); ++i) {
    Write(out / "sv" / isa.configurations[i].name / "nc_pkg.sv", EmitSystemVerilog(isa, i));
  }
}

}  // namespace
}  // namespace neuron::isa_generator

int main(int argc, char** argv) {
  try {
    neuron::isa_generator::Run(neuron::isa_generator::Parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "isa_generator: " << error.what() << "\n";
    return 1;
  }
}
