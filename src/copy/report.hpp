// What a copy tells the person who waits for it: how far it is, and what went wrong. An interface, for the far end tells
// nobody, and tests want to know.
#pragma once

#include <cstdint>
#include <string>

namespace farpty::copy {

class Report {
 public:
  virtual ~Report() = default;
  virtual void expect(std::uint64_t /*files*/, std::uint64_t /*bytes*/) {}
  virtual void begin(const std::string& /*name*/, std::uint64_t /*already_there*/) {}
  virtual void moved(std::uint64_t /*bytes*/) {}
  virtual void finished_file() {}
  // Left out or failed; the rest goes on. Other people's words: printable() before they are shown.
  virtual void trouble(const std::string& /*text*/) {}
};

}  // namespace farpty::copy
