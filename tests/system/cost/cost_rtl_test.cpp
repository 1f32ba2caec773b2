// SPDX-License-Identifier: Apache-2.0
// The compiler's estimate of a layer's cycles is that of the Verilated hardware: within 5% for the
// median layer and 15% for the worst, over the layers of the zoo's models, each compiled alone, in
// parts where SBUF does not hold it. By default a sample of those of up to 200,000 cycles; on
// demand one in so many of those of up to 400,000:
// NEURON_COST_EVERY=1 build/release/bin/cost_rtl_test
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
constexpr uint64_t kMostCyclesOnDemand = 400000;
constexpr size_t kEvery = 8;  // layers of the sample: one in so many

struct SampleSize {
  size_t every = kEvery;
  uint64_t most_cycles = kMostCycles;
};

SampleSize SizeOfSample() {
  const char* every = std::getenv("NEURON_COST_EVERY");
  if (every == nullptr) return {};
  return {std::max<size_t>(1, std::strtoul(every, nullptr, 10)), kMostCyclesOnDemand};
}

struct CompiledLayer {
  std::string name;
  ncx::PackageData package;
};

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

// Layers that certainly take too long are not counted; one that turns out to, that needs the host
// between two launches or that does not compile is named and left out.
std::vector<CompiledLayer> Sample(const tools::Zoo& zoo, const isa::Config& config) {
  const SampleSize size = SizeOfSample();
  std::vector<CompiledLayer> sample;
  size_t number = 0;
  const auto leave_out = [](const std::string& name, const std::string& why) {
    std::cout << "left out: " << name << ": " << why << "\n";
  };
  for (const tools::ZooModel& model : zoo.models) {
    const auto layers = SingleLayersOf(model);
    if (!layers.ok()) {
      leave_out(model.name, layers.status().message());
      continue;
    }
    for (const SingleLayer& layer : *layers) {
      if (LeastCycles(layer, config) > size.most_cycles || number++ % size.every != 0) continue;
      auto package = CompileAlone(layer, config);
      if (!package.ok()) {
        leave_out(layer.name, package.status().message());
      } else if (package->launches.size() != 1) {
        leave_out(layer.name, std::to_string(package->launches.size()) + " launches");
      } else if (const uint64_t cycles = ncx::EstimatedCycles(package->launches);
                 cycles > size.most_cycles) {
        leave_out(layer.name, std::to_string(cycles) + " cycles");
      } else {
        sample.push_back({layer.name, std::move(*package)});
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
  for (const CompiledLayer& layer : Sample(*zoo, *isa::FindConfig("sim"))) {
    const auto cycles = MeasuredCycles(*runtime, layer.package);
    ASSERT_TRUE(cycles.ok()) << layer.name << ": " << cycles.status().ToString();
    layers.push_back({layer.name, ncx::EstimatedCycles(layer.package.launches), *cycles});
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
