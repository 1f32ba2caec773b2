// SPDX-License-Identifier: Apache-2.0
// What the demo tells about a recording, for a person and for a program.
#ifndef NEURON_EXAMPLES_WAKEWORD_REPORT_H_
#define NEURON_EXAMPLES_WAKEWORD_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "network.h"

namespace wakeword {

struct Report {
  std::string phrase;       // what the recording says
  std::string wake_word;    // what the classifier listens for
  std::string device;       // in words
  double threshold = 0.5;   // heard when a score reaches it
  uint32_t partitions = 1;  // rows and columns of the tensor engine
  double wall_seconds = 0.0;
  std::vector<float> scores;  // one a frame
  Cost cost;                  // of all runs
  // What one frame moves between host and device, and what it leaves on the device instead.
  size_t bytes_written = 0;
  size_t bytes_read = 0;
  size_t state_bytes = 0;

  bool heard() const;
};

// Score against time, the verdict, and what it cost.
std::string ToText(const Report& report);
std::string ToJson(const Report& report);

}  // namespace wakeword

#endif  // NEURON_EXAMPLES_WAKEWORD_REPORT_H_
