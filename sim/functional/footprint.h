// SPDX-License-Identifier: Apache-2.0
// The bytes that an access pattern touches, as sorted runs.
#ifndef NEURON_SIM_FUNCTIONAL_FOOTPRINT_H_
#define NEURON_SIM_FUNCTIONAL_FOOTPRINT_H_

#include <cstdint>
#include <vector>

#include "isa/check/access.h"

namespace neuron::sim {

// Bytes [begin, end).
struct ByteRun {
  int64_t begin;
  int64_t end;
};

// The bytes of an access, sorted and disjoint. On-chip memories are addressed linearly as
// partition * partition_bytes + offset, DRAM by the offset in the segment.
std::vector<ByteRun> Footprint(const isa::Access& access, uint32_t partition_bytes);

// The first byte that both hold; -1 when there is none.
int64_t FirstCommonByte(const std::vector<ByteRun>& a, const std::vector<ByteRun>& b);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_FOOTPRINT_H_
