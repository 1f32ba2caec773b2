// SPDX-License-Identifier: Apache-2.0
// What `neuron` does with models: packages, reports, and messages that say what would work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/support/made_models.h"
#include "tests/system/support/model_case.h"

namespace neuron::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class CliModelsTest : public MadeModelsTest {
 protected:
  // A package of a made model, in the test's folder.
  std::string Compile(const std::string& model, const std::string& configuration = "sim") {
    std::string package = (folder() / (model + ".ncx")).string();
    const ProgramResult result =
        Neuron({"compile", Model(model), "--config", configuration, "--output", package});
    EXPECT_EQ(result.exit_code, 0) << result.ToString();
    return package;
  }
  // The first input file of a made model.
  std::string Input(const std::string& model) const {
    return (folder() / "cases" / model / "random_0" / "input_0.npy").string();
  }
  std::string Path(const std::string& name) const { return (folder() / name).string(); }
};

TEST_F(CliModelsTest, FreeDimensionsMustBeBound) {
  const ProgramResult refused = Neuron({"compile", Model("sequence"), "--output", Path("out.ncx")});
  EXPECT_EQ(refused.exit_code, 3) << refused.ToString();
  EXPECT_THAT(refused.errors, AllOf(HasSubstr("'x'"), HasSubstr("--bind batch=N")));
  for (const std::string binding : {"batch=1", "x:1,8,40"}) {
    const ProgramResult bound =
        Neuron({"compile", Model("sequence"), "--bind", binding, "--output", Path("out.ncx")});
    EXPECT_EQ(bound.exit_code, 0) << bound.ToString();
  }
}

TEST_F(CliModelsTest, MalformedBindingShowsTheForms) {
  const ProgramResult result = Neuron({"compile", Model("sequence"), "--bind", "batch"});
  EXPECT_EQ(result.exit_code, 2) << result.ToString();
  EXPECT_THAT(result.errors, AllOf(HasSubstr("NAME=SIZE"), HasSubstr("INPUT:SIZE")));
}

TEST_F(CliModelsTest, UnknownConfigurationListsThoseThatExist) {
  const ProgramResult result = Neuron({"compile", Model("convolutions"), "--config", "bogus"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("no configuration 'bogus'"), HasSubstr("sim"),
                                   HasSubstr("tiny"), HasSubstr("ulx3s")));
}

TEST_F(CliModelsTest, DumpShowsTheGraphAfterAPass) {
  const ProgramResult result = Neuron(
      {"compile", Model("convolutions"), "--dump-after", "finish", "--output", Path("out.ncx")});
  EXPECT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_THAT(result.output, AllOf(HasSubstr("stem"), HasSubstr("depthwise")));
  EXPECT_EQ(Neuron({"compile", Model("convolutions"), "--dump-after", "bogus"}).exit_code, 2);
}

