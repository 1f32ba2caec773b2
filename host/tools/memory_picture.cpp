// SPDX-License-Identifier: Apache-2.0
#include "host/tools/memory_picture.h"

#include <fmt/core.h>
#include <neuron/isa.h>

#include <algorithm>
#include <set>
#include <vector>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

constexpr size_t kColumns = 64;
constexpr size_t kMostRows = 48;
constexpr size_t kMostLetters = 26;

// What the plan holds of SBUF, per partition.
struct Plan {
  const ncx::PackageData& package;
  uint64_t capacity = 0;
  std::vector<const ncx::BufferPlan*> buffers;  // largest first
  std::vector<uint64_t> used;                   // bytes, by position in the timeline
  size_t fullest = 0;                           // position
  uint64_t streamed = 0;                        // bytes loaded ahead of use, in all
  size_t streamed_count = 0;
  uint64_t resident = 0;  // bytes that stay for the next execution
  size_t resident_count = 0;
};

bool Lives(const ncx::BufferPlan& buffer, size_t first, size_t last) {
  return buffer.first <= last && first <= buffer.last;
}

// Bytes that any of the buffers alive between two layers covers.
uint64_t UsedBytes(const Plan& plan, size_t first, size_t last) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const ncx::BufferPlan* buffer : plan.buffers) {
    if (Lives(*buffer, first, last)) {
      ranges.emplace_back(buffer->offset, uint64_t{buffer->offset} + buffer->bytes);
    }
  }
  std::ranges::sort(ranges);
  uint64_t bytes = 0;
  uint64_t end = 0;
  for (const auto& [low, high] : ranges) {
    bytes += high > end ? high - std::max(low, end) : 0;
    end = std::max(end, high);
  }
  return bytes;
}

Plan MakePlan(const ncx::PackageData& package) {
  Plan plan{.package = package,
            .capacity = isa::FindConfig(package.configuration)->sbuf_bytes,
            .buffers = {},
            .used = std::vector<uint64_t>(package.timeline.size(), 0)};
  for (const ncx::BufferPlan& buffer : package.buffers) {
    if (buffer.space == static_cast<uint32_t>(isa::Space::kSbuf)) {
      plan.buffers.push_back(&buffer);
      plan.streamed += buffer.streamed ? buffer.bytes : 0;
      plan.streamed_count += buffer.streamed ? 1 : 0;
      plan.resident += buffer.resident ? buffer.bytes : 0;
      plan.resident_count += buffer.resident ? 1 : 0;
    }
  }
  std::ranges::stable_sort(plan.buffers, std::greater<>(), &ncx::BufferPlan::bytes);
  for (size_t layer = 0; layer < plan.used.size(); ++layer) {
    plan.used[layer] = UsedBytes(plan, layer, layer);
    plan.fullest = plan.used[layer] > plan.used[plan.fullest] ? layer : plan.fullest;
  }
  return plan;
}

std::string LayerName(const Plan& plan, size_t time) {
  if (time >= plan.package.timeline.size()) {
    return fmt::format("position {}", time);
  }
  const ncx::Node& node = plan.package.nodes[plan.package.timeline[time]];
  return fmt::format("{} ({})", node.name, node.op_type);
}

bool IsConstant(const ncx::BufferPlan& buffer) { return buffer.streamed || buffer.resident; }

// "resident: ...", for plans that have such buffers.
std::string ResidentText(const Plan& plan) {
  return plan.resident_count == 0
             ? ""
             : fmt::format(
                   "resident: {} buffers of constants, {} bytes a partition in all, which stay for "
                   "the next execution\n",
                   plan.resident_count, Grouped(plan.resident));
}

// Capital letters for the largest buffers, small ones for constants.
char LetterOf(const Plan& plan, size_t rank) {
  if (rank >= kMostLetters) {
    return '+';
  }
  return static_cast<char>((IsConstant(*plan.buffers[rank]) ? 'a' : 'A') + rank);
}

// SBUF during some layers; the largest buffer of a column shows.
std::string RowText(const Plan& plan, size_t first, size_t last) {
  std::string row(kColumns, '.');
  for (size_t rank = plan.buffers.size(); rank-- > 0;) {
    const ncx::BufferPlan& buffer = *plan.buffers[rank];
    if (!Lives(buffer, first, last) || plan.capacity == 0) {
      continue;
    }
    const uint64_t end = uint64_t{buffer.offset} + buffer.bytes;
    const uint64_t from = std::min(buffer.offset * kColumns / plan.capacity, kColumns - 1);
    const uint64_t to = std::clamp<uint64_t>((end * kColumns + plan.capacity - 1) / plan.capacity,
                                             from + 1, kColumns);
    std::fill(row.begin() + static_cast<ptrdiff_t>(from), row.begin() + static_cast<ptrdiff_t>(to),
              LetterOf(plan, rank));
  }
  return row;
}

