// SPDX-License-Identifier: Apache-2.0
// CRC-32 as in IEEE 802.3 (polynomial 0x04C11DB7 reflected, initial value and final xor all ones):
// what package images and link frames carry.
#ifndef NEURON_BASE_CRC32_H_
#define NEURON_BASE_CRC32_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace neuron {

namespace internal {
constexpr std::array<std::array<uint32_t, 256>, 8> MakeCrc32Tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    tables[0][i] = value;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (size_t slice = 1; slice < 8; ++slice) {
      const uint32_t before = tables[slice - 1][i];
      tables[slice][i] = (before >> 8) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}
inline constexpr auto kCrc32Tables = MakeCrc32Tables();
}  // namespace internal

// CRC-32 of `data`. To go on from an earlier part pass its result as `crc`.
inline uint32_t Crc32(std::span<const std::byte> data, uint32_t crc = 0) {
  const auto& tables = internal::kCrc32Tables;
  crc = ~crc;
  size_t i = 0;
  for (; i + 8 <= data.size(); i += 8) {  // eight bytes a step
    uint32_t next = 0;
    for (size_t j = 0; j < 4; ++j) {
      const auto byte = static_cast<uint32_t>(data[i + j]);
      next ^= tables[7 - j][(byte ^ (crc >> (8 * j))) & 0xFFU];
    }
    for (size_t j = 4; j < 8; ++j) {
      next ^= tables[7 - j][static_cast<uint32_t>(data[i + j])];
    }
    crc = next;
  }
  for (; i < data.size(); ++i) {
    crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<uint32_t>(data[i])) & 0xFFU];
  }
  return ~crc;
}

}  // namespace neuron

#endif  // NEURON_BASE_CRC32_H_
