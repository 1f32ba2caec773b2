// SPDX-License-Identifier: Apache-2.0
// Instructions of a package as text: for messages, hang reports and `neuron disasm`.
#ifndef NEURON_HOST_NCX_INSTRUCTIONS_H_
#define NEURON_HOST_NCX_INSTRUCTIONS_H_

#include <neuron/isa.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "host/ncx/package.h"

namespace neuron::ncx {

using Words = std::array<uint32_t, isa::kInstructionWords>;

// Instruction `index` of a queue whose first instruction is at byte `offset`, which must lie in
// the image.
inline Words InstructionWords(std::span<const std::byte> image, uint64_t offset, uint32_t index) {
  Words words;
  std::memcpy(words.data(), image.data() + offset + uint64_t{index} * isa::kInstructionBytes,
              sizeof(words));
  return words;
}

// "vector[12] from conv1 (Conv)": an instruction and where it comes from, if that is known.
std::string DescribeInstruction(const PackageData& package, const Launch& launch, uint32_t queue,
                                uint32_t index);

// "conv1 (Conv)", or "" when no source range of `launch` covers the instruction.
std::string SourceOf(const PackageData& package, const Launch& launch, uint32_t queue,
                     uint32_t index);

}  // namespace neuron::ncx

#endif  // NEURON_HOST_NCX_INSTRUCTIONS_H_
