// Outlet: a descriptor that was given to us (the user's terminal, a pipe, a file) and that must not be set non-blocking,
// because its open description belongs to others as well: the shell would inherit EAGAIN.
//
// A terminal and a pipe are opened anew, with a description of our own; files take what they are given; anything else is asked by
// poll(2) before each small write.
// It is watched from the first time that it takes no more: what watches a terminal is woken by each key typed there, too.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/byte_queue.hpp"
#include "base/owned_fd.hpp"
#include "base/readiness.hpp"
#include "base/result.hpp"

namespace farpty::client {

class Outlet {
 public:
  // A reader that is slower than the far program pushes back on it from here.
  static constexpr std::size_t kMaxWaiting = 64 * 1024;

  // `fd` is borrowed. `drained` is called when everything was written after something had to wait.
  // At most `bound` bytes wait.
  static Result<std::unique_ptr<Outlet>> open(boost::asio::io_context& context, int fd, std::function<void()> drained,
                                              std::size_t bound = kMaxWaiting);

  void write(Bytes bytes);  // at most room() bytes
  [[nodiscard]] std::size_t room() const { return waiting_.room(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] bool broken() const { return broken_; }  // its reader is gone; what is written is dropped

 private:
  Outlet(boost::asio::io_context& context, int fd, std::function<void()> drained, std::size_t bound)
      : context_(context), fd_(fd), drained_(std::move(drained)), waiting_(bound) {}
  void flush();
  void await_room();
  std::size_t write_some(Bytes bytes);

  boost::asio::io_context& context_;
  int fd_;             // lint-allow(raw-fd): lent
  OwnedFd own_;        // the terminal or pipe, opened anew
  bool asks_ = false;  // before each write
  std::optional<Readiness> readiness_;
  std::function<void()> drained_;
  ByteQueue waiting_;
  bool broken_ = false;
};

}  // namespace farpty::client
