// SPDX-License-Identifier: Apache-2.0
// The wake-word detector: openWakeWord's three networks as one model that hears a stream of sound
// and remembers, on the device, what it needs of it (scripts/wakeword_join.py makes the model).
//
//   every 80 ms: 1280 new samples and the 480 before them
//     -> melspectrogram -> 8 rows of 32 bands
//     -> embedding, of these rows and what its layers remember of those before -> 96 values
//     -> classifier, of the last 16 vectors of 96 values -> one score, 0 to 1
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
  // Loads the joined model from the package `path`. Nothing, with an explanation in *error, when
  // that fails.
  static std::optional<Listener> Load(nrt::Runtime& runtime, const std::string& path,
                                      std::string* error);

  // Sets the history to what endless silence leaves behind; takes ten runs. To be called before
  // the first Hear. Returns an error message, or "" on success.
  std::string HearSilence();

  // Takes the next 80 ms of sound and computes the score. Returns an error message, or "".
  std::string Hear(std::span<const int16_t, kFrameSamples> samples, float* score);

  const Network& network() const { return network_; }

 private:
  explicit Listener(Network network);

  Network network_;
  std::vector<float> sound_;   // of one call
  std::vector<float> scores_;  // one score
};

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_LISTENER_H_
