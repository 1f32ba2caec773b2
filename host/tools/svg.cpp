// SPDX-License-Identifier: Apache-2.0
#include "host/tools/svg.h"

#include <fmt/core.h>

#include <cmath>
#include <fstream>

#include "host/tools/cli.h"

namespace neuron::tools {
namespace {

std::string Escape(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return result;
}

}  // namespace

Svg::Svg(double width, double height) : width_(width), height_(height) {}

void Svg::Rectangle(double x, double y, double width, double height, const std::string& fill,
                    const std::string& tooltip) {
  body_ += fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\">"
      "<title>{}</title></rect>\n",
      x, y, width, height, fill, Escape(tooltip));
}

void Svg::Line(double x0, double y0, double x1, double y1, const std::string& colour,
               double width) {
  body_ += fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
      "stroke-width=\"{}\"/>\n",
      x0, y0, x1, y1, colour, width);
}

void Svg::Circle(double x, double y, double radius, const std::string& fill,
                 const std::string& tooltip) {
  body_ += fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\" fill-opacity=\"0.7\">"
      "<title>{}</title></circle>\n",
      x, y, radius, fill, Escape(tooltip));
}

void Svg::Text(double x, double y, const std::string& text, Anchor anchor, double size) {
  constexpr const char* kAnchors[] = {"start", "middle", "end"};
  body_ +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\">{}</text>\n",
                  x, y, kAnchors[static_cast<size_t>(anchor)], size, Escape(text));
}

std::string Svg::Finish() const {
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
             "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"sans-serif\">\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             width_, height_) +
         body_ + "</svg>\n";
}

std::string ColourOf(size_t index) {
  // Steps of the golden angle around the colour circle.
  constexpr double kGoldenAngle = 137.508;
  return fmt::format("hsl({:.0f},60%,60%)",
                     std::fmod(static_cast<double>(index) * kGoldenAngle, 360.0));
}

void WriteSvg(const std::string& path, const Svg& drawing) {
  std::ofstream file(path, std::ios::trunc);
  file << drawing.Finish();
  if (!file.flush()) {
    throw Failure{kExitFile, fmt::format("cannot write '{}'", path)};
  }
}

}  // namespace neuron::tools
