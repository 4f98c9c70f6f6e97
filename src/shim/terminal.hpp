// A descriptor of this program that is one end of a terminal of ours, and the calls on it.
//
// Every function takes and returns what the system call of that name would: a negative errno is the failure.
#pragma once

#include <cstddef>

#include "shim/syscall.hpp"
#include "ttycall/layout.hpp"

namespace farpty::shim {

struct Terminal {
  int fd = -1;
  ttycall::End end = ttycall::End::kNone;
  const ttycall::Slot* shared = nullptr;
  ttycall::Slot slot;  // a consistent copy of it

  // Whether `fd` is one. `inode` saves a system call where the caller has done fstat(2) already.
  [[nodiscard]] bool find(int fd);
  [[nodiscard]] bool find(int fd, std::uint64_t device, std::uint64_t inode);
  // Copies the slot anew, with the settings that were wished for and not taken over yet.
  bool refresh();
  [[nodiscard]] bool is_slave() const { return end == ttycall::End::kSlave; }
  [[nodiscard]] bool has(std::uint32_t bits) const { return (slot.attention & bits) != 0; }
};

// What is known of a descriptor without a system call: that it is no terminal of ours. It stays so until the number stands for
// something else that could be one: every way to that is noted by note_new(), but for raw system calls of the program's own.
[[nodiscard]] bool is_plain(int fd);
void note_new(int fd);

// tcsetattr(3) without asking the device, where it has nothing to do by that (ttycall::make_wish). `size`: of what `settings`
// points to, struct termios of the kernel with or without speeds. False: the device has to be asked.
[[nodiscard]] bool wish(const Terminal& terminal, const void* settings, std::size_t size);

// The session of which the controlling terminal is ours, too; 0 after TIOCNOTTY.
[[nodiscard]] int controlling_session();

// Of a pair that a program made: what was written so far to either end is where it belongs, as the kernel sees to it before it
// says that there is nothing to read (n_tty.c: n_tty_read, n_tty_poll: tty_buffer_flush_work).
// Returns how many bytes the device holds back from a master.
long catch_up(Terminal& terminal);
// Of any terminal: what the device keeps behind the socket goes into it, as far as there is room.
long fetch_kept(Terminal& terminal);
// Of a slave: bytes in the socket and behind it, at one moment.
[[nodiscard]] std::size_t unread_now(Terminal& terminal);

// 0: go on. What n_tty.c: job_control and tty_jobctrl.c: __tty_check_change do, with signal SIGTTIN or SIGTTOU: a background
// process is stopped, or gets -EIO or -EINTR.
[[nodiscard]] long check_background(Terminal& terminal, int signal);

[[nodiscard]] long tty_call(Terminal& terminal, std::uint32_t code, void* argument);
// This process has made a pair of its own: poll(2) has to look closer (hooks_poll.cpp).
void note_master();
[[nodiscard]] bool has_masters();
// Takes a mark from a master's socket that stands for nothing any more (ttycall/layout.hpp: kMark).
void drop_mark(const Terminal& terminal);

[[nodiscard]] long read_terminal(Terminal& terminal, void* to, std::size_t size);
[[nodiscard]] long write_terminal(Terminal& terminal, const void* from, std::size_t size);

// Whether the program has set O_NONBLOCK on it. It is kept here and never reaches the socket, whose flags all programs of
// the terminal share.
[[nodiscard]] bool nonblocking(int fd);
void set_nonblocking(int fd, bool on);

// No terminal of this session needs a writer to look (attention::kOfWriters), and no descriptor is nonblocking.
[[nodiscard]] bool writers_may_pass();

}  // namespace farpty::shim
