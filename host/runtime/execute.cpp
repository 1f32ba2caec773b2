// SPDX-License-Identifier: Apache-2.0
// The execution of a model's steps.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "driver/disassemble.h"
#include "host/ncx/instructions.h"
#include "host/ops/evaluate.h"
#include "host/runtime/model.h"

namespace neuron::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// How long an aborted launch may take to stop before the device is reset.
constexpr std::chrono::milliseconds kAbortTimeout{10000};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

driver::LaunchDescriptor Describe(const ncx::PackageData& package, const ncx::Launch& launch,
                                  const std::vector<std::shared_ptr<Buffer>>& segments,
                                  uint32_t watchdog_cycles) {
  driver::LaunchDescriptor descriptor;
  for (size_t i = 0; i < segments.size(); ++i) {
    const ncx::Segment& segment = package.segments[i];
    descriptor.segments.push_back({.base = segments[i]->address(),
                                   .limit = segment.bytes,
                                   .readable = segment.readable,
                                   .writable = segment.writable});
  }
  for (const ncx::QueueProgram& program : launch.queues) {
    descriptor.queue_offset[program.queue] = static_cast<uint32_t>(program.offset);
    descriptor.queue_count[program.queue] = program.count;
  }
  descriptor.watchdog_cycles = watchdog_cycles;
  return descriptor;
}

std::string HangText(driver::Device& device, const ncx::PackageData& package,
                     const ncx::Launch& launch) {
  const Result<driver::HangReport> report = device.Inspect(0);
  if (!report.ok()) {
    return "  no report: " + report.status().message();
  }
  return driver::ToString(*report, [&](uint32_t queue, uint32_t index) {
    return ncx::SourceOf(package, launch, queue, index);
  });
}

// Stops a launch that has not ended in time, so that the device can be used again.
void StopLaunch(driver::Device& device) {
  if (!device.Abort(0).ok() || !device.Wait(0, kAbortTimeout).ok()) {
    // The next launch reports what a failed reset leaves behind.
    static_cast<void>(device.Reset());
  }
}

Status TimeoutStatus(driver::Device& device, const ncx::PackageData& package,
                     const ncx::Launch& launch, const ExecuteOptions& options) {
  const bool live = device.Inspect(0).ok();
  std::string text = live ? HangText(device, package, launch) : "";
  StopLaunch(device);
  if (!live) {
    text = HangText(device, package, launch);
  }
  return Status(StatusCode::kTimeout,
                fmt::format("model '{}' has not ended after {} ms and was stopped:\n{}",
                            package.model_name, options.timeout.count(), text));
}

// The instruction that an error record names, if the package holds it.
std::string InstructionText(const ncx::PackageData& package, const ncx::Launch& launch,
                            const driver::ErrorRecord& error) {
  for (const ncx::QueueProgram& program : launch.queues) {
    if (program.queue == error.queue && error.index < program.count) {
      return driver::Disassemble(ncx::InstructionWords(package.image, program.offset, error.index));
    }
  }
  return "";
}

Status ErrorStatus(driver::Device& device, const ncx::PackageData& package,
                   const ncx::Launch& launch, const driver::ErrorRecord& error) {
  const std::string source = ncx::SourceOf(package, launch, error.queue, error.index);
  if (error.code == isa::Error::kWatchdog) {
    return Status(StatusCode::kTimeout,
                  fmt::format("model '{}' hung: {}\n{}", package.model_name,
                              driver::ToString(error), HangText(device, package, launch)));
  }
  return Status(StatusCode::kExecutionError,
                fmt::format("the device stopped model '{}': {}{}{}\n  {}", package.model_name,
                            driver::ToString(error), source.empty() ? "" : ", from ", source,
                            InstructionText(package, launch, error)));
}

Status CancelledStatus(const ncx::PackageData& package) {
  return Status(StatusCode::kCancelled,
                fmt::format("the execution of model '{}' was cancelled", package.model_name));
}

// Moves a tensor between a caller's memory and a shared segment.
Status CopyMemory(driver::Device& device, const SharedTensor& shared, uint64_t from, uint64_t to) {
  NEURON_ASSIGN_OR_RETURN(const uint64_t bytes,
                          ncx::TensorBytes(shared.tensor->type, shared.tensor->shape));
  std::vector<std::byte> data(bytes);
  NEURON_RETURN_IF_ERROR(device.ReadMemory(from, data));
  return device.WriteMemory(to, data);
}

void AddResult(const driver::LaunchResult& result, uint64_t macs, ExecutionStats& stats) {
  stats.cycles += result.cycles;
  stats.cycles_measured = result.cycles_measured;
  stats.launches += 1;
  stats.sticky |= result.sticky;
  stats.macs += macs;
  stats.device_seconds += result.wall_seconds;
  for (size_t queue = 0; queue < isa::kNumQueues; ++queue) {
    for (size_t counter = 0; counter < isa::kNumCounters; ++counter) {
      stats.counters[queue][counter] += result.counters[queue][counter];
    }
  }
  stats.findings.insert(stats.findings.end(), result.findings.begin(), result.findings.end());
}

}  // namespace

Status Model::Execute(const Binding& binding, const ExecuteOptions& options) {
  return runtime_->WithDevice([&](driver::Device& device) {
    ExecutionStats stats;
    const Clock::time_point start = Clock::now();
    stats.weights_resident = !package_.repeat_launches.empty() && runtime_->resident_model() == id_;
    // Nobody's, until the execution has come to its end.
    runtime_->set_resident_model(Runtime::kNoModel);
    Status status = RunBound(device, binding, options, stats);
    if (status.ok()) {
      runtime_->set_resident_model(id_);
    }
    stats.total_seconds = SecondsSince(start);
    const std::lock_guard lock(stats_mutex_);
    last_stats_ = std::move(stats);
    return status;
  });
}

