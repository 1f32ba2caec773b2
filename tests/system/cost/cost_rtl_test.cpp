// SPDX-License-Identifier: Apache-2.0
// The compiler's estimate of a layer's cycles is that of the Verilated hardware: within 5% for the
// median layer and 15% for the worst, over the layers of the zoo's models, each compiled alone.
// A sample by default; every layer: NEURON_COST_EVERY=1 build/release/bin/cost_rtl_test
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "tests/system/cost/single_layers.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

constexpr double kMedian = 0.05;
constexpr double kWorst = 0.15;
constexpr uint64_t kMostCycles = 200000;  // of a layer that is simulated
constexpr size_t kEvery = 8;              // layers of the sample: one in so many

size_t Every() {
  const char* every = std::getenv("NEURON_COST_EVERY");
  return every == nullptr ? kEvery : std::max<size_t>(1, std::strtoul(every, nullptr, 10));
}

struct Comparison {
  std::string name;
  uint64_t estimated;
  uint64_t measured;
  double error() const {
    return (static_cast<double>(estimated) - static_cast<double>(measured)) /
           static_cast<double>(measured);
  }
  std::string ToString() const {
    return name + ": estimated " + std::to_string(estimated) + ", measured " +
           std::to_string(measured) + " cycles, " + std::to_string(100 * error()) + " %";
  }
};

std::vector<SingleLayer> Sample(const tools::Zoo& zoo) {
  std::vector<SingleLayer> sample;
  size_t number = 0;
  for (const tools::ZooModel& model : zoo.models) {
    auto layers = SingleLayersOf(model, "sim");
    if (!layers.ok()) {
      std::cout << "left out: " << model.name << ": " << layers.status().message() << "\n";
      continue;
    }
    for (size_t i = 0; i < layers->size(); ++i) {
      SingleLayer& layer = (*layers)[i];
      if (layer.estimated_cycles <= kMostCycles && number++ % Every() == 0) {
        sample.push_back(std::move(layer));
      }
    }
  }
  return sample;
}

TEST(CostRtlTest, EstimatesAreCyclesOfTheHardware) {
  if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
  if (!HasDevice("rtl")) GTEST_SKIP() << "this build has no rtl device";
  const auto zoo = tools::ReadZoo(*ZooDirectory());
  ASSERT_TRUE(zoo.ok()) << zoo.status().ToString();
  auto runtime = nrt::Runtime::Open("rtl");
  ASSERT_TRUE(runtime.ok()) << runtime.status().message();
  std::vector<Comparison> layers;
  for (const SingleLayer& layer : Sample(*zoo)) {
    const auto cycles = MeasuredCycles(*runtime, layer);
    ASSERT_TRUE(cycles.ok()) << layer.name << ": " << cycles.status().ToString();
    layers.push_back({layer.name, layer.estimated_cycles, *cycles});
  }
  ASSERT_FALSE(layers.empty());
  std::ranges::sort(layers, [](const Comparison& a, const Comparison& b) {
    return std::fabs(a.error()) > std::fabs(b.error());
  });
  std::cout << layers.size() << " layers, median error "
            << 100 * std::fabs(layers[layers.size() / 2].error()) << " %; the worst:\n";
  for (size_t i = 0; i < std::min<size_t>(layers.size(), 15); ++i) {
    std::cout << "  " << layers[i].ToString() << "\n";
  }
  EXPECT_LE(std::fabs(layers[layers.size() / 2].error()), kMedian);
  EXPECT_LE(std::fabs(layers.front().error()), kWorst) << layers.front().ToString();
}

}  // namespace
}  // namespace neuron::test
