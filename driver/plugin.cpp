// SPDX-License-Identifier: Apache-2.0
#include "driver/plugin.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace neuron::driver {
namespace {

namespace fs = std::filesystem;

// The directory of the library or program that holds this function.
fs::path OwnDirectory() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&OwnDirectory), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code error;
  const fs::path path = fs::canonical(info.dli_fname, error);
  if (!error) {
    return path.parent_path();
  }
  // A program that was started through PATH is known by its bare name only.
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::vector<fs::path> SearchDirectories() {
  std::vector<fs::path> directories;
  const fs::path own = OwnDirectory();
  if (!own.empty()) {
    directories.push_back(own);
    directories.push_back(own.parent_path() / "lib");
  }
  const char* variable = std::getenv("NEURON_DEVICE_PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) {
      directories.emplace_back(rest.substr(0, colon));
    }
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return directories;
}

// A loaded plug-in, never unloaded: devices may outlive any scope here.
Result<void*> LoadLibrary(const std::string& scheme) {
  const std::string file = fmt::format("libneuron-device-{}.so", scheme);
  std::string tried;
  for (const fs::path& directory : SearchDirectories()) {
    const fs::path path = directory / file;
    std::error_code error;
    if (fs::exists(path, error)) {
      void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) {
        return Status(StatusCode::kIoError,
                      fmt::format("cannot load '{}': {}", path.string(), dlerror()));
      }
      return library;
    }
    tried += fmt::format("\n  {}", directory.string());
  }
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(StatusCode::kNotFound,
                  fmt::format("no device of kind '{}': {} is not in{}\n  nor where the system's "
                              "loader looks; NEURON_DEVICE_PATH may name more directories",
                              scheme, file, tried));
  }
  return library;
}

}  // namespace

Result<std::unique_ptr<Device>> OpenDevice(std::string_view text) {
  NEURON_ASSIGN_OR_RETURN(const DeviceUri uri, ParseUri(text));
  NEURON_ASSIGN_OR_RETURN(void* library, LoadLibrary(uri.scheme));
  const auto abi = reinterpret_cast<PluginAbiFunction>(dlsym(library, kPluginAbiSymbol));
  const auto open = reinterpret_cast<PluginOpenFunction>(dlsym(library, kPluginOpenSymbol));
  if (abi == nullptr || open == nullptr) {
    return Status(StatusCode::kUnsupported,
                  fmt::format("the plug-in for '{}' is not a neuron device plug-in", uri.scheme));
  }
  if (abi() != kPluginAbiVersion) {
    return Status(StatusCode::kUnsupported,
                  fmt::format("the plug-in for '{}' has ABI version {}, this library {}; install "
                              "both from the same build",
                              uri.scheme, abi(), kPluginAbiVersion));
  }
  Status status;
  std::unique_ptr<Device> device(open(uri, &status));
  if (device == nullptr) {
    return status.ok() ? Status(StatusCode::kInternal, "the plug-in returned no device") : status;
  }
  return device;
}

}  // namespace neuron::driver
