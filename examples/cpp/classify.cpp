// SPDX-License-Identifier: Apache-2.0
// Runs a compiled classifier on one input and prints the class with the largest score.
//
//   classify MODEL.ncx INPUT.bin [DEVICE]
//
// INPUT.bin holds the elements of the model's first input as they are in memory.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <neuron/nrt.hpp>
#include <string>
#include <vector>

namespace {

// Index of the largest element.
template <typename T>
size_t Best(const std::vector<char>& bytes) {
  const T* values = reinterpret_cast<const T*>(bytes.data());
  return static_cast<size_t>(std::max_element(values, values + bytes.size() / sizeof(T)) - values);
}

size_t Best(const std::vector<char>& bytes, nrt_dtype dtype) {
  switch (dtype) {
    case NRT_DTYPE_INT8:
      return Best<int8_t>(bytes);
    case NRT_DTYPE_UINT8:
      return Best<uint8_t>(bytes);
    case NRT_DTYPE_INT32:
      return Best<int32_t>(bytes);
    default:
      return Best<float>(bytes);
  }
}

nrt::Status Classify(nrt::Runtime& runtime, nrt::Model& model, std::istream& file) {
  const nrt::TensorInfo in = model.inputs().at(0);
  const nrt::TensorInfo out = model.outputs().at(0);
  auto input = runtime.Allocate(in.size);
  if (!input.ok()) return input.status();
  auto output = runtime.Allocate(out.size);
  if (!output.ok()) return output.status();

  std::vector<char> data(in.size);
  file.read(data.data(), static_cast<std::streamsize>(data.size()));
  nrt::Status status = input->Write(data);
  if (status.ok()) status = model.Execute({{in.name, &*input}}, {{out.name, &*output}});
  std::vector<char> scores(out.size);
  if (status.ok()) status = output->Read(scores);
  if (!status.ok()) return status;

  std::cout << "class " << Best(scores, out.dtype) << "\n";
  const auto stats = model.stats();
  if (stats.ok()) {
    std::cout << stats->cycles << " cycles (" << (stats->cycles_measured ? "measured" : "modelled")
              << ")\n";
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: " << argv[0] << " MODEL.ncx INPUT.bin [DEVICE]\n";
    return 2;
  }
  auto runtime = nrt::Runtime::Open(argc > 3 ? argv[3] : "");
  if (!runtime.ok()) {
    std::cerr << "open: " << runtime.status().message() << "\n";
    return 1;
  }
  auto model = runtime->LoadFile(argv[1]);
  if (!model.ok()) {
    std::cerr << "load: " << model.status().message() << "\n";
    return 1;
  }
  std::ifstream file(argv[2], std::ios::binary);
  const nrt::Status status = Classify(*runtime, *model, file);
  if (!status.ok()) {
    std::cerr << status.name() << ": " << status.message() << "\n";
    return 1;
  }
  return 0;
}
