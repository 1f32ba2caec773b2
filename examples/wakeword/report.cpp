// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "listener.h"

namespace wakeword {
namespace {

constexpr double kHardwareHz = 100e6;  // the clock of the board that the figures are projected to
constexpr int kBarWidth = 50;

// A sum over all runs, for one frame: every frame is a run.
double PerFrame(const Report& report, uint64_t sum) {
  return static_cast<double>(sum) / static_cast<double>(std::max<uint64_t>(report.cost.runs, 1));
}

// Share of the array's multiplications that were useful.
double Utilization(const Cost& cost, uint32_t partitions) {
  const double possible = static_cast<double>(cost.cycles) * partitions * partitions;
  return possible == 0.0 ? 0.0 : static_cast<double>(cost.macs) / possible;
}

double KiloHertz(const Cost& cost) {
  return cost.device_seconds == 0.0 ? 0.0
                                    : static_cast<double>(cost.cycles) / cost.device_seconds / 1e3;
}

std::string Chart(const Report& report) {
  std::string text = "  time    score   0         0.25          0.5         0.75         1\n";
  for (size_t frame = 0; frame < report.scores.size(); ++frame) {
    const float score = report.scores[frame];
    const int length = static_cast<int>(std::lround(std::clamp(score, 0.0F, 1.0F) * kBarWidth));
    std::string bar = std::string(static_cast<size_t>(length), '#');
    bar.resize(kBarWidth, ' ');
    char& mark = bar[static_cast<size_t>(
        std::clamp(static_cast<int>(report.threshold * kBarWidth), 0, kBarWidth - 1))];
    if (mark == ' ') mark = ':';
    text +=
        fmt::format("  {:4.2f} s  {:.4f} |{}|{}\n", static_cast<double>(frame + 1) * kFrameSeconds,
                    score, bar, score >= report.threshold ? " " + report.wake_word : "");
  }
  return text;
}

std::string Verdict(const Report& report) {
  const auto best = std::max_element(report.scores.begin(), report.scores.end());
  if (best == report.scores.end()) return "Nothing to listen to.\n";
  const double seconds = static_cast<double>(best - report.scores.begin() + 1) * kFrameSeconds;
  return fmt::format("{} \"{}\": highest score {:.4f} at {:.2f} s, threshold {:.2f}\n",
                     report.heard() ? "HEARD" : "Did not hear", report.wake_word, *best, seconds,
                     report.threshold);
}

std::string Costs(const Report& report) {
  const Cost& cost = report.cost;
  const double cycles = PerFrame(report, cost.cycles);
  const double milliseconds = 1e3 * cycles / kHardwareHz;
  std::string text = fmt::format(
      "  One frame of 80 ms takes {:.0f} cycles ({}), utilisation {:.1f}%,\n"
      "  for {:.0f} useful MACs and {:.1f} KiB of DRAM traffic.\n"
      "  The host writes {} bytes for it and reads {}; {} bytes of history stay on the device.\n",
      cycles, cost.measured ? "counted" : "estimated by the cycle model",
      100.0 * Utilization(cost, report.partitions), PerFrame(report, cost.macs),
      PerFrame(report, cost.dram_bytes) / 1024.0, report.bytes_written, report.bytes_read,
      report.state_bytes);
  text += fmt::format(
      "  Hardware at 100 MHz would take {:.2f} ms for it: {:.1f}% of real time, {:.0f} times "
      "faster "
      "than needed.\n",
      milliseconds, 100.0 * milliseconds / (1e3 * kFrameSeconds),
      milliseconds == 0.0 ? 0.0 : 1e3 * kFrameSeconds / milliseconds);
  text += fmt::format(
      "  {}: {} frames, {} of them silence before the recording,\n"
      "  {:.2f} million cycles at {:.1f} kHz, {:.1f} s wall time.\n",
      report.device, cost.runs, cost.runs - report.scores.size(),
      static_cast<double>(cost.cycles) / 1e6, KiloHertz(cost), report.wall_seconds);
  return text;
}

}  // namespace

bool Report::heard() const {
  return std::any_of(scores.begin(), scores.end(), [&](float score) { return score >= threshold; });
}

std::string ToText(const Report& report) {
  return fmt::format("Listening to \"{}\"\n{}{}{}", report.phrase, Chart(report), Verdict(report),
                     Costs(report));
}

std::string ToJson(const Report& report) {
  nlohmann::ordered_json json;
  json["phrase"] = report.phrase;
  json["wake_word"] = report.wake_word;
  json["device"] = report.device;
  json["threshold"] = report.threshold;
  json["heard"] = report.heard();
  json["scores"] = report.scores;
  json["wall_seconds"] = report.wall_seconds;
  json["cycles_per_frame"] = PerFrame(report, report.cost.cycles);
  json["cycles_measured"] = report.cost.measured;
  json["simulated_khz"] = KiloHertz(report.cost);
  json["utilization"] = Utilization(report.cost, report.partitions);
  json["runs"] = report.cost.runs;
  json["cycles"] = report.cost.cycles;
  json["macs"] = report.cost.macs;
  json["dram_bytes"] = report.cost.dram_bytes;
  json["device_seconds"] = report.cost.device_seconds;
  json["bytes_written_per_frame"] = report.bytes_written;
  json["bytes_read_per_frame"] = report.bytes_read;
  json["state_bytes"] = report.state_bytes;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace wakeword