std::string BufferText(const Plan& plan, size_t rank) {
  const ncx::BufferPlan& buffer = *plan.buffers[rank];
  const std::string life = buffer.first == buffer.last ? LayerName(plan, buffer.first)
                                                       : LayerName(plan, buffer.first) + " to " +
                                                             LayerName(plan, buffer.last);
  return fmt::format("  {} {:>9} bytes at {:>7}  {}{}: {}\n", LetterOf(plan, rank),
                     Grouped(buffer.bytes), buffer.offset, buffer.name,
                     buffer.resident   ? ", resident"
                     : buffer.streamed ? ", streamed"
                                       : "",
                     life);
}

}  // namespace

std::string MemoryText(const ncx::PackageData& package) {
  const Plan plan = MakePlan(package);
  if (plan.buffers.empty() || plan.used.empty()) {
    return "memory plan: nothing lies on chip\n";
  }
  const size_t layers = plan.used.size();
  const size_t step = (layers + kMostRows - 1) / kMostRows;
  std::string text = fmt::format(
      "SBUF: {} bytes in each of {} partitions; at most {} in use ({:.0f} %), in {}\n"
      "streamed: {} buffers of constants, {} bytes a partition in all, each loaded as early as "
      "there "
      "is room\n"
      "{}"
      "from left to right the addresses, {} bytes a column; from top to bottom time, {}\n",
      Grouped(plan.capacity), isa::FindConfig(package.configuration)->p,
      Grouped(plan.used[plan.fullest]), Percent(plan.used[plan.fullest], plan.capacity),
      LayerName(plan, plan.fullest), plan.streamed_count, Grouped(plan.streamed),
      ResidentText(plan), Grouped(plan.capacity / kColumns),
      step == 1 ? std::string("a layer a row") : fmt::format("{} layers a row", step));
  for (size_t first = 0; first < layers; first += step) {
    const size_t last = std::min(first + step, layers) - 1;
    const auto most = *std::max_element(plan.used.begin() + static_cast<ptrdiff_t>(first),
                                        plan.used.begin() + static_cast<ptrdiff_t>(last) + 1);
    text += fmt::format("  {:>3.0f} % |{}| {}\n", Percent(most, plan.capacity),
                        RowText(plan, first, last), LayerName(plan, first));
  }
  text += "largest buffers (a small letter: constants; +: smaller ones)\n";
  for (size_t rank = 0; rank < std::min(plan.buffers.size(), kMostLetters); ++rank) {
    text += BufferText(plan, rank);
  }
  return text;
}

Svg MemorySvg(const ncx::PackageData& package) {
  constexpr double kWidth = 1200;
  constexpr double kHeight = 620;
  constexpr double kMargin = 70;
  constexpr int kTicks = 8;
  const Plan plan = MakePlan(package);
  const auto layers = static_cast<double>(std::max<size_t>(plan.used.size(), 1));
  const auto x = [&](double layer) { return kMargin + layer / layers * (kWidth - 2 * kMargin); };
  const auto y = [&](double address) {
    return kHeight - kMargin -
           address / static_cast<double>(plan.capacity) * (kHeight - 2 * kMargin);
  };
  Svg svg(kWidth, kHeight);
  svg.Text(kMargin, 28,
           fmt::format("SBUF of {} on '{}': bytes in each partition, layers from left to right",
                       package.model_name, package.configuration),
           Svg::Anchor::kStart, 16);
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double address = static_cast<double>(plan.capacity) * tick / kTicks;
    svg.Line(x(0), y(address), x(layers), y(address), "#dddddd");
    svg.Text(kMargin - 6, y(address) + 4, fmt::format("{:.0f}", address), Svg::Anchor::kEnd);
  }
  for (size_t rank = 0; rank < plan.buffers.size(); ++rank) {
    const ncx::BufferPlan& buffer = *plan.buffers[rank];
    const double top = static_cast<double>(buffer.offset) + buffer.bytes;
    svg.Rectangle(x(buffer.first), y(top), x(buffer.last + 1.0) - x(buffer.first),
                  y(buffer.offset) - y(top), IsConstant(buffer) ? "#bbbbbb" : ColourOf(rank),
                  BufferText(plan, rank));
  }
  svg.Text(kMargin, kHeight - 24,
           fmt::format("grey: constants; at most {} of {} bytes in use, in {}",
                       Grouped(plan.used.empty() ? 0 : plan.used[plan.fullest]),
                       Grouped(plan.capacity), LayerName(plan, plan.fullest)));
  return svg;
}

nlohmann::json MemoryJson(const ncx::PackageData& package) {
  const Plan plan = MakePlan(package);
  nlohmann::json buffers = nlohmann::json::array();
  for (const ncx::BufferPlan& buffer : package.buffers) {
    buffers.push_back({{"name", buffer.name},
                       {"space", isa::Name(isa::Space{buffer.space})},
                       {"offset", buffer.offset},
                       {"bytes", buffer.bytes},
                       {"first_layer", buffer.first},
                       {"last_layer", buffer.last},
                       {"streamed", buffer.streamed},
                       {"resident", buffer.resident}});
  }
  return {{"sbuf_bytes", plan.capacity},
          {"peak_bytes", plan.used.empty() ? 0 : plan.used[plan.fullest]},
          {"peak_layer", LayerName(plan, plan.fullest)},
          {"streamed_bytes", plan.streamed},
          {"resident_bytes", plan.resident},
          {"buffers", buffers}};
}

}  // namespace neuron::tools
