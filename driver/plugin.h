// SPDX-License-Identifier: Apache-2.0
// Opens devices. Each scheme is a shared library libneuron-device-SCHEME.so, loaded on first use
// and kept, so that an application links neither simulator nor USB library.
#ifndef NEURON_DRIVER_PLUGIN_H_
#define NEURON_DRIVER_PLUGIN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "driver/device.h"
#include "driver/uri.h"

namespace neuron::driver {

// Changes whenever Device or anything it passes changes; a plug-in built for another is refused.
inline constexpr uint32_t kPluginAbiVersion = 1;

// What a plug-in exports, with C linkage, under the names below.
//   uint32_t neuron_device_abi_version();
//   Device* neuron_device_open(const DeviceUri& uri, Status* status);  null and *status on failure
using PluginAbiFunction = uint32_t (*)();
using PluginOpenFunction = Device* (*)(const DeviceUri& uri, Status* status);
inline constexpr char kPluginAbiSymbol[] = "neuron_device_abi_version";
inline constexpr char kPluginOpenSymbol[] = "neuron_device_open";

// Opens the device that `uri` names. The plug-in is looked for beside the library (or program)
// that holds this code, in its ../lib, in the directories of NEURON_DEVICE_PATH (colon-separated),
// and then by the system's loader. Thread-safe.
// Errors: kInvalidArgument for a malformed URI or option, kNotFound for a scheme without plug-in
// (the message lists where it was looked for) or an unknown configuration, kUnsupported for a
// plug-in of another build, and what the plug-in reports.
Result<std::unique_ptr<Device>> OpenDevice(std::string_view uri);

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_PLUGIN_H_
