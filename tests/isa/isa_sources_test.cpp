// SPDX-License-Identifier: Apache-2.0
// Nothing but isa/neuron.json spells an opcode, an instruction's width or a register's address,
// and every source keeps the rules that a text search can check.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "neuron/isa.h"

namespace neuron::isa {
namespace {

namespace fs = std::filesystem;

struct Line {
  std::string file;
  int number;
  std::string text;  // without its comment
};

struct Rule {
  std::string pattern;
  std::string reason;
};

constexpr const char* kDirectories[] = {"base", "driver", "firmware", "fpga", "host", "rtl", "sim"};

bool HasExtension(const fs::path& path, const std::vector<std::string>& extensions) {
  for (const std::string& extension : extensions) {
    if (path.extension() == extension) return true;
  }
  return false;
}

std::vector<fs::path> Sources(const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  for (const char* directory : kDirectories) {
    if (!fs::exists(directory)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      const bool third_party = entry.path().string().find("third_party") != std::string::npos;
      if (entry.is_regular_file() && !third_party && HasExtension(entry.path(), extensions)) {
        files.push_back(entry.path());
      }
    }
  }
  return files;
}

std::vector<Line> ReadLines(const fs::path& path) {
  std::vector<Line> lines;
  std::ifstream file(path);
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    lines.push_back({path.string(), number, text.substr(0, text.find("//"))});
  }
  return lines;
}

void ExpectNone(const std::vector<std::string>& extensions, const std::vector<Rule>& rules) {
  std::vector<std::regex> patterns;
  for (const Rule& rule : rules) {
    patterns.emplace_back(rule.pattern, std::regex::ECMAScript | std::regex::optimize);
  }
  for (const fs::path& path : Sources(extensions)) {
    for (const Line& line : ReadLines(path)) {
      for (size_t i = 0; i < rules.size(); ++i) {
        EXPECT_FALSE(std::regex_search(line.text, patterns[i]))
            << line.file << ":" << line.number << ": " << rules[i].reason << "\n  " << line.text;
      }
    }
  }
}

// Matches the address of any register that is not 0.
std::string RegisterAddresses() {
  std::ostringstream out;
  for (const RegisterInfo& block : Registers()) {
    if (block.address == 0) continue;
    out << (out.str().empty() ? "" : "|") << std::hex << block.address;
  }
  return out.str();
}

TEST(SourcesTest, HardwareUsesTheGeneratedPackage) {
  ExpectNone(
      {".sv", ".svh"},
      {{R"(\b1024\s*'[hdb])", "use nc_pkg::InstructionBits"},
       {R"(\[\s*1023\s*:\s*0\s*\])", "use nc_pkg::InstructionBits"},
       {R"(opcode\w*\s*(==|!=)\s*\d)", "use nc_pkg::OP_*"},
       {R"(\bcase\s*\(\s*\w*\.?opcode\w*\s*\).*\d+'[hdb])", "use nc_pkg::OP_*"},
       {R"((dtype|alu\d|func|_op|_space)\s*(==|!=)\s*\d+'[hdb])", "use the generated constant"},
       {"16'h0*(" + RegisterAddresses() + ")\\b", "use nc_pkg::REG_*"},
       {R"(localparam.*\bOP_[A-Z]+\s*=)", "opcodes are defined in isa/neuron.json"}});
}

TEST(SourcesTest, SoftwareUsesTheGeneratedHeader) {
  ExpectNone({".cpp", ".h", ".c"},
             {{R"(opcode\w*\s*(==|!=|=)\s*(0x[0-9a-fA-F]+|[1-9]\d*)\b)", "use isa::Opcode"},
              {R"(dtype\w*\s*(==|!=)\s*(0x)?\d)", "use isa::Dtype"},
              {R"(\b(ReadRegister|WriteRegister)\w*\(\s*(0x)?\d)", "use isa::kReg*"},
              {R"(instruction\w*\s*\*\s*128\b)", "use isa::kInstructionBytes"}});
}

TEST(SourcesTest, HardwareKeepsToThePortableSubset) {
  ExpectNone({".sv"}, {{R"(^\s*import\b)", "name the package: nc_pkg::NAME"},
                       {R"('\{)", "assignment patterns are outside the portable subset"},
                       {R"(^\s*return\b)", "assign the function's name"},
                       {R"(^\s*interface\b)", "interfaces are outside the portable subset"}});
}

TEST(SourcesTest, HardwareFilesForbidImplicitNets) {
  for (const fs::path& path : Sources({".sv"})) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_NE(text.str().find("`default_nettype none"), std::string::npos) << path;
  }
}

TEST(SourcesTest, EveryFileNamesItsLicence) {
  for (const fs::path& path : Sources({".sv", ".svh", ".cpp", ".h", ".c", ".S"})) {
    std::ifstream file(path);
    std::string first;
    std::getline(file, first);
    EXPECT_NE(first.find("SPDX-License-Identifier: Apache-2.0"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace neuron::isa
