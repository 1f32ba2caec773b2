// SPDX-License-Identifier: Apache-2.0
#include "host/tools/package_views.h"

#include "host/tools/layer_report.h"
#include "host/tools/memory_picture.h"
#include "host/tools/roofline.h"
#include "host/tools/svg.h"

namespace neuron::tools {

po::options_description ViewOptionsDescription() {
  po::options_description options;
  options.add_options()("report",
                        "for each layer: MACs, DRAM bytes, estimated cycles, use of the array and "
                        "what bounds it; host segments; the roofline")(
      "report-svg", po::value<std::string>(), "draw the roofline into FILE")(
      "memory", "the on-chip memory plan: layers against addresses, peak use, largest buffers")(
      "memory-svg", po::value<std::string>(), "draw the memory plan into FILE");
  return options;
}

std::string ViewsText(const po::variables_map& values, const ncx::PackageData& package) {
  std::string text;
  if (values.count("report") != 0) {
    text += LayerReportText(MakeLayerReport(package));
  }
  if (values.count("memory") != 0) {
    text += MemoryText(package);
  }
  return text;
}

void AddViews(const po::variables_map& values, const ncx::PackageData& package,
              nlohmann::json& json) {
  if (values.count("report") != 0) {
    json["report"] = LayerReportJson(MakeLayerReport(package));
  }
  if (values.count("memory") != 0) {
    json["memory"] = MemoryJson(package);
  }
}

void WritePictures(const po::variables_map& values, const ncx::PackageData& package) {
  if (values.count("report-svg") != 0) {
    WriteSvg(values["report-svg"].as<std::string>(), RooflineSvg(MakeLayerReport(package)));
  }
  if (values.count("memory-svg") != 0) {
    WriteSvg(values["memory-svg"].as<std::string>(), MemorySvg(package));
  }
}

}  // namespace neuron::tools
