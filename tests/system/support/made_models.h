// SPDX-License-Identifier: Apache-2.0
// A zoo-shaped folder of small models with ONNX Runtime's results, made by make_models.py.
#ifndef NEURON_TESTS_SYSTEM_SUPPORT_MADE_MODELS_H_
#define NEURON_TESTS_SYSTEM_SUPPORT_MADE_MODELS_H_

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/system/support/workspace.h"

namespace neuron::test {

// Tests on those models; skipped when there is no Python with ONNX Runtime (NEURON_PYTHON).
class MadeModelsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
    const ProgramResult made =
        RunProgram({*Python(), "tests/system/models/make_models.py", folder_.path().string()});
    ASSERT_EQ(made.exit_code, 0) << made.ToString();
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string Model(const std::string& name) const {
    return (folder() / "models" / (name + ".onnx")).string();
  }

 private:
  TemporaryDirectory folder_;
};

// Those with single cases; "recurrent" has a sequence, "stream".
inline constexpr const char* kMadeModels[] = {"convolutions", "sequence", "quantised"};

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_SUPPORT_MADE_MODELS_H_
