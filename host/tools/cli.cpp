// SPDX-License-Identifier: Apache-2.0
#include "host/tools/cli.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <typeinfo>

#include "host/tools/precision.h"

namespace neuron::tools {
namespace {

// Whether all of `text` is a number from 0 to `most`.
template <typename Number>
bool IsNumber(const std::string& text, Number most) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= 0 && value <= most;
}

// No option takes another number; to Boost "-3" would be a large unsigned one.
void CheckNumbers(const po::parsed_options& parsed, const po::options_description& options) {
  constexpr uint32_t kMostWhole = std::numeric_limits<uint32_t>::max();
  constexpr double kMost = 1e9;
  for (const po::option& option : parsed.options) {
    const po::option_description* description = options.find_nothrow(option.string_key, false);
    const auto* typed =
        description == nullptr
            ? nullptr
            : dynamic_cast<const po::typed_value_base*>(description->semantic().get());
    if (typed == nullptr) {
      continue;
    }
    for (const std::string& text : option.value) {
      if (typed->value_type() == typeid(uint32_t) && !IsNumber(text, kMostWhole)) {
        throw Failure{kExitUsage, fmt::format("--{} '{}' is not a whole number from 0 to {}",
                                              option.string_key, text, kMostWhole)};
      }
      if (typed->value_type() == typeid(double) && !IsNumber(text, kMost)) {
        throw Failure{kExitUsage, fmt::format("--{} '{}' is not a number from 0 to {:g}",
                                              option.string_key, text, kMost)};
      }
    }
  }
}

}  // namespace

Failure FailureOf(const Status& status, ExitCode code) {
  switch (status.code()) {
    case StatusCode::kIoError:
      return {kExitFile, status.message()};
    case StatusCode::kNotFound:
      return {code == kExitDevice ? kExitDevice : kExitFile, status.message()};
    default:
      return {code, status.message()};
  }
}

bool Parse(const Arguments& arguments, const po::options_description& options,
           const std::string& positional, const std::string& usage, const std::string& text,
           po::variables_map& values) {
  po::options_description all("Options");
  all.add(options).add_options()("help,h", "show this text");
  po::options_description hidden;
  hidden.add(all).add_options()(positional.c_str(), po::value<std::string>());
  po::positional_options_description position;
  position.add(positional.c_str(), 1);
  const po::parsed_options parsed =
      po::command_line_parser(arguments)
          .options(hidden)
          .positional(position)
          .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
          .run();
  CheckNumbers(parsed, hidden);
  po::store(parsed, values);
  if (values.count("help") != 0) {
    std::cout << "Usage: " << usage << "\n\n" << text << "\n" << all;
    return true;
  }
  po::notify(values);
  if (values.count(positional) == 0) {
    throw Failure{kExitUsage, fmt::format("{} is missing; usage: {}", positional, usage)};
  }
  return false;
}

po::options_description MemoryOptionsDescription() {
  const isa::CostParameters usual;
  po::options_description options;
  options.add_options()("memory-latency",
                        po::value<uint32_t>()->default_value(usual.memory_latency),
                        "plan for a memory that answers after this many cycles")(
      "memory-bytes-per-cycle", po::value<uint32_t>()->default_value(usual.bytes_per_cycle),
      "plan for a memory of this many bytes per cycle (0: as fast as the port)");
  return options;
}

po::options_description AutoCastDescription() {
  po::options_description options;
  options.add_options()("auto-cast", po::value<std::string>()->default_value("none"),
                        "store float weights and activations as bf16 or fp16, or none");
  return options;
}

po::options_description ScheduleDescription() {
  po::options_description options;
  options.add_options()("serial", "let every instruction wait for the one before it")(
      "shuffle", po::value<uint32_t>()->default_value(0),
      "random order of layers and places in SBUF, from this seed (0: none)")(
      "sbuf-bytes", po::value<uint32_t>()->default_value(0),
      "use only so many bytes of SBUF in each partition (0: all)")(
      "tile-columns", po::value<uint32_t>()->default_value(0),
      "at most so many output positions in a tile of a product (0: as many as are good)");
  return options;
}

compiler::PrecisionChoice PrecisionOf(const po::variables_map& values, const std::string& model) {
  const auto name = values["precision"].as<std::string>();
  if (const auto choice = PrecisionForAll(name)) {
    return *choice;
  }
  const PrecisionFile file = ReadPrecisionFile(name);
  const auto found = file.find(model);
  if (found == file.end()) {
    std::vector<std::string> models;
    for (const auto& [there, choice] : file) {
      models.push_back(there);
    }
    throw Failure{kExitUsage, fmt::format("'{}' has no entry for the model '{}' (its file's name "
                                          "without .onnx), but for: {}",
                                          name, model, fmt::join(models, ", "))};
  }
  return found->second;
}

ElementType FloatStorageOf(const po::variables_map& values) {
  const auto name = values["auto-cast"].as<std::string>();
  if (name == "none") {
    return ElementType::kFloat32;
  }
  if (name == "bf16") {
    return ElementType::kBfloat16;
  }
  if (name == "fp16") {
    return ElementType::kFloat16;
  }
  throw Failure{kExitUsage, fmt::format("--auto-cast '{}' is not none, bf16 or fp16", name)};
}

po::options_description ResidentDescription() {
  po::options_description options;
  options.add_options()("resident-weights", po::value<std::string>()->default_value("off"),
                        "keep weights in SBUF for the next execution: off; on, all of them; auto, "
                        "those that save the "
                        "most, where a repeated execution gains by it");
  return options;
}

