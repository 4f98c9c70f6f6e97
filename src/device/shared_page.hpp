// SharedPage: the memory in which a session's programs look up the state of their terminals (ttycall/layout.hpp).
//
// A memfd sealed against resizing and against every writable mapping but ours (F_SEAL_FUTURE_WRITE, Linux 5.1; where that is
// missing a program could spoil its own session's mirror, never what the device decides by). Programs find it as
// /proc/PID/fd/N, or are handed it by the request socket.
#pragma once

#include <bitset>
#include <cstdint>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "ttycall/layout.hpp"

namespace farpty::device {

class SharedPage {
 public:
  static Result<SharedPage> create();
  SharedPage(SharedPage&& other) noexcept;
  SharedPage& operator=(SharedPage&&) = delete;
  ~SharedPage();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const ttycall::Page& page() const { return *page_; }

  // A slot that nobody uses, or null.
  [[nodiscard]] ttycall::Slot* claim();
  // Its state stays readable until the slot is used again: programs that still have the terminal open get EIO.
  void release(ttycall::Slot& slot);
  // The union of what all slots want writers to look at.
  void sum_up_attention();

 private:
  SharedPage(OwnedFd fd, ttycall::Page* page) : fd_(std::move(fd)), page_(page) {}

  OwnedFd fd_;
  ttycall::Page* page_;
  std::bitset<ttycall::kSlots> used_;
};

}  // namespace farpty::device
