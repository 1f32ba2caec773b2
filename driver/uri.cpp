// SPDX-License-Identifier: Apache-2.0
#include "driver/uri.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace neuron::driver {
namespace {

Status Bad(std::string_view text, std::string_view why) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("device '{}': {}; write SCHEME[:CONFIG][?key=value&...], such as "
                            "functional or rtl:sim?latency=60",
                            text, why));
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

// The part of `text` before `separator`; `text` keeps what follows it.
std::string_view Cut(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

}  // namespace

Result<DeviceUri> ParseUri(std::string_view text) {
  DeviceUri uri;
  uri.text = text;
  std::string_view options = text;
  std::string_view name = Cut(options, '?');
  const bool has_configuration = name.find(':') != std::string_view::npos;
  uri.scheme = Cut(name, ':');
  uri.configuration = has_configuration ? name : "sim";
  if (!IsName(uri.scheme)) {
    return Bad(text, "the scheme is missing or not a name");
  }
  if (!IsName(uri.configuration)) {
    return Bad(text, "the configuration is not a name");
  }
  while (!options.empty()) {
    std::string_view value = Cut(options, '&');
    const bool has_value = value.find('=') != std::string_view::npos;
    const std::string key(Cut(value, '='));
    if (!IsName(key) || !has_value) {
      return Bad(text, fmt::format("option '{}' is not key=value", key));
    }
    if (!uri.options.emplace(key, value).second) {
      return Bad(text, fmt::format("option '{}' is given twice", key));
    }
  }
  return uri;
}

Status DeviceUri::CheckOptions(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : options) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      std::string list;
      for (const std::string_view name : known) {
        list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
      }
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("device '{}' has no option '{}'; it has: {}", text, key, list));
    }
  }
  return OkStatus();
}

Result<uint64_t> DeviceUri::Number(const std::string& key, uint64_t fallback,
                                   uint64_t maximum) const {
  const auto found = options.find(key);
  if (found == options.end()) {
    return fallback;
  }
  const std::string& digits = found->second;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value > maximum) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("device '{}': option {}={} is not a number from 0 to {}", text, key,
                              digits, maximum));
  }
  return value;
}

std::string DeviceUri::Text(const std::string& key, const std::string& fallback) const {
  const auto found = options.find(key);
  return found == options.end() ? fallback : found->second;
}

}  // namespace neuron::driver
