// SPDX-License-Identifier: Apache-2.0
// The views of a package that `neuron compile` and `neuron inspect` share: --report and --memory as
// text and JSON, --report-svg and --memory-svg as pictures.
#ifndef NEURON_HOST_TOOLS_PACKAGE_VIEWS_H_
#define NEURON_HOST_TOOLS_PACKAGE_VIEWS_H_

#include <nlohmann/json.hpp>
#include <string>

#include "host/ncx/package.h"
#include "host/tools/cli.h"

namespace neuron::tools {

po::options_description ViewOptionsDescription();
// What --report and --memory ask for; "" when neither is given.
std::string ViewsText(const po::variables_map& values, const ncx::PackageData& package);
// Likewise, as "report" and "memory" of `json`.
void AddViews(const po::variables_map& values, const ncx::PackageData& package,
              nlohmann::json& json);
// Writes the pictures that are asked for. Throws Failure.
void WritePictures(const po::variables_map& values, const ncx::PackageData& package);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_PACKAGE_VIEWS_H_
