// SPDX-License-Identifier: Apache-2.0
// The zoo's streams of sound (`pipelines` in its manifest) on the functional model: what is heard
// in each, frame by frame, against ONNX Runtime's results.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/tools/npy.h"
#include "tests/system/support/model_case.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

using nlohmann::json;
using testing::StartsWith;

class ZooStreamsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ZooDirectory()) GTEST_SKIP() << "no model zoo: NEURON_ZOO is not set";
    manifest_ = ReadJson(*ZooDirectory() / "manifest.json");
    ASSERT_TRUE(manifest_.is_object());
  }

  // The entry of that name in a list of the manifest.
  static const json& Named(const json& list, std::string_view name) {
    const auto found =
        std::ranges::find_if(list, [&](const json& e) { return e.at("name") == name; });
    if (found == list.end()) throw std::runtime_error(fmt::format("no '{}'", name));
    return *found;
  }
  const json& Model(std::string_view name) const { return Named(manifest_.at("models"), name); }
  const json& Streams(std::string_view pipeline) const {
    return Named(manifest_.at("pipelines"), pipeline).at("streams");
  }

  static std::string Path(const json& file) {
    return (*ZooDirectory() / file.get<std::string>()).string();
  }
  static HostTensor Array(const std::filesystem::path& path) {
    const Result<HostTensor> array = tools::ReadNpy(path);
    if (!array.ok()) throw std::runtime_error(array.status().message());
    return *array;
  }

  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryDirectory folder_;
  json manifest_;
};

// A RIFF file of 16-bit samples at 16 kHz with `seconds` of silence before and after its sound.
std::string WithSilence(std::string wav, double seconds) {
  constexpr size_t kBytesPerSecond = 2 * 16000;
  const size_t chunk = wav.find("data");
  if (chunk == std::string::npos) throw std::runtime_error("not a RIFF file with a data chunk");
  const size_t begin = chunk + 8;
  uint32_t size = 0;
  std::memcpy(&size, wav.data() + chunk + 4, sizeof(size));
  const std::string silence(static_cast<size_t>(seconds * kBytesPerSecond), '\0');
  const std::string sound = silence + wav.substr(begin, size) + silence;
  size = static_cast<uint32_t>(sound.size());
  std::memcpy(wav.data() + chunk + 4, &size, sizeof(size));
  wav = wav.substr(0, begin) + sound;
  size = static_cast<uint32_t>(wav.size() - 8);
  std::memcpy(wav.data() + 4, &size, sizeof(size));
  return wav;
}

// Three networks in a row, as examples/wakeword runs them. The zoo's scores begin with a history of
// its own and the example's with silence: 10 frames of spectrogram and then 16 of embeddings later,
// that history is gone, and the word is spoken.
TEST_F(ZooStreamsTest, WakeWordFiresAndStaysSilentAsTheTableSays) {
  constexpr double kSilence = 1.5;  // seconds
  constexpr size_t kHistory = 25;   // frames
  for (const auto& [model, package] : {std::pair("wakeword_melspectrogram", "melspectrogram.ncx"),
                                       std::pair("wakeword_embedding", "embedding.ncx"),
                                       std::pair("wakeword_alexa", "classifier.ncx")}) {
    const std::vector<ModelCase> cases = CasesOf(*ZooDirectory(), model);
    ASSERT_FALSE(cases.empty()) << model;
    ASSERT_TRUE(Compiles(cases.front(), "sim", *this / package));
  }
  const json& tolerance = Model("wakeword_alexa").at("tolerance").at("fp32");
  const double absolute = tolerance.at("abs").at(0);
  const double relative = tolerance.at("rel");

  for (const json& stream : Streams("wakeword_alexa")) {
    SCOPED_TRACE(stream.at("name"));
    WriteFile(*this / "stream.wav", WithSilence(ReadFile(Path(stream.at("audio"))), kSilence));
    const ProgramResult result =
        RunProgram({Program("wakeword"), "--models", *this / "", "--device", "functional",
                    "--tail-frames", "0", "--json", *this / "report.json", *this / "stream.wav"},
                   std::chrono::seconds(120));
    const std::string expected = stream.at("expect");
    const bool fires = expected.starts_with("fires");
    if (!fires) {
      ASSERT_THAT(expected, StartsWith("stays silent"));
    }
    ASSERT_EQ(result.exit_code, fires ? 0 : 1) << result.ToString();

    const auto scores = ReadJson(*this / "report.json").at("scores").get<std::vector<double>>();
    const HostTensor reference = Array(Path(stream.at("scores")));
    ASSERT_GE(scores.size(), static_cast<size_t>(reference.elements()));
    ASSERT_EQ(reference.elements(), stream.at("frames"));
    double largest = 0;
    for (size_t frame = kHistory; frame < static_cast<size_t>(reference.elements()); ++frame) {
      const double score = reference.ValueAt(static_cast<int64_t>(frame));
      EXPECT_NEAR(scores[frame], score, absolute + relative * score) << "frame " << frame;
      largest = std::max(largest, std::abs(scores[frame] - score));
    }
    std::cout << fmt::format("{:<26} {:<24} highest score {:.4f}, {:<12}  difference {:.1e}\n",
                             stream.at("name").get<std::string>(),
                             stream.at("says").get<std::string>(), std::ranges::max(scores),
                             fires ? "fires" : "stays silent", largest);
  }
}

