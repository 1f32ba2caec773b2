// SPDX-License-Identifier: Apache-2.0
// The `neuron` command: finds the subcommand and turns failures into messages and exit codes.
#include <fmt/core.h>
#include <neuron/isa.h>

#include <array>
#include <exception>
#include <iostream>
#include <string_view>

#include "host/tools/cli.h"
#include "neuron/nrt.h"

namespace neuron::tools {
namespace {

constexpr std::array<Command, 6> kCommands = {{
    {"compile", "compile an ONNX model into a kernel package", &CompileCommand},
    {"run", "run a model on a device", &RunCommand},
    {"verify", "run the cases of a model folder and compare with their reference", &VerifyCommand},
    {"tune", "find which products of a model need more precision", &TuneCommand},
    {"inspect", "show what is in a kernel package", &InspectCommand},
    {"disasm", "show the instructions of a kernel package", &DisasmCommand},
}};

void PrintUsage(std::ostream& out) {
  out << "Usage: neuron COMMAND [ARGUMENTS]\n\nCommands\n";
  for (const Command& command : kCommands) {
    out << fmt::format("  {:<9} {}\n", command.name, command.summary);
  }
  out << "\n'neuron COMMAND --help' describes a command; 'neuron --version' prints versions.\n"
         "Exit codes: 0 ok, 1 a check failed, 2 usage, 3 compile or package error, 4 device error, "
         "5 file error.\n";
}

int Dispatch(std::string_view name, const Arguments& arguments) {
  if (name == "--help" || name == "-h" || name == "help") {
    PrintUsage(std::cout);
    return kExitOk;
  }
  if (name == "--version") {
    std::cout << fmt::format("neuron {}.{}.{}, ISA version {} ({:08x})\n", NRT_VERSION_MAJOR,
                             NRT_VERSION_MINOR, NRT_VERSION_PATCH, isa::kIsaVersion, isa::kIsaHash);
    return kExitOk;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) {
      return command.run(arguments);
    }
  }
  throw Failure{kExitUsage, fmt::format("no command '{}'; 'neuron --help' lists them", name)};
}

int Main(int count, char** values) {
  if (count < 2) {
    PrintUsage(std::cerr);
    return kExitUsage;
  }
  try {
    return Dispatch(values[1], Arguments(values + 2, values + count));
  } catch (const Failure& failure) {
    std::cerr << "neuron: " << failure.message << "\n";
    return failure.code;
  } catch (const po::error& error) {
    std::cerr << "neuron: " << error.what() << "; see 'neuron " << values[1] << " --help'\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "neuron: internal error: " << error.what() << "\n";
    return kExitDevice;
  }
}

}  // namespace
}  // namespace neuron::tools

int main(int argc, char** argv) { return neuron::tools::Main(argc, argv); }
