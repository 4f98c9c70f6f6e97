// ServedCall: what a stopped system call means on a terminal of ours: for programs that make their calls themselves, what the
// shim is for the others, from the same ttycall::tty_ioctl, names and looks.
//
// Most calls concern something else, and the kernel goes on with them. Reads and writes that can be done are let go, too: the
// kernel does them on the socket, so that a signal never takes bytes away (but for those of which the program gets other bytes
// than lie there: packets, and an end of file). What the shim may not do to a program (it trusts
// its memory), is done here to a copy: read once, then checked that the thread still waits.
// Not here: what changes a terminal (tty_call.hpp); who waits (held_calls.hpp).
#pragma once

#include <sys/uio.h>

#include <array>
#include <memory>
#include <optional>

#include "device/device.hpp"
#include "device/held_calls.hpp"
#include "device/stopped_call.hpp"
#include "ttycall/layout.hpp"
#include "ttycall/looks.hpp"

namespace farpty::device {

class ServedCall {
 public:
  ServedCall(Device& device, const std::shared_ptr<StoppedCall>& call, Patience& patience)
      : device_(device), call_(call), patience_(patience) {}
  Outcome run();

 private:
  // A descriptor of the program that is an end of a terminal of ours; `tty` is null where that has ended.
  struct Here {
    const ttycall::Slot* slot = nullptr;
    ttycall::End end = ttycall::End::kNone;
    Tty* tty = nullptr;

    [[nodiscard]] bool is_slave() const { return end == ttycall::End::kSlave; }
    [[nodiscard]] bool hung_up() const;
  };
  // A slave end of which the device has none of its own is borrowed from the program until this call has been looked at.
  [[nodiscard]] std::optional<Here> find(int fd);

  Outcome answer(std::int64_t result);
  Outcome let_go();
  Outcome release();
  Outcome hold(const Here& here, Outcome::Awaits awaits = Outcome::Awaits::kInput) const;
  // Puts a result into the program's memory and answers 0, or `result`.
  Outcome give(std::uint64_t to, const void* from, std::size_t size, std::int64_t result = 0);
  // Whether `size` bytes could be read; else the word was said.
  bool take(std::uint64_t from, void* to, std::size_t size);
  // Keeps a background process away (tty_jobctrl.c: __tty_check_change; n_tty.c: job_control). Nothing: it may go on.
  std::optional<Outcome> keep_away(const Here& here, int signal);

  // served_call.cpp
  Outcome ioctl();
  Outcome probe();
  Outcome tty_call(const Here& here, std::uint32_t code);
  Outcome forward(const Here& here, std::uint32_t code, const ttycall::Request& request);
  // Where the device's answer goes.
  struct Place {
    std::uint64_t memory = 0;
    std::size_t size = 0;
    std::uint64_t flags = 0;  // of a descriptor that is handed out: O_CLOEXEC, O_NONBLOCK
  };
  class Asking;
  void ask(const ttycall::Request& request, Place place);
  Outcome count_unread(const Here& here);
  Outcome file_flags();
  Outcome socket_call();

  // served_transfer.cpp
  Outcome read();
  Outcome read_slave(const Here& here);
  Outcome read_raw(const Here& here, std::size_t waiting);
  Outcome read_edited_by_master(const Here& here, std::size_t waiting);
  Outcome read_master(const Here& here);
  Outcome read_packet();
  Outcome write();
  std::optional<Outcome> keep_waiting(const Here& here);
  Outcome write_now(const Here& here);
  struct Parts {
    std::array<iovec, 16> part{};  // of readv and writev so many are looked at
    std::size_t count = 0;
    bool forbidden = false;  // where they are said is not ours to look into

    [[nodiscard]] std::size_t size() const;
  };
  [[nodiscard]] Parts parts();
  [[nodiscard]] std::size_t size_of_transfer();
  // A read that is done here, of bytes that were looked at: they go into the program's memory, `taken` bytes are dropped from the
  // socket (lent), and the call is answered.
  Outcome give_read(int socket, Bytes bytes, std::size_t taken);
  [[nodiscard]] bool is_nonblocking() const;
  void drop_mark(const NestedMaster& master);

  // served_names.cpp
  Outcome open();
  Outcome open_named(const ttycall::Name& name, std::uint64_t flags);
  Outcome duplicate(int fd, OnExec on_exec);
  Outcome stat();
  Outcome statx();
  Outcome stat_named(std::uint64_t path, std::uint64_t to, bool follow);
  Outcome stat_descriptor(int fd, std::uint64_t to);
  Outcome statx_descriptor(int fd, std::uint64_t to);
  Outcome read_link();
  Outcome access();
  Outcome change_owner_or_mode();
  [[nodiscard]] std::optional<ttycall::Name> name_at(std::uint64_t path);
  [[nodiscard]] bool is_terminal(const ttycall::Name& name);
  [[nodiscard]] std::optional<int> descriptor_called(const char* path) const;

  [[nodiscard]] pid_t process() const;

  Device& device_;
  const std::shared_ptr<StoppedCall>& call_;
  Patience& patience_;
  OwnedFd copy_;
  std::optional<Tty::Borrowed> borrowed_;  // after copy_: gone before it is closed
};

}  // namespace farpty::device
