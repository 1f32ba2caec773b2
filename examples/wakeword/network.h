// SPDX-License-Identifier: Apache-2.0
// One compiled network on the device, floats in and floats out, with the sums of what it cost.
#ifndef NEURON_EXAMPLES_WAKEWORD_NETWORK_H_
#define NEURON_EXAMPLES_WAKEWORD_NETWORK_H_

#include <cstdint>
#include <neuron/nrt.hpp>
#include <optional>
#include <string>
#include <vector>

namespace wakeword {

// Over all runs so far.
struct Cost {
  uint64_t runs = 0;
  uint64_t cycles = 0;
  uint64_t macs = 0;            // useful multiply-accumulates
  uint64_t dram_bytes = 0;      // read and written
  double device_seconds = 0.0;  // wall-clock time of the launches
  bool measured = true;         // cycles are counted, not estimated by a model

  Cost& operator+=(const Cost& other);
};

// Not thread-safe. Keeps its runtime open.
class Network {
 public:
  // Loads the package `path`, which must have one float input of `input_size` elements and one
  // float output of `output_size`. Nothing, with an explanation in *error, when that fails.
  static std::optional<Network> Load(nrt::Runtime& runtime, const std::string& path,
                                     size_t input_size, size_t output_size, std::string* error);

  // Runs once; `output` gets output_size elements. Returns an error message, or "" on success.
  std::string Run(const std::vector<float>& input, std::vector<float>* output);

  const Cost& cost() const { return cost_; }

 private:
  Network(nrt::Model model, nrt::Tensor input, nrt::Tensor output);

  nrt::Model model_;
  nrt::Tensor input_;
  nrt::Tensor output_;
  std::string input_name_;
  std::string output_name_;
  Cost cost_;
};

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_NETWORK_H_