TEST_F(CliModelsTest, CompileReportsWorkAndHostSegmentsAsJson) {
  const ProgramResult result = Neuron({"compile", Model("convolutions"), "--output",
                                       Path("out.ncx"), "--json", Path("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  const nlohmann::json report = ReadJson(Path("report.json"));
  ASSERT_TRUE(report.is_object());
  EXPECT_GT(report.value("macs", 0), 100000);
  ASSERT_TRUE(report.contains("host_segments"));
  EXPECT_TRUE(report["host_segments"].empty());
}

TEST_F(CliModelsTest, CompileFindsNoFloatsInsideQuantisedNetworks) {
  for (const char* name : {"quantised", "quantised_attention"}) {
    const ProgramResult result = Neuron(
        {"compile", Model(name), "--output", Path("out.ncx"), "--json", Path("report.json")});
    ASSERT_EQ(result.exit_code, 0) << result.ToString();
    EXPECT_EQ(ReadJson(Path("report.json")).at("floats_from_integers"), nlohmann::json::array())
        << name;
  }
}

TEST_F(CliModelsTest, ReportSaysWhereTheCyclesGo) {
  const ProgramResult result =
      Neuron({"compile", Model("convolutions"), "--output", Path("out.ncx"), "--report",
              "--report-svg", Path("roofline.svg"), "--json", Path("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_THAT(result.output, AllOf(HasSubstr("stem (Conv)"), HasSubstr("residual (Add)"),
                                   HasSubstr("host segments: none"), HasSubstr("roofline:")));
  EXPECT_THAT(ReadFile(Path("roofline.svg")), HasSubstr("dilated (Conv)"));
  const nlohmann::json report = ReadJson(Path("report.json")).at("report");
  uint64_t cycles = 0;
  for (const nlohmann::json& layer : report.at("layers")) {
    cycles += layer.at("cycles").get<uint64_t>();
  }
  EXPECT_EQ(cycles, report.at("cycles").get<uint64_t>());
  EXPECT_EQ(ReadJson(Path("report.json")).at("macs"), report.at("macs"));
}

TEST_F(CliModelsTest, InspectShowsTheMemoryPlan) {
  const std::string package = Compile("convolutions");
  const ProgramResult result = Neuron({"inspect", package, "--memory", "--memory-svg",
                                       Path("memory.svg"), "--json", Path("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_THAT(result.output, AllOf(HasSubstr("in each of 16 partitions"), HasSubstr("streamed:"),
                                   HasSubstr("largest buffers"), HasSubstr("depthwise (Conv)")));
  EXPECT_THAT(ReadFile(Path("memory.svg")), HasSubstr("<svg "));
  const nlohmann::json memory = ReadJson(Path("report.json")).at("memory");
  EXPECT_GT(memory.at("peak_bytes"), 0);
  EXPECT_LE(memory.at("peak_bytes"), memory.at("sbuf_bytes"));
}

TEST_F(CliModelsTest, RunReportsOutputsAndCost) {
  const std::string package = Compile("convolutions");
  const ProgramResult result =
      Neuron({"run", package, "--device", "functional", "--input", "x=" + Input("convolutions"),
              "--output-dir", Path("out"), "--json", Path("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_TRUE(std::filesystem::exists(Path("out") + "/y.npy"));
  const nlohmann::json report = ReadJson(Path("report.json"));
  ASSERT_TRUE(report.is_object());
  EXPECT_GT(report.value("cycles", 0), 0);
  EXPECT_TRUE(report.contains("outputs"));
}

TEST_F(CliModelsTest, RunCompilesAModelByItself) {
  const ProgramResult result = Neuron({"run", Model("convolutions"), "--device", "functional",
                                       "--input", "x=" + Input("convolutions")});
  EXPECT_EQ(result.exit_code, 0) << result.ToString();
}

TEST_F(CliModelsTest, RunSaysWhetherWeightsWereInSbuf) {
  const ProgramResult result =
      Neuron({"run", Model("language"), "--device", "functional", "--random", "1", "--steps", "3",
              "--resident-weights", "on", "--json", Path("report.json")});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_THAT(result.output, HasSubstr("found there in 2 of 3 steps"));
  const nlohmann::json report = ReadJson(Path("report.json"));
  const nlohmann::json weights = report.at("weights");
  EXPECT_GT(weights.at("resident_bytes"), 0);
  EXPECT_EQ(weights.at("resident_steps"), 2);
  EXPECT_LT(weights.at("repeated_cycles"), weights.at("first_cycles"));
  EXPECT_EQ(report.at("cycles"), weights.at("first_cycles").get<uint64_t>() +
                                     2 * weights.at("repeated_cycles").get<uint64_t>());
}

TEST_F(CliModelsTest, PackagesShowWhatStaysInSbuf) {
  const std::string package = Path("kept.ncx");
  const ProgramResult compiled =
      Neuron({"compile", Model("language"), "--resident-weights", "auto", "--output", package});
  ASSERT_EQ(compiled.exit_code, 0) << compiled.ToString();
  EXPECT_THAT(compiled.output, HasSubstr("bytes of weights stay in SBUF: about"));
  EXPECT_THAT(Neuron({"inspect", package, "--memory"}).output,
              AllOf(HasSubstr("launch 0 of a repeated execution"), HasSubstr(", resident:")));
  EXPECT_THAT(Neuron({"disasm", package}).output, HasSubstr("repeated launch 0 tensor"));
  const ProgramResult unknown = Neuron({"compile", Model("language"), "--resident-weights", "1"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.errors, HasSubstr("is not off, on or auto"));
}

TEST_F(CliModelsTest, CompileOptionsBesideAPackageAreUsageErrors) {
  const std::string package = Compile("convolutions");
  for (const char* command : {"run", "inspect", "disasm"}) {
    for (const auto& [option, value] :
         {std::pair("--resident-weights", "on"), std::pair("--precision", "accurate"),
          std::pair("--bind", "batch=1")}) {
      const ProgramResult result = Neuron({command, package, option, value});
      EXPECT_EQ(result.exit_code, 2) << result.ToString();
      EXPECT_EQ(result.errors, std::string("neuron: ") + option +
                                   " is for compiling an ONNX model, and '" + package +
                                   "' is a package\n");
    }
  }
}

TEST_F(CliModelsTest, InputsThatDoNotFitAreUsageErrors) {
  const std::string package = Compile("convolutions");
  const ProgramResult missing = Neuron({"run", package, "--device", "functional"});
  EXPECT_EQ(missing.exit_code, 2) << missing.ToString();
  EXPECT_THAT(missing.errors, HasSubstr("'x'"));
  const ProgramResult unknown = Neuron(
      {"run", package, "--device", "functional", "--input", "nobody=" + Input("convolutions")});
  EXPECT_EQ(unknown.exit_code, 2) << unknown.ToString();
  const ProgramResult wrong =
      Neuron({"run", package, "--device", "functional", "--input", "x=" + Input("quantised")});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.ToString();
}

TEST_F(CliModelsTest, StatesMustBeAnInputAndAnOutputOfOneTypeAndShape) {
  const auto refused = [&](const std::string& state) {
    return Neuron({"compile", Model("recurrent"), "--state", state, "--output", Path("out.ncx")});
  };
  EXPECT_EQ(refused("h").exit_code, 2);
  EXPECT_THAT(refused("h").errors, HasSubstr("INPUT=OUTPUT"));
  EXPECT_EQ(refused("h=h_nxt").exit_code, 3);
  EXPECT_THAT(refused("h=h_nxt").errors,
              AllOf(HasSubstr("no output 'h_nxt'"), HasSubstr("1  'h_next' float32 [1, 16]")));
  EXPECT_EQ(refused("h=y").exit_code, 3);
  EXPECT_THAT(refused("h=y").errors, HasSubstr("output 'y' float32 [1, 12] cannot become input"));
  const ProgramResult twice = Neuron({"compile", Model("recurrent"), "--state", "h=h_next",
                                      "--state", "1=1", "--output", Path("out.ncx")});
  EXPECT_EQ(twice.exit_code, 3);
  EXPECT_THAT(twice.errors, HasSubstr("input 'h' is a state already"));
}

TEST_F(CliModelsTest, RunCarriesStatesFromStepToStep) {
  const std::string package = Path("recurrent.ncx");
  std::vector<std::string> compile = {"compile", Model("recurrent"), "--output", package};
  const std::vector<std::string> states = {"h", "line", "left", "right"};
  for (const std::string& state : states) {
    compile.insert(compile.end(), {"--state", state + "=" + state + "_next"});
  }
  ASSERT_EQ(Neuron(compile).exit_code, 0);
  EXPECT_THAT(Neuron({"inspect", package}).output, HasSubstr("next from 'h_next'"));
  const std::string steps = Path("cases/recurrent/stream/step_");
  std::vector<std::string> run = {"run",     package,
                                  "--steps", "4",
                                  "--json",  Path("report.json"),
                                  "--input", "x=" + steps + "{}/input_0.npy"};
  for (size_t i = 0; i < states.size(); ++i) {
    const std::string file = steps + "000/input_" + std::to_string(i + 1) + ".npy";
    run.insert(run.end(), {"--input", states[i] + "=" + file});
  }
  const ProgramResult result = Neuron(run);
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  const nlohmann::json report = ReadJson(Path("report.json"));
  EXPECT_EQ(report.value("steps", 0), 4);
  EXPECT_EQ(report.at("outputs").size(), 1U);
  ASSERT_EQ(report.at("states").size(), states.size());
  // "left" and "right" exchange places, halved on one of the two ways: a quarter after four steps.
  const nlohmann::json first = ReadJson(Path("report.json")).at("states")[2].at("values");
  const ProgramResult once = Neuron(
      {"run", Model("recurrent"), "--json", Path("once.json"), "--input",
       "x=" + steps + "000/input_0.npy", "--input", "h=" + steps + "000/input_1.npy", "--input",
       "line=" + steps + "000/input_2.npy", "--input", "left=" + steps + "000/input_3.npy",
       "--input", "right=" + steps + "000/input_3.npy"});
  ASSERT_EQ(once.exit_code, 0) << once.ToString();
  const nlohmann::json half = ReadJson(Path("once.json")).at("outputs")[4].at("values");
  ASSERT_EQ(first.size(), half.size());
  for (size_t i = 0; i < half.size(); ++i) {
    EXPECT_NEAR(first[i].get<double>(), half[i].get<double>() / 2, 1e-6) << i;
  }
}

TEST_F(CliModelsTest, UnknownDevicesAreDeviceErrors) {
  const std::string package = Compile("convolutions");
  for (const std::string device : {"bogus", "functional:bogus", "functional?bogus=1"}) {
    const ProgramResult result =
        Neuron({"run", package, "--device", device, "--input", "x=" + Input("convolutions")});
    EXPECT_EQ(result.exit_code, 4) << device << ": " << result.ToString();
    EXPECT_THAT(result.errors, HasSubstr("bogus"));
  }
}

TEST_F(CliModelsTest, PackageForAnotherConfigurationNamesBothSides) {
  const std::string package = Compile("quantised", "tiny");
  const ProgramResult result =
      Neuron({"run", package, "--device", "functional:sim", "--input", "x=" + Input("quantised")});
  EXPECT_EQ(result.exit_code, 4) << result.ToString();
  EXPECT_THAT(result.errors, AllOf(HasSubstr("tiny"), HasSubstr("sim")));
}

TEST_F(CliModelsTest, DamagedPackagesAreRefused) {
  const std::string package = Compile("quantised");
  const std::string good = ReadFile(package);
  for (const size_t keep : {size_t{10}, good.size() / 2, good.size() - 1}) {
    WriteFile(package, good.substr(0, keep));
    const ProgramResult result = Neuron({"inspect", package});
    EXPECT_EQ(result.exit_code, 3) << "cut to " << keep << " bytes: " << result.ToString();
  }
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 0x10);
  WriteFile(package, flipped);
  EXPECT_EQ(Neuron({"inspect", package}).exit_code, 3);
}

TEST_F(CliModelsTest, InspectAndDisasmNameTheModelsNodes) {
  const std::string package = Compile("convolutions");
  const ProgramResult inspected = Neuron({"inspect", package});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.ToString();
  EXPECT_THAT(inspected.output, AllOf(HasSubstr("convolutions"), HasSubstr("stem")));
  const ProgramResult listed = Neuron({"disasm", package});
  EXPECT_EQ(listed.exit_code, 0) << listed.ToString();
  EXPECT_THAT(listed.output, AllOf(HasSubstr("matmul"), HasSubstr("activate"),
                                   HasSubstr("dma_copy"), HasSubstr("depthwise")));
}

TEST_F(CliModelsTest, VerifyWithoutAMatchingCaseFails) {
  const ProgramResult result =
      Neuron({"verify", folder().string(), "--device", "functional", "--filter", "nothing*"});
  EXPECT_NE(result.exit_code, 0) << result.ToString();
}

TEST_F(CliModelsTest, UnwritableOutputIsAFileError) {
  const ProgramResult result =
      Neuron({"compile", Model("convolutions"), "--output", Path("no/such/folder/out.ncx")});
  EXPECT_EQ(result.exit_code, 5) << result.ToString();
}

}  // namespace
}  // namespace neuron::test
