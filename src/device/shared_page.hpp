// SharedPage: the memory in which a session's programs look up the state of their terminals, and that in which they wish for
// settings (ttycall/layout.hpp).
//
// The page is a memfd sealed against resizing and against every writable mapping but ours (F_SEAL_FUTURE_WRITE, Linux 5.1; where that is
// missing a program could spoil its own session's mirror, never what the device decides by). Programs find it as
// /proc/PID/fd/N, or are handed it by the request socket. The wishes are sealed against resizing only.
// Invariant: nothing is read back from the page; what the device decides by is in the Mirrors.
#pragma once

#include <sys/types.h>

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

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
  // The wishes; made when the first program asks for them: most terminals of a large server never do.
  [[nodiscard]] Result<int> open_wishes();
  [[nodiscard]] const ttycall::Page& page() const { return *page_; }

  void add_option(std::uint32_t option) { page_->header.options |= option; }

 private:
  friend class Mirror;
  SharedPage(OwnedFd fd, ttycall::Page* page) : fd_(std::move(fd)), page_(page) {}
  // The union of what all slots want writers to look at.
  void sum_up_attention();

  OwnedFd fd_;
  ttycall::Page* page_;
  OwnedFd wishes_fd_;
  ttycall::Wishes* wishes_ = nullptr;
  std::bitset<ttycall::kSlots> used_;
  std::vector<std::uint32_t> attention_;  // of the slots ever used
};

// One terminal's state, and its slot in the page, which shows it to the programs.
class Mirror {
 public:
  // Nothing where all slots are in use.
  static std::optional<Mirror> claim(SharedPage& page);
  Mirror(Mirror&& other) noexcept;
  Mirror& operator=(Mirror&&) = delete;
  // The state stays readable until the slot is used again: programs that still have the terminal open get EIO.
  ~Mirror();

  [[nodiscard]] const ttycall::Slot& state() const { return own_; }
  [[nodiscard]] int page_fd() const { return page_->fd(); }
  // Marks a program's end (ttycall::mark_of). Where that fails, it is found without.
  void mark(int fd, ttycall::End end) const;
  template <typename Change>
  void change(Change make) {
    make(own_);
    publish();
  }
  // Shown while a child of ours, which may write nothing else, becomes the leader of a session.
  void show_session(pid_t leader) noexcept;

  // `send` (bool()) sends what `kept` counted; `left` (std::uint32_t) stays. Whoever counts both waits meanwhile.
  template <typename Send>
  bool move_kept(std::uint32_t left, Send send) {
    __atomic_store_n(&shared_->moving, ++own_.moving, __ATOMIC_SEQ_CST);
    const bool sent = send();
    if (sent) change([left](ttycall::Slot& slot) { slot.kept = left; });
    __atomic_store_n(&shared_->moving, ++own_.moving, __ATOMIC_RELEASE);
    return sent;
  }

  // Programs see whether output is being processed. Nests.
  void begin_work();
  void end_work();

  // A wish that was not taken yet, as what programs read then; taken by that.
  [[nodiscard]] std::optional<tty::Termios> take_wish();
  // A program that died while it wrote a wish keeps all others from wishing.
  void repair_wish();

 private:
  Mirror(SharedPage& page, std::size_t index);
  void publish();
  [[nodiscard]] ttycall::Wish* wish() const {
    return page_->wishes_ != nullptr ? &page_->wishes_->wish[index_] : nullptr;
  }

  SharedPage* page_;
  std::size_t index_;
  ttycall::Slot* shared_;
  ttycall::Slot own_{};
  int at_work_ = 0;
};

}  // namespace farpty::device
