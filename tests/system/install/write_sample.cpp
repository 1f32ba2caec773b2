// SPDX-License-Identifier: Apache-2.0
// write_sample DIR: writes DIR/sample.ncx (y = -x + 3 on 4 x 4 values) and its input, 0 to 15, so
// that the best class is 0.
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/unit/ncx/sample_package.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_sample DIR\n";
    return 2;
  }
  const std::string directory = argv[1];
  const neuron::Status saved = neuron::ncx::SaveFile(
      neuron::testing::ScalePackage("sim", 4, -1.0F, 3.0F), directory + "/sample.ncx");
  std::vector<float> input(16);
  for (size_t i = 0; i < input.size(); ++i) {
    input[i] = static_cast<float>(i);
  }
  std::ofstream file(directory + "/input.bin", std::ios::binary);
  file.write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size() * sizeof(float)));
  return saved.ok() && file.flush() ? 0 : 1;
}
