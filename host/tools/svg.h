// SPDX-License-Identifier: Apache-2.0
// Pictures for reports, as SVG files that need nothing else.
#ifndef NEURON_HOST_TOOLS_SVG_H_
#define NEURON_HOST_TOOLS_SVG_H_

#include <string>

namespace neuron::tools {

// A drawing in pixels, origin at the top left. Text is escaped.
class Svg {
 public:
  Svg(double width, double height);

  void Rectangle(double x, double y, double width, double height, const std::string& fill,
                 const std::string& tooltip);
  void Line(double x0, double y0, double x1, double y1, const std::string& colour,
            double width = 1);
  void Circle(double x, double y, double radius, const std::string& fill,
              const std::string& tooltip);
  enum class Anchor { kStart, kMiddle, kEnd };
  void Text(double x, double y, const std::string& text, Anchor anchor = Anchor::kStart,
            double size = 11);

  // The whole file.
  std::string Finish() const;

 private:
  std::string body_;
  double width_;
  double height_;
};

// A colour for entry `index` of a list, well apart from its neighbours'.
std::string ColourOf(size_t index);

// Writes the file. Throws Failure.
void WriteSvg(const std::string& path, const Svg& drawing);

}  // namespace neuron::tools

#endif  // NEURON_HOST_TOOLS_SVG_H_
