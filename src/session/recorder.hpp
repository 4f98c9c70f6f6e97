// Recorder: a session's asciicast v2, a file of its own that is written as things happen.
//
// "Record or refuse": open() comes before the program starts, and where anything here fails the session ends (session.cpp).
// Invariants: what a viewer has seen was handed to the kernel before, by a write of its own, but for the beginning of a UTF-8
// character that is not whole yet; a file that could not be written any further ends with a whole line, so it can be played;
// nobody else can read it. A disk that is slow holds the session's
// loop up, and a machine that loses its power may lose the last seconds: nothing here calls fsync(2).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "cast/writer.hpp"
#include "tty/winsize.hpp"

namespace farpty::session {

enum class RecordInput { kNo, kYes };  // what is typed may be a password

// That sessions are to be recorded, and how.
struct Recording {
  std::string directory;  // this user's, closed to others; made where it is missing
  RecordInput input = RecordInput::kNo;
};

class Recorder {
 public:
  struct Subject {
    unsigned session = 0;
    std::string name, program, term;
    WindowSize size;
  };

  // A new file, mode 0600, named after time and session.
  static Result<std::unique_ptr<Recorder>> open(const Recording& recording, const Subject& subject);

  Result<> output(Bytes bytes);
  Result<> input(Bytes bytes);  // does nothing unless input is recorded
  Result<> resized(WindowSize size);
  Result<> finish();  // the last call
  void discard();     // the session did not come to be: nor does the file

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Recorder(std::string path, OwnedFd file, RecordInput input)
      : path_(std::move(path)), file_(std::move(file)), input_(input), began_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] cast::Micros now() const;
  Result<> append(const std::string& lines);

  std::string path_;
  OwnedFd file_;
  RecordInput input_;
  std::chrono::steady_clock::time_point began_;
  cast::Writer writer_;
  std::int64_t length_ = 0;  // of the file, in bytes: whole lines
};

}  // namespace farpty::session
