// SPDX-License-Identifier: Apache-2.0
// Names of the functions that make the chip of one configuration: NewRtlChip_tiny and so on, one in
// each library neuron_sim_rtl_<config>. CreateRtlChip is what others call.
#ifndef NEURON_SIM_RTL_MODEL_FACTORY_H_
#define NEURON_SIM_RTL_MODEL_FACTORY_H_

#include <memory>

#include "sim/rtl/rtl_chip.h"

#define NEURON_RTL_FACTORY_INNER(config) NewRtlChip_##config
#define NEURON_RTL_FACTORY(config) NEURON_RTL_FACTORY_INNER(config)
#define NEURON_RTL_NAME_INNER(config) #config
#define NEURON_RTL_NAME(config) NEURON_RTL_NAME_INNER(config)

#endif  // NEURON_SIM_RTL_MODEL_FACTORY_H_
