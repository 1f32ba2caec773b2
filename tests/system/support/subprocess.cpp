// SPDX-License-Identifier: Apache-2.0
#include "tests/system/support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace neuron::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCannotStart = 127;

// In the child: never returns.
[[noreturn]] void Execute(const std::vector<std::string>& arguments, int output, int errors) {
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(kCannotStart);
}

// Appends what can be read; false at the end of the stream.
bool Drain(int descriptor, std::string* text) {
  std::array<char, 65536> buffer;
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  if (count > 0) text->append(buffer.data(), static_cast<size_t>(count));
  return count > 0;
}

// Reads both streams until they end; kills `child` at the deadline.
void Collect(pid_t child, int output, int errors, Clock::time_point deadline,
             ProgramResult* result) {
  std::array<pollfd, 2> streams = {pollfd{output, POLLIN, 0}, pollfd{errors, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 && !result->timed_out) {
      result->timed_out = true;
      kill(child, SIGKILL);
    }
    poll(streams.data(), streams.size(), result->timed_out ? 1000 : static_cast<int>(left) + 1);
    if (streams[0].revents != 0 && !Drain(output, &result->output)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !Drain(errors, &result->errors)) streams[1].fd = -1;
  }
}

}  // namespace

std::string ProgramResult::ToString() const {
  std::string text = timed_out     ? "killed at the time limit"
                     : signal != 0 ? "ended by signal " + std::to_string(signal)
                                   : "exit code " + std::to_string(exit_code);
  return text + "\n--- standard output\n" + output + "--- standard error\n" + errors;
}

ProgramResult RunProgram(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  ProgramResult result;
  std::array<int, 2> output;
  std::array<int, 2> errors;
  if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(errors.data(), O_CLOEXEC) != 0) {
    return result;
  }
  const Clock::time_point deadline = Clock::now() + limit;
  const pid_t child = fork();
  if (child == 0) Execute(arguments, output[1], errors[1]);
  close(output[1]);
  close(errors[1]);
  if (child > 0) {
    Collect(child, output[0], errors[0], deadline, &result);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
      result.signal = WTERMSIG(status);
    } else {
      result.exit_code = WEXITSTATUS(status);
    }
  }
  close(output[0]);
  close(errors[0]);
  return result;
}

}  // namespace neuron::test
