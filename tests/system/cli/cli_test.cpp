// SPDX-License-Identifier: Apache-2.0
// What `neuron` says and how it exits, without any model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The command fails with `exit_code` and exactly this message, and prints nothing else.
void ExpectFailure(const std::vector<std::string>& arguments, int exit_code,
                   const std::string& message) {
  const ProgramResult result = Neuron(arguments);
  EXPECT_EQ(result.exit_code, exit_code) << result.ToString();
  EXPECT_EQ(result.errors, "neuron: " + message + "\n");
  EXPECT_EQ(result.output, "");
}

constexpr const char* kCommands[] = {"compile", "run", "verify", "tune", "inspect", "disasm"};

TEST(CliTest, WithoutCommandPrintsUsageAsAnError) {
  const ProgramResult result = Neuron({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.errors, StartsWith("Usage: neuron COMMAND [ARGUMENTS]\n"));
}

TEST(CliTest, HelpListsEveryCommandAndTheExitCodes) {
  const ProgramResult result = Neuron({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.errors, "");
  for (const char* command : kCommands) {
    EXPECT_THAT(result.output, HasSubstr("\n  " + std::string(command) + " "));
  }
  EXPECT_THAT(result.output, HasSubstr("Exit codes: 0 ok"));
}

TEST(CliTest, VersionNamesTheInstructionSet) {
  const ProgramResult result = Neuron({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, StartsWith("neuron "));
  EXPECT_THAT(result.output, HasSubstr("ISA version"));
}

TEST(CliTest, EveryCommandExplainsItself) {
  for (const char* command : kCommands) {
    const ProgramResult result = Neuron({command, "--help"});
    EXPECT_EQ(result.exit_code, 0) << result.ToString();
    EXPECT_EQ(result.errors, "");
    EXPECT_THAT(result.output, StartsWith("Usage: neuron " + std::string(command) + " "));
    EXPECT_THAT(result.output, HasSubstr("Exit codes: 0 "));
    EXPECT_THAT(result.output, HasSubstr("--help"));
  }
}

TEST(CliTest, UnknownCommandIsNamed) {
  ExpectFailure({"frobnicate"}, 2, "no command 'frobnicate'; 'neuron --help' lists them");
}

TEST(CliTest, UnknownOptionPointsToHelp) {
  for (const char* command : kCommands) {
    ExpectFailure(
        {command, "--nonsense"}, 2,
        "unrecognised option '--nonsense'; see 'neuron " + std::string(command) + " --help'");
  }
}

// Boost alone would take "-3" for a large unsigned number.
TEST(CliTest, NumbersThatAreNegativeOrNoneAreUsageErrors) {
  const std::map<std::string, std::vector<std::string>> whole = {
      {"compile",
       {"--memory-latency", "--memory-bytes-per-cycle", "--shuffle", "--sbuf-bytes",
        "--tile-columns"}},
      {"run", {"--random", "--steps", "--watchdog", "--shuffle", "--memory-latency"}},
      {"verify", {"--memory-latency", "--memory-bytes-per-cycle"}},
      {"tune", {"--memory-latency", "--memory-bytes-per-cycle"}},
      {"inspect", {"--shuffle", "--tile-columns"}},
      {"disasm", {"--launch", "--shuffle"}},
  };
  for (const auto& [command, options] : whole) {
    for (const std::string& option : options) {
      for (const std::string value : {"-3", "three", "3x", "1.5", "4294967296"}) {
        ExpectFailure({command, "model", option + "=" + value}, 2,
                      option + " '" + value + "' is not a whole number from 0 to 4294967295");
      }
    }
  }
  const std::vector<std::vector<std::string>> real = {
      {"run", "--timeout"}, {"verify", "--timeout"}, {"tune", "--timeout"}, {"tune", "--margin"}};
  for (const std::vector<std::string>& option : real) {
    for (const std::string value : {"-0.5", "soon", "nan", "inf", "1e10"}) {
      ExpectFailure({option[0], "model", option[1] + "=" + value}, 2,
                    option[1] + " '" + value + "' is not a number from 0 to 1e+09");
    }
  }
  ExpectFailure({"compile", "model", "--shuffle", "-3"}, 2,
                "--shuffle '-3' is not a whole number from 0 to 4294967295");
  ExpectFailure({"run", "model", "--steps", "0"}, 2, "--steps '0' is not at least 1");
  ExpectFailure({"tune", "model", "--margin", "2"}, 2,
                "--margin '2' is not a share between 0 and 1");
}

TEST(CliTest, MissingArgumentShowsTheUsage) {
  for (const char* command : kCommands) {
    const ProgramResult result = Neuron({command});
    EXPECT_EQ(result.exit_code, 2) << result.ToString();
    EXPECT_THAT(result.errors, HasSubstr(" is missing; usage: neuron " + std::string(command)));
  }
}

TEST(CliTest, AbsentFilesAreFileErrors) {
  ExpectFailure({"compile", "absent.onnx"}, 5, "no file 'absent.onnx'");
  for (const char* command : {"run", "inspect", "disasm"}) {
    const ProgramResult result = Neuron({command, "absent.ncx"});
    EXPECT_EQ(result.exit_code, 5) << result.ToString();
    EXPECT_THAT(result.errors, HasSubstr("absent.ncx"));
  }
}

TEST(CliTest, FolderWithoutManifestIsAFileError) {
  const TemporaryDirectory directory;
  const ProgramResult result = Neuron({"verify", directory.path().string()});
  EXPECT_EQ(result.exit_code, 5) << result.ToString();
  EXPECT_THAT(result.errors, HasSubstr("manifest.json"));
}

TEST(CliTest, WrongFilesAreRefusedAsPackagesAndModels) {
  const TemporaryDirectory directory;
  for (const std::string content : {"", "This is not a model.\n"}) {
    WriteFile(directory / "model.onnx", content);
    WriteFile(directory / "model.ncx", content);
    EXPECT_EQ(
        Neuron({"compile", directory / "model.onnx", "--output", directory / "out.ncx"}).exit_code,
        3);
    EXPECT_FALSE(std::filesystem::exists(directory / "out.ncx"));
    for (const char* command : {"run", "inspect", "disasm"}) {
      const ProgramResult result = Neuron({command, directory / "model.ncx"});
      EXPECT_EQ(result.exit_code, 3) << command << ": " << result.ToString();
      EXPECT_THAT(result.errors, StartsWith("neuron: "));
    }
  }
}

}  // namespace
}  // namespace neuron::test
