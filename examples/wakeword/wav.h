// SPDX-License-Identifier: Apache-2.0
// Reads the sound files that the demo listens to.
#ifndef NEURON_EXAMPLES_WAKEWORD_WAV_H_
#define NEURON_EXAMPLES_WAKEWORD_WAV_H_

#include <cstdint>
#include <string>
#include <vector>

namespace wakeword {

inline constexpr uint32_t kSampleRate = 16000;  // Hz, what the networks were trained on

// Reads a RIFF file of 16-bit PCM, one channel, 16 kHz. Returns an error message that says what was
// found instead, or "" on success.
std::string ReadWav(const std::string& path, std::vector<int16_t>* samples);

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_WAV_H_
