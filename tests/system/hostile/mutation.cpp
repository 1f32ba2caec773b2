// SPDX-License-Identifier: Apache-2.0
#include "tests/system/hostile/mutation.h"

#include <algorithm>
#include <array>
#include <random>

namespace neuron::test {
namespace {

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  // Most of an ONNX file is weights, whose damage means nothing; the structure is at the ends.
  size_t Place(const std::string& bytes) {
    constexpr size_t kEdge = 600;
    const size_t edge = std::min(kEdge, bytes.size());
    switch (Below(3)) {
      case 0:
        return Below(edge);
      case 1:
        return bytes.size() - 1 - Below(edge);
      default:
        return Below(bytes.size());
    }
  }

  void Damage(std::string* bytes) {
    constexpr std::array<unsigned char, 6> kExtremes = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
    const size_t at = Place(*bytes);
    const size_t length = std::min(bytes->size() - at, 1 + Below(64));
    switch (Below(6)) {
      case 0:
        (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << Below(8)));
        break;
      case 1:
        (*bytes)[at] = static_cast<char>(kExtremes[Below(kExtremes.size())]);
        break;
      case 2:
        bytes->erase(at, length);
        break;
      case 3:
        bytes->insert(at, bytes->substr(at, length));
        break;
      case 4:
        bytes->replace(at, length, bytes->substr(Place(*bytes), length));
        break;
      default:
        bytes->insert(at, length, static_cast<char>(kExtremes[Below(kExtremes.size())]));
        break;
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace

std::string Mutate(const std::string& bytes, uint32_t seed) {
  Mutator mutator(seed);
  std::string result = bytes;
  if (mutator.Below(8) == 0) {
    result.resize(1 + mutator.Below(result.size()));
  }
  const size_t count = 1 + mutator.Below(4);
  for (size_t i = 0; i < count && !result.empty(); ++i) {
    mutator.Damage(&result);
  }
  return result;
}

}  // namespace neuron::test
