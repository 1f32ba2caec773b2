// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/report.h"

#include <fmt/core.h>

#include <algorithm>

namespace neuron::conformance {
namespace {

namespace fs = std::filesystem;

constexpr char kHeader[] =
    "# Conformance\n"
    "\n"
    "The ONNX project's own tests, as Debian ships them (package libonnx-testdata), each compiled\n"
    "for `sim` and run on the functional model in strict mode. Written by\n"
    "\n"
    "    build/release/bin/conformance --report docs/conformance.md\n"
    "\n"
    "and held by `ctest --preset release -L conformance`: what passes here must pass, and so must "
    "a\n"
    "sample of it on the Verilated hardware. All of it there, which takes minutes:\n"
    "`ctest --preset release -C on-demand -L conformance-all`.\n"
    "\n"
    "Listed are the tests whose data are dense tensors of types that the tree has: no strings,\n"
    "sequences, optional values, complex numbers or unsigned integers of 16 bits and more.\n"
    "\n"
    "A test passes when every output has the expected type and shape, integers and booleans are\n"
    "equal, and floats differ by at most 1e-3 |expected| + 1e-7 (the ONNX project's own "
    "tolerance)\n"
    "+ 2^-20 (function tables) + 2^-17 of the output's largest element (operands of a product "
    "share\n"
    "an exponent, [numerics.md](numerics.md) section 4). It is *refused* when it does not compile\n"
    "or the host segment names something it does not do. A *wrong* result fails the build.\n"
    "\n"
    "Inputs that decide a shape (a Reshape's target, a Slice's starts) are given to the compiler "
    "as\n"
    "constants where it does not compile otherwise: packages have fixed shapes.\n"
    "\n";

// A reason in a table cell.
std::string Cell(std::string text) {
  std::string cell;
  for (const char c : text) {
    cell += c == '|' ? "\\|" : std::string(1, c);
  }
  return cell;
}

int64_t Count(const std::vector<Row>& rows, Verdict verdict) {
  return std::ranges::count_if(rows,
                               [&](const Row& row) { return row.outcome.verdict == verdict; });
}

}  // namespace

std::vector<Row> RunNodeTests(nrt::Runtime& runtime, const std::vector<std::string>& names,
                              const std::function<void(const Row&)>& progress) {
  std::vector<Row> rows;
  for (const std::string& name : names) {
    rows.push_back({name, RunNodeTest(runtime, fs::path(kDataFolder) / name)});
    if (progress) {
      progress(rows.back());
    }
  }
  return rows;
}

std::string Page(const std::vector<Row>& rows) {
  std::string page = kHeader;
  page += fmt::format("{} tests: {} pass", rows.size(), Count(rows, Verdict::kPass));
  const auto on_engines = std::ranges::count_if(rows, [](const Row& row) {
    return row.outcome.verdict == Verdict::kPass && row.outcome.where == "engines";
  });
  page += fmt::format(
      " ({} of them on the engines alone), {} are "
      "refused, {} are wrong.\n\n",
      on_engines, Count(rows, Verdict::kRefused), Count(rows, Verdict::kWrong));
  page += "| test | verdict | ran on | reason |\n|---|---|---|---|\n";
  for (const Row& row : rows) {
    page += fmt::format("| {} | {} | {} | {} |\n", row.name, Name(row.outcome.verdict),
                        row.outcome.where, Cell(row.outcome.reason));
  }
  return page;
}

std::vector<std::string> NamesInPackage() {
  std::vector<std::string> names;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator", "simple"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(kDataFolder) / group, error)) {
      if (ReadDataSets(entry.path()).ok()) {
        names.push_back(std::string(group) + "/" + entry.path().filename().string());
      }
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace neuron::conformance
