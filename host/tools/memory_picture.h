// SPDX-License-Identifier: Apache-2.0
// The on-chip memory plan of a package as a picture: layers against addresses.
#ifndef NEURON_HOST_TOOLS_MEMORY_PICTURE_H_
#define NEURON_HOST_TOOLS_MEMORY_PICTURE_H_

#include <nlohmann/json.hpp>
#include <string>

#include "host/ncx/package.h"
#include "host/tools/svg.h"

namespace neuron::tools {

// A row for each layer (or several, in a large model), a column for each part of SBUF, a letter for
// each of the largest buffers; then peak use, what is streamed, and those buffers by name.
std::string MemoryText(const ncx::PackageData& package);
// Layers to the right, addresses upwards, a rectangle for each buffer.
Svg MemorySvg(const ncx::PackageData& package);
// Capacity, peak use and all buffers.
nlohmann::json MemoryJson(const ncx::PackageData& package);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_MEMORY_PICTURE_H_
