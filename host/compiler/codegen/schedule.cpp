// SPDX-License-Identifier: Apache-2.0
#include "host/compiler/codegen/schedule.h"

#include <algorithm>
#include <random>
#include <set>

namespace neuron::compiler {

isa::Config Restricted(isa::Config config, const ScheduleOptions& options) {
  if (options.sbuf_bytes > 0) {
    config.sbuf_bytes =
        static_cast<uint32_t>(std::min<int64_t>(config.sbuf_bytes, options.sbuf_bytes));
  }
  return config;
}

LayerGraph Shuffled(LayerGraph graph, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Layer> waiting = std::move(graph.layers);
  std::set<ValueId> computed;  // by layers that are still waiting
  for (const Layer& layer : waiting) {
    computed.insert(layer.outputs.begin(), layer.outputs.end());
  }
  graph.layers.clear();
  while (!waiting.empty()) {
    std::vector<size_t> ready;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (std::ranges::none_of(waiting[i].inputs,
                               [&](ValueId id) { return computed.contains(id); })) {
        ready.push_back(i);
      }
    }
    const size_t next = ready[random() % ready.size()];
    for (const ValueId id : waiting[next].outputs) {
      computed.erase(id);
    }
    graph.layers.push_back(std::move(waiting[next]));
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
  }
  return graph;
}

}  // namespace neuron::compiler
