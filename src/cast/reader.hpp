// Reader: an asciicast v2 as it comes, in pieces of any size, to what happened in the recorded session. Pure.
//
// It understands what asciinema writes as well as what we do. Bounded: a line is at most kMaxLine bytes, JSON in it at most
// kMaxDepth deep and kMaxValues long. A recording whose writer was cut short ends with half a line: that one is left out, and
// broken_off() says so. What is wrong anywhere else is an error that names the line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cast/recording.hpp"

namespace farpty::cast {

// asciinema's events hold what one read of a pty gave, a few KiB; ours a buffer of 64 KiB, six times as long when escaped.
inline constexpr std::size_t kMaxLine = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 8;      // headers have objects in them (env, theme)
inline constexpr std::size_t kMaxValues = 1024;  // of one line
inline constexpr Micros kLongest = Micros{100} * 366 * 86400 * 1'000'000;

class Reader {
 public:
  void feed(Bytes bytes);
  void end() { ended_ = true; }  // nothing more follows

  // The header, once it is there. Needed before next().
  Result<const Header*> header();  // null: more is needed, or after end(): there is none

  // nullopt: more is needed, or after end(): that was all. Kinds of events that are not known are left out. Times that go
  // back are taken as the time before.
  Result<std::optional<Event>> next();

  [[nodiscard]] bool broken_off() const { return broken_off_; }

 private:
  struct Line {
    std::string text;
    bool whole = true;  // its newline was there
  };
  Result<std::optional<Line>> line();
  Result<std::optional<Event>> event(const Line& line);
  [[nodiscard]] std::unexpected<Error> wrong(std::string why, std::string hint = {}) const;

  std::string buffer_;
  std::size_t at_ = 0;       // in buffer_: the next line
  std::size_t scanned_ = 0;  // in buffer_: no newline between at_ and here
  std::size_t number_ = 0;   // of the line that was taken last
  bool ended_ = false;
  bool broken_off_ = false;
  std::optional<Header> header_;
  Micros last_ = 0;
};

}  // namespace farpty::cast