compiler::ResidentWeights ResidentOf(const po::variables_map& values) {
  const auto name = values["resident-weights"].as<std::string>();
  if (name == "off") {
    return compiler::ResidentWeights::kOff;
  }
  if (name == "on") {
    return compiler::ResidentWeights::kOn;
  }
  if (name == "auto") {
    return compiler::ResidentWeights::kAuto;
  }
  throw Failure{kExitUsage, fmt::format("--resident-weights '{}' is not off, on or auto", name)};
}

isa::CostParameters MemoryOf(const po::variables_map& values) {
  isa::CostParameters cost;
  cost.memory_latency = values["memory-latency"].as<uint32_t>();
  cost.bytes_per_cycle = values["memory-bytes-per-cycle"].as<uint32_t>();
  return cost;
}

compiler::ScheduleOptions ScheduleOf(const po::variables_map& values) {
  compiler::ScheduleOptions schedule;
  schedule.serial = values.count("serial") != 0;
  schedule.shuffle = values["shuffle"].as<uint32_t>();
  schedule.sbuf_bytes = values["sbuf-bytes"].as<uint32_t>();
  schedule.tile_columns = values["tile-columns"].as<uint32_t>();
  return schedule;
}

po::options_description CompileOptionsDescription() {
  po::options_description options = MemoryOptionsDescription();
  options.add(AutoCastDescription());
  options.add_options()("precision", po::value<std::string>()->default_value("fast"),
                        "digits that products of FP32 values with constant weights keep: fast; "
                        "activations, all of the values, for twice the array's work; accurate, of "
                        "the weights, too, for three times; or a file of 'neuron tune', which says "
                        "it node by node");
  options.add(ResidentDescription());
  options.add(ScheduleDescription());
  options.add_options()("config", po::value<std::string>()->default_value("sim"),
                        "hardware configuration to compile for")(
      "bind", po::value<std::vector<std::string>>()->composing(),
      "size of a free dimension, NAME=SIZE, or whole shape of an input, INPUT:SIZE,SIZE,... "
      "(repeatable)")("state", po::value<std::vector<std::string>>()->composing(),
                      "INPUT=OUTPUT, by name or position: the input keeps its value on the device "
                      "and takes the output's after each execution (repeatable)")(
      "constant", po::value<std::vector<std::string>>()->composing(),
      "fixed value of an input, INPUT=NUMBER,NUMBER,...; it is then no input of the compiled model "
      "(repeatable)");
  return options;
}

compiler::CompileOptions CompileOptionsOf(const po::variables_map& values,
                                          const std::string& path) {
  compiler::CompileOptions options;
  options.import.path = path;
  options.configuration = values["config"].as<std::string>();
  options.cost = MemoryOf(values);
  options.import.float_storage = FloatStorageOf(values);
  options.import.precision = PrecisionOf(values, std::filesystem::path(path).stem().string());
  options.resident_weights = ResidentOf(values);
  options.schedule = ScheduleOf(values);
  if (values.count("bind") != 0) {
    for (const std::string& text : values["bind"].as<std::vector<std::string>>()) {
      const Status added = compiler::AddBinding(text, options.import);
      if (!added.ok()) {
        throw Failure{kExitUsage, added.message()};
      }
    }
  }
  if (values.count("state") != 0) {
    for (const std::string& text : values["state"].as<std::vector<std::string>>()) {
      const Status added = compiler::AddState(text, options.states);
      if (!added.ok()) {
        throw Failure{kExitUsage, added.message()};
      }
    }
  }
  if (values.count("constant") != 0) {
    for (const std::string& text : values["constant"].as<std::vector<std::string>>()) {
      const Status added = compiler::AddConstantInput(text, options.import);
      if (!added.ok()) {
        throw Failure{kExitUsage, added.message()};
      }
    }
  }
  return options;
}

Progress::Progress(bool forced)
    : terminal_(isatty(STDERR_FILENO) == 1), enabled_(terminal_ || forced) {}

void Progress::Show(std::string_view text) {
  if (!enabled_) {
    return;
  }
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  shown_ = true;
}

void Progress::Clear() {
  if (shown_ && terminal_) {
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
  }
  shown_ = false;
}

void WriteJson(const std::string& path, const nlohmann::json& value) {
  const std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  if (path == "-") {
    std::cout << text << "\n";
    return;
  }
  std::ofstream file(path, std::ios::trunc);
  file << text << "\n";
  if (!file.flush()) {
    throw Failure{kExitFile, fmt::format("cannot write '{}'", path)};
  }
}

bool IsOnnx(const std::string& path) { return path.ends_with(".onnx"); }

ncx::PackageData LoadOrCompile(const po::variables_map& values, const std::string& path,
                               Progress& progress) {
  if (!IsOnnx(path)) {
    const po::options_description compiling = CompileOptionsDescription();
    for (const auto& option : compiling.options()) {
      const std::string& name = option->long_name();
      if (values.count(name) != 0 && !values[name].defaulted()) {
        throw Failure{kExitUsage, fmt::format("--{} is for compiling an ONNX model, and '{}' is a "
                                              "package",
                                              name, path)};
      }
    }
    Result<ncx::PackageData> package = ncx::LoadFile(path);
    if (!package.ok()) {
      throw FailureOf(package.status(), kExitCompile);
    }
    return std::move(package).value();
  }
  compiler::CompileOptions options = CompileOptionsOf(values, path);
  options.progress = [&](std::string_view stage) {
    progress.Show(fmt::format("compiling {}: {}", path, stage));
  };
  Result<compiler::CompileOutput> output = compiler::Compile(options);
  progress.Clear();
  if (!output.ok()) {
    throw FailureOf(output.status(), kExitCompile);
  }
  return std::move(output.value().package);
}

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string Grouped(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

}  // namespace neuron::tools
