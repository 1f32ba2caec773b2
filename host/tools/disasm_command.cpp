// SPDX-License-Identifier: Apache-2.0
// `neuron disasm`: the instructions of a kernel package with the nodes they come from.
#include <fmt/core.h>
#include <fnmatch.h>
#include <neuron/isa.h>

#include <iostream>
#include <optional>

#include "driver/disassemble.h"
#include "host/ncx/instructions.h"
#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

constexpr char kUsage[] = "neuron disasm MODEL.ncx|MODEL.onnx [options]";
constexpr char kText[] =
    "Prints every instruction with its index in its queue, its fields by name, and the ONNX node "
    "it\n"
    "comes from; an ONNX model is compiled first.\n"
    "Exit codes: 0 ok, 2 usage, 3 compile or package error, 5 file error.\n";

// Which instructions to show; empty patterns and no launch show all.
struct Filter {
  std::string queue;
  std::string node;
  std::optional<uint32_t> launch;
};

bool Matches(const std::string& pattern, const std::string& text) {
  return pattern.empty() || fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

// Calls `show(launch, queue, index, words, source)` for each instruction of `launches` that passes
// the filter.
template <typename Show>
void ForEachIn(const ncx::PackageData& package, const std::vector<ncx::Launch>& launches,
               const Filter& filter, Show show) {
  for (size_t l = 0; l < launches.size(); ++l) {
    if (filter.launch && *filter.launch != l) {
      continue;
    }
    const ncx::Launch& launch = launches[l];
    for (const ncx::QueueProgram& program : launch.queues) {
      if (!Matches(filter.queue, isa::Name(isa::Queue{program.queue}))) {
        continue;
      }
      for (uint32_t i = 0; i < program.count; ++i) {
        const std::string source = ncx::SourceOf(package, launch, program.queue, i);
        if (Matches(filter.node, source)) {
          show(l, program.queue, i, ncx::InstructionWords(package.image, program.offset, i),
               source);
        }
      }
    }
  }
}

// The same for all launches, with whether the launch is one of a repeated execution in front.
template <typename Show>
void ForEachInstruction(const ncx::PackageData& package, const Filter& filter, Show show) {
  for (const bool repeated : {false, true}) {
    ForEachIn(
        package, repeated ? package.repeat_launches : package.launches, filter,
        [&](size_t launch, uint32_t queue, uint32_t index, const ncx::Words& words,
            const std::string& source) { show(repeated, launch, queue, index, words, source); });
  }
}

void PrintText(const ncx::PackageData& package, const Filter& filter) {
  std::string heading;
  std::string last_source;
  ForEachInstruction(package, filter,
                     [&](bool repeated, size_t launch, uint32_t queue, uint32_t index,
                         const ncx::Words& words, const std::string& source) {
                       const std::string here =
                           fmt::format("{}launch {} {}", repeated ? "repeated " : "", launch,
                                       isa::Name(isa::Queue{queue}));
                       if (here != heading) {
                         std::cout << here << "\n";
                         heading = here;
                         last_source.clear();
                       }
                       if (source != last_source) {
                         std::cout << "  ; " << source << "\n";
                         last_source = source;
                       }
                       std::cout << fmt::format("  {:>6}  {}\n", index, driver::Disassemble(words));
                     });
}

nlohmann::json ReportJson(const ncx::PackageData& package, const Filter& filter) {
  nlohmann::json list = nlohmann::json::array();
  ForEachInstruction(package, filter,
                     [&](bool repeated, size_t launch, uint32_t queue, uint32_t index,
                         const ncx::Words& words, const std::string& source) {
                       list.push_back({{"launch", launch},
                                       {"repeated", repeated},
                                       {"queue", isa::Name(isa::Queue{queue})},
                                       {"index", index},
                                       {"text", driver::Disassemble(words)},
                                       {"source", source}});
                     });
  return list;
}

}  // namespace

int DisasmCommand(const Arguments& arguments) {
  po::options_description options;
  options.add_options()("queue", po::value<std::string>()->default_value(""),
                        "only this queue: tensor, vector, scalar, dma0, dma1 (a glob)")(
      "node", po::value<std::string>()->default_value(""),
      "only instructions of nodes \"NAME (OP)\" that match this glob")(
      "launch", po::value<uint32_t>(), "only this launch, counted from 0")(
      "json", po::value<std::string>(), "write the list as JSON to FILE ('-': standard output)")(
      "progress", "show progress also when the standard error is no terminal");
  options.add(CompileOptionsDescription());
  po::variables_map values;
  if (Parse(arguments, options, "MODEL", kUsage, kText, values)) {
    return kExitOk;
  }
  Progress progress(values.count("progress") != 0);
  const ncx::PackageData package =
      LoadOrCompile(values, values["MODEL"].as<std::string>(), progress);
  Filter filter{.queue = values["queue"].as<std::string>(),
                .node = values["node"].as<std::string>(),
                .launch = {}};
  if (values.count("launch") != 0) {
    filter.launch = values["launch"].as<uint32_t>();
  }
  if (values.count("json") != 0) {
    WriteJson(values["json"].as<std::string>(), ReportJson(package, filter));
  } else {
    PrintText(package, filter);
  }
  return kExitOk;
}

}  // namespace neuron::tools
