// SPDX-License-Identifier: Apache-2.0
// Which products of a model are accurate: the fewest that its cases need, and files that say so.
#ifndef NEURON_HOST_TOOLS_PRECISION_H_
#define NEURON_HOST_TOOLS_PRECISION_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/compiler/import/import.h"

namespace neuron::tools {

// "fast", "accurate", or "3 accurate" for that many nodes.
std::string PrecisionText(const compiler::AccurateProducts& accurate);

// By the names of models. In JSON: {"MODEL": "fast" | "accurate" | ["NODE", ...], ...}
using PrecisionFile = std::map<std::string, compiler::AccurateProducts>;

// Throw Failure: kExitFile where the file cannot be read or written, kExitUsage where it is none.
PrecisionFile ReadPrecisionFile(const std::string& path);
void WritePrecisionFile(const std::string& path, const PrecisionFile& file);

// Whether the results are good when the products of these nodes are accurate.
using TryNodes = std::function<bool(const std::vector<std::string>& nodes)>;

// Few of `nodes`, which are in the network's order, with which `good` holds; it does with all.
// First the shortest start of the network that suffices: later layers amplify the errors of early
// ones. Then groups that are not needed are left out, from the end, where pictures tend to be
// larger and products to cost more; groups of a quarter of the nodes first, single nodes last. It
// takes about twice as many calls of `good` as there are nodes.
std::vector<std::string> FewestNodes(const std::vector<std::string>& nodes, const TryNodes& good);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_PRECISION_H_
