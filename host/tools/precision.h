// SPDX-License-Identifier: Apache-2.0
// The precision of a model's products: the cheapest choice that its cases need, and files of them.
#ifndef NEURON_HOST_TOOLS_PRECISION_H_
#define NEURON_HOST_TOOLS_PRECISION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/compiler/precision.h"

namespace neuron::tools {

// "fast", "activations", "accurate", or "2 activations, 3 accurate" for that many nodes
// where the others are fast.
std::string PrecisionText(const compiler::PrecisionChoice& choice);

// "fast", "activations", "accurate", or those by node: {"NODE": "activations", ...}, with "*" for
// nodes that are not named, unless those are fast.
nlohmann::json PrecisionJson(const compiler::PrecisionChoice& choice);

// By the names of models; in JSON, too.
using PrecisionFile = std::map<std::string, compiler::PrecisionChoice>;

// Throw Failure: kExitFile where the file cannot be read or written, kExitUsage where it is none.
PrecisionFile ReadPrecisionFile(const std::string& path);
void WritePrecisionFile(const std::string& path, const PrecisionFile& file);

// What --precision says of all models; nothing where it is a file's name.
std::optional<compiler::PrecisionChoice> PrecisionForAll(const std::string& text);

// A node whose products may have more than fast precision.
struct ProductNode {
  std::string name;
  int64_t macs = 0;  // with fast precision
};

// What a choice gives.
struct PrecisionOutcome {
  bool good = false;
  double error = 0;  // energy of the error: that of independent sources adds up
};
using TryPrecision = std::function<PrecisionOutcome(const compiler::PrecisionChoice&)>;

// A choice with which `attempt` is good and that costs few multiply-accumulates; with all nodes
// accurate it has to be. First each node alone is made less precise, which tells its share of the
// error. The steps from fast to precise that reduce the error by the most for their cost are taken
// until the outcome is good (by bisection); then LeastOf. About three attempts for each node.
compiler::PrecisionChoice CheapestPrecision(const std::vector<ProductNode>& nodes,
                                            const TryPrecision& attempt);

// What is left of a choice that is good when nodes, the dearest first, have as little precision as
// is still good.
compiler::PrecisionChoice LeastOf(compiler::PrecisionChoice choice, std::vector<ProductNode> nodes,
                                  const TryPrecision& attempt);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_PRECISION_H_
