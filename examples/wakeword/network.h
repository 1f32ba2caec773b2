// SPDX-License-Identifier: Apache-2.0
// One compiled network on the device, floats in and floats out, with the sums of what it cost. What
// it remembers from run to run stays on the device.
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

  // Start what the network remembers from zeros; look at one of its state tensors; replace it with
  // as many values. Return an error message, or "" on success.
  std::string ResetStates();
  std::string ReadState(const std::string& name, std::vector<float>* values) const;
  std::string WriteState(const std::string& name, const std::vector<float>& values);

  const Cost& cost() const { return cost_; }
  size_t input_bytes() const { return input_.size(); }
  size_t output_bytes() const { return output_.size(); }
  size_t state_bytes() const;

 private:
  Network(nrt::Model model, nrt::State state, nrt::Tensor input, nrt::Tensor output);
  // Position of the float state `name` among the model's, if there is one.
  std::optional<size_t> FindState(const std::string& name) const;

  nrt::Model model_;
  nrt::State state_;
  std::vector<nrt::TensorInfo> states_;
  nrt::Tensor input_;
  nrt::Tensor output_;
  std::string input_name_;
  std::string output_name_;
  Cost cost_;
};

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_NETWORK_H_
