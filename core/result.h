// Result<T>: what may go wrong, as a value with a policy attached.
//
// The code is the policy: each ErrorCode has one action and one exit code (sysexits.h), listed here and nowhere else.
// The names follow std::expected, which GCC 12 has only in C++23 mode, so that Result can become an alias later.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/check.h"

namespace driftcast {

enum class ErrorCode : int {
  kUsage = 64,         // wrong command line: say what is allowed, do nothing
  kData = 65,          // an input that cannot be read as what it claims to be: stop, name it
  kNoInput = 66,       // a file that is not there
  kUnavailable = 69,   // a broker that does not answer: start again when it does
  kBug = 70,           // an invariant broken: stop, please report
  kCannotCreate = 73,  // an output that cannot be made
  kIo = 74,            // disk or store: stop; the log still holds the truth, restart when mended
  kRestart = 75,       // fenced, or given up after a deadline: safe to restart
  kRollback = 76,      // the epoch under way is given up: recover from what is committed, in process
  kRefused = 77,       // not allowed: no right to it, or somebody else owns it
  kConfig = 78,        // configuration, or state of another configuration: refuse to start
};

struct Error {
  ErrorCode code = ErrorCode::kBug;
  std::string message;  // what was tried, then the values
};

inline Error error(ErrorCode code, std::string message) { return Error{code, std::move(message)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit
  Result(Error failure) : content_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: implicit

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    DRIFTCAST_CHECK(has_value());
    return std::get<0>(content_);
  }
  const T& value() const& {
    DRIFTCAST_CHECK(has_value());
    return std::get<0>(content_);
  }
  T&& value() && {
    DRIFTCAST_CHECK(has_value());
    return std::get<0>(std::move(content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    DRIFTCAST_CHECK(!has_value());
    return std::get<1>(content_);
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error failure) : failure_(std::move(failure)) {}  // NOLINT: implicit

  bool has_value() const { return !failure_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    DRIFTCAST_CHECK(failure_.has_value());
    return *failure_;
  }

 private:
  std::optional<Error> failure_;
};

// Returns the error of a failed Result to the caller of the enclosing function. The expression may hold a lambda that
// uses it too, hence the counted name.
#define DRIFTCAST_TRY(expression) DRIFTCAST_TRY_COUNTED(expression, __COUNTER__)
#define DRIFTCAST_TRY_COUNTED(expression, number) DRIFTCAST_TRY_NAMED(expression, number)
#define DRIFTCAST_TRY_NAMED(expression, number) DRIFTCAST_TRY_UNIQUE(expression, outcome_##number)
#define DRIFTCAST_TRY_UNIQUE(expression, outcome)                      \
  do {                                                                 \
    if (auto outcome = (expression); !outcome) return outcome.error(); \
  } while (false)

}  // namespace driftcast
