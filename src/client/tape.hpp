// Tape: a recording as it is played: the next event, at the time of the show, and back to the beginning.
//
// It reads the file as it goes, a block at a time, so a recording may be longer than the memory. A pipe can be played too,
// but not rewound.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "cast/reader.hpp"
#include "client/pace.hpp"

namespace farpty::client {

class Tape {
 public:
  // Reads the header. `idle_limit` goes before that of the header.
  static Result<std::unique_ptr<Tape>> open(const std::string& file, std::optional<cast::Micros> idle_limit);

  [[nodiscard]] const cast::Header& header() const { return header_; }

  // The next event, with the time of the show; null: that was all. It stays until take().
  Result<const cast::Event*> next();
  void take() { event_.reset(); }

  Result<> rewind();
  // The recording ends within a line: whoever wrote it was cut short.
  [[nodiscard]] bool broken_off() const { return reader_.broken_off(); }

 private:
  Tape(std::string name, OwnedFd file, std::optional<cast::Micros> idle_limit)
      : name_(std::move(name)), file_(std::move(file)), squeeze_(idle_limit) {}
  Result<> read_header(std::optional<cast::Micros> idle_limit);
  Result<bool> read_block();
  [[nodiscard]] std::unexpected<Error> cannot_play(Error why) const;

  std::string name_;
  OwnedFd file_;
  cast::Reader reader_;
  cast::Header header_;
  Squeeze squeeze_;
  std::optional<cast::Event> event_;
};

}  // namespace farpty::client
