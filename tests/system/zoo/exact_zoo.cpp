// SPDX-License-Identifier: Apache-2.0
#include "tests/system/zoo/exact_zoo.h"

#include "tests/system/support/workspace.h"

namespace neuron::test {

testing::AssertionResult WriteExactZoo(const std::filesystem::path& folder) {
  const ProgramResult result =
      RunProgram({*Python(), "scripts/exact_reference.py", ZooDirectory()->string(), kExactZooModel,
                  "alexa", "--write", folder.string()},
                 std::chrono::seconds(300));
  if (result.exit_code == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "scripts/exact_reference.py: " << result.ToString();
}

}  // namespace neuron::test
