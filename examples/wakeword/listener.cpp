// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include <algorithm>
#include <array>
#include <utility>

namespace wakeword {
namespace {

constexpr char kVectors[] = "embeddings";  // the state with the last vectors, the newest at the end
constexpr size_t kVector = 96;
// The embedding network sees 76 rows of the spectrogram, of which each frame brings 8: after so
// many frames its vector depends on nothing before them.
constexpr int kFramesOfVector = 10;

}  // namespace

Listener::Listener(Network network) : network_(std::move(network)) {}

std::optional<Listener> Listener::Load(nrt::Runtime& runtime, const std::string& path,
                                       std::string* error) {
  std::optional<Network> network = Network::Load(runtime, path, kFrameSamples, 1, error);
  if (!network) return std::nullopt;
  return Listener(std::move(*network));
}

std::string Listener::HearSilence() {
  constexpr std::array<int16_t, kFrameSamples> kSilence = {};
  if (std::string error = network_.ResetStates(); !error.empty()) return error;
  for (int frame = 0; frame < kFramesOfVector; ++frame) {
    float score = 0.0F;
    if (std::string error = Hear(kSilence, &score); !error.empty()) return error;
  }
  // The newest vector is what every frame of silence gives: the older ones become equal to it.
  std::vector<float> vectors;
  if (std::string error = network_.ReadState(kVectors, &vectors); !error.empty()) return error;
  if (vectors.empty() || vectors.size() % kVector != 0) {
    return "the model's state '" + std::string(kVectors) + "' does not hold vectors of 96 values";
  }
  const auto newest = vectors.end() - kVector;
  for (auto older = vectors.begin(); older != newest; older += kVector) {
    std::copy(newest, vectors.end(), older);
  }
  return network_.WriteState(kVectors, vectors);
}

std::string Listener::Hear(std::span<const int16_t, kFrameSamples> samples, float* score) {
  sound_.assign(samples.begin(), samples.end());
  std::string error = network_.Run(sound_, &scores_);
  if (error.empty()) *score = scores_[0];
  return error;
}

}  // namespace wakeword
