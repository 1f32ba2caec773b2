// SPDX-License-Identifier: Apache-2.0
#include "host/tools/checks.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

namespace neuron::tools {
namespace {

using nlohmann::json;
using Verdict = CheckResult::Verdict;

struct Context {
  const json& check;
  const ZooModel& model;
  const CaseArrays& arrays;
  const std::filesystem::path& directory;

  const HostTensor& Output(size_t index) const { return Output(arrays.actual.size() - 1, index); }
  const HostTensor& Output(size_t step, size_t index) const {
    return arrays.actual.at(step).outputs.at(index);
  }
  size_t OutputIndex() const { return check.at("output").get<size_t>(); }
};

CheckResult Judge(bool pass, std::string detail) {
  return {
      .rule = {}, .verdict = pass ? Verdict::kPass : Verdict::kFail, .detail = std::move(detail)};
}

// Elements under a (possibly partial) index: the first and how many.
struct Slice {
  int64_t first = 0;
  int64_t count = 0;
};

Slice SliceAt(const HostTensor& tensor, const std::vector<int64_t>& at) {
  if (at.size() > tensor.shape.size()) {
    throw std::out_of_range("'at' has more dimensions than the output");
  }
  Slice slice{0, tensor.elements()};
  for (size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0 || at[i] >= tensor.shape[i]) {
      throw std::out_of_range("'at' is outside the output");
    }
    slice.count /= tensor.shape[i];
    slice.first += at[i] * slice.count;
  }
  return slice;
}

int64_t ArgMax(const HostTensor& tensor, Slice slice) {
  int64_t best = 0;
  for (int64_t i = 1; i < slice.count; ++i) {
    if (tensor.ValueAt(slice.first + i) > tensor.ValueAt(slice.first + best)) {
      best = i;
    }
  }
  return best;
}

// "ge" and "le" of a check against a value.
CheckResult JudgeBounds(const json& check, double value, const char* what) {
  if (!check.contains("ge") && !check.contains("le")) {
    throw std::invalid_argument("it has neither 'ge' nor 'le'");
  }
  std::string bounds;
  bool pass = true;
  if (check.contains("ge")) {
    pass = pass && value >= check["ge"].get<double>();
    bounds += fmt::format(" >= {}", check["ge"].get<double>());
  }
  if (check.contains("le")) {
    pass = pass && value <= check["le"].get<double>();
    bounds += fmt::format(" <= {}", check["le"].get<double>());
  }
  return Judge(pass, fmt::format("{} {:.4g}, expected{}", what, value, bounds));
}

CheckResult Top1(const Context& context) {
  const HostTensor& output = context.Output(context.OutputIndex());
  const auto at = context.check.value("at", std::vector<int64_t>());
  const int64_t best = ArgMax(output, SliceAt(output, at));
  const int64_t expected = context.check.at("index").get<int64_t>();
  return Judge(best == expected, fmt::format("largest at {}, expected {}", best, expected));
}

CheckResult Value(const Context& context) {
  const HostTensor& output = context.Output(context.OutputIndex());
  const Slice slice = SliceAt(output, context.check.at("at").get<std::vector<int64_t>>());
  return JudgeBounds(context.check, output.ValueAt(slice.first), "value");
}

CheckResult Classes(const Context& context) {
  const auto expected = context.check.at("classes").get<std::vector<int64_t>>();
  std::vector<int64_t> found;
  for (size_t step = 0; step < context.arrays.actual.size(); ++step) {
    const HostTensor& output = context.Output(step, context.OutputIndex());
    found.push_back(ArgMax(output, {0, output.elements()}));
  }
  return Judge(found == expected, fmt::format("classes {}, expected {}", fmt::join(found, " "),
                                              fmt::join(expected, " ")));
}

CheckResult SpeechFrames(const Context& context) {
  const auto expected = context.check.at("frames").get<std::vector<size_t>>();
  const double threshold = context.check.at("threshold").get<double>();
  std::vector<size_t> found;
  for (size_t step = 0; step < context.arrays.actual.size(); ++step) {
    if (context.Output(step, context.OutputIndex()).ValueAt(0) > threshold) {
      found.push_back(step);
    }
  }
  return Judge(found == expected, fmt::format("speech in frames {}, expected {}",
                                              fmt::join(found, " "), fmt::join(expected, " ")));
}

CheckResult NextToken(const Context& context) {
  const HostTensor& output = context.Output(context.OutputIndex());
  const auto ids = context.check.at("ids").get<std::vector<int64_t>>();
  const size_t first = context.check.value("first", size_t{0});
  const int64_t classes = output.shape.back();
  size_t right = 0;
  size_t total = 0;
  for (size_t i = first; i + 1 < ids.size(); ++i) {
    const Slice slice{static_cast<int64_t>(i) * classes, classes};
    if (slice.first + classes > output.elements()) {
      break;
    }
    ++total;
    right += ArgMax(output, slice) == ids[i + 1] ? 1 : 0;
  }
  return Judge(right == total && total != 0, fmt::format("{} of {} tokens right", right, total));
}

CheckResult Ctc(const Context& context) {
  const HostTensor& output = context.Output(context.OutputIndex());
  std::ifstream stream(context.directory / context.check.at("vocab").get<std::string>());
  std::vector<std::string> keys = {""};  // index 0 is the blank
  for (std::string line; std::getline(stream, line);) {
    keys.push_back(line);
  }
  const int64_t classes = output.shape.back();
  std::string text;
  int64_t last = 0;
  for (int64_t first = 0; first < output.elements(); first += classes) {
    const int64_t index = ArgMax(output, {first, classes});
    if (index != last && index != 0) {
      const bool space = index == classes - 1;
      text += space ? " " : keys.at(static_cast<size_t>(index));
    }
    last = index;
  }
  const std::string expected = context.check.at("text").get<std::string>();
  return Judge(text == expected, fmt::format("text '{}', expected '{}'", text, expected));
}

CheckResult MaxLogit(const Context& context) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const json& index : context.check.at("outputs")) {
    const HostTensor& output = context.Output(index.get<size_t>());
    for (int64_t i = 0; i < output.elements(); ++i) {
      largest = std::max(largest, output.ValueAt(i));
    }
  }
  return JudgeBounds(context.check, largest, "largest value");
}

