// SPDX-License-Identifier: Apache-2.0
// `neuron compile`: an ONNX model becomes a kernel package.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "host/tools/cli.h"
#include "host/tools/layer_report.h"
#include "host/tools/package_views.h"
#include "host/tools/report.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron compile MODEL.onnx [-o MODEL.ncx] [options]";
constexpr char kText[] =
    "Compiles an ONNX model for a hardware configuration and reports cycles, on-chip use and what\n"
    "must run on the host. Free dimensions need --bind.\n"
    "Exit codes: 0 ok, 2 usage, 3 compile error, 5 file error.\n";

po::options_description Options() {
  std::string passes;
  for (const std::string& name : compiler::PassNames()) {
    passes += (passes.empty() ? "" : ", ") + name;
  }
  po::options_description options;
  options.add_options()("output,o", po::value<std::string>(),
                        "package to write (default: the model's name with .ncx)")(
      "dump-after", po::value<std::vector<std::string>>()->composing(),
      ("print the graph after a pass: all, " + passes).c_str())(
      "json", po::value<std::string>(), "write the report as JSON to FILE ('-': standard output)")(
      "progress", "show progress also when the standard error is no terminal");
  return options.add(ViewOptionsDescription()).add(CompileOptionsDescription());
}

void AddDumps(const po::variables_map& values, compiler::CompileOptions& options) {
  if (values.count("dump-after") == 0) {
    return;
  }
  const auto wanted = values["dump-after"].as<std::vector<std::string>>();
  const std::vector<std::string>& known = compiler::PassNames();
  for (const std::string& name : wanted) {
    if (name != "all" && std::find(known.begin(), known.end(), name) == known.end()) {
      throw Failure{kExitUsage, fmt::format("--dump-after: no pass '{}'; see --help", name)};
    }
  }
  options.import.dump = [wanted](const std::string& pass, const std::string& text) {
    const bool all = std::find(wanted.begin(), wanted.end(), "all") != wanted.end();
    if (all || std::find(wanted.begin(), wanted.end(), pass) != wanted.end()) {
      std::cout << "== after " << pass << "\n" << text << "\n";
    }
  };
}

nlohmann::json FloatsJson(const std::vector<compiler::FloatTensor>& floats) {
  nlohmann::json json = nlohmann::json::array();
  for (const compiler::FloatTensor& tensor : floats) {
    json.push_back({{"reader", tensor.reader}, {"bytes", tensor.bytes}});
  }
  return json;
}

nlohmann::json ReportJson(const compiler::CompileOutput& output, const std::string& path) {
  return {{"model", output.package.model_name},
          {"configuration", output.package.configuration},
          {"output", path},
          {"macs", output.macs},
          {"image_bytes", output.package.image.size()},
          {"scratch_bytes", output.package.segments[1].bytes},
          {"launches", output.package.launches.size()},
          {"estimated_cycles", ncx::EstimatedCycles(output.package.launches)},
          {"resident_bytes", ncx::ResidentBytes(output.package)},
          {"estimated_repeated_cycles", ncx::EstimatedCycles(output.package.repeat_launches)},
          {"host_segments", HostRowsJson(HostRowsOf(output.package))},
          {"floats_from_integers", FloatsJson(output.floats_from_integers)}};
}

void PrintReport(const compiler::CompileOutput& output, const std::string& path,
                 compiler::ResidentWeights asked) {
  const ncx::PackageData& package = output.package;
  size_t instructions = 0;
  for (const ncx::Launch& launch : package.launches) {
    for (const ncx::QueueProgram& queue : launch.queues) {
      instructions += queue.count;
    }
  }
  std::cout << fmt::format(
      "{}: {} for '{}'\n"
      "  {} MACs, {} instructions in {} launch(es), about {} cycles\n"
      "  image {} bytes, scratch {} bytes\n",
      path, package.model_name, package.configuration, Grouped(static_cast<uint64_t>(output.macs)),
      Grouped(instructions), package.launches.size(),
      Grouped(ncx::EstimatedCycles(package.launches)), Grouped(package.image.size()),
      Grouped(package.segments[1].bytes));
  const std::string staying = StayingText(package, asked);
  if (!package.repeat_launches.empty()) {
    std::cout << fmt::format("  {}: about {} cycles for an execution that finds them\n", staying,
                             Grouped(ncx::EstimatedCycles(package.repeat_launches)));
  } else if (!staying.empty()) {
    std::cout << fmt::format("  {}\n", staying);
  }
  for (const HostRow& row : HostRowsOf(package)) {
    std::cout << fmt::format("  host segment {}\n", HostRowText(row));
  }
  for (const compiler::FloatTensor& tensor : output.floats_from_integers) {
    std::cout << fmt::format("  {} bytes of float32 made of 8-bit tensors, for {}\n",
                             Grouped(static_cast<uint64_t>(tensor.bytes)), tensor.reader);
  }
}

}  // namespace

int CompileCommand(const Arguments& arguments) {
  po::variables_map values;
  if (Parse(arguments, Options(), "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  const std::string model = values["MODEL"].as<std::string>();
  Progress progress(values.count("progress") != 0);
  compiler::CompileOptions options = CompileOptionsOf(values, model);
  AddDumps(values, options);
  options.progress = [&](std::string_view stage) {
    progress.Show(fmt::format("compiling {}: {}", model, stage));
  };
  const Result<compiler::CompileOutput> output = compiler::Compile(options);
  progress.Clear();
  if (!output.ok()) {
    throw FailureOf(output.status(), kExitCompile);
  }
  const std::string path =
      values.count("output") != 0
          ? values["output"].as<std::string>()
          : std::filesystem::path(model).filename().replace_extension(".ncx").string();
  const Status saved = ncx::SaveFile(output->package, path);
  if (!saved.ok()) {
    throw Failure{kExitFile, saved.message()};
  }
  if (values.count("json") != 0) {
    nlohmann::json report = ReportJson(*output, path);
    AddViews(values, output->package, report);
    WriteJson(values["json"].as<std::string>(), report);
  }
  WritePictures(values, output->package);
  if (values.count("json") == 0 || values["json"].as<std::string>() != "-") {
    PrintReport(*output, path, options.resident_weights);
    std::cout << ViewsText(values, output->package);
  }
  return kExitOk;
}

}  // namespace neuron::tools
