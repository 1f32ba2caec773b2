// SPDX-License-Identifier: Apache-2.0
// Listens to a recording for a wake word on a NeuronCore device. It uses libnrt's public interface
// only, so it is also an example of an application: one model that remembers, one stream.
#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <span>

#include "listener.h"
#include "report.h"
#include "wav.h"

namespace wakeword {
namespace {

namespace po = boost::program_options;

struct Options {
  std::string wav;
  std::string model;
  std::string device;
  std::string phrase;
  std::string wake_word;
  std::string json;
  double threshold = 0.5;
  unsigned tail_frames = 0;
  bool help = false;
};

po::options_description Describe(Options* options) {
  po::options_description description("Options");
  auto add = description.add_options();
  add("help,h", po::bool_switch(&options->help), "show this text");
  add("model", po::value(&options->model)->default_value("listener.ncx"),
      "package of the joined networks, as scripts/demo.sh makes it");
  add("device", po::value(&options->device)->default_value(""),
      "device URI, such as functional or rtl (default: $NEURON_DEVICE, else functional)");
  add("phrase", po::value(&options->phrase)->default_value(""),
      "what the recording says (default: its file name)");
  add("wake-word", po::value(&options->wake_word)->default_value("alexa"),
      "what the classifier listens for");
  add("threshold", po::value(&options->threshold)->default_value(0.5, "0.5"),
      "the word was heard when a score reaches this");
  add("tail-frames", po::value(&options->tail_frames)->default_value(4),
      "silent frames of 80 ms after the recording");
  add("json", po::value(&options->json)->default_value(""), "write the report to this file, too");
  return description;
}

// Progress on stderr, a line a frame: a simulated frame takes seconds.
void ShowProgress(const Options& options, size_t frame, size_t frames, float score) {
  fmt::print(stderr, "  [{}] frame {:2} of {}: score {:.4f}\n", options.phrase, frame + 1, frames,
             score);
}

// Listens to `samples`, padded with silence to whole frames, and fills the report.
std::string Listen(const Options& options, std::vector<int16_t> samples, Listener* listener,
                   Report* report) {
  const size_t frames = (samples.size() + kFrameSamples - 1) / kFrameSamples + options.tail_frames;
  samples.resize(frames * kFrameSamples);
  if (std::string error = listener->HearSilence(); !error.empty()) return error;
  for (size_t frame = 0; frame < frames; ++frame) {
    const std::span<const int16_t, kFrameSamples> sound(samples.data() + frame * kFrameSamples,
                                                        kFrameSamples);
    float score = 0.0F;
    if (std::string error = listener->Hear(sound, &score); !error.empty()) return error;
    report->scores.push_back(score);
    ShowProgress(options, frame, frames, score);
  }
  const Network& network = listener->network();
  report->cost = network.cost();
  report->bytes_written = network.input_bytes();
  report->bytes_read = network.output_bytes();
  report->state_bytes = network.state_bytes();
  return "";
}

std::string Run(const Options& options, Report* report) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<int16_t> samples;
  std::string error = ReadWav(options.wav, &samples);
  if (!error.empty()) return error;
  nrt::Result<nrt::Runtime> runtime = nrt::Runtime::Open(options.device);
  if (!runtime.ok()) return runtime.status().message();
  const nrt::Result<nrt_device_info> info = runtime->info();
  if (!info.ok()) return info.status().message();
  std::optional<Listener> listener = Listener::Load(*runtime, options.model, &error);
  if (!listener) return error;
  report->phrase = options.phrase;
  report->wake_word = options.wake_word;
  report->threshold = options.threshold;
  report->device = info->description;
  report->partitions = info->partitions;
  error = Listen(options, std::move(samples), &*listener, report);
  report->wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return error;
}

// Returns the exit code of a command line that ends here, or nothing.
std::optional<int> Parse(int argc, char** argv, Options* options) {
  po::options_description visible = Describe(options);
  po::options_description all;
  all.add(visible).add_options()("wav", po::value(&options->wav));
  po::positional_options_description positional;
  positional.add("wav", 1);
  try {
    po::variables_map map;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), map);
    po::notify(map);
  } catch (const po::error& error) {
    fmt::print(stderr, "wakeword: {}; see wakeword --help\n", error.what());
    return 2;
  }
  if (options->help) {
    std::cout << "Usage: wakeword [options] RECORDING.wav\n\n"
                 "Listens to a recording (16 kHz, 16 bits, mono) for a wake word on a NeuronCore\n"
                 "device. Exit code: 0 heard, 1 not heard, 2 wrong usage, 3 failed.\n\n"
              << visible;
    return 0;
  }
  if (options->wav.empty()) {
    fmt::print(stderr, "wakeword: no recording given; see wakeword --help\n");
    return 2;
  }
  if (options->phrase.empty()) options->phrase = options->wav;
  return std::nullopt;
}

int Main(int argc, char** argv) {
  Options options;
  if (const std::optional<int> code = Parse(argc, argv, &options)) return *code;
  Report report;
  if (const std::string error = Run(options, &report); !error.empty()) {
    fmt::print(stderr, "wakeword: {}\n", error);
    return 3;
  }
  std::cout << ToText(report) << std::flush;
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << ToJson(report);
    if (!file.flush()) {
      fmt::print(stderr, "wakeword: cannot write '{}'\n", options.json);
      return 3;
    }
  }
  return report.heard() ? 0 : 1;
}

}  // namespace
}  // namespace wakeword

int main(int argc, char** argv) {
  try {
    return wakeword::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fputs("wakeword: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    return 3;
  }
}
