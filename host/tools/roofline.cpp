// SPDX-License-Identifier: Apache-2.0
#include "host/tools/roofline.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

// Axes in powers of two: MACs a byte to the right, MACs a cycle upwards.
constexpr double kLowIntensity = -3;
constexpr double kHighIntensity = 13;
constexpr double kLowSpeed = -2;

struct Point {
  const LayerRow* layer = nullptr;
  double intensity = 0;  // log2 of MACs for a byte
  double speed = 0;      // log2 of MACs for a cycle
};

// The layers to show, longest first.
std::vector<Point> PointsOf(const LayerReport& report) {
  std::vector<Point> points;
  for (const LayerRow& row : report.layers) {
    const uint64_t cycles = std::max(row.cycles, row.array);
    if (row.macs == 0 || cycles == 0) {
      continue;
    }
    const auto macs = static_cast<double>(row.macs);
    const auto bytes = static_cast<double>(std::max<uint64_t>(row.dram_bytes, 1));
    points.push_back({&row, std::clamp(std::log2(macs / bytes), kLowIntensity, kHighIntensity),
                      std::max(std::log2(macs / static_cast<double>(cycles)), kLowSpeed)});
  }
  std::ranges::stable_sort(points, [](const Point& a, const Point& b) {
    return std::max(a.layer->cycles, a.layer->array) > std::max(b.layer->cycles, b.layer->array);
  });
  return points;
}

double HighSpeed(const LayerReport& report) { return 2 * std::log2(report.partitions); }

// What array and DRAM allow at this intensity.
double Roof(const LayerReport& report, double intensity) {
  return std::min(HighSpeed(report), intensity + std::log2(report.bytes_per_cycle));
}

std::string Coordinates(const Point& point) {
  return fmt::format("{:.3g} MACs/byte, {:.3g} MACs/cycle", std::exp2(point.intensity),
                     std::exp2(point.speed));
}

}  // namespace

std::string RooflineText(const LayerReport& report) {
  constexpr int kColumnsPerOctave = 4;
  constexpr size_t kMostLetters = 26;
  const std::vector<Point> points = PointsOf(report);
  if (points.empty()) {
    return "";
  }
  const auto rows = static_cast<size_t>(std::ceil(HighSpeed(report) - kLowSpeed)) + 1;
  const auto columns =
      static_cast<size_t>((kHighIntensity - kLowIntensity) * kColumnsPerOctave) + 1;
  std::vector<std::string> grid(rows, std::string(columns, ' '));
  const auto row_of = [&](double speed) {
    const double steps = std::max(HighSpeed(report) - speed, 0.0);
    return std::min(static_cast<size_t>(std::lround(steps)), rows - 1);
  };
  for (size_t column = 0; column < columns; ++column) {
    const double intensity = kLowIntensity + static_cast<double>(column) / kColumnsPerOctave;
    grid[row_of(std::max(Roof(report, intensity), kLowSpeed))][column] = '_';
  }
  std::string legend;
  for (size_t i = points.size(); i-- > 0;) {
    const double steps = (points[i].intensity - kLowIntensity) * kColumnsPerOctave;
    const char mark = i < kMostLetters ? static_cast<char>('A' + i) : '*';
    grid[row_of(points[i].speed)][static_cast<size_t>(std::lround(steps))] = mark;
  }
  for (size_t i = 0; i < std::min(points.size(), kMostLetters); ++i) {
    legend += fmt::format("  {} {} ({}): {}\n", static_cast<char>('A' + i), points[i].layer->name,
                          points[i].layer->op_type, Coordinates(points[i]));
  }
  std::string text = fmt::format(
      "roofline: MACs for each cycle against MACs for each byte of DRAM; the line is what {} bytes "
      "and {} MACs a cycle allow\n",
      report.bytes_per_cycle, report.partitions * report.partitions);
  for (size_t i = 0; i < rows; ++i) {
    text += fmt::format("{:>8.4g} |{}\n", std::exp2(HighSpeed(report) - static_cast<double>(i)),
                        grid[i]);
  }
  std::string axis;
  for (double at = kLowIntensity; at < kHighIntensity; at += 2) {
    axis += fmt::format("{:<{}}", fmt::format("{:.4g}", std::exp2(at)), 2 * kColumnsPerOctave);
  }
  return text + "         +" + std::string(columns, '-') + "\n          " + axis + "\n" + legend;
}

Svg RooflineSvg(const LayerReport& report) {
  constexpr double kWidth = 960;
  constexpr double kHeight = 560;
  constexpr double kMargin = 60;
  constexpr size_t kMostNames = 20;
  const double top = HighSpeed(report) + 1;
  const auto x = [&](double intensity) {
    return kMargin +
           (intensity - kLowIntensity) / (kHighIntensity - kLowIntensity) * (kWidth - 2 * kMargin);
  };
  const auto y = [&](double speed) {
    return kHeight - kMargin - (speed - kLowSpeed) / (top - kLowSpeed) * (kHeight - 2 * kMargin);
  };
  Svg svg(kWidth, kHeight);
  svg.Text(kMargin, 24, fmt::format("Roofline of {} on '{}'", report.model, report.configuration),
           Svg::Anchor::kStart, 16);
  for (double at = kLowIntensity; at <= kHighIntensity; at += 1) {
    svg.Line(x(at), y(kLowSpeed), x(at), y(top), "#eeeeee");
    svg.Text(x(at), y(kLowSpeed) + 16, fmt::format("{:.4g}", std::exp2(at)), Svg::Anchor::kMiddle);
  }
  for (double at = kLowSpeed; at <= top; at += 1) {
    svg.Line(x(kLowIntensity), y(at), x(kHighIntensity), y(at), "#eeeeee");
    svg.Text(kMargin - 6, y(at) + 4, fmt::format("{:.4g}", std::exp2(at)), Svg::Anchor::kEnd);
  }
  svg.Text(kWidth / 2, kHeight - 16, "MACs for each byte of DRAM traffic", Svg::Anchor::kMiddle);
  svg.Text(8, 44, "MACs for each cycle");
  const double knee = HighSpeed(report) - std::log2(report.bytes_per_cycle);
  const double start = std::max(kLowIntensity, kLowSpeed - std::log2(report.bytes_per_cycle));
  svg.Line(x(start), y(Roof(report, start)), x(knee), y(HighSpeed(report)), "black", 2);
  svg.Line(x(knee), y(HighSpeed(report)), x(kHighIntensity), y(HighSpeed(report)), "black", 2);
  const std::vector<Point> points = PointsOf(report);
  for (size_t i = 0; i < points.size(); ++i) {
    const LayerRow& layer = *points[i].layer;
    const double share = static_cast<double>(std::max(layer.cycles, layer.array)) /
                         static_cast<double>(std::max<uint64_t>(report.cycles, 1));
    svg.Circle(x(points[i].intensity), y(points[i].speed), 4 + 40 * std::sqrt(share), ColourOf(i),
               fmt::format("{} ({}): {}, {} cycles, bound by {}", layer.name, layer.op_type,
                           Coordinates(points[i]), Grouped(layer.cycles), NameOf(layer.bound)));
    if (i < kMostNames) {
      svg.Text(x(points[i].intensity) + 6, y(points[i].speed) - 6, layer.name, Svg::Anchor::kStart,
               9);
    }
  }
  return svg;
}

}  // namespace neuron::tools
