// SPDX-License-Identifier: Apache-2.0
// The roofline of a report: how fast each layer runs against how fast its traffic with DRAM and the
// array allow.
#ifndef NEURON_HOST_TOOLS_ROOFLINE_H_
#define NEURON_HOST_TOOLS_ROOFLINE_H_

#include <string>

#include "host/tools/layer_report.h"
#include "host/tools/svg.h"

namespace neuron::tools {

// MACs for each byte of DRAM traffic to the right, MACs for each cycle upwards, both in powers of
// two. Layers without MACs or cycles are left out; the longest have letters.
std::string RooflineText(const LayerReport& report);
Svg RooflineSvg(const LayerReport& report);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_ROOFLINE_H_
