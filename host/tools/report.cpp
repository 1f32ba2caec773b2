// SPDX-License-Identifier: Apache-2.0
#include "host/tools/report.h"

#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <cmath>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

constexpr int64_t kValuesInText = 6;

const char* QueueName(uint32_t queue) { return isa::Name(isa::Queue{queue}); }

}  // namespace

double HostTimeShare(const nrt_execution_stats& stats) {
  return stats.total_seconds > 0 ? stats.host_seconds / stats.total_seconds : 0;
}

std::string StayingText(const ncx::PackageData& package, compiler::ResidentWeights asked) {
  if (const uint64_t bytes = ncx::ResidentBytes(package); bytes != 0) {
    return fmt::format("{} bytes of weights stay in SBUF", Grouped(bytes));
  }
  if (!package.repeat_launches.empty()) {
    return "function tables stay in ScalarE";
  }
  switch (asked) {
    case compiler::ResidentWeights::kOn:
      return "nothing stays in SBUF: the model loads no weights";
    case compiler::ResidentWeights::kAuto:
      return "nothing stays in SBUF: a repeated execution would hardly be faster";
    case compiler::ResidentWeights::kOff:
      break;
  }
  return "";
}

std::string StatsText(const nrt_execution_stats& stats) {
  std::string text = fmt::format(
      "cycles        {} ({}), {} launch{}\n"
      "tensor        {:.1f} % utilisation ({} useful MACs)\n"
      "DRAM          {} bytes read, {} bytes written\n"
      "speed         {:.1f} kHz, {:.3f} s on the device, {:.3f} s in all\n",
      Grouped(stats.cycles), stats.cycles_measured != 0 ? "measured" : "modelled", stats.launches,
      stats.launches == 1 ? "" : "es", 100 * stats.utilization, Grouped(stats.macs),
      Grouped(stats.dram_bytes_read), Grouped(stats.dram_bytes_written), stats.simulated_khz,
      stats.device_seconds, stats.total_seconds);
  if (stats.host_operators != 0) {
    text += fmt::format("host          {} operator{}, {:.3f} s, {:.1f} % of the time\n",
                        stats.host_operators, stats.host_operators == 1 ? "" : "s",
                        stats.host_seconds, 100 * HostTimeShare(stats));
  }
  if (stats.sticky != 0) {
    for (const isa::Sticky flag : {isa::Sticky::kNanOperand, isa::Sticky::kIntOverflow}) {
      if ((stats.sticky >> static_cast<uint32_t>(flag) & 1U) != 0) {
        text += fmt::format("flag          {}\n", isa::Name(flag));
      }
    }
  }
  text += "engine        busy          stalls: semaphore   bank    fetch   memory  instructions\n";
  for (uint32_t i = 0; i < NRT_NUM_QUEUES; ++i) {
    const nrt_queue_stats& queue = stats.queue[i];
    if (queue.instructions == 0) {
      continue;
    }
    text += fmt::format(
        "  {:<8} {:>12} {:>5.1f} % {:>10.1f} % {:>5.1f} % {:>5.1f} % {:>5.1f} % {:>12}\n",
        QueueName(i), Grouped(queue.busy), Percent(queue.busy, stats.cycles),
        Percent(queue.stall_semaphore, stats.cycles), Percent(queue.stall_bank, stats.cycles),
        Percent(queue.stall_fetch, stats.cycles), Percent(queue.stall_memory, stats.cycles),
        Grouped(queue.instructions));
  }
  return text;
}

