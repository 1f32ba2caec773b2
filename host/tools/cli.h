// SPDX-License-Identifier: Apache-2.0
// What the subcommands of `neuron` share: exit codes, options, progress, JSON files.
#ifndef NEURON_HOST_TOOLS_CLI_H_
#define NEURON_HOST_TOOLS_CLI_H_

#include <boost/program_options.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/compiler/compiler.h"

namespace neuron::tools {

namespace po = boost::program_options;

// Exit codes of `neuron`; `neuron --help` explains them to users.
enum ExitCode : int {
  kExitOk = 0,
  kExitMismatch = 1,  // a case of `verify` failed
  kExitUsage = 2,     // the command line, or an input that does not fit the model
  kExitCompile = 3,   // the model or package cannot be compiled or loaded
  kExitDevice = 4,    // the device could not be opened, or the execution failed
  kExitFile = 5,      // a file cannot be read or written
};

// A failed command: what to print and how to exit.
struct Failure {
  ExitCode code = kExitUsage;
  std::string message;
};

// `status` as a failure of a stage that exits with `code`; missing and unwritable files and wrong
// arguments keep codes of their own.
Failure FailureOf(const Status& status, ExitCode code);

// Arguments after the subcommand's name.
using Arguments = std::vector<std::string>;

// A subcommand: parses its arguments, works, prints, returns an exit code. May throw Failure and
// po::error, which main turns into messages and exit codes.
struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Arguments& arguments);
};

int CompileCommand(const Arguments& arguments);
int RunCommand(const Arguments& arguments);
int VerifyCommand(const Arguments& arguments);
int TuneCommand(const Arguments& arguments);
int InspectCommand(const Arguments& arguments);
int DisasmCommand(const Arguments& arguments);

// Parses `arguments` with a single positional option `positional`. True when --help was asked for
// and printed: usage line, text, options. Numbers, uint32_t or double, are never negative: throws
// Failure for one that is, or is none.
bool Parse(const Arguments& arguments, const po::options_description& options,
           const std::string& positional, const std::string& usage, const std::string& text,
           po::variables_map& values);

// The memory that the compiler plans for: --memory-latency, --memory-bytes-per-cycle.
po::options_description MemoryOptionsDescription();
isa::CostParameters MemoryOf(const po::variables_map& values);
// --auto-cast, and the type that it names; throws Failure for one that it does not know.
po::options_description AutoCastDescription();
ElementType FloatStorageOf(const po::variables_map& values);
// What --precision says of a model: one for all, or a file's entry (precision.h). Throws Failure
// for a file that has none.
compiler::PrecisionChoice PrecisionOf(const po::variables_map& values, const std::string& model);
// --resident-weights, and what it says; throws Failure when that is not off, on or auto.
po::options_description ResidentDescription();
compiler::ResidentWeights ResidentOf(const po::variables_map& values);
// Options of everything that may compile: --config, --bind, --state, --auto-cast, --precision,
// --resident-weights and the memory.
po::options_description CompileOptionsDescription();
// Other schedules with the same results: --serial, --shuffle, --sbuf-bytes, --tile-columns; and
// what they say.
po::options_description ScheduleDescription();
compiler::ScheduleOptions ScheduleOf(const po::variables_map& values);
// The options of a compilation of `path`. Throws Failure for a malformed --bind or --state.
compiler::CompileOptions CompileOptionsOf(const po::variables_map& values, const std::string& path);

// Lines about long work on the standard error: shown when it is a terminal or --progress is given.
class Progress {
 public:
  explicit Progress(bool forced);
  // Replaces the line on a terminal, else prints one.
  void Show(std::string_view text);
  // Clears the line before other output.
  void Clear();

 private:
  bool terminal_;
  bool enabled_;
  bool shown_ = false;
};

// Writes indented JSON to `path`, "-" being the standard output. Throws Failure.
void WriteJson(const std::string& path, const nlohmann::json& value);

// Whether a path names an ONNX model (ends in .onnx).
bool IsOnnx(const std::string& path);

// The package in a .ncx file, or the compiled .onnx file. Throws Failure, also for an option of
// compilations beside a package.
ncx::PackageData LoadOrCompile(const po::variables_map& values, const std::string& path,
                               Progress& progress);

// "12,345,678"
std::string Grouped(uint64_t value);
// Of `whole`; 0 of nothing.
double Percent(uint64_t part, uint64_t whole);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_CLI_H_
