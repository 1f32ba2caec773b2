// SPDX-License-Identifier: Apache-2.0
// The wake-word detector: three networks in a row over a stream of sound, as openWakeWord runs
// them.
//
//   every 80 ms: 1280 new samples and the 480 before them
//     -> melspectrogram -> 8 rows of 32 bands -> the last 76 rows
//     -> embedding      -> 96 values          -> the last 16 vectors
//     -> classifier     -> one score, 0 to 1
#ifndef NEURON_EXAMPLES_WAKEWORD_LISTENER_H_
#define NEURON_EXAMPLES_WAKEWORD_LISTENER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "network.h"

namespace wakeword {

inline constexpr size_t kFrameSamples = 1280;  // 80 ms
inline constexpr double kFrameSeconds = 0.08;

class Listener {
 public:
  // Loads melspectrogram.ncx, embedding.ncx and classifier.ncx from `directory`. Nothing, with an
  // explanation in *error, when that fails.
  static std::optional<Listener> Load(nrt::Runtime& runtime, const std::string& directory,
                                      std::string* error);

  // Sets the history to what endless silence leaves behind; takes one run of the first two
  // networks. To be called before the first Hear. Returns an error message, or "" on success.
  std::string HearSilence();

  // Takes the next 80 ms of sound and computes the score. Returns an error message, or "".
  std::string Hear(std::span<const int16_t, kFrameSamples> samples, float* score);

  const Network& melspectrogram() const { return melspectrogram_; }
  const Network& embedding() const { return embedding_; }
  const Network& classifier() const { return classifier_; }

 private:
  Listener(Network melspectrogram, Network embedding, Network classifier);
  // The new rows of `sound_`, scaled as the embedding network was trained.
  std::string ComputeRows(std::vector<float>* rows);

  Network melspectrogram_;
  Network embedding_;
  Network classifier_;
  std::vector<float> sound_;       // the last 1760 samples
  std::vector<float> rows_;        // the last 76 rows of 32 bands
  std::vector<float> embeddings_;  // the last 16 vectors of 96 values
};

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_LISTENER_H_
