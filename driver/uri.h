// SPDX-License-Identifier: Apache-2.0
// Device names: SCHEME[:CONFIG][?key=value&...], such as "functional", "rtl:tiny?latency=60".
#ifndef NEURON_DRIVER_URI_H_
#define NEURON_DRIVER_URI_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neuron::driver {

struct DeviceUri {
  std::string scheme;         // "functional"; letters, digits, '-' and '_' only
  std::string configuration;  // "sim" unless given
  std::map<std::string, std::string> options;
  std::string text;  // as it was written

  // kInvalidArgument when an option is not among `known`; the message lists them.
  Status CheckOptions(std::initializer_list<std::string_view> known) const;
  // The value of an unsigned option; kInvalidArgument when it is no number or above `maximum`.
  Result<uint64_t> Number(const std::string& key, uint64_t fallback, uint64_t maximum) const;
  std::string Text(const std::string& key, const std::string& fallback) const;
};

// kInvalidArgument with what is wrong and an example.
Result<DeviceUri> ParseUri(std::string_view text);

}  // namespace neuron::driver

#endif  // NEURON_DRIVER_URI_H_
