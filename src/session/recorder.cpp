#include "session/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/own_directory.hpp"

namespace farpty::session {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kMostOfOneName = 1000;  // servers that begin a session of the same number and name in one second

// "2026-11-26T12-15-12Z-7-work": in the order of time, and fit for any file system.
std::string name_of(const Recorder::Subject& subject, std::time_t now) {
  const std::string name = fmt::format("{:%Y-%m-%dT%H-%M-%SZ}-{}", fmt::gmtime(now), subject.session);
  return subject.name.empty() ? name : name + "-" + subject.name;
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(const Recording& recording, const Subject& subject) {
  constexpr auto kWhat = "cannot record the session in";
  auto directory = open_own_directory(recording.directory, Missing::kMake);
  if (!directory) {
    directory.error().operation = "cannot record the session: " + directory.error().operation;
    return std::unexpected(std::move(directory).error());
  }
  const std::time_t now = std::time(nullptr);
  const std::string name = name_of(subject, now);
  for (int i = 1; i <= kMostOfOneName; ++i) {
    const std::string file = name + (i > 1 ? fmt::format(".{}", i) : "") + ".cast";
    OwnedFd fd(
        openat(directory->fd.get(), file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (!fd && errno == EEXIST) continue;
    if (!fd) return os_error(kWhat, recording.directory);
    std::unique_ptr<Recorder> recorder(new Recorder(recording.directory + "/" + file, std::move(fd), recording.input));
    const auto begun = recorder->append(cast::Writer::header({.size = subject.size,
                                                              .timestamp = now,
                                                              .title = subject.name,
                                                              .command = subject.program,
                                                              .term = subject.term}));
    if (!begun) {
      recorder->discard();
      return std::unexpected(begun.error());
    }
    return recorder;
  }
  return failure(kWhat, recording.directory, "all names for it are taken");
}

cast::Micros Recorder::now() const {
  using std::chrono::microseconds;
  return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - began_).count();
}

Result<> Recorder::output(Bytes bytes) { return append(writer_.output(now(), bytes)); }

Result<> Recorder::input(Bytes bytes) {
  if (input_ == RecordInput::kNo) return {};
  return append(writer_.input(now(), bytes));
}

Result<> Recorder::resized(WindowSize size) { return append(writer_.resized(now(), size)); }

Result<> Recorder::finish() {
  auto done = append(writer_.finish(now()));
  file_.reset();
  return done;
}

// By the name: whoever can write into the directory is the user itself.
void Recorder::discard() {
  (void)unlink(path_.c_str());
  file_.reset();
}

Result<> Recorder::append(const std::string& lines) {
  Bytes left = as_bytes(lines);
  while (!left.empty()) {
    const ssize_t count = ::write(file_.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int code = errno;
      (void)!ftruncate(file_.get(), length_);  // to the last whole line
      return os_error("cannot write the recording", path_, code);
    }
    left = left.subspan(static_cast<std::size_t>(count));
  }
  length_ += static_cast<std::int64_t>(lines.size());
  return {};
}

}  // namespace farpty::session
