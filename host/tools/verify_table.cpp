// SPDX-License-Identifier: Apache-2.0
#include "host/tools/verify_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "host/tools/layer_report.h"
#include "host/tools/precision.h"
#include "host/tools/report.h"

namespace neuron::tools {
namespace {

constexpr char kBegin[] = "<!-- verify: begin -->\n";
constexpr char kEnd[] = "<!-- verify: end -->\n";

std::string ErrorText(const Row& row) {
  if (!row.error.has_value()) {
    return "-";
  }
  return row.error->integer ? fmt::format("{} lsb", row.error->largest)
                            : fmt::format("{:.2e}", row.error->relative_to_peak);
}

std::string CyclesText(const Row& row) {
  return row.stats.cycles != 0 ? Grouped(row.stats.cycles) : "-";
}

std::string UtilizationText(const Row& row) {
  return row.stats.cycles != 0 ? fmt::format("{:.1f} %", 100 * row.stats.utilization) : "-";
}

const char* VerdictName(CheckResult::Verdict verdict) {
  switch (verdict) {
    case CheckResult::Verdict::kPass:
      return "pass";
    case CheckResult::Verdict::kFail:
      return "fail";
    case CheckResult::Verdict::kNotEvaluated:
      break;
  }
  return "not evaluated";
}

}  // namespace

std::string HeaderLine() {
  return fmt::format("{:<44} {:<7} {:>10} {:>14} {:>7} {:>5}  {}\n", "case", "verdict", "error",
                     "cycles", "util", "host", "precision");
}

std::string RowLine(const Row& row) {
  std::string text =
      fmt::format("{:<44} {:<7} {:>10} {:>14} {:>7} {:>5}  {}\n", row.model + "/" + row.name,
                  row.pass ? "pass" : "FAIL", ErrorText(row), CyclesText(row), UtilizationText(row),
                  row.host_segments.size(), PrecisionText(row.precision));
  for (const HostRow& segment : row.host_segments) {
    text += fmt::format("    host segment {}\n", HostRowText(segment));
  }
  if (!row.host_segments.empty()) {
    text += fmt::format("    host time {:.3f} s, {:.1f} % of all\n", row.stats.host_seconds,
                        100 * HostTimeShare(row.stats));
  }
  return row.message.empty() ? text : text + "    " + row.message + "\n";
}

nlohmann::json RowJson(const Row& row) {
  nlohmann::json checks = nlohmann::json::array();
  for (const CheckResult& check : row.checks) {
    checks.push_back(
        {{"rule", check.rule}, {"verdict", VerdictName(check.verdict)}, {"detail", check.detail}});
  }
  nlohmann::json json = {{"model", row.model},
                         {"case", row.name},
                         {"verdict", row.pass ? "pass" : "fail"},
                         {"message", row.message},
                         {"precision", PrecisionJson(row.precision)},
                         {"steps", row.steps},
                         {"states", row.states},
                         {"host_segments", HostRowsJson(row.host_segments)},
                         {"checks", checks},
                         {"stats", StatsJson(row.stats)},
                         {"cycles", row.stats.cycles},
                         {"utilization", row.stats.utilization}};
  if (row.error.has_value()) {
    json["max_error"] = row.error->largest;
    json["max_error_unit"] = row.error->integer ? "lsb" : "absolute";
    json["max_error_relative_to_peak"] = row.error->relative_to_peak;
    json["max_error_of_allowed"] = row.error->of_allowed;
  }
  return json;
}

std::string MarkdownTable(const std::vector<Row>& rows, const std::string& device) {
  const bool measured =
      std::ranges::any_of(rows, [](const Row& row) { return row.stats.cycles_measured != 0; });
  std::string text = fmt::format(
      "{} of {} cases pass on the {}. The error is the largest, in steps (lsb) for integer outputs "
      "and relative to the reference's largest value for others; cycles are {}, those of a "
      "sequence for all its steps. A model whose cases do not all pass with fast products is "
      "compiled with more precision, for all nodes or for so many.\n\n"
      "| case | verdict | error | steps | cycles | array | host segments | precision |\n"
      "|---|---|---|---|---|---|---|---|\n",
      std::ranges::count_if(rows, &Row::pass), rows.size(), device,
      measured ? "counted" : "modelled");
  std::string failures;
  for (const Row& row : rows) {
    text +=
        fmt::format("| {}/{} | {} | {} | {} | {} | {} | {} | {} |\n", row.model, row.name,
                    row.pass ? "pass" : "**fail**", ErrorText(row), row.steps, CyclesText(row),
                    UtilizationText(row), row.host_segments.size(), PrecisionText(row.precision));
    if (!row.pass) {
      failures += fmt::format("- {}/{}: {}\n", row.model, row.name,
                              row.message.substr(0, row.message.find('\n')));
    }
  }
  return failures.empty() ? text : text + "\nWhat fails, and why:\n\n" + failures;
}

void WriteMarkdown(const std::string& path, const std::string& table) {
  std::ifstream input(path);
  std::string text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  input.close();
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  if (begin != std::string::npos && end != std::string::npos && begin < end) {
    const size_t from = begin + sizeof(kBegin) - 1;
    text.replace(from, end - from, table);
  } else {
    text = table;
  }
  std::ofstream output(path, std::ios::trunc);
  output << text;
  if (!output.flush()) {
    throw Failure{kExitFile, fmt::format("cannot write '{}'", path)};
  }
}

}  // namespace neuron::tools
