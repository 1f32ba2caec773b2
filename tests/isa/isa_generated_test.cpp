// SPDX-License-Identifier: Apache-2.0
// What the build uses is what the generator makes, and the generator refuses a bad description.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace neuron::isa {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class GeneratorTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        fs::temp_directory_path() / ("isa_generator_test_" + std::to_string(::getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Runs the generator; what it printed to stderr goes to message_.
  int Generate(const std::string& json, const std::string& options = "") {
    const std::string command = "'" ISA_GENERATOR "' --json '" + json + "' --out '" +
                                (directory_ / "out").string() + "' " + options + " 2>'" +
                                (directory_ / "stderr").string() + "'";
    const int status = std::system(command.c_str());
    message_ = Read(directory_ / "stderr");
    return status;
  }

  // Runs the generator on a description in which `from` is replaced by `to`.
  int GenerateWith(const std::string& from, const std::string& to) {
    std::string text = Read("isa/neuron.json");
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    std::ofstream(directory_ / "changed.json") << text;
    return Generate((directory_ / "changed.json").string());
  }

  fs::path directory_;
  std::string message_;
};

TEST_F(GeneratorTest, GeneratedFilesAreNotEdited) {
  if (std::string(ISA_EXTRA_CONFIGS) != "") GTEST_SKIP() << "built with extra configurations";
  ASSERT_EQ(Generate("isa/neuron.json"), 0) << message_;
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory_ / "out")) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const fs::path name = fs::relative(entry.path(), directory_ / "out");
    EXPECT_EQ(Read(entry.path()), Read(fs::path(ISA_DIRECTORY) / name))
        << name << " differs from what isa/neuron.json gives: change that file and build again";
  }
  EXPECT_GE(files, 5);
}

TEST_F(GeneratorTest, DerivesConfigurations) {
  ASSERT_EQ(
      Generate("isa/neuron.json", "--config-from wide=sim:p=128,vector_lanes=64 --set tiny.p=8"), 0)
      << message_;
  const std::string wide = Read(directory_ / "out/sv/wide/nc_pkg.sv");
  EXPECT_NE(wide.find("int unsigned P = 128;"), std::string::npos);
  EXPECT_NE(wide.find("int unsigned VectorLanes = 64;"), std::string::npos);
  const std::string tiny = Read(directory_ / "out/sv/tiny/nc_pkg.sv");
  EXPECT_NE(tiny.find("int unsigned P = 8;"), std::string::npos);
}

TEST_F(GeneratorTest, WhiteSpaceDoesNotChangeTheHash) {
  const std::regex hash("kIsaHash = (0x[0-9a-f]+)");
  std::smatch before;
  std::smatch after;
  ASSERT_EQ(Generate("isa/neuron.json"), 0) << message_;
  const std::string first = Read(directory_ / "out/include/neuron/isa.h");
  ASSERT_TRUE(std::regex_search(first, before, hash));
  ASSERT_EQ(GenerateWith("\"isa_version\": ", "\n  \"isa_version\":\t"), 0) << message_;
  const std::string second = Read(directory_ / "out/include/neuron/isa.h");
  ASSERT_TRUE(std::regex_search(second, after, hash));
  EXPECT_EQ(before[1], after[1]);
}

TEST_F(GeneratorTest, RefusesOverlappingFields) {
  EXPECT_NE(GenerateWith("[\"part_start\", 0, 16, 8", "[\"part_start\", 0, 15, 8"), 0);
  EXPECT_NE(message_.find("'part_start' overlaps 'flags'"), std::string::npos) << message_;
}

TEST_F(GeneratorTest, RefusesARepeatedOpcode) {
  EXPECT_NE(GenerateWith("[\"fill\", 23", "[\"fill\", 22"), 0);
  EXPECT_NE(message_.find("'fill' repeats"), std::string::npos) << message_;
}

TEST_F(GeneratorTest, RefusesAnImpossibleConfiguration) {
  EXPECT_NE(Generate("isa/neuron.json", "--set sim.p=18"), 0);
  EXPECT_NE(message_.find("'sim': p must be a multiple of 4"), std::string::npos) << message_;
}

TEST_F(GeneratorTest, RefusesAnUnknownParameter) {
  EXPECT_NE(Generate("isa/neuron.json", "--set sim.lanes=4"), 0);
  EXPECT_NE(message_.find("'lanes'"), std::string::npos) << message_;
}

}  // namespace
}  // namespace neuron::isa