CheckResult MapFraction(const Context& context) {
  const HostTensor& output = context.Output(context.OutputIndex());
  const double threshold = context.check.at("threshold").get<double>();
  int64_t above = 0;
  for (int64_t i = 0; i < output.elements(); ++i) {
    above += output.ValueAt(i) > threshold ? 1 : 0;
  }
  const double fraction =
      static_cast<double>(above) / static_cast<double>(std::max<int64_t>(output.elements(), 1));
  return JudgeBounds(context.check, fraction, "share above the threshold");
}

// The real values of a tensor that the manifest may describe as quantised.
std::vector<double> Dequantized(const HostTensor& tensor, const ZooTensor& description) {
  std::vector<double> values(static_cast<size_t>(tensor.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = (tensor.ValueAt(static_cast<int64_t>(i)) - description.zero_point) *
                description.scale.value_or(1.0);
  }
  return values;
}

CheckResult ReconstructionMse(const Context& context) {
  const size_t input_index = context.check.at("input").get<size_t>();
  const size_t output_index = context.OutputIndex();
  const std::vector<double> input = Dequantized(context.arrays.actual.back().inputs.at(input_index),
                                                context.model.inputs.at(input_index));
  const std::vector<double> output =
      Dequantized(context.Output(output_index), context.model.outputs.at(output_index));
  if (input.size() != output.size() || input.empty()) {
    throw std::out_of_range("input and output have different sizes");
  }
  double sum = 0;
  for (size_t i = 0; i < input.size(); ++i) {
    sum += (input[i] - output[i]) * (input[i] - output[i]);
  }
  return JudgeBounds(context.check, sum / static_cast<double>(input.size()),
                     "mean squared reconstruction error");
}

CheckResult SerDb(const Context& context) {
  const size_t index = context.OutputIndex();
  double reference_energy = 0;
  double error_energy = 0;
  for (size_t step = 0; step < context.arrays.actual.size(); ++step) {
    const HostTensor& actual = context.Output(step, index);
    const HostTensor& reference = context.arrays.reference.at(step).outputs.at(index);
    if (actual.elements() != reference.elements()) {
      throw std::out_of_range("output and reference have different sizes");
    }
    for (int64_t i = 0; i < reference.elements(); ++i) {
      const double ref = reference.ValueAt(i);
      const double difference = actual.ValueAt(i) - ref;
      reference_energy += ref * ref;
      error_energy += difference * difference;
    }
  }
  const double decibels = error_energy > 0 ? 10 * std::log10(reference_energy / error_energy)
                                           : std::numeric_limits<double>::infinity();
  return JudgeBounds(context.check, decibels, "signal to error in dB");
}

using Box = std::array<double, 4>;  // left, top, right, bottom

double Overlap(const Box& a, const Box& b) {
  const auto area = [](const Box& box) {
    return std::max(0.0, box[2] - box[0]) * std::max(0.0, box[3] - box[1]);
  };
  const Box both = {std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]),
                    std::min(a[3], b[3])};
  const double shared = area(both);
  const double all = area(a) + area(b) - shared;
  return all > 0 ? shared / all : 0;
}

