// SPDX-License-Identifier: Apache-2.0
// Runs a program and collects what it does, for tests of command lines.
#ifndef NEURON_TESTS_SYSTEM_SUPPORT_SUBPROCESS_H_
#define NEURON_TESTS_SYSTEM_SUPPORT_SUBPROCESS_H_

#include <chrono>
#include <string>
#include <vector>

namespace neuron::test {

struct ProgramResult {
  int exit_code = -1;      // -1 when it did not exit by itself
  int signal = 0;          // that ended it; 0: none
  bool timed_out = false;  // it was killed at the time limit
  std::string output;      // standard output
  std::string errors;      // standard error

  // For failure messages: the outcome and both streams.
  std::string ToString() const;
};

// Runs `arguments` (the program first, looked for in PATH) without standard input and waits for its
// end. A program that cannot be started gives exit code 127.
ProgramResult RunProgram(const std::vector<std::string>& arguments,
                         std::chrono::seconds limit = std::chrono::seconds(60));

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_SUPPORT_SUBPROCESS_H_
