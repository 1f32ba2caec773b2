// SPDX-License-Identifier: Apache-2.0
// Errors as values, for every layer of the tree: a Status says what went wrong and what to do,
// a Result<T> is a T or a Status. No function that returns one throws. Both are plain values and
// may be moved between threads.
#ifndef NEURON_BASE_STATUS_H_
#define NEURON_BASE_STATUS_H_

#include <string>
#include <utility>
#include <variant>

namespace neuron {

// What kind of failure, coarse enough to act on. The C API (nrt.h) has one status for each.
enum class StatusCode {
  kOk = 0,
  kInvalidArgument,     // the caller passed something that can never work
  kNotFound,            // a named file, tensor, device or configuration does not exist
  kUnsupported,         // well-formed, but this build or configuration cannot do it
  kDataCorrupt,         // a file or a frame fails its checks
  kResourceExhausted,   // out of device memory, on-chip memory, segments or handles
  kFailedPrecondition,  // the call is not allowed in this state
  kTimeout,             // a wait reached its limit; the message holds the hang report
  kExecutionError,      // the device stopped the program; the message holds the error record
  kDeviceLost,          // the device went away
  kIoError,             // the host's file system or a library refused
  kInternal,            // a bug in this software
  kCancelled,           // the caller asked for it to stop
};

// "INVALID_ARGUMENT" and so on, for messages and JSON.
const char* StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  // For a person: what failed, on what, and what would work. Empty when ok.
  const std::string& message() const { return message_; }
  // "NOT_FOUND: no file 'x.onnx'"
  std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return Status(); }

// A T or the Status that explains its absence. Reading the value of a failed Result is a
// programming error and terminates (std::get throws inside a noexcept function).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& value() & noexcept { return std::get<T>(state_); }
  const T& value() const& noexcept { return std::get<T>(state_); }
  T&& value() && noexcept { return std::get<T>(std::move(state_)); }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }
  Status status() const { return ok() ? OkStatus() : std::get<Status>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace neuron

// Leaves the enclosing function with the Status of `expr` unless it is ok.
#define NEURON_RETURN_IF_ERROR(expr)                        \
  do {                                                      \
    if (::neuron::Status status_ = (expr); !status_.ok()) { \
      return status_;                                       \
    }                                                       \
  } while (false)

#define NEURON_CONCAT_INNER(a, b) a##b
#define NEURON_CONCAT(a, b) NEURON_CONCAT_INNER(a, b)

// Declares `decl` from the value of the Result `expr`, or leaves with its Status.
#define NEURON_ASSIGN_OR_RETURN(decl, expr) \
  NEURON_ASSIGN_OR_RETURN_INNER(NEURON_CONCAT(result_, __LINE__), decl, expr)
#define NEURON_ASSIGN_OR_RETURN_INNER(tmp, decl, expr) \
  auto tmp = (expr);                                   \
  if (!tmp.ok()) {                                     \
    return tmp.status();                               \
  }                                                    \
  decl = std::move(tmp).value()

#endif  // NEURON_BASE_STATUS_H_