// Boxes whose score (the last column) passes, best first, without those that overlap a better one.
std::vector<Box> KeptBoxes(const HostTensor& scores, const HostTensor& boxes, double threshold,
                           double limit) {
  const int64_t columns = scores.shape.back();
  std::multimap<double, Box, std::greater<>> candidates;
  for (int64_t i = 0; i < scores.elements() / columns; ++i) {
    const double score = scores.ValueAt(i * columns + columns - 1);
    if (score > threshold) {
      candidates.emplace(score, Box{boxes.ValueAt(4 * i), boxes.ValueAt(4 * i + 1),
                                    boxes.ValueAt(4 * i + 2), boxes.ValueAt(4 * i + 3)});
    }
  }
  std::vector<Box> kept;
  for (const auto& candidate : candidates) {
    const Box& box = candidate.second;
    if (std::ranges::none_of(kept,
                             [&](const Box& better) { return Overlap(better, box) > limit; })) {
      kept.push_back(box);
    }
  }
  return kept;
}

CheckResult Faces(const Context& context) {
  constexpr double kSamePlace = 0.9;
  const HostTensor& scores = context.Output(context.check.at("scores").get<size_t>());
  const HostTensor& boxes = context.Output(context.check.at("boxes").get<size_t>());
  if (scores.elements() / scores.shape.back() * 4 != boxes.elements()) {
    throw std::out_of_range("scores and boxes do not belong together");
  }
  const std::vector<Box> found = KeptBoxes(scores, boxes, context.check.at("threshold"),
                                           context.check.at("nms").get<double>());
  const auto expected = context.check.at("boxes_expected").get<std::vector<Box>>();
  size_t matched = 0;
  for (const Box& box : expected) {
    matched += std::any_of(found.begin(), found.end(), [&](const Box& candidate) {
      return Overlap(box, candidate) >= kSamePlace;
    });
  }
  const size_t count = context.check.at("count").get<size_t>();
  return Judge(found.size() == count && matched == expected.size(),
               fmt::format("{} faces, {} of them where expected; expected {}", found.size(),
                           matched, count));
}

using Rule = CheckResult (*)(const Context&);

const std::map<std::string, Rule>& Rules() {
  static const std::map<std::string, Rule> rules = {{"top1", &Top1},
                                                    {"value", &Value},
                                                    {"classes", &Classes},
                                                    {"speech_frames", &SpeechFrames},
                                                    {"next_token", &NextToken},
                                                    {"ctc", &Ctc},
                                                    {"max_logit", &MaxLogit},
                                                    {"map_fraction", &MapFraction},
                                                    {"reconstruction_mse", &ReconstructionMse},
                                                    {"ser_db", &SerDb},
                                                    {"faces", &Faces}};
  return rules;
}

}  // namespace

CheckResult EvaluateCheck(const json& check, const ZooModel& model, const CaseArrays& arrays,
                          const std::filesystem::path& directory) {
  const std::string rule = check.value("rule", "");
  CheckResult result;
  const auto found = Rules().find(rule);
  if (found == Rules().end()) {
    result.detail = "no such rule";
  } else {
    try {
      result = found->second({check, model, arrays, directory});
    } catch (const std::exception& error) {
      result.detail = fmt::format("cannot be evaluated: {}", error.what());
    }
  }
  result.rule = rule;
  return result;
}

}  // namespace neuron::tools