// A window of 30 frames slides over ten seconds of sound.
TEST_F(ZooStreamsTest, StreamingWakeWordIsFoundWhereItIsSpoken) {
  constexpr int8_t kWakeWord = 0;
  constexpr double kFrame = 0.032;  // seconds from one window to the next
  const json& model = Model("streaming_wakeword_int8");
  const json& input = model.at("inputs").at(0);
  const int64_t window = input.at("case_shape").at(1);
  for (const json& stream : Streams("streaming_wakeword")) {
    SCOPED_TRACE(stream.at("name"));
    const HostTensor features = Array(Path(stream.at("features")));
    const HostTensor classes = Array(Path(stream.at("classes")));
    const int64_t bands = features.shape.at(1);
    const int64_t steps = classes.elements();
    ASSERT_EQ(steps, features.shape.at(0) - window + 1);

    HostTensor windows(ElementType::kInt8, {steps, 1, window, 1, bands});
    const float scale = input.at("scale");
    const float zero_point = input.at("zero_point");
    for (int64_t i = 0; i < windows.elements(); ++i) {
      const int64_t step = i / (window * bands);
      const auto value = static_cast<float>(features.ValueAt(step * bands + i % (window * bands)));
      windows.as<int8_t>()[static_cast<size_t>(i)] = static_cast<int8_t>(
          std::clamp(std::nearbyint(value / scale) + zero_point, -128.0F, 127.0F));
    }
    ASSERT_TRUE(tools::WriteNpy(*this / "windows.npy", windows).ok());
    const ProgramResult result = Neuron(
        {"run", Path(model.at("file")), "--device", "functional", "--steps", std::to_string(steps),
         "--input", *this / "windows.npy", "--output-dir", *this / ""},
        std::chrono::seconds(300));
    ASSERT_EQ(result.exit_code, 0) << result.ToString();

    const std::string output = model.at("outputs").at(0).at("name");
    const HostTensor logits = Array(*this / (output + ".npy"));
    const int64_t count = logits.elements() / steps;
    std::vector<bool> found(stream.at("spoken_windows_s").size());
    for (int64_t step = 0; step < steps; ++step) {
      const auto values = logits.as<int8_t>().subspan(static_cast<size_t>(step * count),
                                                      static_cast<size_t>(count));
      const auto best = std::ranges::max_element(values) - values.begin();
      EXPECT_EQ(best, classes.as<int8_t>()[static_cast<size_t>(step)]) << "window " << step;
      if (best != kWakeWord) continue;
      bool spoken = false;
      for (size_t i = 0; i < found.size(); ++i) {
        const json& interval = stream.at("spoken_windows_s")[i];
        const bool overlaps = static_cast<double>(step) * kFrame < interval.at(1) &&
                              static_cast<double>(step + window) * kFrame > interval.at(0);
        found[i] = found[i] || overlaps;
        spoken = spoken || overlaps;
      }
      EXPECT_TRUE(spoken) << "window " << step << " is beside the word";
    }
    EXPECT_EQ(std::ranges::count(found, true), static_cast<std::ptrdiff_t>(found.size()));
  }
}

}  // namespace
}  // namespace neuron::test
