// SPDX-License-Identifier: Apache-2.0
// What `neuron` says and how it exits, without any model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
