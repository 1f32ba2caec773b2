// SPDX-License-Identifier: Apache-2.0
// NumPy .npy files: versions 1.0 and 2.0, little-endian, C order, the element types of HostTensor.
#ifndef NEURON_HOST_TOOLS_NPY_H_
#define NEURON_HOST_TOOLS_NPY_H_

#include <filesystem>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/ops/host_tensor.h"

namespace neuron::tools {

// kNotFound, kIoError, kDataCorrupt (no .npy file, or cut short) or kUnsupported (big-endian,
// Fortran order, an element type that HostTensor has not); messages name the file.
Result<HostTensor> ReadNpy(const std::filesystem::path& path);
// The same for a file's content; messages name no file.
Result<HostTensor> ParseNpy(std::span<const std::byte> file);

// Version 1.0. bfloat16, which NumPy has not, is written as float32.
Status WriteNpy(const std::filesystem::path& path, const HostTensor& tensor);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_NPY_H_
