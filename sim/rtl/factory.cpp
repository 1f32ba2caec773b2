// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/rtl/model_factory.h"

namespace neuron::sim {

// NEURON_RTL_CONFIGS is CONFIG(tiny,tiny) CONFIG(sim_small,sim-small) ... for the configurations of
// this build: C identifier and name.
#define CONFIG(id, name) \
  std::unique_ptr<RtlChip> NEURON_RTL_FACTORY(id)(const RtlChipOptions& options);
NEURON_RTL_CONFIGS
#undef CONFIG

namespace {

struct Entry {
  const char* config;
  std::unique_ptr<RtlChip> (*create)(const RtlChipOptions& options);
};

#define CONFIG(id, name) {NEURON_RTL_NAME(name), NEURON_RTL_FACTORY(id)},
constexpr Entry kEntries[] = {NEURON_RTL_CONFIGS};
#undef CONFIG

}  // namespace

std::vector<std::string> RtlConfigs() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.push_back(entry.config);
  return names;
}

Result<std::unique_ptr<RtlChip>> CreateRtlChip(std::string_view config,
                                               const RtlChipOptions& options) {
  std::string names;
  for (const Entry& entry : kEntries) {
    if (config == entry.config) {
      std::unique_ptr<RtlChip> chip = entry.create(options);
      NEURON_RETURN_IF_ERROR(chip->Reset());
      return chip;
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.config);
  }
  return Status(StatusCode::kNotFound, "no RTL model of configuration '" + std::string(config) +
                                           "' in this build; it has: " + names);
}

}  // namespace neuron::sim
