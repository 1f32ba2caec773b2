// SPDX-License-Identifier: Apache-2.0
// The results of `neuron verify` as lines for a terminal, as JSON, and as a Markdown table.
#ifndef NEURON_HOST_TOOLS_VERIFY_TABLE_H_
#define NEURON_HOST_TOOLS_VERIFY_TABLE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/tools/verify_case.h"

namespace neuron::tools {

// One line each; a failed row has its message on the lines that follow.
std::string HeaderLine();
std::string RowLine(const Row& row);
nlohmann::json RowJson(const Row& row);

// A sentence with the verdict of all, a table with a line for each row, and a list of what failed.
std::string MarkdownTable(const std::vector<Row>& rows, const std::string& device);
// Replaces what `path` holds between the lines "<!-- verify: begin -->" and "<!-- verify: end -->";
// a file without them becomes the table alone. Throws Failure.
void WriteMarkdown(const std::string& path, const std::string& table);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_VERIFY_TABLE_H_
