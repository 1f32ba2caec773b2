// SPDX-License-Identifier: Apache-2.0
// DMA: executes one legal instruction between SBUF and DRAM.
#ifndef NEURON_SIM_FUNCTIONAL_DMA_ENGINE_H_
#define NEURON_SIM_FUNCTIONAL_DMA_ENGINE_H_

#include <cstddef>
#include <optional>
#include <span>

#include "isa/check/instruction_check.h"
#include "sim/functional/core_state.h"

namespace neuron::sim {

// Runs to the end or to a fault: access_range for an index outside [0, index_limit), what lies
// before it in the stream being written; bus_error, nothing written, when a segment reaches beyond
// `dram`.
std::optional<isa::Fault> ExecuteDma(const isa::DmaInstruction& instruction,
                                     std::span<const isa::Segment> segments,
                                     std::span<std::byte> dram, CoreState& state);

}  // namespace neuron::sim

#endif  // NEURON_SIM_FUNCTIONAL_DMA_ENGINE_H_
