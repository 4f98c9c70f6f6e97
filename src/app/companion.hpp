// Companion: a program that runs beside this one and speaks with it over its standard input and output. Its errors go where
// ours go. No shell is between.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::app {

class Companion {
 public:
  // `file` is executed with `words` as its argv. It gets default signals, and none blocked.
  static Result<Companion> start(const std::string& file, const std::vector<std::string>& words);
  Companion(Companion&& other) noexcept;
  Companion& operator=(Companion&&) = delete;
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  ~Companion() { end(std::chrono::seconds(0)); }

  [[nodiscard]] int output() const { return output_.get(); }  // what it says
  [[nodiscard]] int input() const { return input_.get(); }    // what it is told

  // Hangs up, and waits: after `patience` it is terminated. Its exit status, 128 + n where signal n ended it; a second time
  // the same.
  int end(std::chrono::milliseconds patience);
  [[nodiscard]] bool ended_by_itself() const { return !terminated_; }

 private:
  Companion(pid_t pid, OwnedFd input, OwnedFd output)
      : pid_(pid), input_(std::move(input)), output_(std::move(output)) {}
  pid_t pid_;
  OwnedFd input_, output_;
  int status_ = 0;
  bool terminated_ = false;
};

}  // namespace farpty::app
