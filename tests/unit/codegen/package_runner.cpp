// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/codegen/package_runner.h"

#include <algorithm>
#include <cstring>

#include "sim/functional/functional_core.h"

namespace neuron::compiler {
namespace {

std::vector<std::byte>::iterator BeginOf(const ncx::Tensor& tensor, const sim::Launch& launch,
                                         std::vector<std::byte>& dram) {
  return dram.begin() +
         static_cast<ptrdiff_t>(launch.segments[tensor.segment].base + tensor.offset);
}

// Puts the segments behind one another and fills the image and the inputs.
std::vector<std::byte> LayOut(const ncx::PackageData& package,
                              const std::vector<HostTensor>& inputs, sim::Launch& launch) {
  uint64_t top = 0;
  constexpr uint64_t kSegmentAlignment = 64;
  for (size_t i = 0; i < package.segments.size(); ++i) {
    const ncx::Segment& segment = package.segments[i];
    launch.segments[i] = {top, segment.bytes, segment.readable, segment.writable};
    top += (segment.bytes + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
  }
  std::vector<std::byte> dram(top);
  std::ranges::copy(package.image, dram.begin());
  size_t next_input = 0;
  for (const ncx::Tensor& tensor : package.tensors) {
    if (tensor.role == ncx::TensorRole::kInput) {
      const HostTensor& value = inputs[next_input++];
      std::ranges::copy(value.data, BeginOf(tensor, launch, dram));
    }
  }
  return dram;
}

// Runs all steps with these launches; adds what is wrong to `run.error` and false to stop.
bool RunSteps(const ncx::PackageData& package, const std::vector<ncx::Launch>& launches,
              sim::FunctionalCore& core, sim::Launch& launch, std::vector<std::byte>& dram,
              PackageRun& run) {
  run.cycles = 0;
  for (const ncx::Step& step : package.steps) {
    if (step.kind == ncx::StepKind::kHost) {
      run.error = "the package has a host operator";
      return false;
    }
    launch.queue_count.fill(0);
    for (const ncx::QueueProgram& program : launches[step.index].queues) {
      launch.queue_offset[program.queue] = static_cast<uint32_t>(program.offset);
      launch.queue_count[program.queue] = program.count;
    }
    const sim::LaunchResult result = core.Run(launch, dram);
    run.cycles += result.cycles;
    if (result.error.code != isa::Error::kNone) {
      run.error = std::string("error ") + isa::Name(result.error.code) + " queue " +
                  isa::Name(result.error.queue) + " instruction " +
                  std::to_string(result.error.index) + "\n" + result.hang_report;
      return false;
    }
    for (const sim::Finding& finding : result.findings) {
      run.error += finding.ToString() + "\n";
    }
  }
  return true;
}

// Fills the outputs with a value that no test expects.
void SpoilOutputs(const ncx::PackageData& package, const sim::Launch& launch,
                  std::vector<std::byte>& dram) {
  for (size_t i = 0; i < package.segments.size(); ++i) {
    if (package.segments[i].kind == ncx::SegmentKind::kOutput) {
      std::memset(dram.data() + launch.segments[i].base, 0xA5, package.segments[i].bytes);
    }
  }
}

}  // namespace

PackageRun RunPackage(const ncx::PackageData& built, const std::vector<HostTensor>& inputs,
                      uint64_t seed, Programs programs, const isa::CostParameters& cost) {
  PackageRun run;
  const auto loaded = ncx::Load(ncx::Serialize(built));
  if (!loaded.ok()) {
    run.error = loaded.status().ToString();
    return run;
  }
  const ncx::PackageData& package = *loaded;
  sim::Launch launch;
  std::vector<std::byte> dram = LayOut(package, inputs, launch);
  sim::FunctionalOptions options;
  options.seed = seed;
  options.cost = cost;
  sim::FunctionalCore core(*isa::FindConfig(package.configuration), options);
  if (programs != Programs::kRepeatedAlone &&
      !RunSteps(package, package.launches, core, launch, dram, run)) {
    return run;
  }
  if (programs != Programs::kFirst) {
    SpoilOutputs(package, launch, dram);
    if (!RunSteps(package, package.repeat_launches, core, launch, dram, run)) {
      return run;
    }
  }
  for (const ncx::Tensor& tensor : package.tensors) {
    if (tensor.role == ncx::TensorRole::kOutput) {
      HostTensor value(tensor.type, tensor.shape);
      std::ranges::copy_n(BeginOf(tensor, launch, dram), std::ssize(value.data),
                          value.data.begin());
      run.outputs.push_back(std::move(value));
    }
  }
  return run;
}

}  // namespace neuron::compiler
