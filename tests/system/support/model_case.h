// SPDX-License-Identifier: Apache-2.0
// Cases of a zoo-shaped folder (manifest.json, models/, cases/), and running one on two devices.
#ifndef NEURON_TESTS_SYSTEM_SUPPORT_MODEL_CASE_H_
#define NEURON_TESTS_SYSTEM_SUPPORT_MODEL_CASE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace neuron::test {

// One inference of one model.
struct ModelCase {
  std::string model;
  std::string name;
  std::string onnx;                    // file
  std::vector<std::string> bindings;   // INPUT:SIZE,SIZE,...
  std::vector<std::string> arguments;  // of `neuron run`: NAME=FILE, one for each input
};

// The cases of `model` in the manifest that have the model's own case shape, in its order; empty
// when there is none.
std::vector<ModelCase> CasesOf(const std::filesystem::path& folder, const std::string& model);

// Compiles the case's model for `configuration` into the file `package`, with further `options` of
// `neuron compile`.
testing::AssertionResult Compiles(const ModelCase& test_case, const std::string& configuration,
                                  const std::string& package,
                                  const std::vector<std::string>& options = {});

// Compiles the case's model for `configuration`, with further `options` of `neuron compile`, and
// runs it on both devices: every output file must be the same, byte for byte. The failure says
// which command failed or which file differs.
testing::AssertionResult GivesSameBits(const ModelCase& test_case, const std::string& configuration,
                                       const std::string& device_a, const std::string& device_b,
                                       const std::vector<std::string>& options = {});

// `neuron verify FOLDER --device DEVICE --filter FILTER OPTIONS`: every case passes, and there is
// one.
testing::AssertionResult Verifies(const std::filesystem::path& folder, const std::string& device,
                                  const std::string& filter,
                                  const std::vector<std::string>& options = {});

// The same on two devices, on the second with further options of `neuron verify`; they must also
// write the same outputs in every step of every case, byte for byte. The message of a success is
// what the second device's run printed.
testing::AssertionResult VerifiesWithSameBits(const std::filesystem::path& folder,
                                              const std::string& filter,
                                              const std::string& device_a,
                                              const std::string& device_b,
                                              const std::vector<std::string>& options_b = {});

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_SUPPORT_MODEL_CASE_H_