nlohmann::json StatsJson(const nrt_execution_stats& stats) {
  nlohmann::json queues = nlohmann::json::object();
  for (uint32_t i = 0; i < NRT_NUM_QUEUES; ++i) {
    const nrt_queue_stats& queue = stats.queue[i];
    queues[QueueName(i)] = {{"busy", queue.busy},
                            {"stall_semaphore", queue.stall_semaphore},
                            {"stall_bank", queue.stall_bank},
                            {"stall_fetch", queue.stall_fetch},
                            {"stall_memory", queue.stall_memory},
                            {"instructions", queue.instructions},
                            {"bytes_read", queue.bytes_read},
                            {"bytes_written", queue.bytes_written}};
  }
  return {{"cycles", stats.cycles},
          {"cycles_source", stats.cycles_measured != 0 ? "measured" : "modelled"},
          {"launches", stats.launches},
          {"host_operators", stats.host_operators},
          {"macs", stats.macs},
          {"utilization", stats.utilization},
          {"dram_bytes_read", stats.dram_bytes_read},
          {"dram_bytes_written", stats.dram_bytes_written},
          {"dram_bytes", stats.dram_bytes_read + stats.dram_bytes_written},
          {"sticky", stats.sticky},
          {"simulated_khz", stats.simulated_khz},
          {"device_seconds", stats.device_seconds},
          {"host_seconds", stats.host_seconds},
          {"host_time_share", HostTimeShare(stats)},
          {"total_seconds", stats.total_seconds},
          {"engines", queues}};
}

void AddStats(const nrt_execution_stats& one, uint32_t partitions, nrt_execution_stats& sum) {
  sum.cycles += one.cycles;
  sum.cycles_measured = one.cycles_measured;
  sum.launches += one.launches;
  sum.host_operators += one.host_operators;
  sum.sticky |= one.sticky;
  sum.macs += one.macs;
  sum.dram_bytes_read += one.dram_bytes_read;
  sum.dram_bytes_written += one.dram_bytes_written;
  sum.device_seconds += one.device_seconds;
  sum.host_seconds += one.host_seconds;
  sum.total_seconds += one.total_seconds;
  sum.findings += one.findings;
  for (uint32_t i = 0; i < NRT_NUM_QUEUES; ++i) {
    sum.queue[i].busy += one.queue[i].busy;
    sum.queue[i].stall_semaphore += one.queue[i].stall_semaphore;
    sum.queue[i].stall_bank += one.queue[i].stall_bank;
    sum.queue[i].stall_fetch += one.queue[i].stall_fetch;
    sum.queue[i].stall_memory += one.queue[i].stall_memory;
    sum.queue[i].instructions += one.queue[i].instructions;
    sum.queue[i].bytes_read += one.queue[i].bytes_read;
    sum.queue[i].bytes_written += one.queue[i].bytes_written;
  }
  const double cycles = static_cast<double>(sum.cycles);
  const double peak = static_cast<double>(partitions) * partitions * cycles;
  sum.utilization = peak > 0 ? static_cast<double>(sum.macs) / peak : 0;
  sum.simulated_khz = sum.device_seconds > 0 ? cycles / sum.device_seconds / 1000 : 0;
}

std::string TensorText(const std::string& name, const HostTensor& tensor) {
  std::string text =
      fmt::format("{} {} {}", name, ElementTypeName(tensor.type), ShapeToString(tensor.shape));
  const int64_t count = tensor.elements();
  if (count == 0) {
    return text;
  }
  double low = tensor.ValueAt(0);
  double high = low;
  int64_t highest = 0;
  for (int64_t i = 1; i < count; ++i) {
    const double value = tensor.ValueAt(i);
    low = std::min(low, value);
    if (value > high) {
      high = value;
      highest = i;
    }
  }
  text += fmt::format("  min {:.6g}  max {:.6g} at {}  first", low, high, highest);
  for (int64_t i = 0; i < std::min(count, kValuesInText); ++i) {
    text += fmt::format(" {:.6g}", tensor.ValueAt(i));
  }
  return text + (count > kValuesInText ? " ..." : "");
}

nlohmann::json TensorJson(const std::string& name, const HostTensor& tensor, int64_t most_values) {
  nlohmann::json json = {
      {"name", name}, {"dtype", ElementTypeName(tensor.type)}, {"shape", tensor.shape}};
  if (tensor.elements() <= most_values) {
    nlohmann::json values = nlohmann::json::array();
    for (int64_t i = 0; i < tensor.elements(); ++i) {
      values.push_back(tensor.ValueAt(i));
    }
    json["values"] = values;
  }
  return json;
}

}  // namespace neuron::tools
