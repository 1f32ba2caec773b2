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
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/tools/npy.h"
#include "tests/system/support/workspace.h"

namespace neuron::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
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

  // Runs scripts/wakeword_join.py on three models of the zoo; writes listener.onnx.
  ProgramResult Join(const std::string& melspectrogram, const std::string& embedding,
                     const std::string& classifier) const {
    return RunProgram({*Python(), "scripts/wakeword_join.py",
                       Path(Model(melspectrogram).at("file")), Path(Model(embedding).at("file")),
                       Path(Model(classifier).at("file")), *this / "listener.onnx"});
  }
  // Joins the wake-word networks and compiles them, with the states that the script names, into
  // listener.ncx.
  void CompileListener() const {
    const ProgramResult joined =
        Join("wakeword_melspectrogram", "wakeword_embedding", "wakeword_alexa");
    ASSERT_EQ(joined.exit_code, 0) << joined.ToString();
    std::vector<std::string> arguments = {"compile", *this / "listener.onnx", "--output",
                                          *this / "listener.ncx"};
    std::istringstream states(joined.output);
    for (std::string state; states >> state;) {
      arguments.insert(arguments.end(), {"--state", state});
    }
    const ProgramResult compiled = Neuron(arguments);
    ASSERT_EQ(compiled.exit_code, 0) << compiled.ToString();
    ASSERT_THAT(compiled.output, Not(HasSubstr("host segment")));
  }
  // What examples/wakeword hears in a recording; its report goes to report.json.
  ProgramResult Listen(const std::string& wav) const {
    return RunProgram({Program("wakeword"), "--model", *this / "listener.ncx", "--device",
                       "functional", "--tail-frames", "0", "--json", *this / "report.json", wav},
                      std::chrono::seconds(120));
  }

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

// Three networks in a row, as examples/wakeword runs them: joined, with their history on the
// device. The zoo's scores begin with a history of its own and the example's with silence: 10
// frames of spectrogram and then 16 of embeddings later, that history is gone, and the word is
// spoken.
TEST_F(ZooStreamsTest, WakeWordFiresAndStaysSilentAsTheTableSays) {
  constexpr double kSilence = 1.5;  // seconds
  constexpr size_t kHistory = 25;   // frames
  if (!Python()) GTEST_SKIP() << "no Python with ONNX: NEURON_PYTHON is not set";
  ASSERT_NO_FATAL_FAILURE(CompileListener());
  const json& tolerance = Model("wakeword_alexa").at("tolerance").at("fp32");
  const double absolute = tolerance.at("abs").at(0);
  const double relative = tolerance.at("rel");

  for (const json& stream : Streams("wakeword_alexa")) {
    SCOPED_TRACE(stream.at("name"));
    WriteFile(*this / "stream.wav", WithSilence(ReadFile(Path(stream.at("audio"))), kSilence));
    const ProgramResult result = Listen(*this / "stream.wav");
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

// The history that the example begins with is that of the three networks after endless silence: the
// scores are the same when the word comes before 16 frames have filled it.
TEST_F(ZooStreamsTest, WakeWordBeginsAsThreeNetworksAfterEndlessSilence) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX Runtime: NEURON_PYTHON is not set";
  ASSERT_NO_FATAL_FAILURE(CompileListener());
  for (const auto& [model, file] : {std::pair("wakeword_melspectrogram", "melspectrogram.onnx"),
                                    std::pair("wakeword_embedding", "embedding_model.onnx"),
                                    std::pair("wakeword_alexa", "alexa_v0.1.onnx")}) {
    std::filesystem::copy_file(Path(Model(model).at("file")), *this / file);
  }
  const std::string wav = Path(Named(Streams("wakeword_alexa"), "alexa_test").at("audio"));
  const ProgramResult heard = Listen(wav);
  ASSERT_EQ(heard.exit_code, 0) << heard.ToString();
  const ProgramResult oracle =
      RunProgram({*Python(), "scripts/wakeword_oracle.py", "--models", *this / "", "--report",
                  *this / "report.json", "--tolerance", "0.001", wav});
  EXPECT_EQ(oracle.exit_code, 0) << oracle.ToString();
}

TEST_F(ZooStreamsTest, NetworkThatDoesNotFitIsNamedWithTheShapeItNeeds) {
  if (!Python()) GTEST_SKIP() << "no Python with ONNX: NEURON_PYTHON is not set";
  const ProgramResult joined = Join("wakeword_melspectrogram", "wakeword_alexa", "wakeword_alexa");
  EXPECT_EQ(joined.exit_code, 1) << joined.ToString();
  EXPECT_THAT(joined.errors, HasSubstr("wakeword_alexa.onnx"));
  EXPECT_THAT(joined.errors, HasSubstr("needed [1, 76, 32, 1]"));
  EXPECT_FALSE(std::filesystem::exists(*this / "listener.onnx"));
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
