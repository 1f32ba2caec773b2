// SPDX-License-Identifier: Apache-2.0
// What `neuron verify` and `neuron tune` share: the folder, the device and the models' cases.
#ifndef NEURON_HOST_TOOLS_VERIFIER_H_
#define NEURON_HOST_TOOLS_VERIFIER_H_

#include <functional>
#include <string>
#include <vector>

#include "host/tools/verify_case.h"

namespace neuron::tools {

// --device, --filter, --tolerance, --timeout, --progress, and what compiling is told.
po::options_description VerifierDescription();

// Of these options and the positional DIR. Throws Failure.
Verifier MakeVerifier(const po::variables_map& values);

// The model's cases that the glob (MODEL or MODEL/CASE; empty: all) matches.
std::vector<ZooCase> CasesOf(const ZooModel& model, const std::string& glob);

// One row for each case, in order, compiled with verifier.precision. `each` sees a row when it is
// there, and stops the work by returning false.
std::vector<Row> VerifyModel(Verifier& verifier, const ZooModel& model,
                             const std::vector<ZooCase>& cases,
                             const std::function<bool(const Row&)>& each);

// A float output beyond its tolerance.
bool IsInaccurate(const Row& row);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_VERIFIER_H_
