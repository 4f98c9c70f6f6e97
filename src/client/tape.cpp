#include "client/tape.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace farpty::client {

namespace {
constexpr std::size_t kBlock = 64 * 1024;
}

Result<std::unique_ptr<Tape>> Tape::open(const std::string& file, std::optional<cast::Micros> idle_limit) {
  OwnedFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return os_error("cannot play", file);
  std::unique_ptr<Tape> tape(new Tape(file, std::move(fd), idle_limit));
  FARPTY_TRY(tape->read_header(idle_limit));
  return tape;
}

Result<> Tape::read_header(std::optional<cast::Micros> idle_limit) {
  bool over = false;
  while (true) {
    const auto header = reader_.header();
    if (!header) return cannot_play(header.error());
    if (*header != nullptr) {
      header_ = **header;
      break;
    }
    if (over) return failure("cannot play", name_, "it is empty");
    FARPTY_ASSIGN(ended, read_block());
    over = ended;
  }
  squeeze_ = Squeeze(idle_limit ? idle_limit : header_.idle_limit);
  return {};
}

// Whether that was the end of the file.
Result<bool> Tape::read_block() {
  std::vector<std::byte> block(kBlock);
  while (true) {
    const ssize_t count = ::read(file_.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("cannot play", name_);
    if (count == 0) {
      reader_.end();
      return true;
    }
    reader_.feed(Bytes(block).first(static_cast<std::size_t>(count)));
    return false;
  }
}

Result<const cast::Event*> Tape::next() {
  bool over = false;
  while (!event_) {
    auto found = reader_.next();
    if (!found) return cannot_play(std::move(found).error());
    if (*found) {
      event_ = std::move(**found);
      event_->at = squeeze_.of(event_->at);
      break;
    }
    if (over) return nullptr;
    FARPTY_ASSIGN(ended, read_block());
    over = ended;
  }
  return &*event_;
}

Result<> Tape::rewind() {
  if (lseek(file_.get(), 0, SEEK_SET) != 0) return os_error("cannot rewind", name_);
  reader_ = cast::Reader();
  event_.reset();
  squeeze_.rewind();
  return {};
}

std::unexpected<Error> Tape::cannot_play(Error why) const {
  return failure("cannot play", name_, why.object + ": " + why.reason, why.hint);
}

}  // namespace farpty::client
