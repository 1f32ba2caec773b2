// SPDX-License-Identifier: Apache-2.0
// Names of the functions that make the chip of one configuration: NewRtlChip_tiny and so on, one in
// each library neuron_sim_rtl_<config>, with the configuration's name as a C identifier.
// CreateRtlChip is what others call.
#ifndef NEURON_SIM_RTL_MODEL_FACTORY_H_
#define NEURON_SIM_RTL_MODEL_FACTORY_H_

#include <memory>

#include "sim/rtl/rtl_chip.h"

#define NEURON_RTL_FACTORY_INNER(id) NewRtlChip_##id
#define NEURON_RTL_FACTORY(id) NEURON_RTL_FACTORY_INNER(id)
#define NEURON_RTL_NAME_INNER(config) #config
#define NEURON_RTL_NAME(config) NEURON_RTL_NAME_INNER(config)

#endif  // NEURON_SIM_RTL_MODEL_FACTORY_H_
