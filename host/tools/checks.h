// SPDX-License-Identifier: Apache-2.0
// The machine-readable expectations of a case: is the answer right, not only near.
#ifndef NEURON_HOST_TOOLS_CHECKS_H_
#define NEURON_HOST_TOOLS_CHECKS_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/tools/zoo.h"

namespace neuron::tools {

struct CheckResult {
  enum class Verdict { kPass, kFail, kNotEvaluated };
  std::string rule;
  Verdict verdict = Verdict::kNotEvaluated;
  std::string detail;  // what was found, and what was expected
};

// What a case computed, a StepArrays for each step: `actual` has the inputs that were used and the
// device's outputs, `reference` the stored ones.
struct CaseArrays {
  std::vector<StepArrays> actual;
  std::vector<StepArrays> reference;
};

// Evaluates one entry of the manifest's `check`. Rules top1, value and the like look at the last
// step. `directory` is the zoo's (vocabularies). A rule that is not known, or that refers to
// what the case has not, is kNotEvaluated and says so.
CheckResult EvaluateCheck(const nlohmann::json& check, const ZooModel& model,
                          const CaseArrays& arrays, const std::filesystem::path& directory);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_CHECKS_H_