Status Model::RunBound(driver::Device& device, const Binding& binding,
                       const ExecuteOptions& options, ExecutionStats& stats) const {
  Segments segments = binding.segments;
  State& state = options.state == nullptr ? *state_ : *options.state;
  state.Bind(segments);
  const auto place = [&](const SharedTensor& shared) {
    return segments[shared.tensor->segment]->address() + shared.tensor->offset;
  };
  for (const SharedTensor& input : binding.copied_in) {
    NEURON_RETURN_IF_ERROR(CopyMemory(device, input, input.buffer->address(), place(input)));
  }
  NEURON_RETURN_IF_ERROR(RunSteps(device, segments, options, stats));
  for (const SharedTensor& output : binding.copied_out) {
    NEURON_RETURN_IF_ERROR(CopyMemory(device, output, place(output), output.buffer->address()));
  }
  state.Advance();
  return OkStatus();
}

Status Model::RunSteps(driver::Device& device, const Segments& segments,
                       const ExecuteOptions& options, ExecutionStats& stats) const {
  for (const ncx::Step& step : package_.steps) {
    if (step.kind == ncx::StepKind::kLaunch) {
      const ncx::Launch& launch =
          (stats.weights_resident ? package_.repeat_launches : package_.launches)[step.index];
      const bool loads_only = stats.weights_resident && launch.queues.empty();
      if (!loads_only) {
        NEURON_RETURN_IF_ERROR(RunLaunch(device, launch, segments, options, stats));
      }
    } else {
      if (options.cancellation != nullptr && options.cancellation->requested()) {
        return CancelledStatus(package_);
      }
      const Clock::time_point start = Clock::now();
      const Status status = RunHostOp(device, package_.host_ops[step.index], segments);
      stats.host_seconds += SecondsSince(start);
      stats.host_operators += 1;
      NEURON_RETURN_IF_ERROR(status);
    }
  }
  return OkStatus();
}

Status Model::RunLaunch(driver::Device& device, const ncx::Launch& launch, const Segments& segments,
                        const ExecuteOptions& options, ExecutionStats& stats) const {
  const driver::LaunchDescriptor descriptor =
      Describe(package_, launch, segments, options.watchdog_cycles);
  Cancellation uncancelled;
  Cancellation& cancellation =
      options.cancellation == nullptr ? uncancelled : *options.cancellation;
  const Status launched = cancellation.Launch(device, descriptor);
  if (!launched.ok()) {
    return launched.code() == StatusCode::kCancelled ? CancelledStatus(package_) : launched;
  }
  const Result<driver::LaunchResult> result = device.Wait(0, options.timeout);
  cancellation.Ended();
  if (!result.ok()) {
    return result.status().code() == StatusCode::kTimeout
               ? TimeoutStatus(device, package_, launch, options)
               : result.status();
  }
  AddResult(*result, launch.macs, stats);
  if (result->error.has_value()) {
    if (result->error->code == isa::Error::kAborted && cancellation.requested()) {
      return CancelledStatus(package_);
    }
    return ErrorStatus(device, package_, launch, *result->error);
  }
  return OkStatus();
}

Result<HostTensor> Model::ReadTensor(driver::Device& device, const ncx::Tensor& tensor,
                                     const Segments& segments) const {
  HostTensor value(tensor.type, tensor.shape);
  if (tensor.segment == 0) {
    std::copy_n(package_.image.begin() + static_cast<ptrdiff_t>(tensor.offset), value.data.size(),
                value.data.begin());
    return value;
  }
  NEURON_RETURN_IF_ERROR(
      device.ReadMemory(segments[tensor.segment]->address() + tensor.offset, value.data));
  return value;
}

Status Model::RunHostOp(driver::Device& device, const ncx::HostOp& op,
                        const Segments& segments) const {
  std::vector<HostTensor> inputs(op.inputs.size());
  std::vector<const HostTensor*> pointers(op.inputs.size(), nullptr);
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i] >= 0) {
      NEURON_ASSIGN_OR_RETURN(
          inputs[i],
          ReadTensor(device, package_.tensors[static_cast<size_t>(op.inputs[i])], segments));
      pointers[i] = &inputs[i];
    }
  }
  NEURON_ASSIGN_OR_RETURN(const std::vector<HostTensor> outputs, Evaluate(op.node, pointers));
  for (size_t i = 0; i < op.outputs.size() && i < outputs.size(); ++i) {
    if (op.outputs[i] < 0) {
      continue;
    }
    const ncx::Tensor& tensor = package_.tensors[static_cast<size_t>(op.outputs[i])];
    if (outputs[i].type != tensor.type || outputs[i].shape != tensor.shape) {
      return Status(StatusCode::kExecutionError,
                    fmt::format("host operator '{}' ({}) gave {} {} for '{}', which is {} {}",
                                op.node.name, op.node.op_type, ElementTypeName(outputs[i].type),
                                ShapeToString(outputs[i].shape), tensor.name,
                                ElementTypeName(tensor.type), ShapeToString(tensor.shape)));
    }
    NEURON_RETURN_IF_ERROR(
        device.WriteMemory(segments[tensor.segment]->address() + tensor.offset, outputs[i].data));
  }
  return OkStatus();
}

}  // namespace neuron::runtime
