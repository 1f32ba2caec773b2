// SPDX-License-Identifier: Apache-2.0
// The files that are made from the description. Each function returns the text of one file.
#ifndef NEURON_ISA_GENERATOR_EMIT_H_
#define NEURON_ISA_GENERATOR_EMIT_H_

#include <cstdint>
#include <string>

#include "isa/generator/description.h"

namespace neuron::isa_generator {

std::string EmitCppHeader(const Description& isa);
std::string EmitCppSource(const Description& isa);
std::string EmitSystemVerilog(const Description& isa, uint32_t configuration);
std::string EmitFirmwareHeader(const Description& isa);
std::string EmitReference(const Description& isa);

// "sbuf_bytes" -> "SbufBytes".
std::string Camel(const std::string& name);
// "sbuf_bytes" -> "SBUF_BYTES".
std::string Upper(const std::string& name);
// "0x0000abcd", with at least `digits` digits.
std::string Hex(uint32_t value, int digits = 8);

}  // namespace neuron::isa_generator

#endif  // NEURON_ISA_GENERATOR_EMIT_H_
