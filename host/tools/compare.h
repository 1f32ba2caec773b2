// SPDX-License-Identifier: Apache-2.0
// Outputs against their reference.
#ifndef NEURON_HOST_TOOLS_COMPARE_H_
#define NEURON_HOST_TOOLS_COMPARE_H_

#include <optional>
#include <string>

#include "host/ops/host_tensor.h"
#include "host/tools/zoo.h"

namespace neuron::tools {

// The difference of one output, or the worst of several.
struct OutputError {
  bool pass = true;
  double largest = 0;           // |x - ref|; in steps for integer outputs
  double relative_to_peak = 0;  // largest, divided by the largest |ref|
  double of_allowed = 0;        // the largest share of what is allowed; 0 for integers
  double energy = 0;            // mean square of these shares
  bool integer = false;
  std::string detail;  // why it does not pass: output, index, both values, what was allowed
};

// Compares output `index`. With `reduced` the relative L2 error decides for float outputs, else the
// element-wise tolerance; integer outputs use max_lsb (0 when the manifest has none). A NaN agrees
// with a NaN only, an infinity with itself only.
OutputError CompareOutput(const HostTensor& actual, const HostTensor& reference,
                          const Tolerance& tolerance, size_t index, bool reduced);

// Keeps the worse in `worst`: a failure before a pass, then the larger relative error; and of both
// the larger share of what is allowed and the sum of the energies.
void Merge(const OutputError& error, std::optional<OutputError>& worst);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_COMPARE_H_
