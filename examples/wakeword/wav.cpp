// SPDX-License-Identifier: Apache-2.0
#include "wav.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string_view>

namespace wakeword {
namespace {

// Little-endian unsigned integer of `size` bytes at `offset`; the caller has checked the range.
uint32_t Unsigned(std::string_view bytes, size_t offset, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

// The content of the first chunk named `id`; at most what the file holds.
std::string_view Chunk(std::string_view file, std::string_view id) {
  size_t offset = 12;
  while (offset + 8 <= file.size()) {
    const size_t size = Unsigned(file, offset + 4, 4);
    const size_t available = std::min(size, file.size() - offset - 8);
    if (file.substr(offset, 4) == id) return file.substr(offset + 8, available);
    offset += 8 + available + available % 2;
  }
  return {};
}

}  // namespace

std::string ReadWav(const std::string& path, std::vector<int16_t>* samples) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fmt::format("cannot open '{}'", path);
  const std::string file((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (file.size() < 12 || file.compare(0, 4, "RIFF") != 0 || file.compare(8, 4, "WAVE") != 0) {
    return fmt::format("'{}' is not a WAV file", path);
  }
  const std::string_view format = Chunk(file, "fmt ");
  const std::string_view data = Chunk(file, "data");
  if (format.size() < 16) return fmt::format("'{}' has no format chunk", path);
  const uint32_t encoding = Unsigned(format, 0, 2);
  const uint32_t channels = Unsigned(format, 2, 2);
  const uint32_t rate = Unsigned(format, 4, 4);
  const uint32_t bits = Unsigned(format, 14, 2);
  if (encoding != 1 || channels != 1 || rate != kSampleRate || bits != 16) {
    return fmt::format(
        "'{}' has encoding {}, {} channels, {} Hz, {} bits; needed: PCM (1), 1 channel, {} Hz, 16 "
        "bits",
        path, encoding, channels, rate, bits, kSampleRate);
  }
  samples->clear();
  for (size_t offset = 0; offset + 2 <= data.size(); offset += 2) {
    samples->push_back(static_cast<int16_t>(Unsigned(data, offset, 2)));
  }
  return samples->empty() ? fmt::format("'{}' holds no samples", path) : "";
}

}  // namespace wakeword
