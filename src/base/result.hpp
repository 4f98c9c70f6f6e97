// Result and Error: how a function says that the world failed it.
//
// Not for a peer's misbehaviour (that peer is closed) nor for our own bugs (FARPTY_CHECK in check.hpp).
// Invariant: an Error can always be shown to a person: what failed, on what, why, and where known what to try.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace farpty {

struct Error {
  std::string operation;  // "cannot listen on"
  std::string object;     // "raw://127.0.0.1:7777"; may be empty
  int code = 0;           // errno value; 0 where the reason is in words
  std::string reason;     // used where code is 0
  std::string hint;       // what to try; may be empty

  // "cannot listen on raw://127.0.0.1:7777: address already in use (try --listen raw://127.0.0.1:0)"
  [[nodiscard]] std::string message() const;
};

template <typename T = void>
using Result = std::expected<T, Error>;

// The failure of a system call: reads errno unless a code is given.
[[nodiscard]] std::unexpected<Error> os_error(std::string operation, std::string object, int code = errno);

// A failure whose reason is in words.
[[nodiscard]] std::unexpected<Error> failure(std::string operation, std::string object, std::string reason,
                                             std::string hint = {});

// strerror without the capital letter: "no such file or directory". Thread-safe.
[[nodiscard]] std::string reason_of(int code);

}  // namespace farpty

// Evaluates a Result expression and returns its error from the current function, or yields nothing.
#define FARPTY_TRY(expression)                                                                                       \
  do {                                                                                                               \
    if (auto farpty_result = (expression); !farpty_result) return std::unexpected(std::move(farpty_result).error()); \
  } while (false)

// Declares `name` with the value of a Result expression, or returns its error from the current function.
#define FARPTY_ASSIGN(name, expression)                                         \
  auto name##_result = (expression);                                            \
  if (!name##_result) return std::unexpected(std::move(name##_result).error()); \
  auto name = std::move(name##_result).value()
