// Stream: the messages of a copy over two descriptors, one each way. It waits: a copy is a process of its own.
//
// Invariant: it never waits to be read by the other end without reading what that one says, so two ends that both have
// much to say do not wait for each other for ever. What was said and is not asked for yet is bounded by kMaxUnread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "copy/messages.hpp"

namespace farpty::copy {

class Stream {
 public:
  static constexpr std::size_t kMaxUnread = 16 * 1024 * 1024;

  // Both are borrowed, and do not block as long as it lives. `idle` is called each second in which nothing moves.
  Stream(int in, int out, std::function<void()> idle = {});
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Goes out when enough has gathered, or with flush() or receive().
  Result<> send(const Message& message);
  Result<> flush();
  // Data's bytes are good until the next call of any member. The end of the stream is an error.
  Result<Message> receive();
  // Where sending failed because nobody reads any more: the troubles that the other end had told before it went.
  std::vector<std::string> last_words();

 private:
  enum class Waiting { kToRead, kToWrite };
  Result<> pass(Waiting waiting);
  Result<> read_some();
  [[nodiscard]] std::size_t unread() const { return held_.size() - at_; }

  int in_, out_;
  int in_flags_, out_flags_;
  std::function<void()> idle_;
  bool ended_ = false, broken_ = false;
  std::vector<std::byte> unsent_;
  std::size_t sent_ = 0;  // of unsent_
  std::vector<std::byte> held_;
  std::size_t at_ = 0;  // in held_: what is before it was received
};

}  // namespace farpty::copy
