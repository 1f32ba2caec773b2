// SPDX-License-Identifier: Apache-2.0
// Runs the ONNX project's tests on a device and writes docs/conformance.md.
#include <fmt/core.h>

#include <boost/program_options.hpp>
#include <fstream>
#include <iostream>

#include "tests/conformance/report.h"

namespace {

namespace po = boost::program_options;
using neuron::conformance::Row;
using neuron::conformance::Verdict;

po::options_description Options() {
  po::options_description options("Options");
  options.add_options()("help,h", "show this text")(
      "device", po::value<std::string>()->default_value("functional?strict=1"), "device to run on")(
      "names", po::value<std::string>()->default_value(neuron::conformance::kNamesFile),
      "file with the names of the tests")("filter", po::value<std::string>()->default_value(""),
                                          "only names that contain this")(
      "report", po::value<std::string>(), "write the page with all outcomes to this file")(
      "write-names", po::value<std::string>(),
      "write the names of the installed tests to this file instead of running them");
  return options;
}

int WriteNames(const std::string& path) {
  std::ofstream file(path);
  file << "# Tests of libonnx-testdata on dense tensors of types that the tree has. Written by\n"
          "# conformance --write-names.\n";
  for (const std::string& name : neuron::conformance::NamesInPackage()) {
    file << name << "\n";
  }
  return file.flush() ? 0 : 2;
}

int Run(const po::variables_map& values) {
  const auto listed = neuron::conformance::ReadNames(values["names"].as<std::string>());
  auto runtime = nrt::Runtime::Open(values["device"].as<std::string>());
  if (!listed.ok() || !runtime.ok()) {
    std::cerr << (listed.ok() ? runtime.status().message() : listed.status().message()) << "\n";
    return 2;
  }
  std::vector<std::string> names;
  for (const std::string& name : *listed) {
    if (name.find(values["filter"].as<std::string>()) != std::string::npos) {
      names.push_back(name);
    }
  }
  int wrong = 0;
  const std::vector<Row> rows =
      neuron::conformance::RunNodeTests(*runtime, names, [&](const Row& row) {
        std::cout << fmt::format("{:<7} {} [{}] {}\n", Name(row.outcome.verdict), row.name,
                                 row.outcome.where, row.outcome.reason);
        wrong += row.outcome.verdict == Verdict::kWrong ? 1 : 0;
      });
  std::cout << fmt::format("{} tests, {} wrong\n", rows.size(), wrong);
  if (values.count("report") != 0) {
    std::ofstream(values["report"].as<std::string>()) << neuron::conformance::Page(rows);
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, Options()), values);
    if (values.count("help") != 0) {
      std::cout << "Usage: conformance [options], from the source directory\n"
                   "Exit codes: 0 no output is wrong, 1 one is, 2 usage, file or device.\n"
                << Options();
      return 0;
    }
    return values.count("write-names") != 0 ? WriteNames(values["write-names"].as<std::string>())
                                            : Run(values);
  } catch (const std::exception& error) {
    std::cerr << "conformance: " << error.what() << "\n";
    return 2;
  }
}
